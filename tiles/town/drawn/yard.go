package drawn

import (
	"context"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// infield is the lawn inside a running track of which the map has the outer edge.
func (c *cell) infield(p plan.Poly) {
	const lanes = 9 // metres
	var centre plan.Pt
	for _, q := range p {
		centre.X, centre.Y = centre.X+q.X/float64(len(p)), centre.Y+q.Y/float64(len(p))
	}
	in := make(plan.Poly, len(p))
	for i, q := range p {
		d := distance(q, centre)
		if d < 2*lanes*c.k {
			return // too small, or a ring already
		}
		in[i] = plan.Pt{X: q.X + (centre.X-q.X)/d*lanes*c.k, Y: q.Y + (centre.Y-q.Y)/d*lanes*c.k}
	}
	c.surface(plan.Turf, in, 0)
}

// aisle says whether a street is the way between the rows of a car park.
func aisle(e *osm.Element) bool { return e.Tags["service"] == "parking_aisle" && !tunnel(e.Tags) }

// hasAisles says whether the map knows the rows of a car park: then they are not invented.
func (c *cell) hasAisles(ctx context.Context, p plan.Poly) (bool, error) {
	elements, err := c.elementsIn(ctx, plan.BoxOf(p))
	for k := range elements {
		if e := &elements[k]; aisle(e) {
			if l, ok := e.Geometry.(orb.LineString); ok && p.Contains(c.place(l[len(l)/2])) {
				return true, nil
			}
		}
	}
	return false, err
}

// aisles are the rows of car parks, with cars on both sides, whether or not the map has the car park's ground.
func (c *cell) aisles() {
	const wide, gap = 15.5, 2.7 // metres
	for k := range c.roads {
		r := &c.roads[k]
		if !aisle(r.e) || len(r.line) < 2 {
			continue
		}
		p := strip(r.line, wide*c.k)
		c.surface(plan.Asphalt, p, 128)
		c.cover.mark(p, hard)
		line := plan.Densify(r.line, gap*c.k)
		for i := 3; i < len(line)-2; i++ {
			a, b := line[i-1], line[i]
			l := distance(a, b)
			d := c.diceAt(b, 85)
			if l < gap*c.k*0.8 || !inSquare(b) {
				continue
			}
			u := plan.Pt{X: (b.X - a.X) / l, Y: (b.Y - a.Y) / l}
			for _, side := range [2]float64{1, -1} {
				stall := plan.Pt{X: b.X - u.Y*5.2*c.k*side, Y: b.Y + u.X*5.2*c.k*side}
				if d.roll() < 0.62 {
					c.car(stall, plan.Pt{X: -u.Y, Y: u.X}, 0, side, d.between(3.9, 4.8), d.tone())
				}
			}
		}
	}
}
