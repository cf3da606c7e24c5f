package server

import (
	"image/color"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/jobs"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// TestHostileRequests: a hundred thousand requests made of true ones and of what strangers try bring no panic and no server error, and
// leave neither goroutines nor memory behind.
func TestHostileRequests(t *testing.T) {
	const requests = 100_000
	memory, err := cache.New(8<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	sat := flat{"satellite", color.RGBA{0, 90, 0, 255}}
	engine := reasoning.NewEngine(reasoning.Config{Satellite: sat, Map: sat, Zoom: 17, Memory: memory, Align: tiles.Align,
		Pipeline: &reasoning.Pipeline{VLM: &seer{}, Segmenter: boxes{}}})
	defer engine.Close()
	queue, err := jobs.Open(t.Context(), filepath.Join(t.TempDir(), "jobs.sqlite"), jobs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	h := New(Options{Layers: []tiles.Source{sat}, Answers: newAnswers(t, engine, memory), Metrics: NewMetrics(), Jobs: queue, Mode: reasoning.TwoStage,
		LowestZoom: 25, Open: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	r := rand.New(rand.NewPCG(20261124, 1))
	var before runtime.MemStats
	goroutines := 0
	statuses := map[int]int{}
	for n := range requests {
		if n == requests/10 { // warm by then
			runtime.GC()
			runtime.ReadMemStats(&before)
			goroutines = runtime.NumGoroutine()
		}
		req := hostile(r)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		statuses[w.Code]++
		if w.Code >= 500 {
			t.Fatalf("%s %q %q: %d %s", req.Method, req.URL, req.Header, w.Code, w.Body)
		}
	}
	runtime.GC()
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	t.Logf("%v; heap %d, then %d MB; %d, then %d goroutines", statuses, before.HeapAlloc>>20, after.HeapAlloc>>20, goroutines, runtime.NumGoroutine())
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("%d MB stay behind", grown>>20)
	}
	if runtime.NumGoroutine() > goroutines+5 {
		t.Errorf("%d goroutines stay behind", runtime.NumGoroutine()-goroutines)
	}
}

var (
	hostilePaths = []string{
		"/tiles", "/tiles/satellite.json", "/tiles/satellite/3/2/1.png", "/tiles/satellite/3/2/1@2x.webp", "/aoi/school.json", "/aoi/school/17/1/2.mvt", "/aoi/17/1/2.mvt",
		"/aoi/school.geojson", "/aoi/school.gpkg", "/aoi/school", "/estimate", "/stats", "/feedback", "/feedback/1", "/scenes/17-1-2", "/scenes/17-1-2/satellite.png", "/ogc", "/ogc/api",
		"/ogc/collections", "/ogc/collections/school-d64debd9/items", "/ogc/collections/x/tiles/WebMercatorQuad/3/1/2", "/ogc/processes/segment/execution", "/ogc/jobs", "/ogc/jobs/1",
		"/wmts/1.0.0/WMTSCapabilities.xml", "/search", "/resolve", "/metrics", "/taxonomy", "/",
	}
	hostileParts = []string{
		"..", "%2e%2e", "%00", "\x00", "%", "%zz", "//", "\\", "'", `"`, "<script>", "${jndi:ldap://x}", "{z}", "-1", "0", "1e308", "NaN", "Infinity", "99999999999999999999", "école", "学校", "\u202e",
		"\xff\xfe", strings.Repeat("a", 3000), strings.Repeat("/", 200), "?", "#", "&", "=", ";", "|", "`", "\r\nX: y", "@2x", ".png", ".mvt", ".exe", "null", "[]", "{}", " ", "%20", "+",
	}
	hostileKeys   = []string{"q", "bbox", "wait", "strict", "zoom", "mode", "limit", "offset", "after", "datetime", "crs", "bbox-crs", "f", "key", "format", "viewbox", "x"}
	hostileValues = []string{"school", "1,2,3,4", "-180,-90,180,90", "4,3,2,1", "1,2,3", "0", "-1", "1e400", "true", "17", "12-9", "0-99", "geojsonl", "CRS84", "http://www.opengis.net/def/crs/EPSG/0/4326", "../..", ".."}
	hostileBodies = []string{"", "{", "null", "[]", `{"feature": 1, "verdict": "right"}`, `{"feature": 1e400}`, `{"inputs": {"query": "x", "bbox": [1, 2, 3, 4]}}`, `{"inputs": {"query": "x", "bbox": [-180, -85, 180, 85]}}`,
		`{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[0,0],[1,0],[1,1],[0,0]]]}, "properties": {}}`, strings.Repeat("[", 10_000), "\xff", `{"geometry": {"type": "Polygon", "coordinates": null}, "feature": 1}`}
)

// hostile is a true request of which some parts were exchanged.
func hostile(r *rand.Rand) *http.Request {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	path := pick(hostilePaths)
	for range r.IntN(3) {
		at := r.IntN(len(path) + 1)
		cut := min(len(path), at+r.IntN(4))
		path = path[:at] + pick(hostileParts) + path[cut:]
	}
	u := &url.URL{Scheme: "http", Host: "host", Path: "/" + strings.TrimPrefix(path, "/")}
	if parsed, err := url.Parse("http://host/" + strings.TrimPrefix(path, "/")); err == nil && r.IntN(2) == 0 {
		u = parsed
	}
	q := url.Values{}
	for range r.IntN(4) {
		v := pick(hostileValues)
		if r.IntN(3) == 0 {
			v = pick(hostileParts)
		}
		q.Add(pick(hostileKeys), v)
	}
	if u.RawQuery == "" {
		u.RawQuery = q.Encode()
	}
	method := pick([]string{"GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"})
	req := &http.Request{Method: method, URL: u, RequestURI: u.RequestURI(), Host: "host", Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(pick(hostileBodies))), RemoteAddr: "192.0.2.1:1"}
	for range r.IntN(3) {
		req.Header.Add(pick([]string{"Accept", "Accept-Encoding", "If-None-Match", "If-Match", "Authorization", "X-API-Key", "Origin", "Range", "Last-Event-ID", "Content-Type", "X-Forwarded-Host"}),
			pick(append(hostileParts, "*", "gzip;q=2, br;q=-1", `"a", W/"b"`, "bytes=0-1,5-", "text/html", "application/json")))
	}
	return req
}
