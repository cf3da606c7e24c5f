package export

import (
	"context"

	"github.com/precinct-map/precinct/geo/formats"
)

// openGeoJSON writes one of GeoJSON's layouts. What the file says of itself are foreign members of the collection; a sequence
// has no collection, so there they are members of its first feature.
func openGeoJSON(layout formats.GeoJSONLayout) func(context.Context, sink, Meta) (encoder, error) {
	return func(_ context.Context, out sink, m Meta) (encoder, error) {
		return &geoJSON{formats.NewGeoJSONWriter(out.writer(), formats.GeoJSONOptions{Layout: layout}), layout, m.properties()}, nil
	}
}

type geoJSON struct {
	w       *formats.GeoJSONWriter
	layout  formats.GeoJSONLayout
	members []formats.Property // not yet written
}

func (g *geoJSON) write(f *formats.Feature) error {
	if g.layout == formats.FeatureCollection {
		return g.w.Write(f)
	}
	members := g.members
	g.members = nil
	return g.w.Write(f, members...)
}

func (g *geoJSON) finish() error { return g.w.Close(g.members...) }
func (g *geoJSON) drop()         {}
