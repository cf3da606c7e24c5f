package pmtiles

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
)

// TestTileIDs are those of the specification's table, and every tile of a zoom has its own.
func TestTileIDs(t *testing.T) {
	for want, at := range []maptile.Tile{{Z: 0}, {Z: 1}, {X: 0, Y: 1, Z: 1}, {X: 1, Y: 1, Z: 1}, {X: 1, Y: 0, Z: 1}, {Z: 2}} {
		if got := tileID(at); got != uint64(want) {
			t.Errorf("%v is %d, want %d", at, got, want)
		}
	}
	if got := tileID(maptile.New(3423, 1763, 12)); got != 19078479 {
		t.Errorf("12/3423/1763 is %d", got)
	}
	seen := map[uint64]bool{}
	for x := range uint32(32) {
		for y := range uint32(32) {
			id := tileID(maptile.New(x, y, 5))
			if id < 341 || id >= 1365 || seen[id] {
				t.Fatalf("5/%d/%d is %d", x, y, id)
			}
			seen[id] = true
		}
	}
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

func columns(entries []entry) []byte {
	b := binary.AppendUvarint(nil, uint64(len(entries)))
	last := uint64(0)
	for _, e := range entries {
		b = binary.AppendUvarint(b, e.id-last)
		last = e.id
	}
	for _, e := range entries {
		b = binary.AppendUvarint(b, uint64(e.run))
	}
	for _, e := range entries {
		b = binary.AppendUvarint(b, uint64(e.length))
	}
	for _, e := range entries {
		b = binary.AppendUvarint(b, e.offset+1)
	}
	return pack(b)
}

// archive writes tiles, all but the first behind a leaf directory.
func archive(at map[maptile.Tile]string) []byte {
	var entries []entry
	var data []byte
	for tile, s := range at {
		entries = append(entries, entry{tileID(tile), uint64(len(data)), uint32(len(s)), 1})
		data = append(data, s...)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	leaf := columns(entries[1:])
	root := columns([]entry{entries[0], {entries[1].id, 0, uint32(len(leaf)), 0}})
	meta := pack([]byte(`{"attribution":"them","vector_layers":[]}`))
	b := make([]byte, headerSize)
	copy(b, "PMTiles\x03")
	offset := uint64(headerSize)
	for i, part := range [][]byte{root, meta, leaf, data} {
		binary.LittleEndian.PutUint64(b[8+16*i:], offset)
		binary.LittleEndian.PutUint64(b[16+16*i:], uint64(len(part)))
		offset += uint64(len(part))
		b = append(b, part...)
	}
	b[97], b[98], b[99], b[101] = packedGzip, packedNone, byte(MVT), 3
	return b
}

var small = map[maptile.Tile]string{{}: "world", {X: 5, Y: 3, Z: 3}: "here", {X: 1, Y: 0, Z: 1}: "north-east"}

func TestSmallArchive(t *testing.T) {
	b := archive(small)
	f, err := New(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Meta["attribution"] != "them" || f.Meta["vector_layers"] != "[]" || f.MaxZoom != 3 || f.Type != MVT {
		t.Errorf("%+v", f)
	}
	for range 2 { // from the file and from memory
		for at, want := range small {
			if got, err := f.Tile(t.Context(), at); string(got) != want || err != nil {
				t.Errorf("%v: %q, %v", at, got, err)
			}
		}
	}
	for _, at := range []maptile.Tile{{X: 4, Y: 3, Z: 3}, {X: 9, Y: 9, Z: 3}, {X: 0, Y: 0, Z: 9}, {Z: 32}} {
		if _, err := f.Tile(t.Context(), at); !errors.Is(err, tiles.ErrNotFound) {
			t.Errorf("%v: %v", at, err)
		}
	}
	if any, err := f.Any(t.Context()); string(any) != "world" || err != nil {
		t.Error(any, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Tile(cancelled, maptile.Tile{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestCutArchive: wherever a file ends too early, it is an error and no panic.
func TestCutArchive(t *testing.T) {
	b := archive(small)
	for n := range b {
		f, err := New(bytes.NewReader(b[:n]), int64(n))
		if err != nil {
			continue
		}
		failed := false
		for at := range small {
			_, err := f.Tile(t.Context(), at)
			failed = failed || errors.Is(err, tiles.ErrUpstream)
		}
		if !failed {
			t.Errorf("nothing is missed of %d bytes in %d", n, len(b))
		}
	}
}

func TestFirenze(t *testing.T) {
	const path = "../../../shared/data/osm/firenze.pmtiles"
	if _, err := os.Stat(path); err != nil {
		t.Skip("the shared data is not here:", err)
	}
	f, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.MaxZoom != 14 || !f.Bounds.Contains(f.Center) || f.Type != MVT {
		t.Errorf("zooms to %d, bounds %v", f.MaxZoom, f.Bounds)
	}
	if data, err := f.Tile(t.Context(), maptile.At(f.Center, 14)); err != nil || len(data) < 1000 {
		t.Errorf("the middle has %d bytes: %v", len(data), err)
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(archive(small))
	f.Add([]byte("PMTiles\x03"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := New(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for at := range small {
			_, _ = a.Tile(context.Background(), at)
		}
		_, _ = a.Any(context.Background())
	})
}
