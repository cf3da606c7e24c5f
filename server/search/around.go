package search

import (
	"math"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"
	"github.com/paulmach/orb/planar"
	"github.com/tidwall/rtree"
)

// levels are the parts of an address that places give, the reach of each one's name in metres where no border is known.
var levels = []struct {
	name   string
	places map[string]bool
	reach  float64
}{
	{"neighbourhood", map[string]bool{"neighbourhood": true, "quarter": true}, 1200},
	{"suburb", map[string]bool{"suburb": true, "borough": true}, 4000},
	{"city", map[string]bool{"city": true, "town": true, "village": true}, 0},
	{"state", map[string]bool{"state": true}, 300e3},
	{"country", map[string]bool{"country": true}, 0},
}

// cities differ in reach.
var cityReach = map[string]float64{"city": 20e3, "town": 8e3, "village": 4e3}

// adminLevels, https://wiki.openstreetmap.org/wiki/Tag:boundary%3Dadministrative, as most countries use them.
var adminLevels = map[string]string{"2": "country", "4": "state", "6": "county", "8": "city", "9": "suburb", "10": "neighbourhood"}

// surroundings knows which named place a point belongs to: the one whose border encloses it, else the nearest in reach.
type surroundings struct {
	points []rtree.RTreeGN[float64, *Entry] // by level
	areas  rtree.RTreeGN[float64, *Entry]
}

func newSurroundings(all []Entry) *surroundings {
	s := &surroundings{points: make([]rtree.RTreeGN[float64, *Entry], len(levels))}
	for i := range all {
		e := &all[i]
		b := e.Geometry.Bound()
		if e.Tags["boundary"] == "administrative" && e.Geometry.Dimensions() == 2 && adminLevels[e.Tags["admin_level"]] != "" {
			s.areas.Insert(b.Min, b.Max, e)
		}
		for l := range levels {
			if levels[l].places[e.Tags["place"]] {
				p := anchor(e.Geometry)
				s.points[l].Insert(p, p, e)
			}
		}
	}
	return s
}

// address is what lies around a point, by Nominatim's names.
func (s *surroundings) address(p orb.Point, tags map[string]string) map[string]string {
	out := map[string]string{}
	s.areas.Search(p, p, func(_, _ [2]float64, e *Entry) bool {
		if contains(e.Geometry, p) {
			out[adminLevels[e.Tags["admin_level"]]] = e.Tags["name"]
			if c := e.Tags["ISO3166-1:alpha2"]; c != "" {
				out["country_code"] = lower(c)
			}
		}
		return true
	})
	narrowest := 0 // a city is not in its own centre's neighbourhood
	for l, level := range levels {
		if level.places[tags["place"]] {
			narrowest = l
		}
	}
	for l, level := range levels {
		if l >= narrowest && out[level.name] == "" {
			if n := s.nearest(l, p); n != "" {
				out[level.name] = n
			}
		}
	}
	for _, t := range []struct{ from, to string }{{"addr:housenumber", "house_number"}, {"addr:street", "road"}, {"addr:suburb", "suburb"}, {"addr:city", "city"},
		{"addr:state", "state"}, {"addr:postcode", "postcode"}} {
		if v := tags[t.from]; v != "" {
			out[t.to] = v
		}
	}
	if c := tags["addr:country"]; len(c) == 2 {
		out["country_code"] = lower(c)
	}
	return out
}

func (s *surroundings) nearest(level int, p orb.Point) string {
	best, name := 1.0, ""
	most := max(levels[level].reach, cityReach["city"])
	dy := most / 111e3
	dx := dy / max(0.05, math.Cos(p[1]*math.Pi/180))
	s.points[level].Search([2]float64{p[0] - dx, p[1] - dy}, [2]float64{p[0] + dx, p[1] + dy}, func(at, _ [2]float64, e *Entry) bool {
		reach := levels[level].reach
		if level == 2 {
			reach = cityReach[e.Tags["place"]]
		}
		if reach > 0 {
			if d := orbgeo.Distance(p, at) / reach; d < best {
				best, name = d, e.Tags["name"]
			}
		}
		return true
	})
	return name
}

func contains(g orb.Geometry, p orb.Point) bool {
	switch g := g.(type) {
	case orb.Polygon:
		return planar.PolygonContains(g, p)
	case orb.MultiPolygon:
		return planar.MultiPolygonContains(g, p)
	}
	return false
}
