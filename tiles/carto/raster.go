package carto

import (
	"image"
	"image/color"
	"math"
)

// unit is one pixel in the rasteriser's coordinates.
const (
	unitBits = 8
	unit     = 1 << unitBits
)

// full is the accumulated area of a wholly covered pixel: unit rows of 2·unit, twice the width as mean x is kept as a sum.
const full = unit * 2 * unit

// point is a place on the scaled lattice of the whole world, in units.
type point struct{ x, y int64 }

func (p point) plus(q point) point { return point{p.x + q.x, p.y + q.y} }

// raster fills shapes with exact area coverage in integers. golang.org/x/image/vector was tried first: what it makes of an
// edge depends on where the edge is clipped, so tiles differ from the whole at their seams. Here every crossing of an edge
// with a row or a column is computed from the edge's own two ends, wherever the window begins.
//
// Several shapes may be added before a fill: their coverage adds up, and stops at a whole pixel. Shapes that share an edge
// meet without a gap.
type raster struct {
	w, h        int
	origin      point
	acc         []int32 // h rows of w+1 differences of coverage
	first, last []int32 // columns touched in each row, none when first > last
	top, bottom int     // rows touched
}

func (r *raster) reset(w, h int, origin point) {
	r.w, r.h, r.origin = w, h, origin
	if n := (w + 1) * h; cap(r.acc) < n {
		r.acc = make([]int32, n)
	} else {
		r.acc = r.acc[:n]
	}
	if cap(r.first) < h {
		r.first, r.last = make([]int32, h), make([]int32, h)
	}
	r.first, r.last = r.first[:h], r.last[:h]
	for y := range r.first {
		r.first[y], r.last[y] = math.MaxInt32, -1
	}
	r.top, r.bottom = h, 0
}

// polygon adds a closed shape. Its winding counts: a hole runs the other way round than its shell.
func (r *raster) polygon(ring []point) {
	if len(ring) < 3 {
		return
	}
	prev := ring[len(ring)-1]
	for _, p := range ring {
		r.edge(prev, p)
		prev = p
	}
}

func (r *raster) edge(p, q point) {
	sign := int32(1)
	if p.y > q.y {
		p, q, sign = q, p, -1
	}
	x0, y0, x1, y1 := p.x-r.origin.x, p.y-r.origin.y, q.x-r.origin.x, q.y-r.origin.y
	right, end := int64(r.w)<<unitBits, min(y1, int64(r.h)<<unitBits)
	if y0 == y1 || y1 <= 0 || y0 >= end || x0 >= right && x1 >= right {
		return
	}
	slope := float64(x1-x0) / float64(y1-y0)
	xAt := func(y int64) int64 {
		if y == y1 {
			return x1
		}
		return x0 + int64(math.Floor(float64(y-y0)*slope))
	}
	y := max(y0, 0)
	r.top, r.bottom = min(r.top, int(y>>unitBits)), max(r.bottom, int((end-1)>>unitBits)+1)
	for x := xAt(y); y < end; {
		next := min(y|(unit-1)+1, y1)
		xn := xAt(next)
		r.cross(int(y>>unitBits), min(x, xn), max(x, xn), int32(next-y), sign)
		x, y = xn, next
	}
}

// cross adds an edge's part within one row: from xl to xr it covers dy of the row's height.
func (r *raster) cross(row int, xl, xr int64, dy, sign int32) {
	if xl >= int64(r.w)<<unitBits {
		return
	}
	line := r.acc[row*(r.w+1) : (row+1)*(r.w+1)]
	col, lastCol := int(xl>>unitBits), int(xr>>unitBits)
	r.first[row] = min(r.first[row], int32(max(col, 0)))
	r.last[row] = max(r.last[row], int32(min(max(lastCol, 0)+1, r.w)))
	if col == lastCol || lastCol < 0 {
		add(line, col, int32(xl&(unit-1)+xr&(unit-1)), dy*sign)
		return
	}
	perX := float64(dy) / float64(xr-xl)
	done := int32(0)
	if col < 0 {
		done = int32(float64(-xl) * perX)
		add(line, -1, 0, done*sign)
		col = 0
	}
	for from := max(xl, 0); col <= min(lastCol, r.w-1); col++ {
		to, reached := int64(col+1)<<unitBits, dy
		if to < xr {
			reached = int32(float64(to-xl) * perX)
		} else {
			to = xr
		}
		base := int64(col) << unitBits
		add(line, col, int32(from-base+to-base), (reached-done)*sign)
		from, done = to, reached
	}
}

// add notes in a row that from column col on, dy of the height is covered; twiceX is twice the mean x within the column.
func add(line []int32, col int, twiceX, dy int32) {
	if col < 0 {
		line[0] += dy * 2 * unit
		return
	}
	line[col] += dy * (2*unit - twiceX)
	line[col+1] += dy * twiceX
}

// sweep yields the coverage of each touched pixel, 0 to 256, and forgets the shapes.
func (r *raster) sweep(pixel func(x, y, coverage int)) {
	for y := r.top; y < r.bottom; y++ {
		line := r.acc[y*(r.w+1) : (y+1)*(r.w+1)]
		sum := int32(0)
		for x := int(r.first[y]); x < r.w; x++ {
			if x > int(r.last[y]) && sum == 0 {
				break
			}
			sum += line[x]
			line[x] = 0
			if a := min(max(sum, -sum), full) >> (unitBits + 1); a > 0 {
				pixel(x, y, int(a))
			}
		}
		line[r.w] = 0
		r.first[y], r.last[y] = math.MaxInt32, -1
	}
	r.top, r.bottom = r.h, 0
}

// fill paints the shapes added since the last fill.
func (r *raster) fill(img *image.RGBA, c color.NRGBA) {
	r.sweep(func(x, y, coverage int) { blend(img.Pix[y*img.Stride+4*x:], c, uint32(coverage)) })
}

// blend lays a colour over an opaque pixel; coverage is 0 to 256.
func blend(pix []byte, c color.NRGBA, coverage uint32) {
	pix = pix[:4:4]
	if c.A != 255 {
		coverage = coverage * uint32(c.A) / 255
	}
	if coverage >= 256 {
		pix[0], pix[1], pix[2] = c.R, c.G, c.B
		return
	}
	rest := 256 - coverage
	pix[0] = uint8((uint32(pix[0])*rest + uint32(c.R)*coverage + 128) >> 8)
	pix[1] = uint8((uint32(pix[1])*rest + uint32(c.G)*coverage + 128) >> 8)
	pix[2] = uint8((uint32(pix[2])*rest + uint32(c.B)*coverage + 128) >> 8)
}
