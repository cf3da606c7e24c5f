package ogc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/server/ogc"
)

// FuzzQuery sends hostile queries for features: no panic, no 5xx, and what is answered is sound.
func FuzzQuery(f *testing.F) {
	w := newWorld(f)
	for _, q := range []string{"", "limit=3&offset=2", "bbox=85,27,86,28", "bbox=179,-20,-179,10&limit=1", "bbox=27,85,28,86&bbox-crs=" + crs4326, "bbox=1e5,1e5,1e9,1e6&bbox-crs=" + crs3857, "datetime=2026-01-01/..",
		"datetime=0000-01-01T00:00:00Z/9999-12-31T23:59:59.999999999Z", "class=college&verdict=", "after=1.2", "after=-1.9223372036854775807", "crs=" + crs3857 + "&f=html", "limit=9999999999999999999999", "bbox=-1e6,0,1e6,0", "bbox=0,-90,0,90",
		"name=%00", "name=%ff", "bbox=179.9999999,85.06,180,90&bbox-crs=" + crs84, "%", "&&&=", "limit=%2B5", "datetime=%2F", "after=99999999999999999999.1"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://maps.test"+w.itemsPath(), nil)
		r.URL.RawQuery = query
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		switch rec.Code {
		case http.StatusBadRequest:
		case http.StatusOK:
			if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
				return
			}
			var d doc
			if err := json.Unmarshal(rec.Body.Bytes(), &d); err != nil {
				t.Fatalf("%q: %v", query, err)
			}
			matched, counted := d["numberMatched"].(float64)
			if n := float64(len(d.list("features"))); d["numberReturned"] != n || counted && (n > matched || matched > 301) {
				t.Fatalf("%q: %v returned, %v features, %v matched", query, d["numberReturned"], n, matched)
			}
		default:
			t.Fatalf("%q: %d %s", query, rec.Code, rec.Body)
		}
	})
}

// FuzzRequest sends hostile paths, headers and bodies to everything.
func FuzzRequest(f *testing.F) {
	goOn := make(chan struct{})
	close(goOn)
	w := newWorld(f, withJobs(f, goOn), func(o *ogc.Options) { o.TrustForwarded = true })
	for _, seed := range [][4]string{
		{"GET", "/ogc", "", ""}, {"GET", "/ogc/collections/%2e%2e/items", "text/html;q=x,*", ""}, {"POST", "/ogc/collections/" + w.schools + "/items", geojsonType, yard}, {"PUT", w.itemPath(1), geojsonType, yard}, {"DELETE", w.itemPath(2), `W/"1-x", *`, ""},
		{"POST", "/ogc/processes/segment/execution", jsonType, `{"inputs":{"query":"x","bbox":[1,2,1,3]}}`}, {"GET", "/ogc/jobs?limit=1&status=,,", "", ""}, {"DELETE", "/ogc/jobs/1-document", "", ""}, {"GET", w.tilesPath() + "/WebMercatorQuad/24/0/16777215", "", ""},
		{"GET", "/wmts/1.0.0/WMTSCapabilities.xml", "", ""}, {"OPTIONS", "/ogc//x", "", ""}, {"GET", "/ogc/jobs/9223372036854775808/results", "", ""}, {"POST", "/ogc/collections/" + w.schools + "/items", "<" + crs3857 + ">", `{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[1e300,1e300],[1,1],[2,2],[1e300,1e300]]]}}`},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://maps.test/", strings.NewReader(body))
		if err != nil {
			return
		}
		if r.URL.Path, _, _ = strings.Cut(target, "?"); !strings.HasPrefix(r.URL.Path, "/") || strings.HasSuffix(r.URL.Path, "/events") {
			return
		}
		_, r.URL.RawQuery, _ = strings.Cut(target, "?")
		for _, name := range []string{"Accept", "Content-Type", "Content-Crs", "If-Match", "If-None-Match", "X-Forwarded-Host", "X-Forwarded-Prefix"} {
			r.Header.Set(name, header)
		}
		r.Header.Set("Authorization", "Bearer anna")
		if strings.Contains(body, "coordinates") {
			r.Header.Set("Content-Type", geojsonType)
		}
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if rec.Code >= 500 && !strings.HasSuffix(r.URL.Path, "/results") {
			t.Fatalf("%s %q %q %q: %d %s", method, target, header, body, rec.Code, rec.Body)
		}
	})
}
