package plan

import (
	"math"
	"slices"
)

// Furnish puts on real ground what the town has on its own: "pitch", "court", "parking", "track", "playground" or "graves".
// The ground need not be convex; what is put there lies in the largest rectangle that fits.
func Furnish(what string, ground Poly, seed uint64) *Content {
	c := &Content{Layout: &Layout{}}
	b := &builder{Content: c, rnd: newRand(mix(seed)), piece: &Piece{Poly: ground, Box: BoxOf(ground), Place: -1}}
	f := ground.room().long()
	if f.w < 3 || f.d < 3 {
		return c
	}
	switch what {
	case "pitch":
		b.pitch(f)
	case "court":
		b.courts(f)
	case "track":
		b.running(f)
	case "parking":
		b.parking(f, b.rnd.between(0.45, 0.85))
	case "playground":
		b.toys(f.shrunk(min(f.w, f.d)*0.2), 5)
	case "graves":
		b.graves(f.shrunk(1))
	}
	return c
}

// courts are side by side, each as wide as courts are.
func (b *builder) courts(f frame) {
	n := max(1, math.Round(f.w/20))
	tone := b.rnd.tone()
	for k := 0.0; k < n; k++ {
		b.court(f.part(f.w*k/n+0.5, 0.5, f.w*(k+1)/n-0.5, f.d-0.5), tone)
	}
}

// Room is the corners of a large rectangle inside an outline, along its axis, the first edge a long one; nil when there is
// none worth the name.
func (p Poly) Room() Poly {
	if f := p.room().long(); f.w > 1 && f.d > 1 {
		return f.whole()
	}
	return nil
}

// room finds the largest rectangle of a grid whose cells lie inside: the largest under a histogram, row by row.
func (p Poly) room() frame {
	const n = 40
	u := p.axis()
	v := u.left()
	a0, a1 := p.span(u)
	b0, b1 := p.span(v)
	du, dv := (a1-a0)/n, (b1-b0)/n
	var height [n + 1]int // of inside cells above, with an empty column at the end
	best, area := frame{}, 0.0
	for j := range n {
		in := p.crossings(u, v, b0+(float64(j)+0.5)*dv)
		for i := range n {
			at := a0 + (float64(i)+0.5)*du
			if k, _ := slices.BinarySearch(in, at); k%2 == 1 {
				height[i]++
			} else {
				height[i] = 0
			}
		}
		for i := range n {
			low := height[i]
			for k := i; k < n && height[k] > 0; k++ {
				low = min(low, height[k])
				w, d := float64(k-i+1)*du, float64(low)*dv
				if w*d > area {
					area = w * d
					best = frame{u.times(a0+float64(i)*du).along(v, b0+float64(j+1-low)*dv), u, v, w, d}
				}
			}
		}
	}
	return best
}

// crossings are where the line v·p = b crosses the outline, along u, sorted.
func (p Poly) crossings(u, v Pt, b float64) []float64 {
	var out []float64
	for i, a := range p {
		c := p[(i+1)%len(p)]
		da, dc := v.dot(a)-b, v.dot(c)-b
		if (da < 0) != (dc < 0) {
			out = append(out, u.dot(a.to(c, da/(da-dc))))
		}
	}
	slices.Sort(out)
	return out
}

// Area is positive for outlines that run clockwise as one sees them.
func (p Poly) Area() float64 { return p.area() }

// Axis is the direction that most edges follow or cross squarely.
func (p Poly) Axis() Pt { return p.axis() }

// Densify adds points so that no stretch is longer than step.
func Densify(line []Pt, step float64) []Pt { return densify(line, step) }
