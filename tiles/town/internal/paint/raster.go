package paint

import "math"

// A pixel is unit wide in the rasteriser's coordinates.
const (
	unitBits = 8
	unit     = 1 << unitBits
	whole    = unit * 2 * unit // the area of a pixel: twice, as the mean x is kept as a sum
)

// point is a place in the picture, in units.
type point struct{ x, y int64 }

// raster fills shapes with exact area coverage, as package carto's does and for the same reason: every crossing of an edge
// with a row or column is worked out from the edge's own ends in whole units, so a tile is a cut-out of the larger picture
// to the last bit. Shapes added before a fill count together, and stop at a whole pixel.
type raster struct {
	w, h        int
	acc         []int32
	first, last []int32
	top, bottom int
}

func (r *raster) reset(w, h int) {
	r.w, r.h = w, h
	r.acc = make([]int32, (w+1)*h)
	r.first, r.last = make([]int32, h), make([]int32, h)
	for y := range r.first {
		r.first[y], r.last[y] = math.MaxInt32, -1
	}
	r.top, r.bottom = h, 0
}

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
	right, end := int64(r.w)<<unitBits, min(q.y, int64(r.h)<<unitBits)
	if p.y == q.y || q.y <= 0 || p.y >= end || p.x >= right && q.x >= right {
		return
	}
	slope := float64(q.x-p.x) / float64(q.y-p.y)
	at := func(y int64) int64 {
		if y == q.y {
			return q.x
		}
		return p.x + int64(math.Floor(float64(y-p.y)*slope))
	}
	y := max(p.y, 0)
	r.top, r.bottom = min(r.top, int(y>>unitBits)), max(r.bottom, int((end-1)>>unitBits)+1)
	for x := at(y); y < end; {
		next := min(y|(unit-1)+1, q.y)
		xn := at(next)
		r.cross(int(y>>unitBits), min(x, xn), max(x, xn), int32(next-y), sign)
		x, y = xn, next
	}
}

// cross adds an edge's part within one row.
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

// add notes that from column col on, dy of a row's height is covered; twiceX is twice the mean x within the column.
func add(line []int32, col int, twiceX, dy int32) {
	if col < 0 {
		line[0] += dy * 2 * unit
		return
	}
	line[col] += dy * (2*unit - twiceX)
	line[col+1] += dy * twiceX
}

// sweep yields the coverage of each touched pixel, above 0 up to 1, and forgets the shapes.
func (r *raster) sweep(pixel func(x, y int, coverage float32)) {
	for y := r.top; y < r.bottom; y++ {
		line := r.acc[y*(r.w+1) : (y+1)*(r.w+1)]
		sum := int32(0)
		for x := int(r.first[y]); x < r.w; x++ {
			if x > int(r.last[y]) && sum == 0 {
				break
			}
			sum += line[x]
			line[x] = 0
			if a := min(max(sum, -sum), whole) >> unitBits; a > 0 {
				pixel(x, y, float32(a)*(1.0/(2*unit)))
			}
		}
		line[r.w] = 0
		r.first[y], r.last[y] = math.MaxInt32, -1
	}
	r.top, r.bottom = r.h, 0
}
