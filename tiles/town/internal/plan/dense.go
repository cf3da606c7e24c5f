package plan

import "math"

// character is how the houses of a quarter stand, alike over some cells.
func (l *lay) character() Fill {
	h := Hash(l.p.seed, 40, wrap(l.i)>>1, wrap(l.j)>>1) % 10
	switch {
	case l.Zone == Suburb && h < 5 || l.Zone != Suburb && h < 2:
		return Houses
	case h < 7:
		return Rows
	}
	return Huts
}

// grid yields the lots of a piece in rows one behind another, about so wide and deep, a little out of line.
func (b *builder) grid(width, depth float64, do func(f frame)) {
	f := b.lot(0.8)
	if b.rnd.chance(0.3) {
		f = f.turned()
	}
	rows := max(1, math.Round(f.d/depth))
	for j := 0.0; j < rows; j++ {
		for x := 0.0; x < f.w-width*0.6; {
			w := width * b.rnd.between(0.7, 1.45)
			part := f.part(x, f.d*j/rows, min(f.w, x+w), f.d*(j+1)/rows)
			x += w
			if b.piece.Poly.Contains(part.at(part.w/2, part.d/2)) {
				do(part)
			}
		}
	}
}

// huts are small houses wall to wall on bare ground, with hardly a way between.
func (b *builder) huts() {
	b.surface(Soil, b.piece.Poly)
	styles := [3]Paint{weathered[b.rnd.below(16)], weathered[b.rnd.below(16)], Rust}
	pitched := b.rnd.between(0.1, 0.7)
	b.grid(b.rnd.between(8, 12), b.rnd.between(9, 13), func(f frame) {
		switch {
		case b.rnd.chance(0.07):
			b.tree(f.at(f.w/2, f.d/2), b.rnd.between(2.5, 5), 0)
			return
		case b.rnd.chance(0.06):
			b.surface([2]Mat{Garden, Concrete}[b.rnd.below(2)], f.whole())
			return
		}
		f = f.part(b.rnd.between(0, 1.2), b.rnd.between(0.2, 2), f.w-b.rnd.between(0.2, 1.4), f.d-b.rnd.between(0.3, 2.5))
		f.u = direction(math.Atan2(f.u.Y, f.u.X) + b.rnd.between(-0.06, 0.06))
		f.v = f.u.left()
		paint := styles[b.rnd.below(3)]
		if b.rnd.chance(0.4) {
			paint = weathered[b.rnd.below(16)]
		}
		if b.rnd.chance(0.2) {
			b.raise(shapeIn(&b.rnd, f), paint, b.rnd.between(3, 7), b.rnd.chance(pitched))
		} else if b.rnd.chance(pitched) {
			b.pitched(Gable, paint, b.rnd.between(3, 6), f)
		} else if f.w > 3 && f.d > 3 {
			b.building(Flat, paint, b.rnd.between(3, 8), f.whole())
		}
	})
	b.scatter(b.piece.Poly, 16, 2, 4.5, 0)
}

// rowHouses stand in rows, a narrow garden behind each.
func (b *builder) rowHouses() {
	b.surface([3]Mat{Garden, Concrete, Garden}[b.rnd.below(3)], b.piece.Poly)
	style, roof := weathered[b.rnd.below(16)], [3]Roof{Gable, Flat, Gable}[b.rnd.below(3)]
	depth := b.rnd.between(8, 11)
	alike := b.rnd.between(0.4, 0.95)
	b.grid(b.rnd.between(5.5, 8.5), depth+b.rnd.between(6, 12), func(f frame) {
		if b.rnd.chance(0.05) {
			return
		}
		paint, height := style, b.rnd.between(6, 9)
		if !b.rnd.chance(alike) {
			paint = weathered[b.rnd.below(16)]
		}
		house := f.part(0, 1, f.w, 1+depth)
		if roof == Gable && house.w > 3 {
			b.building(Gable, paint, height, house.whole())
		} else if house.w > 3 {
			b.building(Flat, paint, height, house.whole())
		}
		if b.rnd.chance(0.35) {
			b.building(Flat, weathered[b.rnd.below(16)], 3, f.box(0.3, 1+depth, f.w*b.rnd.between(0.4, 0.7), 1+depth+b.rnd.between(2, 4.5)))
		}
		if b.rnd.chance(0.3) {
			b.tree(f.at(f.w/2, f.d-2), b.rnd.between(1.5, 3.6), 0)
		}
	})
	b.scatter(b.piece.Poly, 14, 1.8, 4, 0)
}

// villas are detached houses of many shapes under trees.
func (b *builder) villa(lot Poly, in Pt, style Paint) {
	f := lot.fit(in)
	if f.w < 8 || f.d < 11 {
		b.scatter(lot, 7, 1.5, 3, 0)
		return
	}
	b.surface([4]Mat{Garden, Lawn, Soil, Lawn}[b.rnd.below(4)], lot)
	w, d := min(f.w-1.6, b.rnd.between(10, 18)), min(f.d-6, b.rnd.between(9, 17))
	x, y := b.rnd.between(0.5, max(0.6, f.w-w-0.5)), min(b.rnd.between(3, 8), f.d-d-1)
	if b.rnd.chance(0.3) {
		style = weathered[b.rnd.below(16)]
	}
	b.raise(shapeIn(&b.rnd, f.part(x, y, x+w, y+d)), style, b.rnd.between(4, 8), b.rnd.chance(0.85))
	b.driveway(f, x, w, y)
	b.backyard(f, y+d+2)
	if b.rnd.chance(0.55) {
		b.ring(Wall, 0.5, lot.inset(0.3))
	}
}
