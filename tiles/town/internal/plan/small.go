package plan

import "math"

// roofed are the classes that are buildings on most maps, or groups of them.
var roofed = map[string]bool{
	"school": true, "kindergarten": true, "university": true, "hospital": true, "clinic": true, "nursing_home": true, "townhall": true,
	"museum": true, "theatre": true, "cinema": true, "library": true, "police": true, "fire_station": true, "hotel": true, "office": true,
	"bank": true, "post_office": true, "restaurant": true, "pharmacy": true, "church": true, "temple": true, "mosque": true,
	"supermarket": true, "marketplace": true, "factory": true, "warehouse": true, "farm": true,
}

// smallWants are a cell's places as the world has them: most are a building, or a small ground; some are as large as easy towns'.
func (p *Planner) smallWants(z Zone, i, j int) (big, small []demand) {
	big, small = p.deal(z, i, j)
	r := newRand(Hash(p.seed, 41, i, j))
	for _, list := range [2][]demand{big, small} {
		for k := range list {
			w := &list[k]
			if w.built = roofed[w.class] && r.chance(0.55); w.built {
				size := r.between(16, 40)
				if r.chance(0.15) {
					size = r.between(40, 70)
				}
				w.low, w.top, w.deep = 0.7*size*size, 1.5*size*size, 0.7*size
				continue
			}
			share := r.between(0.12, 0.6)
			if r.chance(0.15) {
				share = 1
			}
			w.low, w.top = max(500, share*w.low), max(900, share*w.top)
			w.deep = min(w.deep, 0.8*math.Sqrt(w.low))
		}
	}
	return big, small
}

// large is how many of the wanted places need a block of their own.
func large(big []demand) int {
	n := 0
	for _, w := range big {
		if w.top > 4000 {
			n++
		}
	}
	return n
}

// cuts is how often ground is divided for a place.
func (l *lay) cuts() int {
	if l.p.hard {
		return 8
	}
	return 5
}

// simple says whether no edges cross. Only small ground, moved in, is ever otherwise.
func (p Poly) simple() bool {
	for i, a := range p {
		b := p[(i+1)%len(p)]
		for k := i + 2; k < len(p) && (i > 0 || k < len(p)-1); k++ {
			c, d := p[k], p[(k+1)%len(p)]
			u, v := b.sub(a), d.sub(c)
			if u.cross(c.sub(a))*u.cross(d.sub(a)) <= 0 && v.cross(a.sub(c))*v.cross(b.sub(c)) <= 0 {
				return false
			}
		}
	}
	return p.area() > 0
}

// footprint is a building in a yard.
func (l *lay) footprint(yard Poly) shape {
	u := yard.axis()
	f := yard.fit(u)
	w, d := f.w-2*min(l.rnd.between(1, 4), 0.15*f.w), f.d-2*min(l.rnd.between(1, 4), 0.15*f.d)
	x, y := (f.w-w)*l.rnd.unit(), (f.d-d)*l.rnd.unit()
	s := shapeIn(&l.rnd, f.part(x, y, x+w, y+d))
	s.outline = snapAll(s.outline)
	return s
}

// crowns is how far trees along a street and their shadows reach out.
func (l *lay) crowns() float64 {
	if l.p.hard {
		return 16
	}
	return 8
}

// canopy is how much larger than tidy towns' a crown is, most where trees stand close: there they grow together.
func (b *builder) canopy(q Pt) float64 {
	c := b.l.p.clump(float64(b.l.i)*CellSize+q.X, float64(b.l.j)*CellSize+q.Y)
	return 0.8 + 0.9*c
}
