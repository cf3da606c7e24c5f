package ogc_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// requirement is a requirement of a standard, by its id below http://www.opengis.net/spec/, and a check that this server meets
// it. The checks follow the abstract tests of the standards' annex A as far as one server and its store can be asked.
type requirement struct {
	id    string
	check func(w *world) error
}

// TestRequirements checks what standards require, and prints how many requirements of each were met.
func TestRequirements(t *testing.T) {
	type count struct{ met, all int }
	counts := map[string]*count{}
	for _, standard := range []struct {
		name    string
		list    []requirement
		changes bool // each check wants a world of its own
	}{
		{"OGC API Features 1, Core", coreRequirements, false}, {"OGC API Features 1, items", itemRequirements, false},
		{"OGC API Features 2, CRS", crsRequirements, false}, {"OGC API Features 4, edits", editRequirements, true},
		{"OGC API Tiles 1", tileRequirements, false}, {"OGC API Processes 1", processRequirements, true}, {"WMTS 1.0.0", wmtsRequirements, false},
	} {
		n := &count{all: len(standard.list)}
		counts[standard.name] = n
		t.Run(standard.name, func(t *testing.T) {
			goOn := make(chan struct{})
			close(goOn)
			shared := newWorld(t, withJobs(t, goOn))
			for _, r := range standard.list {
				t.Run(r.id, func(t *testing.T) {
					w := *shared
					if w.t = t; standard.changes {
						w = *newWorld(t, withJobs(t, goOn))
					}
					if err := r.check(&w); err != nil {
						t.Fatal(err)
					}
					n.met++
				})
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-28s %d of %d requirements met", name, counts[name].met, counts[name].all)
	}
}

// all joins the failures of several conditions.
func all(list ...error) error { return errors.Join(list...) }

func that(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// status checks the status of a GET, and of failures that they are problems.
func (w *world) status(path string, want int, headers ...string) error {
	r := w.get(path, headers...)
	err := that(r.StatusCode == want, "%s: status %d, want %d: %.200s", path, r.StatusCode, want, r.body)
	if want >= 400 {
		err = all(err, that(r.Header.Get("Content-Type") == "application/problem+json", "%s: Content-Type %q", path, r.Header.Get("Content-Type")))
	}
	return err
}

// links checks that a document has links of relations, that all links are absolute, and that those to GeoJSON and JSON work.
func (w *world) links(d doc, rels ...string) error {
	var err error
	for _, rel := range rels {
		err = all(err, that(d.href(rel, "") != "", "no link %s", rel))
	}
	for _, l := range d.list("links") {
		m := doc(l.(map[string]any))
		href := m["href"].(string)
		err = all(err, that(strings.HasPrefix(href, "http://maps.test/ogc"), "link %s is not absolute", href))
		if m["templated"] == nil && m["type"] != "text/event-stream" && !strings.HasSuffix(href, "/execution") {
			r := w.get(local(href), "Accept: */*")
			got, _, _ := strings.Cut(r.Header.Get("Content-Type"), "; charset")
			err = all(err, that(r.StatusCode == 200 && got == m["type"], "link %s: status %d, %s, want %s", href, r.StatusCode, got, m["type"]))
		}
	}
	return err
}

func (w *world) linked(media, path string, rels ...string) error {
	d, err := w.json(media, path)
	if err != nil {
		return err
	}
	return w.links(d, rels...)
}

const (
	jsonType    = "application/json"
	geojsonType = "application/geo+json"
	openapiType = "application/vnd.oai.openapi+json;version=3.0"
)

var coreRequirements = []requirement{
	{"ogcapi-features-1/1.0/req/core/root-op", func(w *world) error { return all(w.status("/ogc", 200), w.status("/ogc/", 200)) }},
	{"ogcapi-features-1/1.0/req/core/root-success", func(w *world) error {
		return w.linked(jsonType, "/ogc", "self", "alternate", "service-desc", "service-doc", "conformance", "data")
	}},
	{"ogcapi-features-1/1.0/req/core/api-definition-op", func(w *world) error { return w.status("/ogc/api", 200) }},
	{"ogcapi-features-1/1.0/req/core/api-definition-success", func(w *world) error {
		d, err := w.json(openapiType, "/ogc/api")
		return all(err, that(d["openapi"] == "3.0.3", "openapi %v", d["openapi"]))
	}},
	{"ogcapi-features-1/1.0/req/core/conformance-op", func(w *world) error { return w.status("/ogc/conformance", 200) }},
	{"ogcapi-features-1/1.0/req/core/conformance-success", func(w *world) error {
		d, err := w.json(jsonType, "/ogc/conformance")
		for _, class := range []string{"ogcapi-features-1/1.0/conf/core", "ogcapi-features-1/1.0/conf/geojson", "ogcapi-features-1/1.0/conf/html", "ogcapi-features-1/1.0/conf/oas30",
			"ogcapi-features-2/1.0/conf/crs", "ogcapi-features-4/1.0/conf/create-replace-delete", "ogcapi-tiles-1/1.0/conf/core", "ogcapi-processes-1/1.0/conf/core"} {
			err = all(err, that(slices.Contains(d.list("conformsTo"), any("http://www.opengis.net/spec/"+class)), "no class %s", class))
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/core/http", func(w *world) error {
		head := w.do("HEAD", "/ogc/collections", "")
		put := w.do("PUT", "/ogc/collections", "")
		return all(that(head.StatusCode == 200, "HEAD: %d", head.StatusCode), that(put.StatusCode == 405 && put.Header.Get("Allow") == "GET, HEAD, OPTIONS", "PUT: %d, Allow %q", put.StatusCode, put.Header.Get("Allow")),
			w.status("/ogc/nothing", 404), w.status("/ogc/collections/nothing", 404), w.status("/ogc/collections/nothing/items", 404), w.status(w.itemPath(999_999), 404), w.status("/ogc/collections/"+w.schools+"/items/x", 404),
			w.status("/ogc/collections/"+w.chinese+"/items/"+fmt.Sprint(w.corner), 404))
	}},
	{"ogcapi-features-1/1.0/req/core/query-param-unknown", func(w *world) error {
		var err error
		for _, p := range []string{"", "/conformance", "/api", "/collections", "/collections/" + w.schools, "/collections/" + w.schools + "/items", strings.TrimPrefix(w.itemPath(1), "/ogc"), "/tileMatrixSets", "/processes", "/jobs"} {
			err = all(err, w.status("/ogc"+p+"?unknown=1", 400))
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/core/query-param-invalid", func(w *world) error {
		var err error
		for _, q := range []string{"limit=x", "limit=0", "limit=-1", "limit=", "limit=1.5", "offset=-1", "offset=100001", "bbox=1,2,3", "bbox=1,2,3,x", "bbox=1,2,3,NaN", "bbox=1,2,3,inf", "bbox=1,9,2,3", "bbox=", "bbox=1,2,3,4,5", "bbox=1,2,3,4,5,6,7",
			"bbox=1e7,2,3,4", "datetime=yesterday", "datetime=", "datetime=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z", "datetime=2026-13-01T00:00:00Z", "datetime=../x", "datetime=..", "crs=EPSG:4326", "bbox-crs=x", "f=gml", "f=", "after=x", "limit=1&limit=2", "%zz", "a;b"} {
			err = all(err, w.status("/ogc/collections/"+w.schools+"/items?"+q, 400))
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/core/crs84", func(w *world) error {
		r := w.get("/ogc/collections/" + w.schools + "/items?limit=1")
		d, err := w.itemsOf("limit=1")
		lon, _ := d.at("features", 0, "geometry", "coordinates", 0, 0, 0, 0).(float64)
		return all(err, that(r.Header.Get("Content-Crs") == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>", "Content-Crs %s", r.Header.Get("Content-Crs")), that(lon > 85 && lon < 86, "longitude %v", lon))
	}},
	{"ogcapi-features-1/1.0/req/core/fc-md-op", func(w *world) error { return w.status("/ogc/collections", 200) }},
	{"ogcapi-features-1/1.0/req/core/fc-md-success", func(w *world) error {
		d, err := w.json(jsonType, "/ogc/collections")
		return all(err, that(len(d.list("collections")) == 2, "%d collections", len(d.list("collections"))))
	}},
	{"ogcapi-features-1/1.0/req/core/fc-md-links", func(w *world) error { return w.linked(jsonType, "/ogc/collections", "self", "alternate") }},
	{"ogcapi-features-1/1.0/req/core/fc-md-items", eachCollection(func(w *world, d doc) error {
		return all(that(d["id"] != nil && d["title"] != nil, "no id or title"), that(d["itemType"] == "feature", "itemType %v", d["itemType"]))
	})},
	{"ogcapi-features-1/1.0/req/core/fc-md-items-links", eachCollection(func(w *world, d doc) error { return w.links(d, "items", "self") })},
	{"ogcapi-features-1/1.0/req/core/fc-md-extent", eachCollection(func(w *world, d doc) error {
		box := d.list("extent", "spatial", "bbox", 0)
		end, _ := d.at("extent", "temporal", "interval", 0, 1).(string)
		_, err := time.Parse(time.RFC3339, end)
		if d["id"] == w.chinese { // across the antimeridian: west is greater than east
			return all(err, that(len(box) == 4 && box[0].(float64) > box[2].(float64), "bbox %v", box))
		}
		return all(err, that(len(box) == 4 && box[0].(float64) < box[2].(float64) && box[1].(float64) < box[3].(float64), "bbox %v", box))
	})},
	{"ogcapi-features-1/1.0/rec/core/collections-paging", func(w *world) error {
		d, err := w.json(jsonType, "/ogc/collections?limit=1")
		if err != nil || d.href("next", "") == "" {
			return fmt.Errorf("no next: %w", err)
		}
		more, err := w.json(jsonType, local(d.href("next", "")))
		return all(err, that(len(more.list("collections")) == 1 && more.href("next", "") == "" && more.at("collections", 0, "id") != d.at("collections", 0, "id"), "second page %v", more))
	}},
	{"ogcapi-features-1/1.0/req/core/sfc-md-op", func(w *world) error { return w.status("/ogc/collections/"+w.schools, 200) }},
	{"ogcapi-features-1/1.0/req/core/sfc-md-success", func(w *world) error {
		list, err := w.json(jsonType, "/ogc/collections")
		for _, c := range list.list("collections") {
			one, oneErr := w.json(jsonType, "/ogc/collections/"+c.(map[string]any)["id"].(string))
			for _, key := range []string{"id", "title", "description", "extent", "itemType"} {
				err = all(err, oneErr, that(fmt.Sprint(one[key]) == fmt.Sprint(c.(map[string]any)[key]), "%s differs", key))
			}
			err = all(err, w.links(one, "self", "alternate", "items"))
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/html/definition", func(w *world) error {
		var err error
		for _, p := range []string{"/ogc", "/ogc/conformance", "/ogc/api", "/ogc/collections", "/ogc/collections/" + w.schools, "/ogc/collections/" + w.schools + "/items", w.itemPath(w.corner), "/ogc/tileMatrixSets", "/ogc/tileMatrixSets/WebMercatorQuad",
			"/ogc/collections/" + w.schools + "/tiles", "/ogc/collections/" + w.schools + "/tiles/WebMercatorQuad", "/ogc/processes", "/ogc/processes/segment", "/ogc/jobs"} {
			for _, r := range []reply{w.get(p + "?f=html"), w.get(p, "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")} {
				err = all(err, that(r.StatusCode == 200 && r.Header.Get("Content-Type") == "text/html; charset=utf-8" && strings.HasSuffix(strings.TrimSpace(string(r.body)), "</html>"), "%s: %d %s", p, r.StatusCode, r.Header.Get("Content-Type")))
			}
		}
		return err
	}},
	{"ogcapi-features-1/1.0/req/html/content", func(w *world) error {
		r := string(w.get("/ogc/collections/" + w.chinese + "/items?f=html").body)
		return all(that(strings.Contains(r, "斐济&lt;script&gt;"), "the name is not shown"), that(!strings.Contains(r, "<script>alert"), "a name is run as a script"),
			that(strings.Contains(r, `href="http://maps.test/ogc/collections/`+w.chinese+`/items/`), "no link to the feature"), that(strings.Contains(r, "/vendor/leaflet/leaflet.js"), "no map"))
	}},
	{"ogcapi-features-1/1.0/req/oas30/oas-impl", func(w *world) error {
		d, err := w.json(openapiType, "/ogc/api")
		for path := range d["paths"].(map[string]any) {
			get, _ := d.at("paths", path, "get").(map[string]any)
			if get == nil {
				continue
			}
			declared := fmt.Sprint(get["parameters"])
			err = all(err, that(strings.Count(declared, "in:path") == strings.Count(path, "{"), "%s: path parameters", path))
		}
		return all(err, that(d.at("servers", 0, "url") == "http://maps.test/ogc", "servers %v", d["servers"]))
	}},
	{"ogcapi-features-1/1.0/req/geojson/definition", func(w *world) error {
		_, err := w.itemsOf("limit=1")
		_, errItem := w.json(geojsonType, w.itemPath(w.corner))
		return all(err, errItem)
	}},
}

// eachCollection checks what is said of every collection.
func eachCollection(check func(w *world, d doc) error) func(*world) error {
	return func(w *world) error {
		d, err := w.json(jsonType, "/ogc/collections")
		for _, c := range d.list("collections") {
			err = all(err, check(w, c.(map[string]any)))
		}
		return all(err, that(len(d.list("collections")) > 0, "no collections"))
	}
}
