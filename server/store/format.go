package store

import (
	"math"

	"github.com/precinct-map/precinct/geo/formats"
)

// Brief is the properties that a vector tile carries.
func (f *Feature) Brief() []formats.Property {
	return []formats.Property{
		{Key: "name", Value: f.Name}, {Key: "query", Value: f.Phrase}, {Key: "tier", Value: f.Tier}, {Key: "class", Value: f.Class},
		{Key: "function", Value: f.Function}, {Key: "score", Value: round(f.Score, 1e4)}, {Key: "area_m2", Value: round(f.AreaM2, 10)},
	}
}

// Formatted is the feature with all its properties, its outline in WGS-84 degrees, as GeoJSON and exports have it.
func (f *Feature) Formatted() *formats.Feature {
	var verdict any
	if f.Verdict != "" {
		verdict = f.Verdict
	}
	return &formats.Feature{Num: uint64(f.ID), Geometry: f.Geometry(), Properties: append(
		[]formats.Property{{Key: "id", Value: f.ID}}, append(f.Brief(),
			formats.Property{Key: "scene_ids", Value: f.Scenes}, formats.Property{Key: "model", Value: f.Model},
			formats.Property{Key: "reasoning", Value: f.Reasoning}, formats.Property{Key: "sources", Value: f.Sources},
			formats.Property{Key: "created", Value: f.Created.UTC()},
			formats.Property{Key: "updated", Value: f.Updated.UTC()},
			formats.Property{Key: "verdict", Value: verdict},
		)...)}
}

func round(v, scale float64) float64 { return math.Round(v*scale) / scale }
