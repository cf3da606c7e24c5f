package plan

import "math"

// lay is a layout being made.
type lay struct {
	*Layout
	p      *Planner
	i, j   int
	rnd    Rand
	blocks []Piece
	bigs   int // blocks that may stay undivided for a large place
	side   int // streets named so far
	tracks []Street
	m      measure

	corners [4]Pt     // of the cell's ground before the warp, clockwise from the north-west
	sides   [4]Street // the main streets from each corner to the next
}

func (p *Planner) makeLayout(i, j int) *Layout {
	l := &lay{Layout: &Layout{Zone: p.zone(i, j)}, p: p, i: i, j: j, rnd: newRand(Hash(p.seed, 2, i, j))}
	big, small := p.wants(l.Zone, i, j)
	l.bigs = large(big)
	l.dry = l.farFromWater()
	l.mainStreets()
	l.railways()
	l.quarter()
	l.water()
	l.settle(big, small)
	l.finish()
	return l.Layout
}

// zone follows the density and trade fields at the cell's middle, with a little chance, that zones have ragged edges.
func (p *Planner) zone(i, j int) Zone {
	i, j = wrap(i), wrap(j)
	x, y := (float64(i)+0.5)*CellSize, (float64(j)+0.5)*CellSize
	r := newRand(Hash(p.seed, 14, i, j))
	d := p.density(x, y) + r.between(-0.045, 0.045)
	switch {
	case d > 0.88:
		return Core
	case d < edgeOfTown:
		return Rural
	case d < 0.8 && p.trade.at(x, y)+r.between(-0.05, 0.05) > 0.76:
		return Industrial
	case d > 0.64:
		return Mid
	}
	return Suburb
}

// edgeOfTown is the density below which there are fields.
const edgeOfTown = 0.43

// node is a corner of the main streets' net before the warp, from cell (i, j)'s corner.
func (p *Planner) node(i, j int) Pt {
	r := newRand(Hash(p.seed, 3, wrap(i), wrap(j)))
	return Pt{r.between(-jitter, jitter), r.between(-jitter, jitter)}
}

// bent warps a line given from cell (i, j)'s corner.
func (l *lay) bent(line []Pt) []Pt {
	x, y := float64(l.i)*CellSize, float64(l.j)*CellSize
	out := make([]Pt, len(line))
	for k, q := range line {
		wx, wy := l.p.warp(x+q.X, y+q.Y)
		out[k] = Pt{snap(wx - x), snap(wy - y)}
	}
	return out
}

// street is the kind of a main street: of the horizontal line j between columns i and i+1, or of the vertical line i
// between rows j and j+1. A width of 0 is none.
func (p *Planner) street(i, j int, vertical bool) Street {
	a, b, line, purpose := p.zone(i, j), p.zone(i, j-1), wrap(j), uint64(4)
	if vertical {
		b, line, purpose = p.zone(i-1, j), wrap(i), 5
	}
	r := newRand(Hash(p.seed, purpose, wrap(i), wrap(j)))
	s := Street{Name: p.streetName(line, int(purpose), true)}
	switch {
	case line%6 == 3:
		s.Class, s.Width, s.Walk = "primary", 15, 3.5
	case a == Rural && b == Rural:
		if !r.chance(0.5) {
			return Street{}
		}
		s.Class, s.Width, s.Walk = "unclassified", 6, 0
	case line%3 == 0:
		s.Class, s.Width, s.Walk = "secondary", 11.5, 3
	default:
		s.Class, s.Width, s.Walk = "tertiary", 9, 2.5
	}
	if a == Rural && b == Rural {
		s.Walk = 0
	}
	return s
}

// mainStreets are those along the cell's north and west side; its neighbours have the others.
func (l *lay) mainStreets() {
	o, e, s := l.p.node(l.i, l.j), l.p.node(l.i+1, l.j).add(Pt{CellSize, 0}), l.p.node(l.i, l.j+1).add(Pt{0, CellSize})
	l.addLine(l.p.street(l.i, l.j, false), l.toRoundabouts(l.bent(densify([]Pt{o, e}, 12)), l.i+1, l.j))
	l.addLine(l.p.street(l.i, l.j, true), l.toRoundabouts(l.bent(densify([]Pt{o, s}, 12)), l.i, l.j+1))
	l.roundabout()
}

// longestBridge is what a main street crosses; at anything wider it ends.
const longestBridge = 150

// addStreet bends a straight street.
func (l *lay) addStreet(s Street, a, b Pt) { l.addLine(s, l.bent(densify([]Pt{a, b}, 12))) }

// addLine makes bridges of where a street crosses water or rails, or, when it is a minor one, leaves that out.
func (l *lay) addLine(s Street, line []Pt) {
	if s.Width == 0 || len(line) < 2 {
		return
	}
	margin, minor := 5.0, s.Width < 9 || s.Class == "unclassified"
	if minor {
		margin = 9
	}
	start := 0
	wet := l.wet(line[0], margin)
	flush := func(end int) {
		if end > start && !(wet && minor) {
			piece := s
			piece.Line = line[start : end+1]
			piece.On = [2]bool{s.On[0] || start > 0, s.On[1] || end < len(line)-1}
			if wet {
				piece.Level = 1
			}
			piece.Box = BoxOf(piece.Line)
			if !wet || lineLength(piece.Line) < longestBridge {
				l.Streets = append(l.Streets, piece)
			}
		}
		start = end
	}
	for k := 1; k < len(line); k++ {
		if w := l.wet(line[k], margin); w != wet {
			flush(k)
			wet = w
		}
	}
	flush(len(line) - 1)
}

// wet says whether water, or a railway, is nearer than a margin.
func (l *lay) wet(q Pt, margin float64) bool {
	if l.dry {
		return false
	}
	x, y := float64(l.i)*CellSize+q.X, float64(l.j)*CellSize+q.Y
	return l.p.shore(x, y) < margin || l.p.rail(x, y) < margin
}

// ground is what the main streets leave of the cell, before the warp.
func (l *lay) ground() Poly {
	p := l.p
	q := Poly{
		p.node(l.i, l.j), p.node(l.i+1, l.j).add(Pt{CellSize, 0}),
		p.node(l.i+1, l.j+1).add(Pt{CellSize, CellSize}), p.node(l.i, l.j+1).add(Pt{0, CellSize}),
	}
	l.sides = [4]Street{p.street(l.i, l.j, false), p.street(l.i+1, l.j, true), p.street(l.i, l.j+1, false), p.street(l.i, l.j, true)}
	l.corners = [4]Pt(q)
	out := q
	for k, s := range l.sides {
		a, b := q[k], q[(k+1)%4]
		n := b.sub(a).left().normal().times(-1)
		out = out.clip(n, n.dot(a)-s.Width/2-s.Walk)
	}
	for k, at := range [4][2]int{{l.i, l.j}, {l.i + 1, l.j}, {l.i + 1, l.j + 1}, {l.i, l.j + 1}} {
		if p.hasRoundabout(at[0], at[1]) {
			n := q[k].sub(q.centroid()).normal()
			out = out.clip(n, n.dot(q[k])-roundaboutGround)
		}
	}
	return out
}

// measure is how a zone's ground is divided: blocks of at most so many square metres and so long, by streets so wide.
type measure struct {
	area, length, width, walk float64
	large                     float64 // what a block that is kept for a large place may have
	class                     string
	skew, off                 float64 // how far cuts leave the square, in radians, and the middle, as a share
}

func (z Zone) measure() measure {
	switch z {
	case Core:
		return measure{12500, 150, 8, 3, 44000, "residential", 0.09, 0.07}
	case Mid:
		return measure{14000, 185, 7, 2.5, 44000, "residential", 0.09, 0.07}
	case Suburb:
		return measure{11500, 210, 6.5, 2, 27000, "residential", 0.09, 0.07}
	case Industrial:
		return measure{36000, 280, 9, 2, 46000, "unclassified", 0.09, 0.07}
	}
	return measure{42000, 320, 3.5, 0, 0, "track", 0.09, 0.07}
}

// divide cuts the ground into blocks with streets between.
func (l *lay) divide(q Poly, depth int) {
	if len(q) < 3 || depth > 7 {
		return
	}
	m := l.m
	u, long, _ := q.longAxis()
	area := q.area()
	keep := l.bigs > 0 && depth > 1 && area < m.large && area > m.large/2 && l.rnd.chance(0.4)
	if keep {
		l.bigs--
	}
	if keep || area < m.area && long < m.length {
		if area > 700 {
			l.addBlock(q)
		}
		return
	}
	low, high := q.span(u)
	n := direction(math.Atan2(u.Y, u.X) + l.rnd.between(-m.skew, m.skew))
	mid := q.centroid().along(u, l.rnd.between(-m.off, m.off)*(high-low))
	c := n.dot(mid)
	from, to := q.chord(n.left(), n, c)
	half := m.width/2 + m.walk
	s := Street{Width: m.width, Walk: m.walk, Class: m.class, Name: l.p.streetName(l.i*31+l.j*17+l.side, 6, false)}
	if l.Zone == Rural {
		s.Name = ""
		l.fieldTrack(s, n, c, from, to)
		half = 3
	} else {
		l.side++
		a, b := n.times(c).along(n.left(), from), n.times(c).along(n.left(), to)
		l.addStreet(s, a.along(n.left(), -l.toMiddle(a, half)), b.along(n.left(), l.toMiddle(b, half)))
	}
	l.divide(q.clip(n, c-half), depth+1)
	l.divide(q.clip(n.times(-1), -c-half), depth+1)
}

// toMiddle is how far the middle of the street at a block's edge is: of a main street, or of one as wide as ours.
func (l *lay) toMiddle(at Pt, minor float64) float64 {
	for k, s := range l.sides {
		a, b := l.corners[k], l.corners[(k+1)%4]
		if half := s.Width/2 + s.Walk; segmentDistance(a, b, at) < half+1.5 {
			return half
		}
	}
	return minor
}

// fieldTrack is seldom: most fields meet at a hedge.
func (l *lay) fieldTrack(s Street, n Pt, c, from, to float64) {
	if l.rnd.chance(0.35) {
		l.addStreet(s, n.times(c).along(n.left(), from-3), n.times(c).along(n.left(), to+3))
	}
}

func (l *lay) addBlock(q Poly) {
	block := Poly(l.bent(q.dense(20)))
	if block.area() < 500 {
		return
	}
	for _, part := range l.besideRail(block) {
		l.addPiece(part, block)
	}
}

// addPiece adds ground within a block.
func (l *lay) addPiece(q, block Poly) {
	b := Piece{Poly: q, block: block, Place: -1, seed: Hash(l.p.seed, 7, l.i, l.j) + uint64(len(l.blocks))*golden}
	for _, q := range append(q[:len(q):len(q)], q.centroid()) {
		b.wet = b.wet || l.wet(q, 45)
	}
	l.blocks = append(l.blocks, b)
}

// finish measures everything.
func (l *lay) finish() {
	for k := range l.blocks {
		l.blocks[k].Box = BoxOf(l.blocks[k].Poly)
	}
	l.Pieces = l.blocks
	l.Bound = Box{0, 0, CellSize, CellSize}.Grow(20) // reeds along a shore
	grow := func(b Box, n float64) {
		b = b.Grow(n)
		l.Bound = Box{min(l.Bound.X0, b.X0), min(l.Bound.Y0, b.Y0), max(l.Bound.X1, b.X1), max(l.Bound.Y1, b.Y1)}
	}
	for _, p := range l.Pieces {
		grow(p.Box, overhang)
	}
	for _, s := range l.Streets {
		grow(s.Box, s.Width/2+s.Walk+l.crowns()) // and the crowns of trees along it
	}
}
