package osm

import (
	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
)

// tags are OSM's keys and values, https://wiki.openstreetmap.org/wiki/Map_features.
type tags map[string]string

// name is in a language where the map knows it, else as it is written on the spot.
func (t tags) name(lang string) string {
	if n := t["name:"+lang]; lang != "" && n != "" {
		return n
	}
	return t["name"]
}

// set says whether a key has a value other than no.
func (t tags) set(key string) bool { return t[key] != "" && t[key] != "no" }

// line is how a line is drawn.
func (t tags) line() (kind carto.Kind, class string, ok bool) {
	switch v := t["highway"]; v {
	case "":
	case "footway", "path", "steps", "cycleway", "track", "bridleway", "corridor":
		return carto.Path, v, true
	case "proposed", "construction", "planned", "razed", "abandoned", "platform", "rest_area", "services", "no", "raceway", "via_ferrata":
		return 0, "", false
	default:
		return carto.Road, v, true
	}
	switch v := t["railway"]; v {
	case "rail", "light_rail", "subway", "tram", "narrow_gauge", "monorail", "funicular":
		return carto.Rail, v, true
	}
	switch v := t["waterway"]; v {
	case "river", "canal", "stream", "drain", "ditch":
		return carto.Water, v, true
	}
	return 0, "", false
}

// grounds are uses of land that are no place's own ground, by key and value.
var grounds = map[string]map[string]struct {
	kind  carto.Kind
	class string
}{
	"landuse": {
		"grass": {carto.Green, "grass"}, "meadow": {carto.Green, "grass"}, "forest": {carto.Green, "wood"}, "orchard": {carto.Green, "grass"},
		"vineyard": {carto.Green, "grass"}, "village_green": {carto.Green, "grass"}, "recreation_ground": {carto.Green, "park"},
		"allotments": {carto.Green, "garden"}, "flowerbed": {carto.Green, "garden"}, "farmland": {carto.Land, "farmland"},
		"residential": {carto.Land, "residential"}, "commercial": {carto.Land, "commercial"}, "retail": {carto.Land, "commercial"},
		"industrial": {carto.Land, "industrial"}, "reservoir": {carto.Water, ""}, "basin": {carto.Water, ""},
	},
	"natural": {
		"water": {carto.Water, ""}, "bay": {carto.Water, ""}, "wood": {carto.Green, "wood"}, "scrub": {carto.Green, "wood"},
		"grassland": {carto.Green, "grass"}, "heath": {carto.Green, "grass"}, "sand": {carto.Land, "sand"}, "beach": {carto.Land, "sand"},
	},
	"waterway": {"riverbank": {carto.Water, ""}, "dock": {carto.Water, ""}},
}

// area is how a polygon is drawn: building, place's ground or land. A building that is a place has the place's class: styles
// that must not show places leave it out.
func (t tags) area() (kind carto.Kind, class string, ok bool) {
	if t.set("building") {
		return carto.Building, t.placeClass(), true
	}
	if t["area"] == "yes" || t["area:highway"] != "" {
		if t.set("highway") {
			return carto.Road, "", true
		}
	}
	for key, values := range grounds {
		if g, ok := values[t[key]]; ok && !(g.kind == carto.Land && t["name"] != "") {
			return g.kind, g.class, true
		}
	}
	if c, ok := taxonomy.FromTags(t); ok {
		return carto.Ground, c.ID, true
	}
	return 0, "", false
}

// placeClass is the class of what somebody may look for; a plain house has none.
func (t tags) placeClass() string {
	c, ok := taxonomy.FromTags(t)
	if !ok {
		if t["name"] != "" {
			return "building" // a named one; no class of the taxonomy, but a place
		}
		return ""
	}
	if c.Function == "residential" && t["name"] == "" {
		return ""
	}
	return c.ID
}

// label is the word and symbol at a point, or in an area. Streets, rivers and borders have none: their names are written along them.
func (t tags) label(at orb.Point, lang string) (tiles.Label, bool) {
	for _, key := range []string{"highway", "waterway", "boundary", "barrier", "power", "entrance"} {
		if t.set(key) {
			return tiles.Label{}, false
		}
	}
	c, known := taxonomy.FromTags(t)
	name := t.name(lang)
	if name == "" && !(known && t.tellsItself(c.ID)) {
		return tiles.Label{}, false
	}
	return tiles.Label{Text: name, At: at, Class: c.ID, Tags: t}, true
}

// tellsItself says whether more than the building's or the land's use makes the class: only then is it worth a symbol without a name.
func (t tags) tellsItself(class string) bool {
	if !t.set("building") && !t.set("landuse") {
		return true
	}
	rest := make(tags, len(t))
	for k, v := range t {
		if k != "building" && k != "landuse" {
			rest[k] = v
		}
	}
	c, ok := taxonomy.FromTags(rest)
	return ok && c.ID == class
}

// isArea says whether a closed way is the outline of something: OSM leaves it to the tags.
func (t tags) isArea() bool {
	if t["area"] != "" {
		return t["area"] != "no"
	}
	if t.set("highway") || t.set("barrier") && !t.set("building") {
		return false
	}
	for _, key := range []string{"building", "landuse", "leisure", "amenity", "tourism", "shop", "office", "water", "healthcare", "historic",
		"aeroway", "place", "military", "man_made", "craft", "public_transport", "area:highway"} {
		if t.set(key) {
			return true
		}
	}
	switch t["natural"] {
	case "", "coastline", "cliff", "ridge", "tree_row", "valley":
	default:
		return true
	}
	return t["waterway"] == "riverbank" || t["waterway"] == "dock"
}

// labelPoint is where an area's label sits.
func labelPoint(mp orb.MultiPolygon) orb.Point {
	best, size := 0, -1.0
	for i, p := range mp {
		b := p.Bound()
		if s := (b.Max[0] - b.Min[0]) * (b.Max[1] - b.Min[1]); s > size {
			best, size = i, s
		}
	}
	return formats.LabelPoint(mp[best])
}

// level is what crosses above what.
func (t tags) level() int {
	switch {
	case t.set("bridge"):
		return 1
	case t.set("tunnel"):
		return -1
	}
	return 0
}
