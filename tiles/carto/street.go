package carto

import (
	"hash/fnv"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// The measures of street names, in lattice pixels.
const (
	nameLength  = 144 // longer names are not written
	nameSpacing = 420 // between repetitions along a street
	nameApart   = 160 // between the same name on pieces of a street, or on its two carriageways
)

// streetNames places the names along the streets and gives those that overlap no place's label. Of names in each other's
// way the first in the order stays, whether or not it is then hidden by a place.
func (c *canvas) streetNames(features []Feature, places []*label) []*label {
	near := c.window.Pad(nameLength/2 + textSize + nameApart).Bound()
	var names []*label
	for i := range features {
		f := &features[i]
		if f.Name == "" || c.window.Z < nameZoom(f) || !c.style.face.has(f.Name) {
			continue
		}
		eachLine(f.Geometry, func(line orb.LineString) {
			if line.Bound().Intersects(near) {
				names = append(names, c.alongLine(f, line, near)...)
			}
		})
	}
	slices.SortFunc(names, (*label).before)
	names = slices.CompactFunc(names, func(a, b *label) bool { return a.before(b) == 0 }) // pieces that two tiles both hold
	for i, l := range names {
		l.shown = !slices.ContainsFunc(names[:i], func(o *label) bool { return c.tooNear(l, o) }) &&
			!slices.ContainsFunc(places, func(o *label) bool { return o.shown && l.meets(o.box) })
	}
	return slices.DeleteFunc(names, func(l *label) bool { return !l.shown })
}

func nameZoom(f *Feature) int {
	switch f.Kind {
	case Road:
		return roads[roadRank(f.Class)].nameZoom
	case Path:
		return 18
	}
	return math.MaxInt
}

func (c *canvas) tooNear(l, o *label) bool {
	if l.text == o.text && max(l.x-o.x, o.x-l.x, l.y-o.y, o.y-l.y) < nameApart*c.scale {
		return true
	}
	return l.box.overlaps(o.box) && slices.ContainsFunc(o.parts, l.meets)
}

func (l *label) meets(box rect) bool {
	return l.box.overlaps(box) && slices.ContainsFunc(l.parts, box.overlaps)
}

// alongLine writes a street's name along it, at even distances; the first place is half a distance from its beginning.
func (c *canvas) alongLine(f *Feature, line orb.LineString, near orb.Bound) []*label {
	size := float64(textSize * c.scale)
	width := c.style.face.width(f.Name, size)
	w := newWay(c.projectLine(line))
	if width > float64(nameLength*c.scale) || w.length() < width+size {
		return nil
	}
	h := fnv.New64a()
	h.Write([]byte(f.Name)) //nolint:errcheck // a hash never fails
	n := max(1, int(w.length()/float64(nameSpacing*c.scale)))
	var out []*label
	for i := range n {
		middle := (float64(i) + 0.5) * w.length() / float64(n)
		x, y := w.at(middle)
		l := &label{rank: roadRank(f.Class), text: f.Name, x: int(math.Round(x)), y: int(math.Round(y))}
		l.hash = h.Sum64() ^ uint64(l.x)*0x9e3779b97f4a7c15 ^ uint64(l.y)*0xc2b2ae3d27d4eb4f
		l.hash ^= l.hash >> 29
		if c.nearby(l, near) && c.bend(l, w, middle, width) {
			out = append(out, l)
		}
	}
	return out
}

func (c *canvas) nearby(l *label, near orb.Bound) bool {
	nw, se := c.project(orb.Point{near.Min[0], near.Max[1]}), c.project(orb.Point{near.Max[0], near.Min[1]})
	x, y := int64(l.x)<<unitBits, int64(l.y)<<unitBits
	return x >= nw.x && x <= se.x && y >= nw.y && y <= se.y
}

// bend sets the letters along the way around middle, from left to right; it fails where the way turns too sharply to read.
func (c *canvas) bend(l *label, w way, middle, width float64) bool {
	const sharpest, most = 0.5, 1.2 // radians between two letters, and between any letter and the first
	size := float64(textSize * c.scale)
	x0, _ := w.at(middle - width/2)
	x1, _ := w.at(middle + width/2)
	forth := 1.0
	if x1 < x0 {
		forth = -1
	}
	along := middle - forth*width/2
	var first, last float64
	l.box = rect{math.MaxInt, math.MaxInt, math.MinInt, math.MinInt}
	for i, r := range []rune(l.text) {
		letter := c.style.face.letter(r)
		advance := letter.advance * size
		ax, ay := w.at(along)
		along += forth * advance
		bx, by := w.at(along)
		angle := math.Atan2(by-ay, bx-ax)
		if i == 0 {
			first, last = angle, angle
		}
		if turned(angle, last) > sharpest || turned(angle, first) > most {
			return false
		}
		last = angle
		// Letters stand on a line a third of their size below the street's middle.
		ox, oy := ax-math.Sin(angle)*size*0.35, ay+math.Cos(angle)*size*0.35
		l.letters = append(l.letters, written{letter, int(math.Round(ox * 4)), int(math.Round(oy * 4)), uint8(int(math.Round(angle / (2 * math.Pi) * 256)))})
		mx, my, half := int((ax+bx)/2), int((ay+by)/2), int(size*0.6)
		part := rect{mx - half, my - half, mx + half, my + half}
		l.parts = append(l.parts, part)
		l.box = rect{min(l.box.x0, part.x0), min(l.box.y0, part.y0), max(l.box.x1, part.x1), max(l.box.y1, part.y1)}
	}
	return true
}

func turned(a, b float64) float64 {
	d := math.Abs(a - b)
	return min(d, 2*math.Pi-d)
}

// way is a line with the distances along it, in scaled pixels.
type way struct {
	pts [][2]float64
	cum []float64
}

func newWay(line []point) way {
	w := way{pts: make([][2]float64, len(line)), cum: make([]float64, len(line))}
	for i, p := range line {
		w.pts[i] = [2]float64{float64(p.x) / unit, float64(p.y) / unit}
		if i > 0 {
			w.cum[i] = w.cum[i-1] + math.Hypot(w.pts[i][0]-w.pts[i-1][0], w.pts[i][1]-w.pts[i-1][1])
		}
	}
	return w
}

func (w way) length() float64 { return w.cum[len(w.cum)-1] }

// at is the point at a distance from the beginning, in (0, length).
func (w way) at(d float64) (x, y float64) {
	i, _ := slices.BinarySearch(w.cum, d)
	i = min(max(i, 1), len(w.cum)-1)
	t := 0.0
	if step := w.cum[i] - w.cum[i-1]; step > 0 {
		t = (d - w.cum[i-1]) / step
	}
	p, q := w.pts[i-1], w.pts[i]
	return p[0] + (q[0]-p[0])*t, p[1] + (q[1]-p[1])*t
}
