package carto

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
)

// scenery is a dense quarter of made-up streets, houses, greens and places around a window: per lattice pixel of the window
// as much as an old town holds.
func scenery(rng *rand.Rand, w geo.Window) ([]Feature, []tiles.Label) {
	w = w.Pad(Pad)
	at := func(x, y float64) orb.Point { return w.LonLat(orb.Point{x, y}) }
	anywhere := func() (x, y float64) { return rng.Float64() * float64(w.W), rng.Float64() * float64(w.H) }
	ring := func(x, y, r float64, corners int) orb.Ring {
		out, turn := orb.Ring{}, rng.Float64()*6
		for i := range corners {
			sin, cos := math.Sincos(turn + float64(i)/float64(corners)*2*math.Pi)
			k := r * (0.7 + 0.3*rng.Float64())
			out = append(out, at(x+k*cos, y+k*sin))
		}
		return append(out, out[0])
	}
	var fs []Feature
	cells := w.W * w.H / (64 * 64)
	for range cells / 8 {
		x, y := anywhere()
		fs = append(fs, Feature{Kind: Green, Class: pick(rng, "park", "grass", "wood", "garden"), Geometry: orb.Polygon{ring(x, y, 90, 12), ring(x, y, 20, 6)}})
		x, y = anywhere()
		fs = append(fs, Feature{Kind: Ground, Class: pick(rng, "school", "hospital", "parking", "sports_pitch", "mall"), Geometry: orb.Polygon{ring(x, y, 50, 7)}})
		x, y = anywhere()
		fs = append(fs, Feature{Kind: Land, Class: pick(rng, "residential", "industrial", "sand"), Geometry: orb.Polygon{ring(x, y, 120, 9)}})
	}
	for range cells * 4 {
		x, y := anywhere()
		f := Feature{Kind: Building, Geometry: orb.Polygon{ring(x, y, 6+10*rng.Float64(), 4+rng.IntN(5))}}
		if rng.IntN(10) == 0 {
			f.Class = "school"
		}
		fs = append(fs, f)
	}
	for i := range cells / 4 {
		x, y := anywhere()
		heading := rng.Float64() * 6
		var line orb.LineString
		for range 12 {
			line = append(line, at(x, y))
			heading += rng.NormFloat64() * 0.3
			x, y = x+40*math.Cos(heading), y+40*math.Sin(heading)
		}
		f := Feature{Kind: Road, Class: pick(rng, "residential", "primary", "service", "motorway", "secondary_link"), Geometry: line, Name: fmt.Sprintf("Street %d", i/2), Level: max(0, rng.IntN(8)-6)}
		switch rng.IntN(6) {
		case 0:
			f.Kind, f.Class = Path, pick(rng, "footway", "steps")
		case 1:
			f.Kind, f.Class, f.Name = Rail, "rail", ""
		case 2:
			f.Kind, f.Class, f.Name = Water, pick(rng, "river", "stream"), ""
		}
		fs = append(fs, f)
	}
	x, y := float64(w.W)/2, float64(w.H)/2
	fs = append(fs, Feature{Kind: Water, Geometry: orb.MultiPolygon{{ring(x, y, 1e7, 40), ring(x, y, float64(w.W)/3, 50)}}})
	classes := taxonomy.Classes()
	var labels []tiles.Label
	for i := range cells * 2 {
		x, y := anywhere()
		class := classes[rng.IntN(len(classes))]
		labels = append(labels, tiles.Label{At: at(x, y), Class: class.ID, Text: pick(rng, class.Name, fmt.Sprintf("%s number %d of this town", class.Name, i), "", "Ňaño Δελφοί Москва")})
	}
	return fs, labels
}

func pick(rng *rand.Rand, from ...string) string { return from[rng.IntN(len(from))] }

func mustStyle(t testing.TB, name string, fonts ...string) *Style {
	t.Helper()
	s, err := NewStyle(name, fonts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A block painted whole equals its tiles, though each tile is given only what lies near it, in another order.
func TestTilesFitPixelForPixel(t *testing.T) {
	for _, name := range Names() {
		for _, z := range []int{14, 16, 17, 18, 20, 22} {
			scale := 1 + z%2
			t.Run(fmt.Sprintf("%s z%d @%dx", name, z, scale), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(z), 7))
				s := mustStyle(t, name)
				centre := maptile.At(orb.Point{103.8, 1.3}, maptile.Zoom(z))
				block := geo.TileWindow(centre).Pad(geo.TileSize)
				features, labels := scenery(rng, block)
				whole := s.Paint(block, scale, features, labels)
				for tile, w := range block.Tiles() {
					part := s.Paint(w, scale, nearby(rng, w, features), nearbyLabels(rng, w, labels))
					requireSame(t, tile, part, whole, image.Pt((w.X-block.X)*scale, (w.Y-block.Y)*scale))
				}
			})
		}
	}
}

func nearby(rng *rand.Rand, w geo.Window, fs []Feature) []Feature {
	far := w.Pad(Pad).Bound()
	out := slices.DeleteFunc(slices.Clone(fs), func(f Feature) bool { return !f.Geometry.Bound().Intersects(far) })
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func nearbyLabels(rng *rand.Rand, w geo.Window, ls []tiles.Label) []tiles.Label {
	far := w.Pad(Pad).Bound()
	out := slices.DeleteFunc(slices.Clone(ls), func(l tiles.Label) bool { return !far.Contains(l.At) })
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func requireSame(t *testing.T, tile maptile.Tile, part, whole *image.RGBA, at image.Point) {
	t.Helper()
	for y := range part.Rect.Dy() {
		for x := range part.Rect.Dx() {
			if got, want := part.RGBAAt(x, y), whole.RGBAAt(at.X+x, at.Y+y); got != want {
				t.Fatalf("tile %v pixel %d,%d is %v, in the whole picture %v", tile, x, y, got, want)
			}
		}
	}
}

// What is to be found must not be drawn: taking every place's outline away changes no pixel of the styles for machines.
func TestBasicStylesHideOutlinesOfPlaces(t *testing.T) {
	w := geo.TileWindow(maptile.At(orb.Point{8.5, 47.3}, 17))
	features, labels := scenery(rand.New(rand.NewPCG(1, 2)), w)
	without := slices.DeleteFunc(slices.Clone(features), func(f Feature) bool {
		return f.Kind == Ground || f.Kind == Green || f.Kind == Land || f.Kind == Building && f.Class != ""
	})
	for _, name := range Names() {
		s := mustStyle(t, name)
		same := slices.Equal(s.Paint(w, 1, features, labels).Pix, s.Paint(w, 1, without, labels).Pix)
		if want := name != "full"; same != want {
			t.Errorf("style %s: the pictures with and without places are the same: %v, want %v", name, same, want)
		}
	}
}

func TestShownLabelsDoNotOverlap(t *testing.T) {
	w := geo.TileWindow(maptile.At(orb.Point{8.5, 47.3}, 17)).Pad(256)
	features, labels := scenery(rand.New(rand.NewPCG(3, 4)), w)
	c := mustStyle(t, "basic").newCanvas(w, 1)
	places := c.layOutPlaces(labels)
	hideOverlaps(places, 2*lineWidth)
	shown := slices.DeleteFunc(slices.Clone(places), func(l *label) bool { return !l.shown })
	streets := c.streetNames(features, places)
	if len(shown) < 10 || len(streets) < 5 {
		t.Fatalf("%d places and %d streets have names, too few to say anything", len(shown), len(streets))
	}
	for i, l := range shown {
		for _, o := range shown[:i] {
			if l.box.overlaps(o.box) {
				t.Errorf("%q overlaps %q", l.text, o.text)
			}
		}
		for _, s := range streets {
			if s.meets(l.box) {
				t.Errorf("%q overlaps %q", s.text, l.text)
			}
		}
	}
	for _, l := range places {
		if x, y := l.box.x1-l.box.x0, l.box.y1-l.box.y0; x > lineWidth+8 || y > 2*symbolSize+textSize+(maxLines)*lineHeight {
			t.Errorf("%q takes %d×%d px, more than Pad reckons with", l.text, x, y)
		}
	}
}

func TestTextIsReadable(t *testing.T) {
	w := geo.TileWindow(maptile.At(orb.Point{8.5, 47.3}, 17))
	s := mustStyle(t, "basic")
	at := w.Bound().Center()
	c := s.newCanvas(w, 1)
	places := c.layOutPlaces([]tiles.Label{{Text: "Bagmati English Secondary Boarding School and College of Banepa", At: at, Class: "school"}})
	c.layOut(places[0])
	lines := c.wrap(places[0].text, lineWidth, textSize)
	if len(lines) != maxLines || lines[0] != "Bagmati English" {
		t.Errorf("wrapped into %q", lines)
	}
	empty := s.Paint(w, 1, nil, nil)
	full := s.Paint(w, 1, nil, []tiles.Label{{Text: "Hxg", At: at, Class: "school"}})
	dark := 0
	for i := 0; i < len(full.Pix); i += 4 {
		if int(full.Pix[i])+int(full.Pix[i+1])+int(full.Pix[i+2]) < 240 {
			dark++
		}
	}
	if dark < 25 || slices.Equal(empty.Pix, full.Pix) {
		t.Errorf("a name of three letters has %d dark pixels", dark)
	}
}

func TestFontsForOtherScripts(t *testing.T) {
	plain := mustStyle(t, "basic")
	if plain.CanWrite("学校") {
		t.Fatal("the built-in font writes Chinese, this test is about one that does not")
	}
	if !plain.CanWrite("Kaʻahumanu – Škola №1") {
		t.Error("the built-in font should write Latin names, with the ʻokina by its look-alike")
	}
	const cjk = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
	if _, err := os.Stat(cjk); err != nil {
		t.Skip("the package fonts-noto-cjk is not installed")
	}
	s := mustStyle(t, "basic", cjk+"#2")
	if !s.CanWrite("北京大学附属中学 PKU") {
		t.Error("Noto CJK should write Chinese")
	}
	w := geo.TileWindow(maptile.At(orb.Point{116.3, 39.9}, 17))
	label := []tiles.Label{{Text: "学校", At: w.Bound().Center(), Class: "school"}}
	if slices.Equal(s.Paint(w, 1, nil, label).Pix, plain.Paint(w, 1, nil, label).Pix) {
		t.Error("the name is not drawn")
	}
}

func TestNewStyleErrors(t *testing.T) {
	notFont := t.TempDir() + "/font.ttf"
	if err := os.WriteFile(notFont, []byte("no font"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ style, font string }{{"baroque", ""}, {"basic", notFont}, {"basic", "missing.ttf"}, {"basic", notFont + "#x"}} {
		fonts := []string{tc.font}
		if tc.font == "" {
			fonts = nil
		}
		_, err := NewStyle(tc.style, fonts...)
		var typed *tiles.Error
		if !errors.Is(err, tiles.ErrConfig) || !errors.As(err, &typed) || typed.Hint == "" {
			t.Errorf("style %q with font %q: %v", tc.style, tc.font, err)
		}
	}
}

// Odd shapes are drawn as far as they make sense, and never panic.
func FuzzPaint(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 4.0, uint8(3), "residential")
	f.Add(math.NaN(), 0.0, math.Inf(1), -1e300, uint8(5), "")
	s := mustStyle(f, "full")
	f.Fuzz(func(t *testing.T, a, b, c, d float64, kind uint8, text string) {
		w := geo.TileWindow(maptile.At(orb.Point{0.001, 0.001}, 16))
		p := []orb.Point{{a, b}, {c, d}, {0.002, 0.001}, {a, d}, {a, b}}
		var fs []Feature
		for _, g := range []orb.Geometry{orb.Polygon{p}, orb.LineString(p), orb.Point{a, b}, orb.Ring{}, orb.Polygon{}, orb.Polygon{{}}, orb.LineString{{a, b}}, nil} {
			fs = append(fs, Feature{Kind: Kind(kind % 9), Class: text, Geometry: g, Name: text})
		}
		s.Paint(w, 1, fs, []tiles.Label{{Text: text, At: orb.Point{a, b}}, {Text: text, At: orb.Point{0.002, 0.002}, Class: text}})
	})
}

func BenchmarkPaintDenseTile(b *testing.B) {
	for _, name := range []string{"basic", "full"} {
		b.Run(name, func(b *testing.B) {
			s := mustStyle(b, name)
			w := geo.TileWindow(maptile.At(orb.Point{8.5, 47.3}, 17))
			features, labels := scenery(rand.New(rand.NewPCG(1, 2)), w)
			b.ReportAllocs()
			for b.Loop() {
				s.Paint(w, 1, features, labels)
			}
		})
	}
}

// An unlabelled style draws what its twin draws of a ground without names.
func TestUnlabelled(t *testing.T) {
	w := geo.TileWindow(maptile.At(orb.Point{103.8, 1.3}, 17))
	features, labels := scenery(rand.New(rand.NewPCG(1, 2)), w)
	nameless := slices.Clone(features)
	for k := range nameless {
		nameless[k].Name = ""
	}
	for _, name := range Names() {
		got := mustStyle(t, name+"-unlabelled").Paint(w, 1, features, labels)
		if !bytes.Equal(got.Pix, mustStyle(t, name).Paint(w, 1, nameless, nil).Pix) {
			t.Errorf("%s-unlabelled is more or less than %s without labels", name, name)
		}
		if shown := mustStyle(t, name+"-unlabelled").Shown(w, labels); len(shown) > 0 {
			t.Errorf("%s-unlabelled shows %v", name, shown)
		}
	}
}
