package geo

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"pgregory.net/rapid"
)

// grid cuts the lattice into small scenes: cores of core pixels with a margin round them.
type grid struct{ core, margin int }

func (g grid) coreAt(col, row int) Window {
	return Window{Z: 17, X: col * g.core, Y: row * g.core, W: g.core, H: g.core}
}

func (g grid) instance(col, row int, m *Mask, score float64) Instance {
	core := g.coreAt(col, row)
	scene := core.Pad(g.margin)
	part := m.Crop(scene)
	return Instance{
		Mask: part.Crop(part.Extent()), Scene: scene, Core: core, Score: score, Key: fmt.Sprintf("%d/%d", col, row),
	}
}

// see gives what each scene shows of a mask, as its connected pieces, and the cores.
func (g grid) see(m *Mask) (instances []Instance, cores []Window) {
	for row := range (m.Window.H + g.core - 1) / g.core {
		for col := range (m.Window.W + g.core - 1) / g.core {
			core := g.coreAt(col, row)
			cores = append(cores, core)
			for _, piece := range Components(m.Crop(core.Pad(g.margin)), 4) {
				instances = append(instances, g.instance(col, row, piece, 1))
			}
		}
	}
	return instances, cores
}

func box(x0, y0, x1, y1 int) *Mask {
	m := NewMask(Window{Z: 17, X: x0, Y: y0, W: x1 - x0, H: y1 - y0})
	for y := range m.Window.H {
		m.SetRun(y, 0, m.Window.W)
	}
	return m
}

func both(a, b *Mask) *Mask {
	m := a.Crop(a.Window.Union(b.Window))
	m.Or(b)
	return m
}

// Scenes of 64 px with cores of 32 px, as 768 and 512 are of each other's order: neighbours share 32 px.
var small = grid{core: 32, margin: 16}

func TestStitch(t *testing.T) {
	west, east := small.coreAt(0, 0), small.coreAt(1, 0) // scenes: x -16…48 and 16…80
	in := small.instance
	park, bent := box(0, 4, 46, 28), both(box(10, 0, 46, 14), box(30, 14, 46, 44))
	tests := []struct {
		name      string
		instances []Instance
		looked    []Window
		want      []*Mask
		members   [][]int
		open      []bool
	}{
		{"one scene, one thing", []Instance{in(0, 0, box(5, 5, 9, 9), 1)}, nil, []*Mask{box(5, 5, 9, 9)}, [][]int{{0}}, []bool{false}},
		{
			"two scenes agree in the shared ground",
			[]Instance{in(0, 0, box(5, 5, 70, 20), 1), in(1, 0, box(5, 6, 70, 21), 1)}, nil,
			[]*Mask{both(box(5, 5, 48, 20), box(16, 6, 70, 21))}, [][]int{{0, 1}}, []bool{false},
		},
		{
			"two halves are one through a neighbour",
			[]Instance{in(0, 0, box(20, 0, 48, 10), 1), in(1, 0, box(20, 0, 60, 20), 1), in(0, 0, box(20, 11, 48, 20), 1)}, nil,
			[]*Mask{box(20, 0, 60, 20)}, [][]int{{0, 1, 2}}, []bool{false},
		},
		{
			"two things of one scene stay two",
			[]Instance{in(0, 0, box(5, 5, 15, 15), 1), in(0, 0, box(15, 5, 25, 15), 1)}, nil,
			[]*Mask{box(5, 5, 15, 15), box(15, 5, 25, 15)}, [][]int{{0}, {1}}, []bool{false, false},
		},
		{
			"found in the margin, and the neighbour looked: dropped",
			[]Instance{in(0, 0, box(36, 5, 42, 12), 1)}, []Window{west, east}, nil, nil, nil,
		},
		{
			"found in the margin, and nobody else looked: kept",
			[]Instance{in(0, 0, box(36, 5, 42, 12), 1)}, []Window{west},
			[]*Mask{box(36, 5, 42, 12)}, [][]int{{0}}, []bool{false},
		},
		{
			"cut by the edge where nobody looked: open",
			[]Instance{in(0, 0, box(5, 5, 70, 20), 1)}, []Window{west},
			[]*Mask{box(5, 5, 48, 20)}, [][]int{{0}}, []bool{true},
		},
		{
			"cut by the edge where the neighbour found nothing: kept, for its centre is here",
			[]Instance{in(0, 0, box(5, 5, 70, 20), 1)}, []Window{west, east},
			[]*Mask{box(5, 5, 48, 20)}, [][]int{{0}}, []bool{false},
		},
		{
			"a park seen whole by one and badly in part by the other comes out once and whole",
			[]Instance{in(0, 0, park, 1), in(1, 0, both(box(16, 6, 20, 26), box(16, 24, 70, 44)), 1)}, []Window{west, east},
			[]*Mask{park}, [][]int{{0}}, []bool{false},
		},
		{
			"also where its centre is in the other's core",
			[]Instance{
				in(0, 0, bent, 1),
				in(1, 0, both(box(16, 4, 19, 14), both(box(17, 14, 29, 40), box(17, 30, 70, 40))), 1),
			},
			[]Window{west, east}, []*Mask{bent}, [][]int{{0}}, []bool{false},
		},
		{
			"seen in part is seen otherwise when the whole one holds little of the cut",
			[]Instance{in(0, 0, box(10, 4, 46, 14), 1), in(1, 0, box(0, 12, 60, 31), 1)}, []Window{west, east},
			[]*Mask{without(box(10, 4, 46, 14), box(32, 12, 46, 14)), without(box(16, 12, 60, 31), box(16, 12, 32, 14))},
			[][]int{{0}, {1}}, []bool{false, false},
		},
		{
			"cut where only another scene's margin goes on: not open",
			[]Instance{in(0, 0, box(20, 20, 60, 40), 1), in(1, 1, box(20, 20, 60, 40), 1)}, nil,
			[]*Mask{box(20, 20, 60, 40)}, [][]int{{0, 1}}, []bool{false},
		},
		{
			"a contested pixel goes to the scene whose centre is nearer",
			[]Instance{in(0, 0, box(4, 4, 40, 14), 1), in(1, 0, box(24, 11, 60, 30), 1)}, []Window{west, east},
			[]*Mask{without(box(4, 4, 40, 14), box(32, 11, 40, 14)), without(box(24, 11, 60, 30), box(24, 11, 32, 14))},
			[][]int{{0}, {1}}, []bool{false, false},
		},
		{
			"a thing within a thing of the same scene is cut out of it",
			[]Instance{in(0, 0, box(2, 2, 22, 22), 1), in(0, 0, box(5, 5, 9, 9), 1)}, nil,
			[]*Mask{without(box(2, 2, 22, 22), box(5, 5, 9, 9)), box(5, 5, 9, 9)}, [][]int{{0}, {1}}, []bool{false, false},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Stitch(tt.instances, tt.looked)
			if len(got) != len(tt.want) {
				t.Fatalf("%d things, want %d: %v", len(got), len(tt.want), got)
			}
			for i, g := range got {
				if !g.Mask.Equal(tt.want[i]) {
					t.Errorf("thing %d is %v\n%vwant %v\n%v", i, g.Mask.Window, g.Mask, tt.want[i].Window, tt.want[i])
				}
				if !slices.Equal(g.Members, tt.members[i]) || g.Open != tt.open[i] {
					t.Errorf("thing %d has members %v, open %v; want %v, %v", i, g.Members, g.Open, tt.members[i], tt.open[i])
				}
			}
		})
	}
}

func without(m, o *Mask) *Mask {
	m.AndNot(o)
	return m
}

// An S that enters the shared ground three times: each scene sees another two of its strokes connected.
// TestStitchAnchors: a place whose middle is the neighbour's but whose name is here is this scene's to find.
func TestStitchAnchors(t *testing.T) {
	scene, core, next := Window{Z: 17, W: 48, H: 32}, Window{Z: 17, X: 8, Y: 8, W: 24, H: 16}, Window{Z: 17, X: 32, Y: 8, W: 24, H: 16}
	m := NewMask(Window{Z: 17, X: 28, Y: 10, W: 16, H: 4})
	for y := range 4 {
		m.SetRun(y, 0, 16)
	}
	in := Instance{Mask: m, Scene: scene, Core: core, Score: 1}
	if got := Stitch([]Instance{in}, []Window{next}); len(got) != 0 {
		t.Errorf("without an anchor: %v", got)
	}
	in.Anchor = &orb.Point{29.5, 11}
	if got := Stitch([]Instance{in}, []Window{next}); len(got) != 1 {
		t.Errorf("with an anchor in its own core: %v", got)
	}
}

func TestStitchJoinsWhatOnlyOneSceneSeesConnected(t *testing.T) {
	strokes := []*Mask{box(10, 0, 40, 10), box(10, 0, 12, 16), box(10, 14, 70, 16), box(68, 14, 70, 31), box(20, 20, 70, 31)}
	letter := NewMask(Window{Z: 17, W: 96, H: 32})
	for _, stroke := range strokes {
		letter.Or(stroke)
	}
	instances, cores := small.see(letter)
	got := Stitch(instances, cores)
	if len(instances) < 4 || len(got) != 1 || !got[0].Mask.Equal(letter.Crop(letter.Extent())) {
		t.Errorf("%d instances became %v", len(instances), got)
	}
}

func TestStitchScoreIsWeightedByPixels(t *testing.T) {
	got := Stitch([]Instance{small.instance(0, 0, box(0, 0, 48, 10), 0.5), small.instance(1, 0, box(16, 0, 32, 10), 1)}, nil)
	if want := (0.5*480 + 1*160) / 640; len(got) != 1 || got[0].Score != want {
		t.Errorf("got %v, want one of score %v", got, want)
	}
}

// What is cut into scenes, traced scene by scene and stitched is what is traced whole.
func TestStitchIsSeamless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		m := NewMask(Window{Z: 17, W: 160, H: 128})
		for range 2 + r.IntN(8) {
			addBlob(m, r.Float64()*160, r.Float64()*128, 5+25*r.Float64(), r)
		}
		m = noisy(m, 0.05*r.Float64(), r)
		instances, cores := small.see(m)
		whole, got := Components(m, 4), Stitch(instances, cores)
		if len(got) != len(whole) {
			t.Fatalf("%d things of %d", len(got), len(whole))
		}
		for i, g := range got {
			if !g.Mask.Equal(whole[i]) || g.Open {
				t.Fatalf("thing %d (open %v) is\n%vwant\n%v", i, g.Open, g.Mask, whole[i])
			}
			if !reflect.DeepEqual(Trace(g.Mask), Trace(whole[i])) {
				t.Fatalf("thing %d has other outlines than when traced whole", i)
			}
		}
	})
}

// Scenes that disagree as models do: the result is the same in every order, and no pixel is in two things.
func TestStitchDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 4))
		var instances []Instance
		var cores []Window
		for row := range 3 {
			for col := range 3 {
				core := small.coreAt(col, row)
				if r.IntN(5) > 0 {
					cores = append(cores, core)
				}
				for range r.IntN(4) {
					m := NewMask(core.Pad(small.margin))
					addBlob(m, r.Float64()*64, r.Float64()*64, 4+20*r.Float64(), r)
					if m.Count() > 0 {
						instances = append(instances, small.instance(col, row, m, r.Float64()))
					}
				}
			}
		}
		want := Stitch(instances, cores)
		claimed := NewMask(Window{Z: 17, X: -32, Y: -32, W: 192, H: 192})
		for _, w := range want {
			if claimed.Overlap(w.Mask) > 0 {
				t.Fatal("a pixel is in two things")
			}
			claimed.Or(w.Mask)
		}
		order := r.Perm(len(instances))
		shuffled := make([]Instance, len(order))
		for to, from := range order {
			shuffled[to] = instances[from]
		}
		r.Shuffle(len(cores), func(i, j int) { cores[i], cores[j] = cores[j], cores[i] })
		got := Stitch(shuffled, cores)
		for i := range got {
			for k, m := range got[i].Members {
				got[i].Members[k] = order[m]
			}
			slices.Sort(got[i].Members)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	})
}

// BenchmarkStitch joins 400 scenes of real size with some 2000 instances.
func BenchmarkStitch(b *testing.B) {
	g := grid{core: 512, margin: 128}
	r := rand.New(rand.NewPCG(5, 6))
	m := NewMask(Window{Z: 17, W: 20 * 512, H: 20 * 512})
	for range 1000 {
		part := NewMask(Window{Z: 17, X: r.IntN(m.Window.W - 300), Y: r.IntN(m.Window.H - 300), W: 300, H: 300})
		addBlob(part, 150, 150, 20+80*r.Float64(), r)
		m.Or(part)
	}
	instances, cores := g.see(m)
	b.ReportMetric(float64(len(instances)), "instances")
	for b.Loop() {
		Stitch(instances, cores)
	}
	b.ReportMetric(float64(len(instances)), "instances")
}
