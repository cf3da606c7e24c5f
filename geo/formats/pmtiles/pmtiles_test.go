package pmtiles_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo/formats/pmtiles"
	"github.com/precinct-map/precinct/tiles"
	reader "github.com/precinct-map/precinct/tiles/pmtiles"
)

// TestTileIDs are those of the specification's table, and every tile of a zoom has its own.
func TestTileIDs(t *testing.T) {
	for want, at := range []maptile.Tile{{Z: 0}, {Z: 1}, {X: 0, Y: 1, Z: 1}, {X: 1, Y: 1, Z: 1}, {X: 1, Y: 0, Z: 1}, {Z: 2}} {
		if got := pmtiles.TileID(at); got != uint64(want) {
			t.Errorf("%v is %d, want %d", at, got, want)
		}
	}
	if got := pmtiles.TileID(maptile.New(3423, 1763, 12)); got != 19078479 {
		t.Errorf("12/3423/1763 is %d", got)
	}
	tile := tilesOf(4)
	for id := uint64(85); id < 341; id++ {
		if _, ok := tile[id]; !ok {
			t.Fatalf("no tile %d", id)
		}
	}
}

// tilesOf is a zoom's tiles by their ids.
func tilesOf(z maptile.Zoom) map[uint64]maptile.Tile {
	out := map[uint64]maptile.Tile{}
	for x := range uint32(1) << z {
		for y := range uint32(1) << z {
			at := maptile.New(x, y, z)
			out[pmtiles.TileID(at)] = at
		}
	}
	return out
}

func archive(t *testing.T, most uint64, add func(*pmtiles.Archive) error) *reader.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.pmtiles")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	a := pmtiles.New(out, most)
	if err := add(a); err != nil {
		t.Fatal(err)
	}
	about := pmtiles.About{MaxZoom: 9, Bounds: orb.Bound{Min: orb.Point{-1, -2}, Max: orb.Point{3, 4.5}}, Center: orb.Point{1, 1},
		CenterZoom: 3, Metadata: []byte(`{"name":"n"}`)}
	if err := a.Finish(about); err != nil {
		t.Fatal(err)
	}
	f, err := reader.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if f.Bounds != about.Bounds || f.Meta["name"] != "n" || f.MaxZoom != 9 || f.CenterZoom != 3 || f.Type != reader.MVT {
		t.Fatalf("the header came back as %+v", f)
	}
	return f
}

// TestTilesComeBack: any set of tiles, with runs and repetitions, is read back by the reader.
func TestTilesComeBack(t *testing.T) {
	byID := tilesOf(4)
	rapid.Check(t, func(r *rapid.T) {
		want := map[uint64][]byte{}
		for id := uint64(85); id < 341; id++ {
			if n := rapid.IntRange(0, 6).Draw(r, "content"); n > 0 {
				want[id] = bytes.Repeat([]byte{byte(n)}, n)
			}
		}
		f := archive(t, 256, func(a *pmtiles.Archive) error {
			for id := uint64(85); id < 341; id++ {
				if want[id] != nil {
					if err := a.Add(id, want[id]); err != nil {
						return err
					}
				}
			}
			return nil
		})
		for id, at := range byID {
			got, err := f.Tile(context.Background(), at)
			if want[id] == nil {
				if !errors.Is(err, tiles.ErrNotFound) {
					r.Fatalf("%v: %q, %v", at, got, err)
				}
			} else if !bytes.Equal(got, want[id]) {
				r.Fatalf("%v: %q, want %q: %v", at, got, want[id], err)
			}
		}
	})
}

// TestLeaves: more tiles than a root directory holds are found through leaves.
func TestLeaves(t *testing.T) {
	const z = 7
	byID := tilesOf(z)
	first := pmtiles.TileID(maptile.New(0, 0, z))
	content := func(id uint64) []byte { return fmt.Appendf(nil, "tile %d", id*id) }
	f := archive(t, uint64(len(byID)), func(a *pmtiles.Archive) error {
		for i := range uint64(len(byID)) {
			if err := a.Add(first+i, content(first+i)); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range uint64(len(byID)) {
		id := first + i
		at := byID[id]
		if got, err := f.Tile(context.Background(), at); err != nil || !bytes.Equal(got, content(id)) {
			t.Fatalf("%v: %q, %v", at, got, err)
		}
	}
}

func TestOrder(t *testing.T) {
	a := pmtiles.New(nil, 2)
	if err := errors.Join(a.Add(7, []byte("a")), a.Add(8, []byte("a"))); err != nil {
		t.Fatal(err)
	}
	if a.Add(8, []byte("b")) == nil || a.Add(9, []byte("b")) == nil || a.Finish(pmtiles.About{}) == nil {
		t.Error("a tile out of order was taken, or did not spoil the archive")
	}
}
