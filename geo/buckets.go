package geo

import "iter"

// buckets finds windows by place: each is listed in every cell of a grid that it touches.
type buckets struct {
	windows []Window
	cells   map[cell][]int
}

type cell struct{ x, y int }

const cellSize = 512 // a scene's core, so that a scene's instance is in a few cells

func newBuckets() *buckets { return &buckets{cells: map[cell][]int{}} }

// add lists a window and gives its number, counted from 0.
func (b *buckets) add(w Window) int {
	n := len(b.windows)
	b.windows = append(b.windows, w)
	for c := range cellsOf(w) {
		b.cells[c] = append(b.cells[c], n)
	}
	return n
}

// overlapping yields the numbers of the windows that share a pixel with w, each once.
func (b *buckets) overlapping(w Window) iter.Seq[int] {
	return func(yield func(int) bool) {
		for c := range cellsOf(w) {
			for _, n := range b.cells[c] {
				// Of the cells that both touch, the one with the corner of what they share speaks.
				shared := w.Intersect(b.windows[n])
				if !shared.Empty() && c == cellAt(shared.X, shared.Y) && !yield(n) {
					return
				}
			}
		}
	}
}

// covers says whether a window holds the pixel (x, y).
func (b *buckets) covers(x, y int) bool {
	for _, n := range b.cells[cellAt(x, y)] {
		if b.windows[n].Contains(x, y) {
			return true
		}
	}
	return false
}

func cellAt(x, y int) cell { return cell{floorDiv(x, cellSize), floorDiv(y, cellSize)} }

func cellsOf(w Window) iter.Seq[cell] {
	return func(yield func(cell) bool) {
		if w.Empty() {
			return
		}
		first, last := cellAt(w.X, w.Y), cellAt(w.X+w.W-1, w.Y+w.H-1)
		for y := first.y; y <= last.y; y++ {
			for x := first.x; x <= last.x; x++ {
				if !yield(cell{x, y}) {
					return
				}
			}
		}
	}
}
