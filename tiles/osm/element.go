package osm

import (
	"context"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles/carto"
)

// Element is a point, line or area as the data has it, for those who draw something other than a map.
type Element struct {
	Kind     carto.Kind
	Class    string            // as in carto.Feature; for what no map shows the tag's value: "tree", "tree_row", "hedge", "coastline"
	Tags     map[string]string // OSM's; nobody may write to them
	Geometry orb.Geometry      // WGS-84 degrees: a Point, LineString, MultiLineString or MultiPolygon
}

// Elements gives what may matter to the window, if the source was opened with Options.Tags: whole, except that vector tiles
// cut lines and areas at their edges, where the parts meet. A building is whole where its tile holds it whole.
func (s *Source) Elements(ctx context.Context, w geo.Window) ([]Element, error) {
	return s.data.elements(ctx, w)
}

// told says whether a point or line without area is worth keeping beyond what maps show.
func (t tags) told() (class string, ok bool) {
	switch v := t["natural"]; v {
	case "coastline", "tree", "tree_row":
		return v, true
	}
	return "hedge", t["barrier"] == "hedge"
}

func (x *index) addElement(kind carto.Kind, class string, g orb.Geometry, t tags) {
	if b := g.Bound(); x.keep && onEarth(b) {
		x.byElement.Insert(b.Min, b.Max, int32(len(x.elements)))
		x.elements = append(x.elements, Element{kind, class, t, g})
	}
}

func (x *index) elementsIn(w geo.Window) []Element {
	var found []int32
	b := w.Bound()
	x.byElement.Search(b.Min, b.Max, func(_, _ [2]float64, i int32) bool {
		found = append(found, i)
		return true
	})
	return inFileOrder(found, x.elements)
}

func (m memory) elements(_ context.Context, w geo.Window) ([]Element, error) {
	return m.elementsIn(w), nil
}

// elements come from the deepest tiles, whatever the window's zoom.
func (v *vectors) elements(ctx context.Context, w geo.Window) ([]Element, error) {
	var out []Element
	for t, place := range w.AtZoom(v.maxZoom).Tiles() {
		x, err := v.tile(ctx, t)
		if err != nil {
			return nil, err
		}
		if x == nil {
			continue
		}
		edge := place.Bound()
		for _, e := range x.elementsIn(w) {
			if e.Geometry = taken(edge, e); e.Geometry != nil {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// taken is the part of a tile's element that is drawn from this tile, nil when there is none.
func taken(edge orb.Bound, e Element) orb.Geometry {
	b := e.Geometry.Bound()
	if edge.Contains(b.Min) && edge.Contains(b.Max) {
		return e.Geometry
	}
	if e.Kind == carto.Building {
		// Tiles have a margin: most houses on an edge are whole in the tile that has their middle, and only there are they taken.
		const margin = 1.0 / 256
		c, room := b.Center(), (edge.Max[0]-edge.Min[0])*margin
		if in := edge.Pad(room); in.Contains(b.Min) && in.Contains(b.Max) {
			if c[0] >= edge.Min[0] && c[0] < edge.Max[0] && c[1] > edge.Min[1] && c[1] <= edge.Max[1] {
				return e.Geometry
			}
			return nil
		}
	}
	if mp, ok := e.Geometry.(orb.MultiPolygon); ok {
		if mp = clip.MultiPolygon(edge, mp.Clone()); len(mp) == 0 {
			return nil
		}
		return mp
	}
	return clip.Geometry(edge, orb.Clone(e.Geometry))
}
