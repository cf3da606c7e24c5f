package search

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/simplify"
	"golang.org/x/text/language"
)

// params are what an address asks for.
type params struct {
	query                          Query
	structured                     bool
	format                         string
	polygon, address, extra, names bool
	threshold                      float64
	languages                      []language.Tag
	exclude                        []int64
	at                             orb.Point // of reverse
}

// structuredKeys are parts of an address, narrow first.
var structuredKeys = []string{"amenity", "street", "city", "county", "state", "country", "postalcode"}

func refuse(name, value, hint string) error {
	return &Error{"read parameter", fmt.Sprintf("%s=%.60q", name, value), ErrQuery, hint}
}

// read reads what search and reverse have in common.
func read(v url.Values, header http.Header) (*params, error) {
	for k, all := range v {
		if len(all) > 1 {
			return nil, refuse(k, strings.Join(all, ","), "give it once")
		}
	}
	for _, k := range []string{"polygon_kml", "polygon_svg", "polygon_text", "json_callback"} {
		if v.Get(k) != "" && v.Get(k) != "0" {
			return nil, refuse(k, v.Get(k), "only polygon_geojson is served")
		}
	}
	p := &params{format: "jsonv2"}
	if f := v.Get("format"); f != "" {
		p.format = f
	}
	if !slices.Contains([]string{"json", "jsonv2", "geojson"}, p.format) {
		return nil, refuse("format", p.format, "use jsonv2, json or geojson")
	}
	for _, s := range []struct {
		key string
		to  *bool
	}{{"polygon_geojson", &p.polygon}, {"addressdetails", &p.address}, {"extratags", &p.extra}, {"namedetails", &p.names}, {"bounded", &p.query.Bounded}} {
		switch v.Get(s.key) {
		case "", "0":
		case "1":
			*s.to = true
		default:
			return nil, refuse(s.key, v.Get(s.key), "use 0 or 1")
		}
	}
	if t := v.Get("polygon_threshold"); t != "" {
		var err error
		if p.threshold, err = strconv.ParseFloat(t, 64); err != nil || !(p.threshold >= 0 && p.threshold <= 1) {
			return nil, refuse("polygon_threshold", t, "give 0 to 1 degrees")
		}
	}
	spoken := header.Get("Accept-Language")
	if l := v.Get("accept-language"); l != "" {
		spoken = l
	}
	if len(spoken) <= 200 { // a list that cannot be read is no reason not to answer
		p.languages, _, _ = language.ParseAcceptLanguage(spoken)
	}
	return p, nil
}

func readSearch(v url.Values, header http.Header) (*params, error) {
	p, err := read(v, header)
	if err != nil {
		return nil, err
	}
	q := &p.query
	q.Text = strings.TrimSpace(v.Get("q"))
	var parts []string
	for _, k := range structuredKeys {
		if s := strings.TrimSpace(v.Get(k)); s != "" {
			parts = append(parts, s)
		}
	}
	switch {
	case q.Text == "" && len(parts) == 0:
		return nil, refuse("q", "", "nothing to search for: give q, or street, city, …")
	case q.Text != "" && len(parts) > 0:
		return nil, refuse("q", q.Text, "structured parameters cannot stand beside q")
	case q.Text == "":
		q.Text, p.structured = strings.Join(parts, ", "), true
	}
	if l := v.Get("limit"); l != "" {
		if q.Limit, err = strconv.Atoi(l); err != nil || q.Limit < 1 {
			return nil, refuse("limit", l, fmt.Sprintf("give 1 to %d", MaxLimit))
		}
		q.Limit = min(q.Limit, MaxLimit) // as Nominatim does
	}
	if b := v.Get("viewbox"); b != "" {
		if q.Viewbox, err = viewbox(b); err != nil {
			return nil, err
		}
	} else if q.Bounded {
		return nil, refuse("bounded", "1", "give a viewbox too")
	}
	if c := v.Get("countrycodes"); c != "" {
		q.Countries = strings.Split(c, ",")
		if slices.ContainsFunc(q.Countries, func(s string) bool { return len(s) != 2 }) || len(q.Countries) > 50 {
			return nil, refuse("countrycodes", c, "give two letters each, parted by commas")
		}
	}
	for _, s := range strings.FieldsFunc(v.Get("exclude_place_ids"), func(r rune) bool { return r == ',' }) {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil || len(p.exclude) == 100 {
			return nil, refuse("exclude_place_ids", v.Get("exclude_place_ids"), "give at most 100 numbers, parted by commas")
		}
		p.exclude = append(p.exclude, id)
	}
	return p, nil
}

// viewbox is any two corners: x1,y1,x2,y2.
func viewbox(s string) (*orb.Bound, error) {
	v, ok := numbers(s)
	if !ok || len(v) != 4 {
		return nil, refuse("viewbox", s, "give four numbers, lon1,lat1,lon2,lat2")
	}
	b := orb.Bound{Min: orb.Point{math.Min(v[0], v[2]), math.Min(v[1], v[3])}, Max: orb.Point{math.Max(v[0], v[2]), math.Max(v[1], v[3])}}
	if b.Min[0] < -180 || b.Max[0] > 180 || b.Min[1] < -90 || b.Max[1] > 90 || b.Min[0] == b.Max[0] || b.Min[1] == b.Max[1] {
		return nil, refuse("viewbox", s, "give two corners in degrees, longitude first")
	}
	return &b, nil
}

func readReverse(v url.Values, header http.Header) (*params, error) {
	p, err := read(v, header)
	if err != nil {
		return nil, err
	}
	if v.Get("addressdetails") == "" {
		p.address = true // Nominatim's default in reverse
	}
	for i, k := range []string{"lon", "lat"} {
		if p.at[i], err = strconv.ParseFloat(v.Get(k), 64); err != nil || !(math.Abs(p.at[i]) <= []float64{180, 90}[i]) {
			return nil, refuse(k, v.Get(k), "give lat and lon in degrees")
		}
	}
	return p, nil
}

func simplified(g orb.Geometry, tolerance float64) orb.Geometry {
	s := simplify.DouglasPeucker(tolerance).Simplify(orb.Clone(g))
	if s == nil || s.Bound().IsEmpty() {
		return g
	}
	return s
}
