package plan

import (
	"slices"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// UnitZoom is the zoom whose pixels are the plan's units.
const UnitZoom = 20

// Metres is a window in the plan's metres from the world's north-west corner.
func Metres(w geo.Window) Box {
	k := float64(geo.WorldSize(UnitZoom)/UnitsPerMetre) / float64(geo.WorldSize(w.Z))
	return Box{float64(w.X) * k, float64(w.Y) * k, float64(w.X+w.W) * k, float64(w.Y+w.H) * k}
}

// Pixel is a place in pixels of UnitZoom: a whole number for all that is planned.
func (c Cell[T]) Pixel(p Pt) orb.Point {
	return orb.Point{(float64(c.I)*CellSize + p.X + c.Off.X) * UnitsPerMetre, (float64(c.J)*CellSize + p.Y + c.Off.Y) * UnitsPerMetre}
}

// LonLat is a place in degrees; its longitude goes on past 180° where the cell's number does.
func (c Cell[T]) LonLat(p Pt) orb.Point { return geo.Unproject(c.Pixel(p), UnitZoom) }

// Points are places in degrees.
func (c Cell[T]) Points(pts []Pt) []orb.Point {
	out := make([]orb.Point, len(pts))
	for k, p := range pts {
		out[k] = c.LonLat(p)
	}
	return out
}

// Ring is an outline in degrees, closed, counterclockwise as GeoJSON wants exteriors.
func (c Cell[T]) Ring(p Poly) orb.Ring {
	out := c.Points(p)
	slices.Reverse(out)
	return append(out, out[0])
}

// Water is a layout's water with its islands.
func (c Cell[T]) Water() []orb.Polygon {
	l, ok := any(c.Plan).(*Layout)
	if !ok {
		return nil
	}
	var out []orb.Polygon
	var shells []Poly
	for _, p := range l.Water {
		if p.area() > 0 {
			shells, out = append(shells, p), append(out, orb.Polygon{c.Ring(p)})
		}
	}
	for _, p := range l.Water {
		for k, shell := range shells {
			if p.area() < 0 && shell.Contains(p[0].to(p[1], 0.5)) {
				out[k] = append(out[k], c.Ring(p))
				break
			}
		}
	}
	return out
}
