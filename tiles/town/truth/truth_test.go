package truth_test

import (
	"fmt"
	"log"
	"math"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/truth"
)

func Example() {
	made, err := town.New(town.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	c := geo.Project(made.Satellite().Info().Center, 17)
	window := geo.Window{Z: 17, X: int(c[0]) - 384, Y: int(c[1]) - 384, W: 768, H: 768}
	schools := 0
	for _, p := range truth.Outlines(made, window) {
		if p.Class == "school" {
			schools++
		}
	}
	fmt.Println(schools > 0)
	// Output: true
}

// around is the square of so many kilometres around the centre.
func around(made *town.Town, km float64) geo.Window {
	const z = 17
	at := made.Satellite().Info().Center
	c, half := geo.Project(at, z), km*1000/geo.MetersPerPixel(at[1], z)/2
	return geo.Window{Z: z, X: int(c[0] - half), Y: int(c[1] - half), W: int(2 * half), H: int(2 * half)}
}

func TestOutlines(t *testing.T) {
	for n := range uint64(6) {
		seed := n % 3
		made, err := town.New(town.Options{Seed: seed, Look: [2]string{town.Easy, town.Hard}[n/3]})
		if err != nil {
			t.Fatal(err)
		}
		places := truth.Outlines(made, around(made, 6))
		classes := map[string]int{}
		var all orb.MultiPolygon
		for _, p := range places {
			classes[p.Class]++
			check(t, p)
			all = append(all, inPixels(p.Shape)...)
		}
		if err := geo.Valid(all); err != nil {
			t.Errorf("seed %d: places share ground: %v", seed, err)
		}
		if len(classes) < 20 || classes["school"] == 0 || classes["hospital"] == 0 || classes["park"] == 0 {
			t.Errorf("seed %d: %d places of %d classes: %v", seed, len(places), len(classes), classes)
		}
		near := map[string]bool{}
		for _, p := range truth.Outlines(made, around(made, 0.8)) {
			near[p.Class] = true
		}
		if len(near) < 8 || !near["school"] || !near["hospital"] {
			t.Errorf("seed %d: the centre shows only %v", seed, near)
		}
	}
}

func check(t *testing.T, p truth.Place) {
	t.Helper()
	if err := geo.Valid(p.Shape); err != nil {
		t.Errorf("%s: %v", p.Name, err)
	}
	if !planar.MultiPolygonContains(p.Shape, p.At) {
		t.Errorf("%s: its name at %v lies outside", p.Name, p.At)
	}
	if _, ok := taxonomy.ByID(p.Class); !ok {
		t.Errorf("%s is of no known class %q", p.Name, p.Class)
	}
	for _, q := range p.Shape[0][0] {
		for _, v := range geo.Project(q, 20) {
			if math.Abs(v-math.Round(v)) > 1e-3 {
				t.Fatalf("%s: a corner at %v is no whole pixel of zoom 20", p.Name, v)
			}
		}
	}
}

// inPixels gives outlines in whole pixels of zoom 20, less a far corner, so that validity is judged without rounding.
func inPixels(mp orb.MultiPolygon) orb.MultiPolygon {
	out := mp.Clone()
	for _, poly := range out {
		for _, ring := range poly {
			for k, q := range ring {
				q = geo.Project(q, 20)
				ring[k] = orb.Point{math.Round(q[0]) - 120e6, math.Round(q[1]) - 150e6}
			}
		}
	}
	return out
}

// TestWindows asks for the same ground in different windows.
func TestWindows(t *testing.T) {
	made, err := town.New(town.Options{Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	whole := around(made, 1.5)
	places := truth.Outlines(made, whole)
	if !slices.EqualFunc(places, truth.Outlines(made, whole.AtZoom(20)), equal) {
		t.Error("the zoom of the window changes its places")
	}
	found := map[string]bool{}
	for _, p := range truth.Outlines(made, geo.Window{Z: 17, X: whole.X + 300, Y: whole.Y + 300, W: 1, H: 1}) {
		found[p.Name] = true
	}
	for _, p := range places {
		one := geo.Project(p.At, 19)
		pin := geo.Window{Z: 19, X: int(one[0]), Y: int(one[1]), W: 1, H: 1}
		if got := truth.Outlines(made, pin); len(got) != 1 || !equal(got[0], p) {
			t.Errorf("at the label of %s: %v", p.Name, got)
		}
	}
	// Across the antimeridian places keep their shape, one world further.
	y := whole.Y
	east := truth.Outlines(made, geo.Window{Z: 17, X: geo.WorldSize(17), Y: y, W: 2000, H: 2000})
	west := truth.Outlines(made, geo.Window{Z: 17, X: 0, Y: y, W: 2000, H: 2000})
	if len(east) == 0 || len(east) != len(west) {
		t.Fatalf("%d places east of the antimeridian, %d seen from the west", len(west), len(east))
	}
	for k := range east {
		if d := east[k].At[0] - west[k].At[0]; math.Abs(d-360) > 1e-9 || east[k].Name != west[k].Name {
			t.Errorf("%s and %s are %v° apart", east[k].Name, west[k].Name, d)
		}
	}
}

func equal(a, b truth.Place) bool {
	return a.Name == b.Name && a.Class == b.Class && a.At == b.At && a.Shape.Equal(b.Shape)
}
