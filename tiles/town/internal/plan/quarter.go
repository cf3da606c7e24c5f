package plan

import "math"

// quarter divides the cell's ground as its quarter is laid out: by a grid, by spokes and rings round a square, or, where it grew without
// a plan, by crooked lanes.
func (l *lay) quarter() {
	l.m = l.Zone.measure()
	ground := l.ground()
	x, y := (float64(l.i)+0.5)*CellSize, (float64(l.j)+0.5)*CellSize
	home := l.p.home(x, y, 300) > 0.5
	switch town := l.Zone == Core || l.Zone == Mid || l.Zone == Suburb; {
	case town && !home && Hash(l.p.seed, 16, l.i, l.j)%9 == 0 && l.radiate(ground):
		return
	case town && l.p.old(x, y) > 0.5:
		l.m.area, l.m.length, l.m.width, l.m.walk = 0.75*l.m.area, 0.85*l.m.length, 0.8*l.m.width, 0.6*l.m.walk
		l.m.skew, l.m.off = 0.5, 0.17
	}
	l.divide(ground, 0)
}

// radiate lays streets as eight spokes and two rings, and says whether the ground is wide enough for that.
func (l *lay) radiate(ground Poly) bool {
	const spokes, inner = 8, 34.0
	c := ground.centroid()
	room := ground.edgeDistance(c)
	if room < 150 || l.wet(c, 60) {
		return false
	}
	outer := 0.58 * room
	wide, lane := Street{Class: "tertiary", Width: 9, Walk: 2.5}, Street{Class: l.m.class, Width: l.m.width, Walk: l.m.walk}
	wide.Name, lane.Name = l.p.streetName(l.i*31+l.j*17, 6, false), l.p.streetName(l.i*31+l.j*17+1, 6, false)
	turn := l.rnd.between(0, 2*math.Pi)
	spoke := func(k int) Pt { return direction(turn + 2*math.Pi*float64(k)/spokes) }
	street := func(k int) Street {
		if k%2 == 0 {
			return wide
		}
		return lane
	}
	half := func(s Street) float64 { return s.Width/2 + s.Walk }
	l.addLine(wide, l.bent(closed(circle(c, inner, 24))))
	l.addBlock(circle(c, inner-half(wide), 20))
	if n := len(l.blocks); n > 0 {
		l.blocks[n-1].kept, l.blocks[n-1].Fill = true, Plaza
	}
	l.side = 2
	flat := math.Cos(math.Pi / spokes) // from a ring's corner to the middle of its side
	for k := range spokes {
		d, e := spoke(k), spoke(k+1)
		end := ground.exit(c, d)
		l.addStreet(street(k), c.along(d, inner), c.along(d, end+l.toMiddle(c.along(d, end), 0)))
		l.addStreet(lane, c.along(d, outer), c.along(e, outer))
		wedge := ground.clip(d.left().times(-1), -d.left().dot(c)-half(street(k)))
		wedge = wedge.clip(e.left(), e.left().dot(c)-half(street(k+1)))
		m := direction(turn + 2*math.Pi*(float64(k)+0.5)/spokes)
		l.divide(wedge.clip(m.times(-1), -m.dot(c)-inner-half(wide)).clip(m, m.dot(c)+outer*flat-half(lane)), 2)
		l.divide(wedge.clip(m.times(-1), -m.dot(c)-outer*flat-half(lane)), 2)
	}
	return true
}

func closed(p Poly) []Pt { return append(p[:len(p):len(p)], p[0]) }

// exit is how far from a place inside the outline is along a direction.
func (p Poly) exit(c, d Pt) float64 {
	far := 0.0
	for i, a := range p {
		b := p[(i+1)%len(p)]
		da, db := d.left().dot(a.sub(c)), d.left().dot(b.sub(c))
		if (da < 0) != (db < 0) {
			far = math.Max(far, d.dot(a.to(b, da/(da-db)).sub(c)))
		}
	}
	return far
}

// plaza is a green with a fountain.
func (b *builder) plaza() {
	b.surface(Paving, b.piece.Poly)
	c := b.piece.Poly.centroid()
	r := b.piece.Poly.edgeDistance(c)
	for _, lawn := range []struct {
		mat  Mat
		size float64
	}{{Lawn, 0.82}, {Paving, 0.42}} {
		b.surface(lawn.mat, circle(c, lawn.size*r, 24))
	}
	u := direction(b.rnd.between(0, math.Pi))
	for _, d := range []Pt{u, u.left()} {
		b.line(Trail, 2.4, c.along(d, -r), c.along(d, r))
	}
	b.paved(Pool, circle(c, 0.2*r, 18))
	b.row(closed(circle(c, 0.66*r, 40)), 7, 2.4, 0)
}

// Roundabouts are where two main streets cross.
const (
	roundaboutRadius = 18.0
	roundaboutWidth  = 8.0
	roundaboutWalk   = 2.5
	roundaboutGround = roundaboutRadius + roundaboutWidth/2 + roundaboutWalk + 6 // what the blocks leave free; the warp takes some of it
)

// hasRoundabout says whether the main streets meet in one at a node of their net.
func (p *Planner) hasRoundabout(i, j int) bool {
	if Hash(p.seed, 17, wrap(i), wrap(j))%3 != 0 {
		return false
	}
	for _, arm := range []Street{p.street(i, j, false), p.street(i-1, j, false), p.street(i, j, true), p.street(i, j-1, true)} {
		if arm.Walk == 0 {
			return false
		}
	}
	x, y := p.warp(p.nodeAt(i, j))
	return p.shore(x, y) > 60 && p.rail(x, y) > 60
}

// nodeAt is a node of the main streets' net in metres of the world.
func (p *Planner) nodeAt(i, j int) (x, y float64) {
	n := p.node(i, j)
	return float64(i)*CellSize + n.X, float64(j)*CellSize + n.Y
}

// toRoundabouts ends a main street from the cell's node to another where the roundabouts at both begin.
func (l *lay) toRoundabouts(line []Pt, i, j int) []Pt {
	if l.p.hasRoundabout(l.i, l.j) {
		line = outside(line, roundaboutRadius)
	}
	if l.p.hasRoundabout(i, j) {
		line = reversed(outside(reversed(line), roundaboutRadius))
	}
	return line
}

// outside leaves out what of a line is nearer to its start than a radius.
func outside(line []Pt, radius float64) []Pt {
	for k := 1; k < len(line); k++ {
		if d := line[k].sub(line[0]); d.length() > radius {
			from := line[k-1].sub(line[0]).length()
			cut := line[k-1].to(line[k], (radius-from)/(d.length()-from)).snap()
			return append([]Pt{cut}, line[k:]...)
		}
	}
	return nil
}

func reversed(line []Pt) []Pt {
	out := make([]Pt, len(line))
	for k, q := range line {
		out[len(line)-1-k] = q
	}
	return out
}

// roundabout is the ring at the cell's own node.
func (l *lay) roundabout() {
	if l.p.hasRoundabout(l.i, l.j) {
		ring := snapAll(closed(circle(l.bent([]Pt{l.p.node(l.i, l.j)})[0], roundaboutRadius, 28)))
		l.Streets = append(l.Streets, Street{Class: l.p.street(l.i, l.j, false).Class, Width: roundaboutWidth, Walk: roundaboutWalk, On: [2]bool{true, true}, Line: ring, Box: BoxOf(ring)})
	}
}

// island is the green in the middle of the cell's roundabout.
func (b *builder) island() {
	if !b.l.p.hasRoundabout(b.l.i, b.l.j) {
		return
	}
	c := b.l.bent([]Pt{b.l.p.node(b.l.i, b.l.j)})[0]
	const r = roundaboutRadius - roundaboutWidth/2
	b.surface([2]Mat{Lawn, Bed}[b.rnd.below(2)], circle(c, r-0.5, 24))
	b.surface(Lawn, circle(c, r*0.6, 20))
	for range 2 + b.rnd.below(6) {
		b.tree(c.along(direction(b.rnd.between(0, 2*math.Pi)), b.rnd.between(0, r*0.7)), b.rnd.between(1.6, 3.2), uint8(b.rnd.below(4)))
	}
}
