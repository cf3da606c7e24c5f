// Package pmtiles writes PMTiles archives of version 3, https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md. Package
// tiles/pmtiles reads them.
package pmtiles

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
)

// MaxZoom is the deepest zoom that an archive's numbers have room for.
const MaxZoom = 31

// Archive is being written: tiles in the order of their ids, then Finish. Its memory is a few bytes a tile for the
// directories, packed, and a bounded one for tiles that come again.
type Archive struct {
	out     io.WriterAt
	w       *bufio.Writer
	data    uint64 // bytes of tiles
	last    entry
	pending directory // of the leaf that is being filled
	leaf    int       // entries of a leaf
	leaves  []byte
	root    directory
	seen    map[[sha256.Size]byte]entry
	counts  struct{ tiles, entries, contents uint64 }
	err     error
}

// The places of a file: the specification wants header and root directory in its first 16 KiB.
const (
	headerSize = 127
	front      = 16 << 10
	rootMost   = front - headerSize
)

const (
	leafEntries = 4096    // at least
	rootEntries = 1500    // that surely fit into rootMost
	remembered  = 1 << 16 // contents by which tiles that come again are known: 6 MB
)

// New begins an archive of at most so many tiles, packed by gzip.
func New(out io.WriterAt, most uint64) *Archive {
	leaf := max(leafEntries, int(min(most, math.MaxInt32)/rootEntries)+1)
	return &Archive{out: out, w: bufio.NewWriterSize(io.NewOffsetWriter(out, front), 256<<10), leaf: leaf, seen: map[[sha256.Size]byte]entry{}}
}

// Add writes the next tile; its id must be above those before. The bytes are as they shall be stored. What was the content
// of an earlier tile is stored once, and a run of such tiles is one entry.
func (a *Archive) Add(id uint64, tile []byte) error {
	if a.err != nil {
		return a.err
	}
	next := a.last.id + uint64(a.last.run)
	if a.counts.entries > 0 && id < next || len(tile) == 0 || uint64(len(tile)) > math.MaxUint32 {
		a.err = fmt.Errorf("tile %d of %d bytes after tile %d", id, len(tile), next-1)
		return a.err
	}
	a.counts.tiles++
	sum := sha256.Sum256(tile)
	at, again := a.seen[sum]
	if !again {
		at = entry{offset: a.data, length: uint32(len(tile))}
		a.data += uint64(len(tile))
		a.counts.contents++
		if len(a.seen) < remembered {
			a.seen[sum] = at
		}
		if _, a.err = a.w.Write(tile); a.err != nil {
			return a.err
		}
	}
	if a.counts.entries > 0 && id == next && at.offset == a.last.offset && a.last.run < math.MaxUint32 {
		a.last.run++
		return nil
	}
	a.close()
	at.id, at.run = id, 1
	a.last = at
	a.counts.entries++
	return a.err
}

// close puts the last entry into its leaf.
func (a *Archive) close() {
	if a.counts.entries == 0 {
		return
	}
	if len(a.pending) == a.leaf {
		a.closeLeaf()
	}
	a.pending = append(a.pending, a.last)
}

func (a *Archive) closeLeaf() {
	packed, err := a.pending.packed()
	if err != nil {
		a.err = err
		return
	}
	a.root = append(a.root, entry{id: a.pending[0].id, offset: uint64(len(a.leaves)), length: uint32(len(packed))})
	a.leaves = append(a.leaves, packed...)
	a.pending = a.pending[:0]
}

// About is what the header says beside the numbers that Archive knows.
type About struct {
	MinZoom, MaxZoom int
	Bounds           orb.Bound // WGS-84 degrees
	Center           orb.Point
	CenterZoom       int
	Metadata         []byte // a JSON object
}

// Finish writes directories, metadata and header. The archive is vector tiles, packed by gzip, clustered.
func (a *Archive) Finish(about About) error {
	a.close()
	if a.err != nil {
		return a.err
	}
	root, err := a.finishRoot()
	if err != nil {
		return err
	}
	metadata, err := pack(about.Metadata)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{a.leaves, metadata} {
		if _, err := a.w.Write(part); err != nil {
			return err
		}
	}
	if err := a.w.Flush(); err != nil {
		return err
	}
	head := a.header(about, len(root), len(metadata))
	start := append(append(head, root...), make([]byte, front-len(head)-len(root))...)
	_, err = a.out.WriteAt(start, 0)
	return err
}

// finishRoot is the root directory: of all tiles where they fit into it, else of leaves.
func (a *Archive) finishRoot() ([]byte, error) {
	if len(a.root) == 0 {
		packed, err := a.pending.packed()
		if err != nil || len(packed) <= rootMost {
			return packed, err
		}
	}
	if len(a.pending) > 0 {
		a.closeLeaf()
	}
	packed, err := a.root.packed()
	if err == nil && len(packed) > rootMost {
		err = errors.New("more tiles than were announced: the root directory has no room for them")
	}
	return packed, err
}

// The header's words for what we write.
const (
	packedGzip = 2
	kindMVT    = 1
)

func (a *Archive) header(about About, root, metadata int) []byte {
	b := append(make([]byte, 0, front), "PMTiles\x03"...)
	number := binary.LittleEndian.AppendUint64
	b = number(number(b, headerSize), uint64(root))
	b = number(number(b, front+a.data+uint64(len(a.leaves))), uint64(metadata))
	b = number(number(b, front+a.data), uint64(len(a.leaves)))
	b = number(number(b, front), a.data)
	b = number(number(number(b, a.counts.tiles), a.counts.entries), a.counts.contents)
	b = append(b, 1, packedGzip, packedGzip, kindMVT, byte(about.MinZoom), byte(about.MaxZoom))
	b = appendPoint(appendPoint(b, about.Bounds.Min), about.Bounds.Max)
	return appendPoint(append(b, byte(about.CenterZoom)), about.Center)
}

// appendPoint writes degrees as the header has them, in units of 1e-7.
func appendPoint(b []byte, p orb.Point) []byte {
	for _, v := range p {
		b = binary.LittleEndian.AppendUint32(b, uint32(int32(math.Round(v*1e7))))
	}
	return b
}

// entry is a run of tiles with the same bytes, or, with a run of 0, a directory.
type entry struct {
	id, offset  uint64
	length, run uint32
}

type directory []entry

// packed is the directory's columns, packed by gzip: ids as differences, runs, lengths, and offsets, 0 for "after the last".
func (d directory) packed() ([]byte, error) {
	b := binary.AppendUvarint(nil, uint64(len(d)))
	last := uint64(0)
	for _, e := range d {
		b = binary.AppendUvarint(b, e.id-last)
		last = e.id
	}
	for _, e := range d {
		b = binary.AppendUvarint(b, uint64(e.run))
	}
	for _, e := range d {
		b = binary.AppendUvarint(b, uint64(e.length))
	}
	for i, e := range d {
		if i > 0 && e.offset == d[i-1].offset+uint64(d[i-1].length) {
			b = append(b, 0)
		} else {
			b = binary.AppendUvarint(b, e.offset+1)
		}
	}
	return pack(b)
}

func pack(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	err := z.Close()
	return out.Bytes(), err
}

// TileID counts tiles zoom by zoom, in each along the Hilbert curve, which is walked quadrant by quadrant: see
// https://en.wikipedia.org/wiki/Hilbert_curve, xy2d.
func TileID(t maptile.Tile) uint64 {
	id := (uint64(1)<<(2*t.Z) - 1) / 3 // tiles of the zooms above
	x, y := uint64(t.X), uint64(t.Y)
	for half := uint64(1) << t.Z >> 1; half > 0; half >>= 1 {
		right, low := x/half&1, y/half&1
		id += half * half * (3*right ^ low)
		x, y = x%half, y%half
		if low == 0 { // the upper quadrants' curves are turned
			if right == 1 {
				x, y = half-1-x, half-1-y
			}
			x, y = y, x
		}
	}
	return id
}
