package ogc_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"go.uber.org/goleak"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/server/ogc"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/server/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a service over real stores.
type world struct {
	t       testing.TB
	store   *store.SQLite
	handler http.Handler
	schools string // id of the collection of 300 squares
	chinese string // of one outline across the antimeridian
	corner  int64  // the triangle north-west of its diagonal
}

// layers are what WMTS lists in the tests: town is a folder of pictures that GDAL reads.
func layers() []ogc.Layer {
	all := orb.Bound{Min: orb.Point{-180, -85.0511287798066}, Max: orb.Point{180, 85.0511287798066}}
	return []ogc.Layer{
		{ID: "satellite", Title: "Satellite <&> more", Attribution: "© Town", Template: "/tiles/{layer}/{z}/{x}/{y}.{ext}", Formats: []string{"png", "jpg", "webp"}, Bounds: all, MaxZoom: 18},
		{ID: "retina", Template: "/tiles/retina/{z}/{x}/{y}.{ext}", Formats: []string{"png"}, Bounds: orb.Bound{Min: orb.Point{85, 27}, Max: orb.Point{86, 28}}, MinZoom: 4, MaxZoom: 17, TileSize: 512},
	}
}

func newWorld(t testing.TB, change ...func(*ogc.Options)) *world {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "found.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: s}
	w.fill()
	o := ogc.Options{
		Features: s, Catalogue: s, Edits: s, Layers: layers, Tile: w.tile, Leaflet: "/vendor/leaflet/",
		MayEdit: func(r *http.Request) (string, error) {
			if r.Header.Get("Authorization") != "Bearer anna" {
				return "", &problem.Problem{Title: "Say who you are", Status: http.StatusUnauthorized}
			}
			return "anna", nil
		},
	}
	for _, f := range change {
		f(&o)
	}
	w.handler = ogc.Handler(o)
	return w
}

func (w *world) fill() {
	var list []store.Feature
	for i := range 300 {
		f := storetest.Square(i%20*60, i/20*60, 40)
		if i%3 == 0 {
			f.Class = "college"
		}
		list = append(list, f)
	}
	w.sync("schools", list...)
	corner := storetest.Square(-2000, -2000, 800)
	b := corner.Shape.Bound()
	corner.Shape = orb.MultiPolygon{{{b.Min, {b.Max[0], b.Min[1]}, {b.Min[0], b.Max[1]}, b.Min}}}
	corner.Name = "corner"
	w.corner = w.sync("schools", corner)[0].ID
	far := storetest.Square(0, 0, 10)
	far.SetGeometry(orb.MultiPolygon{orb.Bound{Min: orb.Point{179.9, -17}, Max: orb.Point{180.1, -16.8}}.ToPolygon()})
	far.Name = `斐济<script>alert("&")</script>`
	w.sync("学校", far)
	w.schools, w.chinese = store.CollectionID("schools"), store.CollectionID("学校")
}

func (w *world) sync(phrase string, f ...store.Feature) []store.Feature {
	w.t.Helper()
	out, err := w.store.Sync(w.t.Context(), phrase, nil, f)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// tile encodes what the store has; the server's own does more.
func (w *world) tile(rw http.ResponseWriter, r *http.Request, phrase string, t maptile.Tile) {
	list, err := w.store.Tile(r.Context(), phrase, t, 10_000)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	layer := formats.Layer{Name: "aoi", Lattice: int(t.Z) + 4}
	for _, f := range list {
		layer.Features = append(layer.Features, formats.Feature{Num: uint64(f.ID), Geometry: f.Shape, Properties: []formats.Property{{Key: "name", Value: f.Name}}})
	}
	data, err := formats.EncodeMVT(t, layer)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/vnd.mapbox-vector-tile")
	_, _ = rw.Write(data)
}

// reply is an answer, read.
type reply struct {
	*http.Response
	body []byte
}

// do sends a request; headers are "Name: value".
func (w *world) do(method, path, body string, headers ...string) reply {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "http://maps.test"+path, strings.NewReader(body))
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Add(k, v)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	res := rec.Result()
	data, _ := io.ReadAll(res.Body)
	return reply{res, data}
}

func (w *world) get(path string, headers ...string) reply {
	w.t.Helper()
	return w.do(http.MethodGet, path, "", headers...)
}

// doc is a JSON answer.
type doc map[string]any

// json reads a 200's document of a media type.
func (w *world) json(media, path string, headers ...string) (doc, error) {
	w.t.Helper()
	r := w.get(path, headers...)
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d: %s", path, r.StatusCode, r.body)
	}
	if got := r.Header.Get("Content-Type"); got != media {
		return nil, fmt.Errorf("%s: Content-Type %q, want %q", path, got, media)
	}
	var d doc
	return d, json.Unmarshal(r.body, &d)
}

// at walks into a document: names of members and indices.
func (d doc) at(path ...any) any {
	var v any = map[string]any(d)
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// list is a member that is an array.
func (d doc) list(path ...any) []any { l, _ := d.at(path...).([]any); return l }

// href is the address of the first link of a relation, and type if that is not "".
func (d doc) href(rel, media string) string {
	for _, l := range d.list("links") {
		m := doc(l.(map[string]any))
		if m["rel"] == rel && (media == "" || m["type"] == media) {
			return m["href"].(string)
		}
	}
	return ""
}

// local is a link's path on the handler.
func local(href string) string { return strings.TrimPrefix(href, "http://maps.test") }

// ids of a feature collection.
func (d doc) ids() []int64 {
	var out []int64
	for _, f := range d.list("features") {
		out = append(out, int64(f.(map[string]any)["id"].(float64)))
	}
	return out
}

func (w *world) itemsOf(query string) (doc, error) {
	w.t.Helper()
	return w.json("application/geo+json", "/ogc/collections/"+url.PathEscape(w.schools)+"/items?"+query)
}

func (w *world) itemPath(id int64) string {
	return "/ogc/collections/" + w.schools + "/items/" + strconv.FormatInt(id, 10)
}
