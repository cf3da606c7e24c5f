package reader

import (
	"math"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

// TwoPoints are two pixels well inside a mask: the one farthest from its edge, and one that is both far from the edge and far
// from the first, so that a long place is held at both ends. Coordinates are pixels of the window.
func TwoPoints(m *geo.Mask, w geo.Window) []reasoning.Point {
	e := m.Extent()
	depth := depths(m.Crop(e))
	first, best := -1, int32(0)
	for i, d := range depth {
		if d > best {
			first, best = i, d
		}
	}
	if first < 0 {
		return nil
	}
	x0, y0 := first%e.W, first/e.W
	second, worth := first, 0.0
	for i, d := range depth {
		if d == 0 {
			continue
		}
		if v := float64(d) * math.Sqrt(math.Hypot(float64(i%e.W-x0), float64(i/e.W-y0))); v > worth {
			second, worth = i, v
		}
	}
	at := func(i int) reasoning.Point {
		return reasoning.Point{float64(e.X-w.X+i%e.W) + 0.5, float64(e.Y-w.Y+i/e.W) + 0.5}
	}
	if second == first {
		return []reasoning.Point{at(first)}
	}
	return []reasoning.Point{at(first), at(second)}
}

// depths is each pixel's distance to the nearest pixel outside, in steps along rows and columns; 0 outside.
func depths(m *geo.Mask) []int32 {
	w, h := m.Window.W, m.Window.H
	d := make([]int32, w*h)
	at := func(x, y int) int32 {
		if x < 0 || y < 0 || x >= w || y >= h {
			return 0
		}
		return d[y*w+x]
	}
	for y := range h {
		for x := range w {
			if m.At(x, y) {
				d[y*w+x] = 1 + min(at(x-1, y), at(x, y-1))
			}
		}
	}
	for y := h - 1; y >= 0; y-- {
		for x := w - 1; x >= 0; x-- {
			if v := &d[y*w+x]; *v > 0 {
				*v = min(*v, 1+min(at(x+1, y), at(x, y+1)))
			}
		}
	}
	return d
}
