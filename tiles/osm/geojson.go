package osm

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
)

// readGeoJSON reads features with OSM's tags as properties, as osmium, ogr2ogr and Overpass write them.
func readGeoJSON(o Options) (*index, error) {
	in, err := os.Open(o.Path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	features, err := formats.ReadGeoJSON(in)
	if err != nil {
		return nil, err
	}
	x := newIndex(o.Lang)
	x.keep = o.Tags
	for _, f := range features {
		x.addGeometry(f.Geometry, tagsOf(f.Properties))
	}
	return x, nil
}

func (x *index) addGeometry(g orb.Geometry, t tags) {
	switch g := g.(type) {
	case orb.Point:
		x.addPoint(g, t)
	case orb.MultiPoint:
		for _, p := range g {
			x.addPoint(p, t)
		}
	case orb.LineString:
		x.addLine(g, t)
	case orb.MultiLineString:
		for _, l := range g {
			x.addLine(l, t)
		}
	case orb.Polygon:
		x.addArea(orb.MultiPolygon{g}, t, false)
	case orb.MultiPolygon:
		x.addArea(g, t, false)
	case orb.Collection:
		for _, part := range g {
			x.addGeometry(part, t)
		}
	}
}

// tagsOf reads tags from properties: as they are, from ogr2ogr's lower-case text "other_tags", or from an object "tags".
func tagsOf(properties []formats.Property) tags {
	t := tags{}
	for _, p := range properties {
		switch v := p.Value.(type) {
		case nil:
		case string:
			if p.Key == "other_tags" {
				addOtherTags(t, v)
				continue
			}
			t[p.Key] = v
		case json.RawMessage:
			var nested map[string]string
			if p.Key == "tags" && json.Unmarshal(v, &nested) == nil {
				for k, s := range nested {
					t[k] = s
				}
			}
		default:
			t[p.Key] = fmt.Sprint(v)
		}
	}
	return t
}

// addOtherTags reads what GDAL's OSM driver puts the rarer tags in: "key"=>"value","key"=>"value".
func addOtherTags(t tags, s string) {
	for _, pair := range strings.Split(strings.Trim(s, `"`), `","`) {
		if k, v, ok := strings.Cut(pair, `"=>"`); ok {
			t[k] = v
		}
	}
}
