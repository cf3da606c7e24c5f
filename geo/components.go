package geo

import (
	"fmt"
	"math/bits"
)

// Components splits a mask into its connected pieces, each cropped to its extent, in row order of their first pixels.
// Connectivity is 4, pixels that share an edge, or 8, pixels that share an edge or a corner; anything else panics.
func Components(m *Mask, connectivity int) []*Mask {
	return ComponentsAbove(m, connectivity, 0)
}

// ComponentsAbove is Components without the pieces of drop pixels or fewer.
func ComponentsAbove(m *Mask, connectivity, drop int) []*Mask {
	l := label(m, connectivity)
	masks := make([]*Mask, len(l.runs)) // by the piece's first run
	var out []*Mask
	for i, r := range l.runs {
		first := l.find(int32(i))
		piece := l.pieces[first]
		if piece.pixels <= drop {
			continue
		}
		if masks[first] == nil {
			masks[first] = NewMask(piece.extent(m.Window))
			out = append(out, masks[first])
		}
		masks[first].SetRun(int(r.y-piece.y0), int(r.x0-piece.x0), int(r.x1-piece.x0))
	}
	return out
}

// FillHoles puts inside every hole of at most maxPixels pixels. A hole is a piece of the outside, connected by edges, that
// does not reach the window's edge: what Trace would draw as a hole, as long as nothing lies in it.
func FillHoles(m *Mask, maxPixels int) {
	outside := m.inverse()
	l := label(outside, 4)
	w, h := int32(m.Window.W), int32(m.Window.H)
	for i, r := range l.runs {
		p := l.pieces[l.find(int32(i))]
		if p.pixels <= maxPixels && p.x0 > 0 && p.y0 > 0 && p.x1 < w && p.y1 < h {
			m.SetRun(int(r.y), int(r.x0), int(r.x1))
		}
	}
}

// inverse is the mask of the window's other pixels.
func (m *Mask) inverse() *Mask {
	out := NewMask(m.Window)
	for y := range m.Window.H {
		out.SetRun(y, 0, m.Window.W)
	}
	out.AndNot(m)
	return out
}

// run is the pixels x0 ≤ x < x1 of a row.
type run struct{ y, x0, x1 int32 }

// piece is what is known of a connected piece: its box and its pixels.
type piece struct {
	x0, y0, x1, y1 int32
	pixels         int
}

func (p piece) extent(w Window) Window {
	return Window{Z: w.Z, X: w.X + int(p.x0), Y: w.Y + int(p.y0), W: int(p.x1 - p.x0), H: int(p.y1 - p.y0)}
}

// labelling is the runs of a mask in row order, joined to pieces. A piece goes by its first run.
type labelling struct {
	unionFind // of runs
	runs      []run
	pieces    []piece // of each run that is a piece's first
}

func label(m *Mask, connectivity int) *labelling {
	if connectivity != 4 && connectivity != 8 {
		panic(fmt.Sprintf("geo: connectivity %d; use 4 or 8", connectivity))
	}
	reach := int32(0) // how far past each other's ends runs of neighbouring rows still touch
	if connectivity == 8 {
		reach = 1
	}
	l := &labelling{}
	before := 0 // first run of the row above
	for y := range m.Window.H {
		first := len(l.runs)
		l.runs = appendRuns(l.runs, m.Row(y), int32(y))
		for range l.runs[first:] {
			l.add()
		}
		l.joinRows(before, first, reach)
		before = first
	}
	l.measure()
	return l
}

// joinRows unites the runs of the row that starts at run upper with those of the row that starts at run lower.
func (l *labelling) joinRows(upper, lower int, reach int32) {
	a, b := upper, lower
	for a < lower && b < len(l.runs) {
		if l.runs[a].x0 < l.runs[b].x1+reach && l.runs[b].x0 < l.runs[a].x1+reach {
			l.union(int32(a), int32(b))
		}
		if l.runs[a].x1 < l.runs[b].x1 {
			a++
		} else {
			b++
		}
	}
}

func (l *labelling) measure() {
	l.pieces = make([]piece, len(l.runs))
	for i, r := range l.runs {
		p := &l.pieces[l.find(int32(i))]
		if p.pixels == 0 {
			*p = piece{r.x0, r.y, r.x1, r.y + 1, 0}
		}
		p.x0, p.x1, p.y1 = min(p.x0, r.x0), max(p.x1, r.x1), r.y+1
		p.pixels += int(r.x1 - r.x0)
	}
}

// appendRuns adds the runs of a row, found by the places where a pixel differs from the one before.
func appendRuns(runs []run, row []uint64, y int32) []run {
	var carry uint64
	inside := false
	for i, v := range row {
		for flips := v ^ (v<<1 | carry); flips != 0; flips &= flips - 1 {
			x := int32(i<<6 + bits.TrailingZeros64(flips))
			if inside {
				runs[len(runs)-1].x1 = x
			} else {
				runs = append(runs, run{y, x, int32(len(row) << 6)})
			}
			inside = !inside
		}
		carry = v >> 63
	}
	return runs
}
