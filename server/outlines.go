package server

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles"
)

// look is outlines to be shown on one tile.
type look struct {
	at       address
	features []store.Feature
	credits  string
	complete bool
}

// encoder writes what a tile shows in one format.
type encoder struct {
	media    string
	compress bool
	features func(ctx context.Context, from store.Store, phrase string, t maptile.Tile) ([]store.Feature, error)
	encode   func(l look) (encoded, error)
}

var encoders = map[string]encoder{
	"mvt":     {"application/vnd.mapbox-vector-tile", true, drawn, encodeMVT},
	"pbf":     {"application/vnd.mapbox-vector-tile", true, drawn, encodeMVT},
	"png":     {"image/png", false, drawn, encodePNG},
	"geojson": {"application/geo+json", true, whole, encodeGeoJSON},
}

// mostOnTile is how many outlines a tile shows: of more, each would be smaller than a pixel.
const mostOnTile = 20_000

// drawn is what can be seen on a tile, on the lattice of the tile's own units.
func drawn(ctx context.Context, from store.Store, phrase string, t maptile.Tile) ([]store.Feature, error) {
	return from.Tile(ctx, phrase, t, mostOnTile)
}

// whole is the features whose bounds meet a tile, with all their properties.
func whole(ctx context.Context, from store.Store, phrase string, t maptile.Tile) ([]store.Feature, error) {
	bound := geo.TileWindow(t).Bound()
	page, err := from.Find(ctx, store.Query{Phrase: phrase, Bound: &bound, Limit: store.MaxLimit})
	return page.Features, err
}

// layer is the outlines on the lattice of the tile's own units.
func (l look) layer(name string) formats.Layer {
	out := formats.Layer{Name: name, Lattice: int(l.at.tile.Z) + 4}
	for _, f := range l.features {
		out.Features = append(out.Features, formats.Feature{Num: uint64(f.ID), Geometry: f.Shape, Properties: f.Brief()})
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
	g := formats.NewGeoJSONWriter(&b, formats.GeoJSONOptions{})
	for _, f := range l.features {
		if err := g.Write(f.Formatted()); err != nil {
			return nil, err
		}
	}
	err := g.Close(formats.Property{Key: "complete", Value: l.complete}, formats.Property{Key: "attribution", Value: l.credits})
	return b.Bytes(), err
}

// WriteGeoJSON writes the places of a window, whole and best first. A collection also tells whether the answer is complete, which
// scenes failed, where pictures have holes, and whom the pictures are from.
func WriteGeoJSON(out io.Writer, layout formats.GeoJSONLayout, found *reasoning.Findings, w geo.Window, layers ...tiles.Source) error {
	g := formats.NewGeoJSONWriter(out, formats.GeoJSONOptions{Layout: layout})
	for _, p := range found.Places(w) {
		f := stored(&p)
		f.ID, f.Updated = int64(p.Num), p.Created
		if err := g.Write(f.Formatted()); err != nil {
			return err
		}
	}
	members := []formats.Property{{Key: "complete", Value: found.Complete()}, {Key: "attribution", Value: Credits(layers...)}}
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

// Credits is whom the layers are from, each once.
func Credits(layers ...tiles.Source) string {
	var out []string
	for _, l := range layers {
		if a := l.Info().Attribution; a != "" && !strings.Contains(strings.Join(out, "; "), a) {
			out = append(out, a)
		}
	}
	return strings.Join(out, "; ")
}
