package drawn

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// homes puts houses along smaller streets where the map has streets and no houses: imagery would show some. They stand on
// nobody's ground only, and have neither name nor class.
func (c *cell) homes() {
	for k := range c.Streets {
		s := &c.Streets[k]
		switch {
		case s.Level != 0:
			continue
		case s.Class != "residential" && s.Class != "tertiary" && s.Class != "unclassified":
			continue
		}
		d := c.diceAt(s.Line[0], 80)
		line := plan.Densify(s.Line, 2*c.k)
		for _, side := range [2]float64{1, -1} {
			next := d.between(7, 14) * c.k
			for i := 1; i < len(line); i++ {
				if next -= distance(line[i-1], line[i]); next > 0 {
					continue
				}
				next = d.between(15, 19) * c.k
				c.home(line[i-1], line[i], side*(s.Width/2+s.Walk), &d)
			}
		}
	}
}

// home puts a house beside a street, with its yard below it, if all of it is free and in the cell.
func (c *cell) home(a, b plan.Pt, off float64, d *dice) {
	l := distance(a, b)
	u := plan.Pt{X: (b.X - a.X) / l, Y: (b.Y - a.Y) / l}
	wide, deep := d.between(9, 13)*c.k, d.between(9, 15)*c.k
	away := math.Copysign(math.Abs(off)+d.between(4, 6)*c.k+deep/2, off)
	at := plan.Pt{X: b.X - u.Y*away, Y: b.Y + u.X*away}
	lot := rectangle(at, u, wide+5*c.k, deep+7*c.k)
	for i := range 6 {
		for j := range 6 {
			s, t := float64(i)/5, float64(j)/5
			q := plan.Pt{X: lot[0].X + (lot[1].X-lot[0].X)*s + (lot[3].X-lot[0].X)*t, Y: lot[0].Y + (lot[1].Y-lot[0].Y)*s + (lot[3].Y-lot[0].Y)*t}
			if !inSquare(q) || c.cover.at(q) != open {
				return
			}
		}
	}
	c.surface(c.region.yards[d.below(len(c.region.yards))], lot, d.tone())
	h := rectangle(at, u, wide, deep)
	c.cover.mark(lot, yard)
	c.cover.mark(h, hard)
	c.raise(&house{poly: h, size: wide * deep / (c.k * c.k), at: at})
}
