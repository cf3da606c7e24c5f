package plan

import "math"

func (b *builder) church(f frame) {
	b.surface(Lawn, b.piece.Poly)
	f = f.long()
	w, d := min(f.w*0.72, 44), min(f.d*0.36, 15)
	nave := f.part((f.w-w)/2, (f.d-d)/2, (f.w+w)/2, (f.d+d)/2)
	b.surface(Gravel, nave.shrunk(-4).whole())
	paint := [3]Paint{TileRed, Slate, Copper}[b.rnd.below(3)]
	b.pitched(Gable, paint, 13, nave)
	arm := nave.part(w*0.62, -d*0.62, w*0.62+d*0.85, d*1.62)
	b.pitched(Gable, paint, 12.5, arm)
	b.building(Hip, paint, 24, nave.part(-d*0.55, d*0.2, d*0.1, d*0.8).whole())
	b.building(Dome, paint, 11, nave.oval(w, d/2, d*0.42, d*0.42, 14))
	b.line(Dirt, 2.5, f.at(-2, f.d/2), nave.at(0, d/2))
	b.border(Wall, 0.9, f)
	b.row(b.around(2.8), 7, 3, 0)
	b.scatter(b.piece.Poly, 12, 1.8, 3.4, 0)
}

func (b *builder) mosque(f frame) {
	b.surface(Paving, b.piece.Poly)
	s := min(f.w, f.d) * 0.62
	hall := f.part((f.w-s)/2, f.d-s-3, (f.w+s)/2, f.d-3)
	b.building(Flat, White, 9, hall.whole())
	dome := [3]Paint{Gold, Copper, Light}[b.rnd.below(3)]
	b.detail(Dome, dome, 7, hall.oval(s/2, s/2, s*0.3, s*0.3, 24))
	for _, q := range [][2]float64{{0.13, 0.13}, {0.87, 0.13}, {0.13, 0.87}, {0.87, 0.87}} {
		b.detail(Dome, dome, 4, hall.oval(s*q[0], s*q[1], s*0.09, s*0.09, 12))
	}
	b.building(Dome, White, 30, hall.oval(-2, -1, 1.9, 1.9, 12))
	b.building(Dome, White, 30, hall.oval(s+2, -1, 1.9, 1.9, 12))
	b.surface(Pool, f.oval(f.w/2, max(4, (f.d-s)/2-1), 3, 3, 12)).Tone = 0
	b.border(Wall, 1, f)
	b.row(b.around(2.2), 7, 2, 0)
}

// temple is halls with sweeping roofs, one court behind another.
func (b *builder) temple(f frame) {
	b.surface(Paving, b.piece.Poly)
	n := max(2, math.Floor(f.d/19))
	for k := 0.0; k < n; k++ {
		y, w := f.d*k/n, f.w*(0.36+0.34*k/n)
		d := min(13, f.d/n*0.6)
		b.pitched(Hip, Gold, 8+2*k, f.part((f.w-w)/2, y+3, (f.w+w)/2, y+3+d))
	}
	b.pitched(Gable, Rust, 5, f.part(1, 6, 7, f.d-4))
	b.pitched(Gable, Rust, 5, f.part(f.w-7, 6, f.w-1, f.d-4))
	b.border(Wall, 1.2, f)
	b.row(b.around(2.2), 6, 2.6, 1)
	b.scatter(b.piece.Poly, 13, 1.6, 2.8, 1)
}

func (b *builder) police(f frame) {
	b.surface(Asphalt, b.piece.Poly)
	b.surface(Lawn, f.box(0, -2, f.w, 3))
	wing := min(13, f.d*0.33)
	b.flat(Blue, 11, f.part(2, 4, f.w-2, 4+wing))
	b.flat(Blue, 10, f.part(2, 4+wing, 2+wing, f.d-3))
	b.detail(Flat, White, 5, f.box(f.w*0.72, 6, f.w*0.72+3, 9))
	b.parking(f.part(wing+6, 4+wing+5, f.w-1, f.d-1), 0.8)
	b.border(Wall, 1, f)
	b.row(b.around(1.8), 10, 1.9, 0)
}

func (b *builder) fireStation(f frame) {
	b.surface(Concrete, b.piece.Poly)
	b.surface(Lawn, f.box(f.w*0.62, f.d*0.6, f.w, f.d))
	y := min(14, f.d*0.4)
	b.building(Flat, TileRed, 8, f.box(2, y, f.w*0.72, min(f.d-8, y+17)))
	b.flat(Light, 11, f.part(f.w*0.72, y, f.w-2, min(f.d-4, y+15)))
	b.building(Flat, TileRed, 19, f.box(f.w*0.8, f.d-9, f.w*0.8+6, f.d-3))
	for x := 5.0; x < f.w*0.66; x += 7 {
		b.line(Yellow, 0.4, f.at(x, 0), f.at(x, y))
		if b.rnd.chance(0.55) {
			b.car(f.at(x+3, y-5), f.v, 8.2, 2.5)
			b.Cars[max(0, len(b.Cars)-1)].Tone = 1 // red
		}
	}
	b.border(Fence, 0.8, f)
	b.row(b.around(2), 9, 2.1, 0)
}

func (b *builder) museum(f frame) {
	b.surface(Lawn, b.piece.Poly)
	b.surface(Paving, f.box(f.w*0.2, -4, f.w*0.8, f.d*0.34))
	b.paved(Pool, f.box(f.w*0.42, f.d*0.06, f.w*0.58, f.d*0.24)).Tone = 0
	body := f.part(f.w*0.1, f.d*0.36, f.w*0.9, f.d*0.88)
	b.building(Flat, Beige, 15, body.whole())
	b.detail(Glass, Light, 1, body.box(body.w*0.1, body.d*0.25, body.w*0.35, body.d*0.75))
	b.detail(Glass, Light, 1, body.box(body.w*0.65, body.d*0.25, body.w*0.9, body.d*0.75))
	b.detail(Dome, Copper, 6, body.oval(body.w/2, body.d/2, body.d*0.24, body.d*0.24, 24))
	b.pitched(Gable, Beige, 13, f.part(f.w*0.36, f.d*0.3, f.w*0.64, f.d*0.38))
	b.border(Hedge, 1.2, f)
	b.row(b.around(2.8), 7.5, 2.6, 0)
	b.row([]Pt{f.at(f.w*0.17, 0), f.at(f.w*0.17, f.d*0.32)}, 7, 2.4, 0)
	b.row([]Pt{f.at(f.w*0.83, 0), f.at(f.w*0.83, f.d*0.32)}, 7, 2.4, 0)
}

func (b *builder) townhall(f frame) {
	b.surface(Paving, b.piece.Poly)
	b.surface(Bed, f.oval(f.w*0.25, f.d*0.18, f.w*0.1, f.d*0.08, 16))
	b.surface(Bed, f.oval(f.w*0.75, f.d*0.18, f.w*0.1, f.d*0.08, 16))
	b.paved(Pool, f.oval(f.w/2, f.d*0.18, 5, 5, 16)).Tone = 0
	body := f.part(f.w*0.08, f.d*0.38, f.w*0.92, f.d*0.94)
	b.quad(body, Copper)
	b.building(Hip, Copper, 34, body.box(body.w/2-4.5, -3, body.w/2+4.5, 6))
	b.border(Hedge, 1.2, f)
	b.row(b.around(2.6), 7, 2.3, 0)
}

func (b *builder) theatre(f frame) {
	b.surface(Paving, b.piece.Poly)
	f2 := f.part(f.w*0.08, f.d*0.25, f.w*0.92, f.d*0.95)
	b.flat(Dark, 12, f2)
	b.detail(Flat, Rust, 9, f2.box(f2.w*0.25, f2.d*0.45, f2.w*0.75, f2.d*0.95))
	b.building(Dome, Dark, 10, f.oval(f.w/2, f.d*0.27, f.w*0.28, f.d*0.13, 24))
	b.border(Hedge, 0.9, f)
	b.row(b.around(2.2), 7, 2.2, 0)
}

func (b *builder) library(f frame) {
	b.surface(Lawn, b.piece.Poly)
	b.surface(Paving, f.box(f.w*0.15, -4, f.w*0.85, f.d*0.3))
	body := f.part(f.w*0.08, f.d*0.24, f.w*0.92, f.d*0.92)
	b.building(Flat, Beige, 12, body.whole())
	b.detail(Glass, Light, 1.5, body.box(body.w*0.3, body.d*0.3, body.w*0.7, body.d*0.7))
	b.border(Hedge, 1, f)
	b.row(b.around(2), 6.5, 2.1, 0)
}

// office is a small building with a forecourt, for whatever needs no more.
func (b *builder) office(f frame) {
	b.surface([2]Mat{Paving, Concrete}[b.rnd.below(2)], b.piece.Poly)
	y := b.rnd.between(3, min(9, max(3.1, f.d*0.3)))
	body := f.part(1, y, f.w-1, max(y+8, min(f.d-3, y+b.rnd.between(13, 24))))
	height := b.rnd.between(7, 17)
	paint := [5]Paint{Light, Grey, Beige, Blue, Dark}[b.rnd.below(5)]
	if b.rnd.chance(0.25) {
		b.pitched(Hip, TileRed, height, body)
	} else {
		b.flat(paint, height, body)
	}
	if rear := f.part(1, body.d+y+2, f.w-1, f.d); rear.d > 7 {
		b.parking(rear, 0.7)
	}
	b.border([2]LineKind{Hedge, Wall}[b.rnd.below(2)], 0.8, f)
	b.row(b.around(1.6), 8, 1.8, 0)
}
