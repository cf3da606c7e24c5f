package plan

import "slices"

// want is a kind of place and the ground it needs, in square metres.
type want struct {
	class    string
	low, top float64
	deep     float64 // the least depth of its ground, in metres
}

// demand is a want in a cell.
type demand struct {
	want
	built bool // it is a building, with a yard that is not its own
}

// deck lists what a zone may have; cells take turns along it, so that neighbours differ and everything is somewhere near.
type deck struct {
	big, small   []want
	bigs, smalls int
}

func (z Zone) deck() deck {
	switch z {
	case Core:
		return deck{bigs: 3, smalls: 9, big: []want{
			{"hospital", 8500, 24000, 70}, {"school", 7500, 22000, 65}, {"townhall", 4500, 12000, 50}, {"park", 7000, 46000, 50},
			{"mall", 8000, 26000, 70}, {"university", 9000, 46000, 75}, {"museum", 5000, 12000, 50}, {"bus_station", 6000, 15000, 55},
			{"stadium", 14000, 46000, 100}, {"marketplace", 4500, 10000, 45}, {"theatre", 4000, 9000, 45},
		}, small: []want{
			{"bank", 700, 2600, 22}, {"hotel", 1600, 5000, 32}, {"supermarket", 2600, 7500, 42}, {"police", 1500, 4500, 32},
			{"church", 1600, 5000, 34}, {"library", 1500, 4500, 32}, {"parking", 1800, 6000, 32}, {"post_office", 900, 3200, 25},
			{"kindergarten", 1700, 4500, 34}, {"clinic", 1300, 4200, 28}, {"restaurant", 600, 1900, 20}, {"fire_station", 1800, 5000, 34},
			{"playground", 900, 3500, 25}, {"pharmacy", 600, 1700, 20}, {"office", 1500, 5000, 32}, {"cinema", 1900, 5200, 36},
			{"mosque", 1500, 4500, 32}, {"temple", 1600, 5000, 34}, {"sports_pitch", 1500, 5500, 30}, {"fuel", 1100, 3200, 26},
		}}
	case Mid:
		return deck{bigs: 3, smalls: 6, big: []want{
			{"school", 8500, 26000, 70}, {"park", 7000, 46000, 50}, {"hospital", 9500, 30000, 75}, {"sports_centre", 9000, 26000, 70},
			{"university", 12000, 46000, 85}, {"cemetery", 6500, 36000, 55}, {"mall", 9000, 30000, 75}, {"stadium", 15000, 46000, 100},
			{"school", 8500, 26000, 70}, {"swimming_pool", 5500, 15000, 55}, {"park", 6000, 30000, 50},
		}, small: []want{
			{"kindergarten", 1700, 4800, 34}, {"supermarket", 2800, 8000, 44}, {"church", 1800, 5500, 36}, {"playground", 900, 3800, 25},
			{"clinic", 1400, 4500, 30}, {"parking", 1800, 6000, 32}, {"sports_pitch", 1600, 6500, 32}, {"police", 1500, 4500, 32},
			{"temple", 1700, 5200, 36}, {"library", 1500, 4500, 32}, {"fire_station", 1800, 5000, 34}, {"fuel", 1100, 3200, 26},
			{"hotel", 1800, 5500, 34}, {"post_office", 900, 3200, 25}, {"mosque", 1600, 4800, 34}, {"nursing_home", 2500, 7500, 42},
		}}
	case Suburb:
		return deck{bigs: 2, smalls: 4, big: []want{
			{"school", 9000, 28000, 75}, {"park", 7000, 46000, 50}, {"cemetery", 6500, 36000, 55}, {"sports_centre", 9000, 28000, 70},
			{"park", 6000, 30000, 50}, {"hospital", 10000, 32000, 75}, {"swimming_pool", 6000, 16000, 55}, {"stadium", 15000, 46000, 100},
		}, small: []want{
			{"kindergarten", 1800, 5000, 34}, {"playground", 1000, 4000, 26}, {"church", 1900, 5500, 36}, {"sports_pitch", 1800, 7000, 34},
			{"supermarket", 3000, 8000, 46}, {"nursing_home", 2600, 7500, 42}, {"parking", 1800, 5000, 32}, {"fire_station", 1800, 5000, 34},
			{"fuel", 1100, 3200, 26}, {"clinic", 1400, 4500, 30}, {"temple", 1800, 5200, 36},
		}}
	case Industrial:
		return deck{bigs: 5, smalls: 4, big: []want{
			{"factory", 12000, 46000, 80}, {"warehouse", 10000, 40000, 75}, {"power", 7000, 30000, 60}, {"factory", 10000, 40000, 70},
			{"construction", 7000, 30000, 60}, {"warehouse", 9000, 36000, 70}, {"water_works", 9000, 36000, 70},
		}, small: []want{
			{"fuel", 1300, 3600, 28}, {"car_dealer", 2500, 7500, 40}, {"parking", 2000, 7000, 34}, {"office", 1800, 6000, 34}, {"fire_station", 1800, 5000, 34},
		}}
	}
	return deck{smalls: 1, small: []want{{"farm", 4500, 12000, 45}, {"farm", 3500, 9000, 40}}}
}

// wants deals a cell its places. The first cell, where visitors arrive, has a hospital and a school in any case.
func (p *Planner) wants(z Zone, i, j int) (big, small []demand) {
	if p.hard {
		return p.smallWants(z, i, j)
	}
	return p.deal(z, i, j)
}

// deal goes along the deck.
func (p *Planner) deal(z Zone, i, j int) (big, small []demand) {
	d := z.deck()
	turn := 3*i + 5*j + int(Hash(p.seed, 8, i>>3, j>>3)%64)
	home := i == int(p.homeX/CellSize) && j == int(p.homeY/CellSize)
	for k := range d.bigs {
		at := (turn*d.bigs + k) % len(d.big)
		if home {
			at = k
		}
		if w := (demand{want: d.big[at]}); !slices.Contains(big, w) {
			big = append(big, w)
		}
	}
	for k := range d.smalls {
		small = append(small, demand{want: d.small[(turn*d.smalls+k)%len(d.small)]})
	}
	return big, small
}

// settle gives places their ground, the large ones first, and fills the rest.
func (l *lay) settle(big, small []demand) {
	if l.stationStop() {
		l.claimStation()
	}
	for _, w := range big {
		l.claim(w)
	}
	for _, w := range small {
		l.claim(w)
	}
	for k := range l.blocks {
		if b := &l.blocks[k]; b.Place < 0 && !b.kept {
			b.Fill = l.fill(b)
		}
	}
}

// claim finds dry ground for a place: the smallest piece that is large enough, cut down if it is too large.
func (l *lay) claim(w demand) {
	best := -1
	for k, b := range l.blocks {
		if b.Place >= 0 || b.wet || b.kept {
			continue
		}
		a := b.Poly.area()
		_, _, short := b.Poly.longAxis()
		if a < w.low || short < w.deep || w.top < 9000 && a > 30000 {
			continue
		}
		// A little chance in the order, else all schools would lie on the same kind of block.
		if best < 0 || a*l.rnd.between(0.7, 1.3) < l.blocks[best].Poly.area() {
			best = k
		}
	}
	if best < 0 {
		return
	}
	for range l.cuts() {
		if l.blocks[best].Poly.area() <= w.top || !l.cut(best, w.want) {
			break
		}
	}
	l.take(best, w)
}

// take makes a piece a place's ground, unless it is too large for that or too odd.
func (l *lay) take(k int, w demand) {
	b := &l.blocks[k]
	outline := b.Poly.inset(0.75)
	if outline == nil || b.Poly.area() > 1.5*w.top || outline.area() < 0.6*b.Poly.area() {
		return
	}
	outline = snapAll(outline)
	if l.p.hard && !outline.simple() {
		return
	}
	b.Poly, b.Place = outline, len(l.Places)
	nth := 0
	for _, p := range l.Places {
		if p.Class == w.class {
			nth++
		}
	}
	if w.built {
		s := l.footprint(outline)
		b.built, outline = &s, s.outline
	}
	l.Places = append(l.Places, Place{Class: w.class, Name: l.p.placeName(w.class, l.i, l.j, nth), Outline: outline, At: l.labelPoint(outline)})
}

// cut divides a piece across its longer axis; the first part keeps the number and about the size that is wanted.
func (l *lay) cut(k int, w want) bool {
	b := l.blocks[k]
	u, long, short := b.Poly.longAxis()
	share := l.rnd.between(0.42, 0.58)
	if goal := l.rnd.between(0.6, 0.95) * w.top / b.Poly.area(); goal < 0.42 && goal*long >= w.deep {
		share = goal
	}
	if share*long < 0.7*w.deep || short < w.deep && share*long < w.deep {
		return false
	}
	if l.rnd.chance(0.5) {
		u = u.times(-1)
	}
	low, high := b.Poly.span(u)
	c := low + share*(high-low)
	first, rest := b.Poly.clip(u, c), b.Poly.clip(u.times(-1), -c)
	if first == nil || rest == nil {
		return false
	}
	other := b
	other.Poly, other.seed = snapAll(rest), mix(b.seed+golden)
	l.blocks[k].Poly = snapAll(first)
	l.blocks = append(l.blocks, other)
	return true
}

// labelPoint is somewhere well inside, as on maps that people made: seldom the middle.
func (l *lay) labelPoint(p Poly) Pt {
	c, box := p.centroid(), BoxOf(p)
	best, bestMargin := c.snap(), p.edgeDistance(c)
	if !p.Contains(best) {
		bestMargin = 0
	}
	need := bestMargin * l.rnd.between(0.35, 0.95)
	for range 24 {
		q := Pt{l.rnd.between(box.X0, box.X1), l.rnd.between(box.Y0, box.Y1)}.snap()
		if p.Contains(q) && p.edgeDistance(q) > need {
			return q
		}
	}
	return best
}

func (l *lay) fill(b *Piece) Fill {
	r := newRand(b.seed)
	a, c := b.Poly.area(), b.Poly.centroid()
	_, _, short := b.Poly.longAxis()
	x, y := float64(l.i)*CellSize+c.X, float64(l.j)*CellSize+c.Y
	wild := l.p.clump(x/8, y/8)
	// At the edge of town the fields reach in between the houses, and the houses out along the lanes.
	d := l.p.density(x, y)
	switch {
	case l.Zone == Rural && a < 14000 && d > edgeOfTown-0.05:
		return Houses
	case (l.Zone == Rural || l.Zone == Suburb && d < edgeOfTown+0.02) && wild > 0.58:
		return Woods
	case l.Zone == Rural || l.Zone == Suburb && d < edgeOfTown+0.02:
		return Fields
	case b.wet && r.chance(0.4) || short < 14 || a < 350 || l.Zone == Suburb && short > 125:
		return Waterside
	case l.Zone == Industrial:
		return Halls
	case l.Zone == Core && r.chance(0.14) && a > 4000 && a < 26000:
		return Towers
	case l.Zone == Core && a < 24000:
		return Terraces
	case l.Zone == Core || l.Zone == Mid && (r.chance(0.45) || a > 20000):
		return Flats
	}
	if l.p.hard {
		return l.character()
	}
	return Houses
}
