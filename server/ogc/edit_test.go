package ogc_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/server/ogc"
	"github.com/precinct-map/precinct/server/store"
)

const (
	anna = "Authorization: Bearer anna"
	sent = "Content-Type: application/geo+json"
	yard = `{"type":"Feature","properties":{"name":"Yard","class":"school","verdict":"right"},"geometry":{"type":"Polygon","coordinates":[[[85.51,27.61],[85.512,27.61],[85.512,27.612],[85.51,27.61]]]}}`
)

func (w *world) itemsPath() string { return "/ogc/collections/" + w.schools + "/items" }

// refused checks that a change is answered with a problem and changes nothing.
func (w *world) refused(want int, method, path, body string, headers ...string) error {
	before, _ := w.store.Collection(w.t.Context(), "schools")
	r := w.do(method, path, body, headers...)
	after, _ := w.store.Collection(w.t.Context(), "schools")
	return all(that(r.StatusCode == want && r.Header.Get("Content-Type") == "application/problem+json", "%s %s: %d %s, want %d: %.200s", method, path, r.StatusCode, r.Header.Get("Content-Type"), want, r.body),
		that(before.Generation == after.Generation, "%s %s changed something", method, path))
}

var editRequirements = []requirement{
	{"ogcapi-features-4/1.0/req/create-replace-delete/methods", func(w *world) error {
		list, one := w.do("OPTIONS", w.itemsPath(), ""), w.do("OPTIONS", w.itemPath(1), "")
		return all(that(list.Header.Get("Allow") == "GET, HEAD, OPTIONS, POST", "Allow %s", list.Header.Get("Allow")), that(one.Header.Get("Allow") == "DELETE, GET, HEAD, OPTIONS, PUT", "Allow %s", one.Header.Get("Allow")))
	}},
	{"ogcapi-features-4/1.0/req/create-replace-delete/insert-post-response", func(w *world) error {
		r := w.do("POST", w.itemsPath(), yard, anna, sent)
		d, err := w.json(geojsonType, local(r.Header.Get("Location")))
		return all(err, that(r.StatusCode == 201, "status %d: %s", r.StatusCode, r.body), that(d.at("properties", "name") == "Yard" && d.at("properties", "verdict") == "right" && d.at("properties", "query") == "schools", "%v", d["properties"]),
			that(fmt.Sprint(d.at("geometry", "coordinates", 0, 0, 0)) == "[85.51 27.61]", "%v", d["geometry"]), that(w.count("") == 302, "%d features", w.count("")))
	}},
	{"ogcapi-features-4/1.0/req/create-replace-delete/insert-content-type", func(w *world) error {
		return all(w.refused(415, "POST", w.itemsPath(), yard, anna), w.refused(415, "PUT", w.itemPath(1), yard, anna, "Content-Type: text/plain"))
	}},
	{"ogcapi-features-4/1.0/req/create-replace-delete/insert-post-exceptions", func(w *world) error {
		bow := strings.Replace(yard, "[85.512,27.61],[85.512,27.612]", "[85.512,27.612],[85.512,27.61],[85.51,27.612]", 1)
		return all(w.refused(400, "POST", w.itemsPath(), `{"type":`, anna, sent), w.refused(400, "POST", w.itemsPath(), "", anna, sent), w.refused(400, "POST", w.itemsPath(), yard+yard, anna, sent),
			w.refused(422, "POST", w.itemsPath(), `{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,2]}}`, anna, sent), w.refused(422, "POST", w.itemsPath(), `{"type":"Feature","properties":{},"geometry":null}`, anna, sent),
			w.refused(422, "POST", w.itemsPath(), bow, anna, sent), w.refused(400, "POST", w.itemsPath(), strings.Replace(yard, `"Yard"`, "7", 1), anna, sent), w.refused(422, "POST", w.itemsPath(), strings.Replace(yard, "27.612", "97.612", 1), anna, sent),
			w.refused(413, "POST", w.itemsPath(), strings.Repeat(" ", 17<<20), anna, sent), w.refused(404, "POST", "/ogc/collections/none/items", yard, anna, sent), w.refused(400, "POST", w.itemsPath(), yard, anna, sent, "Content-Crs: <x>"))
	}},
	{"ogcapi-features-4/1.0/req/create-replace-delete/update-put-response", func(w *world) error {
		before := w.every()[0]
		r := w.do("PUT", w.itemPath(before.ID), yard, anna, sent)
		f, err := w.store.Feature(w.t.Context(), before.ID)
		return all(err, that(r.StatusCode == 200, "status %d: %s", r.StatusCode, r.body), that(f.Name == "Yard" && f.Edited && f.Version == before.Version+1, "%+v", f), w.refused(404, "PUT", w.itemPath(9999), yard, anna, sent))
	}},
	{"ogcapi-features-4/1.0/req/create-replace-delete/update-same-outline", func(w *world) error {
		before := w.every()[3]
		got := w.get(w.itemPath(before.ID))
		r := w.do("PUT", w.itemPath(before.ID), strings.Replace(string(got.body), `"verdict":null`, `"verdict":"right"`, 1), anna, sent)
		f, err := w.store.Feature(w.t.Context(), before.ID)
		return all(err, that(r.StatusCode == 200 && f.Verdict == "right", "%d %s", r.StatusCode, r.body), that(f.Zoom == before.Zoom && f.Shape.Equal(before.Shape) && !f.Edited, "the outline of a verdict was redrawn"))
	}},
	{"ogcapi-features-4/1.0/req/create-replace-delete/delete-response", func(w *world) error {
		r := w.do("DELETE", w.itemPath(1), "", anna)
		return all(that(r.StatusCode == 204, "status %d", r.StatusCode), w.status(w.itemPath(1), 404), w.refused(404, "DELETE", w.itemPath(1), "", anna), that(w.count("") == 300, "%d features", w.count("")))
	}},
	{"ogcapi-features-4/1.0/req/optimistic-locking-etags/etag", func(w *world) error {
		r := w.get(w.itemPath(1))
		return that(strings.HasPrefix(r.Header.Get("ETag"), `"1-`), "ETag %s", r.Header.Get("ETag"))
	}},
	{"ogcapi-features-4/1.0/req/optimistic-locking-etags/if-match", func(w *world) error {
		old := w.get(w.itemPath(1), "Accept-Encoding: gzip").Header.Get("ETag")
		r := w.do("PUT", w.itemPath(1), yard, anna, sent, "If-Match: "+old)
		err := that(r.StatusCode == 200, "first change: %d %s", r.StatusCode, r.body)
		now := r.Header.Get("ETag")
		err = all(err, w.refused(412, "PUT", w.itemPath(1), yard, anna, sent, "If-Match: "+old), w.refused(412, "DELETE", w.itemPath(1), "", anna, "If-Match: "+old), w.refused(412, "DELETE", w.itemPath(1), "", anna, `If-Match: "x", 7`))
		r = w.do("PUT", w.itemPath(1), strings.Replace(yard, "Yard", "Court", 1), anna, sent, `If-Match: "x", W/`+now)
		err = all(err, that(r.StatusCode == 200, "weak and listed: %d %s", r.StatusCode, r.body))
		r = w.do("DELETE", w.itemPath(1), "", anna, "If-Match: *")
		return all(err, that(r.StatusCode == 204, "any: %d", r.StatusCode))
	}},
	{"ogcapi-features-4/1.0/req/features/crs", func(w *world) error {
		r := w.do("POST", w.itemsPath(), `{"type":"Feature","properties":{"name":"m"},"geometry":{"type":"Polygon","coordinates":[[[16000000,5000000],[16000100,5000000],[16000100,5000100],[16000000,5000000]]]}}`, anna, sent, "Content-Crs: <"+crs3857+">")
		err := that(r.StatusCode == 201 && r.Header.Get("Content-Crs") == "<"+crs3857+">", "%d %s", r.StatusCode, r.body)
		p, _, errBack := w.firstIn(local(r.Header.Get("Location")) + "?crs=" + url.QueryEscape(crs3857))
		err = all(err, errBack, that(p[0] > 15_999_999.9 && p[0] < 16_000_100.1, "%v", p))
		r = w.do("POST", w.itemsPath(), `{"type":"Feature","properties":{"name":"ll"},"geometry":{"type":"Polygon","coordinates":[[[35,139],[35,139.1],[35.1,139.1],[35,139]]]}}`, anna, sent, "Content-Crs: <"+crs4326+">")
		p, _, errBack = w.firstIn(local(r.Header.Get("Location")))
		return all(err, errBack, that(p[0] >= 139, "%d %v", r.StatusCode, p))
	}},
	{"precinct/req/antimeridian-cut", func(w *world) error {
		// RFC 7946, 3.1.9: what crosses the antimeridian is cut there.
		r := w.do("POST", w.itemsPath(), `{"type":"Feature","properties":{"name":"cut"},"geometry":{"type":"MultiPolygon","coordinates":[[[[179.9,1],[180,1],[180,1.1],[179.9,1.1],[179.9,1]]],[[[-180,1],[-179.9,1],[-179.9,1.1],[-180,1.1],[-180,1]]]]}}`, anna, sent)
		return all(that(r.StatusCode == 201, "%d %s", r.StatusCode, r.body), that(w.count("bbox=179,0,-179,2") == 1 && w.count("bbox=0,0,170,2") == 0 && w.count("bbox=-179.95,0,0,2") == 1, "found elsewhere"))
	}},
	{"precinct/req/only-who-may", func(w *world) error {
		return all(w.refused(401, "POST", w.itemsPath(), yard, sent), w.refused(401, "PUT", w.itemPath(1), yard, sent), w.refused(401, "DELETE", w.itemPath(1), ""),
			w.refused(405, "POST", w.itemPath(1), yard, anna, sent), w.refused(405, "PATCH", w.itemPath(1), yard, anna, sent))
	}},
	{"precinct/req/history", func(w *world) error {
		w.do("PUT", w.itemPath(1), yard, anna, sent)
		list, err := w.store.History(w.t.Context(), 1)
		return all(err, that(len(list) == 1 && list[0].By == "anna" && list[0].Was.Name == "0,0", "%+v", list))
	}},
	{"precinct/req/antimeridian-round-trip", func(w *world) error {
		id := int64(302)
		path := fmt.Sprintf("/ogc/collections/%s/items/%d", w.chinese, id)
		got := w.get(path)
		r := w.do("PUT", path, strings.Replace(string(got.body), `"verdict":null`, `"verdict":"wrong"`, 1), anna, sent)
		var f store.Feature
		f, err := w.store.Feature(w.t.Context(), id)
		return all(err, that(r.StatusCode == 200 && f.Verdict == "wrong", "%d %s", r.StatusCode, r.body), that(!f.Edited, "the outline was redrawn"))
	}},
}

// TestFirstOutline: the first outline of a phrase makes its collection, where that is asked for.
func TestFirstOutline(t *testing.T) {
	w := newWorld(t, func(o *ogc.Options) {
		o.Phrase = func(p string) (string, error) {
			if strings.Contains(p, "<") {
				return "", fmt.Errorf("%w: a phrase has no <", ogc.ErrInput)
			}
			return strings.TrimSpace(p), nil
		}
	})
	items := "/ogc/collections/" + url.PathEscape(" a/b bus park") + "/items"
	if err := all(w.refused(404, "POST", items, yard, anna, sent), w.refused(404, "POST", items+"?create=false", yard, anna, sent), w.refused(401, "POST", items+"?create=true", yard, sent),
		w.refused(400, "POST", "/ogc/collections/%3Cb%3E/items?create=true", yard, anna, sent), w.refused(422, "POST", items+"?create=true", strings.Replace(yard, "Polygon", "LineString", 1), anna, sent)); err != nil {
		t.Error(err)
	}
	r := w.do("POST", items+"?create=true", yard, anna, sent)
	if want := "http://maps.test/ogc/collections/" + store.CollectionID("a/b bus park") + "/items/"; r.StatusCode != 201 || !strings.HasPrefix(r.Header.Get("Location"), want) {
		t.Fatalf("%d %v %s", r.StatusCode, r.Header, r.body)
	}
	if err := w.status(local(r.Header.Get("Location")), 200); err != nil {
		t.Error(err)
	}
	if again := w.do("POST", "/ogc/collections/"+store.CollectionID("a/b bus park")+"/items", yard, anna, sent); again.StatusCode != 201 {
		t.Errorf("the second one: %d %s", again.StatusCode, again.body)
	}
}
