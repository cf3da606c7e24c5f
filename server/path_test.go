package server

import (
	"encoding/json"
	"fmt"
	"image/color"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// TestPhrases: decoded once, whatever is in it.
func TestPhrases(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	for _, phrase := range []string{"school", "学校", "a/b school", "St. Mary's.v2", "50% off shop", "café", "where to park?", "C# school", "a+b", "mvt.png"} {
		for _, u := range []string{
			s.URL + "/aoi/" + url.PathEscape(phrase) + "/" + homePath + ".geojson",
			s.URL + "/aoi/" + homePath + ".geojson?q=" + url.QueryEscape(phrase),
		} {
			a := get(t, u)
			found, err := formats.ReadGeoJSON(strings.NewReader(string(a.data)))
			if err != nil || len(found) != 1 || found[0].Get("query") != phrase {
				t.Errorf("%s: %d %s", u, a.StatusCode, a.data)
			}
		}
		var doc tileJSON
		a := get(t, s.URL+"/aoi/"+url.PathEscape(phrase)+".json")
		if err := json.Unmarshal(a.data, &doc); err != nil || doc.Name != phrase || len(doc.VectorLayers.([]any)) != 2 {
			t.Fatalf("%q: %s", phrase, a.data)
		}
		tile := strings.NewReplacer("{z}", "17", "{x}", fmt.Sprint(home.X), "{y}", fmt.Sprint(home.Y)).Replace(doc.Tiles[0])
		if a := get(t, tile); a.StatusCode != 200 || len(a.data) == 0 {
			t.Errorf("%q: the TileJSON's %s answers %d", phrase, tile, a.StatusCode)
		}
	}
}

func TestBadRequests(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	for path, status := range map[string]int{
		"/tiles/nowhere.json":                           404,
		"/tiles/map/3/9/1.png":                          404,
		"/tiles/map/3/-1/1.png":                         404,
		"/tiles/map/99/0/0.png":                         404,
		"/tiles/map/3/a/1.png":                          400,
		"/tiles/map/3/1/1.5.png":                        400,
		"/tiles/map/3/1/1":                              404,
		"/tiles/map/3/1/1.exe":                          404,
		"/tiles/map/99999999999999999999/1/1.png":       400,
		"/aoi/school/17/1/1.exe":                        404,
		"/aoi/%20/" + homePath + ".mvt":                 400,
		"/aoi/" + homePath + ".mvt":                     400,
		"/aoi/a%2520b/" + homePath + ".mvt":             400,
		"/aoi/a%00b/" + homePath + ".mvt":               400,
		"/aoi/%3Canswer%3E/" + homePath + ".mvt":        400,
		"/aoi/" + strings.Repeat("x", 300) + ".json":    400,
		"/aoi/%FF%FE/" + homePath + ".mvt":              400,
		"/aoi/school/" + homePath + ".mvt?wait=NaN":     400,
		"/aoi/school/" + homePath + ".mvt?wait=-1":      400,
		"/aoi/school/" + homePath + ".mvt?wait=long":    400,
		"/aoi/school/17/120000/50000.mvt":               404, // east of 90°
		"/no/such/page":                                 404,
		"/tiles/..%2F..%2Fetc%2Fpasswd/3/1/1.png":       404,
		"/aoi/school/17/1/1.mvt/../../../../etc/passwd": 400,
	} {
		a := get(t, s.URL+path)
		var p problem.Problem
		if err := json.Unmarshal(a.data, &p); err != nil || a.StatusCode != status || p.Status != status || p.Detail == "" ||
			a.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(p.Type, "problems.md#") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.data)
		}
	}
	if a := ask(t, http.MethodPost, s.URL+"/tiles"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /tiles: %d", a.StatusCode)
	}
}

func FuzzPaths(f *testing.F) {
	memory, err := cache.New(8<<20, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(memory.Close)
	sat := flat{"satellite", color.RGBA{0, 90, 0, 255}}
	engine := reasoning.NewEngine(reasoning.Config{Satellite: sat, Map: sat, Zoom: 17, Memory: memory, Align: tiles.Align,
		Pipeline: &reasoning.Pipeline{VLM: &seer{}, Segmenter: boxes{}}})
	f.Cleanup(engine.Close)
	h := New(Options{Layers: []tiles.Source{sat}, Answers: newAnswers(f, engine, memory), Metrics: NewMetrics()})
	for _, seed := range []string{"tiles/satellite/3/1/2.png", "aoi/a%20b/17/1/2.mvt", "aoi/17/1/2.mvt?q=x&wait=0", "aoi/学校.json", "%", "a//b/../c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.Parse("http://host/" + path)
		if err != nil {
			return
		}
		q := u.Query()
		q.Set("wait", "0")
		u.RawQuery = q.Encode()
		r := httptest.NewRequest(http.MethodGet, "http://host/", nil)
		r.URL = u
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q: %d %s", path, w.Code, w.Body)
		}
	})
}
