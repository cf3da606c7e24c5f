package plan

import "math"

// shape is a building's outline and its wings, which share walls: the first is the main one.
type shape struct {
	outline Poly
	wings   []frame
}

// shapeIn is a building that fills a frame as far as its form does: a block, or wings in an L, T, U or H, looking any way.
func shapeIn(r *Rand, f frame) shape {
	for range r.below(4) {
		f = f.turned()
	}
	w, d := f.w, f.d
	form := r.below(7)
	if min(w, d) < 11 {
		form = 0
	}
	a, b, c := d*r.between(0.3, 0.5), w*r.between(0.24, 0.4), w*r.between(0.24, 0.4)
	switch form {
	case 1, 2: // L
		return shape{Poly{f.at(0, 0), f.at(w, 0), f.at(w, a), f.at(b, a), f.at(b, d), f.at(0, d)}, []frame{f.part(0, 0, w, a), f.part(0, a, b, d)}}
	case 3: // T
		x := r.between(0.15, 0.85) * (w - b)
		return shape{
			Poly{f.at(0, 0), f.at(w, 0), f.at(w, a), f.at(x+b, a), f.at(x+b, d), f.at(x, d), f.at(x, a), f.at(0, a)},
			[]frame{f.part(0, 0, w, a), f.part(x, a, x+b, d)},
		}
	case 4, 5: // U, one arm shorter
		e := d
		if r.chance(0.6) {
			e = a + (d-a)*r.between(0.4, 1)
		}
		return shape{
			Poly{f.at(0, 0), f.at(w, 0), f.at(w, e), f.at(w-c, e), f.at(w-c, a), f.at(b, a), f.at(b, d), f.at(0, d)},
			[]frame{f.part(0, 0, w, a), f.part(0, a, b, d), f.part(w-c, a, w, e)},
		}
	case 6: // H
		y := (d - a) * r.between(0.3, 0.7)
		return shape{
			Poly{
				f.at(0, 0), f.at(b, 0), f.at(b, y), f.at(w-c, y), f.at(w-c, 0), f.at(w, 0),
				f.at(w, d), f.at(w-c, d), f.at(w-c, y+a), f.at(b, y+a), f.at(b, d), f.at(0, d),
			},
			[]frame{f.part(0, 0, b, d), f.part(w-c, 0, w, d), f.part(b, y, w-c, y+a)},
		}
	}
	return shape{f.whole(), []frame{f}}
}

// weathered are the roofs of ordinary houses, more of some than of others.
var weathered = [16]Paint{TileRed, TileRed, TileBrown, TileBrown, Rust, Rust, Grey, Grey, Grey, Light, White, Dark, Dark, Slate, Beige, Blue}

// raise builds a shape, its wings of different heights, all under pitched or flat roofs, and says whether water left room for it.
func (b *builder) raise(s shape, paint Paint, height float64, pitched bool) bool {
	roof := Flat
	if pitched {
		roof = Gable
		if b.rnd.chance(0.4) {
			roof = Hip
		}
	}
	if !b.building(roof, paint, height, s.outline) {
		return false
	}
	whole := &b.Buildings[len(b.Buildings)-1]
	for k, wing := range s.wings {
		part := *whole
		part.Poly = snapAll(wing.long().whole())
		part.Box = BoxOf(part.Poly)
		if k > 0 {
			part.Height = height * [3]float64{0.65, 0.85, 1}[b.rnd.below(3)]
			if b.rnd.chance(0.25) {
				part.Tone = b.rnd.tone()
			}
		}
		whole.Parts = append(whole.Parts, part)
	}
	if !pitched {
		for _, wing := range s.wings {
			b.plant(wing, int(wing.w*wing.d/200)+1)
		}
	}
	return true
}

// anyHouse is a shape in a frame, of any make.
func (b *builder) anyHouse(f frame, height float64, pitched float64) bool {
	s := shapeIn(&b.rnd, f)
	return b.raise(s, weathered[b.rnd.below(len(weathered))], height, b.rnd.chance(pitched))
}

// campus is several buildings round yards, behind a wall.
func (b *builder) campus(f frame) {
	b.surface([3]Mat{Lawn, Soil, Lawn}[b.rnd.below(3)], b.piece.Poly)
	b.surface([3]Mat{Soil, Concrete, Asphalt}[b.rnd.below(3)], f.box(f.w*b.rnd.between(0, 0.3), f.d*b.rnd.between(0, 0.3), f.w*b.rnd.between(0.6, 1), f.d*b.rnd.between(0.6, 1)))
	pitched, tall := b.rnd.between(0, 1), b.rnd.between(4, 13)
	cols, rows := max(1, math.Round(f.w/b.rnd.between(22, 40))), max(1, math.Round(f.d/b.rnd.between(22, 40)))
	court := -1
	if cols*rows > 3 {
		court = b.rnd.below(int(cols * rows))
	}
	for k := range int(cols * rows) {
		i, j := float64(k%int(cols)), float64(k/int(cols))
		part := f.part(f.w*i/cols+1.5, f.d*j/rows+1.5, f.w*(i+1)/cols-1.5, f.d*(j+1)/rows-1.5)
		if k == court {
			b.court(part.shrunk(2), b.rnd.tone())
			continue
		}
		w, d := part.w*b.rnd.between(0.55, 1), part.d*b.rnd.between(0.4, 0.95)
		x, y := (part.w-w)*b.rnd.unit(), (part.d-d)*b.rnd.unit()
		b.anyHouse(part.part(x, y, x+w, y+d), tall*b.rnd.between(0.6, 1.3), pitched)
	}
	b.border([3]LineKind{Wall, Wall, Hedge}[b.rnd.below(3)], 0.9, f)
	b.row(b.around(2), 7, 3, 0)
	b.scatter(b.piece.Poly, 10, 2, 4, 0)
}

// built is a place that is one building: its outline is the roof's, and around it is a yard.
func (b *builder) built() {
	b.surface([5]Mat{Lawn, Soil, Concrete, Garden, Asphalt}[b.rnd.below(5)], b.piece.Poly)
	height := b.rnd.between(4, 11)
	if b.l.Zone == Core {
		height = b.rnd.between(7, 17)
	}
	b.raise(*b.piece.built, weathered[b.rnd.below(len(weathered))], height, b.rnd.chance(0.55))
	if b.rnd.chance(0.5) {
		b.ring(Wall, 0.6, b.piece.Poly)
	}
	b.scatter(b.piece.Poly, 7, 1.6, 3.6, 0)
}
