package export

import (
	"encoding/json"
	"math"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
)

func box(w, s, e, n float64) orb.Ring { return orb.Ring{{w, s}, {e, s}, {e, n}, {w, n}, {w, s}} }

func reversed(r orb.Ring) orb.Ring {
	r = r.Clone()
	r.Reverse()
	return r
}

func about() Meta {
	return Meta{Title: "Schools & co <Banepa>", Description: "of a test", Attribution: "© OpenStreetMap contributors", License: "ODbL-1.0", Model: "reader 1"}
}

// awkward is features that files have had trouble with.
func awkward() []formats.Feature {
	properties := func(name any, score any) []formats.Property {
		return []formats.Property{
			{Key: "name", Value: name}, {Key: "score", Value: score}, {Key: "floors", Value: 3}, {Key: "open", Value: true},
			{Key: "updated", Value: time.Date(2026, 5, 1, 12, 30, 0, 0, time.UTC)}, {Key: "sources", Value: []string{"a", "b"}},
			{Key: "raw", Value: json.RawMessage(`{"a":[1,2]}`)},
		}
	}
	with := func(num uint64, g orb.Geometry, name, score any) formats.Feature {
		return formats.Feature{Num: num, Geometry: g, Properties: properties(name, score)}
	}
	return []formats.Feature{
		with(1, orb.Polygon{box(85.52, 27.63, 85.53, 27.64)}, "Banepa Bus Park", 0.75),
		with(2, orb.Polygon{box(85.54, 27.63, 85.56, 27.65), reversed(box(85.545, 27.635, 85.55, 27.64))}, "学校 <&\"'> с двором", 1.0),
		with(3, orb.MultiPolygon{{box(85.60, 27.60, 85.61, 27.61)}, {box(85.62, 27.60, 85.63, 27.61)}}, "मेडिकल कलेज", nil),
		with(4, orb.Polygon{box(179.99, -16.8, 180.01, -16.78)}, "Across the antimeridian", math.NaN()),
		with(5, orb.Polygon{reversed(box(85.70, 27.60, 85.71, 27.61))}, "wound the other way", 0.5),
		with(6, orb.Ring(box(85.72, 27.60, 85.73, 27.61)), "مدرسة\tوحديقة\n🏫", 0.5),
		with(7, nil, "no geometry", 0.5),
		with(8, orb.MultiPolygon{}, "empty geometry", 0.5),
		{Num: 9, Geometry: orb.Polygon{box(85.74, 27.60, 85.75, 27.61)}}, // no properties
		with(10, orb.Polygon{box(85.76, 27.60, 85.77, 27.61)[:4]}, nil, 0.5),
		with(9007199254740991, orb.Polygon{box(-0.01, -0.01, 0.01, 0.01)}, "null island", -1e-300),
		with(0, orb.Polygon{box(-70.01, -33.41, -70, -33.4)}, "without a number", 0.25),
	}
}
