package geo

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// parcels cuts a window into shapes that share all their borders: each pixel goes to the nearest of some seeds, a few go
// astray, and a frame lies round them all, the last shape.
func parcels(w, h, seeds int, r *rand.Rand) []orb.MultiPolygon {
	frame := NewMask(Window{Z: 17, X: 1000, Y: 2000, W: w + 4, H: h + 4})
	masks := make([]*Mask, seeds)
	at := make([]orb.Point, seeds)
	for i := range masks {
		masks[i] = NewMask(frame.Window)
		at[i] = orb.Point{r.Float64() * float64(w), r.Float64() * float64(h)}
	}
	for y := range h {
		for x := range w {
			nearest, p := 0, orb.Point{float64(x) + 2*math.Sin(float64(y)/5), float64(y)}
			for i := range at {
				if distance(p, at[i]) < distance(p, at[nearest]) {
					nearest = i
				}
			}
			if r.IntN(100) == 0 {
				nearest = r.IntN(seeds)
			}
			masks[nearest].Set(x+2, y+2)
			frame.Set(x+2, y+2)
		}
	}
	var shapes []orb.MultiPolygon
	for _, m := range append(masks, frame.inverse()) {
		shapes = append(shapes, Trace(m))
	}
	return shapes
}

func TestSimplifyMakesStaircasesStraight(t *testing.T) {
	// A building of 60 × 25 px, turned by an angle.
	for _, degrees := range []float64{3, 10, 26.565, 33, 45, 60, 88} {
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		ring := orb.Ring{}
		for _, c := range [][2]float64{{-30, -12.5}, {30, -12.5}, {30, 12.5}, {-30, 12.5}} {
			ring = append(ring, orb.Point{50 + c[0]*cos - c[1]*sin, 50 + c[0]*sin + c[1]*cos})
		}
		stairs := Trace(Rasterize(Window{Z: 17, W: 100, H: 100}, orb.MultiPolygon{{ring}}))
		got := Simplify([]orb.MultiPolygon{stairs}, 1.5)[0]
		if n := len(got[0][0]) - 1; n > 6 {
			t.Errorf("turned by %g°: %d corners left of %d", degrees, n, len(stairs[0][0])-1)
		}
	}
}

func TestSimplifySmallShapes(t *testing.T) {
	tests := []struct {
		name, picture string
		tolerance     float64
		corners       []int // of each ring
	}{
		{"nothing to do", "### ### ###", 0, []int{4}},
		{"a square keeps its corners", "### ### ###", 1, []int{4}},
		{"a ring stays a triangle", "### ### ###", 100, []int{3}},
		{"a hole stays a triangle in it", "#### #..# #..# ####", 1.5, []int{4, 3}},
		{"an island stays in its hole", "####### #.....# #.###.# #.....# #######", 1, []int{4, 4, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Simplify([]orb.MultiPolygon{Trace(drawn(tt.picture))}, tt.tolerance)[0]
			if err := Valid(got); err != nil {
				t.Fatalf("%v: %v", err, got)
			}
			var corners []int
			for _, poly := range got {
				for _, ring := range poly {
					corners = append(corners, len(ring)-1)
				}
			}
			if !reflect.DeepEqual(corners, tt.corners) {
				t.Errorf("%v corners of %v, want %v", corners, got, tt.corners)
			}
		})
	}
}

func TestSimplifyOddInput(t *testing.T) {
	odd := []orb.MultiPolygon{nil, {}, {{}}, {{{}}}, {{{{1, 1}}}}, {{{{1, 1}, {2, 2}, {1, 1}}}},
		{{{{0, 0}, {2, 2}, {2, 0}, {0, 2}, {0, 0}}}}, {{{{0, 0}, {math.NaN(), 2}, {math.Inf(1), 0}, {0, 0}}}}}
	if got := Simplify(odd, 1); len(got) != len(odd) {
		t.Errorf("%d shapes of %d", len(got), len(odd))
	}
}

func TestSimplifyLeavesItsArgumentsAlone(t *testing.T) {
	shapes := parcels(40, 30, 4, rand.New(rand.NewPCG(1, 1)))
	before := parcels(40, 30, 4, rand.New(rand.NewPCG(1, 1)))
	Simplify(shapes, 3)
	if !reflect.DeepEqual(shapes, before) {
		t.Error("the arguments changed")
	}
}

func TestSimplifyKeepsTopology(t *testing.T) {
	tolerances := rapid.SampledFrom([]float64{0.3, 0.8, 1, 1.5, 2, 4, 8, 30})
	t.Run("parcels", rapid.MakeCheck(func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5))
		checkSimplify(t, parcels(10+r.IntN(50), 10+r.IntN(30), 2+r.IntN(6), r), tolerances.Draw(t, "tolerance"))
	}))
	t.Run("any mask", rapid.MakeCheck(func(t *rapid.T) {
		m := anyMask().Draw(t, "mask")
		m = m.Crop(Window{Z: m.Window.Z, X: m.Window.X, Y: m.Window.Y, W: min(60, m.Window.W), H: min(20, m.Window.H)})
		frame := m.Crop(m.Window.Pad(2)).inverse()
		checkSimplify(t, []orb.MultiPolygon{Trace(m), Trace(frame)}, tolerances.Draw(t, "tolerance"))
	}))
}

// checkSimplify takes shapes that fill their ground, the last one with the border round all of them as its first ring. They
// stay valid and fill it still, edge to edge; nothing turns over, nothing moves farther than the tolerance.
func checkSimplify(t *rapid.T, before []orb.MultiPolygon, tolerance float64) {
	after := Simplify(before, tolerance)
	var edges [][2]orb.Point
	known := map[[2]orb.Point]bool{}
	for i, shape := range after {
		if err := Valid(shape); err != nil {
			t.Fatalf("shape %d: %v", i, err)
		}
		for j, poly := range shape {
			for k, ring := range poly {
				old := before[i][j][k]
				if ring.Orientation() != old.Orientation() {
					t.Fatalf("shape %d, polygon %d, ring %d turned over", i, j, k)
				}
				if d := max(farthestFrom(old, ring), farthestFrom(ring, old)); d > tolerance+1e-9 {
					t.Fatalf("shape %d, polygon %d, ring %d moved by %g", i, j, k, d)
				}
				for n, p := range ring[1:] {
					edges = append(edges, [2]orb.Point{ring[n], p})
					known[[2]orb.Point{ring[n], p}] = true
				}
			}
		}
	}
	for _, e := range edges {
		if !known[[2]orb.Point{e[1], e[0]}] && !outermost(after, e) {
			t.Fatalf("the edge %v is not shared any more", e)
		}
	}
	for i, e := range edges {
		for _, f := range edges[:i] {
			kind, at := meeting(e[0], e[1], f[0], f[1])
			twins := e == [2]orb.Point{f[1], f[0]}
			atEnds := kind == touching && (at == e[0] || at == e[1]) && (at == f[0] || at == f[1])
			if kind != apart && !twins && !atEnds {
				t.Fatalf("the edges %v and %v meet at %v", e, f, at)
			}
		}
	}
}

// outermost says whether the edge is of the first ring of the last shape.
func outermost(shapes []orb.MultiPolygon, e [2]orb.Point) bool {
	ring := shapes[len(shapes)-1][0][0]
	for i, p := range ring[1:] {
		if e == [2]orb.Point{ring[i], p} {
			return true
		}
	}
	return false
}

// farthestFrom is how far points along ring a, a quarter of a pixel apart, are from ring b at most.
func farthestFrom(a, b orb.Ring) float64 {
	most := 0.0
	for i, q := range a[1:] {
		p := a[i]
		steps := math.Ceil(4 * distance(p, q))
		for s := range int(steps) {
			f := float64(s) / steps
			at, least := orb.Point{p[0] + f*(q[0]-p[0]), p[1] + f*(q[1]-p[1])}, math.Inf(1)
			for j := range b[1:] {
				least = min(least, toSegment(at, b[j], b[j+1]))
			}
			most = max(most, least)
		}
	}
	return most
}

func BenchmarkSimplify(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	many := parcels(768, 768, 300, r)
	for name, shapes := range map[string][]orb.MultiPolygon{
		"blobs": {Trace(benchmarkMasks()["blobs"])}, "noise": {Trace(benchmarkMasks()["noise"])}, "parcels": many,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Simplify(shapes, 1.5)
			}
		})
	}
}
