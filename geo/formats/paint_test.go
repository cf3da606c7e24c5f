package formats

import (
	"image/color"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
)

// TestPaintedNeighboursJoin: four tiles beside each other are the picture of the four together.
func TestPaintedNeighboursJoin(t *testing.T) {
	_, l := outlines(40)
	w := geo.TileWindow(maptile.New(70_000, 45_000, 17))
	for _, scale := range []int{1, 2} {
		whole := Paint(geo.Window{Z: 17, X: w.X, Y: w.Y, W: 256, H: 256}, scale, l, DefaultStyle())
		worst := 0
		for dy := range 2 {
			for dx := range 2 {
				part := Paint(geo.Window{Z: 17, X: w.X + 128*dx, Y: w.Y + 128*dy, W: 128, H: 128}, scale, l, DefaultStyle())
				for y := range 128 * scale {
					for x := range 128 * scale {
						a, b := part.RGBAAt(x, y), whole.RGBAAt(x+128*scale*dx, y+128*scale*dy)
						for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
							worst = max(worst, d, -d)
						}
					}
				}
			}
		}
		if worst > 4 { // the rasteriser counts in floats from each part's own corner
			t.Errorf("scale %d: pixels differ by up to %d of 255", scale, worst)
		}
	}
}

func TestPaintShowsInsideOutlineAndHole(t *testing.T) {
	w := geo.Window{Z: 17, X: 1000, Y: 2000, W: 100, H: 100}
	shape := append(block(1010, 2010, 80), block(1040, 2040, 20)[0])
	red := func(*Feature) color.NRGBA { return color.NRGBA{255, 0, 0, 255} }
	img := Paint(w, 1, Layer{Lattice: 17, Features: []Feature{{Geometry: shape}, {Geometry: orb.Point{1, 2}}}}, Style{Color: red, Fill: 0.4, Width: 2})
	for name, c := range map[string]struct {
		x, y     int
		min, max uint8
	}{"beside": {3, 3, 0, 0}, "inside": {25, 25, 95, 110}, "outline": {50, 10, 200, 255}, "hole": {50, 50, 0, 0}, "hole's outline": {50, 40, 200, 255}} {
		if a := img.RGBAAt(c.x, c.y).A; a < c.min || a > c.max {
			t.Errorf("%s: alpha %d, want %d to %d", name, a, c.min, c.max)
		}
	}
}

func TestColoursTellFunctions(t *testing.T) {
	seen := map[color.NRGBA]string{}
	for _, f := range []string{"", "educational", "medical", "commercial", "residential", "industrial", "transportation", "public_service", "business_office", "cultural", "leisure"} {
		c := FunctionColor(&Feature{Properties: []Property{{"function", f}}})
		if other, ok := seen[c]; ok {
			t.Errorf("%q and %q look the same", f, other)
		}
		seen[c] = f
	}
}

// TestLabelPointIsInside, of whatever a mask can be traced to.
func TestLabelPointIsInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := geo.NewMask(geo.Window{Z: 17, X: 5000, Y: 6000, W: 12, H: 12})
		for range rapid.IntRange(1, 30).Draw(t, "pixels") {
			m.Set(rapid.IntRange(0, 11).Draw(t, "x"), rapid.IntRange(0, 11).Draw(t, "y"))
		}
		for _, p := range geo.Trace(m) {
			if at := LabelPoint(p); !planar.PolygonContains(p, at) {
				t.Fatalf("%v is outside of %v", at, p)
			}
		}
	})
}

func TestLabelPointSitsWell(t *testing.T) {
	c := orb.Polygon{{{0, 0}, {10, 0}, {10, 2}, {2, 2}, {2, 8}, {10, 8}, {10, 10}, {0, 10}, {0, 0}}}
	if at := LabelPoint(c); depth(c, at) < 0.9 {
		t.Errorf("in a C the label is %g from the outline", depth(c, at))
	}
	if at := LabelPoint(block(0, 0, 10)); planar.Distance(at, orb.Point{5, 5}) > 0.2 {
		t.Errorf("in a square the label lies at %v", at)
	}
	sliver := orb.Polygon{{{0, 0}, {1000, 1}, {1000, 1.001}, {0, 0}}}
	if at := LabelPoint(sliver); !planar.PolygonContains(sliver, at) {
		t.Errorf("in a sliver the label lies outside, at %v", at)
	}
	for _, p := range []orb.Polygon{nil, {}, {{}}, {{{1, 1}, {1, 1}, {1, 1}, {1, 1}}}} {
		LabelPoint(p) // must not panic
	}
}
