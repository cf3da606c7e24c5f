package pmtiles

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/paulmach/orb/maptile"
)

// maxZoom is where tile ids end: deeper ones are no 64-bit numbers any more.
const maxZoom = 31

// entry is a run of tiles with the same bytes, or, with a run of 0, a directory below.
type entry struct {
	id     uint64
	offset uint64
	length uint32
	run    uint32
}

// directory is sorted by id.
type directory []entry

// readDirectory reads the four columns of a directory: ids as differences, runs, lengths, and offsets, 0 for "after the last".
func readDirectory(b []byte) (directory, error) {
	bad := errors.New("it is damaged")
	next := func() (uint64, bool) {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, false
		}
		b = b[n:]
		return v, true
	}
	n, ok := next()
	if !ok || n > uint64(len(b))/4 { // an entry has four numbers
		return nil, bad
	}
	d := make(directory, n)
	id := uint64(0)
	for i := range d {
		v, ok := next()
		if !ok || v > math.MaxUint64-id || i > 0 && v == 0 {
			return nil, bad
		}
		id += v
		d[i].id = id
	}
	for _, column := range []func(*entry) *uint32{func(e *entry) *uint32 { return &e.run }, func(e *entry) *uint32 { return &e.length }} {
		for i := range d {
			v, ok := next()
			if !ok || v > math.MaxUint32 {
				return nil, bad
			}
			*column(&d[i]) = uint32(v)
		}
	}
	for i := range d {
		v, ok := next()
		switch {
		case !ok || v == 0 && i == 0 || d[i].length == 0:
			return nil, bad
		case v == 0:
			d[i].offset = d[i-1].offset + uint64(d[i-1].length)
		default:
			d[i].offset = v - 1
		}
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(b))
	}
	return d, nil
}

// find is the entry that a tile lies in, or that leads on to it.
func (d directory) find(id uint64) (entry, bool) {
	i := sort.Search(len(d), func(i int) bool { return d[i].id > id }) - 1
	if i < 0 || d[i].run > 0 && id-d[i].id >= uint64(d[i].run) {
		return entry{}, false
	}
	return d[i], true
}

// tileID counts tiles zoom by zoom, in each along the Hilbert curve (the specification's figure; the walk is
// https://en.wikipedia.org/wiki/Hilbert_curve's xy2d).
func tileID(t maptile.Tile) uint64 {
	id := (uint64(1)<<(2*t.Z) - 1) / 3 // tiles of the zooms above
	x, y := uint64(t.X), uint64(t.Y)
	for s := uint64(1) << t.Z >> 1; s > 0; s >>= 1 {
		var rx, ry uint64
		if x&s != 0 {
			rx = 1
		}
		if y&s != 0 {
			ry = 1
		}
		id += s * s * (3*rx ^ ry)
		if ry == 0 {
			if rx == 1 {
				x, y = s-1-x, s-1-y
			}
			x, y = y, x
		}
		x, y = x&(s-1), y&(s-1)
	}
	return id
}
