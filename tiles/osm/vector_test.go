package osm

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
)

// vectorFile writes layers of GeoJSON, cut into tiles of one zoom as a tile cutter does, to an MBTiles file.
func vectorFile(t *testing.T, zoom maptile.Zoom, around orb.Point, layers map[string]*geojson.FeatureCollection) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v.mbtiles")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(q string, args ...any) {
		if _, err := db.Exec(q, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE metadata (name TEXT, value TEXT)")
	exec("CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)")
	exec("INSERT INTO metadata VALUES ('format','pbf'),('attribution','© OpenStreetMap contributors, cut by a test')")
	middle := maptile.At(around, zoom)
	for dy := range 3 {
		for dx := range 3 {
			at := maptile.New(middle.X+uint32(dx)-1, middle.Y+uint32(dy)-1, zoom)
			copied := map[string]*geojson.FeatureCollection{}
			for name, fc := range layers {
				copied[name] = geojson.NewFeatureCollection()
				for _, f := range fc.Features {
					g := geojson.NewFeature(orb.Clone(f.Geometry))
					g.Properties = f.Properties
					copied[name].Append(g)
				}
			}
			l := mvt.NewLayers(copied)
			l.ProjectToTile(at)
			l.Clip(mvt.MapboxGLDefaultExtentBound)
			data, err := mvt.MarshalGzipped(l)
			if err != nil {
				t.Fatal(err)
			}
			exec("INSERT INTO tiles VALUES (?,?,?,?)", int(at.Z), int(at.X), 1<<at.Z-1-int(at.Y), data)
		}
	}
	return path
}

func TestVectorTilesLookLikeTheirData(t *testing.T) {
	fc, err := geojson.UnmarshalFeatureCollection([]byte(village))
	if err != nil {
		t.Fatal(err)
	}
	layers := map[string]*geojson.FeatureCollection{}
	for _, f := range fc.Features[:4] {
		name, props := "building", geojson.Properties{}
		if class, ok := f.Properties["highway"]; ok && class == "residential" {
			name, props = "transportation", geojson.Properties{"class": "minor"}
		}
		if f.Properties["amenity"] == "school" {
			f.Geometry, name, props = orb.Point{8.0015, 47.0005}, "poi", geojson.Properties{"class": "school", "subclass": "school", "name": "Dorfschule"}
		}
		if f.Properties["building"] == "school" {
			continue
		}
		if layers[name] == nil {
			layers[name] = geojson.NewFeatureCollection()
		}
		made := geojson.NewFeature(f.Geometry)
		made.Properties = props
		layers[name].Append(made)
	}
	const zoom = 15
	v := open(t, Options{Path: vectorFile(t, zoom, orb.Point{8.0015, 47.0005}, layers)})
	if v.Info().Attribution != "© OpenStreetMap contributors, cut by a test" {
		t.Error(v.Info().Attribution)
	}
	m := open(t, Options{Path: write(t, "v.geojson", `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"building":"yes"},"geometry":{"type":"Polygon","coordinates":[[[8.0000,47.0000],[8.0006,47.0000],[8.0006,47.0004],[8.0000,47.0004],[8.0000,47.0000]]]}},
{"type":"Feature","properties":{"amenity":"school","name":"Dorfschule"},"geometry":{"type":"Point","coordinates":[8.0015,47.0005]}},
{"type":"Feature","properties":{"highway":"residential"},"geometry":{"type":"LineString","coordinates":[[7.999,47.0012],[8.004,47.0012]]}}]}`)})
	for _, z := range []maptile.Zoom{15, 17, 18} { // at its own zoom and enlarged
		w := geo.TileWindow(maptile.At(orb.Point{8.0008, 47.0005}, z))
		labels, err := v.Labels(t.Context(), w.Pad(512))
		if err != nil || len(labels) != 1 || labels[0].Text != "Dorfschule" || labels[0].Class != "school" {
			t.Fatalf("labels %v, %v", labels, err)
		}
		got, err := v.draw(t.Context(), w, 1)
		if err != nil {
			t.Fatal(err)
		}
		want, err := m.draw(t.Context(), w, 1)
		if err != nil {
			t.Fatal(err)
		}
		differ := 0
		for i := 0; i < len(got.Pix); i += 4 {
			for c := range 3 {
				if d := int(got.Pix[i+c]) - int(want.Pix[i+c]); d > 40 || d < -40 {
					differ++
					break
				}
			}
		}
		if share := float64(differ) / float64(len(got.Pix)/4); share > 0.01 {
			t.Errorf("zoom %d: %.1f%% of the pixels differ from the data's own", z, 100*share)
		}
	}
}

func TestSchemas(t *testing.T) {
	for _, c := range []struct {
		layer string
		in    geojson.Properties
		key   string
		want  string
	}{
		{"transportation", geojson.Properties{"class": "primary"}, "highway", "primary"},
		{"transportation", geojson.Properties{"class": "path", "subclass": "steps"}, "highway", "steps"},
		{"transportation", geojson.Properties{"class": "rail"}, "railway", "rail"},
		{"streets", geojson.Properties{"kind": "residential"}, "highway", "residential"},
		{"streets", geojson.Properties{"kind": "tram", "rail": true}, "railway", "tram"},
		{"water_polygons", geojson.Properties{"kind": "lake"}, "natural", "water"},
		{"poi", geojson.Properties{"class": "hospital", "subclass": "clinic", "name": "X"}, "amenity", "clinic"},
		{"poi", geojson.Properties{"class": "shop", "subclass": "bakery"}, "shop", "bakery"},
		{"pois", geojson.Properties{"amenity": "school"}, "amenity", "school"},
		{"landcover", geojson.Properties{"class": "wood"}, "natural", "wood"},
		{"roads", geojson.Properties{"kind": "minor_road", "kind_detail": "service"}, "highway", "service"},
		{"roads", geojson.Properties{"kind": "rail", "kind_detail": "tram"}, "railway", "tram"},
		{"roads", geojson.Properties{"pmap:kind": "other", "highway": "footway"}, "highway", "footway"},
		{"pois", geojson.Properties{"kind": "school", "name": "X"}, "amenity", "school"},
		{"landuse", geojson.Properties{"kind": "school"}, "amenity", "school"},
		{"water", geojson.Properties{"leisure": "swimming_pool"}, "natural", ""},
		{"boundary", geojson.Properties{"name": "Here"}, "name", ""},
	} {
		if got := schemaTags(c.layer, c.in)[c.key]; got != c.want {
			t.Errorf("%s %v: %s=%q, want %q", c.layer, c.in, c.key, got, c.want)
		}
	}
}

// TestPackedBomb: a small file must not fill the memory.
func TestPackedBomb(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 64 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := decode(b.Bytes()); err == nil {
		t.Error("64 MiB were read")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x1a, 0x02, 0x78, 0x02})
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, data []byte) {
		layers, err := decode(data)
		if err != nil {
			return
		}
		indexTile(layers, maptile.New(1, 1, 2), "", true)
	})
}
