package plan

import "math"

// plain fills a piece that is no place.
func (b *builder) plain() {
	switch b.piece.Fill {
	case Fields:
		b.fields()
	case Woods:
		b.surface(Forest, b.piece.Poly)
		b.wood(b.piece.Poly, uint8(b.rnd.below(2)))
	case Houses:
		b.houses()
	case Flats:
		b.flats()
	case Terraces:
		b.terraces()
	case Towers:
		b.towers()
	case Halls:
		b.halls()
	case Plaza:
		b.plaza()
	case Huts:
		b.huts()
	case Rows:
		b.rowHouses()
	default:
		b.surface(Meadow, b.piece.Poly)
		b.scatter(b.piece.Poly, 11, 2, 4.2, 0)
	}
}

func (b *builder) fields() {
	p := b.piece.Poly.inset(1.5)
	if p == nil {
		return
	}
	u, long, short := p.longAxis()
	parts := []Poly{p}
	if long > 150 && b.rnd.chance(0.7) {
		low, high := p.span(u)
		c := low + (high-low)*b.rnd.between(0.35, 0.65)
		parts = []Poly{p.clip(u, c-1), p.clip(u.times(-1), -c-1)}
	}
	for _, q := range parts {
		if q == nil {
			continue
		}
		s := b.surface(Crop, q)
		s.Dir = u
		if b.rnd.chance(0.4) {
			s.Dir = u.left()
		}
	}
	if b.rnd.chance(0.7) && short > 30 {
		for i, a := range p {
			c := p[(i+1)%len(p)]
			if b.rnd.chance(0.55) {
				b.line(Hedge, b.rnd.between(1.6, 3), a, c)
				b.row([]Pt{a, c}, b.rnd.between(7, 22), 3.2, 0)
			}
		}
	}
}

// rows cuts a piece into lots that face the streets along its longer sides, and yields each with the way in.
func (b *builder) rows(width float64, do func(lot Poly, in Pt)) {
	p := b.piece.Poly
	u, _, short := p.longAxis()
	v := u.left()
	low, high := p.span(v)
	mid := (low + high) / 2
	halves, ways := []Poly{p.clip(v, mid), p.clip(v.times(-1), -mid)}, []Pt{v, v.times(-1)}
	if short < 38 {
		halves, ways = []Poly{p}, []Pt{b.front()}
		if math.Abs(ways[0].dot(u)) > 0.7 {
			ways[0] = v
		}
	}
	for k, half := range halves {
		if half == nil {
			continue
		}
		from, to := half.span(u)
		n := max(1, math.Round((to-from)/width))
		for i := 0.0; i < n; i++ {
			a, c := from+(to-from)*i/n, from+(to-from)*(i+1)/n
			if lot := half.clip(u, c).clip(u.times(-1), -a); lot != nil && lot.area() > 60 {
				do(lot, ways[k])
			}
		}
	}
}

func (b *builder) houses() {
	b.surface(Garden, b.piece.Poly)
	width := b.rnd.between(15, 21)
	if b.l.Zone != Suburb {
		width = b.rnd.between(12.5, 18)
	}
	style := Paint(b.rnd.below(3))
	hedge := b.rnd.chance(0.6)
	b.rows(width, func(lot Poly, in Pt) {
		if b.l.p.hard {
			b.villa(lot, in, style)
			return
		}
		b.house(lot, in, style, hedge)
	})
}

func (b *builder) house(lot Poly, in Pt, style Paint, hedge bool) {
	f := lot.fit(in)
	if f.w < 8 || f.d < 11 {
		b.scatter(lot, 7, 1.5, 3, 0)
		return
	}
	ground := Garden
	if b.rnd.chance(0.6) {
		ground = Lawn
	}
	b.surface(ground, lot)
	paint := style
	if b.rnd.chance(0.3) {
		paint = [5]Paint{TileRed, TileBrown, Slate, Grey, Dark}[b.rnd.below(5)]
	}
	roof := Gable
	if b.rnd.chance(0.45) {
		roof = Hip
	}
	w, d := min(f.w-2.5, b.rnd.between(9, 13.5)), min(f.d-6, b.rnd.between(8, 11.5))
	x, y := b.rnd.between(0.5, max(0.6, f.w-w-0.5)), min(b.rnd.between(3.5, 7.5), f.d-d-1)
	main := f.part(x, y, x+w, y+d)
	height := b.rnd.between(5, 8)
	if !b.pitched(roof, paint, height, main) {
		b.scatter(lot, 8, 1.8, 3.6, 0)
		return
	}
	if b.rnd.chance(0.4) && f.d > y+d+7 {
		wx := x + b.rnd.between(0, w*0.45)
		b.pitched(Gable, paint, height-0.8, f.part(wx, y+d*0.45, wx+w*0.5, y+d+b.rnd.between(3, 5.5)))
	}
	b.driveway(f, x, w, y)
	b.backyard(f, y+d+2)
	if hedge {
		b.ring(Hedge, 0.9, Poly{f.at(-0.4, 1), f.at(-0.4, f.d), f.at(0.4, f.d), f.at(0.4, 1)})
	}
}

func (b *builder) driveway(f frame, x, w, y float64) {
	m := [3]Mat{Concrete, Gravel, Paving}[b.rnd.below(3)]
	at := x + w*0.15
	if f.w-x-w > 3.2 {
		at = x + w
	} else if x > 3.2 {
		at = x - 3
	}
	b.surface(m, f.box(at, -3, at+2.9, y+3))
	b.block(f.box(at, -3, at+2.9, y+3))
	if b.rnd.chance(0.55) {
		b.car(f.at(at+1.45, y-1.5), f.v, 4.4, 1.8)
	}
	if b.rnd.chance(0.5) {
		b.tree(f.at(b.rnd.between(1, f.w-1), b.rnd.between(0.5, 3)), b.rnd.between(1.2, 2.6), uint8(b.rnd.below(4)))
	}
}

func (b *builder) backyard(f frame, y float64) {
	if f.d-y < 5 {
		return
	}
	if b.rnd.chance(0.5) {
		w := b.rnd.between(3, 6)
		b.surface(Paving, f.box(f.w/2-w/2, y-2, f.w/2+w/2, y+2.5))
	}
	if f.d-y > 13 && b.rnd.chance(0.08) {
		px := b.rnd.between(2, max(2.1, f.w-11))
		b.paved(Paving, f.box(px-1, y+3, px+9, y+9))
		b.paved(Pool, f.box(px, y+4, px+8, y+8))
	}
	if b.rnd.chance(0.45) {
		sx := b.rnd.between(0.8, max(1, f.w-4.5))
		b.pitched(Gable, [3]Paint{Slate, TileBrown, Green}[b.rnd.below(3)], 2.6, f.part(sx, f.d-4, sx+b.rnd.between(2.4, 4), f.d-1))
	}
	for range 1 + b.rnd.below(int(2+f.w*(f.d-y)/110)) {
		b.tree(f.at(b.rnd.between(1, f.w-1), b.rnd.between(y+1, f.d)), b.rnd.between(1.4, 3.9), uint8(b.rnd.below(8)/5))
	}
}

// terraces are houses wall to wall around a yard.
func (b *builder) terraces() {
	b.surface(Concrete, b.piece.Poly)
	b.yard()
	style := [4]Paint{TileRed, TileBrown, Slate, Beige}[b.rnd.below(4)]
	depth := b.rnd.between(12, 16)
	b.rows(b.rnd.between(13, 21), func(lot Poly, in Pt) {
		if f := lot.inset(0.1).fit(in); f.w > 6 && f.d > 9 {
			b.townhouse(f.part(0, 0.6, f.w, min(f.d-1, depth)), style)
			b.rear(f, depth)
		}
	})
	// The short sides of the block, between the ends of the rows.
	u, _, short := b.piece.Poly.longAxis()
	if short < 2*depth+14 {
		return
	}
	for _, in := range []Pt{u, u.times(-1)} {
		f := b.piece.Poly.inset(0.6).fit(in)
		from, to := depth+1.5, f.w-depth-1.5
		n := max(1, math.Round((to-from)/17))
		for k := 0.0; k < n; k++ {
			if b.rnd.chance(0.86) {
				b.townhouse(f.part(from+(to-from)*k/n, 0, from+(to-from)*(k+1)/n, depth-1), style)
			}
		}
	}
}

// townhouse is one of a row, its ridge along the street however narrow it is.
func (b *builder) townhouse(f frame, style Paint) {
	height := b.rnd.between(10, 19)
	if f.w < 4 || f.d < 5 {
		return
	}
	paint := style
	if b.rnd.chance(0.3) {
		paint = [4]Paint{TileRed, TileBrown, Slate, Dark}[b.rnd.below(4)]
	}
	if b.rnd.chance(0.55) {
		b.building(Gable, paint, height, f.whole())
		if b.rnd.chance(0.5) {
			x := b.rnd.between(1, max(1.1, f.w-2))
			b.detail(Flat, Light, 1.2, f.box(x, f.d*0.55, x+1.1, f.d*0.55+1.1))
		}
		return
	}
	b.flat([5]Paint{Grey, Light, Beige, Dark, Grey}[b.rnd.below(5)], height, f)
}

// yard is what houses stand around: gardens, a car park, or sheds.
func (b *builder) yard() {
	yard := b.piece.Poly.inset(18)
	if len(yard) < 3 || yard.area() < 250 || b.piece.Poly.area() < yard.area() {
		return
	}
	f := yard.fit(b.front())
	switch kind := b.rnd.below(5); {
	case kind < 2:
		b.surface([2]Mat{Garden, Lawn}[kind], yard)
		b.line(Trail, 1.8, f.at(f.w/2, -8), f.at(f.w/2, f.d+8))
		b.line(Trail, 1.8, f.at(0, f.d/2), f.at(f.w, f.d/2))
		b.scatter(yard, 8, 1.6, 3.6, 0)
	case kind == 2:
		b.parking(f, 0.65)
	case kind == 3:
		b.surface(Gravel, yard)
		for x := 1.0; x+14 < f.w; x += 17 {
			b.flat([4]Paint{Grey, Light, Dark, Beige}[b.rnd.below(4)], b.rnd.between(3, 8), f.part(x, f.d*b.rnd.between(0, 0.3), x+b.rnd.between(8, 14), f.d*b.rnd.between(0.6, 1)))
		}
	default:
		// One garden behind another.
		for x := 0.0; x+8 < f.w; x += 13 {
			b.surface([4]Mat{Garden, Lawn, Paving, Meadow}[b.rnd.below(4)], f.box(x, 0, x+12.4, f.d*0.49))
			b.surface([4]Mat{Garden, Lawn, Gravel, Meadow}[b.rnd.below(4)], f.box(x, f.d*0.51, x+12.4, f.d))
		}
		b.scatter(yard, 9, 1.4, 3.2, 0)
	}
}

func (b *builder) rear(f frame, y float64) {
	if f.d-y > 10 && b.rnd.chance(0.5) {
		x := b.rnd.between(0, f.w*0.4)
		b.flat([3]Paint{Grey, Beige, Light}[b.rnd.below(3)], b.rnd.between(3.5, 9), f.part(x, y, x+f.w*0.55, min(f.d-1, y+b.rnd.between(5, 9))))
	}
}

// flats are long blocks in the green.
func (b *builder) flats() {
	b.surface(Lawn, b.piece.Poly)
	f := b.lot(5)
	if b.rnd.chance(0.5) {
		f = f.turned()
	}
	paint := [4]Paint{Light, Grey, Beige, TileRed}[b.rnd.below(4)]
	depth, gap, height := b.rnd.between(11.5, 14), b.rnd.between(19, 27), b.rnd.between(13, 28)
	if f.w < 20 || f.d < 14 {
		b.houses()
		return
	}
	b.ring(Trail, 2, f.shrunk(-1.5).whole())
	rows := max(1, math.Floor((f.d+gap)/(depth+gap)))
	pitch := f.d / rows
	for i := 0.0; i < rows; i++ {
		y := i*pitch + max(0, pitch-depth-gap)*0.3 + 1
		n := max(1, math.Round(f.w/b.rnd.between(42, 66)))
		for k := 0.0; k < n; k++ {
			x0, x1 := f.w*k/n+3, f.w*(k+1)/n-3
			part := f.part(x0, y, x1, min(y+depth, f.d))
			if b.l.p.hard {
				b.anyHouse(part, height*b.rnd.between(0.4, 0.9), 0.2)
			} else if paint == TileRed {
				b.pitched(Hip, paint, height*0.7, part)
			} else {
				b.flat(paint, height, part)
			}
		}
		b.line(Trail, 2.2, f.at(0, y+depth+3.5), f.at(f.w, y+depth+3.5))
		if back := f.part(4, y+depth+5, f.w-4, y+pitch-3); back.d > 9 && back.d < 40 && b.rnd.chance(0.5) {
			b.parking(back.part(0, 0, back.w*b.rnd.between(0.4, 0.9), min(back.d, 12)), 0.6)
		} else if back.d > 12 && b.rnd.chance(0.4) {
			b.paved(Rubber, back.oval(back.w/2, back.d/2, 5, 4, 10))
		}
	}
	b.scatter(b.piece.Poly, 10, 1.8, 3.9, 0)
}

// towers are high-rises on a plaza, with lower houses between.
func (b *builder) towers() {
	b.surface(Paving, b.piece.Poly)
	f := b.lot(4)
	cols, rows := max(1, math.Round(f.w/50)), max(1, math.Round(f.d/50))
	for k := range int(cols * rows) {
		i, j := float64(k%int(cols)), float64(k/int(cols))
		part := f.part(f.w*i/cols+2, f.d*j/rows+2, f.w*(i+1)/cols-2, f.d*(j+1)/rows-2)
		paint := [5]Paint{Light, Grey, Dark, Blue, Beige}[b.rnd.below(5)]
		switch b.rnd.below(5) {
		case 0:
			b.surface(Lawn, part.oval(part.w/2, part.d/2, part.w*0.4, part.d*0.4, 18))
			b.scatter(part.whole(), 9, 1.8, 3.4, 0)
		case 1:
			b.flat(paint, b.rnd.between(12, 24), part.part(0, 0, part.w, part.d*0.38))
			b.flat(paint, b.rnd.between(12, 20), part.part(0, part.d*0.38, part.w*0.36, part.d))
		default:
			b.tower(part, paint)
		}
	}
	b.scatter(b.piece.Poly.inset(1), 12, 1.6, 2.8, 0)
}

func (b *builder) tower(f frame, paint Paint) {
	w, d := min(f.w, b.rnd.between(20, 30)), min(f.d, b.rnd.between(20, 30))
	if b.rnd.chance(0.5) {
		b.flat([3]Paint{Grey, Light, Beige}[b.rnd.below(3)], b.rnd.between(5, 9), f)
	}
	x, y := (f.w-w)*b.rnd.unit(), (f.d-d)*b.rnd.unit()
	core := f.part(x, y, x+w, y+d)
	b.flat(paint, b.rnd.between(30, 58), core)
	b.detail(Flat, Grey, 4, core.box(w*0.3, d*0.3, w*0.7, d*0.7))
}

// halls are sheds of all sizes.
func (b *builder) halls() {
	b.surface([2]Mat{Concrete, Asphalt}[b.rnd.below(2)], b.piece.Poly)
	b.rows(b.rnd.between(38, 62), func(lot Poly, in Pt) {
		f := lot.inset(2).fit(in)
		if f.w < 12 || f.d < 16 {
			b.surface(Meadow, lot)
			b.scatter(lot, 9, 1.8, 3, 0)
			return
		}
		y := b.rnd.between(8, 15)
		hall := f.part(2, min(y, f.d*0.4), f.w-b.rnd.between(2, 9), f.d-b.rnd.between(3, 9))
		paint := [7]Paint{Light, White, Grey, Blue, Rust, Green, Light}[b.rnd.below(7)]
		if b.rnd.chance(0.5) {
			b.pitched(Gable, paint, b.rnd.between(7, 11), hall)
		} else {
			b.flat(paint, b.rnd.between(7, 12), hall)
		}
		b.surface(Lawn, f.box(0, -1, f.w*0.4, 2))
		for range 3 + b.rnd.below(5) {
			b.car(f.at(b.rnd.between(3, f.w-3), b.rnd.between(3.5, max(4, y-3))), f.v, 4.6, 1.8)
		}
		if b.rnd.chance(0.6) {
			b.car(f.at(b.rnd.between(6, f.w-6), y-3), f.u, 13, 2.6)
		}
		b.ring(Fence, 0.5, lot.inset(0.6))
	})
}
