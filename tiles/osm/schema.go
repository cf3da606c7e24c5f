package osm

import (
	"fmt"

	"github.com/paulmach/orb/geojson"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// schemaTags turns a vector tile's attributes into OSM's tags: layers of OpenMapTiles (https://openmaptiles.org/schema) and of
// Shortbread (https://shortbread-tiles.org/schema) by their names; other layers are taken to have OSM's tags already.
func schemaTags(layer string, properties geojson.Properties) tags {
	t := tags{}
	for k, v := range properties {
		t[k] = fmt.Sprint(v)
	}
	class, kind, subclass := t["class"], t["kind"], t["subclass"]
	switch layer {
	case "building", "buildings":
		t["building"] = "yes"
	case "water", "ocean", "water_polygons":
		t["natural"] = "water"
	case "waterway":
		t["waterway"] = class
	case "water_lines":
		t["waterway"] = kind
	case "transportation", "transportation_name":
		return t.transportation(class, subclass)
	case "streets", "street_labels", "street_polygons":
		if t["rail"] == "true" {
			t["railway"] = kind
		} else {
			t["highway"] = kind
		}
		if layer == "street_polygons" {
			t["area"] = "yes"
		}
	case "poi":
		return t.poi(class, subclass)
	case "landcover", "landuse", "land", "sites":
		return t.land(class, subclass, kind)
	case "park":
		t["leisure"] = "park"
	case "place", "place_labels":
		t["place"] = class + kind
	case "housenumber", "addresses", "boundary", "boundaries", "water_name", "mountain_peak":
		return tags{}
	}
	return t
}

// transportation follows OpenMapTiles: its classes are OSM's, shortened.
func (t tags) transportation(class, subclass string) tags {
	delete(t, "class")
	switch class {
	case "minor":
		t["highway"] = "residential"
	case "path":
		t["highway"] = "path"
		if subclass != "" {
			t["highway"] = subclass
		}
	case "rail", "transit":
		t["railway"] = "rail"
		if subclass != "" {
			t["railway"] = subclass
		}
	case "ferry", "aerialway", "pier", "bridge":
		return tags{}
	default:
		t["highway"] = class
	}
	if t["brunnel"] == "bridge" || t["brunnel"] == "tunnel" {
		t[t["brunnel"]] = "yes"
	}
	return t
}

// poi finds the key that OpenMapTiles left out: that under which the taxonomy knows the value, and not just any value.
func (t tags) poi(class, subclass string) tags {
	for _, value := range []string{subclass, class} {
		for _, key := range []string{"amenity", "shop", "tourism", "leisure", "healthcare", "office", "railway", "historic", "man_made", "landuse"} {
			c, known := taxonomy.FromTags(tags{key: value})
			if anything, _ := taxonomy.FromTags(tags{key: "?"}); known && c.ID != anything.ID {
				t[key] = value
				return t
			}
		}
	}
	if class == "shop" {
		t["shop"] = subclass
	}
	return t
}

func (t tags) land(values ...string) tags {
	for _, value := range values {
		for _, key := range []string{"landuse", "natural", "leisure", "amenity"} {
			if _, ok := grounds[key][value]; ok {
				t[key] = value
				return t
			}
			if _, ok := taxonomy.FromTags(tags{key: value}); ok && value != "" {
				t[key] = value
				return t
			}
		}
	}
	return t
}
