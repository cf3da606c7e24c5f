package search

import (
	"math"
	"strings"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"

	"github.com/precinct-map/precinct/geo/formats"
)

// keys are the tags that say what a thing is, most telling first.
var keys = []string{"place", "boundary", "amenity", "tourism", "shop", "leisure", "historic", "aeroway", "railway", "public_transport", "healthcare",
	"office", "craft", "club", "emergency", "natural", "waterway", "man_made", "military", "landuse", "highway", "building"}

func mainTag(tags map[string]string) (key, value string) {
	for _, k := range keys {
		if v := tags[k]; v != "" && v != "no" {
			return k, v
		}
	}
	if tags["addr:housenumber"] != "" {
		return "place", "house"
	}
	return "place", "yes"
}

// weights are how much one thinks of a thing when one hears its name, 0 to 1; the key alone is for any other value.
var weights = map[string]float64{
	"place=continent": 0.95, "place=country": 0.9, "place=state": 0.8, "place=region": 0.7, "place=city": 0.75, "place=town": 0.6, "place=village": 0.5,
	"place=borough": 0.5, "place=suburb": 0.45, "place=island": 0.45, "place=quarter": 0.4, "place=neighbourhood": 0.38, "place=hamlet": 0.35,
	"place=square": 0.25, "place=house": 0.02, "place": 0.2, "boundary=administrative": 0.4, "boundary": 0.25, "aeroway=aerodrome": 0.45, "aeroway": 0.1,
	"railway=station": 0.4, "railway": 0.15, "public_transport=station": 0.35, "amenity=university": 0.35, "amenity=hospital": 0.3, "amenity=townhall": 0.3,
	"amenity": 0.15, "tourism=museum": 0.3, "tourism=attraction": 0.3, "tourism": 0.18, "leisure=park": 0.28, "leisure=stadium": 0.3, "leisure": 0.15,
	"historic": 0.2, "natural": 0.22, "waterway": 0.22, "shop": 0.1, "highway=motorway": 0.25, "highway=trunk": 0.25, "highway=primary": 0.24,
	"highway=secondary": 0.22, "highway=tertiary": 0.2, "highway=residential": 0.18, "highway=pedestrian": 0.18, "highway=bus_stop": 0.06, "highway": 0.12,
	"landuse": 0.15, "building": 0.08,
}

// importance is 0 to 1, by what a thing is, how large, and whether an encyclopedia tells of it.
func importance(key, value string, tags map[string]string, b orb.Bound) float64 {
	w, ok := weights[key+"="+value]
	if !ok {
		if w, ok = weights[key]; !ok {
			w = 0.08
		}
	}
	if level := tags["admin_level"]; key == "boundary" && value == "administrative" {
		if l, ok := map[string]float64{"2": 0.9, "4": 0.8, "6": 0.66, "7": 0.6, "8": 0.6}[level]; ok {
			w = l
		}
	}
	if tags["wikidata"] != "" || tags["wikipedia"] != "" {
		w += 0.06
	}
	area := orbgeo.Area(b)
	if area > 100 {
		w += 0.01 * math.Log10(area/100)
	}
	return min(1, w)
}

// names are what a thing is called in any language, its name first.
func names(tags map[string]string) []string {
	var out []string
	add := func(v string) {
		for _, n := range strings.Split(v, ";") {
			if n = strings.TrimSpace(n); n != "" {
				out = append(out, n)
			}
		}
	}
	for _, k := range []string{"name", "int_name", "alt_name", "old_name", "official_name", "short_name", "loc_name", "brand", "ref"} {
		add(tags[k])
	}
	for k, v := range tags {
		for _, p := range []string{"name:", "alt_name:", "old_name:", "official_name:"} {
			if strings.HasPrefix(k, p) {
				add(v)
			}
		}
	}
	return out
}

// house is an address as it is written, in both orders; empty when there is none.
func house(tags map[string]string) (numberFirst, streetFirst string) {
	n, s := tags["addr:housenumber"], tags["addr:street"]
	if n == "" || s == "" {
		return "", ""
	}
	return n + " " + s, s + " " + n
}

// wanted says whether a thing can be searched for.
func wanted(tags map[string]string) bool {
	if tags["name"] == "" {
		a, _ := house(tags)
		return a != ""
	}
	if tags["place"] == "" && tags["boundary"] == "" && tags["addr:housenumber"] == "" {
		k, v := mainTag(tags)
		return k != "place" || v != "yes"
	}
	return true
}

// keptTags are those that an answer needs.
func keptTags(tags map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range tags {
		base, _, _ := strings.Cut(k, ":")
		switch {
		case base == "name" || strings.HasSuffix(base, "_name") || base == "addr" || strings.HasPrefix(k, "ISO3166"):
		case k == "wikidata" || k == "wikipedia" || k == "website" || k == "phone" || k == "opening_hours" || k == "population" || k == "admin_level" ||
			k == "religion" || k == "brand" || k == "ref":
		default:
			continue
		}
		out[k] = v
	}
	for _, k := range keys {
		if v := tags[k]; v != "" {
			out[k] = v
		}
	}
	return out
}

// anchor is a point on the thing.
func anchor(g orb.Geometry) orb.Point {
	switch g := g.(type) {
	case orb.Point:
		return g
	case orb.LineString:
		if len(g) > 0 {
			return g[len(g)/2]
		}
	case orb.MultiLineString:
		if len(g) > 0 && len(g[0]) > 0 {
			return g[0][len(g[0])/2]
		}
	case orb.Polygon:
		if len(g) > 0 && len(g[0]) > 3 {
			return formats.LabelPoint(g)
		}
	case orb.MultiPolygon:
		best, size := -1, -1.0
		for i, p := range g {
			b := p.Bound()
			if s := (b.Max[0] - b.Min[0]) * (b.Max[1] - b.Min[1]); s > size && len(p) > 0 && len(p[0]) > 3 {
				best, size = i, s
			}
		}
		if best >= 0 {
			return formats.LabelPoint(g[best])
		}
	}
	return g.Bound().Center()
}
