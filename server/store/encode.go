package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// appendShape writes an outline of whole global pixels: the counts of polygons, rings and points, and the points as
// differences, all as varints. Points are rounded; closing points are left out.
func appendShape(b []byte, mp orb.MultiPolygon) []byte {
	var at [2]int64
	b = binary.AppendUvarint(b, uint64(len(mp)))
	for _, poly := range mp {
		b = binary.AppendUvarint(b, uint64(len(poly)))
		for _, ring := range poly {
			if n := len(ring); n > 1 && ring[0] == ring[n-1] {
				ring = ring[:n-1]
			}
			b = binary.AppendUvarint(b, uint64(len(ring)))
			for _, p := range ring {
				x, y := int64(math.Round(p[0])), int64(math.Round(p[1]))
				b = binary.AppendVarint(b, x-at[0])
				b = binary.AppendVarint(b, y-at[1])
				at = [2]int64{x, y}
			}
		}
	}
	return b
}

// shapeReader reads varints; after an error it gives zeros.
type shapeReader struct {
	b   []byte
	err error
}

// count is a number of things that take at least size bytes each.
func (r *shapeReader) count(size int) int {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > uint64(len(r.b)-n)/uint64(size) {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *shapeReader) delta() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *shapeReader) fail() { r.b, r.err = nil, fmt.Errorf("shape: %w", ErrInput) }

// readShape is appendShape's inverse, with every coordinate times a factor.
func readShape(b []byte, factor float64) (orb.MultiPolygon, error) {
	r := shapeReader{b: b}
	var at [2]int64
	mp := make(orb.MultiPolygon, r.count(1))
	for i := range mp {
		mp[i] = make(orb.Polygon, r.count(1))
		for j := range mp[i] {
			n := r.count(2)
			if n == 0 {
				continue
			}
			ring := make(orb.Ring, n+1)
			for k := range n {
				at[0] += r.delta()
				at[1] += r.delta()
				ring[k] = orb.Point{float64(at[0]) * factor, float64(at[1]) * factor}
			}
			ring[n] = ring[0]
			mp[i][j] = ring
		}
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	return mp, r.err
}

// appendMask writes a mask: its window, then run lengths row by row, the first of pixels outside, as varints.
func appendMask(b []byte, m *geo.Mask) []byte {
	w := m.Window
	for _, v := range []int{w.Z, w.X, w.Y, w.W, w.H} {
		b = binary.AppendVarint(b, int64(v))
	}
	run, inside := uint64(0), false
	for y := range w.H {
		row := m.Row(y)
		for x := 0; x < w.W; {
			word := row[x>>6]
			if inside {
				word = ^word
			}
			rest := min(64-x&63, w.W-x)
			n := min(bits.TrailingZeros64(word>>(uint(x)&63)), rest)
			run += uint64(n)
			if x += n; n < rest {
				b = binary.AppendUvarint(b, run)
				run, inside = 0, !inside
			}
		}
	}
	return binary.AppendUvarint(b, run)
}

// maxMask is the most pixels of a mask that is read: more than any scene has, less than a broken file may ask for.
const maxMask = 1 << 26

// readMask is appendMask's inverse.
func readMask(b []byte) (*geo.Mask, error) {
	r := shapeReader{b: b}
	var v [5]int
	for i := range v {
		v[i] = int(r.delta())
	}
	w := geo.Window{Z: v[0], X: v[1], Y: v[2], W: v[3], H: v[4]}
	if r.err != nil || w.Z < 0 || w.Z > geo.MaxZoom || w.W < 0 || w.H < 0 || w.W > maxMask || w.H > maxMask || w.W*w.H > maxMask {
		return nil, fmt.Errorf("mask: %w", ErrInput)
	}
	m := geo.NewMask(w)
	at, inside := 0, false
	for ; len(r.b) > 0 && r.err == nil; inside = !inside {
		run, n := binary.Uvarint(r.b)
		if n <= 0 || run > uint64(w.W*w.H-at) {
			return nil, fmt.Errorf("mask: %w", ErrInput)
		}
		r.b = r.b[n:]
		if inside {
			setRuns(m, at, at+int(run))
		}
		at += int(run)
	}
	if r.err != nil || at != w.W*w.H {
		return nil, fmt.Errorf("mask: %w", ErrInput)
	}
	return m, nil
}

// setRuns puts the pixels from ≤ i < to inside, counted row by row.
func setRuns(m *geo.Mask, from, to int) {
	for from < to {
		y, x := from/m.Window.W, from%m.Window.W
		n := min(to-from, m.Window.W-x)
		m.SetRun(y, x, x+n)
		from += n
	}
}
