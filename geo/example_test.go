package geo_test

import (
	"fmt"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// school is an L of pixels with a court in it.
func school() *geo.Mask {
	m := geo.NewMask(geo.Window{Z: 17, X: 96600, Y: 55000, W: 8, H: 6})
	for y := range 6 {
		m.SetRun(y, 0, 5)
	}
	m.SetRun(4, 5, 8)
	m.SetRun(5, 5, 8)
	m.Clear(2, 2)
	return m
}

func ExampleTrace() {
	for _, ring := range geo.Trace(school())[0] {
		fmt.Println(ring)
	}
	// Output:
	// [[96600 55000] [96600 55006] [96608 55006] [96608 55004] [96605 55004] [96605 55000] [96600 55000]]
	// [[96602 55002] [96603 55002] [96603 55003] [96602 55003] [96602 55002]]
}

func ExampleRasterize() {
	triangle := orb.Polygon{{{0, 0}, {0, 4}, {7, 4}, {0, 0}}}
	fmt.Print(geo.Rasterize(geo.Window{Z: 17, W: 7, H: 4}, orb.MultiPolygon{triangle}))
	// Output:
	// #......
	// ###....
	// ####...
	// ######.
}

func ExampleComponents() {
	m := school()
	m.Clear(5, 4)
	m.Clear(5, 5)
	for _, piece := range geo.Components(m, 4) {
		fmt.Println(piece.Window, piece.Count())
	}
	// Output:
	// 17/96600/55000+5x6 29
	// 17/96606/55004+2x2 4
}

func ExampleFillHoles() {
	m := school()
	geo.FillHoles(m, 4)
	fmt.Print(m)
	// Output:
	// #####...
	// #####...
	// #####...
	// #####...
	// ########
	// ########
}

// Two scenes of 768 px show the same park, each the part that it sees.
func ExampleStitch() {
	see := func(coreX, x0, x1 int, score float64) geo.Instance {
		core := geo.Window{Z: 17, X: coreX, Y: 0, W: 512, H: 512}
		m := geo.NewMask(geo.Window{Z: 17, X: x0, Y: 100, W: x1 - x0, H: 80})
		for y := range 80 {
			m.SetRun(y, 0, x1-x0)
		}
		return geo.Instance{Mask: m, Scene: core.Pad(128), Core: core, Score: score}
	}
	found := []geo.Instance{see(0, 300, 640, 0.9), see(512, 384, 800, 0.8)}
	for _, park := range geo.Stitch(found, nil) {
		fmt.Printf("%v from scenes %v, score %.2f, open %v\n", park.Mask.Window, park.Members, park.Score, park.Open)
	}
	// Output:
	// 17/300/100+500x80 from scenes [0 1], score 0.84, open false
}

// Two lots share a staircase of a border; it becomes one line for both.
func ExampleSimplify() {
	w := geo.Window{Z: 17, W: 24, H: 12}
	west, east := geo.NewMask(w), geo.NewMask(w)
	for y := range w.H {
		west.SetRun(y, 0, 6+y)
		east.SetRun(y, 6+y, w.W)
	}
	for _, lot := range geo.Simplify([]orb.MultiPolygon{geo.Trace(west), geo.Trace(east)}, 1.5) {
		fmt.Println(lot[0][0])
	}
	// Output:
	// [[17 12] [6 0] [0 0] [0 12] [17 12]]
	// [[6 0] [17 12] [24 12] [24 0] [6 0]]
}

func ExampleValid() {
	bowTie := orb.MultiPolygon{{{{0, 0}, {2, 2}, {2, 0}, {0, 2}, {0, 0}}}}
	fmt.Println(geo.Valid(bowTie))
	// Output:
	// validate polygon 0, ring 0: not a valid outline: edges cross at (1, 1)
}
