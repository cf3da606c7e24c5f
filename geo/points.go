package geo

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// axisIndex finds the points on an east-west or north-south edge.
type axisIndex struct {
	points []orb.Point
	lines  [2][]int32 // the points by x and then y, and by y and then x
}

func newAxisIndex(points []orb.Point) *axisIndex {
	a := &axisIndex{points: points}
	for axis := range a.lines {
		a.lines[axis] = make([]int32, len(points))
		for i := range points {
			a.lines[axis][i] = int32(i)
		}
		slices.SortFunc(a.lines[axis], func(p, q int32) int { return compareAlong(axis, points[p], points[q]) })
	}
	return a
}

// compareAlong orders points by the line x = const, or y = const for axis 1, and then along it.
func compareAlong(axis int, p, q orb.Point) int {
	return cmp.Or(cmp.Compare(p[axis], q[axis]), cmp.Compare(p[1-axis], q[1-axis]))
}

// noded is a closed path with all the points that lie on its east-west and north-south edges.
func (a *axisIndex) noded(path []int32) []int32 {
	out := make([]int32, 0, len(path))
	for i, p := range path {
		q := path[(i+1)%len(path)]
		out = append(out, p)
		for axis := range a.lines {
			if a.points[p][axis] == a.points[q][axis] {
				out = a.appendBetween(out, axis, p, q)
			}
		}
	}
	return out
}

func (a *axisIndex) appendBetween(out []int32, axis int, p, q int32) []int32 {
	line := a.lines[axis]
	find := func(p int32) int {
		i, _ := slices.BinarySearchFunc(line, a.points[p], func(o int32, at orb.Point) int {
			return compareAlong(axis, a.points[o], at)
		})
		return i
	}
	from, to := find(p), find(q)
	if from < to {
		return append(out, line[from+1:to]...)
	}
	for i := from - 1; i > to; i-- {
		out = append(out, line[i])
	}
	return out
}

// pointGrid finds points by place, in cells that hold a few points each.
type pointGrid struct {
	bound      orb.Bound
	size       float64 // edge of a cell
	cols, rows int
	starts     []int32 // where each cell's points start, row by row, and the end
	numbers    []int32
}

func newPointGrid(points []orb.Point) *pointGrid {
	g := &pointGrid{bound: orb.MultiPoint(points).Bound(), cols: 1, rows: 1}
	w, h := g.bound.Max[0]-g.bound.Min[0], g.bound.Max[1]-g.bound.Min[1]
	// Cells of four points on average; a long, thin set of points gets no more cells than points either.
	n := float64(max(1, len(points)))
	if g.size = max(2*math.Sqrt(w*h/n), max(w, h)/n); g.size > 0 && !math.IsInf(g.size, 1) {
		g.cols, g.rows = int(w/g.size)+1, int(h/g.size)+1
	}
	g.starts = make([]int32, g.cols*g.rows+1)
	for _, p := range points {
		g.starts[g.cellOf(p)+1]++
	}
	for i := range g.starts[1:] {
		g.starts[i+1] += g.starts[i]
	}
	g.numbers = make([]int32, len(points))
	next := slices.Clone(g.starts)
	for i, p := range points {
		c := g.cellOf(p)
		g.numbers[next[c]] = int32(i)
		next[c]++
	}
	return g
}

func (g *pointGrid) cellOf(p orb.Point) int {
	col, row := g.position(p)
	return row*g.cols + col
}

// position is the column and row of the cell that holds p, or that is nearest to it.
func (g *pointGrid) position(p orb.Point) (col, row int) {
	return clampInt((p[0]-g.bound.Min[0])/g.size, g.cols-1), clampInt((p[1]-g.bound.Min[1])/g.size, g.rows-1)
}

// within yields the numbers of the points in a box, and of some near it.
func (g *pointGrid) within(box orb.Bound) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		c0, r0 := g.position(box.Min)
		c1, r1 := g.position(box.Max)
		for row := r0; row <= r1; row++ {
			for _, n := range g.numbers[g.starts[row*g.cols+c0]:g.starts[row*g.cols+c1+1]] {
				if !yield(n) {
					return
				}
			}
		}
	}
}
