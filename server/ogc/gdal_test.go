package ogc_test

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/server/ogc"
)

// program runs a program of GDAL's or libxml2's, or skips the test where it is not installed.
func program(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "GDAL_HTTP_PROXY=", "http_proxy=", "NO_PROXY=127.0.0.1", "GDAL_ENABLE_WMS_CACHE=NO", "GDAL_DEFAULT_WMS_CACHE_PATH="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// serve puts a world on a port, with tiles whose colour tells their address.
func serve(t *testing.T) (*world, string) {
	t.Helper()
	var w *world
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	paint := func(rw http.ResponseWriter, z, x, y uint8) {
		img := image.NewNRGBA(image.Rect(0, 0, 256, 256))
		for i := range 256 * 256 {
			img.SetNRGBA(i%256, i/256, color.NRGBA{z * 10, x * 10, y * 10, 255})
		}
		_ = png.Encode(rw, img)
	}
	w = newWorld(t, func(o *ogc.Options) {
		o.PublicURL = server.URL
		o.Picture = func(rw http.ResponseWriter, _ *http.Request, _, _ string, t maptile.Tile) {
			paint(rw, uint8(t.Z), uint8(t.X), uint8(t.Y))
		}
	})
	mux.Handle("/", w.handler)
	mux.HandleFunc("/keys.xml", func(rw http.ResponseWriter, _ *http.Request) { // capabilities as of a service without templates
		_, _ = rw.Write(regexp.MustCompile(`<ResourceURL[^>]*></ResourceURL>`).ReplaceAll(w.get("/wmts").body, nil))
	})
	mux.HandleFunc("/tiles/{layer}/{z}/{x}/{file}", func(rw http.ResponseWriter, r *http.Request) {
		var z, x, y uint8
		fmt.Sscan(r.PathValue("z"), &z)
		fmt.Sscan(r.PathValue("x"), &x)
		fmt.Sscan(strings.TrimSuffix(r.PathValue("file"), ".png"), &y)
		paint(rw, z, x, y)
	})
	return w, server.URL
}

func wants(t *testing.T, got string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestGDALReadsFeatures(t *testing.T) {
	w, base := serve(t)
	out := program(t, "ogrinfo", "-ro", "-so", "OAPIF:"+base+"/ogc", w.schools)
	wants(t, out, "Feature Count: 301", "Geometry: Multi Polygon", "name: String", "score: Real", "updated: DateTime", `ID["EPSG",4326]`)
	out = program(t, "ogrinfo", "-ro", "-al", "-geom=NO", "-oo", "PAGE_SIZE=7", "OAPIF:"+base+"/ogc", w.schools)
	if n := strings.Count(out, "OGRFeature("); n != 301 {
		t.Errorf("%d features by pages of 7, want 301", n)
	}
	b := "85.521 27.628 85.523 27.629"
	out = program(t, "ogrinfo", append([]string{"-ro", "-al", "-so", "-spat"}, append(strings.Fields(b), "OAPIF:"+base+"/ogc", w.schools)...)...)
	wants(t, out, fmt.Sprintf("Feature Count: %d", w.count("bbox=85.521,27.628,85.523,27.629")))
	file := filepath.Join(t.TempDir(), "all.geojson")
	program(t, "ogr2ogr", "-f", "GeoJSON", "-where", "class = 'college'", file, "OAPIF:"+base+"/ogc", w.schools)
	data, _ := os.ReadFile(file)
	if n := strings.Count(string(data), `"type": "Feature",`); n != 100 {
		t.Errorf("%d colleges, want 100", n)
	}
}

func (w *world) count(query string) int {
	w.t.Helper()
	d, err := w.itemsOf(query)
	if err != nil {
		w.t.Fatal(err)
	}
	return int(d["numberMatched"].(float64))
}

func TestGDALReadsWMTS(t *testing.T) {
	_, base := serve(t)
	capabilities := base + "/wmts/1.0.0/WMTSCapabilities.xml"
	out := program(t, "gdalinfo", "WMTS:"+capabilities+",layer=satellite,zoom_level=5")
	wants(t, out, "Driver: WMTS/", "Size is 8192, 8192", `ID["EPSG",3857]`, "Origin = (-20037508.342789", "Pixel Size = (4891.96981025")
	out = program(t, "gdalinfo", "WMTS:"+capabilities+",layer=retina,zoom_level=17")
	wants(t, out, "Pixel Size = (0.5971642834")
	// The tile 5/22/13 by its middle: x = (22.5/16-1)·πR, y = (1-13.5/16)·πR.
	for _, from := range []string{capabilities, base + "/keys.xml"} {
		out = program(t, "gdallocationinfo", "-valonly", "-geoloc", "WMTS:"+from+",layer=satellite,zoom_level=5", "8140237.76", "3130860.68")
		if got := strings.Fields(out); len(got) < 3 || got[0] != "50" || got[1] != "220" || got[2] != "130" {
			t.Errorf("%s: pixel %v, want 50 220 130", from, got)
		}
	}
}

func TestGDALReadsTiles(t *testing.T) {
	w := newWorld(t)
	at := maptile.At(orb.Point{85.523, 27.628}, 15)
	r := w.get(fmt.Sprintf("/ogc/collections/%s/tiles/WebMercatorQuad/%d/%d/%d", w.schools, at.Z, at.Y, at.X))
	file := filepath.Join(t.TempDir(), "tile.mvt")
	if err := os.WriteFile(file, r.body, 0o600); err != nil {
		t.Fatal(err)
	}
	out := program(t, "ogrinfo", "-ro", "-al", "-so", "-oo", fmt.Sprint("X=", at.X), "-oo", fmt.Sprint("Y=", at.Y), "-oo", fmt.Sprint("Z=", at.Z), "MVT:"+file)
	wants(t, out, "Layer name: aoi", `ID["EPSG",3857]`, "Extent: (952")
}

func TestXMLIsWellFormed(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "capabilities.xml")
	if err := os.WriteFile(file, w.get("/wmts/1.0.0/WMTSCapabilities.xml").body, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := program(t, "xmllint", "--noout", "--nonet", file); out != "" {
		t.Error(out)
	}
}
