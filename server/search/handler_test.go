package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(h http.Handler, address string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

func TestHandler(t *testing.T) {
	h := &Handler{Index: opened(t, world), Attribution: "© somebody"}
	var found []Result
	w := get(h, "/search?q=banepa&addressdetails=1&namedetails=1&polygon_geojson=1&accept-language=ne")
	if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil || len(found) == 0 {
		t.Fatal(w.Body, err)
	}
	r := found[0]
	if r.OSMType != "node" || r.OSMID != 1 || r.Lat != "27.6300000" || r.Lon != "85.5200000" || r.Category != "place" || r.Type != "town" || r.Name != "बनेपा" ||
		r.Licence != "© somebody" || r.NameDetails["name:zh"] != "班巴" || r.BoundingBox != [4]string{"27.6299500", "27.6300500", "85.5199500", "85.5200500"} ||
		string(r.GeoJSON) != `{"type":"Point","coordinates":[85.52,27.63]}` || r.PlaceRank != 18 {
		t.Errorf("%+v %s", r, r.GeoJSON)
	}
	if w := get(h, "/search?q=banepa&format=json"); !strings.Contains(w.Body.String(), `"class":"place"`) || strings.Contains(w.Body.String(), `"category"`) {
		t.Error("format json:", w.Body)
	}
	if w := get(h, "/search?q=banepa&format=geojson"); !strings.Contains(w.Body.String(), `"bbox":[85.5199500,27.6299500,85.5200500,27.6300500]`) {
		t.Error("format geojson:", w.Body)
	}
	if w := get(h, "/search?q=nothing+at+all+like+it"); w.Body.String() != "[]" {
		t.Error("nothing:", w.Body)
	}
	if w := get(h, "/search?street=12+Seeweg&city=Z%C3%BCrich"); !strings.Contains(w.Body.String(), "Café Zürich, 12, Seeweg, Zürich") {
		t.Error("structured:", w.Body)
	}
	if w := get(h, fmt.Sprintf("/search?q=springfield&limit=1&exclude_place_ids=%d", 1)); strings.Count(w.Body.String(), `"place_id"`) != 1 || strings.Contains(w.Body.String(), `"place_id":1,`) {
		t.Error("excluded:", w.Body)
	}
	if w := get(h, "/reverse?lat=27.6311&lon=85.521"); !strings.Contains(w.Body.String(), "Bagmati English") {
		t.Error("reverse:", w.Body)
	}
	if w := get(h, "/reverse?lat=0&lon=0"); w.Body.String() != `{"error":"Unable to geocode"}` {
		t.Error("reverse of the sea:", w.Body)
	}
}

func TestHandlerRefuses(t *testing.T) {
	h := &Handler{Index: opened(t, world)}
	for _, address := range []string{"/search", "/search?q=", "/search?q=x&city=y", "/search?q=x&limit=0", "/search?q=x&limit=many", "/search?q=x&format=xml", "/search?q=x&bounded=1",
		"/search?q=x&viewbox=1,2,3", "/search?q=x&viewbox=1,2,NaN,4", "/search?q=x&viewbox=1,2,1,4", "/search?q=x&viewbox=1,2,300,4", "/search?q=x&countrycodes=deu", "/search?q=x&q=y",
		"/search?q=x&polygon_threshold=-1", "/search?q=x&polygon_svg=1", "/search?q=x&exclude_place_ids=a", "/search?q=%ff", "/search?q=" + strings.Repeat("x", 300),
		"/reverse", "/reverse?lat=91&lon=0", "/reverse?lat=NaN&lon=0", "/reverse?lat=1"} {
		w := get(h, address)
		var f failure
		if err := json.Unmarshal(w.Body.Bytes(), &f); w.Code != 400 || err != nil || f.Error.Code != 400 || f.Error.Message == "" {
			t.Errorf("%.60s: %d %s", address, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/search?q=x", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Error("POST:", w.Code)
	}
}

func TestUpstream(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.UserAgent() != "test (a@example.org)" || r.URL.Query().Get("q") == "broken" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		fmt.Fprint(w, `[{"place_id":5,"licence":"Data © OpenStreetMap contributors","osm_type":"relation","osm_id":62422,"lat":"52.5","lon":"13.4","category":"boundary","type":"administrative","name":"Atlantis","boundingbox":["52.3","52.7","13.0","13.8"]}]`)
	}))
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	u, err := NewUpstream(server.URL, "test (a@example.org)", client)
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{Index: opened(t, world), Upstream: u}
	start := time.Now()
	for range 3 {
		if w := get(h, "/search?q=atlantis"); !strings.Contains(w.Body.String(), `"licence":"Data © OpenStreetMap contributors"`) || !strings.Contains(w.Body.String(), `"osm_id":62422`) {
			t.Error(w.Body)
		}
	}
	get(h, "/search?q=banepa")
	if w := get(h, "/search?q=broken"); w.Code != http.StatusBadGateway {
		t.Error("a failing upstream gives", w.Code, w.Body)
	}
	if asked.Load() != 2 || time.Since(start) < 900*time.Millisecond {
		t.Errorf("asked %d times in %v", asked.Load(), time.Since(start))
	}
	for _, bad := range [][2]string{{"ftp://x", "me"}, {"http://", "me"}, {"https://x", " "}} {
		if _, err := NewUpstream(bad[0], bad[1], nil); err == nil {
			t.Error("taken:", bad)
		}
	}
}

// TestRebuilt changes the map under an index: the old one answers until the new one is whole.
func TestRebuilt(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "map.geojson")
	put := func(name string) {
		text := `{"type":"FeatureCollection","features":[{"type":"Feature","id":"way/7","properties":{"name":"` + name + `","amenity":"school"},"geometry":{"type":"Polygon","coordinates":[[[1,1],[1.001,1],[1.001,1.001],[1,1]]]}}]}`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open := func() *Index {
		x, err := Open(context.Background(), Options{Folder: filepath.Join(folder, "cache"), Sources: []Source{File(file)}})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	put("Old School")
	x := open()
	if err := x.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found, err := x.Find(context.Background(), Query{Text: "old school"}); err != nil || len(found) != 1 || found[0].Type != "way" || found[0].ID != 7 {
		t.Error(found, err)
	}
	_ = x.Close()
	x = open()
	if s := x.Status(); !s.Ready || s.Building {
		t.Errorf("reopened: %+v", s)
	}
	_ = x.Close()
	put("Newer School")
	x = open()
	if s := x.Status(); !s.Ready {
		t.Errorf("the old index does not answer: %+v", s)
	}
	if err := x.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found, err := x.Find(context.Background(), Query{Text: "newer school"}); err != nil || len(found) != 1 {
		t.Error(found, err)
	}
	_ = x.Close()
	if files, _ := filepath.Glob(filepath.Join(folder, "cache", "*")); len(files) != 1 {
		t.Error("left behind:", files)
	}
	if _, err := x.Find(context.Background(), Query{Text: "x"}); err == nil {
		t.Error("a closed index answers")
	}
}

func TestFailedBuilding(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "map.osm.pbf")
	if err := os.WriteFile(file, []byte("no map"), 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := Open(context.Background(), Options{Folder: folder, Sources: []Source{File(file)}})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := x.Wait(context.Background()); err == nil || !strings.Contains(err.Error(), "map.osm.pbf") {
		t.Error(err)
	}
	if w := get(&Handler{Index: x}, "/search?q=x"); w.Code != http.StatusServiceUnavailable {
		t.Error(w.Code, w.Body)
	}
	if _, err := Open(context.Background(), Options{Folder: folder, Sources: []Source{File("nowhere.osm.pbf")}}); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestVectorTiles(t *testing.T) {
	x := opened(t, File(data(t, "osm", "firenze.pmtiles")))
	for query, want := range map[string]string{"piazza della signoria": "Piazza della Signoria", "ponte vechio": "Ponte Vecchio", "firenze": "Firenze"} {
		found, err := x.Find(context.Background(), Query{Text: query, Limit: 5})
		if err != nil || !slices.ContainsFunc(found, func(p Place) bool { return p.Tags["name"] == want }) {
			t.Errorf("%s: %v, %v", query, found, err)
		}
	}
}

// hostile are questions that make an index work.
var hostile = []string{"banepa school", "\" OR * NEAR(", "s s s s s s s s s s s s s", "学校的学校", "27.63,85.52", "a'b\x00c", strings.Repeat("ba ", 80), "in in in",
	strings.Repeat("banepapark", 25), "street school park restaurant bakery", "p r s b", "aaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccccc"}

func TestTimeIsBounded(t *testing.T) {
	x := opened(t, invented(100_000))
	world := orb.Bound{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}
	for _, text := range hostile {
		for _, q := range []Query{{Text: text}, {Text: text, Viewbox: &world, Bounded: true}, {Text: text, Focus: &orb.Point{85, 27}, Limit: MaxLimit}} {
			start := time.Now()
			if _, err := x.Find(context.Background(), q); err != nil && len(text) <= MaxQuery {
				t.Errorf("%q: %v", text, err)
			}
			took := time.Since(start)
			t.Logf("%.30q %v", text, took)
			if took > 3*MaxTime { // other programs share the machine
				t.Errorf("%q took %v", text, took)
			}
		}
	}
}

func FuzzSearch(f *testing.F) {
	x := opened(f, invented(2_000))
	h := &Handler{Index: x}
	for _, s := range hostile {
		f.Add(s, "1,2,3,4")
	}
	f.Fuzz(func(t *testing.T, q, box string) {
		w := get(h, "/search?"+url.Values{"q": {q}, "viewbox": {box}}.Encode())
		if w.Code != 200 && w.Code != 400 {
			t.Errorf("%q: %d %s", q, w.Code, w.Body)
		}
		if what, where := Split(q); len(what)+len(where) > len(q) {
			t.Errorf("Split(%q) = %q, %q", q, what, where)
		}
		if _, err := x.Resolve(context.Background(), q, &orb.Point{85, 27}); err != nil && !errors.Is(err, ErrQuery) {
			t.Errorf("Resolve(%q): %v", q, err)
		}
	})
}
