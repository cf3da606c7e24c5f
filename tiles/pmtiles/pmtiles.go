// Package pmtiles reads PMTiles archives of version 3, https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md: one
// file with the tiles of many zooms, found through a directory. Every number of the file is checked before it is believed.
package pmtiles

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
)

// Limits on what a file may ask for.
const (
	mostDirectory = 16 << 20 // bytes of a directory or of the metadata, unpacked
	mostTile      = 32 << 20 // bytes of a tile as stored
	mostDepth     = 4        // directories from the root to a tile: the specification advises two
	leavesKept    = 32
)

// Type is what the tiles are.
type Type uint8

// The types of the specification.
const (
	Unknown Type = iota
	MVT
	PNG
	JPEG
	WebP
	AVIF
)

// File is an open archive. It is safe for concurrent use.
type File struct {
	Meta             map[string]string // the metadata's texts; other values as JSON
	Type             Type
	MinZoom, MaxZoom int
	Bounds           orb.Bound
	Center           orb.Point
	CenterZoom       int
	Version          string // changes when the file does; "" unless who opened it knows

	in     io.ReaderAt
	size   int64
	head   header
	root   directory
	mu     sync.Mutex
	leaves map[uint64]directory // by offset
}

// Open opens a file that nobody writes as long as it is open.
func Open(ctx context.Context, path string) (*File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	stat, err := in.Stat()
	var f *File
	if err == nil {
		f, err = New(in, stat.Size())
	}
	if err != nil {
		_ = in.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Version = fmt.Sprintf("%x-%x", stat.Size(), stat.ModTime().UnixNano())
	return f, nil
}

// New reads an archive of so many bytes. Close closes in where it can be closed.
func New(in io.ReaderAt, size int64) (*File, error) {
	f := &File{Meta: map[string]string{}, in: in, size: size, leaves: map[uint64]directory{}}
	b, err := f.read(section{0, headerSize}, headerSize)
	if err != nil {
		return nil, errors.New("it is no PMTiles archive: it is too short")
	}
	if f.head, err = readHeader(b); err != nil {
		return nil, err
	}
	f.Type, f.MinZoom, f.MaxZoom = f.head.kind, f.head.minZoom, f.head.maxZoom
	f.Bounds, f.Center, f.CenterZoom = f.head.bounds, f.head.center, f.head.centerZoom
	if !f.Bounds.Contains(f.Center) { // some writers leave it at 0, 0
		f.Center = f.Bounds.Center()
	}
	if f.root, err = f.directory(f.head.root); err != nil {
		return nil, fmt.Errorf("its root directory: %w", err)
	}
	return f, f.readMeta()
}

// Close frees the file.
func (f *File) Close() error {
	if c, ok := f.in.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Tile is a tile's bytes as they are stored, packed or not; tiles.ErrNotFound where there are none.
func (f *File) Tile(ctx context.Context, t maptile.Tile) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t.Z > maxZoom || t.X>>t.Z != 0 || t.Y>>t.Z != 0 {
		return nil, tiles.ErrNotFound
	}
	data, err := f.find(tileID(t))
	if err != nil && !errors.Is(err, tiles.ErrNotFound) {
		err = fmt.Errorf("%w: %w", tiles.ErrUpstream, err)
	}
	return data, err
}

// Any is the bytes of some tile, to see what the file holds.
func (f *File) Any(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d := f.root
	for range mostDepth {
		if len(d) == 0 {
			break
		}
		if d[0].run > 0 {
			return f.find(d[0].id)
		}
		var err error
		if d, err = f.leaf(d[0]); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("it holds no tiles")
}

func (f *File) find(id uint64) ([]byte, error) {
	d := f.root
	for range mostDepth {
		e, ok := d.find(id)
		if !ok {
			return nil, tiles.ErrNotFound
		}
		if e.run > 0 {
			at, err := f.head.data.part(e)
			if err != nil {
				return nil, err
			}
			return f.read(at, mostTile)
		}
		var err error
		if d, err = f.leaf(e); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("its directories are too deep")
}

// leaf is a directory below another; the latest are kept.
func (f *File) leaf(e entry) (directory, error) {
	f.mu.Lock()
	d, ok := f.leaves[e.offset]
	f.mu.Unlock()
	if ok {
		return d, nil
	}
	at, err := f.head.leaves.part(e)
	if err != nil {
		return nil, err
	}
	if d, err = f.directory(at); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.leaves) >= leavesKept {
		clear(f.leaves)
	}
	f.leaves[e.offset] = d
	return d, nil
}

func (f *File) directory(at section) (directory, error) {
	b, err := f.unpacked(at)
	if err != nil {
		return nil, err
	}
	return readDirectory(b)
}

// readMeta reads what the archive says of itself. Some say nothing.
func (f *File) readMeta() error {
	if f.head.meta.length == 0 {
		return nil
	}
	b, err := f.unpacked(f.head.meta)
	if err != nil {
		return fmt.Errorf("its metadata: %w", err)
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(b, &values); err != nil {
		return fmt.Errorf("its metadata: %w", err)
	}
	for k, v := range values {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		f.Meta[k] = s
	}
	return nil
}

func (f *File) unpacked(at section) ([]byte, error) {
	b, err := f.read(at, mostDirectory)
	if err != nil || f.head.packing != packedGzip {
		return b, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if b, err = io.ReadAll(io.LimitReader(z, mostDirectory+1)); err != nil {
		return nil, err
	}
	if len(b) > mostDirectory {
		return nil, fmt.Errorf("more than %d MiB unpacked", mostDirectory>>20)
	}
	return b, nil
}

// read reads a part of the file, unless it lies outside or is larger than a limit.
func (f *File) read(at section, most uint64) ([]byte, error) {
	if at.length > most || at.offset > uint64(f.size) || at.length > uint64(f.size)-at.offset {
		return nil, fmt.Errorf("%d bytes at %d of a file of %d: is it whole?", at.length, at.offset, f.size)
	}
	b := make([]byte, at.length)
	if _, err := f.in.ReadAt(b, int64(at.offset)); err != nil && (!errors.Is(err, io.EOF) || len(b) == 0) {
		return nil, err
	}
	return b, nil
}

// section is a part of the file.
type section struct{ offset, length uint64 }

// part is an entry's bytes, which are counted from the section's beginning.
func (s section) part(e entry) (section, error) {
	if e.offset > s.length || uint64(e.length) > s.length-e.offset {
		return section{}, fmt.Errorf("%d bytes at %d of a section of %d: the archive is damaged", e.length, e.offset, s.length)
	}
	return section{s.offset + e.offset, uint64(e.length)}, nil
}

const headerSize = 127

// The ways to pack directories that are read.
const (
	packedNone = 1
	packedGzip = 2
)

type header struct {
	root, meta, leaves, data section
	packing                  uint8
	kind                     Type
	minZoom, maxZoom         int
	bounds                   orb.Bound
	center                   orb.Point
	centerZoom               int
}

func readHeader(b []byte) (header, error) {
	if !bytes.HasPrefix(b, []byte("PMTiles")) {
		return header{}, errors.New("it is no PMTiles archive")
	}
	if b[7] != 3 {
		return header{}, fmt.Errorf("it is a PMTiles archive of version %d; version 3 is read", b[7])
	}
	part := func(at int) section {
		return section{binary.LittleEndian.Uint64(b[at:]), binary.LittleEndian.Uint64(b[at+8:])}
	}
	degrees := func(at int) orb.Point {
		x, y := int32(binary.LittleEndian.Uint32(b[at:])), int32(binary.LittleEndian.Uint32(b[at+4:]))
		return orb.Point{float64(x) / 1e7, float64(y) / 1e7}
	}
	h := header{
		root: part(8), meta: part(24), leaves: part(40), data: part(56), packing: b[97], kind: Type(b[99]),
		minZoom: int(b[100]), maxZoom: int(b[101]), bounds: orb.Bound{Min: degrees(102), Max: degrees(110)},
		centerZoom: int(b[118]), center: degrees(119),
	}
	if h.packing != packedNone && h.packing != packedGzip {
		return header{}, fmt.Errorf("its directories are packed in a way (%d) that is not read; gzip is", h.packing)
	}
	if h.maxZoom > maxZoom || h.minZoom > h.maxZoom {
		return header{}, fmt.Errorf("its zooms are %d to %d", h.minZoom, h.maxZoom)
	}
	return h, nil
}
