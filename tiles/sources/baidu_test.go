package sources

import (
	"errors"
	"image"
	"image/color"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// wave goes up and down by 8 a pixel.
func wave(v float64) float64 {
	const period = 62.5
	return 250 * math.Abs(2*(v/period-math.Floor(v/period+0.5)))
}

// baiduTile paints a tile of Baidu's grid by its ground: red and green tell the column and row of the lattice's pixel at a zoom.
func baiduTile(x, y, z, lattice int) *image.RGBA {
	const step = 8 // the datum's inverse is dear
	var at [geo.TileSize/step + 1][geo.TileSize/step + 1]orb.Point
	res := math.Ldexp(1, 18-z)
	for j := range at {
		for i := range at[j] {
			metres := orb.Point{float64(256*x+step*i) * res, float64(256*(y+1)-step*j) * res}
			at[j][i] = geo.Project(geo.BD09.ToWGS84(geo.UnprojectBaidu(metres)), lattice)
		}
	}
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for py := range 256 {
		for px := range 256 {
			i, j := px/step, py/step
			u, v := (float64(px%step)+0.5)/step, (float64(py%step)+0.5)/step
			var p orb.Point
			for k := range p {
				p[k] = (at[j][i][k]*(1-u)+at[j][i+1][k]*u)*(1-v) + (at[j+1][i][k]*(1-u)+at[j+1][i+1][k]*u)*v
			}
			img.SetRGBA(px, py, color.RGBA{uint8(wave(p[0]) + 0.5), uint8(wave(p[1]) + 0.5), 0, 255})
		}
	}
	return img
}

// baiduServer has the tiles of zooms up to 18 that missing does not name, and counts what it is asked.
func baiduServer(t *testing.T, lattice int, missing func(x, y, z int) bool) (string, *atomic.Int32) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var n [3]int
		for i, name := range []string{"x", "y", "z"} {
			n[i], _ = strconv.Atoi(r.URL.Query().Get(name))
		}
		if n[2] > 18 || missing != nil && missing(n[0], n[1], n[2]) {
			http.NotFound(w, r)
			return
		}
		data, err := tiles.Encode(baiduTile(n[0], n[1], n[2], lattice), tiles.PNG)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Cache-Control", "max-age=600")
		_, _ = w.Write(data)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/tile?x={x}&y={y}&z={z}", &asked
}

func openBaiduTest(t *testing.T, url string) *baidu {
	t.Helper()
	src, err := Open(t.Context(), Config{Name: "baidu", Kind: "xyz", Grid: "baidu", Datum: "bd09", URL: url, MaxZoom: 18, Attribution: "© them"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.(*baidu).Close() })
	return src.(*baidu)
}

// TestBaiduGrid: a window across several tiles lies where it lies in WGS-84, to a fifth of a pixel.
func TestBaiduGrid(t *testing.T) {
	for name, c := range map[string]struct {
		at   orb.Point
		zoom int
	}{
		"Beijing": {orb.Point{116.397, 39.909}, 17}, "Shanghai": {orb.Point{121.49, 31.24}, 16}, "Haikou": {orb.Point{110.33, 20.03}, 17},
		"a border of bands": {orb.Point{113, 30.0}, 17}, "Mohe": {orb.Point{122.5, 53.4}, 14}, "Urumqi": {orb.Point{87.6, 43.8}, 11},
	} {
		t.Run(name, func(t *testing.T) {
			url, asked := baiduServer(t, c.zoom, nil)
			src := openBaiduTest(t, url)
			if i := src.Info(); i.MaxZoom != 17 || i.MinZoom != 2 || i.Datum != geo.WGS84 || i.TileSize != 256 || i.Attribution != "© them" {
				t.Errorf("%+v", i)
			}
			p := geo.Project(c.at, c.zoom)
			w := geo.Window{Z: c.zoom, X: int(p[0]) - 150, Y: int(p[1]) - 150, W: 300, H: 300}
			img, holes, err := tiles.Picture(t.Context(), src, w)
			if err != nil || len(holes) > 0 {
				t.Fatal(holes, err)
			}
			worst, sum, n := 0.0, 0.0, 0
			for y := range w.H {
				for x := range w.W {
					pix := img.RGBAAt(x, y)
					for k, got := range []uint8{pix.R, pix.G} {
						want := wave([]float64{float64(w.X+x) + 0.5, float64(w.Y+y) + 0.5}[k])
						if want < 16 || want > 234 {
							continue // the wave's tips are blunt
						}
						off := math.Abs(float64(got)-want) / 8 // pixels
						worst, sum, n = max(worst, off), sum+off, n+1
					}
				}
			}
			t.Logf("off by %.2f pixels at most, %.2f in the mean; %d requests", worst, sum/float64(n), asked.Load())
			if worst > 0.5 || sum/float64(n) > 0.2 {
				t.Errorf("off by %.2f pixels at most, %.2f in the mean", worst, sum/float64(n))
			}
			tiles := 0
			for range w.Tiles() {
				tiles++
			}
			if n := int(asked.Load()); n > 4*tiles {
				t.Errorf("%d requests for %d tiles: some are asked for twice", n, tiles)
			}
		})
	}
}

// TestBaiduMisses: ground without tiles is marked where its neighbour has some, and missing where none has; nothing outside of China's quarter
// is asked for.
func TestBaiduMisses(t *testing.T) {
	at := maptile.At(orb.Point{116.397, 39.909}, 17)
	_, box := baiduPlaces(geo.TileWindow(at), 18)
	url, _ := baiduServer(t, 17, func(x, y, _ int) bool { return x == box.Min.X })
	src := openBaiduTest(t, url)
	tile, err := src.Tile(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	img, err := tile.Image()
	if err != nil {
		t.Fatal(err)
	}
	if img.RGBAAt(0, 100) != tiles.HoleColor || img.RGBAAt(255, 100) == tiles.HoleColor || tile.Expires().IsZero() {
		t.Errorf("%v, %v, until %v", img.RGBAAt(0, 100), img.RGBAAt(255, 100), tile.Expires())
	}
	url, asked := baiduServer(t, 17, func(int, int, int) bool { return true })
	src = openBaiduTest(t, url)
	var e *tiles.Error
	if _, err := src.Tile(t.Context(), at); !errors.Is(err, tiles.ErrNotFound) || !errors.As(err, &e) || e.Until.IsZero() || !strings.Contains(err.Error(), "baidu 17/") {
		t.Errorf("nothing there: %v", err)
	}
	before := asked.Load()
	for _, wrong := range []orb.Point{{-70, 40}, {110, -30}, {10, 50}} {
		if _, err := src.Tile(t.Context(), maptile.At(wrong, 15)); !errors.Is(err, tiles.ErrNotFound) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if asked.Load() > before {
		t.Error("it was asked for what lies elsewhere")
	}
	for _, c := range []Config{{URL: "http://h/{q}"}, {URL: "http://h/{x}/{-y}/{z}"}, {URL: url, Datum: "gcj02"}, {URL: url, TileSize: 512}} {
		c.Name, c.Kind, c.Grid = "a", "xyz", "baidu"
		if _, err := Open(t.Context(), c); !errors.Is(err, tiles.ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := Open(t.Context(), Config{Name: "a", Kind: "dir", Path: t.TempDir(), Grid: "baidu"}); !errors.Is(err, tiles.ErrConfig) {
		t.Error(err)
	}
}
