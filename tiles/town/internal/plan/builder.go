package plan

// builder fills one piece.
type builder struct {
	*Content
	l     *lay
	rnd   Rand
	piece *Piece
	solid []Poly // where no tree stands
	boxes []Box
}

func (p *Planner) makeContent(layout *Layout, i, j int) *Content {
	c := &Content{Layout: layout}
	l := &lay{Layout: layout, p: p, i: i, j: j}
	for k := range layout.Pieces {
		piece := &layout.Pieces[k]
		b := &builder{Content: c, l: l, rnd: newRand(mix(piece.seed + 5)), piece: piece}
		if piece.Place >= 0 {
			b.place(layout.Places[piece.Place].Class)
		} else {
			b.plain()
		}
	}
	b := &builder{Content: c, l: l, rnd: newRand(Hash(p.seed, 20, i, j)), piece: &Piece{wet: true, Place: -1}}
	b.streetLife()
	return c
}

func (b *builder) surface(m Mat, p Poly) *Surface {
	if len(p) < 3 {
		return &Surface{}
	}
	p = snapAll(p)
	b.Surfaces = append(b.Surfaces, Surface{Poly: p, Box: BoxOf(p), Mat: m, Tone: b.rnd.tone(), Dir: Pt{1, 0}})
	return &b.Surfaces[len(b.Surfaces)-1]
}

// paved is a surface on which no tree grows.
func (b *builder) paved(m Mat, p Poly) *Surface {
	b.block(p)
	return b.surface(m, p)
}

func (b *builder) block(p Poly) {
	b.solid, b.boxes = append(b.solid, p), append(b.boxes, BoxOf(p))
}

func (b *builder) line(kind LineKind, width float64, pts ...Pt) {
	if b.piece.wet {
		for _, q := range densify(pts, 8) {
			if b.l.wet(q, 6) {
				return
			}
		}
	}
	pts = snapAll(pts)
	b.Lines = append(b.Lines, Line{Pts: pts, Box: BoxOf(pts).Grow(width), Width: width, Kind: kind})
}

func (b *builder) ring(kind LineKind, width float64, p Poly) {
	b.line(kind, width, append(p[:len(p):len(p)], p[0])...)
}

// building adds a roof unless water is too near, and says whether it did.
func (b *builder) building(roof Roof, paint Paint, height float64, p Poly) bool {
	if len(p) < 3 || p.area() < 6 {
		return false
	}
	if b.piece.wet {
		for _, q := range p {
			if b.l.wet(q, 9) {
				return false
			}
		}
	}
	b.block(p)
	p = snapAll(p)
	b.Buildings = append(b.Buildings, Building{
		Poly: p, Box: BoxOf(p), Height: height, Roof: roof, Paint: paint, Tone: b.rnd.tone(), Place: b.piece.Place,
	})
	return true
}

func (b *builder) detail(roof Roof, paint Paint, height float64, p Poly) {
	p = snapAll(p)
	b.Details = append(b.Details, Building{Poly: p, Box: BoxOf(p), Height: height, Roof: roof, Paint: paint, Tone: b.rnd.tone(), Place: b.piece.Place})
}

// flat is a flat-roofed block with what stands on such roofs.
func (b *builder) flat(paint Paint, height float64, f frame) {
	if f.w < 3 || f.d < 3 || !b.building(Flat, paint, height, f.whole()) {
		return
	}
	b.plant(f, int(f.w*f.d/260)+1)
}

// plant puts air conditioners, shafts and skylights on a roof.
func (b *builder) plant(f frame, n int) {
	for range min(n, 14) {
		w, d := b.rnd.between(1.2, 3.6), b.rnd.between(1.2, 2.8)
		if f.w < w+3 || f.d < d+3 {
			continue
		}
		x, y := b.rnd.between(1.5, f.w-w-1.5), b.rnd.between(1.5, f.d-d-1.5)
		paint := Light
		if b.rnd.chance(0.35) {
			paint = Grey
		}
		b.detail(Flat, paint, b.rnd.between(0.8, 2.4), f.box(x, y, x+w, y+d))
	}
}

// pitched is a roof with a ridge along the longer side.
func (b *builder) pitched(roof Roof, paint Paint, height float64, f frame) bool {
	return f.w > 2 && f.d > 2 && b.building(roof, paint, height, f.long().whole())
}

func (b *builder) tree(q Pt, r float64, kind uint8) {
	for k, box := range b.boxes {
		if q.X > box.X0-r && q.X < box.X1+r && q.Y > box.Y0-r && q.Y < box.Y1+r {
			if b.solid[k].Contains(q) || !b.l.p.hard && b.solid[k].edgeDistance(q) < r*0.55 {
				return
			}
		}
	}
	if b.piece.wet && b.l.wet(q, 3) {
		return
	}
	if b.l.p.hard {
		r *= b.canopy(q)
	}
	b.Trees = append(b.Trees, Tree{X: float32(snap(q.X)), Y: float32(snap(q.Y)), R: float32(r), Kind: kind, Tone: b.rnd.tone()})
}

func (b *builder) car(q, heading Pt, length, width float64) {
	if b.piece.wet && b.l.wet(q, 6) {
		return
	}
	b.Cars = append(b.Cars, Car{
		X: float32(snap(q.X)), Y: float32(snap(q.Y)), DX: float32(heading.X), DY: float32(heading.Y),
		Length: float32(length), Width: float32(width), Tone: b.rnd.tone(),
	})
}

// scatter plants trees about so far apart within an outline, close in some spots and hardly any in others.
func (b *builder) scatter(p Poly, gap, low, high float64, kind uint8) {
	if len(p) < 3 {
		return
	}
	box := BoxOf(p)
	ox, oy := float64(b.l.i)*CellSize, float64(b.l.j)*CellSize
	gap *= 0.8
	for y := box.Y0; y < box.Y1; y += gap {
		for x := box.X0; x < box.X1; x += gap {
			q := Pt{x + b.rnd.between(0, gap), y + b.rnd.between(0, gap)}
			r, k := b.rnd.between(low, high), kind
			if b.rnd.chance(0.08) {
				k ^= 1
			}
			c := b.l.p.clump(ox+q.X, oy+q.Y)
			if !b.rnd.chance(3.4*c-1.1) || !p.Contains(q) || p.edgeDistance(q) < r*0.6 {
				continue
			}
			b.tree(q, r*(0.75+0.5*c), k)
		}
	}
}

// wood plants trees crown to crown.
func (b *builder) wood(p Poly, kind uint8) {
	const gap = 5.6
	box := BoxOf(p)
	for y := box.Y0; y < box.Y1; y += gap {
		for x := box.X0; x < box.X1; x += gap {
			q := Pt{x + b.rnd.between(0, gap), y + b.rnd.between(0, gap)}
			k := kind
			if b.rnd.chance(0.15) {
				k ^= 1
			}
			if r := b.rnd.between(2.2, 4.6); p.Contains(q) && b.rnd.chance(0.95) {
				b.tree(q, r, k)
			}
		}
	}
}

// row plants trees along a line, in some places with gaps between stretches.
func (b *builder) row(line []Pt, gap, r float64, kind uint8) {
	dense, skip := b.rnd.between(0.45, 0.98), 0
	gap *= b.rnd.between(0.85, 1.5)
	if len(line) == 0 {
		return
	}
	for _, q := range densify(line, gap) {
		if skip > 0 {
			skip--
			continue
		}
		if b.rnd.chance(0.07) {
			skip = b.rnd.below(6)
		}
		if b.rnd.chance(dense) {
			b.tree(q.add(Pt{b.rnd.between(-0.9, 0.9), b.rnd.between(-0.9, 0.9)}), r*b.rnd.between(0.6, 1.2), kind)
		}
	}
}

// around is the piece's outline moved in, as a closed line.
func (b *builder) around(n float64) []Pt {
	p := b.piece.Poly.inset(n)
	if len(p) < 3 {
		return nil
	}
	return append(p[:len(p):len(p)], p[0])
}

// border runs a hedge, wall or fence along the piece's very outline, with a gate in the middle of its front.
func (b *builder) border(kind LineKind, width float64, f frame) {
	gate := f.at(f.w/2, -3)
	var line []Pt
	flush := func() {
		if len(line) > 1 {
			b.line(kind, width, line...)
		}
		line = nil
	}
	for _, q := range densify(append(b.piece.Poly[:len(b.piece.Poly):len(b.piece.Poly)], b.piece.Poly[0]), 4) {
		if q.sub(gate).length() < 5.5 {
			flush()
			continue
		}
		line = append(line, q)
	}
	flush()
}

// front is the way into the piece from its longest side along a street.
func (b *builder) front() Pt {
	u := b.piece.Poly.axis()
	var score [4]float64
	dirs := [4]Pt{u, u.left(), u.times(-1), u.left().times(-1)}
	p := b.piece.Poly
	for i, a := range p {
		c := p[(i+1)%len(p)]
		if len(b.piece.block) > 0 && b.piece.block.edgeDistance(a.to(c, 0.5)) > 2.2 {
			continue
		}
		in := c.sub(a).left().normal()
		for k, d := range dirs {
			if in.dot(d) > 0.75 {
				score[k] += c.sub(a).length()
			}
		}
	}
	best := 0
	for k := range score {
		if score[k] > score[best]+0.5 {
			best = k
		}
	}
	return dirs[best]
}

// lot is a rectangle within the piece, seen from the street.
func (b *builder) lot(margin float64) frame {
	p := b.piece.Poly.inset(margin)
	if len(p) < 3 {
		p = b.piece.Poly
	}
	return p.fit(b.front())
}
