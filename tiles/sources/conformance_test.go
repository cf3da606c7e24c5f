package sources

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// conformer is a source with a tile that it has and one of the grid that it has not.
type conformer struct {
	Config
	has, missing maptile.Tile
	red          bool   // all of the tile
	says         string // its own words in the attribution, which the configuration's do not replace
}

// conformers are sources of every kind, some in several ways.
func conformers(t *testing.T) map[string]conformer {
	data := picture(t, red, tiles.PNG)
	vectors := vectorTile(t)
	none := maptile.New(0, 0, 3)
	street := writeStreet(t)
	inStreet, away := maptile.At(orb.Point{8.005, 47.005}, 16), maptile.At(orb.Point{20, 47}, 16)
	inBeijing := maptile.At(orb.Point{116.397, 39.909}, 17)
	inBaidu, _ := baiduServer(t, 17, func(_, _, z int) bool { return z != 18 })
	inTown := maptile.At(orb.Point{-15.1956, -32.994}, 16)
	return map[string]conformer{
		"dir":                 {Config{Path: writeDir(t, data)}, here, none, true, ""},
		"mbtiles":             {Config{Path: writeMBTiles(t, "png", data)}, here, none, true, ""},
		"mbtiles of vectors":  {Config{Path: writeMBTiles(t, "pbf", vectors)}, here, none, false, ""},
		"pmtiles":             {Config{Path: writePMTiles(t, data, 2)}, here, none, true, ""},
		"pmtiles from a url":  {Config{URL: serveFile(t, writePMTiles(t, data, 2))}, here, none, true, ""},
		"pmtiles of vectors":  {Config{Path: writePMTiles(t, vectors, 1)}, here, none, false, ""},
		"xyz":                 {Config{URL: serveTiles(t, data) + "/{z}/{x}/{y}.png"}, here, none, true, ""},
		"xyz of retina":       {Config{URL: serveTiles(t, data) + "/{z}/{x}/{y}{r}.png"}, here, none, true, ""},
		"xyz in Baidu's grid": {Config{URL: inBaidu, Grid: "baidu", MaxZoom: 18}, inBeijing, inBeijing.Parent(), false, ""},
		"wmts":                {Config{URL: wmtsServer(t, true, false, data)}, here, none, true, ""},
		"osm":                 {Config{Path: street}, inStreet, away, false, ""},
		"osm of vectors":      {Config{Path: writePMTiles(t, vectors, 1)}, here, none, false, ""},
		"osm from a url":      {Config{URL: serveFile(t, writePMTiles(t, vectors, 1))}, here, none, false, ""},
		"drawn":               {Config{Path: street, Seed: 1}, inStreet, away, false, "not imagery"},
		"town":                {Config{Layer: "satellite", Seed: 1}, inTown, inTown.Parent().Parent().Parent().Parent().Parent(), false, ""},
		"town as a map":       {Config{Layer: "map", Seed: 1}, inTown, inTown.Parent().Parent().Parent().Parent().Parent(), false, ""},
	}
}

// TestConformance holds all kinds to the same.
func TestConformance(t *testing.T) {
	all := conformers(t)
	for _, kind := range Kinds() {
		if _, ok := all[kind]; !ok {
			t.Errorf("kind %s is not tried", kind)
		}
	}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			c.Kind, _, _ = strings.Cut(name, " ")
			c.Name, c.Attribution, c.Timeout = "layer", "© us", 5*time.Second
			src, err := Open(t.Context(), c.Config)
			if err != nil {
				t.Fatal(err)
			}
			if closer, ok := src.(io.Closer); ok {
				defer closer.Close()
			}
			describes(t, c, src.Info())
			gives(t, c, src)
			refuses(t, c, src)
			serves(t, c, src)
		})
	}
}

// describes: name, attribution, bounds and zooms are there and hold the tile.
func describes(t *testing.T, c conformer, i tiles.Info) {
	t.Helper()
	if i.Name != "layer" || i.TileSize != 256 || !strings.Contains(i.Attribution, "© us") || !strings.Contains(i.Attribution, c.says) {
		t.Errorf("info %+v", i)
	}
	if i.Kind != c.Kind && i.Kind != "osm" {
		t.Errorf("kind %s", i.Kind)
	}
	if int(c.has.Z) < i.MinZoom || int(c.has.Z) > i.MaxZoom || !i.Bounds.Intersects(c.has.Bound()) || !i.Bounds.Contains(i.Center) {
		t.Errorf("zooms %d to %d, bounds %v, centre %v", i.MinZoom, i.MaxZoom, i.Bounds, i.Center)
	}
}

// gives: the tile comes, the same to many at once.
func gives(t *testing.T, c conformer, src tiles.Source) {
	t.Helper()
	first, err := src.Tile(t.Context(), c.has)
	if err != nil {
		t.Fatal(err)
	}
	img, err := first.Image()
	if err != nil || img.Rect.Dx() != 256 || img.Rect.Dy() != 256 || c.red && img.RGBAAt(9, 9) != red {
		t.Fatalf("picture %v, %v", img.Rect, err)
	}
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			tile, err := src.Tile(t.Context(), c.has)
			if err != nil {
				t.Error(err)
				return
			}
			if again, err := tile.Image(); err != nil || !bytes.Equal(again.Pix, img.Pix) {
				t.Errorf("another picture: %v", err)
			}
			if n%4 == 0 {
				if _, err := src.Tile(t.Context(), c.missing); !errors.Is(err, tiles.ErrNotFound) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// refuses: what is missing, outside of the grid, too deep, or asked by somebody who left.
func refuses(t *testing.T, c conformer, src tiles.Source) {
	t.Helper()
	if _, err := src.Tile(t.Context(), c.missing); !errors.Is(err, tiles.ErrNotFound) || !strings.Contains(err.Error(), fmt.Sprintf("%d/%d/%d", c.missing.Z, c.missing.X, c.missing.Y)) {
		t.Errorf("missing tile: %v", err)
	}
	const minus = math.MaxUint32 // what -1 becomes
	beside := c.has
	beside.X += 1 << c.has.Z
	for what, wrong := range map[string]maptile.Tile{
		"a world further east": beside, "column -1": {X: minus, Y: c.has.Y, Z: c.has.Z}, "row -1": {X: c.has.X, Y: minus, Z: c.has.Z},
		"below the last row": {X: c.has.X, Y: 1 << c.has.Z, Z: c.has.Z}, "zoom 30": maptile.At(c.has.Center(), 30), "zoom 200": {Z: 200},
	} {
		if _, err := src.Tile(t.Context(), wrong); !errors.Is(err, tiles.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Tile(gone, c.has); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// serves: over HTTP, TileJSON says where the tiles are and whose, and wrong ones are 404 to whoever asks.
func serves(t *testing.T, c conformer, src tiles.Source) {
	t.Helper()
	memory, err := cache.New(8<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	s := server.New(server.Options{Layers: []tiles.Source{tiles.Cached(src, memory)}, Answers: &server.Answers{Memory: memory}, Metrics: server.NewMetrics()})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	var doc struct {
		TileJSON, Attribution, Scheme string
		Tiles                         []string
		MinZoom, MaxZoom              int
		Bounds                        [4]float64
	}
	if err := json.Unmarshal(get("/tiles/layer.json").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	i := src.Info()
	if doc.TileJSON != "3.0.0" || doc.Scheme != "xyz" || len(doc.Tiles) != 1 || doc.Attribution != i.Attribution || doc.MinZoom != i.MinZoom || doc.MaxZoom != i.MaxZoom || doc.Bounds[0] != i.Bounds.Min[0] || doc.Bounds[3] != i.Bounds.Max[1] {
		t.Errorf("TileJSON %+v of %+v", doc, i)
	}
	at := strings.NewReplacer("{z}", fmt.Sprint(c.has.Z), "{x}", fmt.Sprint(c.has.X), "{y}", fmt.Sprint(c.has.Y), "http://example.com", "").Replace(doc.Tiles[0])
	if w := get(at); w.Code != http.StatusOK || w.Body.Len() == 0 {
		t.Errorf("%s: %d %s", at, w.Code, w.Body)
	}
	for _, wrong := range []string{"3/-1/3", "3/5/-3", "3/9/3", "30/5/3", "24/5/3", fmt.Sprintf("%d/%d/%d", c.missing.Z, c.missing.X, c.missing.Y)} {
		if w := get("/tiles/layer/" + wrong + ".png"); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, w.Code)
		}
	}
}

func writeDir(t *testing.T, data []byte) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "3", "5"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "3", "5", "3.png"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

func writeStreet(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "street.geojson")
	data := `{"type":"Feature","properties":{"highway":"primary","name":"High Street"},"geometry":{"type":"LineString","coordinates":[[8,47],[8.01,47.01]]}}`
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// vectorTile is a street, in the schema of OSM's own tags.
func vectorTile(t *testing.T) []byte {
	t.Helper()
	f := geojson.NewFeature(orb.LineString{{100, 100}, {3000, 2000}})
	f.Properties["highway"] = "primary"
	data, err := mvt.MarshalGzipped(mvt.Layers{{Name: "streets", Version: 2, Extent: 4096, Features: []*geojson.Feature{f}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// serveTiles answers for the tile 3/5/3 alone.
func serveTiles(t *testing.T, data []byte) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/3/5/3.png" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func serveFile(t *testing.T, path string) string {
	s := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	t.Cleanup(s.Close)
	return s.URL + "/" + filepath.Base(path)
}

// TestCityFromElsewhere: a city's vector archive, read by ranges from a server, gives the very picture that the file gives.
func TestCityFromElsewhere(t *testing.T) {
	const path = "../../../shared/data/osm/firenze.pmtiles"
	if _, err := os.Stat(path); err != nil {
		t.Skip("the shared data is not here:", err)
	}
	var pictures [2][]byte
	for i, s := range []string{"osm:" + path, "osm:" + serveFile(t, path)} {
		c, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		src, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		tile, err := src.Tile(t.Context(), maptile.At(orb.Point{11.2558, 43.7696}, 16))
		if err != nil {
			t.Fatal(err)
		}
		if pictures[i], err = tile.Encoded(tiles.PNG); err != nil {
			t.Fatal(err)
		}
		if _, ok := src.(tiles.Labeler); !ok || tiles.VectorsOf(src) == nil || src.Info().Name != "osm" {
			t.Errorf("%+v", src.Info())
		}
		if err := src.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	}
	if !bytes.Equal(pictures[0], pictures[1]) || len(pictures[0]) < 5000 {
		t.Errorf("%d and %d bytes", len(pictures[0]), len(pictures[1]))
	}
	if dir := os.Getenv("PRECINCT_TEST_PICTURES"); dir != "" {
		_ = os.WriteFile(filepath.Join(dir, "city.png"), pictures[1], 0o644)
	}
}
