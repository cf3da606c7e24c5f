package geo

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func loopOf(coordinates ...float64) orb.Ring {
	r := make(orb.Ring, 0, len(coordinates)/2+1)
	for i := 0; i < len(coordinates); i += 2 {
		r = append(r, orb.Point{coordinates[i], coordinates[i+1]})
	}
	return append(r, r[0])
}

func bound(x0, y0, x1, y1 float64) orb.Bound {
	return orb.Bound{Min: orb.Point{x0, y0}, Max: orb.Point{x1, y1}}
}

func areaOf(mp orb.MultiPolygon) float64 {
	sum := 0.0
	for _, p := range mp {
		for _, r := range p {
			sum += doubleArea(r) / 2
		}
	}
	return sum
}

func TestClip(t *testing.T) {
	square := orb.Polygon{loopOf(0, 0, 10, 0, 10, 10, 0, 10)}
	holed := append(square, loopOf(2, 2, 2, 8, 8, 8, 8, 2))
	comb := orb.Polygon{loopOf(0, 0, 10, 0, 10, 2, 3, 2, 3, 4, 10, 4, 10, 6, 0, 6)}
	for _, c := range []struct {
		name string
		poly orb.Polygon
		to   orb.Bound
		want orb.MultiPolygon
	}{
		{"all inside", square, bound(-1, -1, 11, 11), orb.MultiPolygon{square}},
		{"the edge itself", square, bound(0, 0, 10, 10), orb.MultiPolygon{{loopOf(10, 0, 10, 10, 0, 10, 0, 0)}}},
		{"all outside", square, bound(20, 0, 30, 10), nil},
		{"touches in an edge", square, bound(10, 0, 20, 10), nil},
		{"touches in a corner", square, bound(10, 10, 20, 20), nil},
		{"no ground", orb.Polygon{loopOf(0, 0, 5, 5, 10, 10)}, bound(0, 0, 9, 9), nil},
		{"no rings", nil, bound(0, 0, 9, 9), nil},
		{"round the rectangle", square, bound(4, 4, 6, 6), orb.MultiPolygon{{loopOf(6, 4, 6, 6, 4, 6, 4, 4)}}},
		{"in the hole", holed, bound(4, 4, 6, 6), nil},
		{"hole becomes a bay", holed, bound(5, -1, 11, 11), orb.MultiPolygon{{loopOf(5, 0, 10, 0, 10, 10, 5, 10, 5, 8, 8, 8, 8, 2, 5, 2)}}},
		{"two teeth", comb, bound(5, -1, 11, 11), orb.MultiPolygon{{loopOf(5, 0, 10, 0, 10, 2, 5, 2)}, {loopOf(5, 4, 10, 4, 10, 6, 5, 6)}}},
		{"teeth's ground on the line", comb, bound(3, -1, 11, 11), orb.MultiPolygon{{loopOf(3, 0, 10, 0, 10, 2, 3, 2)}, {loopOf(3, 4, 10, 4, 10, 6, 3, 6)}}},
		{"hole touches the side in an edge", holed, bound(2, -1, 11, 11), orb.MultiPolygon{{loopOf(2, 0, 10, 0, 10, 10, 2, 10, 2, 8, 8, 8, 8, 2, 2, 2)}}},
		{"hole touches the side in a point", append(square, loopOf(3, 5, 5, 7, 7, 5, 5, 3)), bound(3, -1, 11, 11),
			orb.MultiPolygon{{loopOf(3, 0, 10, 0, 10, 10, 3, 10), loopOf(3, 5, 5, 7, 7, 5, 5, 3)}}},
		{"two lobes meet on the side", orb.Polygon{loopOf(0, 0, 10, 2, 5, 5, 10, 8, 0, 10)}, bound(5, -1, 11, 11),
			orb.MultiPolygon{{loopOf(5, 1, 10, 2, 5, 5)}, {loopOf(5, 5, 10, 8, 5, 9)}}},
	} {
		got := Clip(c.poly, c.to)
		if areaOf(got) != areaOf(c.want) || len(got) != len(c.want) || pointSets(got) != pointSets(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if err := Valid(got); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// pointSets is the rings' points, whatever point a ring starts with: enough beside equal areas and validity.
func pointSets(mp orb.MultiPolygon) (sum [3]float64) {
	for _, p := range mp {
		for _, r := range p {
			for _, q := range r[1:] {
				sum[0] += q[0] + 1000*q[1]
				sum[1] += q[0] * q[0] * (q[1] + 3)
				sum[2]++
			}
		}
	}
	return sum
}

func TestClipIsExactOnTheLattice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMask().Draw(t, "mask")
		w := m.Window
		w.X += rapid.IntRange(-2, w.W).Draw(t, "dx")
		w.Y += rapid.IntRange(-2, w.H).Draw(t, "dy")
		w.W, w.H = rapid.IntRange(1, w.W).Draw(t, "w"), rapid.IntRange(1, w.H).Draw(t, "h")
		b := bound(float64(w.X), float64(w.Y), float64(w.X+w.W), float64(w.Y+w.H))
		var clipped orb.MultiPolygon
		for _, p := range Trace(m) {
			clipped = append(clipped, Clip(p, b)...)
		}
		if err := Valid(clipped); err != nil {
			t.Fatal(err)
		}
		want := m.Crop(w).Crop(m.Window)
		if got := Rasterize(m.Window, clipped); !got.Equal(want) {
			t.Fatalf("got\n%v\nwant\n%v", got, want)
		}
		if area := areaOf(clipped); area != float64(want.Count()) {
			t.Fatalf("area %g, want %d", area, want.Count())
		}
	})
}

// star is a wild simple ring round a centre.
func star(cx, cy, radius float64, n int, r *rand.Rand) orb.Ring {
	out := make(orb.Ring, 0, n+1)
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		d := radius * (0.3 + 0.7*r.Float64())
		out = append(out, orb.Point{cx + d*cos, cy + d*sin})
	}
	return append(out, out[0])
}

func TestClipToQuadrantsKeepsTheGround(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	inf := math.Inf(1)
	for range 2000 {
		n := 3 + r.IntN(40)
		poly := orb.Polygon{star(0, 0, 10, n, r), star(0, 0, 2, 3+r.IntN(10), r)}
		if n < 6 { // its edges may come too near to the centre
			poly = poly[:1]
		}
		x, y := r.Float64()*10-5, r.Float64()*10-5
		sum := 0.0
		for _, b := range []orb.Bound{bound(-inf, -inf, x, y), bound(x, -inf, inf, y), bound(-inf, y, x, inf), bound(x, y, inf, inf)} {
			part := Clip(poly, b)
			if err := Valid(part); err != nil {
				t.Fatalf("%v to %v: %v", poly, b, err)
			}
			sum += areaOf(part)
		}
		if whole := areaOf(Clip(poly, bound(-inf, -inf, inf, inf))); math.Abs(sum-whole) > 1e-9 {
			t.Fatalf("%v at %g,%g: quadrants have %g, the whole %g", poly, x, y, sum, whole)
		}
	}
}

// TestClipKeepsSimplifiedShapesValid: their rings touch at every angle, also where one runs straight on. The first seeds are
// cuts that open holes which touch others.
func TestClipKeepsSimplifiedShapesValid(t *testing.T) {
	seeds := []uint64{123, 146, 237, 395}
	for seed := range uint64(40) {
		seeds = append(seeds, seed)
	}
	inf := math.Inf(1)
	for _, seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 2))
		m := NewMask(Window{Z: 17, W: 80, H: 80})
		for range 900 {
			x, y := r.IntN(75), r.IntN(80)
			m.SetRun(y, x, x+1+r.IntN(5))
		}
		shape := Simplify([]orb.MultiPolygon{Trace(m)}, 1.5)[0]
		for _, b := range []orb.Bound{bound(-inf, -inf, inf, inf), bound(10, 10, 50, 60)} {
			var part orb.MultiPolygon
			for _, p := range shape {
				part = append(part, Clip(p, b)...)
			}
			if err := Valid(part); err != nil {
				t.Errorf("seed %d to %v: %v", seed, b, err)
			}
			if want := math.Abs(areaOf(shape)); b.Min[0] == -inf && areaOf(part) != want {
				t.Errorf("seed %d: area %g, want %g", seed, areaOf(part), want)
			}
		}
	}
}

func TestClipLeavesItsInput(t *testing.T) {
	poly := orb.Polygon{loopOf(0, 10, 10, 10, 10, 0, 0, 0), loopOf(2, 2, 8, 2, 8, 8, 2, 8)}
	before := poly.Clone()
	Clip(poly, bound(5, 5, 20, 20))
	Clip(poly, bound(-5, -5, 20, 20))
	if !reflect.DeepEqual(poly, before) {
		t.Errorf("the polygon became %v", poly)
	}
}

func FuzzClip(f *testing.F) {
	f.Add([]byte{0, 0, 9, 0, 9, 9, 0, 9}, 3.0, 3.0)
	f.Add([]byte{0, 0, 9, 9, 9, 0, 0, 9, 4, 4, 4, 4}, 4.0, 4.5)
	f.Fuzz(func(t *testing.T, data []byte, x, y float64) {
		if len(data) > 200 || math.IsNaN(x+y) {
			return
		}
		var r orb.Ring
		for i := 0; i+1 < len(data); i += 2 {
			r = append(r, orb.Point{float64(data[i] % 16), float64(data[i+1] % 16)})
		}
		b := bound(x, y, x+7, y+7)
		for _, p := range Clip(orb.Polygon{r}, b) {
			if got := p.Bound(); got.Min[0] < b.Min[0] || got.Min[1] < b.Min[1] || got.Max[0] > b.Max[0] || got.Max[1] > b.Max[1] {
				t.Fatalf("%v reaches beyond %v", p, b)
			}
			for i, ring := range p {
				if len(ring) < 4 || !ring.Closed() || (doubleArea(ring) > 0) != (i == 0) {
					t.Fatalf("ring %d is %v", i, ring)
				}
			}
		}
	})
}

func BenchmarkClip(b *testing.B) {
	poly := orb.Polygon{star(0, 0, 10, 1000, rand.New(rand.NewPCG(1, 1)))}
	for b.Loop() {
		Clip(poly, bound(-5, -5, 5, 5))
	}
}
