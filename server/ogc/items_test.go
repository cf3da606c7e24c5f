package ogc_test

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/server/store"
)

// every is all features of the schools, read from the store.
func (w *world) every() []store.Feature {
	p, err := w.store.Find(w.t.Context(), store.Query{Phrase: "schools", Limit: store.MaxLimit})
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Features
}

// pages follows the links next and collects the ids.
func (w *world) pages(query string) (out []int64, err error) {
	d, err := w.itemsOf(query)
	for err == nil {
		out = append(out, d.ids()...)
		next := d.href("next", "")
		if next == "" {
			return out, nil
		}
		d, err = w.json(geojsonType, local(next))
	}
	return out, err
}

// ask checks that a query gives the features that a condition picks, by whatever pages, and that numberMatched says so.
func (w *world) ask(query string, wanted func(*store.Feature) bool) error {
	var want []int64
	for _, f := range w.every() {
		if wanted(&f) {
			want = append(want, f.ID)
		}
	}
	var err error
	for _, limit := range []int{7, 1000} {
		got, pageErr := w.pages(fmt.Sprintf("%s&limit=%d", query, limit))
		slices.Sort(got)
		err = all(err, pageErr, that(slices.Equal(got, want), "%s: %d features by %d, want %d", query, len(got), limit, len(want)))
	}
	return all(err, that(w.count(query) == len(want), "%s: numberMatched %d, want %d", query, w.count(query), len(want)))
}

// touches says whether a feature meets a bound, by looking at many points of it: slow and simple, and right for squares and
// the triangle.
func touches(f *store.Feature, b orb.Bound) bool {
	const steps = 60
	g := f.Geometry()
	fb := g.Bound()
	if !fb.Intersects(b) {
		return false
	}
	cut := orb.Bound{Min: orb.Point{math.Max(fb.Min[0], b.Min[0]), math.Max(fb.Min[1], b.Min[1])}, Max: orb.Point{math.Min(fb.Max[0], b.Max[0]), math.Min(fb.Max[1], b.Max[1])}}
	for i := range steps * steps {
		x, y := (float64(i%steps)+0.5)/steps, (float64(i/steps)+0.5)/steps
		if planar.MultiPolygonContains(g, orb.Point{cut.Min[0] + x*(cut.Max[0]-cut.Min[0]), cut.Min[1] + y*(cut.Max[1]-cut.Min[1])}) {
			return true
		}
	}
	return false
}

func box(b orb.Bound) string {
	return fmt.Sprintf("%.9f,%.9f,%.9f,%.9f", b.Min[0], b.Min[1], b.Max[0], b.Max[1])
}

var itemRequirements = []requirement{
	{"ogcapi-features-1/1.0/req/core/fc-op", func(w *world) error { return w.status("/ogc/collections/"+w.schools+"/items", 200) }},
	{"ogcapi-features-1/1.0/req/core/fc-limit-response-1", func(w *world) error {
		var err error
		for query, want := range map[string]int{"": 100, "limit=1": 1, "limit=250": 250, "limit=10000": 301, "limit=10001": 301, "limit=99999999999999999999": 301} {
			d, e := w.itemsOf(query)
			err = all(err, e, that(len(d.list("features")) == want, "%q: %d features, want %d", query, len(d.list("features")), want))
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/core/fc-bbox-definition", func(w *world) error {
		six, err := w.itemsOf("bbox=85,27,-100,86,28,9000")
		four, errFour := w.itemsOf("bbox=85,27,86,28")
		return all(err, errFour, that(six["numberMatched"] == four["numberMatched"] && four["numberMatched"] == 301.0, "matched %v, %v", six["numberMatched"], four["numberMatched"]))
	}},
	{"ogcapi-features-1/1.0/req/core/fc-bbox-response", func(w *world) error {
		var err error
		f, _ := w.store.Feature(w.t.Context(), w.corner)
		b := f.Geometry().Bound()
		middle := b.Center()
		for _, b := range []orb.Bound{
			{Min: orb.Point{85.5211, 27.6261}, Max: orb.Point{85.5252, 27.6285}},
			{Min: middle, Max: b.Max}, {Min: b.Min, Max: middle}, // where the triangle has nothing, and where it has all
			{Min: orb.Point{b.Min[0] + 1e-4, b.Max[1] - 3e-4}, Max: orb.Point{b.Min[0] + 2e-4, b.Max[1] - 2e-4}}, // inside of it
			{Min: orb.Point{0, 0}, Max: orb.Point{1, 1}}, {Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}, {Min: orb.Point{85.4, 27.6}, Max: orb.Point{85.6, 27.7}},
		} {
			err = all(err, w.ask("bbox="+box(b), func(f *store.Feature) bool { return touches(f, b) }))
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/core/fc-bbox-response-antimeridian", func(w *world) error {
		var err error
		for bbox, want := range map[string]float64{"179,-20,-179,-10": 1, "-180,-20,-179,-10": 1, "179,-20,180,-10": 1, "-179,-20,179,-10": 0, "0,-20,179,-10": 0, "170,-20,190,-10": 1, "-540,-90,540,90": 1} {
			d, e := w.json(geojsonType, "/ogc/collections/"+w.chinese+"/items?bbox="+bbox)
			err = all(err, e, that(d["numberMatched"] == want && float64(len(d.list("features"))) == want, "bbox %s: %v", bbox, d["numberMatched"]))
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/core/fc-time-response", func(w *world) error {
		mid := w.every()[0].Updated // the triangle came later
		stamp := url.QueryEscape(mid.UTC().Format(time.RFC3339Nano))
		first := func(f *store.Feature) bool { return !f.Updated.After(mid) }
		any := func(*store.Feature) bool { return true }
		return all(w.ask("datetime="+stamp, first), w.ask("datetime=../"+stamp, first), w.ask("datetime=/"+stamp, first), w.ask("datetime="+stamp+"/..", any), w.ask("datetime="+stamp+"/", any),
			w.ask("datetime=../..", any), w.ask("datetime="+mid.UTC().Format(time.DateOnly)+"/..", any), w.ask("datetime=1990-01-01T00:00:00Z", func(*store.Feature) bool { return false }), w.ask("datetime=1990-01-01t00:00:00%2B05:45/1991-01-01", func(*store.Feature) bool { return false }))
	}},
	{"ogcapi-features-1/1.0/rec/core/fc-filters", func(w *world) error {
		return all(w.ask("class=college", func(f *store.Feature) bool { return f.Class == "college" }), w.ask("class=college&name=corner", func(*store.Feature) bool { return false }),
			w.ask("name=corner", func(f *store.Feature) bool { return f.ID == w.corner }), w.ask("tier=class&function=education&model=reader&verdict=", func(*store.Feature) bool { return true }),
			w.ask("class=school&bbox=85.521,27.62,85.53,27.629", func(f *store.Feature) bool {
				return f.Class == "school" && touches(f, orb.Bound{Min: orb.Point{85.521, 27.62}, Max: orb.Point{85.53, 27.629}})
			}))
	}},
	{"ogcapi-features-1/1.0/req/core/fc-response", func(w *world) error {
		d, err := w.itemsOf("limit=3")
		return all(err, that(d["type"] == "FeatureCollection", "type %v", d["type"]), that(d.at("features", 0, "type") == "Feature", "no features"))
	}},
	{"ogcapi-features-1/1.0/req/core/fc-links", func(w *world) error {
		d, err := w.itemsOf("limit=3&class=school&bbox=85,27,86,28")
		return all(err, w.links(d, "self", "alternate", "next", "collection"))
	}},
	{"ogcapi-features-1/1.0/req/core/fc-rel-type", func(w *world) error {
		d, err := w.itemsOf("")
		for _, l := range d.list("links") {
			m := l.(map[string]any)
			err = all(err, that(m["rel"] != nil && m["type"] != nil, "link %v", m))
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/core/fc-numberMatched", func(w *world) error {
		d, err := w.itemsOf("limit=3")
		return all(err, that(d["numberMatched"] == 301.0, "numberMatched %v", d["numberMatched"]))
	}},
	{"ogcapi-features-1/1.0/req/core/fc-numberReturned", func(w *world) error {
		d, err := w.itemsOf("limit=3")
		return all(err, that(d["numberReturned"] == 3.0, "numberReturned %v", d["numberReturned"]))
	}},
	{"ogcapi-features-1/1.0/per/core/fc-paging", func(w *world) error {
		got, err := w.pages("limit=13")
		offset, errOffset := w.pages("limit=13&offset=290")
		return all(err, errOffset, that(len(got) == 301 && slices.IsSorted(got), "%d features", len(got)), that(slices.Equal(offset, got[290:]), "offset: %v", offset))
	}},
	{"ogcapi-features-1/1.0/req/core/f-op", func(w *world) error { return w.status(w.itemPath(w.corner), 200) }},
	{"ogcapi-features-1/1.0/req/core/f-success", func(w *world) error {
		d, err := w.json(geojsonType, w.itemPath(w.corner))
		p := d.at("properties").(map[string]any)
		for _, key := range []string{"id", "name", "query", "tier", "class", "function", "score", "area_m2", "scene_ids", "model", "reasoning", "sources", "created", "updated", "verdict"} {
			_, ok := p[key]
			err = all(err, that(ok, "no property %s", key))
		}
		f, _ := w.store.Feature(w.t.Context(), w.corner)
		read, readErr := formats.ReadGeoJSON(strings.NewReader(string(w.get(w.itemPath(w.corner)).body)))
		return all(err, readErr, that(d["id"] == float64(w.corner), "id %v", d["id"]), that(read[0].Geometry.Bound().Center()[0]-f.Geometry().Bound().Center()[0] < 1e-6, "the outline differs"))
	}},
	{"ogcapi-features-1/1.0/req/core/f-links", func(w *world) error {
		return w.linked(geojsonType, w.itemPath(w.corner), "self", "alternate", "collection")
	}},
	{"ogcapi-features-1/1.0/rec/core/etag", func(w *world) error {
		var err error
		for _, p := range []string{"/ogc", "/ogc/api", "/ogc/collections", "/ogc/collections/" + w.schools + "/items?limit=9", "/ogc/collections/" + w.schools + "/items?f=html", w.itemPath(w.corner), "/wmts/1.0.0/WMTSCapabilities.xml"} {
			for _, encoding := range []string{"identity", "gzip"} {
				r := w.get(p, "Accept-Encoding: "+encoding)
				tag := r.Header.Get("ETag")
				again := w.get(p, "Accept-Encoding: "+encoding, "If-None-Match: "+tag)
				err = all(err, that(tag != "" && again.StatusCode == 304 && again.Header.Get("ETag") == tag, "%s %s: ETag %q, then %d", p, encoding, tag, again.StatusCode))
			}
		}
		w = newWorld(w.t)
		before := w.get("/ogc/collections/" + w.schools + "/items?limit=9").Header.Get("ETag")
		w.do("DELETE", w.itemPath(1), "", "Authorization: Bearer anna")
		return all(err, w.status("/ogc/collections/"+w.schools+"/items?limit=9", 200, "If-None-Match: "+before))
	}},
}
