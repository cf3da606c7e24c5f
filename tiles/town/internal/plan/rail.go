package plan

import "math"

// A railway runs from north to south in every strip of the world railStep wide, and one from west to east in every strip twice as wide.
// Each is a smooth function of the other coordinate, so its curves are never tighter than a kilometre.
const (
	railStep  = 16 * CellSize
	railSway  = 1400.0 // how far it leaves its strip's middle
	railHalf  = 6.0    // half of what two tracks and their ballast take
	railSpace = railHalf + 2.5
	railPart  = 16.0 // metres between the points of its line
)

// railNS is where, in metres east, the railway of the strip that holds x lies at y.
func (f *fields) railNS(x, y float64) float64 {
	return railAt(f.railX, f.homeX+f.railOff[0], x, y, f.homeY, railStep)
}

// railEW is where, in metres south, the railway of the strip that holds y lies at x.
func (f *fields) railEW(x, y float64) float64 {
	return railAt(f.railY, f.homeY+f.railOff[1], y, x, f.homeX, 2*railStep)
}

// railAt sways a line about the middle of its strip. Where visitors arrive it passes through base.
func railAt(n noise, base, at, along, home, step float64) float64 {
	k := math.Round((at - base) / step)
	sway := func(s float64) float64 { return 2 * railSway * (n.at(k*step, s) - 0.5) }
	return base + k*step + sway(along) - sway(home)*math.Exp(-math.Pow((along-home)/(4*railStep), 2))
}

// rail is how far a place is from the nearest railway's edge, in metres; negative on it.
func (f *fields) rail(x, y float64) float64 {
	const h = 8.0
	ns, ew := f.railNS(x, y), f.railEW(x, y)
	a := math.Abs(x-ns) / math.Hypot(1, (f.railNS(x, y+h)-ns)/h)
	b := math.Abs(y-ew) / math.Hypot(1, (f.railEW(x+h, y)-ew)/h)
	return math.Min(a, b) - railHalf
}

// railways lays the cell's tracks: each stretch between two points belongs to the cell that holds its middle.
func (l *lay) railways() {
	const half = CellSize / 2
	x0, y0 := float64(l.i)*CellSize, float64(l.j)*CellSize
	l.tracksAlong(func(t float64) Pt { return Pt{l.p.railNS(x0+half, y0+t) - x0, t} })
	l.tracksAlong(func(t float64) Pt { return Pt{t, l.p.railEW(x0+t, y0+half) - y0} })
	for k := range l.tracks {
		s := &l.tracks[k]
		s.Line = snapAll(s.Line)
		s.Box = BoxOf(s.Line)
	}
	l.Streets = append(l.Streets, l.tracks...)
}

func (l *lay) tracksAlong(at func(t float64) Pt) {
	var s *Street
	for t := 0.0; t < CellSize; t += railPart {
		a, b := at(t), at(t+railPart)
		mid := a.to(b, 0.5)
		if mid.X < 0 || mid.X >= CellSize || mid.Y < 0 || mid.Y >= CellSize {
			s = nil
			continue
		}
		level := 0
		if l.p.shore(float64(l.i)*CellSize+mid.X, float64(l.j)*CellSize+mid.Y) < 8 {
			level = 1
		}
		if s == nil || s.Level != level {
			l.tracks = append(l.tracks, Street{Class: "rail", Width: 2 * railHalf, Level: level, On: [2]bool{true, true}, Line: []Pt{a}})
			s = &l.tracks[len(l.tracks)-1]
		}
		s.Line = append(s.Line, b)
	}
}

// besideRail parts a block that a railway crosses, and leaves out the railway's ground.
func (l *lay) besideRail(block Poly) []Poly {
	parts := []Poly{block}
	if _, d := l.toRail(block.centroid()); d > 400 {
		return parts
	}
	for _, s := range l.tracksNear(block) {
		var next []Poly
		for _, q := range parts {
			next = append(next, q.beside(s)...)
		}
		parts = next
	}
	return parts
}

// tracksNear are straight lines for the railways that cross a block: from where each comes in to where it goes out.
func (l *lay) tracksNear(block Poly) [][2]Pt {
	x0, y0 := float64(l.i)*CellSize, float64(l.j)*CellSize
	c := block.centroid()
	ns := func(q Pt) float64 { return x0 + q.X - l.p.railNS(x0+c.X, y0+q.Y) }
	ew := func(q Pt) float64 { return y0 + q.Y - l.p.railEW(x0+q.X, y0+c.Y) }
	var out [][2]Pt
	for _, side := range []func(Pt) float64{ns, ew} {
		var cut []Pt
		near := false
		for k, a := range block {
			b := block[(k+1)%len(block)]
			da, db := side(a), side(b)
			near = near || math.Abs(da) < railSpace
			if (da < 0) != (db < 0) {
				cut = append(cut, a.to(b, da/(da-db)))
			}
		}
		if len(cut) >= 2 {
			out = append(out, [2]Pt{cut[0], cut[len(cut)-1]})
		} else if near {
			out = append(out, l.tangent(side, c))
		}
	}
	return out
}

// tangent is the stretch of a railway nearest to a place beside it.
func (l *lay) tangent(side func(Pt) float64, c Pt) [2]Pt {
	const h = 40.0
	gx, gy := (side(Pt{c.X + h, c.Y})-side(c))/h, (side(Pt{c.X, c.Y + h})-side(c))/h
	n := Pt{gx, gy}
	at := c.along(n, -side(c)/n.dot(n))
	u := n.left().normal()
	return [2]Pt{at.along(u, -50), at.along(u, 50)}
}

// beside is what a railway along a line leaves of an outline, on its two sides.
func (p Poly) beside(line [2]Pt) []Poly {
	u := line[1].sub(line[0])
	if u.length() < 1 {
		return []Poly{p}
	}
	n := u.left().normal()
	c := n.dot(line[0])
	var out []Poly
	for _, q := range []Poly{p.clip(n, c-railSpace), p.clip(n.times(-1), -c-railSpace)} {
		if len(q) >= 3 && q.area() > 350 {
			out = append(out, q)
		}
	}
	return out
}

// toRail is the way from a place to the nearest railway, and how far its edge is.
func (l *lay) toRail(q Pt) (Pt, float64) {
	const h = 4.0
	x, y := float64(l.i)*CellSize+q.X, float64(l.j)*CellSize+q.Y
	d := l.p.rail(x, y)
	return Pt{d - l.p.rail(x+h, y), d - l.p.rail(x, y+h)}.normal(), d
}

// stationStop says whether a cell through which a railway runs has a station: in town, and not in two neighbours in turn.
func (l *lay) stationStop() bool {
	return len(l.tracks) > 0 && l.Zone != Rural && (l.i+l.j)%3 == 0 && Hash(l.p.seed, 15, l.i, l.j)%3 > 0
}

// claimStation gives a station the ground beside the track that suits it best.
func (l *lay) claimStation() {
	w := want{"station", 2600, 11000, 30}
	best, bestArea := -1, 0.0
	for k, b := range l.blocks {
		if b.Place >= 0 || !l.stationGround(b.Poly, w) {
			continue
		}
		if a := math.Min(b.Poly.area(), w.top); a > bestArea {
			best, bestArea = k, a
		}
	}
	if best < 0 {
		return
	}
	for range 4 {
		if l.blocks[best].Poly.area() <= w.top || !l.cut(best, w) {
			break
		}
		if last := len(l.blocks) - 1; !l.stationGround(l.blocks[best].Poly, w) && l.stationGround(l.blocks[last].Poly, w) {
			best = last
		}
	}
	if l.stationGround(l.blocks[best].Poly, w) {
		l.blocks[best].wet = false // it may stand as near to the track as it likes
		l.take(best, demand{want: w})
	}
}

// stationGround says whether ground lies along a railway, on dry land, and is deep enough.
func (l *lay) stationGround(p Poly, w want) bool {
	_, long, short := p.longAxis()
	if p.area() < w.low || short < w.deep || long < 55 {
		return false
	}
	along := 0.0
	for k, a := range p {
		b := p[(k+1)%len(p)]
		if _, d := l.toRail(a.to(b, 0.5)); d < 7 {
			along += b.sub(a).length()
		}
		if l.p.shore(float64(l.i)*CellSize+a.X, float64(l.j)*CellSize+a.Y) < 12 {
			return false
		}
	}
	return along > 45
}

// station is a house between its forecourt and the platforms, which are roofed.
func (b *builder) station(frame) {
	way, _ := b.l.toRail(b.piece.Poly.centroid())
	f := b.piece.Poly.inset(0.5).fit(way)
	b.surface(Paving, b.piece.Poly)
	if f.w < 20 || f.d < 16 {
		return
	}
	platform := math.Min(7, f.d*0.2)
	paint := [4]Paint{TileRed, Slate, Beige, Light}[b.rnd.below(4)]
	house := f.part(f.w*0.2, f.d-platform-math.Min(17, f.d*0.35), f.w*0.8, f.d-platform-1.5)
	b.paved(Concrete, f.box(0, f.d-platform, f.w, f.d))
	if paint == Beige || paint == Light {
		b.flat(paint, 10, house)
	} else {
		b.pitched(Hip, paint, 10, house)
		b.pitched(Gable, paint, 13, house.part(house.w*0.42, -1.5, house.w*0.58, house.d+1))
	}
	b.building(Open, Grey, 4.5, f.box(2, f.d-platform+1.2, f.w-2, f.d-1.6))
	front := f.part(0, 1, f.w, f.d-platform-house.d-6)
	if front.d > 10 {
		b.parking(front.part(1, 0, front.w*0.36, front.d), 0.75)
		for x := front.w * 0.45; x+3 < front.w; x += 6.5 {
			if b.rnd.chance(0.6) {
				b.car(front.at(x, front.d*0.55), front.u, 11.8, 2.55)
			}
		}
		b.surface(Bed, front.oval(front.w*0.7, front.d*0.25, 4.5, 2.6, 14))
	}
	b.row(b.around(1.6), 9, 2, 0)
}

// trains stand or run on some tracks.
func (b *builder) trains(s *Street) {
	if !b.rnd.chance(0.3) || lineLength(s.Line) < 190 {
		return
	}
	const coach, gap = 24.0, 1.0
	line := densify(s.Line, 1)
	side := 2.2
	if b.rnd.chance(0.5) {
		side = -side
	}
	at := 4 + b.rnd.below(max(1, len(line)-180))
	tone := b.rnd.tone()
	for n := 4 + b.rnd.below(4); n > 0 && at+int(coach) < len(line); n-- {
		from, to := line[at], line[at+int(coach)]
		d := to.sub(from).normal()
		mid := from.to(to, 0.5).along(d.left(), side)
		b.Cars = append(b.Cars, Car{X: float32(snap(mid.X)), Y: float32(snap(mid.Y)), DX: float32(d.X), DY: float32(d.Y), Length: coach, Width: 2.9, Tone: tone})
		at += int(coach + gap)
	}
}
