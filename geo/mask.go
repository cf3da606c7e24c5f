package geo

import (
	"fmt"
	"math/bits"
)

// Mask is a set of pixels of a window, one bit each, row by row. The zero bit is outside. Masks are written while they
// are made and shared read-only afterwards.
type Mask struct {
	Window Window
	stride int      // words a row
	words  []uint64 // bit x&63 of word y*stride+x>>6; bits past the width are always zero
}

// NewMask is the empty mask of a window.
func NewMask(w Window) *Mask {
	stride := (max(0, w.W) + 63) / 64
	return &Mask{Window: w, stride: stride, words: make([]uint64, stride*max(0, w.H))}
}

// At says whether the pixel (x, y), counted from the window's upper left corner, is inside. Beyond the window nothing is.
func (m *Mask) At(x, y int) bool {
	if uint(x) >= uint(m.Window.W) || uint(y) >= uint(m.Window.H) {
		return false
	}
	return m.words[y*m.stride+x>>6]>>(uint(x)&63)&1 == 1
}

// Set puts the pixel (x, y), counted from the window's upper left corner, inside. It must lie within the window.
func (m *Mask) Set(x, y int) { m.words[y*m.stride+x>>6] |= 1 << (uint(x) & 63) }

// Clear takes the pixel (x, y) out.
func (m *Mask) Clear(x, y int) { m.words[y*m.stride+x>>6] &^= 1 << (uint(x) & 63) }

// SetRun puts the pixels x0 ≤ x < x1 of row y inside, a word at a time. The run is cut to the window.
func (m *Mask) SetRun(y, x0, x1 int) {
	x0, x1 = max(0, x0), min(m.Window.W, x1)
	if x0 >= x1 || y < 0 || y >= m.Window.H {
		return
	}
	row := m.words[y*m.stride : (y+1)*m.stride]
	first, last := x0>>6, (x1-1)>>6
	head, tail := ^uint64(0)<<(uint(x0)&63), ^uint64(0)>>(63-uint(x1-1)&63)
	if first == last {
		row[first] |= head & tail
		return
	}
	row[first] |= head
	for i := first + 1; i < last; i++ {
		row[i] = ^uint64(0)
	}
	row[last] |= tail
}

// Row is the words of row y, pixel x in bit x&63 of word x>>6. Who writes them keeps the bits past the width zero.
func (m *Mask) Row(y int) []uint64 { return m.words[y*m.stride : (y+1)*m.stride] }

// Count is the number of pixels inside.
func (m *Mask) Count() int {
	n := 0
	for _, w := range m.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Clone is a copy that may be written.
func (m *Mask) Clone() *Mask {
	c := *m
	c.words = append([]uint64(nil), m.words...)
	return &c
}

// Bytes is the memory that the mask holds, for a cache's accounts.
func (m *Mask) Bytes() int { return 8*len(m.words) + 64 }

// Extent is the smallest window that holds every pixel inside; empty when there is none.
func (m *Mask) Extent() Window {
	x0, y0, x1, y1 := m.Window.W, m.Window.H, 0, 0
	for y := range m.Window.H {
		row := m.Row(y)
		for i, w := range row {
			if w == 0 {
				continue
			}
			x0 = min(x0, i<<6+bits.TrailingZeros64(w))
			x1 = max(x1, i<<6+64-bits.LeadingZeros64(w))
			y0, y1 = min(y0, y), y+1
		}
	}
	if x1 <= x0 {
		return Window{Z: m.Window.Z, X: m.Window.X, Y: m.Window.Y}
	}
	return Window{Z: m.Window.Z, X: m.Window.X + x0, Y: m.Window.Y + y0, W: x1 - x0, H: y1 - y0}
}

// Crop is the mask of window w with this mask's pixels where the two overlap.
func (m *Mask) Crop(w Window) *Mask {
	out := NewMask(w)
	out.Or(m)
	return out
}

// Or adds the other mask's pixels where the windows overlap.
func (m *Mask) Or(o *Mask) { m.combine(o, func(a, b uint64) uint64 { return a | b }) }

// AndNot takes the other mask's pixels away where the windows overlap.
func (m *Mask) AndNot(o *Mask) { m.combine(o, func(a, b uint64) uint64 { return a &^ b }) }

func (m *Mask) combine(o *Mask, op func(a, b uint64) uint64) {
	shared := m.Window.Intersect(o.Window)
	if shared.Empty() {
		return
	}
	x0 := shared.X - m.Window.X
	for y := shared.Y; y < shared.Y+shared.H; y++ {
		dst, src := m.Row(y-m.Window.Y), o.Row(y-o.Window.Y)
		for done := 0; done < shared.W; {
			at := x0 + done
			n := min(64-at&63, shared.W-done)
			b := bitsAt(src, shared.X-o.Window.X+done, n) << (uint(at) & 63)
			dst[at>>6] = op(dst[at>>6], b)
			done += n
		}
	}
}

// bitsAt reads n ≤ 64 bits of a row from pixel x on; bits past the row's end are zero.
func bitsAt(row []uint64, x, n int) uint64 {
	i, s := x>>6, uint(x)&63
	v := row[i] >> s
	if s > 0 && i+1 < len(row) {
		v |= row[i+1] << (64 - s)
	}
	if n < 64 {
		v &= 1<<uint(n) - 1
	}
	return v
}

// Overlap counts the pixels that both masks hold, on the ground that both windows cover.
func (m *Mask) Overlap(o *Mask) int {
	shared := m.Window.Intersect(o.Window)
	n := 0
	for y := shared.Y; y < shared.Y+shared.H; y++ {
		a, b := m.Row(y-m.Window.Y), o.Row(y-o.Window.Y)
		for done := 0; done < shared.W; done += 64 {
			k := min(64, shared.W-done)
			n += bits.OnesCount64(bitsAt(a, shared.X-m.Window.X+done, k) & bitsAt(b, shared.X-o.Window.X+done, k))
		}
	}
	return n
}

// CountIn is the number of pixels inside that lie in window w.
func (m *Mask) CountIn(w Window) int {
	shared := m.Window.Intersect(w)
	n := 0
	for y := shared.Y; y < shared.Y+shared.H; y++ {
		row := m.Row(y - m.Window.Y)
		for done := 0; done < shared.W; done += 64 {
			n += bits.OnesCount64(bitsAt(row, shared.X-m.Window.X+done, min(64, shared.W-done)))
		}
	}
	return n
}

// IoU is |a∩b| / |a∪b| over all pixels of both; 0 when both are empty.
func (m *Mask) IoU(o *Mask) float64 {
	inter := m.Overlap(o)
	union := m.Count() + o.Count() - inter
	if union == 0 {
		return 0
	}
	return float64(inter) / float64(union)
}

// Equal says whether the masks hold the same pixels of the same window.
func (m *Mask) Equal(o *Mask) bool {
	if m.Window != o.Window {
		return false
	}
	for i, w := range m.words {
		if w != o.words[i] {
			return false
		}
	}
	return true
}

// String draws small masks for test failures and names large ones.
func (m *Mask) String() string {
	if m.Window.W > 64 || m.Window.H > 64 {
		return fmt.Sprintf("mask %v, %d pixels", m.Window, m.Count())
	}
	out := make([]byte, 0, (m.Window.W+1)*m.Window.H)
	for y := range m.Window.H {
		for x := range m.Window.W {
			c := byte('.')
			if m.At(x, y) {
				c = '#'
			}
			out = append(out, c)
		}
		out = append(out, '\n')
	}
	return string(out)
}
