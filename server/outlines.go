package server

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// look is an answer to be shown on one tile.
type look struct {
	engine *reasoning.Engine
	at     address
	found  *reasoning.Findings
}

// encoder writes what a tile shows in one format.
type encoder struct {
	media    string
	compress bool
	encode   func(l look) (encoded, error)
}

var encoders = map[string]encoder{
	"mvt":     {"application/vnd.mapbox-vector-tile", true, encodeMVT},
	"pbf":     {"application/vnd.mapbox-vector-tile", true, encodeMVT},
	"png":     {"image/png", false, encodePNG},
	"geojson": {"application/geo+json", true, encodeGeoJSON},
}

// layer is the outlines that reach a tile or its vector buffer, on the lattice.
func (l look) layer(name string) formats.Layer {
	w := geo.TileWindow(l.at.tile).AtZoom(l.engine.Zoom)
	out := formats.Layer{Name: name, Lattice: l.engine.Zoom}
	for _, p := range l.found.Places(w.Pad(1 + w.W*formats.Buffer/formats.Extent)) {
		out.Features = append(out.Features, formats.Feature{Num: p.Num, Geometry: p.Shape, Properties: brief(&p)})
	}
	return out
}

func encodeMVT(l look) (encoded, error) {
	aoi := l.layer("aoi")
	return formats.EncodeMVT(l.at.tile, aoi, formats.Labels("aoi_label", aoi))
}

func encodePNG(l look) (encoded, error) {
	img := formats.Paint(geo.TileWindow(l.at.tile), l.at.scale, l.layer("aoi"), formats.DefaultStyle())
	return tiles.Encode(img, tiles.PNG)
}

func encodeGeoJSON(l look) (encoded, error) {
	var b bytes.Buffer
	w := geo.TileWindow(l.at.tile).AtZoom(l.engine.Zoom)
	err := WriteGeoJSON(&b, formats.FeatureCollection, l.found, w, l.engine.Satellite.Info(), l.engine.Map.Info())
	return b.Bytes(), err
}

// brief is the properties that a tile carries.
func brief(p *reasoning.Place) []formats.Property {
	return []formats.Property{
		{Key: "name", Value: p.Name}, {Key: "query", Value: p.Query}, {Key: "tier", Value: p.Tier}, {Key: "class", Value: p.Class},
		{Key: "function", Value: p.Function}, {Key: "score", Value: round(p.Score, 4)}, {Key: "area_m2", Value: round(p.AreaM2, 1)},
	}
}

func feature(p *reasoning.Place) *formats.Feature {
	created := p.Created.UTC().Truncate(time.Second)
	return &formats.Feature{ID: p.ID, Num: p.Num, Geometry: p.Geometry(), Properties: append(
		[]formats.Property{{Key: "id", Value: p.ID}}, append(brief(p),
			formats.Property{Key: "scene_ids", Value: p.Scenes}, formats.Property{Key: "model", Value: p.Model},
			formats.Property{Key: "reasoning", Value: p.Reasoning}, formats.Property{Key: "sources", Value: p.Sources},
			formats.Property{Key: "created", Value: created}, formats.Property{Key: "updated", Value: created},
			formats.Property{Key: "verdict"},
		)...)}
}

func round(v float64, decimals int) float64 {
	scale := 1.0
	for range decimals {
		scale *= 10
	}
	return float64(int64(v*scale+0.5)) / scale
}

// WriteGeoJSON writes the places of a window, whole and best first. A collection also tells whether the answer is complete, which
// scenes failed, where pictures have holes, and whom the pictures are from.
func WriteGeoJSON(out io.Writer, layout formats.GeoJSONLayout, found *reasoning.Findings, w geo.Window, layers ...tiles.Info) error {
	g := formats.NewGeoJSONWriter(out, formats.GeoJSONOptions{Layout: layout})
	for _, p := range found.Places(w) {
		if err := g.Write(feature(&p)); err != nil {
			return err
		}
	}
	var credits []string
	for _, l := range layers {
		credits = append(credits, l.Attribution)
	}
	members := []formats.Property{{Key: "complete", Value: found.Complete()}, {Key: "attribution", Value: attribution(credits...)}}
	if len(found.Failed) > 0 {
		var failed []map[string]string
		for _, f := range found.Failed {
			failed = append(failed, map[string]string{"scene": f.Scene.ID(), "error": f.Err.Error()})
		}
		members = append(members, formats.Property{Key: "failed", Value: failed})
	}
	if len(found.Holes) > 0 {
		members = append(members, formats.Property{Key: "holes", Value: holes(found.Holes)})
	}
	return g.Close(members...)
}

// holes tells where pictures are missing, in degrees.
func holes(list []tiles.Hole) []map[string]any {
	out := make([]map[string]any, len(list))
	for i, h := range list {
		b := h.Window.Bound()
		out[i] = map[string]any{"layer": h.Layer, "bbox": [4]float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}, "reason": h.Reason}
	}
	return out
}

// attribution names each credit once.
func attribution(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" && !strings.Contains(strings.Join(out, "; "), p) {
			out = append(out, p)
		}
	}
	return strings.Join(out, "; ")
}
