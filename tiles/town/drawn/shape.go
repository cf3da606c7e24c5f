package drawn

import (
	"math"
	"slices"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// square is a cell's own ground, in its metres.
var square = plan.Box{X1: plan.CellSize, Y1: plan.CellSize}

// place is where a longitude and latitude lie in a cell.
func (c *cell) place(p orb.Point) plan.Pt {
	q := geo.Project(p, plan.UnitZoom)
	return plan.Pt{X: q[0]/plan.UnitsPerMetre - c.x, Y: q[1]/plan.UnitsPerMetre - c.y}
}

// ring is an outline in a cell's metres, without what bends less than a roof's edge shows; nil when nothing is left.
func (c *cell) ring(r orb.Ring, clockwise bool) plan.Poly {
	out := make(plan.Poly, 0, len(r))
	for _, p := range r {
		if q := c.place(p); len(out) == 0 || distance(q, out[len(out)-1]) > 0.15 {
			out = append(out, q)
		}
	}
	for len(out) > 1 && distance(out[0], out[len(out)-1]) <= 0.15 {
		out = out[:len(out)-1]
	}
	if len(out) < 3 {
		return nil
	}
	if (out.Area() > 0) != clockwise {
		slices.Reverse(out)
	}
	return out
}

// straight leaves out corners that hardly turn.
func straight(p plan.Poly) plan.Poly {
	out := make(plan.Poly, 0, len(p))
	for i, q := range p {
		a, b := p[(i+len(p)-1)%len(p)], p[(i+1)%len(p)]
		if toSegment(a, b, q) > 0.35 {
			out = append(out, q)
		}
	}
	if len(out) < 3 {
		return p
	}
	return out
}

// whole is a polygon as one ring: its holes are reached by cuts of no width.
func (c *cell) whole(p orb.Polygon) plan.Poly {
	if len(p) == 0 {
		return nil
	}
	out := c.ring(p[0], true)
	for _, hole := range p[1:] {
		h := c.ring(hole, false)
		if out == nil || h == nil {
			continue
		}
		// The cut begins at the hole's easternmost corner and ends at the corner nearest to it.
		from := 0
		for i := range h {
			if h[i].X > h[from].X {
				from = i
			}
		}
		to, best := 0, math.Inf(1)
		for i := range out {
			if d := distance(out[i], h[from]); d < best {
				to, best = i, d
			}
		}
		cut := append(slices.Clone(h[from:]), h[:from+1]...)
		out = slices.Insert(out, to+1, append(cut, out[to])...)
	}
	return out
}

func distance(a, b plan.Pt) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

func toSegment(a, b, q plan.Pt) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = max(0, min(1, ((q.X-a.X)*dx+(q.Y-a.Y)*dy)/l))
	}
	return math.Hypot(q.X-a.X-t*dx, q.Y-a.Y-t*dy)
}

// cut keeps what lies in the cell's square (Sutherland and Hodgman, 1974). Squares meet at whole pixels: no seam is seen.
func cut(p plan.Poly) plan.Poly {
	b := plan.BoxOf(p)
	if b.X0 >= square.X0 && b.Y0 >= square.Y0 && b.X1 <= square.X1 && b.Y1 <= square.Y1 {
		return p
	}
	if !b.Meets(square) {
		return nil
	}
	for side := range 4 {
		p = half(p, side)
	}
	if len(p) < 3 {
		return nil
	}
	return p
}

// depth is how far a point lies inside one of the square's sides.
func depth(q plan.Pt, side int) float64 {
	return [4]float64{q.X - square.X0, q.Y - square.Y0, square.X1 - q.X, square.Y1 - q.Y}[side]
}

func half(p plan.Poly, side int) plan.Poly {
	var out plan.Poly
	for i, a := range p {
		b := p[(i+1)%len(p)]
		da, db := depth(a, side), depth(b, side)
		if da >= 0 {
			out = append(out, a)
		}
		if (da < 0) != (db < 0) && da != 0 && db != 0 {
			out = append(out, onSide(a, b, da/(da-db), side))
		}
	}
	return out
}

// onSide is the point between two at a share of the way, exactly on a side.
func onSide(a, b plan.Pt, t float64, side int) plan.Pt {
	q := plan.Pt{X: a.X + (b.X-a.X)*t, Y: a.Y + (b.Y-a.Y)*t}
	switch side {
	case 0:
		q.X = square.X0
	case 1:
		q.Y = square.Y0
	case 2:
		q.X = square.X1
	default:
		q.Y = square.Y1
	}
	return q
}

// stretch is a part of a line, and whether it goes on at its start and end.
type stretch struct {
	pts []plan.Pt
	on  [2]bool
}

// cutLine keeps the stretches of a line that lie in the cell's square.
func cutLine(line []plan.Pt) []stretch {
	var out []stretch
	var now []plan.Pt
	began := false
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		t0, s0, t1, s1 := 0.0, -1, 1.0, -1
		for side := range 4 {
			da, db := depth(a, side), depth(b, side)
			switch {
			case da < 0 && db < 0:
				t0 = 2
			case da < 0 && da/(da-db) > t0:
				t0, s0 = da/(da-db), side
			case db < 0 && da/(da-db) < t1:
				t1, s1 = da/(da-db), side
			}
		}
		if t0 >= t1 {
			continue
		}
		if now == nil {
			p := a
			if began = s0 >= 0; began {
				p = onSide(a, b, t0, s0)
			}
			now = []plan.Pt{p}
		}
		if s1 >= 0 {
			b = onSide(a, b, t1, s1)
		}
		now = append(now, b)
		if s1 >= 0 {
			out, now = append(out, stretch{now, [2]bool{began, true}}), nil
		}
	}
	if len(now) > 1 {
		out = append(out, stretch{now, [2]bool{began, false}})
	}
	return out
}

// strip is a line of a width as one outline.
func strip(line []plan.Pt, width float64) plan.Poly {
	var left, right plan.Poly
	for i, q := range line {
		a, b := line[max(0, i-1)], line[min(len(line)-1, i+1)]
		l := distance(a, b)
		if l == 0 {
			continue
		}
		nx, ny := -(b.Y-a.Y)/l*width/2, (b.X-a.X)/l*width/2
		left = append(left, plan.Pt{X: q.X - nx, Y: q.Y - ny})
		right = append(right, plan.Pt{X: q.X + nx, Y: q.Y + ny})
	}
	slices.Reverse(right)
	return append(left, right...)
}

// dice are numbers that a seed decides.
type dice struct {
	seed uint64
	n    int
}

// roll is in [0, 1).
func (d *dice) roll() float64 {
	d.n++
	return float64(plan.Hash(d.seed, 91, d.n, 0)>>11) / (1 << 53)
}

func (d *dice) between(low, high float64) float64 { return low + (high-low)*d.roll() }
func (d *dice) below(n int) int                   { return int(d.roll() * float64(n)) }
func (d *dice) tone() uint8                       { return uint8(d.below(256)) }

// diceAt are the dice of a spot on the ground, the same seen from every cell.
func (c *cell) diceAt(p plan.Pt, purpose uint64) dice {
	return dice{seed: plan.Hash(c.source.seed, purpose, int(math.Round((p.X+c.x)*2)), int(math.Round((p.Y+c.y)*2)))}
}
