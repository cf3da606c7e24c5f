package tiles

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
)

// gradient is a source whose pixels tell where they lie: red and green count pixels of the lattice at a zoom, smoothly.
type gradient struct {
	info    Info
	missing func(maptile.Tile) error
}

func gradientSource(zoom, size int) *gradient {
	return &gradient{info: Info{Name: "g", TileSize: size, MinZoom: 0, MaxZoom: zoom, Format: PNG}}
}

func (g *gradient) Info() Info { return g.info }

// tone is what the gradient shows at a place given in pixels at zoom 17: a triangle wave, so that nothing jumps.
func tone(v float64) float64 {
	const period = 512
	return 250 * math.Abs(2*(v/period-math.Floor(v/period+0.5)))
}

func (g *gradient) Tile(_ context.Context, t maptile.Tile) (*Tile, error) {
	if int(t.Z) > g.info.MaxZoom || int(t.Z) < g.info.MinZoom {
		return nil, ErrNotFound
	}
	if g.missing != nil {
		if err := g.missing(t); err != nil {
			return nil, err
		}
	}
	n := g.info.TileSize
	img := image.NewRGBA(image.Rect(0, 0, n, n))
	scale := math.Ldexp(256/float64(n), 17-int(t.Z)) // zoom 17's pixels a pixel here
	for y := range n {
		for x := range n {
			fx, fy := (float64(t.X)*float64(n)+float64(x)+0.5)*scale, (float64(t.Y)*float64(n)+float64(y)+0.5)*scale
			img.SetRGBA(x, y, color.RGBA{uint8(tone(fx) + 0.5), uint8(tone(fy) + 0.5), 0, 255})
		}
	}
	return DrawnTile(img, PNG), nil
}

var sceneWindow = geo.Window{Z: 17, X: 12_345_678 % (256 << 17), Y: 7_654_321, W: 300, H: 200}

// worst is the greatest difference of a picture from the gradient, moved by (dx, dy) pixels, away from the wave's tips.
func worst(img *image.RGBA, w geo.Window, dx, dy float64) float64 {
	most := 0.0
	for y := range w.H {
		for x := range w.W {
			p := img.Pix[img.PixOffset(x, y):]
			for axis, at := range []float64{float64(w.X+x) + 0.5 + dx, float64(w.Y+y) + 0.5 + dy} {
				if t := tone(at); t > 8 && t < 242 {
					most = max(most, math.Abs(float64(p[axis])-t))
				}
			}
		}
	}
	return most
}

func TestAlignPutsEverySourceOnTheLattice(t *testing.T) {
	for _, c := range []struct {
		name       string
		size, zoom int
		tolerance  float64 // a pixel is 0.98
	}{
		{"256 px at the zoom", 256, 17, 0.6},
		{"512 px", 512, 16, 0.6},
		{"512 px, a zoom deeper, averaged", 512, 17, 0.6},
		{"256 px, two zooms deeper, averaged", 256, 19, 0.6},
		{"256 px, a zoom less, enlarged", 256, 16, 1.6},
		{"256 px, two zooms less, enlarged", 256, 15, 2.1},
	} {
		src := gradientSource(c.zoom, c.size)
		p, err := Align(t.Context(), src, gradientSource(17, 256), sceneWindow)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if got := worst(p.Satellite, sceneWindow, 0, 0); got > c.tolerance || len(p.Holes) != 0 {
			t.Errorf("%s: off by %.2f tones, %d holes", c.name, got, len(p.Holes))
		}
	}
}

// TestAlignShifts: a source that counts in another datum, or lies off by metres, is moved to where the ground is, to half a pixel.
func TestAlignShifts(t *testing.T) {
	beijing := orb.Point{116.397, 39.909}
	at := geo.Project(beijing, 17)
	w := geo.Window{Z: 17, X: int(at[0]), Y: int(at[1]), W: 256, H: 256}
	for _, c := range []struct {
		name   string
		datum  geo.Datum
		offset [2]float64
	}{{"GCJ-02", geo.GCJ02, [2]float64{}}, {"BD-09", geo.BD09, [2]float64{}}, {"12 m east, 7.5 m south", geo.WGS84, [2]float64{12, -7.5}}} {
		src := gradientSource(17, 256)
		src.info.Datum, src.info.Offset = c.datum, c.offset
		p, err := Align(t.Context(), src, gradientSource(17, 256), w)
		if err != nil {
			t.Fatal(c.name, err)
		}
		middle := w.LonLat(orb.Point{128, 128})
		want := geo.Project(c.datum.FromWGS84(geo.Offset(middle, -c.offset[0], -c.offset[1])), 17)
		dx, dy := want[0]-float64(w.X)-128, want[1]-float64(w.Y)-128
		if math.Hypot(dx, dy) < 3 {
			t.Errorf("%s: the test moves nothing", c.name)
		}
		if got := worst(p.Satellite, w, dx, dy); got > 1.2 {
			t.Errorf("%s: moved by (%.1f, %.1f) px, off by %.2f tones", c.name, dx, dy, got)
		}
	}
}

func TestAlignFillsFromParents(t *testing.T) {
	src := gradientSource(17, 256)
	src.missing = func(t maptile.Tile) error {
		if t.Z == 17 && t.X%2 == 0 {
			return ErrNotFound
		}
		return nil
	}
	p, err := Align(t.Context(), src, gradientSource(17, 256), sceneWindow)
	if err != nil {
		t.Fatal(err)
	}
	if got := worst(p.Satellite, sceneWindow, 0, 0); got > 1.6 || len(p.Holes) != 0 {
		t.Errorf("off by %.2f tones, holes %v", got, p.Holes)
	}
}

func TestAlignMarksHoles(t *testing.T) {
	gone := maptile.New(uint32(sceneWindow.X/256), uint32(sceneWindow.Y/256), 17)
	for _, c := range []struct {
		err     error
		passing bool
	}{{ErrNotFound, false}, {fmt.Errorf("%w: 503", ErrUpstream), true}} {
		src := gradientSource(17, 256)
		src.info.MinZoom = 17
		src.missing = func(t maptile.Tile) error {
			if t == gone {
				return c.err
			}
			return nil
		}
		p, err := Align(t.Context(), gradientSource(17, 256), src, sceneWindow)
		if err != nil {
			t.Fatal(err)
		}
		want := geo.TileWindow(gone).Intersect(sceneWindow)
		if len(p.Holes) != 1 || p.Holes[0].Window != want || p.Holes[0].Passing != c.passing || p.Holes[0].Layer != "g" {
			t.Fatalf("holes %+v, want one at %v", p.Holes, want)
		}
		if got := p.Map.RGBAAt(0, 0); got != HoleColor {
			t.Errorf("the hole is %v", got)
		}
		if share := 1 - float64(want.W*want.H)/float64(300*200); math.Abs(p.Covered("g")-share) > 1e-9 {
			t.Errorf("covered %f, want %f", p.Covered("g"), share)
		}
	}
}

func TestAlignFailsWhenEverythingFails(t *testing.T) {
	src := gradientSource(17, 256)
	src.missing = func(maptile.Tile) error { return ErrUpstream }
	if _, err := Align(t.Context(), src, gradientSource(17, 256), sceneWindow); !errors.Is(err, ErrUpstream) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Align(ctx, gradientSource(17, 256), gradientSource(17, 256), sceneWindow); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestAlignAcrossTheAntimeridian: the picture goes on where the world's count begins anew.
func TestAlignAcrossTheAntimeridian(t *testing.T) {
	world := geo.WorldSize(17)
	w := geo.Window{Z: 17, X: world - 100, Y: 7_000_000, W: 300, H: 100}
	p, err := Align(t.Context(), gradientSource(17, 256), gradientSource(17, 256), w)
	if err != nil {
		t.Fatal(err)
	}
	if got := worst(p.Satellite, w, 0, 0); got > 0.6 || len(p.Holes) != 0 { // the world's width is a multiple of the wave's
		t.Errorf("off by %.2f tones, holes %v", got, p.Holes)
	}
}

type labelled struct{ *gradient }

func (labelled) Labels(context.Context, geo.Window) ([]Label, error) {
	return []Label{{Text: "Here"}}, nil
}

func TestAlignTakesLabels(t *testing.T) {
	p, err := Align(t.Context(), gradientSource(17, 256), labelled{gradientSource(17, 256)}, sceneWindow)
	if err != nil || !p.Labelled || len(p.Labels) != 1 {
		t.Errorf("%+v, %v", p.Labels, err)
	}
	if names := []string{p.Layers[0].Name, p.Layers[1].Name}; !slices.Equal(names, []string{"g", "g"}) {
		t.Error(names)
	}
}

func BenchmarkAlign(b *testing.B) {
	src := gradientSource(17, 256)
	kept := map[maptile.Tile]*Tile{}
	w := geo.Window{Z: 17, X: 12_345_600, Y: 7_654_400, W: 768, H: 768}
	for t := range w.Tiles() {
		kept[t], _ = src.Tile(b.Context(), t)
	}
	ready := &keptSource{src.info, kept}
	for b.Loop() {
		if _, err := Align(b.Context(), ready, ready, w); err != nil {
			b.Fatal(err)
		}
	}
}

type keptSource struct {
	info Info
	kept map[maptile.Tile]*Tile
}

func (k *keptSource) Info() Info { return k.info }

func (k *keptSource) Tile(_ context.Context, t maptile.Tile) (*Tile, error) { return k.kept[t], nil }

// clearHalf is a source whose tiles are clear in their southern half, and half clear in a row above.
type clearHalf struct{ *gradient }

func (c clearHalf) Tile(ctx context.Context, t maptile.Tile) (*Tile, error) {
	tile, err := c.gradient.Tile(ctx, t)
	if err == nil {
		clear(tile.img.Pix[128*tile.img.Stride:])
		for x := range 256 {
			tile.img.SetRGBA(x, 127, color.RGBA{100, 0, 0, 128})
		}
	}
	return tile, err
}

// TestAlignIsOpaque: what a tile does not show is no black in the pair.
func TestAlignIsOpaque(t *testing.T) {
	w := geo.TileWindow(maptile.New(9, 9, 17))
	p, err := Align(t.Context(), clearHalf{gradientSource(17, 256)}, gradientSource(17, 256), w)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Satellite.Opaque() || p.Satellite.RGBAAt(5, 200) != HoleColor || p.Satellite.RGBAAt(5, 127) != (color.RGBA{163, 63, 63, 255}) {
		t.Errorf("%v, %v", p.Satellite.RGBAAt(5, 200), p.Satellite.RGBAAt(5, 127))
	}
}
