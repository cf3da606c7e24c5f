package drawn

import (
	"math"
	"slices"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// growth is what may grow on a spot.
type growth uint8

const (
	open growth = iota // nobody's ground
	yard
	sparse
	garden
	park
	scrub
	wood
	clear // free of trees, fields and sand
	walk  // pavements, where trees stand in rows
	hard  // buildings, carriageways, water
)

// cover is what grows on each metre of a cell and a little around it.
type cover [coverEdge * coverEdge]growth

const (
	coverPad  = 16
	coverEdge = plan.CellSize + 2*coverPad
)

func (c *cover) at(p plan.Pt) growth {
	x, y := int(math.Floor(p.X))+coverPad, int(math.Floor(p.Y))+coverPad
	if x < 0 || y < 0 || x >= coverEdge || y >= coverEdge {
		return hard
	}
	return c[y*coverEdge+x]
}

// mark covers the metres whose middle lies in outlines: inside is what an odd number of edges parts from the outside.
func (c *cover) mark(p plan.Poly, with growth) {
	b := plan.BoxOf(p)
	y0, y1 := max(0, int(math.Ceil(b.Y0+coverPad-0.5))), min(coverEdge-1, int(math.Floor(b.Y1+coverPad-0.5)))
	if b.X1 < -coverPad || b.X0 > plan.CellSize+coverPad {
		return
	}
	var at []float64
	for y := y0; y <= y1; y++ {
		at = at[:0]
		line := float64(y) + 0.5 - coverPad
		for i, a := range p {
			d := p[(i+1)%len(p)]
			if (a.Y > line) != (d.Y > line) {
				at = append(at, a.X+(line-a.Y)/(d.Y-a.Y)*(d.X-a.X))
			}
		}
		slices.Sort(at)
		for i := 1; i < len(at); i += 2 {
			x0 := max(0, int(math.Ceil(at[i-1]+coverPad-0.5)))
			x1 := min(coverEdge-1, int(math.Ceil(at[i]+coverPad-0.5))-1)
			for x := x0; x <= x1; x++ {
				c[y*coverEdge+x] = with
			}
		}
	}
}

// along marks a strip around a line.
func (c *cover) along(line []plan.Pt, width float64, with growth) {
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		if l := distance(a, b); l > 0 {
			nx, ny := -(b.Y-a.Y)/l*width/2, (b.X-a.X)/l*width/2
			c.mark(plan.Poly{{X: a.X - nx, Y: a.Y - ny}, {X: b.X - nx, Y: b.Y - ny}, {X: b.X + nx, Y: b.Y + ny}, {X: a.X + nx, Y: a.Y + ny}}, with)
		}
	}
}
