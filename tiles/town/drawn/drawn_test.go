package drawn_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/drawn"
)

// quarter is a made-up piece of map on the corner of four cells: a school with buildings, houses with a court, a park with a lake,
// a street that crosses it on a bridge, a car park, a coast. Metres east and south of middle.
func quarter(extra ...string) string {
	var f []string
	shape := func(kind, tags string, pts ...[2]float64) string {
		var at []string
		for _, p := range pts {
			at = append(at, fmt.Sprintf("[%.7f,%.7f]", middle[0]+p[0]*1.15e-5, middle[1]-p[1]*0.9e-5))
		}
		c := "[" + strings.Join(at, ",") + "]"
		if kind == "Polygon" {
			c = "[[" + strings.Join(append(at, at[0]), ",") + "]]"
		}
		return fmt.Sprintf(`{"type":"Feature","properties":{%s},"geometry":{"type":"%s","coordinates":%s}}`, tags, kind, c)
	}
	box := func(tags string, x, y, w, h float64) {
		f = append(f, shape("Polygon", tags, [2]float64{x, y}, [2]float64{x + w, y + 3}, [2]float64{x + w - 3, y + h}, [2]float64{x - 3, y + h - 3}))
	}
	box(`"amenity":"school","name":"Hill School"`, -150, -110, 190, 140)
	box(`"building":"school"`, -120, -70, 60, 16)
	box(`"building":"yes","building:levels":"9"`, -10, -30, 40, 30)
	box(`"leisure":"park"`, 60, -150, 160, 200)
	box(`"natural":"water"`, 90, -100, 60, 70)
	box(`"amenity":"parking"`, -150, 60, 90, 60)
	box(`"building":"warehouse"`, -40, 60, 330, 50)
	for k := range 12 {
		box(`"building":"house"`, -200+float64(k)*22, 150, 12, 11)
	}
	f = append(f,
		shape("LineString", `"highway":"secondary","name":"Hill Road"`, [2]float64{-400, 40}, [2]float64{0, 44}, [2]float64{400, 30}),
		shape("LineString", `"highway":"residential"`, [2]float64{0, 44}, [2]float64{10, 300}),
		shape("LineString", `"highway":"primary","bridge":"yes"`, [2]float64{70, -60}, [2]float64{200, -64}),
		shape("LineString", `"highway":"footway"`, [2]float64{60, -150}, [2]float64{200, 30}),
		shape("LineString", `"highway":"track"`, [2]float64{-1500, -1500}, [2]float64{1500, 1500}),
		shape("LineString", `"railway":"rail"`, [2]float64{-400, 230}, [2]float64{400, 240}),
		shape("LineString", `"natural":"coastline"`, [2]float64{-600, 290}, [2]float64{0, 300}, [2]float64{700, 270}))
	return `{"type":"FeatureCollection","features":[` + strings.Join(append(f, extra...), ",") + `]}`
}

// middle is where four cells, and four tiles of zoom 16, meet.
var middle = geo.Unproject(orb.Point{41900 * 512, 25325 * 512}, 17)

func open(t testing.TB, data string) *drawn.Source {
	t.Helper()
	return openAs(t, data, 3, "easy")
}

func openAs(t testing.TB, data string, seed uint64, look string) *drawn.Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), "quarter.geojson")
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := drawn.Open(t.Context(), drawn.Options{Name: "layer", Path: path, Seed: seed, Look: look})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestInfoSaysThatItIsDrawn(t *testing.T) {
	i := open(t, quarter()).Info()
	if i.Name != "layer" || i.Kind != "drawn" || !strings.Contains(i.Attribution, "drawn") || !strings.Contains(i.Attribution, osm.Attribution) {
		t.Errorf("%+v", i)
	}
}

// meet draws a tile at twice its scale, and by sources that have seen nothing else the four tiles that are the same ground: they
// must be the same picture.
func meet(t *testing.T, fresh func() *drawn.Source, at maptile.Tile) {
	t.Helper()
	want := picture(t, fresh(), at, 2)
	for _, child := range at.Children() {
		got := picture(t, fresh(), child, 1)
		differ := 0
		x, y := int(child.X-2*at.X)*256, int(child.Y-2*at.Y)*256
		for dy := range 256 {
			for dx := range 256 {
				if got.RGBAAt(dx, dy) != want.RGBAAt(x+dx, y+dy) {
					differ++
				}
			}
		}
		if differ > 0 {
			t.Errorf("%v of %v: %d pixels differ", child, at, differ)
		}
	}
}

func TestTilesMeet(t *testing.T) {
	for _, z := range []maptile.Zoom{16, 18, 19} {
		at := maptile.At(orb.Point{middle[0] + 1e-7, middle[1] - 1e-7}, z)
		for _, at := range []maptile.Tile{at, maptile.New(at.X-1, at.Y, z), maptile.New(at.X-1, at.Y-1, z)} {
			meet(t, func() *drawn.Source { return open(t, quarter()) }, at)
		}
	}
}

// TestHardTilesMeet is the same in hard looks, of sensors that enlarge and others.
func TestHardTilesMeet(t *testing.T) {
	for seed := range uint64(6) {
		for _, z := range []maptile.Zoom{16, 18} {
			at := maptile.At(orb.Point{middle[0] + 1e-7, middle[1] - 1e-7}, z)
			meet(t, func() *drawn.Source { return openAs(t, quarter(), 40+seed, "hard") }, at)
		}
	}
	easy, hard := open(t, quarter()).Info(), openAs(t, quarter(), 3, "").Info()
	if easy.Version == hard.Version {
		t.Error("two looks share a version")
	}
	if _, err := drawn.Open(t.Context(), drawn.Options{Look: "soft"}); !errors.Is(err, tiles.ErrConfig) {
		t.Errorf("an unknown look: %v", err)
	}
}

func TestCitiesMeet(t *testing.T) {
	for name, c := range cities {
		t.Run(name, func(t *testing.T) {
			for _, at := range []orb.Point{c.at, c.also} {
				meet(t, func() *drawn.Source { return city(t, name) }, maptile.At(at, 16))
			}
			if name == "san-francisco" { // from afar
				meet(t, func() *drawn.Source { return city(t, name) }, maptile.At(c.at, 12))
			}
		})
	}
}

// TestZoomsAgree: a picture made half as large looks like the smaller zoom's.
func TestZoomsAgree(t *testing.T) {
	s := open(t, quarter())
	for _, z := range []maptile.Zoom{15, 16, 17, 18} {
		at := maptile.At(orb.Point{middle[0] - 1e-4, middle[1] + 1e-4}, z)
		far, sum := picture(t, s, at, 1), 0.0
		near := picture(t, s, at, 2)
		for y := range 256 {
			for x := range 256 {
				for k := range 3 {
					v := 0
					for _, o := range [4][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
						v += int(near.Pix[near.PixOffset(2*x+o[0], 2*y+o[1])+k])
					}
					d := float64(v)/4 - float64(far.Pix[far.PixOffset(x, y)+k])
					sum += max(d, -d)
				}
			}
		}
		if mean := sum / (3 * 256 * 256); mean > 7 {
			t.Errorf("zoom %d: %.1f of 255 apart from zoom %d", z, mean, z+1)
		}
	}
}

// TestNothingOfANameIsPainted: names, and places that have no ground to be seen, leave no trace.
func TestNothingOfANameIsPainted(t *testing.T) {
	at := maptile.At(middle, 17)
	plain := picture(t, open(t, quarter()), at, 1)
	renamed := strings.ReplaceAll(quarter(), "Hill School", "Quite another and much longer name")
	renamed = strings.ReplaceAll(renamed, "Hill Road", "Valley Road")
	renamed = strings.Replace(renamed, `"features":[`, fmt.Sprintf(`"features":[
		{"type":"Feature","properties":{"amenity":"pharmacy","name":"P"},"geometry":{"type":"Point","coordinates":[%f,%f]}},
		{"type":"Feature","properties":{"boundary":"administrative","name":"Ward"},"geometry":{"type":"Polygon","coordinates":[[[%f,%f],[%f,%f],[%f,%f],[%f,%f]]]}},
		{"type":"Feature","properties":{"office":"company","name":"Co"},"geometry":{"type":"Polygon","coordinates":[[[%f,%f],[%f,%f],[%f,%f],[%f,%f]]]}},`,
		middle[0]+1e-4, middle[1]+1e-4,
		middle[0], middle[1], middle[0]+1e-3, middle[1], middle[0], middle[1]+1e-3, middle[0], middle[1],
		middle[0], middle[1], middle[0]+1e-3, middle[1], middle[0], middle[1]+1e-3, middle[0], middle[1]), 1)
	got := picture(t, open(t, renamed), at, 1)
	for k := range plain.Pix {
		if plain.Pix[k] != got.Pix[k] {
			t.Fatalf("pixel %d, %d differs", k/4%256, k/1024)
		}
	}
}

func TestSeaAndLand(t *testing.T) {
	s := open(t, quarter())
	at := func(dx, dy float64) (r, g, b uint8) {
		where := orb.Point{middle[0] + dx*1.15e-5, middle[1] - dy*0.9e-5}
		tile := maptile.At(where, 17)
		p := geo.TileWindow(tile).Local(where)
		c := picture(t, s, tile, 1).RGBAAt(int(p[0]), int(p[1]))
		return c.R, c.G, c.B
	}
	for _, p := range [][2]float64{{-100, 330}, {100, -40}} {
		if r, _, b := at(p[0], p[1]); b < r+10 {
			t.Errorf("%v is no water: red %d, blue %d", p, r, b)
		}
	}
	if r, _, b := at(-100, -200); b > r {
		t.Errorf("the meadow is wet: red %d, blue %d", r, b)
	}
}

func TestPlacesAreWhole(t *testing.T) {
	s := open(t, quarter())
	places, err := s.Places(t.Context(), geo.TileWindow(maptile.At(middle, 19)))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		if p.Name == "Hill School" && p.Class == "school" && !p.Cut && len(p.Outline) == 1 {
			return
		}
	}
	t.Errorf("no school among %v", places)
}

func TestTilesThatAreNotThere(t *testing.T) {
	s := open(t, quarter())
	for _, at := range []maptile.Tile{maptile.At(orb.Point{100, 10}, 15), maptile.At(middle, 11), maptile.At(middle, 21)} {
		if _, err := s.Tile(t.Context(), at); !errors.Is(err, tiles.ErrNotFound) {
			t.Errorf("%v: %v", at, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Tile(cancelled, maptile.At(middle, 17)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := drawn.Open(t.Context(), drawn.Options{Path: "none.osm.pbf"}); !errors.Is(err, tiles.ErrConfig) {
		t.Error(err)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := open(t, quarter())
	var all sync.WaitGroup
	for _, at := range maptile.At(middle, 16).Children() {
		all.Go(func() {
			if _, err := s.Tile(t.Context(), at); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func picture(t testing.TB, s *drawn.Source, at maptile.Tile, scale int) *image.RGBA {
	t.Helper()
	tile, err := s.TileAt(t.Context(), at, scale)
	if err != nil {
		t.Fatal(err)
	}
	img, err := tile.Image()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func BenchmarkTile(b *testing.B) {
	for name, c := range cities {
		for _, z := range []maptile.Zoom{13, 15, 16, 17, 18, 19} {
			b.Run(fmt.Sprintf("%s/z%d", name, z), func(b *testing.B) {
				s := city(b, name)
				if _, err := s.Tile(b.Context(), maptile.At(c.at, z)); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := s.Tile(b.Context(), maptile.At(c.at, z)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkGround makes the ground of a tile anew each time: nine cells or so.
func BenchmarkGround(b *testing.B) {
	for name, c := range cities {
		b.Run(name, func(b *testing.B) {
			k := uint32(0)
			for b.Loop() {
				b.StopTimer()
				s := city(b, name)
				b.StartTimer()
				at := maptile.At(c.at, 17)
				at.X, k = at.X+k%8*2-8, k+1
				if _, err := s.Tile(b.Context(), at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
