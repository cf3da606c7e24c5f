package formats

import (
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// TestPaintedNeighboursJoin: four tiles beside each other are the picture of the four together, but for what the eye cannot see:
// the brush's sums round by a level of 255, and above 512 pixels it counts in floats. Seams were 40 and 100 levels before
// edges were parted at cells.
func TestPaintedNeighboursJoin(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	l := Layer{Lattice: 17}
	for range 10 {
		shape := wild(r, 1000+r.Float64()*512, 2000+r.Float64()*512, 20+r.Float64()*400, 3+r.IntN(30))
		l.Features = append(l.Features, Feature{Geometry: shape})
	}
	for scale, tolerance := range map[int]int{1: 2, 2: 4} {
		whole := Paint(geo.Window{Z: 17, X: 1000, Y: 2000, W: 512, H: 512}, scale, l, DefaultStyle())
		joined := image.NewRGBA(whole.Rect)
		edge := 256 * scale
		for dy := range 2 {
			for dx := range 2 {
				part := Paint(geo.Window{Z: 17, X: 1000 + 256*dx, Y: 2000 + 256*dy, W: 256, H: 256}, scale, l, DefaultStyle())
				draw.Draw(joined, part.Rect.Add(image.Pt(dx*edge, dy*edge)), part, image.Point{}, draw.Src)
			}
		}
		worst := 0
		for i, v := range whole.Pix {
			d := int(v) - int(joined.Pix[i])
			worst = max(worst, d, -d)
		}
		if worst > tolerance {
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

func BenchmarkPaint(b *testing.B) {
	tile, l := outlines(200)
	for b.Loop() {
		Paint(geo.TileWindow(tile), 1, l, DefaultStyle())
	}
}
