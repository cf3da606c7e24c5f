package server

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"
	"go.uber.org/goleak"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flat is a source of one colour that knows the world west of 90° E.
type flat struct {
	name string
	tone color.RGBA
}

func (f flat) Info() tiles.Info {
	return tiles.Info{
		Name: f.name, Kind: "flat", Attribution: "© " + f.name, TileSize: 256, MaxZoom: 19, Format: tiles.PNG, CenterZoom: 3, Center: orb.Point{8, 47},
		Bounds: orb.Bound{Min: orb.Point{-180, -85}, Max: orb.Point{90, 85}}, MayDerive: true,
	}
}

func (f flat) Tile(context.Context, maptile.Tile) (*tiles.Tile, error) {
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = f.tone.R, f.tone.G, f.tone.B, 255
	}
	return tiles.DrawnTile(img, tiles.PNG), nil
}

// seer is a model that knows where a square lies, and counts what it is asked.
type seer struct {
	square geo.Window
	runs   atomic.Int32
	gate   chan struct{} // when set, answers wait for it
	err    error
}

func (*seer) Name() string { return "seer" }

func (*seer) Dialect() reasoning.Dialect {
	d, _ := reasoning.ParseDialect("generic")
	return d
}

func (s *seer) Complete(ctx context.Context, r reasoning.Request) ([]reasoning.Completion, error) {
	if r.Stage == reasoning.Localize {
		s.runs.Add(1)
	}
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	var prompts []reasoning.Prompt
	w := r.Pair.Window
	if part := s.square.Intersect(w); !part.Empty() && r.Phrase != "nothing" {
		x, y := float64(part.X-w.X), float64(part.Y-w.Y)
		b := reasoning.Box{x, y, x + float64(part.W), y + float64(part.H)}
		prompts = append(prompts, reasoning.Prompt{Box: &b, Points: []reasoning.Point{{x + 1, y + 1}}})
	}
	return []reasoning.Completion{{Text: reasoning.FormatAnswer("seen", prompts)}}, nil
}

// boxes is a segmenter whose masks are the boxes.
type boxes struct{}

func (boxes) Name() string { return "boxes" }

func (boxes) Embed(_ context.Context, _ string, img *image.RGBA) (reasoning.Embedding, error) {
	return boxEmbedding{img.Rect.Dx(), img.Rect.Dy()}, nil
}

type boxEmbedding struct{ w, h int }

func (boxEmbedding) Bytes() int { return 8 }

func (e boxEmbedding) Masks(_ context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	m := geo.NewMask(geo.Window{W: e.w, H: e.h})
	for y := int(p.Box[1]); y < int(p.Box[3]); y++ {
		m.SetRun(y, int(p.Box[0]), int(p.Box[2]))
	}
	return []reasoning.Candidate{{Mask: m, Score: 0.9}}, nil
}

var (
	home     = maptile.At(orb.Point{8.5, 47.3}, 17)
	homePath = fmt.Sprintf("17/%d/%d", home.X, home.Y)
)

// newServer serves one square, which crosses from the home tile into the next one to the east.
func newServer(t *testing.T, s *seer, change func(*Options)) *httptest.Server {
	t.Helper()
	w := geo.TileWindow(home)
	s.square = geo.Window{Z: 17, X: w.X + 156, Y: w.Y + 50, W: 200, H: 120}
	metrics := NewMetrics()
	memory, err := cache.New(64<<20, metrics.Cache)
	if err != nil {
		t.Fatal(err)
	}
	sat, plan := flat{"satellite", color.RGBA{0, 90, 0, 255}}, flat{"map", color.RGBA{240, 240, 230, 255}}
	engine := reasoning.NewEngine(reasoning.Config{
		Satellite: sat, Map: plan, Zoom: 17, Memory: memory, Align: tiles.Align, Queue: 8,
		Pipeline: &reasoning.Pipeline{VLM: s, Segmenter: boxes{}}, OnResult: metrics.Result,
	})
	o := Options{
		Layers: []tiles.Source{sat, plan}, Answers: newAnswers(t, engine, memory), Metrics: metrics, Mode: reasoning.TwoStage,
		Viewer: fstest.MapFS{"index.html": {Data: []byte("<html>viewer</html>")}},
	}
	if change != nil {
		change(&o)
	}
	h := httptest.NewServer(New(o))
	t.Cleanup(func() {
		h.Close()
		engine.Close()
		memory.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return h
}

// newAnswers keeps what the engine finds in a store of the test's own.
func newAnswers(t testing.TB, engine *reasoning.Engine, memory *cache.Memory) *Answers {
	t.Helper()
	found, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "found.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := found.Close(); err != nil {
			t.Error(err)
		}
	})
	engine.Shelf = Shelf{Store: found, Log: slog.New(slog.DiscardHandler)}
	return &Answers{Engine: engine, Store: found, Memory: memory}
}

type answer struct {
	*http.Response
	data []byte
}

func get(t *testing.T, u string, header ...string) answer {
	t.Helper()
	return ask(t, http.MethodGet, u, header...)
}

func ask(t *testing.T, method, u string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, data}
}

func TestLayers(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	var list struct{ Layers []map[string]string }
	if err := json.Unmarshal(get(t, s.URL+"/tiles").data, &list); err != nil || len(list.Layers) != 2 || list.Layers[0]["id"] != "satellite" {
		t.Fatalf("%v %v", list, err)
	}
	var doc tileJSON
	if err := json.Unmarshal(get(t, list.Layers[0]["tilejson"]).data, &doc); err != nil || doc.TileJSON != "3.0.0" || doc.Center != [3]float64{8, 47, 3} || doc.Attribution != "© satellite" {
		t.Fatalf("%+v %v", doc, err)
	}
	u := strings.NewReplacer("{z}", "3", "{x}", "2", "{y}", "1").Replace(doc.Tiles[0])
	for suffix, size := range map[string]int{".png": 256, ".jpg": 256, ".webp": 256, "@2x.png": 512} {
		a := get(t, strings.TrimSuffix(u, ".png")+suffix)
		tile, err := tiles.EncodedTile(a.data)
		if a.StatusCode != 200 || err != nil {
			t.Fatalf("%s: %d %v", suffix, a.StatusCode, err)
		}
		img, err := tile.Image()
		if err != nil || img.Rect.Dx() != size || img.Pix[1] < 85 || img.Pix[1] > 95 {
			t.Errorf("%s: %v, %v", suffix, img.Rect, err)
		}
	}
}

// TestCaching: one ETag an encoding, 304 for who has it, HEAD as GET, open to other origins.
func TestCaching(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	for _, path := range []string{"/tiles/map.json", "/tiles/map/3/2/1.png", "/aoi/school.json", "/aoi/school/" + homePath + ".mvt", "/aoi/school/" + homePath + ".geojson", "/", "/taxonomy"} {
		tags := map[string]bool{}
		for _, enc := range []string{"identity", "gzip", "br", "zstd"} {
			a := get(t, s.URL+path, "Accept-Encoding", enc, "Origin", "http://elsewhere")
			tag := a.Header.Get("ETag")
			if a.StatusCode != 200 || tag == "" || a.Header.Get("Cache-Control") == "" || a.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s %s: %d %v", path, enc, a.StatusCode, a.Header)
			}
			if got := a.Header.Get("Content-Encoding"); got != "" && (got != enc || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept-Encoding")) {
				t.Errorf("%s %s: sent as %s, Vary %v", path, enc, got, a.Header.Values("Vary"))
			} else if got == "" && strings.HasSuffix(path, ".mvt") && enc != "identity" {
				t.Errorf("%s is not packed as %s", path, enc)
			}
			if unpacked(t, a) == 0 {
				t.Errorf("%s %s: empty", path, enc)
			}
			tags[tag] = true
			if again := get(t, s.URL+path, "Accept-Encoding", enc, "If-None-Match", tag); again.StatusCode != 304 || len(again.data) != 0 {
				t.Errorf("%s %s: %d for who has it", path, enc, again.StatusCode)
			}
		}
		if want := 4; !strings.HasSuffix(path, ".png") && len(tags) != want {
			t.Errorf("%s: %d ETags for 4 encodings", path, len(tags))
		}
		if head := ask(t, http.MethodHead, s.URL+path); head.StatusCode != 200 || len(head.data) != 0 || head.Header.Get("ETag") == "" {
			t.Errorf("HEAD %s: %d", path, head.StatusCode)
		}
	}
}

func unpacked(t *testing.T, a answer) int {
	t.Helper()
	var r io.Reader = strings.NewReader(string(a.data))
	switch a.Header.Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		z, err := zstd.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		r = z
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return len(data)
}

func TestOutlines(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	a := get(t, s.URL+"/aoi/school/"+homePath+".mvt")
	layers, err := mvt.Unmarshal(a.data)
	if err != nil || a.Header.Get("X-Precinct-Complete") != "true" || a.Header.Get("Content-Type") != "application/vnd.mapbox-vector-tile" {
		t.Fatal(err, a.Header)
	}
	names := map[string]*mvt.Layer{}
	for _, l := range layers {
		names[l.Name] = l
	}
	aoi := names["aoi"]
	if aoi == nil || aoi.Version != 2 || aoi.Extent != 4096 || len(aoi.Features) != 1 {
		t.Fatalf("layers %+v", layers)
	}
	p := aoi.Features[0].Properties
	if p["query"] != "school" || p["class"] != "school" || p["function"] != "educational" || p["tier"] != "class" || p["area_m2"].(float64) < 1000 {
		t.Errorf("properties %v", p)
	}
	if aoi.Features[0].ID == nil {
		t.Error("no id")
	}
	next, err := mvt.Unmarshal(get(t, fmt.Sprintf("%s/aoi/school/17/%d/%d.mvt", s.URL, home.X+1, home.Y)).data)
	if err != nil || len(layers)+len(next) != 3 { // the outline in both tiles, its label in one
		t.Errorf("%d layers here, %d next to it, %v", len(layers), len(next), err)
	}

	a = get(t, s.URL+"/aoi/school/"+homePath+"@2x.png")
	img, err := png.Decode(strings.NewReader(string(a.data)))
	if err != nil || img.Bounds().Dx() != 512 {
		t.Fatal(err)
	}
	if _, _, _, alpha := img.At(10, 10).RGBA(); alpha != 0 {
		t.Error("ground beside the outline is painted")
	}
	if _, _, _, alpha := img.At(400, 200).RGBA(); alpha == 0 {
		t.Error("the outline is not painted")
	}

	a = get(t, s.URL+"/aoi/school/"+homePath+".geojson")
	found, err := formats.ReadGeoJSON(strings.NewReader(string(a.data)))
	if err != nil || len(found) != 1 || !strings.Contains(string(a.data), `"attribution":"© satellite; © map"`) {
		t.Fatalf("%v in %s", err, a.data)
	}
	w := geo.TileWindow(home)
	if b := found[0].Geometry.Bound(); b.Max[0] <= w.Bound().Max[0] {
		t.Error("the feature is cut at the tile's edge")
	}
	for _, key := range []string{"id", "name", "query", "tier", "class", "function", "score", "area_m2", "scene_ids", "model", "reasoning", "sources", "created", "updated"} {
		if found[0].Get(key) == nil {
			t.Errorf("no property %s", key)
		}
	}
	if none := get(t, s.URL+"/aoi/nothing/"+homePath+".mvt"); none.StatusCode != 200 || len(none.data) != 0 || none.Header.Get("ETag") == "" {
		t.Errorf("known to be empty: %d", none.StatusCode)
	}
}

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
		var p Problem
		if err := json.Unmarshal(a.data, &p); err != nil || a.StatusCode != status || p.Status != status || p.Detail == "" ||
			a.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(p.Type, "problems.md#") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.data)
		}
	}
	if a := ask(t, http.MethodPost, s.URL+"/tiles"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /tiles: %d", a.StatusCode)
	}
}

// TestOneInference: a hundred clients that ask the same at once on a cold server cost one run of each scene.
func TestOneInference(t *testing.T) {
	see := &seer{gate: make(chan struct{})}
	s := newServer(t, see, nil)
	u := s.URL + "/aoi/school/" + homePath + ".mvt"
	var clients sync.WaitGroup
	bodies := make([]string, 100)
	for i := range bodies {
		clients.Add(1)
		go func() {
			defer clients.Done()
			a := get(t, u)
			bodies[i] = string(a.data)
		}()
	}
	time.Sleep(100 * time.Millisecond)
	close(see.gate)
	clients.Wait()
	if len(slices.Compact(bodies)) != 1 || bodies[0] == "" {
		t.Error("the clients got different answers")
	}
	metrics := string(get(t, s.URL+"/metrics").data)
	runs := see.runs.Load()
	if !strings.Contains(metrics, fmt.Sprintf("precinct_scenes_total{outcome=\"done\"} %d\n", runs)) || runs > 4 {
		t.Errorf("%d runs; metrics:\n%s", runs, metrics)
	}
	before := runs
	if get(t, u); see.runs.Load() != before {
		t.Error("asking again ran again")
	}
}

// TestNotYet: who will not wait gets what there is, and says so.
func TestNotYet(t *testing.T) {
	see := &seer{gate: make(chan struct{})}
	s := newServer(t, see, nil)
	u := s.URL + "/aoi/school/" + homePath
	a := get(t, u+".mvt?wait=0")
	if a.StatusCode != 200 || len(a.data) != 0 || a.Header.Get("X-Precinct-Complete") != "false" || a.Header.Get("Cache-Control") != "no-store" ||
		a.Header.Get("ETag") != "" || a.Header.Get("X-Precinct-Reason") == "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a = get(t, u+".png?wait=0"); a.StatusCode != 200 || len(a.data) == 0 {
		t.Errorf("a transparent picture: %d", a.StatusCode)
	}
	if a = get(t, u+".mvt?wait=0&strict=1"); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("strict: %d %v", a.StatusCode, a.Header)
	}
	low := maptile.At(home.Center(), 12)
	if a = get(t, fmt.Sprintf("%s/aoi/school/12/%d/%d.mvt", s.URL, low.X, low.Y)); a.StatusCode != 200 || a.Header.Get("X-Precinct-Complete") != "true" {
		t.Errorf("below the lowest zoom: %d %v", a.StatusCode, a.Header)
	}
	close(see.gate)
	if a = get(t, u+".mvt"); len(a.data) == 0 || a.Header.Get("X-Precinct-Complete") != "true" {
		t.Errorf("afterwards: %d bytes, %v", len(a.data), a.Header)
	}
	if a = get(t, fmt.Sprintf("%s/aoi/school/12/%d/%d.mvt", s.URL, low.X, low.Y)); len(a.data) == 0 {
		t.Error("below the lowest zoom, what was found before is not shown")
	}
}

func TestFullQueue(t *testing.T) {
	see := &seer{gate: make(chan struct{})}
	s := newServer(t, see, nil)
	var clients sync.WaitGroup
	for i := range 12 { // two run and eight wait, by the options above
		clients.Add(1)
		go func() {
			defer clients.Done()
			get(t, fmt.Sprintf("%s/aoi/school/17/%d/%d.mvt", s.URL, home.X+uint32(20*i), home.Y))
		}()
	}
	time.Sleep(100 * time.Millisecond)
	a := get(t, fmt.Sprintf("%s/aoi/school/17/%d/%d.mvt?wait=0&strict=1", s.URL, home.X+1000, home.Y))
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.StatusCode, a.data)
	}
	close(see.gate)
	clients.Wait()
}

// TestModelFails: a client gets an empty tile that says why, or with strict the error; the next one is asked anew.
func TestModelFails(t *testing.T) {
	see := &seer{err: fmt.Errorf("%w: connection refused", reasoning.ErrVLM)}
	s := newServer(t, see, nil)
	u := s.URL + "/aoi/school/" + homePath + ".mvt"
	a := get(t, u)
	if a.StatusCode != 200 || a.Header.Get("X-Precinct-Complete") != "false" || !strings.Contains(a.Header.Get("X-Precinct-Reason"), "connection refused") {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a = get(t, u+"?strict=1"); a.StatusCode != 502 {
		t.Errorf("strict: %d %s", a.StatusCode, a.data)
	}
	if a = get(t, s.URL+"/tiles/map/3/2/1.png"); a.StatusCode != 200 {
		t.Error("the layers went with it")
	}
}

func TestReadiness(t *testing.T) {
	var reasons []string
	s := newServer(t, &seer{}, func(o *Options) { o.Ready = func() []string { return reasons } })
	if a := get(t, s.URL+"/readyz"); a.StatusCode != 200 {
		t.Errorf("%d", a.StatusCode)
	}
	reasons = []string{"the models are missing"}
	if a := get(t, s.URL+"/readyz"); a.StatusCode != 503 || !strings.Contains(string(a.data), "models are missing") {
		t.Errorf("%d %s", a.StatusCode, a.data)
	}
	if a := get(t, s.URL+"/healthz"); a.StatusCode != 200 {
		t.Errorf("%d", a.StatusCode)
	}
}

func TestLinksFollowThePublicURL(t *testing.T) {
	s := newServer(t, &seer{}, func(o *Options) { o.PublicURL = "https://maps.example.org/precinct/" })
	if a := get(t, s.URL+"/aoi/school.json"); !strings.Contains(string(a.data), `"https://maps.example.org/precinct/aoi/school/{z}/{x}/{y}.mvt"`) {
		t.Errorf("%s", a.data)
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
