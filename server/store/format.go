package store

import (
	"math"
	"strconv"
	"time"

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
	id := f.Key()
	return &formats.Feature{ID: id, Num: uint64(f.ID), Geometry: f.Geometry(), Properties: append(
		[]formats.Property{{Key: "id", Value: id}}, append(f.Brief(),
			formats.Property{Key: "scene_ids", Value: f.Scenes}, formats.Property{Key: "model", Value: f.Model},
			formats.Property{Key: "reasoning", Value: f.Reasoning}, formats.Property{Key: "sources", Value: f.Sources},
			formats.Property{Key: "created", Value: f.Created.UTC().Truncate(time.Second)},
			formats.Property{Key: "updated", Value: f.Updated.UTC().Truncate(time.Second)},
			formats.Property{Key: "verdict", Value: verdict},
		)...)}
}

// Key is the id as text.
func (f *Feature) Key() string { return strconv.FormatInt(f.ID, 10) }

func round(v, scale float64) float64 { return math.Round(v*scale) / scale }
