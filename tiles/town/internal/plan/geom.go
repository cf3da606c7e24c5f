package plan

import "math"

// Pt is a place in metres east and south of its cell's north-west corner.
type Pt struct{ X, Y float64 }

func (p Pt) add(q Pt) Pt              { return Pt{p.X + q.X, p.Y + q.Y} }
func (p Pt) sub(q Pt) Pt              { return Pt{p.X - q.X, p.Y - q.Y} }
func (p Pt) times(k float64) Pt       { return Pt{p.X * k, p.Y * k} }
func (p Pt) dot(q Pt) float64         { return p.X*q.X + p.Y*q.Y }
func (p Pt) cross(q Pt) float64       { return p.X*q.Y - p.Y*q.X }
func (p Pt) length() float64          { return math.Hypot(p.X, p.Y) }
func (p Pt) left() Pt                 { return Pt{-p.Y, p.X} }
func (p Pt) to(q Pt, t float64) Pt    { return Pt{p.X + (q.X-p.X)*t, p.Y + (q.Y-p.Y)*t} }
func (p Pt) snap() Pt                 { return Pt{snap(p.X), snap(p.Y)} }
func snap(v float64) float64          { return math.Round(v*UnitsPerMetre) / UnitsPerMetre }
func direction(angle float64) Pt      { return Pt{math.Cos(angle), math.Sin(angle)} }
func (p Pt) normal() Pt               { return p.times(1 / math.Max(p.length(), 1e-9)) }
func (p Pt) along(d Pt, n float64) Pt { return Pt{p.X + d.X*n, p.Y + d.Y*n} }

// Box is the rectangle around something.
type Box struct{ X0, Y0, X1, Y1 float64 }

// Grow pads the box on all sides.
func (b Box) Grow(n float64) Box { return Box{b.X0 - n, b.Y0 - n, b.X1 + n, b.Y1 + n} }

// Meets says whether boxes share ground.
func (b Box) Meets(o Box) bool { return b.X0 < o.X1 && o.X0 < b.X1 && b.Y0 < o.Y1 && o.Y0 < b.Y1 }

// BoxOf is the box around points.
func BoxOf(pts []Pt) Box {
	b := Box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, p := range pts {
		b.X0, b.Y0, b.X1, b.Y1 = min(b.X0, p.X), min(b.Y0, p.Y), max(b.X1, p.X), max(b.Y1, p.Y)
	}
	return b
}

// Poly is a closed outline without its first point repeated, clockwise as one sees it (y runs south).
type Poly []Pt

func (p Poly) area() float64 {
	sum := 0.0
	for i, a := range p {
		sum += a.cross(p[(i+1)%len(p)])
	}
	return sum / 2
}

func (p Poly) centroid() Pt {
	var c Pt
	sum := 0.0
	for i, a := range p {
		b := p[(i+1)%len(p)]
		k := a.cross(b)
		c, sum = c.add(a.add(b).times(k)), sum+k
	}
	if sum == 0 {
		return p[0]
	}
	return c.times(1 / (3 * sum))
}

// Contains says whether a point lies inside.
func (p Poly) Contains(q Pt) bool {
	in := false
	for i, a := range p {
		b := p[(i+1)%len(p)]
		if (a.Y > q.Y) != (b.Y > q.Y) && q.X < a.X+(q.Y-a.Y)/(b.Y-a.Y)*(b.X-a.X) {
			in = !in
		}
	}
	return in
}

// edgeDistance is how far a point is from the outline.
func (p Poly) edgeDistance(q Pt) float64 {
	best := math.Inf(1)
	for i, a := range p {
		best = min(best, segmentDistance(a, p[(i+1)%len(p)], q))
	}
	return best
}

func segmentDistance(a, b, q Pt) float64 {
	d := b.sub(a)
	t := 0.0
	if l := d.dot(d); l > 0 {
		t = max(0, min(1, q.sub(a).dot(d)/l))
	}
	return q.sub(a.along(d, t)).length()
}

// clip keeps what lies at n·p ≤ c.
func (p Poly) clip(n Pt, c float64) Poly {
	var out Poly
	for i, a := range p {
		b := p[(i+1)%len(p)]
		da, db := n.dot(a)-c, n.dot(b)-c
		if da <= 0 {
			out = append(out, a)
		}
		if (da < 0 && db > 0) || (da > 0 && db < 0) {
			out = append(out, a.to(b, da/(da-db)))
		}
	}
	return out.tidy(0.3)
}

// tidy leaves out points nearer to the last than gap.
func (p Poly) tidy(gap float64) Poly {
	out := p[:0:0]
	for _, q := range p {
		if len(out) == 0 || q.sub(out[len(out)-1]).length() > gap {
			out = append(out, q)
		}
	}
	for len(out) > 1 && out[0].sub(out[len(out)-1]).length() <= gap {
		out = out[:len(out)-1]
	}
	if len(out) < 3 {
		return nil
	}
	return out
}

// inset moves every edge inwards. It is for outlines that bend little: an edge must be long beside the distance.
func (p Poly) inset(d float64) Poly {
	p = p.tidy(1)
	out := make(Poly, 0, len(p))
	for i, b := range p {
		a, c := p[(i+len(p)-1)%len(p)], p[(i+1)%len(p)]
		n1, n2 := b.sub(a).left().normal(), c.sub(b).left().normal()
		sum := n1.add(n2)
		k := sum.dot(sum) / 2
		out = append(out, b.along(sum, d/max(k, 0.35)))
	}
	if len(out) < 3 {
		return nil
	}
	return out
}

// dense adds points so that no edge is longer than step: only then can a warp bend it.
func (p Poly) dense(step float64) Poly {
	return Poly(densify(append(p[:len(p):len(p)], p[0]), step)[1:])
}

func densify(line []Pt, step float64) []Pt {
	out := []Pt{line[0]}
	for i, b := range line[1:] {
		a := line[i]
		n := int(math.Ceil(b.sub(a).length() / step))
		for k := 1; k <= n; k++ {
			out = append(out, a.to(b, float64(k)/float64(max(n, 1))))
		}
	}
	return out
}

func lineLength(line []Pt) float64 {
	sum := 0.0
	for i := 1; i < len(line); i++ {
		sum += line[i].sub(line[i-1]).length()
	}
	return sum
}

func snapAll(pts []Pt) []Pt {
	out := make([]Pt, len(pts))
	for i, p := range pts {
		out[i] = p.snap()
	}
	return out
}

// axis is the direction most edges follow or cross squarely: the mean of their angles counted four times.
func (p Poly) axis() Pt {
	var s, c float64
	for i, a := range p {
		d := p[(i+1)%len(p)].sub(a)
		l, t := d.length(), 4*math.Atan2(d.Y, d.X)
		s, c = s+l*math.Sin(t), c+l*math.Cos(t)
	}
	return direction(math.Atan2(s, c) / 4)
}

// span is how far the outline reaches along a direction.
func (p Poly) span(d Pt) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, q := range p {
		low, high = min(low, d.dot(q)), max(high, d.dot(q))
	}
	return low, high
}

// longAxis is the axis along which the outline is longer, with both lengths.
func (p Poly) longAxis() (u Pt, long, short float64) {
	u = p.axis()
	a0, a1 := p.span(u)
	b0, b1 := p.span(u.left())
	if b1-b0 > a1-a0 {
		return u.left(), b1 - b0, a1 - a0
	}
	return u, a1 - a0, b1 - b0
}

// frame is a rectangle turned any way: x along u from its front left corner, y along v to its back.
type frame struct {
	o, u, v Pt
	w, d    float64
}

func (f frame) at(x, y float64) Pt { return f.o.along(f.u, x).along(f.v, y) }

func (f frame) box(x0, y0, x1, y1 float64) Poly {
	return Poly{f.at(x0, y0), f.at(x1, y0), f.at(x1, y1), f.at(x0, y1)}
}

func (f frame) whole() Poly { return f.box(0, 0, f.w, f.d) }

// part is a rectangle of the frame as a frame of its own.
func (f frame) part(x0, y0, x1, y1 float64) frame {
	return frame{f.at(x0, y0), f.u, f.v, x1 - x0, y1 - y0}
}

// turned looks at the frame from its left side.
func (f frame) turned() frame { return frame{f.at(0, f.d), f.v.times(-1), f.u, f.d, f.w} }

func (f frame) shrunk(n float64) frame { return f.part(n, n, f.w-n, f.d-n) }

// long is the frame with its longer side along x.
func (f frame) long() frame {
	if f.d > f.w {
		return f.turned()
	}
	return f
}

func (f frame) oval(x, y, rx, ry float64, n int) Poly {
	out := make(Poly, n)
	for i := range out {
		d := direction(2 * math.Pi * float64(i) / float64(n))
		out[i] = f.at(x+rx*d.X, y+ry*d.Y)
	}
	return out
}

// fit is a large rectangle along v, the way in, that lies inside an outline.
func (p Poly) fit(v Pt) frame {
	const rows = 14
	u := Pt{v.Y, -v.X}
	low, high := p.span(v)
	var left, right [rows + 1]float64
	for i := range left {
		b := low + (high-low)*(0.02+0.96*float64(i)/rows)
		left[i], right[i] = p.chord(u, v, b)
	}
	best, bestArea := frame{}, 0.0
	for i := range rows {
		l, r := left[i], right[i]
		for j := i + 1; j <= rows; j++ {
			l, r = max(l, left[j]), min(r, right[j])
			depth := (high - low) * 0.96 * float64(j-i) / rows
			if a := (r - l) * depth; r > l && a > bestArea {
				bestArea = a
				b := low + (high-low)*(0.02+0.96*float64(i)/rows)
				best = frame{u.times(l).along(v, b), u, v, r - l, depth}
			}
		}
	}
	return best
}

// chord is where the line v·p = b lies inside, along u.
func (p Poly) chord(u, v Pt, b float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i, a := range p {
		c := p[(i+1)%len(p)]
		da, dc := v.dot(a)-b, v.dot(c)-b
		if (da < 0) != (dc < 0) {
			x := u.dot(a.to(c, da/(da-dc)))
			low, high = min(low, x), max(high, x)
		}
	}
	return low, high
}
