package export

import (
	"bufio"
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"slices"

	"github.com/paulmach/orb"
)

// piece is what a tile shows of a feature. Lengths and places are in worlds: the Mercator square's edge is 1, x counts from
// the antimeridian and may run past it, y from the north.
type piece struct {
	tile  uint64 // PMTiles' id
	x, y  uint32 // the same tile
	cell  uint32 // of the tile's grid that the mark lies in; whole for a feature that is drawn as it is
	count uint32 // features that it stands for
	at    span
	area  float64
	label orb.Point
	bound orb.Bound
}

// whole is the cell of what is drawn as it is; it sorts behind marks.
const whole = math.MaxUint32

// compare sorts by tile and cell, in a cell the largest first, then as they came.
func (p *piece) compare(q *piece) int {
	if c := cmp.Or(cmp.Compare(p.tile, q.tile), cmp.Compare(p.cell, q.cell)); c != 0 {
		return c
	}
	if p.cell != whole {
		if c := cmp.Compare(q.area, p.area); c != 0 {
			return c
		}
	}
	return cmp.Compare(p.at.offset, q.at.offset)
}

const pieceSize = 8 + 4*4 + 8 + 4 + 7*8

func (p *piece) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, p.tile)
	for _, v := range [...]uint32{p.x, p.y, p.cell, p.count} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(p.at.offset))
	b = binary.LittleEndian.AppendUint32(b, p.at.length)
	for _, v := range [...]float64{p.area, p.label[0], p.label[1], p.bound.Min[0], p.bound.Min[1], p.bound.Max[0], p.bound.Max[1]} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

func (p *piece) read(b []byte) {
	p.tile = binary.LittleEndian.Uint64(b)
	for i, v := range [...]*uint32{&p.x, &p.y, &p.cell, &p.count} {
		*v = binary.LittleEndian.Uint32(b[8+4*i:])
	}
	p.at = span{int64(binary.LittleEndian.Uint64(b[24:])), binary.LittleEndian.Uint32(b[32:])}
	for i, v := range [...]*float64{&p.area, &p.label[0], &p.label[1], &p.bound.Min[0], &p.bound.Min[1], &p.bound.Max[0], &p.bound.Max[1]} {
		*v = math.Float64frombits(binary.LittleEndian.Uint64(b[36+8*i:]))
	}
}

// pieceFile is pieces one after the other in a file.
type pieceFile struct {
	file *os.File
	w    *bufio.Writer
	r    *bufio.Reader
	buf  []byte
}

func newPieceFile(folder string) (*pieceFile, error) {
	file, err := os.CreateTemp(folder, "pieces-")
	if err != nil {
		return nil, err
	}
	return &pieceFile{file: file, w: bufio.NewWriterSize(file, 64<<10), buf: make([]byte, pieceSize)}, nil
}

func (f *pieceFile) add(p *piece) error {
	_, err := f.w.Write(p.append(f.buf[:0]))
	return err
}

// rewind ends writing and begins reading.
func (f *pieceFile) rewind() error {
	if err := f.w.Flush(); err != nil {
		return err
	}
	f.w, f.r = nil, bufio.NewReaderSize(f.file, 64<<10)
	_, err := f.file.Seek(0, io.SeekStart)
	return err
}

// next is false at the end.
func (f *pieceFile) next(p *piece) (bool, error) {
	if _, err := io.ReadFull(f.r, f.buf); err != nil {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, err
	}
	p.read(f.buf)
	return true, nil
}

func (f *pieceFile) remove() {
	_ = f.file.Close()
	_ = os.Remove(f.file.Name())
}

// runPieces is how many pieces are sorted in memory, 12 MB of them.
const runPieces = 1 << 17

// sorter sorts any number of pieces through files.
type sorter struct {
	ctx    context.Context
	folder string
	buf    []piece
	runs   []*pieceFile
}

func (s *sorter) add(p *piece) error {
	if s.buf = append(s.buf, *p); len(s.buf) < runPieces {
		return nil
	}
	return s.spill()
}

func (s *sorter) spill() error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	run, err := newPieceFile(s.folder)
	if err != nil {
		return err
	}
	s.runs = append(s.runs, run)
	s.sort()
	for i := range s.buf {
		if err := run.add(&s.buf[i]); err != nil {
			return err
		}
	}
	s.buf = s.buf[:0]
	return run.rewind()
}

func (s *sorter) sort() {
	slices.SortFunc(s.buf, func(a, b piece) int { return a.compare(&b) })
}

// each gives all pieces in their order and leaves the sorter empty.
func (s *sorter) each(yield func(*piece) error) error {
	defer s.drop()
	s.sort()
	if len(s.runs) == 0 {
		for i := range s.buf {
			if err := yield(&s.buf[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := s.spill(); err != nil {
		return err
	}
	heads := make(headHeap, 0, len(s.runs))
	for _, run := range s.runs {
		h := head{run: run}
		if ok, err := run.next(&h.piece); err != nil {
			return err
		} else if ok {
			heads = append(heads, h)
		}
	}
	heap.Init(&heads)
	for len(heads) > 0 {
		if err := yield(&heads[0].piece); err != nil {
			return err
		}
		ok, err := heads[0].run.next(&heads[0].piece)
		if err != nil {
			return err
		}
		if ok {
			heap.Fix(&heads, 0)
		} else {
			heap.Pop(&heads)
		}
	}
	return nil
}

func (s *sorter) drop() {
	for _, run := range s.runs {
		run.remove()
	}
	s.runs, s.buf = nil, s.buf[:0]
}

// head is the first piece of a run that is left.
type head struct {
	piece
	run *pieceFile
}

type headHeap []head

func (h headHeap) Len() int           { return len(h) }
func (h headHeap) Less(i, k int) bool { return h[i].compare(&h[k].piece) < 0 }
func (h headHeap) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *headHeap) Push(v any)        { *h = append(*h, v.(head)) }
func (h *headHeap) Pop() any {
	last := len(*h) - 1
	v := (*h)[last]
	*h = (*h)[:last]
	return v
}
