package formats

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
)

// span is a stretch of a tile's border with ground on the tile's side.
type span struct{ from, to float64 }

// readTile is a tile's polygons in its own units.
func readTile(t interface {
	Helper()
	Fatal(...any)
}, data []byte) map[string]orb.MultiPolygon {
	t.Helper()
	layers, err := mvt.Unmarshal(data)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]orb.MultiPolygon{}
	for _, l := range layers {
		for _, f := range l.Features {
			mp, _ := Polygons(f.Geometry)
			out[l.Name] = append(out[l.Name], mp...)
		}
	}
	return out
}

// borderOf is where polygons, cut to the tile proper, lie along one of its borders, joined and in order.
func borderOf(mp orb.MultiPolygon, axis int, at float64) []span {
	tile := orb.Bound{Max: orb.Point{Extent, Extent}}
	var spans []span
	for _, p := range mp {
		for _, cut := range geo.Clip(p, tile) {
			for _, r := range cut {
				for i := 1; i < len(r); i++ {
					if a, b := r[i-1], r[i]; a[axis] == at && b[axis] == at {
						spans = append(spans, span{min(a[1-axis], b[1-axis]), max(a[1-axis], b[1-axis])})
					}
				}
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var joined []span
	for _, s := range spans {
		if n := len(joined); n > 0 && joined[n-1].to >= s.from {
			joined[n-1].to = max(joined[n-1].to, s.to)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

// around is four tiles that share a corner, by row and column; x, y is the south-eastern one.
func around(t interface {
	Helper()
	Fatal(...any)
}, x, y uint32, z int, layers ...Layer) (out [2][2]map[string]orb.MultiPolygon) {
	t.Helper()
	for dy := range 2 {
		for dx := range 2 {
			data, err := EncodeMVT(maptile.New(x-1+uint32(dx), y-1+uint32(dy), maptile.Zoom(z)), layers...)
			if err != nil {
				t.Fatal(err)
			}
			out[dy][dx] = readTile(t, data)
		}
	}
	return out
}

// checkSeams compares what the tiles round a corner have on both sides of the borders between them.
func checkSeams(t interface {
	Helper()
	Fatalf(string, ...any)
}, tiles [2][2]map[string]orb.MultiPolygon, name string) {
	t.Helper()
	for k := range 2 {
		if a, b := borderOf(tiles[k][0][name], 0, Extent), borderOf(tiles[k][1][name], 0, 0); !slices.Equal(a, b) {
			t.Fatalf("row %d: west of the border %v, east of it %v", k, a, b)
		}
		if a, b := borderOf(tiles[0][k][name], 1, Extent), borderOf(tiles[1][k][name], 1, 0); !slices.Equal(a, b) {
			t.Fatalf("column %d: north of the border %v, south of it %v", k, a, b)
		}
	}
}

// TestNeighboursMeet: whatever crosses a tile's border crosses it at the same points as seen from the neighbour. Checked for traced
// masks, at the lattice's own zoom, above and below.
func TestNeighboursMeet(t *testing.T) {
	const zoom = 17
	corner := geo.TileWindow(maptile.New(70_000, 45_000, zoom))
	rapid.Check(t, func(t *rapid.T) {
		m := geo.NewMask(geo.Window{Z: zoom, X: corner.X - 40, Y: corner.Y - 40, W: 80, H: 80})
		for range rapid.IntRange(1, 12).Draw(t, "blobs") {
			x, y, w, h := rapid.IntRange(0, 79).Draw(t, "x"), rapid.IntRange(0, 79).Draw(t, "y"), rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h")
			for dy := range h {
				m.SetRun(y+dy, x, x+w)
			}
		}
		// What ends at a border is seen from one side only. Here all goes on over it.
		copy(m.Row(40), m.Row(39))
		for y := range 80 {
			if m.At(39, y) {
				m.Set(40, y)
			} else {
				m.Clear(40, y)
			}
		}
		shape := geo.Trace(m)
		if rapid.Bool().Draw(t, "simplified") {
			shape = geo.Simplify([]orb.MultiPolygon{shape}, 1.5)[0]
		}
		layer := Layer{Name: "aoi", Lattice: zoom, Features: []Feature{{Num: 1, Geometry: shape}}}
		z := rapid.SampledFrom([]int{zoom, zoom, zoom - 3, zoom + 2}).Draw(t, "zoom")
		x, y := uint32(70_000), uint32(45_000)
		if z < zoom {
			x, y = x>>(zoom-z), y>>(zoom-z)
		} else {
			x, y = x<<(z-zoom), y<<(z-zoom)
		}
		checkSeams(t, around(t, x, y, z, layer), "aoi")
	})
}

// TestWildNeighboursMeet: the same for corners and edges anywhere, in degrees and on a lattice.
func TestWildNeighboursMeet(t *testing.T) {
	const zoom = 12
	r := rand.New(rand.NewPCG(5, 6))
	corner := geo.TileWindow(maptile.New(2_000, 1_500, zoom))
	for range 500 {
		shape := wild(r, float64(corner.X)+r.Float64()*40-20, float64(corner.Y)+r.Float64()*40-20, 30+r.Float64()*400, 3+r.IntN(40))
		layer := Layer{Name: "aoi", Lattice: zoom, Features: []Feature{{Geometry: shape}}}
		if r.IntN(2) == 0 {
			layer.Lattice = 0
			for i, p := range shape[0] {
				shape[0][i] = geo.Unproject(p, zoom)
			}
		}
		lower := r.IntN(3) // a multiple of four of both stays the corner of four tiles
		checkSeams(t, around(t, 2_000>>lower, 1_500>>lower, zoom-lower, layer), "aoi")
	}
}

// wild is a simple polygon round a place.
func wild(r *rand.Rand, x, y, radius float64, corners int) orb.Polygon {
	var ring orb.Ring
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(corners))
		d := radius * (0.3 + 0.7*r.Float64())
		ring = append(ring, orb.Point{x + d*cos, y + d*sin})
	}
	return orb.Polygon{append(ring, ring[0])}
}

// TestTilesKeepGroundAndBorders: four tiles show all of a mask, and along their borders the mask and the ground round it neither
// part nor overlap, though their rings go round opposite ways.
func TestTilesKeepGroundAndBorders(t *testing.T) {
	const zoom, edge = 17, 80
	corner := geo.TileWindow(maptile.New(70_000, 45_000, zoom))
	rapid.Check(t, func(t *rapid.T) {
		m := geo.NewMask(geo.Window{Z: zoom, X: corner.X - 40, Y: corner.Y - 40, W: edge, H: edge})
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range rapid.IntRange(1, 300).Draw(t, "runs") {
			x, y := r.IntN(edge), r.IntN(edge)
			m.SetRun(y, x, min(edge, x+1+r.IntN(20)))
		}
		rest := geo.NewMask(m.Window)
		for y := range edge {
			for x := range edge {
				if !m.At(x, y) {
					rest.Set(x, y)
				}
			}
		}
		shapes := []orb.MultiPolygon{geo.Trace(m), geo.Trace(rest)}
		simplified := rapid.Bool().Draw(t, "simplified")
		if simplified {
			shapes = geo.Simplify(shapes, 1.5)
		}
		lower := rapid.SampledFrom([]int{0, 3}).Draw(t, "zooms lower") // at 3 crossings lie halfway between units
		units := Extent / geo.TileSize >> lower
		tiles := around(t, 70_000>>lower, 45_000>>lower, zoom-lower,
			Layer{Name: "mask", Lattice: zoom, Features: []Feature{{Geometry: shapes[0]}}},
			Layer{Name: "rest", Lattice: zoom, Features: []Feature{{Geometry: shapes[1]}}})
		for k := range 2 {
			checkDivided(t, tiles[k][0], 0, Extent)
			checkDivided(t, tiles[k][1], 0, 0)
			checkDivided(t, tiles[0][k], 1, Extent)
			checkDivided(t, tiles[1][k], 1, 0)
		}
		if simplified {
			return // which moves the mask's border, and rounds the corners of the ground round it
		}
		area := 0.0
		for _, row := range tiles {
			for _, tile := range row {
				if err := geo.Valid(tile["mask"]); err != nil {
					t.Fatal(err)
				}
				for _, p := range tile["mask"] {
					area += planar.Area(geo.Clip(p, orb.Bound{Max: orb.Point{Extent, Extent}}))
				}
			}
		}
		if area != float64(m.Count()*units*units) {
			t.Fatalf("area %g, want that of %d pixels", area, m.Count())
		}
	})
}

// checkDivided says whether mask and rest fill a stretch of a tile's border without a gap and without overlap.
func checkDivided(t interface {
	Helper()
	Fatalf(string, ...any)
}, tile map[string]orb.MultiPolygon, axis int, at float64) {
	t.Helper()
	length := func(spans []span) (sum float64) {
		for _, s := range spans {
			sum += s.to - s.from
		}
		return sum
	}
	mask, rest := borderOf(tile["mask"], axis, at), borderOf(tile["rest"], axis, at)
	both := borderOf(slices.Concat(tile["mask"], tile["rest"]), axis, at)
	if len(both) != 1 || length(both) != length(mask)+length(rest) {
		t.Fatalf("along axis %d at %g: mask %v, rest %v", 1-axis, at, mask, rest)
	}
}

func block(x, y, size float64) orb.Polygon {
	return orb.Polygon{{{x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}, {x, y}}}
}

func TestTileIsVersion2(t *testing.T) {
	tile := maptile.New(3, 5, 4)
	w := geo.TileWindow(tile)
	hole := block(float64(w.X)+20, float64(w.Y)+20, 10)[0]
	shape := append(block(float64(w.X)+10, float64(w.Y)+10, 100), hole)
	aoi := Layer{Name: "aoi", Lattice: 4, Features: []Feature{{Num: MaxNum, Geometry: shape, Properties: []Property{
		{"name", "Here"}, {"score", 0.5}, {"nothing", nil}, {"nan", math.NaN()}, {"list", []string{"a"}}}}}}
	data, err := EncodeMVT(tile, aoi, Labels("aoi_label", aoi), Layer{Name: "empty"})
	if err != nil {
		t.Fatal(err)
	}
	layers, err := mvt.Unmarshal(data)
	if err != nil || len(layers) != 2 {
		t.Fatal(err, layers)
	}
	f := layers[0].Features[0]
	if layers[0].Version != 2 || layers[0].Extent != Extent || f.ID != float64(MaxNum) || f.Properties["name"] != "Here" || f.Properties["list"] != `["a"]` {
		t.Errorf("version %d, extent %d, id %v, %v", layers[0].Version, layers[0].Extent, f.ID, f.Properties)
	}
	if _, ok := f.Properties["nan"]; ok || len(f.Properties) != 3 {
		t.Errorf("properties %v", f.Properties)
	}
	p := f.Geometry.(orb.Polygon)
	// In a tile y points down: a positive area, as the specification computes it, is clockwise on the screen.
	if planar.Area(orb.Polygon{p[0]}) != 1600*1600 || p[0].Orientation() != orb.CCW || p[1].Orientation() != orb.CW {
		t.Errorf("rings %v", p)
	}
	if at := layers[1].Features[0].Geometry.(orb.Point); !planar.PolygonContains(p, at) || layers[1].Features[0].Properties["name"] != "Here" {
		t.Errorf("the label lies at %v", at)
	}
	if data, err := EncodeMVT(maptile.New(0, 0, 4), aoi); err != nil || len(data) != 0 {
		t.Errorf("a tile that shows nothing has %d bytes, %v", len(data), err)
	}
}

func TestFeatureAcrossTheAntimeridian(t *testing.T) {
	for name, layer := range map[string]Layer{
		"degrees": {Name: "aoi", Features: []Feature{{Num: 1, Geometry: orb.Polygon{{{179, 0}, {181, 0}, {181, 1}, {179, 1}, {179, 0}}}}}},
		"lattice": {Name: "aoi", Lattice: 4, Features: []Feature{{Num: 1, Geometry: block(float64(geo.WorldSize(4))-20, 2000, 40)}}},
	} {
		y := uint32(7)
		west, err1 := EncodeMVT(maptile.New(15, y, 4), layer)
		east, err2 := EncodeMVT(maptile.New(0, y, 4), layer)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		a, b := readTile(t, west)["aoi"], readTile(t, east)["aoi"]
		if len(a) == 0 || len(b) == 0 || !slices.Equal(borderOf(a, 0, Extent), borderOf(b, 0, 0)) {
			t.Errorf("%s: %v and %v", name, a, b)
		}
	}
}

func TestTileErrors(t *testing.T) {
	w := geo.TileWindow(maptile.New(3, 5, 4))
	shape := block(float64(w.X)+10, float64(w.Y)+10, 100)
	for name, c := range map[string]struct {
		f    Feature
		want error
	}{
		"a line":       {Feature{ID: "x", Geometry: orb.LineString{{1, 2}, {3, 4}}}, ErrGeometry},
		"a collection": {Feature{ID: "x", Geometry: orb.Collection{shape}}, ErrGeometry},
		"a large id":   {Feature{ID: "x", Num: MaxNum + 1, Geometry: shape}, ErrProperty},
		"a function":   {Feature{ID: "x", Geometry: shape, Properties: []Property{{"f", func() {}}}}, ErrProperty},
		"a NaN":        {Feature{ID: "x", Geometry: orb.Polygon{{{math.NaN(), 1}, {2, 3}, {4, 5}, {math.NaN(), 1}}}}, nil},
		"no geometry":  {Feature{ID: "x"}, nil},
	} {
		_, err := EncodeMVT(maptile.New(3, 5, 4), Layer{Name: "aoi", Lattice: 4, Features: []Feature{c.f}})
		var typed *Error
		if c.want == nil && err != nil || c.want != nil && (!errors.Is(err, c.want) || !errors.As(err, &typed)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzEncodeMVT(f *testing.F) {
	f.Add(1.0, 2.0, 30.0, 40.0, 5.0, 60.0, uint8(3))
	f.Add(math.Inf(1), math.NaN(), -1e300, 1e300, 0.0, 0.0, uint8(30))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g float64, z uint8) {
		z %= 23
		tile := maptile.At(orb.Point{math.Mod(a, 180), math.Mod(b, 80)}, maptile.Zoom(z))
		if !tile.Valid() {
			return
		}
		shape := orb.Polygon{{{a, b}, {c, d}, {e, g}, {a, b}}}
		for _, lattice := range []int{0, 17} {
			data, err := EncodeMVT(tile, Layer{Name: "l", Lattice: lattice, Features: []Feature{{Num: 1, Geometry: shape}}})
			if err == nil && len(data) > 0 {
				readTile(t, data)
			}
		}
	})
}

// outlines are n blobs over a tile.
func outlines(n int) (maptile.Tile, Layer) {
	tile := maptile.New(70_000, 45_000, 17)
	w := geo.TileWindow(tile)
	l := Layer{Name: "aoi", Lattice: 17}
	for i := range n {
		m := geo.NewMask(geo.Window{Z: 17, X: w.X + i*37%240, Y: w.Y + i*53%240, W: 24, H: 24})
		for y := range 24 {
			half := int(math.Sqrt(float64(144 - (y-12)*(y-12))))
			m.SetRun(y, 12-half, 12+half)
		}
		l.Features = append(l.Features, Feature{Num: uint64(i + 1), Geometry: geo.Trace(m), Properties: []Property{{"name", "place " + strconv.Itoa(i)}, {"score", 0.5}}})
	}
	return tile, l
}

func BenchmarkEncodeMVT(b *testing.B) {
	tile, l := outlines(200)
	for b.Loop() {
		if _, err := EncodeMVT(tile, l, Labels("aoi_label", l)); err != nil {
			b.Fatal(err)
		}
	}
}
