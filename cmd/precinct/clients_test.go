//go:build e2e && clients

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
)

// clients starts a demo whose centre was looked at for schools, and gives its address, the collection and the centre.
func clients(t *testing.T) (address, collection string, center [3]float64) {
	t.Helper()
	address = start(t, "demo")
	var layer struct{ Center [3]float64 }
	data, _ := fetch(t, address+"tiles/map.json")
	if err := json.Unmarshal(data, &layer); err != nil {
		t.Fatal(err)
	}
	c := layer.Center
	body := fmt.Sprintf(`{"inputs": {"query": "school", "bbox": [%f, %f, %f, %f]}}`, c[0]-.012, c[1]-.009, c[0]+.012, c[1]+.009)
	r, err := http.Post(address+"ogc/processes/segment/execution", "application/json", strings.NewReader(body))
	if err != nil || r.StatusCode != 201 {
		t.Fatal(err, r.Status)
	}
	r.Body.Close()
	events, err := http.Get(r.Header.Get("Location") + "/events") // ends with the job
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	buf := make([]byte, 1<<16)
	for {
		if _, err := events.Body.Read(buf); err != nil {
			break
		}
	}
	var list struct{ Collections []struct{ ID string } }
	data, _ = fetch(t, address+"ogc/collections")
	if err := json.Unmarshal(data, &list); err != nil || len(list.Collections) != 1 {
		t.Fatalf("%v %s", err, data)
	}
	return address, list.Collections[0].ID, c
}

// TestClients: programs that nobody here wrote read a running server.
func TestClients(t *testing.T) {
	address, collection, center := clients(t)
	t.Run("QGIS", func(t *testing.T) { qgis(t, address, collection, center) })
	t.Run("GDAL", func(t *testing.T) { gdalReads(t, address, collection) })
	t.Run("pages", func(t *testing.T) { pagesElsewhere(t, address, center) })
}

// qgis: headless QGIS loads every kind of layer, and shows pictures pixel for pixel.
func qgis(t *testing.T, address, collection string, c [3]float64) {
	const python = "/usr/bin/python3" // QGIS's modules are the system's
	if out, err := exec.Command(python, "-c", "import qgis.core").CombinedOutput(); err != nil {
		t.Skipf("QGIS is not installed (apt install python3-qgis): %s", out)
	}
	cmd := exec.Command(python, filepath.Join("..", "..", "testdata", "clients", "layers.py"), address, collection, fmt.Sprint(c[0]), fmt.Sprint(c[1]), "17")
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_RUNTIME_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// gdalReads: GDAL's own drivers read the same.
func gdalReads(t *testing.T, address, collection string) {
	if _, err := exec.LookPath("ogrinfo"); err != nil {
		t.Skip("GDAL's programs are not installed (apt install gdal-bin)")
	}
	base := strings.TrimSuffix(address, "/")
	xml := filepath.Join(t.TempDir(), "map.xml")
	if err := os.WriteFile(xml, []byte(`<GDAL_WMS><Service name="TMS"><ServerUrl>`+base+`/tiles/map/${z}/${x}/${y}.png</ServerUrl></Service>
<DataWindow><UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY><LowerRightX>20037508.34</LowerRightX><LowerRightY>-20037508.34</LowerRightY>
<TileLevel>18</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow><Projection>EPSG:3857</Projection>
<BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>4</BandsCount></GDAL_WMS>`), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"OAPIF":   {[]string{"ogrinfo", "-ro", "-al", "-so", "OAPIF:" + base + "/ogc", collection}, "Feature Count: "},
		"MVT":     {[]string{"ogrinfo", "-ro", "-al", "-so", "MVT:" + base + tileWithSchool(t, address)}, "Layer name: aoi"},
		"GeoJSON": {[]string{"ogrinfo", "-ro", "-al", "-so", base + "/aoi/school.geojson"}, "Feature Count: "},
		"WMTS":    {[]string{"gdalinfo", "WMTS:" + base + "/wmts/1.0.0/WMTSCapabilities.xml,layer=map"}, "Driver: WMTS"},
		"WMS-XML": {[]string{"gdalinfo", xml}, "Driver: WMS"},
	} {
		out, err := exec.Command(tt.args[0], tt.args[1:]...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), tt.says) || strings.Contains(string(out), "Feature Count: 0") {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

// tileWithSchool is the path of a tile that an outline reaches.
func tileWithSchool(t *testing.T, address string) string {
	t.Helper()
	var found struct {
		Features []struct {
			Geometry struct{ Coordinates [][][][2]float64 }
		}
	}
	data, _ := fetch(t, address+"aoi/school.geojson")
	if err := json.Unmarshal(data, &found); err != nil || len(found.Features) == 0 {
		t.Fatalf("%v %.200s", err, data)
	}
	p := found.Features[0].Geometry.Coordinates[0][0][0]
	at := maptile.At(orb.Point{p[0], p[1]}, 17)
	return fmt.Sprintf("/aoi/school/17/%d/%d.mvt", at.X, at.Y)
}

// pagesElsewhere: ten lines of Leaflet and of MapLibre GL, served from another origin, show each layer in a browser.
func pagesElsewhere(t *testing.T, address string, c [3]float64) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	pages := filepath.Join("..", "..", "testdata", "clients")
	lib := filepath.Join(pages, "node_modules")
	mux := http.NewServeMux()
	mux.Handle("/lib/", http.StripPrefix("/lib/", http.FileServer(http.Dir(lib))))
	mux.HandleFunc("/{page}", func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(filepath.Join(pages, r.PathValue("page")))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, strings.NewReplacer("ADDRESS", strings.TrimSuffix(address, "/"), "LON", fmt.Sprint(c[0]), "LAT", fmt.Sprint(c[1])).Replace(string(text)))
	})
	elsewhere := httptest.NewServer(mux)
	defer elsewhere.Close()
	for _, page := range []string{"leaflet.html", "maplibre.html"} {
		cmd := exec.Command(browser, "--headless", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
			"--user-data-dir="+t.TempDir(), "--window-size=800,600", "--virtual-time-budget=30000", "--dump-dom", elsewhere.URL+"/"+page)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(page, err)
		}
		if !strings.Contains(string(out), "every layer is shown") {
			t.Errorf("%s: %s", page, lastLines(string(out)))
		}
	}
}

func lastLines(s string) string { return s[max(0, len(s)-600):] }
