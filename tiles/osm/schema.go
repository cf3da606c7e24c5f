package osm

import (
	"fmt"

	"github.com/paulmach/orb/geojson"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// known are the layers of schemas that give an area's label as a point: a tile of one other layer was cut straight from OSM.
var known = map[string]bool{
	"building": true, "buildings": true, "water": true, "ocean": true, "water_polygons": true, "waterway": true, "water_lines": true,
	"transportation": true, "transportation_name": true, "streets": true, "street_labels": true, "street_polygons": true, "poi": true,
	"pois": true, "landcover": true, "landuse": true, "land": true, "sites": true, "park": true, "place": true, "places": true,
	"place_labels": true, "earth": true, "roads": true, "natural": true,
}

// schemaTags turns a vector tile's attributes into OSM's tags: layers of OpenMapTiles (https://openmaptiles.org/schema), of
// Shortbread (https://shortbread-tiles.org/schema) and of Protomaps (https://docs.protomaps.com/basemaps/layers) by their names;
// other layers, and those of Protomaps before 2024, are taken to have OSM's tags already.
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
		if kind == "swimming_pool" {
			t["leisure"] = kind
		}
		if t["leisure"] == "" { // Protomaps has swimming pools here
			t["natural"] = "water"
		}
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
	case "roads":
		return t.protomapsRoad(kind)
	case "pois":
		if kind != "" {
			return t.poi(t["kind_detail"], kind)
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

// protomapsRoad follows Protomaps since 2024: its kinds are coarse, the details OSM's values.
func (t tags) protomapsRoad(kind string) tags {
	detail := t["kind_detail"]
	if detail == "" {
		detail = map[string]string{"highway": "motorway", "major_road": "primary", "minor_road": "residential", "path": "path", "rail": "rail"}[kind]
	}
	switch {
	case kind == "rail":
		t["railway"] = detail
	case kind != "" && t["highway"] == "" && detail != "":
		t["highway"] = detail
	}
	for _, key := range []string{"is_bridge", "is_tunnel"} {
		if t[key] == "true" {
			t[key[3:]] = "yes"
		}
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
