package sources

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb/maptile"
	"go.uber.org/goleak"

	"github.com/precinct-map/precinct/tiles"
)

var here = maptile.New(5, 3, 3)

func picture(t testing.TB, c color.Color, f tiles.Format) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	data, err := tiles.Encode(img, f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func bigPicture(t testing.TB) []byte {
	t.Helper()
	data, err := tiles.Encode(image.NewRGBA(image.Rect(0, 0, 512, 512)), tiles.PNG)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var red = color.RGBA{255, 0, 0, 255}

func writeMBTiles(t *testing.T, format string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a b#.mbtiles")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{
		"CREATE TABLE metadata (name text, value text)", "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)",
		"INSERT INTO metadata VALUES ('format','" + format + "'),('attribution','© them'),('bounds','45,0,90,40.98')",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("INSERT INTO tiles VALUES (3,5,4,?)", data); err != nil { // row 4 from the south is 3 from the north
		t.Fatal(err)
	}
	return path
}

func TestConfigurationErrors(t *testing.T) {
	empty := t.TempDir()
	for name, tt := range map[string]struct {
		c    Config
		says string
	}{
		"no name":        {Config{Kind: "dir", Path: "."}, "name"},
		"unknown kind":   {Config{Name: "a", Kind: "teapot"}, "teapot"},
		"no such folder": {Config{Name: "a", Kind: "dir", Path: "/nowhere"}, "/nowhere"},
		"empty folder":   {Config{Name: "a", Kind: "dir", Path: empty}, "z/x/y"},
		"not MBTiles":    {Config{Name: "a", Kind: "mbtiles", Path: "sources_test.go"}, "no MBTiles"},
		"broken vectors": {Config{Name: "a", Kind: "mbtiles", Path: writeMBTiles(t, "pbf", []byte("x"))}, "vector tiles"},
		"ftp":            {Config{Name: "a", Kind: "xyz", URL: "ftp://h/{z}/{x}/{y}"}, "http"},
		"no places":      {Config{Name: "a", Kind: "xyz", URL: "http://h/tile"}, "{x}"},
		"unknown place":  {Config{Name: "a", Kind: "xyz", URL: "http://h/{z}/{x}/{y}/{w}"}, "{w}"},
		"secret not set": {Config{Name: "a", Kind: "xyz", URL: "http://h/{z}/{x}/{y}?key=$PRECINCT_NO_SUCH_KEY"}, "PRECINCT_NO_SUCH_KEY"},
		"unknown datum":  {Config{Name: "a", Kind: "xyz", URL: "http://h/{z}/{x}/{y}", Datum: "nad27"}, "nad27"},
		"odd tile size":  {Config{Name: "a", Kind: "xyz", URL: "http://h/{z}/{x}/{y}", TileSize: 300}, "300"},
		"unknown look":   {Config{Name: "a", Kind: "town", Layer: "satellite", Look: "soft"}, `no look "soft": use "hard" or "easy"`},
		"rate in weeks":  {Config{Name: "a", Kind: "xyz", URL: "http://h/{z}/{x}/{y}", Rate: "3/w"}, "3/w"},
	} {
		_, err := Open(context.Background(), tt.c)
		if !errors.Is(err, tiles.ErrConfig) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for s, says := range map[string]string{
		"drawn:https://h.invalid/a.pmtiles": "from a file only", "pmtiles:s3://bucket": "s3://BUCKET/FILE", "osm:teapot://b/a.pmtiles": "-tags clouds",
	} {
		c, err := Parse(s)
		if err != nil || c.URL == "" || c.Path != "" {
			t.Errorf("Parse(%q): %+v, %v", s, c, err)
		}
		if _, err := Open(t.Context(), c); !errors.Is(err, tiles.ErrConfig) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"", "dir", "teapot:x", "dir:", "drawn:", "https://x"} {
		if _, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) is fine", s)
		}
	}
}

// TestDrawn: what is drawn must say so wherever figures may be made of it.
func TestDrawn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "street.geojson")
	data := `{"type":"Feature","properties":{"highway":"primary"},"geometry":{"type":"LineString","coordinates":[[8,47],[8.01,47.01]]}}`
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Parse("drawn:" + path)
	if err != nil || c.Path != path {
		t.Fatal(c, err)
	}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if i := s.Info(); i.Kind != "drawn" || i.Name != "drawn" || !strings.Contains(i.Attribution, "not imagery") || !strings.Contains(i.Attribution, "OpenStreetMap contributors") {
		t.Errorf("%+v", i)
	}
	if err := s.(interface{ Close() error }).Close(); err != nil {
		t.Error(err)
	}
	c.Path = "none.osm.pbf"
	if s, err := Open(t.Context(), c); s != nil || !errors.Is(err, tiles.ErrConfig) {
		t.Errorf("a missing file: %v, %v", s, err)
	}
}

func TestTemplates(t *testing.T) {
	tile := maptile.New(3, 5, 3)
	for text, want := range map[string]string{
		"http://h/{z}/{x}/{y}.png":                       "http://h/3/3/5.png",
		"http://h/{z}/{x}/{-y}.png":                      "http://h/3/3/2.png",
		"http://{s}.h/{z}/{x}/{y}{r}.png":                "http://c.h/3/3/5.png",
		"http://h/{q}.jpg?g=1":                           "http://h/213.jpg?g=1",
		"http://h/{z}/{x/2}/{-y/2}/{x}_{-y}.jpg":         "http://h/3/1/1/3_2.jpg",
		"http://h/?style=7&x={x}&y={y}&z={z}&lang=zh_cn": "http://h/?style=7&x=3&y=5&z=3&lang=zh_cn",
	} {
		tp, err := parseTemplate(text, nil)
		if err != nil || tp.expand(tile) != want {
			t.Errorf("%s: %s, %v; want %s", text, tp.expand(tile), err, want)
		}
	}
}

// hugePNG is a header that promises 60,000×60,000 pixels.
func hugePNG() []byte {
	ihdr := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(ihdr[4:], 60000)
	binary.BigEndian.PutUint32(ihdr[8:], 60000)
	ihdr[12], ihdr[13] = 8, 6
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\r"), ihdr...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(ihdr))
}

// Every way in which an upstream can fail gives an error that names the source, shows no secret, and does not hang.
func TestBadUpstreams(t *testing.T) {
	t.Setenv("PRECINCT_TEST_KEY", "s3cr3t/key")
	whole := picture(t, red, tiles.PNG)
	jpeg := picture(t, red, tiles.JPEG)
	var tries atomic.Int32
	release := make(chan struct{})
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		is     error // nil when the tile should come
		tries  int32
	}{
		"html":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in</html>") }, tiles.ErrPicture, attempts},
		"truncated": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole[:len(whole)/2]) }, tiles.ErrPicture, attempts},
		"huge":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(hugePNG()) }, tiles.ErrPicture, attempts},
		"too many bytes": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(bytes.Clone(whole), make([]byte, tiles.MaxTileBytes)...))
		}, tiles.ErrPicture, attempts},
		"jpeg as tif": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/tiff")
			_, _ = w.Write(jpeg)
		}, nil, 1},
		"empty body": {func(http.ResponseWriter, *http.Request) {}, tiles.ErrNotFound, 1},
		"204":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, tiles.ErrNotFound, 1},
		"403":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, tiles.ErrUpstream, 1},
		"500":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, tiles.ErrUpstream, attempts},
		"429 once": {func(w http.ResponseWriter, _ *http.Request) {
			if tries.Load() == 1 {
				w.WriteHeader(429)
				return
			}
			_, _ = w.Write(whole)
		}, nil, 2},
		"dies half way": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = w.Write(whole[:40])
			panic(http.ErrAbortHandler)
		}, tiles.ErrUpstream, attempts},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.9:1/", http.StatusFound)
		}, tiles.ErrUpstream, 1},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}, tiles.ErrUpstream, attempts},
	} {
		t.Run(name, func(t *testing.T) {
			tries.Store(0)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				tt.answer(w, r)
			}))
			defer server.Close()
			src, err := Open(context.Background(), Config{Name: "sat", Kind: "xyz", URL: server.URL + "/{z}/{x}/{y}.png?key=$PRECINCT_TEST_KEY", Timeout: 400 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			src.(*xyz).backoff = time.Millisecond
			defer src.(*xyz).Close()
			_, err = src.Tile(context.Background(), here)
			if !errors.Is(err, tt.is) || (err == nil) != (tt.is == nil) {
				t.Fatalf("error %v, want %v", err, tt.is)
			}
			if err != nil && (!strings.Contains(err.Error(), "sat 3/5/3") || strings.Contains(err.Error(), "s3cr3t")) {
				t.Errorf("error %q", err)
			}
			if n := tries.Load(); n != tt.tries {
				t.Errorf("%d tries, want %d", n, tt.tries)
			}
		})
	}
	close(release)
}

func TestNobodyListens(t *testing.T) {
	src, err := Open(context.Background(), Config{Name: "sat", Kind: "xyz", URL: "http://127.0.0.1:1/{z}/{x}/{y}.png"})
	if err != nil {
		t.Fatal(err)
	}
	src.(*xyz).backoff = time.Millisecond
	if _, err := src.Tile(context.Background(), here); !errors.Is(err, tiles.ErrUpstream) {
		t.Error(err)
	}
}

func TestDirStaysInside(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.png")
	if err := os.WriteFile(outside, picture(t, red, tiles.PNG), 0o644); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "3", "5"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "3", "5", "1.png"), picture(t, red, tiles.PNG), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "3", "5", "3.png")); err != nil {
		t.Skip(err)
	}
	src, err := Open(context.Background(), Config{Name: "d", Kind: "dir", Path: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer src.(*dir).Close()
	if _, err := src.Tile(context.Background(), here); err == nil {
		t.Error("a link led outside")
	}
}

// TestDirMixesEndings: who makes tiles writes JPEG where the ground is whole and PNG where something is clear.
func TestDirMixesEndings(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "3", "5"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]tiles.Format{"1.png": tiles.PNG, "3.jpg": tiles.JPEG} {
		if err := os.WriteFile(filepath.Join(folder, "3", "5", name), picture(t, red, f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src, err := Open(t.Context(), Config{Name: "d", Kind: "dir", Path: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer src.(*dir).Close()
	for y, want := range map[uint32]tiles.Format{1: tiles.PNG, 3: tiles.JPEG} {
		tile, err := src.Tile(t.Context(), maptile.New(5, y, 3))
		if err != nil || tile.Format() != want {
			t.Errorf("3/5/%d: %v, want %v", y, err, want)
		}
	}
	if _, err := src.Tile(t.Context(), maptile.New(5, 2, 3)); !errors.Is(err, tiles.ErrNotFound) {
		t.Errorf("a tile that is not there: %v", err)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
