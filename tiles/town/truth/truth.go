// Package truth knows the exact outlines of the made-up town's places. It is for training and for measuring: what finds
// places must never import it.
package truth

import (
	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// Place is a place as it is.
type Place struct {
	Name  string
	Class string           // of the taxonomy
	Shape orb.MultiPolygon // its ground, whole, in WGS-84 degrees; at zoom 20 its corners are whole pixels
	At    orb.Point        // where the map writes its name, inside of the shape
}

// Outlines gives every place whose ground shares a pixel with the window, whole, in a stable order: by cell from north-west
// to south-east. In a window across the antimeridian longitudes go on past 180°, as the window's do.
func Outlines(t *town.Town, w geo.Window) []Place {
	box := plan.Metres(w)
	var out []Place
	for _, cell := range t.Plan(plan.Key{}).Layouts(box) {
		dx, dy := float64(cell.I)*plan.CellSize, float64(cell.J)*plan.CellSize
		for k := range cell.Plan.Places {
			p := &cell.Plan.Places[k]
			b := plan.BoxOf(p.Outline)
			if !(plan.Box{X0: b.X0 + dx, Y0: b.Y0 + dy, X1: b.X1 + dx, Y1: b.Y1 + dy}).Meets(box) {
				continue
			}
			if !touches(p.Outline, plan.Box{X0: box.X0 - dx, Y0: box.Y0 - dy, X1: box.X1 - dx, Y1: box.Y1 - dy}) {
				continue
			}
			out = append(out, Place{
				Name: p.Name, Class: p.Class, At: cell.LonLat(p.At), Shape: orb.MultiPolygon{{cell.Ring(p.Outline)}},
			})
		}
	}
	return out
}

// touches says whether an outline and a box share ground: one holds a corner of the other, or their edges cross.
func touches(p plan.Poly, b plan.Box) bool {
	if p.Contains(plan.Pt{X: b.X0, Y: b.Y0}) {
		return true
	}
	for i, a := range p {
		if crosses(a, p[(i+1)%len(p)], b) {
			return true
		}
	}
	return false
}

// crosses says whether a segment comes into a box (Liang and Barsky, 1984).
func crosses(a, c plan.Pt, b plan.Box) bool {
	t0, t1 := 0.0, 1.0
	for _, side := range [4][2]float64{{a.X - c.X, a.X - b.X0}, {c.X - a.X, b.X1 - a.X}, {a.Y - c.Y, a.Y - b.Y0}, {c.Y - a.Y, b.Y1 - a.Y}} {
		d, q := side[0], side[1]
		switch {
		case d == 0 && q < 0:
			return false
		case d < 0:
			t0 = max(t0, q/d)
		case d > 0:
			t1 = min(t1, q/d)
		}
	}
	return t0 < t1
}
