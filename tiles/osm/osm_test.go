package osm

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/osm"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, o Options) *Source {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// delaware is a real extract, with 7 MB, which comes with the library that reads it.
func delaware(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/paulmach/osm").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "testdata", "delaware-latest.osm.pbf")
}

var wilmington = orb.Point{-75.5466, 39.7459}

func TestRealExtract(t *testing.T) {
	start := time.Now()
	s := open(t, Options{Path: delaware(t), Name: "plan"})
	t.Logf("read in %v: %d features, %d labels", time.Since(start), len(s.data.(memory).features), len(s.data.(memory).labels))
	i := s.Info()
	if i.Attribution != Attribution || !i.Bounds.Contains(wilmington) || i.MinZoom > 9 {
		t.Errorf("info %+v", i)
	}
	w := geo.TileWindow(maptile.At(wilmington, 16)).Pad(256)
	labels, err := s.Labels(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]int{}
	for k, l := range labels {
		if !w.Bound().Pad(1e-9).Contains(l.At) {
			t.Errorf("%q lies outside", l.Text)
		}
		if k > 0 && labels[k-1].At[1] < l.At[1] {
			t.Errorf("%q is out of order", l.Text)
		}
		classes[l.Class]++
	}
	if classes["church"] < 2 || classes["parking"] < 5 {
		t.Errorf("Wilmington has churches and car parks: %v", classes)
	}
	for _, z := range []maptile.Zoom{9, 12, 15, 17, 19} {
		if n := colours(t, s, maptile.At(wilmington, z)); n < 20 {
			t.Errorf("zoom %d shows %d colours", z, n)
		}
	}
}

func colours(t *testing.T, s *Source, at maptile.Tile) int {
	t.Helper()
	tile, err := s.Tile(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	img, err := tile.Image()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]uint8]bool{}
	for i := 0; i < len(img.Pix); i += 4 {
		seen[[3]uint8(img.Pix[i:i+3])] = true
	}
	return len(seen)
}

const village = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"building":"yes"},"geometry":{"type":"Polygon","coordinates":[[[8.0000,47.0000],[8.0006,47.0000],[8.0006,47.0004],[8.0000,47.0004],[8.0000,47.0000]]]}},
{"type":"Feature","properties":{"amenity":"school","name":"Dorfschule","name:en":"Village School"},"geometry":{"type":"Polygon","coordinates":[[[8.0010,47.0000],[8.0020,47.0000],[8.0020,47.0010],[8.0010,47.0010],[8.0010,47.0000]]]}},
{"type":"Feature","properties":{"building":"school","name":"Altbau"},"geometry":{"type":"Polygon","coordinates":[[[8.0012,47.0002],[8.0016,47.0002],[8.0016,47.0006],[8.0012,47.0006],[8.0012,47.0002]]]}},
{"type":"Feature","properties":{"highway":"residential","name":"Hauptstrasse"},"geometry":{"type":"LineString","coordinates":[[7.999,47.0012],[8.004,47.0012]]}},
{"type":"Feature","properties":{"tags":{"amenity":"pharmacy","name":"Apotheke"}},"geometry":{"type":"Point","coordinates":[8.0025,47.0005]}},
{"type":"Feature","properties":{"name":"Reformed","other_tags":"\"amenity\"=>\"place_of_worship\",\"religion\"=>\"christian\""},"geometry":{"type":"Point","coordinates":[8.0028,47.0002]}},
{"type":"Feature","properties":{"building":"house"},"geometry":{"type":"Point","coordinates":[8.0029,47.0002]}},
{"type":"Feature","properties":{"highway":"crossing","name":"not a place"},"geometry":{"type":"Point","coordinates":[8.0029,47.0003]}}]}`

func TestLabelsOfGeoJSON(t *testing.T) {
	s := open(t, Options{Path: write(t, "v.geojson", village), Lang: "en"})
	labels, err := s.Labels(t.Context(), geo.BoundWindow(s.Info().Bounds, 18).Pad(5))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range labels {
		got = append(got, l.Text+"/"+l.Class)
	}
	if want := "Village School/school Apotheke/pharmacy Altbau/school Reformed/church"; strings.Join(got, " ") != want {
		t.Errorf("labels %q, want %q", got, want)
	}
}

// TestBasicNeverShowsPlaces: the map that a model looks at must not give the answer away.
func TestBasicNeverShowsPlaces(t *testing.T) {
	at := maptile.At(orb.Point{8.0015, 47.0005}, 18)
	without := strings.Replace(village, `"geometry":{"type":"Polygon","coordinates":[[[8.0010`, `"geometry":{"type":"Point","coordinates":[8.0015,47.0005]},"old":{"coordinates":[[[8.0010`, 1)
	draw := func(style, data string) []byte {
		s := open(t, Options{Path: write(t, "v.geojson", data), Style: style})
		img, err := s.draw(t.Context(), geo.TileWindow(at), 1)
		if err != nil {
			t.Fatal(err)
		}
		return img.Pix
	}
	for _, style := range []string{"basic", "basic-b"} {
		if !bytes.Equal(draw(style, village), draw(style, without)) {
			t.Errorf("%s draws the school's ground", style)
		}
	}
	if bytes.Equal(draw("full", village), draw("full", without)) {
		t.Error("full does not draw the school's ground")
	}
}

func TestTags(t *testing.T) {
	for _, c := range []struct {
		tags  tags
		kind  carto.Kind
		class string
		ok    bool
	}{
		{tags{"building": "yes"}, carto.Building, "", true},
		{tags{"building": "house"}, carto.Building, "", true},
		{tags{"building": "apartments", "name": "Tower One"}, carto.Building, "apartments", true},
		{tags{"building": "yes", "amenity": "hospital"}, carto.Building, "hospital", true},
		{tags{"building": "yes", "name": "Some House"}, carto.Building, "building", true},
		{tags{"building": "no", "leisure": "park"}, carto.Ground, "park", true},
		{tags{"natural": "water"}, carto.Water, "", true},
		{tags{"landuse": "residential"}, carto.Land, "residential", true},
		{tags{"landuse": "forest"}, carto.Green, "wood", true},
		{tags{"highway": "pedestrian", "area": "yes"}, carto.Road, "", true},
		{tags{"boundary": "administrative"}, 0, "", false},
	} {
		if kind, class, ok := c.tags.area(); kind != c.kind || class != c.class || ok != c.ok {
			t.Errorf("%v: %v %q %v", c.tags, kind, class, ok)
		}
	}
	for class, shown := range map[string]bool{"primary": true, "construction": false, "": false} {
		if _, _, ok := (tags{"highway": class}).line(); ok != shown {
			t.Errorf("highway %q is drawn: %v", class, ok)
		}
	}
}

func TestJoinWays(t *testing.T) {
	rings := join([][]osm.NodeID{{1, 2, 3}, {5, 4, 3}, {5, 1}, {10, 11, 12, 10}, {20, 21}})
	if len(rings) != 2 || len(rings[1]) != 6 || len(rings[0]) != 4 {
		t.Errorf("rings %v", rings)
	}
	square := func(x, y, s float64) orb.Ring {
		return orb.Ring{{x, y}, {x + s, y}, {x + s, y + s}, {x, y + s}, {x, y}}
	}
	mp := polygonsOf([]orb.Ring{square(0, 0, 10), square(2, 2, 5)}, []orb.Ring{square(3, 3, 1), square(8, 8, 1), square(20, 20, 1)})
	if len(mp) != 2 || len(mp[0]) != 2 || len(mp[1]) != 2 {
		t.Errorf("polygons %v", mp)
	}
}

func TestLabelsAcrossTheAntimeridian(t *testing.T) {
	const data = `{"type":"FeatureCollection","features":[
		{"type":"Feature","properties":{"name":"East","amenity":"school"},"geometry":{"type":"Point","coordinates":[-179.9995,-16.5]}},
		{"type":"Feature","properties":{"name":"West","amenity":"school"},"geometry":{"type":"Point","coordinates":[179.9995,-16.5]}}]}`
	s := open(t, Options{Path: write(t, "fiji.geojson", data)})
	w := geo.BoundWindow(orb.Bound{Min: orb.Point{179.999, -16.51}, Max: orb.Point{-179.999, -16.49}}, 17)
	labels, err := s.Labels(t.Context(), w)
	if err != nil || len(labels) != 2 || labels[0].Text != "West" || labels[1].At[0] < 180 {
		t.Errorf("labels %v, %v: want West, and East past 180°", labels, err)
	}
}

func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ file, content, says string }{
		"missing":        {"", "", "no such file"},
		"unknown ending": {"map.shp", "x", ".shp"},
		"no JSON":        {"map.geojson", "<html>", "not usable GeoJSON"},
		"nothing in it":  {"map.geojson", `{"type":"FeatureCollection","features":[]}`, "nothing that a map would show"},
		"no PBF":         {"map.osm.pbf", "these are no blocks at all, whatever they are", "no .osm.pbf"},
		"no archive":     {"map.pmtiles", "these are no tiles", "no PMTiles archive"},
		"no SQLite":      {"map.mbtiles", "this is no data base, though it is long enough to look like one ....", "no MBTiles"},
	} {
		path := filepath.Join(t.TempDir(), "none.osm.pbf")
		if c.file != "" {
			path = write(t, c.file, c.content)
		}
		_, err := Open(t.Context(), Options{Path: path})
		if !errors.Is(err, tiles.ErrConfig) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if _, err := Open(t.Context(), Options{Path: write(t, "v.geojson", village), Style: "fancy"}); !errors.Is(err, tiles.ErrConfig) {
		t.Errorf("style fancy: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(cancelled, Options{Path: delaware(t)}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestBeyondTheDataThereIsNoTile(t *testing.T) {
	s := open(t, Options{Path: write(t, "v.geojson", village)})
	if _, err := s.Tile(t.Context(), maptile.At(orb.Point{100, 10}, 15)); !errors.Is(err, tiles.ErrNotFound) {
		t.Error(err)
	}
}

func BenchmarkRealTile(b *testing.B) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/paulmach/osm").Output()
	if err != nil {
		b.Fatal(err)
	}
	s, err := Open(b.Context(), Options{Path: filepath.Join(strings.TrimSpace(string(out)), "testdata", "delaware-latest.osm.pbf")})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Tile(b.Context(), maptile.At(wilmington, 16)); err != nil {
			b.Fatal(err)
		}
	}
}
