package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
	"github.com/precinct-map/precinct/tiles/osm"
)

// send posts JSON and gives the answer.
func send(t *testing.T, method, u, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, u, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return answer{resp, b.Bytes()}
}

func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.data, &v); err != nil || a.StatusCode != 200 {
		t.Fatalf("%s: %d %v %s", a.Request.URL, a.StatusCode, err, a.data)
	}
	return v
}

func homeBBox(pad float64) string {
	b := home.Bound()
	return fmt.Sprintf("%f,%f,%f,%f", b.Min[0]-pad, b.Min[1]-pad, b.Max[0]+pad, b.Max[1]+pad)
}

// TestWhatIsFound: it can be estimated before, and counted, taken away, traced, judged and purged afterwards.
func TestWhatIsFound(t *testing.T) {
	model := &seer{}
	s := newServer(t, model, nil)
	type estimate struct{ Scenes, Known int }
	before := decode[estimate](t, get(t, s.URL+"/estimate?q=school&bbox="+homeBBox(0)))
	if before.Scenes == 0 || before.Known != 0 {
		t.Errorf("%+v before anything was looked at", before)
	}
	get(t, s.URL+"/aoi/school/"+homePath+".mvt")
	if after := decode[estimate](t, get(t, s.URL+"/estimate?q=school&bbox="+homeBBox(0))); after.Known != before.Scenes {
		t.Errorf("%+v after all of it was", after)
	}
	st := decode[struct {
		Count   int
		AreaM2  float64 `json:"area_m2"`
		Classes []struct{ Class, Function string }
	}](t, get(t, s.URL+"/stats?q=school"))
	if st.Count != 1 || st.AreaM2 < 1000 || st.Classes[0].Class != "school" || st.Classes[0].Function != "educational" {
		t.Errorf("stats %+v", st)
	}

	runs := model.runs.Load()
	for _, suffix := range []string{"geojson", "geojsonl", "gpkg", "kml", "parquet", "pmtiles"} {
		a := get(t, s.URL+"/aoi/school."+suffix)
		if a.StatusCode != 200 || len(a.data) < 300 || !strings.Contains(a.Header.Get("Content-Disposition"), "school."+suffix) {
			t.Errorf("%s: %d, %d bytes, %v", suffix, a.StatusCode, len(a.data), a.Header)
		}
	}
	if a := get(t, s.URL+"/aoi/school.geojson?bbox=0,0,1,1"); a.StatusCode != 200 || strings.Contains(string(a.data), "Polygon") {
		t.Errorf("an export of elsewhere: %d %s", a.StatusCode, a.data)
	}
	if a := get(t, s.URL+"/aoi/school.docx"); a.StatusCode != 404 && a.StatusCode != 400 {
		t.Errorf("no format: %d %s", a.StatusCode, a.data)
	}
	if n := model.runs.Load(); n != runs {
		t.Errorf("an export had %d scenes run", n-runs)
	}

	found, err := formats.ReadGeoJSON(bytes.NewReader(get(t, s.URL+"/aoi/school.geojson").data))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	var scenes []string
	if err := json.Unmarshal(found[0].Get("scene_ids").(json.RawMessage), &scenes); err != nil || len(scenes) == 0 {
		t.Fatal(scenes, err)
	}
	scene := scenes[0]
	trace := decode[struct {
		Pictures map[string]string
		Stages   []struct {
			Answer string
			Mask   json.RawMessage
		}
	}](t, get(t, s.URL+"/scenes/"+scene+"?q=school"))
	if len(trace.Stages) != 2 || !strings.Contains(trace.Stages[0].Answer, "bbox_2d") || len(trace.Stages[1].Mask) == 0 || len(trace.Pictures) != 4 {
		t.Errorf("%+v", trace)
	}
	for name, u := range trace.Pictures {
		img, err := png.Decode(bytes.NewReader(get(t, u).data))
		if err != nil || img.Bounds().Dx() != 768 {
			t.Errorf("%s at %s: %v", name, u, err)
		}
	}
	if a := get(t, s.URL+"/scenes/"+scene+"?q=park"); a.StatusCode != 404 {
		t.Errorf("a scene that was not looked at: %d", a.StatusCode)
	}
	for _, id := range []string{"x", "17-0-0", "3-1-1", "17-99999999-1"} {
		if a := get(t, s.URL+"/scenes/"+id+"?q=school"); a.StatusCode != 400 && a.StatusCode != 404 {
			t.Errorf("scene %s: %d", id, a.StatusCode)
		}
	}
}

// TestCorrections: a verdict and an outline stay, can be undone, and show on tiles at once; what a person drew stays through a purge.
func TestCorrections(t *testing.T) {
	model := &seer{}
	s := newServer(t, model, func(o *Options) { o.Open = true })
	tile := s.URL + "/aoi/school/" + homePath + ".geojson"
	first := get(t, tile)
	found, err := formats.ReadGeoJSON(bytes.NewReader(first.data))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	get(t, tile) // hot now
	w := geo.TileWindow(home)
	drawn := geo.Window{Z: 17, X: w.X + 10, Y: w.Y + 10, W: 40, H: 40}.Bound().ToPolygon()
	ring, _ := json.Marshal(drawn)
	body := fmt.Sprintf(`{"feature": %d, "verdict": "shape", "geometry": {"type": "Polygon", "coordinates": %s}, "by": "me"}`, found[0].Num, ring)
	told := send(t, http.MethodPost, s.URL+"/feedback", body)
	answer, err := formats.ReadGeoJSON(bytes.NewReader(told.data))
	if told.StatusCode != 200 || err != nil {
		t.Fatalf("%d %s", told.StatusCode, told.data)
	}
	changed, err := formats.ReadGeoJSON(bytes.NewReader(get(t, tile).data))
	if err != nil || len(changed) != 1 || changed[0].Get("verdict") != "shape" || !near(changed[0].Geometry.Bound(), drawn.Bound()) {
		t.Fatalf("%v %v", changed, err)
	}
	if told := get(t, s.URL+"/feedback?q=school"); !strings.Contains(string(told.data), `"verdict":"shape"`) {
		t.Errorf("not listed: %s", told.data)
	}
	if a := send(t, http.MethodDelete, s.URL+"/aoi/school", ""); a.StatusCode != 200 || !strings.Contains(string(a.data), `"features":0`) {
		t.Errorf("purge: %d %s", a.StatusCode, a.data)
	}
	runs := model.runs.Load()
	again, err := formats.ReadGeoJSON(bytes.NewReader(get(t, tile).data))
	if err != nil || model.runs.Load() == runs {
		t.Errorf("after a purge nothing was looked at anew: %v", err)
	}
	if !slices.ContainsFunc(again, func(f formats.Feature) bool { return f.Num == found[0].Num && f.Get("verdict") == "shape" }) {
		t.Error("the purge took what a person drew")
	}
	undo := s.URL + "/feedback/" + fmt.Sprint(found[0].Num)
	for tag, status := range map[string]int{`"1-x"`: 412, `"x"`: 400, `"-3"`: 400} {
		if a := send(t, http.MethodDelete, undo, "", "If-Match", tag); a.StatusCode != status {
			t.Errorf("undo of version %s: %d, want %d: %s", tag, a.StatusCode, status, a.data)
		}
	}
	if a := send(t, http.MethodDelete, undo, "", "If-Match", fmt.Sprintf(`W/"%v-x"`, answer[0].Get("version"))); a.StatusCode != 200 || strings.Contains(string(a.data), `"verdict":"shape"`) {
		t.Errorf("undo: %d %s", a.StatusCode, a.data)
	}
	for name, body := range map[string]string{
		"no JSON": "{", "nothing said": `{"feature": 1}`, "no such verdict": `{"feature": 1, "verdict": "nice"}`, "a point": `{"feature": 1, "geometry": {"type": "Point", "coordinates": [1, 2]}}`,
		"an open ring": `{"feature": 1, "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [2, 2], [2, 3]]]}}`, "other keys": `{"feature": 1, "verdict": "right", "x": 1}`,
		"half an id": `{"feature": 1.5, "verdict": "right"}`,
	} {
		if a := send(t, http.MethodPost, s.URL+"/feedback", body); a.StatusCode != 400 {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.data)
		}
	}
	if a := send(t, http.MethodPost, s.URL+"/feedback", `{"feature": 999999, "verdict": "right"}`); a.StatusCode != 404 {
		t.Errorf("no such feature: %d", a.StatusCode)
	}
}

func near(a, b orb.Bound) bool {
	const cm = 1e-6
	return a.Pad(cm).Contains(b.Min) && a.Pad(cm).Contains(b.Max) && b.Pad(cm).Contains(a.Min) && b.Pad(cm).Contains(a.Max)
}

// TestARestartForgetsNothing: another engine over the same store runs no scene again, and gives the same ids.
func TestARestartForgetsNothing(t *testing.T) {
	model := &seer{}
	var kept *Answers
	s := newServer(t, model, func(o *Options) { kept = o.Answers })
	first := get(t, s.URL+"/aoi/school/"+homePath+".geojson")
	kept.Memory.Clear()
	runs := model.runs.Load()
	again := get(t, s.URL+"/aoi/school/"+homePath+".geojson?wait=1") // another address: nothing hot
	if model.runs.Load() != runs || !bytes.Equal(first.data, again.data) {
		t.Errorf("%d scenes were run again; %s, then %s", model.runs.Load()-runs, first.data, again.data)
	}
}

// TestAccess: with keys everything needs one of the right scope; without, strangers may not change anything unless the server is open.
func TestAccess(t *testing.T) {
	closed := newServer(t, &seer{}, nil)
	if a := send(t, http.MethodDelete, closed.URL+"/aoi/school", ""); a.StatusCode != 403 {
		t.Errorf("purge by a stranger: %d", a.StatusCode)
	}
	if a := send(t, http.MethodPost, closed.URL+"/feedback", `{"feature": 1, "verdict": "right"}`); a.StatusCode != 403 {
		t.Errorf("feedback by a stranger: %d", a.StatusCode)
	}
	model := &seer{}
	s := newServer(t, model, func(o *Options) {
		o.Keys = []Key{{Name: "reader", Hash: HashKey("r"), Scopes: []Scope{Read}, Rate: 2}, {Name: "boss", Hash: HashKey("b"), Scopes: Scopes}}
	})
	if a := get(t, s.URL+"/healthz"); a.StatusCode != 200 {
		t.Errorf("health needs a key: %d", a.StatusCode)
	}
	if a := get(t, s.URL+"/"); a.StatusCode != 200 { // the page asks for the key by itself
		t.Errorf("the viewer needs a key: %d", a.StatusCode)
	}
	if a := get(t, s.URL+"/tiles"); a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a key: %d", a.StatusCode)
	}
	if a := get(t, s.URL+"/tiles?key=wrong"); a.StatusCode != 401 {
		t.Errorf("with a wrong key: %d", a.StatusCode)
	}
	if a := get(t, s.URL+"/aoi/school/"+homePath+".mvt", "X-API-Key", "r"); a.StatusCode != 200 || model.runs.Load() != 0 {
		t.Errorf("a reader had scenes run: %d, %d", a.StatusCode, model.runs.Load())
	}
	if a := send(t, http.MethodDelete, s.URL+"/aoi/school", "", "Authorization", "Bearer r"); a.StatusCode != 403 {
		t.Errorf("purge by a reader: %d", a.StatusCode)
	}
	if a := send(t, http.MethodDelete, s.URL+"/aoi/school?key=b", ""); a.StatusCode != 200 {
		t.Errorf("purge by the boss: %d", a.StatusCode)
	}
	limited := 0
	for range 40 {
		if a := get(t, s.URL+"/tiles", "X-API-Key", "r"); a.StatusCode == 429 && a.Header.Get("Retry-After") != "" {
			limited++
		}
	}
	if limited < 10 {
		t.Errorf("%d of 40 requests were too many, want at least 10", limited)
	}
}

// TestTermsForbidExports: what was found on such a layer is shown, and not passed on.
func TestTermsForbidExports(t *testing.T) {
	s := newServer(t, &seer{}, func(o *Options) { o.Answers.Engine.Map = kept{o.Answers.Engine.Map} })
	if a := get(t, s.URL+"/aoi/school/"+homePath+".mvt"); a.StatusCode != 200 {
		t.Errorf("tile: %d", a.StatusCode)
	}
	if a := get(t, s.URL+"/aoi/school.gpkg"); a.StatusCode != 403 || !strings.Contains(string(a.data), "may_derive") {
		t.Errorf("export: %d %s", a.StatusCode, a.data)
	}
}

// kept is a layer whose terms forbid to derive from it.
type kept struct{ tiles.Source }

func (k kept) Info() tiles.Info {
	i := k.Source.Info()
	i.MayDerive = false
	return i
}

// TestVectorTiles: a layer that is drawn from vector tiles passes them on, packed for who takes that.
func TestVectorTiles(t *testing.T) {
	path := filepath.Join("..", "..", "shared", "data", "osm", "firenze.pmtiles")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the vector tiles of Firenze are not here: ", path)
	}
	plan, err := osm.Open(t.Context(), osm.Options{Name: "plan", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	var memory *cache.Memory
	s := newServer(t, &seer{}, func(o *Options) {
		memory = o.Answers.Memory
		o.Layers = append(o.Layers, tiles.Cached(plan, memory))
	})
	var list struct {
		Layers []struct{ ID, Vectors string }
	}
	if err := json.Unmarshal(get(t, s.URL+"/tiles").data, &list); err != nil || list.Layers[2].Vectors == "" || list.Layers[0].Vectors != "" {
		t.Fatalf("%v %+v", err, list)
	}
	doc := decode[tileJSON](t, get(t, list.Layers[2].Vectors))
	if layers, _ := doc.VectorLayers.([]any); len(layers) == 0 || doc.MaxZoom == 0 {
		t.Errorf("%+v", doc)
	}
	at := maptile.At(plan.Info().Center, maptile.Zoom(doc.MaxZoom))
	u := strings.NewReplacer("{z}", fmt.Sprint(at.Z), "{x}", fmt.Sprint(at.X), "{y}", fmt.Sprint(at.Y)).Replace(doc.Tiles[0])
	plain := get(t, u)
	for range 2 { // the second is hot
		packed := get(t, u, "Accept-Encoding", "gzip, br")
		if packed.Header.Get("Content-Encoding") != "gzip" || len(packed.data) >= len(plain.data) || unpacked(t, packed) != len(plain.data) {
			t.Errorf("%v, %d bytes of %d", packed.Header, len(packed.data), len(plain.data))
		}
	}
	if layers, err := mvt.Unmarshal(plain.data); err != nil || len(layers) == 0 || plain.Header.Get("Content-Encoding") != "" {
		t.Errorf("%v %v", err, plain.Header)
	}
	if a := get(t, strings.Replace(u, fmt.Sprintf("/%d/", at.Z), "/22/", 1)); a.StatusCode != 404 {
		t.Errorf("beyond the deepest zoom: %d", a.StatusCode)
	}
	if a := get(t, s.URL+"/tiles/map/3/2/1.mvt"); a.StatusCode != 404 {
		t.Errorf("vectors of pictures: %d", a.StatusCode)
	}
}
