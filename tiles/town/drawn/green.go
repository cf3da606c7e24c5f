package drawn

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// leafy is where trees are known or likely: a tree, a row or hedge, or, so far beside its middle, a street's two edges.
type leafy struct {
	pts    []plan.Pt
	hedge  bool
	beside float64
}

// lattice is how far apart trees may be, in the plan's metres: a whole share of a cell, so that cells fit.
const lattice = plan.CellSize / 96.0

// stand is how trees stand in a kind of ground: their share of the lattice, how much they gather, and their size in metres.
type stand struct{ share, clump, low, high float64 }

var stands = [...]stand{
	open: {0.1, 0.9, 1.5, 3.6}, yard: {0.17, 0.7, 1.4, 3.4}, sparse: {0.035, 0.5, 1.5, 3.2}, garden: {0.2, 0.6, 1.2, 3.4},
	park: {0.3, 1, 2.2, 4.6}, scrub: {0.6, 0.5, 0.9, 2.2}, wood: {0.93, 0, 2.3, 4.7}, clear: {}, walk: {}, hard: {},
}

// green plants what the map knows, street trees, and then whatever grows on each spot.
func (c *cell) green() {
	for _, l := range c.leafy {
		switch {
		case l.hedge:
			for _, s := range cutLine(l.pts) {
				c.stroke(plan.Hedge, 1.2*c.k, s.pts)
			}
		case len(l.pts) == 1:
			d := c.diceAt(l.pts[0], 70)
			c.tree(l.pts[0], d.between(1.8, 4)*c.k, &d, walk)
		case l.beside > 0:
			c.rows(l.pts, l.beside)
		default:
			for _, p := range plan.Densify(l.pts, 8*c.k) {
				d := c.diceAt(p, 71)
				c.tree(p, d.between(1.8, 3.6)*c.k, &d, walk)
			}
		}
	}
	ci, cj := int(c.x/lattice), int(c.y/lattice)
	const n = int(plan.CellSize / lattice)
	for j := range n {
		for i := range n {
			d := dice{seed: plan.Hash(c.source.seed, 72, ci+i, cj+j)}
			p := plan.Pt{X: (float64(i) + d.roll()) * lattice, Y: (float64(j) + d.roll()) * lattice}
			s := stands[c.cover.at(p)]
			if s.share == 0 {
				continue
			}
			share := s.share
			if s.clump > 0 {
				share *= 1 - s.clump + s.clump*max(0, 3.4*c.clump(p)-1.1)
			}
			if d.roll() < share {
				c.tree(p, d.between(s.low, s.high)*c.k, &d, wood)
			}
		}
	}
}

// rows are trees along both edges of a street.
func (c *cell) rows(line []plan.Pt, beside float64) {
	line = plan.Densify(line, 8.5*c.k)
	for i := 2; i < len(line)-1; i++ {
		a, b := line[i-1], line[i]
		l := distance(a, b)
		if l == 0 {
			continue
		}
		for _, side := range [2]float64{beside, -beside} {
			p := plan.Pt{X: b.X - (b.Y-a.Y)/l*side, Y: b.Y + (b.X-a.X)/l*side}
			if d := c.diceAt(p, 73); d.roll() < 0.6 {
				c.tree(p, d.between(1.5, 3)*c.k, &d, walk)
			}
		}
	}
}

// tree plants a tree unless it stands outside of the cell, or its crown would lie much on what is higher than most.
func (c *cell) tree(p plan.Pt, r float64, d *dice, most growth) {
	if !inSquare(p) || c.cover.at(p) > most {
		return
	}
	for _, o := range [4][2]float64{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
		if c.cover.at(plan.Pt{X: p.X + o[0]*r*0.6, Y: p.Y + o[1]*r*0.6}) == hard && most < walk {
			return
		}
	}
	kind := uint8(0)
	switch k := d.roll(); {
	case r < 1.5*c.k:
		kind = 2
	case k < 0.14:
		kind = 1
	case k < 0.155:
		kind = 3
	}
	c.Trees = append(c.Trees, plan.Tree{X: float32(p.X), Y: float32(p.Y), R: float32(r), Kind: kind, Tone: d.tone()})
}

// clump is where trees gather, from 0 to 1: value noise on lattices of 64 and 16 metres.
func (c *cell) clump(p plan.Pt) float64 {
	at := func(step float64, purpose uint64) float64 {
		x, y := (p.X+c.x)/step, (p.Y+c.y)/step
		fx, fy := math.Floor(x), math.Floor(y)
		u, v := x-fx, y-fy
		u, v = u*u*(3-2*u), v*v*(3-2*v)
		k := func(i, j int) float64 {
			return float64(plan.Hash(c.source.seed, purpose, int(fx)+i, int(fy)+j)>>11) / (1 << 53)
		}
		a, b := k(0, 0)+(k(1, 0)-k(0, 0))*u, k(0, 1)+(k(1, 1)-k(0, 1))*u
		return a + (b-a)*v
	}
	return 0.6*at(64, 74) + 0.4*at(16, 75)
}
