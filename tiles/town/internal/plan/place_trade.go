package plan

import "math"

func (b *builder) supermarket(f frame) {
	b.surface(Asphalt, b.piece.Poly)
	split := f.d * 0.48
	b.parking(f.part(1, 0, f.w-1, split), 0.72)
	paint := [4]Paint{White, Light, Blue, Green}[b.rnd.below(4)]
	body := f.part(2, split+4, f.w-2, f.d-3)
	b.flat(paint, 8, body)
	b.plant(body, 8)
	b.detail(Flat, Orange, 1.5, f.box(f.w*0.4, split+2, f.w*0.6, split+5))
	b.border(Hedge, 1, f)
	b.row(b.around(2), 8, 2, 0)
}

func (b *builder) mall(f frame) {
	b.surface(Asphalt, b.piece.Poly)
	depth := f.d * 0.56
	body := f.part(3, f.d-depth, f.w-3, f.d-3)
	b.flat(Light, 16, body)
	b.plant(body, 14)
	b.detail(Glass, Light, 2, body.box(body.w*0.12, body.d*0.42, body.w*0.88, body.d*0.58))
	b.detail(Flat, White, 5, body.box(body.w*0.04, body.d*0.08, body.w*0.25, body.d*0.34))
	b.detail(Flat, Beige, 4, body.box(body.w*0.7, body.d*0.66, body.w*0.95, body.d*0.94))
	b.detail(Dome, Blue, 4, body.oval(body.w/2, body.d*0.5, body.d*0.17, body.d*0.17, 20))
	b.parking(f.part(1, 0, f.w-1, f.d-depth-5), 0.78)
	b.border(Hedge, 1.2, f)
	b.row(b.around(2.2), 8, 2.2, 0)
}

// market is rows of stalls under awnings.
func (b *builder) market(f frame) {
	b.surface(Paving, b.piece.Poly)
	hall := f.part(2, f.d*0.68, f.w-2, f.d-3)
	b.pitched(Gable, Green, 9, hall)
	for y := 3.0; y < f.d*0.62; y += 8 {
		for x := 2.0; x+4.4 < f.w; x += 5.2 {
			if b.rnd.chance(0.86) {
				paint := [6]Paint{White, Orange, Blue, Green, TileRed, Gold}[b.rnd.below(6)]
				b.detail(Gable, paint, 2.6, f.box(x, y, x+4.2, y+3.4))
			}
		}
	}
	b.border(Wall, 0.8, f)
	b.row(b.around(1.8), 9, 2, 0)
}

func (b *builder) hotel(f frame) {
	b.surface(Lawn, b.piece.Poly)
	b.parking(f.part(1, 0, f.w*0.55, min(12, f.d*0.32)), 0.7)
	y := min(15, f.d*0.36)
	b.flat(Beige, 30, f.part(2, y, f.w-2, y+min(15, f.d*0.32)))
	b.flat(Beige, 26, f.part(2, y+10, min(17, f.w*0.4), f.d-2))
	deck := f.part(f.w*0.48, f.d*0.68, f.w-2, f.d-2)
	b.paved(Paving, deck.whole())
	b.surface(Pool, deck.oval(deck.w/2, deck.d/2, deck.w*0.33, deck.d*0.3, 18)).Tone = 0
	b.border(Hedge, 1.2, f)
	b.row(b.around(2.2), 6.5, 2.1, 0)
}

func (b *builder) carPark(f frame) {
	b.surface(Lawn, b.piece.Poly)
	if f.d > f.w*1.3 {
		f = f.turned()
	}
	f = f.shrunk(-1.5)
	b.parking(f, b.rnd.between(0.45, 0.85))
	// Islands with trees stand on the asphalt at the ends of the rows.
	for y := 5.5 + 5 + 6.2; y < f.d-5; y += 16.2 {
		for x := 6.0; x < f.w; x += 18 {
			b.Trees = append(b.Trees, Tree{X: float32(snap(f.at(x, y).X)), Y: float32(snap(f.at(x, y).Y)), R: 1.9, Tone: b.rnd.tone()})
		}
	}
	b.border(Hedge, 1, f)
}

func (b *builder) busStation(f frame) {
	b.surface(Asphalt, b.piece.Poly)
	b.flat(Light, 9, f.part(2, 2, f.w*0.7, min(15, f.d*0.26)))
	n := max(2, math.Floor((f.d*0.68)/14))
	for k := 0.0; k < n; k++ {
		y := f.d*0.32 + k*(f.d*0.66/n)
		b.paved(Paving, f.box(f.w*0.06, y, f.w*0.94, y+5))
		b.building(Open, White, 4.5, f.box(f.w*0.08, y+0.7, f.w*0.92, y+4.3))
		for x := f.w*0.08 + 8; x < f.w*0.9; x += 14.5 {
			if b.rnd.chance(0.5) {
				b.car(f.at(x, y+7), f.u, 12, 2.6)
			}
		}
	}
	b.border(Wall, 0.9, f)
	b.row(b.around(1.8), 9, 2.1, 0)
}

func (b *builder) fuel(f frame) {
	b.surface(Concrete, b.piece.Poly)
	b.surface(Asphalt, f.box(0, -4, f.w, f.d*0.72))
	cx, cy := f.w/2, f.d*0.34
	w, d := min(24, f.w*0.62), min(13, f.d*0.36)
	for k := -1.0; k <= 1; k++ {
		if b.rnd.chance(0.6) {
			b.car(f.at(cx+k*w*0.36, cy+d/2+2.5), f.u, 4.5, 1.8)
		}
	}
	b.building(Open, [3]Paint{White, Orange, Blue}[b.rnd.below(3)], 6, f.box(cx-w/2, cy-d/2, cx+w/2, cy+d/2))
	b.flat(Light, 5, f.part(f.w*0.14, f.d*0.74, f.w*0.86, f.d-1))
	b.border(Hedge, 0.9, f)
}

func (b *builder) carDealer(f frame) {
	b.surface(Asphalt, b.piece.Poly)
	b.flat(White, 8, f.part(f.w*0.2, f.d*0.55, f.w*0.8, f.d-3))
	b.parking(f.part(1, 0, f.w-1, f.d*0.5), 0.95)
	b.border(Fence, 0.8, f)
	b.row(b.around(1.8), 12, 1.8, 0)
}

func (b *builder) factory(f frame) {
	b.surface(Concrete, b.piece.Poly)
	f = f.long()
	paint := [4]Paint{Grey, Light, Rust, Blue}[b.rnd.below(4)]
	big := f.part(f.w*0.05, f.d*0.1, f.w*0.62, f.d*0.78)
	b.building(Saw, paint, 12, big.whole())
	b.pitched(Gable, paint, 10, f.part(f.w*0.66, f.d*0.1, f.w*0.96, f.d*0.4))
	b.flat(Light, 9, f.part(f.w*0.05, f.d*0.84, f.w*0.32, f.d-1))
	for k := 0.0; k < 4; k++ {
		r := min(5.5, f.w*0.03)
		b.building(Dome, White, 11, f.oval(f.w*0.7+k*(2*r+2.5), f.d*0.56, r, r, 18))
	}
	b.building(Flat, Rust, 36, f.oval(f.w*0.65, f.d*0.05, 2, 2, 12))
	b.parking(f.part(f.w*0.38, f.d*0.85, f.w*0.8, f.d), 0.75)
	for range 4 {
		b.car(f.at(b.rnd.between(0.7, 0.93)*f.w, b.rnd.between(0.7, 0.82)*f.d), f.u, 13, 2.6)
	}
	b.border(Wall, 1, f)
	b.row(b.around(2.2), 11, 2.1, 0)
}

func (b *builder) warehouse(f frame) {
	b.surface(Asphalt, b.piece.Poly)
	f = f.long()
	hall := f.part(f.w*0.03, f.d*0.06, f.w*0.97, f.d*0.52)
	b.flat(White, 12, hall)
	for x := 6.0; x < hall.w-8; x += 12 {
		b.detail(Glass, Light, 0.8, hall.box(x, hall.d*0.2, x+2.5, hall.d*0.8))
	}
	for x := f.w * 0.06; x < f.w*0.94; x += 5.2 {
		if b.rnd.chance(0.5) {
			b.car(f.at(x, f.d*0.52+8.5), f.v, 14, 2.6)
		}
	}
	for x := f.w * 0.06; x+12.5 < f.w*0.94; x += 13.2 {
		for y := f.d*0.52 + 24; y+2.6 < f.d; y += 2.9 {
			if b.rnd.chance(0.6) {
				paint := [6]Paint{Rust, Blue, Green, Orange, Grey, White}[b.rnd.below(6)]
				b.detail(Flat, paint, 2.6, f.box(x, y, x+12.2, y+2.45))
			}
		}
	}
	b.border(Fence, 0.9, f)
	b.row(b.around(2), 12, 2, 0)
}

func (b *builder) power(f frame) {
	b.surface(Gravel, b.piece.Poly)
	for y := 4.0; y < f.d-6; y += 11 {
		for x := 4.0; x < f.w-6; x += 9 {
			if b.rnd.chance(0.75) {
				b.detail(Flat, [3]Paint{Grey, Light, Dark}[b.rnd.below(3)], 4, f.box(x, y, x+b.rnd.between(2, 4.5), y+b.rnd.between(2, 5)))
			}
			b.line(Mark, 0.25, f.at(x, y+5.5), f.at(x+9, y+5.5))
		}
	}
	b.flat(Light, 7, f.part(f.w*0.62, f.d*0.7, f.w-3, f.d-3))
	b.border(Fence, 0.9, f)
}

func (b *builder) waterWorks(f frame) {
	b.surface(Lawn, b.piece.Poly)
	r := min(f.w/5, f.d/4.4, 17)
	for x := r + 3; x+r < f.w; x += 2*r + 6 {
		b.paved(Concrete, f.oval(x, r+3, r, r, 28))
		b.surface(Pool, f.oval(x, r+3, r-1.2, r-1.2, 28)).Tone = 200
		b.line(Mark, 0.8, f.at(x, r+3), f.at(x+r, r+3))
	}
	for k := 0.0; k < 4; k++ {
		x := f.w * (0.04 + 0.16*k)
		b.paved(Concrete, f.box(x, f.d*0.56, x+f.w*0.14, f.d*0.94))
		b.surface(Pool, f.box(x+1, f.d*0.56+1, x+f.w*0.14-1, f.d*0.94-1)).Tone = 200
	}
	b.flat(Light, 7, f.part(f.w*0.72, f.d*0.6, f.w*0.96, f.d*0.9))
	b.border(Fence, 0.9, f)
	b.row(b.around(2.4), 9, 2.4, 1)
}

func (b *builder) construction(f frame) {
	b.surface(Soil, b.piece.Poly)
	b.surface(Sand, f.oval(f.w*0.3, f.d*0.7, f.w*0.16, f.d*0.14, 14))
	shell := f.part(f.w*0.3, f.d*0.15, f.w*0.75, f.d*0.5)
	b.building(Flat, Grey, 9, shell.whole())
	for x := 3.0; x < shell.w-3; x += 6 {
		for y := 3.0; y < shell.d-3; y += 6 {
			b.detail(Flat, Light, 2, shell.box(x, y, x+0.9, y+0.9))
		}
	}
	mast := f.at(f.w*0.25, f.d*0.3)
	b.line(Yellow, 1, mast.along(f.u, -12), mast.along(f.u, 38))
	for k := 0.0; k < 3; k++ {
		b.building(Flat, [2]Paint{Blue, White}[b.rnd.below(2)], 3, f.box(f.w*0.82, 3+k*5, f.w*0.82+9, 6+k*5))
	}
	for range 3 {
		b.car(f.at(b.rnd.between(0.4, 0.9)*f.w, b.rnd.between(0.6, 0.9)*f.d), direction(b.rnd.between(0, 6)), 7, 2.5)
	}
	b.border(Wall, 0.8, f)
}

func (b *builder) farm(f frame) {
	b.surface(Soil, b.piece.Poly)
	b.surface(Lawn, f.box(0, 0, f.w, f.d*0.35))
	b.pitched(Hip, TileRed, 8, f.part(f.w*0.1, 4, f.w*0.1+15, 15))
	b.pitched(Gable, Rust, 9, f.part(f.w*0.45, 6, f.w*0.95, min(f.d*0.42, 24)))
	b.pitched(Gable, Grey, 8, f.part(f.w*0.1, f.d*0.5, f.w*0.7, f.d*0.72))
	b.pitched(Gable, Light, 8, f.part(f.w*0.1, f.d*0.78, f.w*0.7, f.d*0.98))
	for k := 0.0; k < 3; k++ {
		b.building(Dome, Light, 10, f.oval(f.w*0.82, f.d*(0.55+0.14*k), 3.4, 3.4, 14))
	}
	b.car(f.at(f.w*0.35, f.d*0.45), f.u, 6, 2.4)
	b.border(Hedge, 1.6, f)
	b.row(b.around(3), 9, 3.2, 0)
}
