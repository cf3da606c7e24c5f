// Package coverage tells how much of each pixel shapes cover, exactly and in integers. golang.org/x/image/vector was tried first: what it
// makes of an edge depends on where the edge is clipped, so tiles differ from the whole at their seams. Here every crossing of an edge
// with a row or a column is computed from the edge's own two ends, wherever the window begins.
package coverage

import "math"

// Unit is one pixel in the coordinates of edges.
const (
	UnitBits = 8
	Unit     = 1 << UnitBits
)

// Whole is the coverage of a pixel that is wholly covered.
const Whole = 2 * Unit

// full is the accumulated area of such a pixel: Unit rows of 2·Unit, twice the width as mean x is kept as a sum.
const full = Unit * 2 * Unit

// Raster gathers shapes. Several may be added before a sweep: their coverage adds up, and stops at a whole pixel. Shapes that share
// an edge meet without a gap.
type Raster struct {
	w, h        int
	acc         []int32 // h rows of w+1 differences of coverage
	first, last []int32 // columns touched in each row, none when first > last
	top, bottom int     // rows touched
}

// Reset begins anew with a picture of w×h pixels. Memory is kept.
func (r *Raster) Reset(w, h int) {
	r.w, r.h = w, h
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

// Edge adds a side of a closed shape, in units from the picture's upper left corner. The winding counts: a hole runs the other way round
// than its shell.
func (r *Raster) Edge(x0, y0, x1, y1 int64) {
	sign := int32(1)
	if y0 > y1 {
		x0, y0, x1, y1, sign = x1, y1, x0, y0, -1
	}
	right, end := int64(r.w)<<UnitBits, min(y1, int64(r.h)<<UnitBits)
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
	r.top, r.bottom = min(r.top, int(y>>UnitBits)), max(r.bottom, int((end-1)>>UnitBits)+1)
	for x := xAt(y); y < end; {
		next := min(y|(Unit-1)+1, y1)
		xn := xAt(next)
		r.cross(int(y>>UnitBits), min(x, xn), max(x, xn), int32(next-y), sign)
		x, y = xn, next
	}
}

// cross adds an edge's part within one row: from xl to xr it covers dy of the row's height.
func (r *Raster) cross(row int, xl, xr int64, dy, sign int32) {
	if xl >= int64(r.w)<<UnitBits {
		return
	}
	line := r.acc[row*(r.w+1) : (row+1)*(r.w+1)]
	col, lastCol := int(xl>>UnitBits), int(xr>>UnitBits)
	r.first[row] = min(r.first[row], int32(max(col, 0)))
	r.last[row] = max(r.last[row], int32(min(max(lastCol, 0)+1, r.w)))
	if col == lastCol || lastCol < 0 {
		add(line, col, int32(xl&(Unit-1)+xr&(Unit-1)), dy*sign)
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
		to, reached := int64(col+1)<<UnitBits, dy
		if to < xr {
			reached = int32(float64(to-xl) * perX)
		} else {
			to = xr
		}
		base := int64(col) << UnitBits
		add(line, col, int32(from-base+to-base), (reached-done)*sign)
		from, done = to, reached
	}
}

// add notes in a row that from column col on, dy of the height is covered; twiceX is twice the mean x within the column.
func add(line []int32, col int, twiceX, dy int32) {
	if col < 0 {
		line[0] += dy * 2 * Unit
		return
	}
	line[col] += dy * (2*Unit - twiceX)
	line[col+1] += dy * twiceX
}

// Sweep yields the coverage of each touched pixel, above 0 up to Whole, and forgets the shapes.
func (r *Raster) Sweep(pixel func(x, y, coverage int)) {
	for y := r.top; y < r.bottom; y++ {
		line := r.acc[y*(r.w+1) : (y+1)*(r.w+1)]
		sum := int32(0)
		for x := int(r.first[y]); x < r.w; x++ {
			if x > int(r.last[y]) && sum == 0 {
				break
			}
			sum += line[x]
			line[x] = 0
			if a := min(max(sum, -sum), full) >> UnitBits; a > 0 {
				pixel(x, y, int(a))
			}
		}
		line[r.w] = 0
		r.first[y], r.last[y] = math.MaxInt32, -1
	}
	r.top, r.bottom = r.h, 0
}
