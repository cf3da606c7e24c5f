package plan

import "math"

// place draws the ground of a place so that its edge can be seen: a hedge, wall or fence stands on the very outline.
func (b *builder) place(class string) {
	if b.piece.built != nil {
		b.built()
		return
	}
	f := b.lot(4)
	if b.l.p.hard && roofed[class] && (b.rnd.chance(0.6) || min(f.w, f.d) < 45) {
		b.campus(f)
		return
	}
	do, ok := map[string]func(frame){
		"school": b.school, "kindergarten": b.kindergarten, "university": b.university, "hospital": b.hospital,
		"clinic": b.clinic, "nursing_home": b.nursingHome, "park": b.park, "playground": b.playground,
		"sports_pitch": b.pitches, "sports_centre": b.sportsCentre, "stadium": b.stadium, "swimming_pool": b.lido,
		"supermarket": b.supermarket, "mall": b.mall, "marketplace": b.market, "hotel": b.hotel, "cemetery": b.cemetery,
		"church": b.church, "mosque": b.mosque, "temple": b.temple, "police": b.police, "fire_station": b.fireStation,
		"parking": b.carPark, "bus_station": b.busStation, "fuel": b.fuel, "factory": b.factory, "warehouse": b.warehouse,
		"power": b.power, "water_works": b.waterWorks, "construction": b.construction, "farm": b.farm, "museum": b.museum,
		"townhall": b.townhall, "theatre": b.theatre, "station": b.station, "library": b.library, "car_dealer": b.carDealer, "cinema": b.theatre,
	}[class]
	if !ok {
		do = b.office // banks, post offices, pharmacies, restaurants
	}
	do(f)
}

func (b *builder) court(f frame, tone uint8) {
	if f.w < 5 || f.d < 5 {
		return
	}
	b.paved(Court, f.whole()).Tone = tone
	in := f.long()
	b.ring(Mark, 0.35, in.shrunk(1).whole())
	b.line(Mark, 0.35, in.at(in.w/2, 1), in.at(in.w/2, in.d-1))
	b.ring(Mark, 0.3, in.oval(in.w/2, in.d/2, 1.8, 1.8, 12))
}

// pitch is a football pitch, as large as fits.
func (b *builder) pitch(f frame) {
	f = f.long()
	f = f.part((f.w-min(f.w, 100))/2, (f.d-min(f.d, 64))/2, (f.w+min(f.w, 100))/2, (f.d+min(f.d, 64))/2)
	if f.w < 14 || f.d < 9 {
		return
	}
	b.paved(Turf, f.whole()).Dir = f.u
	in := f.shrunk(1.5)
	b.ring(Mark, 0.45, in.whole())
	b.line(Mark, 0.45, in.at(in.w/2, 0), in.at(in.w/2, in.d))
	b.ring(Mark, 0.45, in.oval(in.w/2, in.d/2, in.d*0.14, in.d*0.14, 20))
	for _, x := range []float64{0, in.w * 0.84} {
		b.ring(Mark, 0.45, in.box(x, in.d*0.22, x+in.w*0.16, in.d*0.78))
	}
}

// running is a running track around a pitch.
func (b *builder) running(f frame) {
	f = f.long()
	ring := func(m Mat, n float64) {
		r := f.d/2 - n
		var p Poly
		for k := 0; k <= 12; k++ {
			d := direction(math.Pi/2 - math.Pi*float64(k)/12)
			p = append(p, f.at(f.w-f.d/2+r*d.X, f.d/2+r*d.Y))
		}
		for k := 0; k <= 12; k++ {
			d := direction(-math.Pi/2 - math.Pi*float64(k)/12)
			p = append(p, f.at(f.d/2+r*d.X, f.d/2+r*d.Y))
		}
		for l, r := 0, len(p)-1; l < r; l, r = l+1, r-1 {
			p[l], p[r] = p[r], p[l]
		}
		if m == Track {
			b.paved(m, p)
			return
		}
		b.surface(m, p).Dir = f.u
	}
	lane := min(7.3, f.d*0.12)
	ring(Track, 0)
	ring(Turf, lane)
	b.pitch(f.part(f.d*0.28, lane+2, f.w-f.d*0.28, f.d-lane-2))
}

func (b *builder) school(f frame) {
	b.surface(Lawn, b.piece.Poly)
	paint := [4]Paint{TileRed, Light, Beige, TileBrown}[b.rnd.below(4)]
	depth := 15.0
	yard := min(f.d*0.48, 50)
	b.surface([2]Mat{Asphalt, Paving}[b.rnd.below(2)], f.box(f.w*0.08, 1, f.w*0.92, yard))
	long := f.part(f.w*0.08, 5, f.w*0.92, 5+depth)
	wing := f.part(f.w*0.08, 5+depth-1, f.w*0.08+depth, yard)
	other := f.part(f.w*0.92-depth, 5+depth-1, f.w*0.92, max(5+depth+4, yard*0.75))
	if paint == TileRed || paint == TileBrown {
		b.pitched(Hip, paint, 11, wing)
		if b.rnd.chance(0.5) {
			b.pitched(Hip, paint, 11, other)
		}
		b.pitched(Hip, paint, 11.5, long)
	} else {
		b.flat(paint, 11, wing)
		if b.rnd.chance(0.5) {
			b.flat(paint, 11, other)
		}
		b.flat(paint, 12, long)
	}
	b.court(f.part(f.w*0.08+depth+5, depth+10, min(f.w*0.08+depth+32, f.w*0.92-depth-3), max(depth+20, yard-3)), b.rnd.tone())
	back := f.part(2, yard+3, f.w-2, f.d-1)
	if back.d > 45 && back.w > 85 {
		b.running(back.part(0, 0, back.w, min(back.d, back.w*0.62)))
	} else {
		b.pitch(back.part(back.w*0.03, 1, back.w*0.7, back.d-1))
		b.court(back.part(back.w*0.75, 2, back.w-1, min(back.d-2, 18)), b.rnd.tone())
		b.court(back.part(back.w*0.75, 20, back.w-1, min(back.d-2, 36)), b.rnd.tone())
	}
	b.border([2]LineKind{Hedge, Wall}[b.rnd.below(2)], 1.4, f)
	b.row(b.around(3.5), 8.5, 3, 0)
	b.line(Trail, 3.5, f.at(f.w/2, -5), f.at(f.w/2, 6))
}

func (b *builder) kindergarten(f frame) {
	b.surface(Lawn, b.piece.Poly)
	paint := [3]Paint{Orange, Blue, TileRed}[b.rnd.below(3)]
	w, d := f.w*0.7, f.d*0.36
	b.pitched(Hip, paint, 5.5, f.part(f.w*0.06, 3, f.w*0.06+w, 3+d))
	b.pitched(Hip, paint, 5, f.part(f.w*0.06, 3+d*0.6, f.w*0.06+d, min(f.d*0.75, 3+d*1.9)))
	b.paved(Rubber, f.oval(f.w*0.62, f.d*0.68, f.w*0.14, f.d*0.16, 14))
	b.paved(Sand, f.oval(f.w*0.85, f.d*0.62, 3.6, 3, 10))
	b.paved(Rubber, f.oval(f.w*0.42, f.d*0.86, 3.4, 2.6, 10))
	b.toys(f.part(f.w*0.5, f.d*0.55, f.w*0.8, f.d*0.85), 5)
	b.line(Trail, 2, f.at(f.w*0.4, -4), f.at(f.w*0.4, 4))
	b.border(Hedge, 1.2, f)
	b.row(b.around(2.6), 7, 2.3, 0)
}

// toys are slides and swings.
func (b *builder) toys(f frame, n int) {
	for range n {
		x, y := b.rnd.between(0, max(0.1, f.w-2.6)), b.rnd.between(0, max(0.1, f.d-1.6))
		paint := [4]Paint{Orange, Blue, Gold, Green}[b.rnd.below(4)]
		b.detail(Flat, paint, 2, f.box(x, y, x+b.rnd.between(1, 2.6), y+b.rnd.between(0.8, 1.6)))
	}
}

func (b *builder) university(f frame) {
	b.surface(Lawn, b.piece.Poly)
	paint := [3]Paint{TileBrown, Light, Slate}[b.rnd.below(3)]
	cols, rows := max(2, math.Round(f.w/62)), max(1, math.Round(f.d/64))
	for j := 0.0; j < rows; j++ {
		for i := 0.0; i < cols; i++ {
			part := f.part(f.w*i/cols+5, f.d*j/rows+5, f.w*(i+1)/cols-5, f.d*(j+1)/rows-5)
			b.ring(Trail, 2.6, part.shrunk(-3).whole())
			switch b.rnd.below(4) {
			case 0:
				b.quad(part, paint)
			case 1:
				b.surface(Paving, part.oval(part.w/2, part.d/2, part.w*0.28, part.d*0.28, 20))
				b.paved(Pool, part.oval(part.w/2, part.d/2, 5, 5, 14))
				b.line(Trail, 2.4, part.at(0, 0), part.at(part.w, part.d))
				b.line(Trail, 2.4, part.at(part.w, 0), part.at(0, part.d))
			default:
				b.flat([3]Paint{Light, Beige, Grey}[b.rnd.below(3)], b.rnd.between(14, 24), part.part(2, 2, part.w-2, min(part.d-2, 17)))
				b.flat(Light, b.rnd.between(9, 15), part.part(2, 17, min(part.w-4, 19), part.d-2))
			}
		}
	}
	b.border(Hedge, 1.4, f)
	b.row(b.around(3.2), 8, 3.2, 0)
	b.scatter(b.piece.Poly, 13, 2.2, 4.2, 0)
}

// quad is four wings around a court.
func (b *builder) quad(f frame, paint Paint) {
	const wing = 12.0
	if f.w < 34 || f.d < 34 {
		b.pitched(Hip, paint, 14, f.shrunk(2))
		return
	}
	b.pitched(Gable, paint, 13, f.part(0, wing-2, wing, f.d-wing+2))
	b.pitched(Gable, paint, 13, f.part(f.w-wing, wing-2, f.w, f.d-wing+2))
	b.pitched(Hip, paint, 14, f.part(0, 0, f.w, wing))
	b.pitched(Hip, paint, 14, f.part(0, f.d-wing, f.w, f.d))
	b.line(Trail, 2, f.at(wing, f.d/2), f.at(f.w-wing, f.d/2))
	b.line(Trail, 2, f.at(f.w/2, wing), f.at(f.w/2, f.d-wing))
}

func (b *builder) hospital(f frame) {
	b.surface(Lawn, b.piece.Poly)
	b.surface(Asphalt, f.box(0, -2, f.w, min(24, f.d*0.3)))
	b.parking(f.part(f.w*0.04, 1, f.w*0.58, min(19, f.d*0.25)), 0.8)
	top := min(24, f.d*0.3)
	body := f.part(f.w*0.05, top+5, f.w*0.95, f.d-5)
	paint := [3]Paint{White, Light, Light}[b.rnd.below(3)]
	wing := min(19, body.d*0.26)
	b.flat(paint, 22, body.part(0, body.d*0.36, body.w*0.74, body.d*0.36+wing))
	b.flat(paint, 27, body.part(body.w*0.1, 0, body.w*0.1+wing, body.d))
	b.flat(paint, 24, body.part(body.w*0.5, 0, body.w*0.5+wing, body.d*0.92))
	b.flat(Grey, 8, body.part(body.w*0.1+wing, body.d*0.04, body.w*0.5, body.d*0.22))
	r := min(11, body.w*0.1)
	pad := body.part(body.w*0.87-r, body.d*0.3-r, body.w*0.87+r, body.d*0.3+r)
	b.paved(Concrete, pad.oval(r, r, r, r, 24))
	b.ring(Mark, 0.8, pad.oval(r, r, r*0.82, r*0.82, 24))
	b.line(Mark, 1.3, pad.at(r*0.65, r*0.5), pad.at(r*0.65, r*1.5))
	b.line(Mark, 1.3, pad.at(r*1.35, r*0.5), pad.at(r*1.35, r*1.5))
	b.line(Mark, 1.3, pad.at(r*0.65, r), pad.at(r*1.35, r))
	b.parking(body.part(body.w*0.79, body.d*0.62, body.w, body.d), 0.75)
	b.line(Trail, 2.4, body.at(body.w*0.3, body.d*0.7), body.at(body.w*0.78, body.d*0.7))
	b.border([2]LineKind{Hedge, Wall}[b.rnd.below(2)], 1.4, f)
	b.row(b.around(3.2), 9, 2.9, 0)
	b.scatter(b.piece.Poly, 14, 2, 3.6, 0)
}

func (b *builder) clinic(f frame) {
	b.surface(Lawn, b.piece.Poly)
	b.parking(f.part(f.w*0.1, -1, f.w*0.9, min(12, f.d*0.36)), 0.7)
	y := min(13, f.d*0.4)
	b.flat(White, 9, f.part(2, y, f.w-2, min(f.d-2, y+14)))
	if f.d > y+20 {
		b.flat(Light, 7, f.part(2, y+13, f.w*0.42, f.d-3))
	}
	b.border(Fence, 0.7, f)
	b.row(b.around(2), 7, 2.1, 0)
}

func (b *builder) nursingHome(f frame) {
	b.surface(Lawn, b.piece.Poly)
	b.pitched(Hip, TileBrown, 10, f.part(3, 5, f.w-3, 18))
	b.pitched(Hip, TileBrown, 9.5, f.part(3, 15, 16, f.d-6))
	b.pitched(Hip, TileBrown, 9.5, f.part(f.w-16, 15, f.w-3, f.d*0.7))
	b.ring(Trail, 1.8, f.oval(f.w/2, f.d*0.7, f.w*0.22, f.d*0.17, 20))
	b.surface(Bed, f.oval(f.w/2, f.d*0.7, 4, 3, 12))
	b.border(Hedge, 1.3, f)
	b.row(b.around(3), 7.5, 2.7, 0)
	b.scatter(b.piece.Poly, 11, 1.6, 3.2, 0)
}
