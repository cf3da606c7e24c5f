package drawn

import (
	"context"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// campus lays yards, and a court or pitch where the map has none, on the free ground between a school's buildings. Whatever cell
// asks, it looks at all the buildings of the ground, so that each cell finds the same.
func (c *cell) campus(ctx context.Context, a *area) error {
	b := plan.BoxOf(a.poly)
	if b.X1-b.X0 > 3*plan.CellSize || b.Y1-b.Y0 > 3*plan.CellSize {
		return nil
	}
	elements, err := c.elementsIn(ctx, b)
	if err != nil {
		return err
	}
	var taken []plan.Poly
	c.houses(elements, func(h *house) { taken = append(taken, h.poly) })
	mapped := false
	for k := range elements {
		mp, _ := elements[k].Geometry.(orb.MultiPolygon)
		if l, ok := lookOf(&elements[k]); ok && l.rank > a.look.rank {
			for _, p := range mp {
				taken = append(taken, c.whole(p))
			}
			mapped = mapped || l.what == "pitch" || l.what == "court"
		}
	}
	d := c.diceAt(a.poly[0], 45)
	u := a.poly.Axis()
	lay := func(what string, mat plan.Mat, long, deep float64) {
		for range 14 {
			at := plan.Pt{X: d.between(b.X0, b.X1), Y: d.between(b.Y0, b.Y1)}
			if d.roll() < 0.5 {
				u = plan.Pt{X: -u.Y, Y: u.X}
			}
			p := rectangle(at, u, long*c.k, deep*c.k)
			if !free(p, a.poly, taken) {
				continue
			}
			taken = append(taken, p)
			c.surface(mat, p, d.tone())
			c.cover.mark(p, clear)
			if what != "" {
				c.furnish(what, p, d.seed)
			}
			return
		}
	}
	if !mapped {
		lay("pitch", plan.Turf, 64, 40)
	}
	lay("", [...]plan.Mat{plan.Asphalt, plan.Concrete}[d.below(2)], 46, 30)
	if !mapped {
		lay("court", plan.Asphalt, 30, 17)
	}
	lay("", [...]plan.Mat{plan.Asphalt, plan.Paving, plan.Soil}[d.below(3)], 24, 15)
	lay("parking", plan.Asphalt, 34, 17)
	return nil
}

func (c *cell) elementsIn(ctx context.Context, b plan.Box) ([]osm.Element, error) {
	w := geo.BoundWindow(orb.Bound{Min: c.lonLat(plan.Pt{X: b.X0, Y: b.Y1}), Max: c.lonLat(plan.Pt{X: b.X1, Y: b.Y0})}, plan.UnitZoom)
	return c.source.data.Elements(ctx, w)
}

func (c *cell) lonLat(p plan.Pt) orb.Point {
	return geo.Unproject(orb.Point{(p.X + c.x) * plan.UnitsPerMetre, (p.Y + c.y) * plan.UnitsPerMetre}, plan.UnitZoom)
}

func rectangle(at, u plan.Pt, long, deep float64) plan.Poly {
	l, w := long/2, deep/2
	corner := func(s, t float64) plan.Pt {
		return plan.Pt{X: at.X + u.X*s*l - u.Y*t*w, Y: at.Y + u.Y*s*l + u.X*t*w}
	}
	return plan.Poly{corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)}
}

// free says whether a rectangle lies in an outline and on nothing else, by points 3 metres apart or so.
func free(p, in plan.Poly, taken []plan.Poly) bool {
	const n = 12
	box := plan.BoxOf(p)
	for i := range n + 1 {
		for j := range n + 1 {
			s, t := float64(i)/n, float64(j)/n
			q := plan.Pt{
				X: p[0].X + (p[1].X-p[0].X)*s + (p[3].X-p[0].X)*t, Y: p[0].Y + (p[1].Y-p[0].Y)*s + (p[3].Y-p[0].Y)*t,
			}
			if !in.Contains(q) {
				return false
			}
			for _, o := range taken {
				if len(o) > 0 && plan.BoxOf(o).Meets(box) && o.Contains(q) {
					return false
				}
			}
		}
	}
	return true
}
