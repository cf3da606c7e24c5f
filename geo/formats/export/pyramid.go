package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"

	"github.com/klauspost/compress/gzip"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/formats/pmtiles"
)

// mostInTile is how many features a tile shows: that bounds the memory where they all lie on one place. Marks come first; what
// is left out is counted in the archive's metadata.
const mostInTile = 20_000

// batchPieces is how many pieces are drawn at once, or the tiles of one piece each.
const batchPieces = 4 * mostInTile

// level is the drawn tiles of a zoom, in a file.
type level struct {
	file  *os.File
	w     *bufio.Writer
	tiles uint64
}

func (l *level) add(id uint64, tile []byte) error {
	var head [12]byte
	binary.LittleEndian.PutUint64(head[:], id)
	binary.LittleEndian.PutUint32(head[8:], uint32(len(tile)))
	l.tiles++
	_, _ = l.w.Write(head[:])
	_, err := l.w.Write(tile)
	return err
}

// each reads the tiles back and closes the file.
func (l *level) each(ctx context.Context, yield func(id uint64, tile []byte) error) error {
	if err := l.w.Flush(); err != nil {
		return err
	}
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(l.file, 256<<10)
	var head [12]byte
	var tile []byte
	for range l.tiles {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		n := int(binary.LittleEndian.Uint32(head[8:]))
		tile = append(tile[:0], make([]byte, n)...)
		if _, err := io.ReadFull(r, tile); err != nil {
			return err
		}
		if err := yield(binary.LittleEndian.Uint64(head[:]), tile); err != nil {
			return err
		}
	}
	return errors.Join(l.file.Close(), os.Remove(l.file.Name()))
}

// draw makes a zoom's level of the pieces that the zoom below has left, and leaves those of the zoom above.
func (p *pyramid) draw(z int) error {
	file, err := os.Create(filepath.Join(p.folder, fmt.Sprintf("zoom-%d", z)))
	if err != nil {
		return err
	}
	p.levels[z] = &level{file: file, w: bufio.NewWriterSize(file, 64<<10)}
	sorted := sorter{ctx: p.ctx, folder: p.folder}
	defer sorted.drop()
	if err := p.place(z, sorted.add); err != nil {
		return err
	}
	if p.pieces, err = newPieceFile(p.folder); err != nil {
		return err
	}
	b := batch{p: p, z: z}
	if err := sorted.each(b.add); err != nil {
		return err
	}
	return b.flush()
}

// place says in which tiles of a zoom, and in which cells of those, the pieces are.
func (p *pyramid) place(z int, yield func(*piece) error) error {
	if err := p.pieces.rewind(); err != nil {
		return err
	}
	defer p.pieces.remove()
	var one piece
	for n := 0; ; n++ {
		ok, err := p.pieces.next(&one)
		if err != nil || !ok {
			return err
		}
		if n%1024 == 0 {
			if err := p.ctx.Err(); err != nil {
				return err
			}
		}
		home, inside := one.home(z)
		if z == p.maxZoom || one.large(z) {
			one.cell = whole
			err = one.cover(z, yield)
		} else {
			one.cell = uint32(inside[1]/markSize)*(formats.Extent/markSize) + uint32(inside[0]/markSize)
			err = one.in(home, yield)
		}
		if err != nil {
			return err
		}
	}
}

// home is the tile that a piece's label lies in, and where there, in whole tile units: rounding comes first, as in EncodeMVT.
func (p *piece) home(z int) (maptile.Tile, orb.Point) {
	world := math.Ldexp(formats.Extent, z)
	x, y := math.Floor(p.label[0]*units(z)+0.5), math.Floor(p.label[1]*units(z)+0.5)
	x -= world * math.Floor(x/world)
	y = max(0, min(y, world-1))
	col, row := math.Floor(x/formats.Extent), math.Floor(y/formats.Extent)
	return maptile.New(uint32(col), uint32(row), maptile.Zoom(z)), orb.Point{x - col*formats.Extent, y - row*formats.Extent}
}

func (p *piece) in(t maptile.Tile, yield func(*piece) error) error {
	p.tile, p.x, p.y = pmtiles.TileID(t), t.X, t.Y
	return yield(p)
}

// cover gives the piece for each tile that its bounds and the tiles' buffer share ground with.
func (p *piece) cover(z int, yield func(*piece) error) error {
	n := 1 << z
	tile := func(v, buffer float64) int { return int(math.Floor((v*units(z) + buffer) / formats.Extent)) }
	west, east := tile(p.bound.Min[0], -formats.Buffer), tile(p.bound.Max[0], formats.Buffer)
	north, south := max(0, tile(p.bound.Min[1], -formats.Buffer)), min(n-1, tile(p.bound.Max[1], formats.Buffer))
	for y := north; y <= south; y++ {
		for x := west; x <= min(east, west+n-1); x++ {
			if err := p.in(maptile.New(uint32((x%n+n)%n), uint32(y), maptile.Zoom(z)), yield); err != nil {
				return err
			}
		}
	}
	return nil
}

// batch is tiles that are drawn at once, by as many goroutines as there are processors.
type batch struct {
	p      *pyramid
	z      int
	tiles  [][]piece
	pieces int
}

// add takes the pieces of a zoom in their order. What falls into the cell of the piece before is merged into that.
func (b *batch) add(one *piece) error {
	last := len(b.tiles) - 1
	if last < 0 || b.tiles[last][0].tile != one.tile {
		if b.pieces >= batchPieces {
			if err := b.flush(); err != nil {
				return err
			}
		}
		b.tiles = append(b.tiles, nil)
		last = len(b.tiles) - 1
	}
	tile := b.tiles[last]
	if n := len(tile); n > 0 && one.cell != whole && tile[n-1].cell == one.cell {
		tile[n-1].count += one.count
		return nil
	}
	if len(tile) >= mostInTile {
		b.p.leftOut[b.z]++
		return b.pass(one)
	}
	b.tiles[last] = append(tile, *one)
	b.pieces++
	return nil
}

// pass leaves a piece to the zoom above, once: from the tile of its label.
func (b *batch) pass(one *piece) error {
	if home, _ := one.home(b.z); b.z == 0 || home.X != one.x || home.Y != one.y {
		return nil
	}
	return b.p.pieces.add(one)
}

func (b *batch) flush() error {
	drawn := make([][]byte, len(b.tiles))
	group, ctx := errgroup.WithContext(b.p.ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, pieces := range b.tiles {
		group.Go(func() error {
			err := ctx.Err()
			if err == nil {
				drawn[i], err = b.p.tile(b.z, pieces)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, pieces := range b.tiles {
		for k := range pieces {
			if err := b.pass(&pieces[k]); err != nil {
				return err
			}
		}
		if len(drawn[i]) == 0 {
			continue
		}
		if err := b.p.levels[b.z].add(pieces[0].tile, drawn[i]); err != nil {
			return err
		}
	}
	b.tiles, b.pieces = b.tiles[:0], 0
	return nil
}

// tile draws one tile, packed; nil when it shows nothing.
func (p *pyramid) tile(z int, pieces []piece) ([]byte, error) {
	at := maptile.New(pieces[0].x, pieces[0].y, maptile.Zoom(z))
	aoi := formats.Layer{Name: p.meta.Name, Lattice: lattice, Features: make([]formats.Feature, 0, len(pieces))}
	labels := formats.Layer{Name: p.meta.Name + "_label", Lattice: lattice}
	for i := range pieces {
		one := &pieces[i]
		f, err := p.features.read(one.at)
		if err != nil {
			return nil, err
		}
		_, isArea := formats.Polygons(f.Geometry)
		switch {
		case one.cell != whole:
			f.Geometry = one.mark(at, isArea)
			if one.count > 1 {
				f.Properties = append(f.Properties, formats.Property{Key: "merged", Value: int64(one.count)})
			}
		case isArea:
			if home, _ := one.home(z); home == at {
				labels.Features = append(labels.Features, formats.Feature{Num: f.Num, Geometry: one.label, Properties: f.Properties})
			}
		}
		aoi.Features = append(aoi.Features, f)
	}
	data, err := formats.EncodeMVT(at, aoi, labels)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	return p.packed(data)
}

func (p *pyramid) packed(data []byte) ([]byte, error) {
	w, ok := p.packers.Get().(*gzip.Writer)
	if !ok {
		w = gzip.NewWriter(nil)
	}
	defer p.packers.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

// mark is what a feature too small to be seen looks like, in the lattice: a square about its label for one alone, which
// stays within the tile, and the cell for several.
func (p *piece) mark(t maptile.Tile, isArea bool) orb.Geometry {
	if !isArea {
		return p.label
	}
	const across = formats.Extent / markSize
	corner := orb.Point{float64(p.cell % across * markSize), float64(p.cell / across * markSize)}
	if p.count == 1 {
		_, corner = p.home(int(t.Z))
		for axis := range corner {
			corner[axis] = max(0, min(corner[axis]-markSize/2, formats.Extent-markSize))
		}
	}
	unit := 1 / units(int(t.Z))
	west, north := (float64(t.X)*formats.Extent+corner[0])*unit, (float64(t.Y)*formats.Extent+corner[1])*unit
	east, south := west+markSize*unit, north+markSize*unit
	return orb.Polygon{{{west, north}, {east, north}, {east, south}, {west, south}, {west, north}}}
}
