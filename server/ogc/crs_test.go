package ogc_test

import (
	"math"
	"net/url"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/project"
)

const (
	crs84   = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
	crs4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
	crs3857 = "http://www.opengis.net/def/crs/EPSG/0/3857"
)

// corners are the first coordinates of the first feature in a system.
func (w *world) firstIn(path string) (orb.Point, string, error) {
	r := w.get(path)
	d, err := w.json(geojsonType, path)
	var c []any
	if d["type"] == "Feature" {
		c = d.list("geometry", "coordinates", 0, 0, 0)
	} else {
		c = d.list("features", 0, "geometry", "coordinates", 0, 0, 0)
	}
	if err != nil || len(c) != 2 {
		return orb.Point{}, "", all(err, that(false, "no coordinates"))
	}
	return orb.Point{c[0].(float64), c[1].(float64)}, r.Header.Get("Content-Crs"), nil
}

var crsRequirements = []requirement{
	{"ogcapi-features-2/1.0/req/crs/crs-uri", eachCollection(func(w *world, d doc) error {
		one, err := w.json(jsonType, "/ogc/collections/"+d["id"].(string))
		return all(err, that(slices.Equal(one.list("crs"), []any{crs84, crs4326, crs3857}), "crs %v", one["crs"]))
	})},
	{"ogcapi-features-2/1.0/req/crs/fc-md-crs-list-A", func(w *world) error {
		d, err := w.json(jsonType, "/ogc/collections")
		return all(err, that(slices.Equal(d.list("crs"), []any{crs84, crs4326, crs3857}), "crs %v", d["crs"]))
	}},
	{"ogcapi-features-2/1.0/req/crs/fc-md-crs-list-global", eachCollection(func(w *world, d doc) error {
		return that(slices.Equal(d.list("crs"), []any{"#/crs"}), "crs %v", d["crs"])
	})},
	{"ogcapi-features-2/1.0/req/crs/fc-md-storageCrs-valid-value", eachCollection(func(w *world, d doc) error { return that(d["storageCrs"] == crs84, "storageCrs %v", d["storageCrs"]) })},
	{"ogcapi-features-2/1.0/req/crs/fc-bbox-crs-definition", func(w *world) error {
		return w.status("/ogc/collections/"+w.schools+"/items?bbox=27,85,28,86&bbox-crs="+url.QueryEscape(crs4326), 200)
	}},
	{"ogcapi-features-2/1.0/req/crs/fc-bbox-crs-valid-value", func(w *world) error {
		return w.status("/ogc/collections/"+w.schools+"/items?bbox=27,85,28,86&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/9999", 400)
	}},
	{"ogcapi-features-2/1.0/req/crs/fc-bbox-crs-action", func(w *world) error {
		low, high := orb.Point{85.521, 27.626}, orb.Point{85.525, 27.629}
		want, err := w.pages("bbox=" + box(orb.Bound{Min: low, Max: high}))
		swapped, errSwapped := w.pages("bbox=" + box(orb.Bound{Min: orb.Point{low[1], low[0]}, Max: orb.Point{high[1], high[0]}}) + "&bbox-crs=" + url.QueryEscape(crs4326))
		metres, errMetres := w.pages("bbox=" + box(orb.Bound{Min: project.WGS84.ToMercator(low), Max: project.WGS84.ToMercator(high)}) + "&bbox-crs=" + url.QueryEscape(crs3857))
		return all(err, errSwapped, errMetres, that(len(want) > 5 && slices.Equal(want, swapped) && slices.Equal(want, metres), "%d, %d and %d features", len(want), len(swapped), len(metres)))
	}},
	{"ogcapi-features-2/1.0/req/crs/fc-crs-definition", func(w *world) error {
		return w.status("/ogc/collections/"+w.schools+"/items?crs="+url.QueryEscape(crs3857), 200)
	}},
	{"ogcapi-features-2/1.0/req/crs/fc-crs-valid-value", func(w *world) error {
		return all(w.status("/ogc/collections/"+w.schools+"/items?crs=x", 400), w.status(w.itemPath(w.corner)+"?crs=x", 400))
	}},
	{"ogcapi-features-2/1.0/req/crs/fc-crs-default", func(w *world) error {
		p, header, err := w.firstIn(w.itemPath(w.corner))
		return all(err, that(header == "<"+crs84+">" && p[0] > 85, "%s %v", header, p))
	}},
	{"ogcapi-features-2/1.0/req/crs/fc-crs-action", func(w *world) error {
		var err error
		for _, path := range []string{w.itemPath(w.corner) + "?", "/ogc/collections/" + w.schools + "/items?limit=1&"} {
			p, _, e := w.firstIn(path)
			ll, _, e2 := w.firstIn(path + "crs=" + url.QueryEscape(crs4326))
			m, _, e3 := w.firstIn(path + "crs=" + url.QueryEscape(crs3857))
			want := project.WGS84.ToMercator(p)
			err = all(err, e, e2, e3, that(ll == orb.Point{p[1], p[0]}, "4326: %v of %v", ll, p), that(math.Hypot(m[0]-want[0], m[1]-want[1]) < 0.02, "3857: %v, want %v", m, want))
		}
		return err
	}},
	{"ogcapi-features-2/1.0/req/crs/ogc-crs-header", func(w *world) error {
		var err error
		for _, c := range []string{crs84, crs4326, crs3857} {
			for _, path := range []string{w.itemPath(w.corner) + "?crs=", "/ogc/collections/" + w.schools + "/items?crs="} {
				_, header, e := w.firstIn(path + url.QueryEscape(c))
				err = all(err, e, that(header == "<"+c+">", "Content-Crs %s", header))
			}
		}
		return err
	}},
	{"ogcapi-features-2/1.0/req/crs/geojson", func(w *world) error {
		next, err := w.itemsOf("limit=5&crs=" + url.QueryEscape(crs3857))
		p, header, errNext := w.firstIn(local(next.href("next", "")))
		return all(err, errNext, that(header == "<"+crs3857+">" && p[0] > 9e6, "the next page is in %s", header))
	}},
}
