package town

import (
	"context"
	"image"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

type townMap struct {
	town  *Town
	style *carto.Style
	info  tiles.Info
}

var (
	_ tiles.Labeler = (*townMap)(nil)
	_ tiles.Retina  = (*townMap)(nil)
)

func (m *townMap) Info() tiles.Info { return m.info }

func (m *townMap) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	return m.TileAt(ctx, t, 1)
}

func (m *townMap) TileAt(ctx context.Context, t maptile.Tile, scale int) (*tiles.Tile, error) {
	w, err := window(ctx, "map", t)
	if err != nil {
		return nil, err
	}
	return tiles.DrawnTile(m.draw(w, max(1, scale)), tiles.PNG), nil
}

func (m *townMap) draw(w geo.Window, scale int) *image.RGBA {
	f := features{zoom: w.Z}
	pad := carto.LinePad
	var labels []tiles.Label
	if w.Z >= carto.LabelZoom {
		pad = carto.Pad // streets have names, which may push others aside
		labels = m.labels(w.Pad(pad))
	}
	off := m.town.faults.off
	for _, cell := range m.town.plan.Layouts(plan.Metres(w.Pad(pad)).Grow(mostOff)) {
		cell.Off = off
		f.coarse(cell)
	}
	if w.Z >= carto.LabelZoom {
		for _, cell := range m.town.plan.Contents(plan.Metres(w.Pad(carto.LinePad)).Grow(mostOff)) {
			cell.Off = off
			f.buildings(cell, &m.town.faults)
		}
	}
	return m.style.Paint(w, scale, f.list, labels)
}

// Labels are the names of the places whose anchor lies in the window, by cell. Past the antimeridian their longitudes go
// on beyond 180°, as the window's do.
func (m *townMap) Labels(ctx context.Context, w geo.Window) ([]tiles.Label, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return m.labels(w), nil
}

func (m *townMap) labels(w geo.Window) []tiles.Label {
	var out []tiles.Label
	for _, cell := range m.town.plan.Layouts(plan.Metres(w)) {
		for _, p := range cell.Plan.Places {
			at := cell.LonLat(p.At)
			if q := w.Local(at); q[0] >= 0 && q[1] >= 0 && q[0] < float64(w.W) && q[1] < float64(w.H) {
				out = append(out, tiles.Label{Text: p.Name, At: at, Class: p.Class})
			}
		}
	}
	return out
}

// features turns plans into what carto draws.
type features struct {
	list []carto.Feature
	zoom int
}

func (f *features) add(feature carto.Feature) {
	if feature.MinZoom() <= f.zoom {
		f.list = append(f.list, feature)
	}
}

// coarse adds streets, water and grounds. Only the style for people draws the grounds.
func (f *features) coarse(cell plan.Cell[*plan.Layout]) {
	for _, p := range cell.Water() {
		f.add(carto.Feature{Kind: carto.Water, Geometry: p})
	}
	for k := range cell.Plan.Pieces {
		piece := &cell.Plan.Pieces[k]
		feature := carto.Feature{Geometry: orb.Polygon{cell.Ring(piece.Poly)}}
		switch {
		case piece.Place >= 0:
			place := &cell.Plan.Places[piece.Place]
			feature.Kind, feature.Class, feature.Geometry = carto.Ground, place.Class, orb.Polygon{cell.Ring(place.Outline)}
		case piece.Fill == plan.Woods:
			feature.Kind, feature.Class = carto.Green, "wood"
		case piece.Fill == plan.Waterside:
			feature.Kind, feature.Class = carto.Green, "grass"
		case piece.Fill == plan.Fields:
			feature.Kind, feature.Class = carto.Land, "farmland"
		case piece.Fill == plan.Halls:
			feature.Kind, feature.Class = carto.Land, "industrial"
		default:
			continue
		}
		f.add(feature)
	}
	for k := range cell.Plan.Streets {
		s := &cell.Plan.Streets[k]
		kind := carto.Road
		switch s.Class {
		case "track":
			kind = carto.Path
		case "rail":
			kind = carto.Rail
		}
		f.add(carto.Feature{Kind: kind, Class: s.Class, Name: s.Name, Level: s.Level, Geometry: orb.LineString(cell.Points(s.Line))})
	}
}

// buildings adds what has a roof. Those of places carry the place's class, and carto's styles for machines leave them out.
func (f *features) buildings(cell plan.Cell[*plan.Content], known *faults) {
	for k := range cell.Plan.Buildings {
		b := &cell.Plan.Buildings[k]
		if known.lacks(cell, b) {
			continue
		}
		class := ""
		if b.Place >= 0 {
			class = cell.Plan.Places[b.Place].Class
		}
		f.add(carto.Feature{Kind: carto.Building, Class: class, Geometry: orb.Polygon{cell.Ring(b.Poly)}})
	}
}
