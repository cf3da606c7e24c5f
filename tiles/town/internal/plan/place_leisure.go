package plan

import "math"

func (b *builder) park(f frame) {
	b.surface(Lawn, b.piece.Poly)
	for range 3 {
		x, y := b.rnd.between(0.15, 0.85)*f.w, b.rnd.between(0.15, 0.85)*f.d
		b.surface(Meadow, f.oval(x, y, f.w*b.rnd.between(0.08, 0.2), f.d*b.rnd.between(0.08, 0.2), 14))
	}
	cx, cy := b.rnd.between(0.35, 0.65)*f.w, b.rnd.between(0.38, 0.62)*f.d
	rx, ry := f.w*b.rnd.between(0.13, 0.22), f.d*b.rnd.between(0.14, 0.23)
	var pond, walk, loop Poly
	phase := b.rnd.between(0, 6)
	for k := range 36 {
		t := 2 * math.Pi * float64(k) / 36
		d := direction(t)
		n := 1 + 0.16*math.Sin(2*t+phase) + 0.09*math.Sin(3*t+2*phase)
		pond = append(pond, f.at(cx+rx*n*d.X, cy+ry*n*d.Y))
		walk = append(walk, f.at(cx+(rx*n+5)*d.X, cy+(ry*n+5)*d.Y))
		m := 1 + 0.05*math.Sin(3*t+phase)
		loop = append(loop, f.at(f.w*(0.5+0.43*m*d.X), f.d*(0.5+0.42*m*d.Y)))
	}
	b.ring(Trail, 2.6, loop)
	for _, k := range []int{3, 12, 21, 30} {
		mid := walk[k].to(loop[k], 0.5).along(direction(b.rnd.between(0, 6)), 4)
		b.line(Trail, 2.4, walk[k], mid, loop[k])
		out := loop[k].sub(f.at(f.w/2, f.d/2))
		b.line(Trail, 2.4, loop[k], loop[k].along(out.normal(), 0.18*out.length()))
	}
	if f.w*f.d > 4500 {
		b.surface(Bed, walk)
		b.paved(Pool, pond).Tone = 255 // a pond, not a bath
		b.ring(Trail, 2.2, walk)
	} else {
		b.paved(Paving, pond)
		b.surface(Bed, f.oval(cx, cy, rx*0.4, ry*0.4, 12))
	}
	px, py := f.w*b.rnd.between(0.12, 0.2), f.d*b.rnd.between(0.75, 0.84)
	b.paved(Rubber, f.oval(px, py, 6, 5, 12))
	b.toys(f.part(px-4, py-3, px+4, py+3), 4)
	b.pitched(Hip, TileBrown, 4, f.part(f.w*0.8, f.d*0.13, f.w*0.8+7, f.d*0.13+7))
	for _, l := range b.Lines[max(0, len(b.Lines)-12):] {
		for _, q := range densify(l.Pts, 6) {
			b.block(circle(q, 0.8, 4))
		}
	}
	b.border(Hedge, 1.2, f)
	b.row(b.around(4), 7.5, 3.6, 0)
	for range 7 {
		x, y := b.rnd.between(0.05, 0.95)*f.w, b.rnd.between(0.05, 0.95)*f.d
		b.scatter(circle(f.at(x, y), b.rnd.between(8, 20), 12), 6, 2.4, 4.8, uint8(b.rnd.below(4)/3))
	}
	b.scatter(b.piece.Poly, 19, 2.4, 4.6, 0)
}

func (b *builder) playground(f frame) {
	b.surface(Lawn, b.piece.Poly)
	tone := b.rnd.tone()
	b.paved(Rubber, f.oval(f.w*0.35, f.d*0.5, f.w*0.28, f.d*0.36, 18)).Tone = tone
	b.paved(Rubber, f.oval(f.w*0.62, f.d*0.42, f.w*0.2, f.d*0.3, 16)).Tone = tone + 120
	b.paved(Sand, f.oval(f.w*0.83, f.d*0.68, f.w*0.12, f.d*0.2, 12))
	b.toys(f.part(f.w*0.15, f.d*0.25, f.w*0.75, f.d*0.75), 9)
	b.line(Trail, 2, f.at(f.w/2, -4), f.at(f.w/2, f.d*0.3))
	b.border(Fence, 0.8, f)
	b.row(b.around(2.2), 6, 2.4, 0)
}

func (b *builder) pitches(f frame) {
	b.surface(Meadow, b.piece.Poly)
	f = f.long()
	if f.w*f.d > 3200 {
		b.pitch(f.shrunk(1))
	} else {
		n := max(1, math.Round(f.w/18))
		tone := b.rnd.tone()
		for k := 0.0; k < n; k++ {
			b.court(f.part(f.w*k/n+1, 1, f.w*(k+1)/n-1, f.d-1), tone)
		}
	}
	b.border(Fence, 0.8, f)
	b.row(b.around(1.8), 9, 2.2, 0)
}

func (b *builder) sportsCentre(f frame) {
	b.surface(Lawn, b.piece.Poly)
	f = f.long()
	hall := f.part(1, 2, f.w*0.36, f.d*0.56)
	b.pitched(Gable, Light, 13, hall)
	b.flat(Blue, 8, f.part(1, f.d*0.56, f.w*0.26, f.d*0.72))
	b.parking(f.part(1, f.d*0.76, f.w*0.36, f.d), 0.6)
	b.pitch(f.part(f.w*0.4, f.d*0.3, f.w, f.d))
	tone := b.rnd.tone()
	for k := range 3 {
		x := f.w * (0.4 + 0.2*float64(k))
		b.court(f.part(x+1, 1, x+f.w*0.19, f.d*0.26), tone)
	}
	b.border(Hedge, 1.3, f)
	b.row(b.around(2.6), 8, 2.6, 0)
}

func (b *builder) stadium(f frame) {
	b.surface(Paving, b.piece.Poly)
	f = f.long()
	w, d := min(f.w, f.d*1.55), min(f.d, f.w/1.25)
	oval := f.part((f.w-w)/2, (f.d-d)/2, (f.w+w)/2, (f.d+d)/2)
	stand := d * 0.14
	outer := oval.oval(w/2, d/2, w/2, d/2, 40)
	inner := oval.oval(w/2, d/2, w/2-stand, d/2-stand, 40)
	b.surface(Concrete, outer)
	b.block(outer)
	for k := range 40 {
		m := (k + 1) % 40
		side := math.Abs(math.Sin(2 * math.Pi * (float64(k) + 0.5) / 40))
		if side > 0.35 || k%10 > 7 {
			b.building(Flat, White, 7+13*side, Poly{outer[k], outer[m], inner[m], inner[k]})
		}
	}
	b.running(oval.part(stand+2, stand+2, w-stand-2, d-stand-2))
	b.parking(f.part(0, 0, (f.w-w)/2-3, f.d), 0.5)
	b.parking(f.part((f.w+w)/2+3, 0, f.w, f.d), 0.5)
	b.border(Wall, 1, f)
	b.row(b.around(2.4), 8, 2.6, 0)
}

func (b *builder) lido(f frame) {
	b.surface(Lawn, b.piece.Poly)
	b.flat(White, 5, f.part(2, 2, f.w*0.6, min(13, f.d*0.25)))
	b.parking(f.part(f.w*0.64, 1, f.w, min(13, f.d*0.25)), 0.7)
	deck := f.part(f.w*0.08, f.d*0.32, f.w*0.9, f.d*0.82)
	b.paved(Paving, deck.whole())
	big := deck.part(4, 4, max(12, min(deck.w*0.66, 54)), max(10, min(deck.d*0.62, 25)))
	b.surface(Pool, big.whole()).Tone = 0
	for k := 1.0; k < 7; k++ {
		b.line(Mark, 0.3, big.at(1, big.d*k/7), big.at(big.w-1, big.d*k/7))
	}
	b.surface(Pool, deck.oval(deck.w*0.84, deck.d*0.34, deck.w*0.11, deck.d*0.2, 20)).Tone = 0
	b.surface(Pool, deck.oval(deck.w*0.5, deck.d*0.84, deck.w*0.16, deck.d*0.1, 18)).Tone = 0
	for range 26 {
		x, y := b.rnd.between(2, f.w-2), b.rnd.between(f.d*0.84, f.d)
		b.detail(Flat, [3]Paint{White, Orange, Blue}[b.rnd.below(3)], 2, circle(f.at(x, y), 1.2, 8))
	}
	b.border(Hedge, 1.4, f)
	b.row(b.around(2.8), 8, 2.7, 0)
}

func (b *builder) cemetery(f frame) {
	b.surface(Lawn, b.piece.Poly).Tone = 30
	cols, rows := max(2, math.Round(f.w/26)), max(2, math.Round(f.d/22))
	for i := 0.0; i <= cols; i++ {
		b.line(Dirt, 2.2, f.at(f.w*i/cols, 0), f.at(f.w*i/cols, f.d))
	}
	for j := 0.0; j <= rows; j++ {
		b.line(Dirt, 2.2, f.at(0, f.d*j/rows), f.at(f.w, f.d*j/rows))
	}
	chapel := int(cols/2) + int(cols)*int(rows/2)
	for k := range int(cols * rows) {
		i, j := float64(k%int(cols)), float64(k/int(cols))
		part := f.part(f.w*i/cols+2.6, f.d*j/rows+2.6, f.w*(i+1)/cols-2.6, f.d*(j+1)/rows-2.6)
		if k == chapel {
			b.pitched(Gable, Slate, 8, part.part(part.w*0.3, part.d*0.15, part.w*0.7, part.d*0.85))
			continue
		}
		b.graves(part)
		b.tree(part.at(-2, -2), b.rnd.between(1.8, 3), 1)
	}
	b.border(Wall, 1.1, f)
	b.row(b.around(3), 6.5, 2.8, uint8(b.rnd.below(2)))
}

// graves are stones in rows.
func (b *builder) graves(f frame) {
	for y := 0.8; y < f.d-2; y += 3.6 {
		for x := 0.5; x < f.w-1.2; x += 2.3 {
			if b.rnd.chance(0.84) {
				paint := [4]Paint{Light, Grey, Grey, Dark}[b.rnd.below(4)]
				b.detail(Flat, paint, 0.7, f.box(x, y, x+1.1, y+2))
			}
		}
	}
}
