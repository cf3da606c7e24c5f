package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// Rasterize gives the pixels of w whose centre lies inside the multipolygon, which is given in global pixels of w's zoom
// and may reach beyond the window. Inside is where a ray crosses the rings an odd number of times, over all polygons
// together: overlapping polygons cancel. Rings that are not closed are closed. A centre on a border belongs to the polygon
// east, or south, of it, so shapes that share a border share no pixel and leave none between them.
// Rasterize(m.Window, Trace(m)) is m.
func Rasterize(w Window, mp orb.MultiPolygon) *Mask {
	m := NewMask(w)
	for _, poly := range mp {
		for _, ring := range poly {
			for i, p := range ring {
				m.toggleEdge(ring[(i+len(ring)-1)%len(ring)], p)
			}
		}
	}
	m.fillBetweenToggles()
	return m
}

// toggleEdge flips, in every row whose centre line the edge crosses, the first pixel whose centre is not west of the edge.
func (m *Mask) toggleEdge(p, q orb.Point) {
	if p[1] > q[1] {
		p, q = q, p // one direction, so that an edge shared by two shapes rounds to the same pixels
	}
	left, top := float64(m.Window.X), float64(m.Window.Y)
	y0 := clampInt(math.Ceil(p[1]-top-0.5), m.Window.H)
	y1 := clampInt(math.Ceil(q[1]-top-0.5), m.Window.H)
	if y0 >= y1 {
		return
	}
	slope := (q[0] - p[0]) / (q[1] - p[1])
	for y := y0; y < y1; y++ {
		x := p[0] + (float64(y)+0.5+top-p[1])*slope
		if at := clampInt(math.Ceil(x-left-0.5), m.Window.W); at < m.Window.W {
			m.words[y*m.stride+at>>6] ^= 1 << (uint(at) & 63)
		}
	}
}

// clampInt is v cut to 0 … limit; 0 when v is not a number.
func clampInt(v float64, limit int) int {
	switch {
	case v >= float64(limit):
		return limit
	case v > 0:
		return int(v)
	}
	return 0
}

// fillBetweenToggles sets every pixel that has an odd number of set pixels up to and including itself in its row.
func (m *Mask) fillBetweenToggles() {
	padding := uint(-m.Window.W) & 63
	for y := range m.Window.H {
		row := m.Row(y)
		var inside uint64
		for i, v := range row {
			for s := uint(1); s < 64; s <<= 1 {
				v ^= v << s
			}
			v ^= inside
			row[i] = v
			inside = -(v >> 63)
		}
		if len(row) > 0 {
			row[len(row)-1] &= ^uint64(0) >> padding
		}
	}
}
