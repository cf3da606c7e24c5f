package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/project"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/pmtiles"
)

// places is some features of very different sizes in a small region, across the antimeridian too.
func places() *rapid.Generator[[]formats.Feature] {
	return rapid.Custom(func(t *rapid.T) []formats.Feature {
		west := rapid.SampledFrom([]float64{-179.95, -0.05, 85.5, 179.95}).Draw(t, "west")
		var out []formats.Feature
		for i := range rapid.IntRange(0, 30).Draw(t, "features") {
			lon := west + rapid.Float64Range(0, 0.1).Draw(t, "lon")
			lat := rapid.SampledFrom([]float64{-60, 0, 27.6}).Draw(t, "south") + rapid.Float64Range(0, 0.1).Draw(t, "lat")
			size := rapid.SampledFrom([]float64{0.00005, 0.0005, 0.005, 0.05}).Draw(t, "size")
			f := formats.Feature{Num: uint64(i + 1), Properties: []formats.Property{{Key: "name", Value: fmt.Sprint(i)}, {Key: "score", Value: 0.5}}}
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				f.Geometry = orb.Point{lon, lat}
			case 1:
				f.Geometry = orb.Polygon{box(lon, lat, lon+4*size, lat+4*size), reversed(box(lon+size, lat+size, lon+2*size, lat+2*size))}
			default:
				f.Geometry = orb.Polygon{box(lon, lat, lon+size, lat+2*size)}
			}
			out = append(out, f)
		}
		return out
	})
}

func unpacked(t require, b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	b, err = io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// require is a test or a property's.
type require interface{ Fatal(...any) }

// tilesNear is the tiles of a zoom that features may touch, and those around them.
func tilesNear(features []formats.Feature, z maptile.Zoom) map[maptile.Tile]bool {
	out := map[maptile.Tile]bool{}
	n := int(1) << z
	for _, f := range features {
		b := f.Geometry.Bound()
		nw, se := geo.Project(orb.Point{b.Min[0], b.Max[1]}, int(z)), geo.Project(orb.Point{b.Max[0], b.Min[1]}, int(z))
		for x := int(nw[0])/geo.TileSize - 1; x <= int(se[0])/geo.TileSize+1; x++ {
			for y := max(0, int(nw[1])/geo.TileSize-1); y <= min(n-1, int(se[1])/geo.TileSize+1); y++ {
				out[maptile.New(uint32((x%n+n)%n), uint32(y), z)] = true
			}
		}
	}
	return out
}

// TestPyramid: the deepest zoom's tiles are those of EncodeMVT of all features, byte for byte, and every zoom above stands for
// each feature once.
func TestPyramid(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		features := places().Draw(r, "features")
		const deep = 13
		m := about()
		m.MaxZoom = deep
		f, err := pmtiles.Open(context.Background(), write(t, "pmtiles", m, features...))
		if err != nil {
			r.Fatal(err)
		}
		defer f.Close()
		aoi := formats.Layer{Name: "aoi", Lattice: lattice}
		areas := aoi
		for _, feature := range features {
			toLattice := func(p orb.Point) orb.Point { return geo.Project(p, lattice) }
			switch g := orb.Clone(feature.Geometry).(type) {
			case orb.Point:
				feature.Geometry = project.Point(g, toLattice)
			case orb.Polygon:
				feature.Geometry = project.Polygon(g, toLattice)
				areas.Features = append(areas.Features, feature)
			}
			aoi.Features = append(aoi.Features, feature)
		}
		labels := formats.Labels("aoi_label", areas)
		for at := range tilesNear(features, deep) {
			want, err := formats.EncodeMVT(at, aoi, labels)
			if err != nil {
				r.Fatal(err)
			}
			got, err := f.Tile(context.Background(), at)
			switch {
			case errors.Is(err, tiles.ErrNotFound) && len(want) == 0:
			case err != nil:
				r.Fatalf("%v: %v, want %d bytes", at, err, len(want))
			case !bytes.Equal(sameOrder(r, unpacked(r, got)), sameOrder(r, want)):
				r.Fatalf("%v differs", at)
			}
		}
		for z := range maptile.Zoom(deep) {
			if got := standsFor(r, f, tilesNear(features, z)); got != len(features) {
				r.Fatalf("zoom %d stands for %d of %d features", z, got, len(features))
			}
		}
	})
}

// sameOrder is a tile as text: orb writes properties in the order of a map.
func sameOrder(t require, b []byte) []byte {
	layers, err := mvt.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, l := range layers {
		for _, f := range l.Features {
			fmt.Fprintln(&out, l.Name, l.Version, l.Extent, f.ID, f.Geometry, f.Properties)
		}
	}
	return out.Bytes()
}

// standsFor is how many features the tiles show, merged or not.
func standsFor(t require, f *pmtiles.File, near map[maptile.Tile]bool) int {
	merged := map[any]int{}
	for at := range near {
		b, err := f.Tile(context.Background(), at)
		if errors.Is(err, tiles.ErrNotFound) {
			continue
		}
		layers, err := mvt.Unmarshal(unpacked(t, b))
		if err != nil {
			t.Fatal(err)
		}
		for _, feature := range layers[0].Features {
			n := 1.0
			if v, ok := feature.Properties["merged"].(float64); ok {
				n = v
			}
			merged[feature.ID] = int(n)
		}
	}
	sum := 0
	for _, n := range merged {
		sum += n
	}
	return sum
}

// TestSorter: pieces come in order, whether they fit into memory or not.
func TestSorter(t *testing.T) {
	for _, n := range []int{0, 1, runPieces - 1, 2*runPieces + 17} {
		s := sorter{ctx: context.Background(), folder: t.TempDir()}
		for i := range n {
			p := piece{tile: uint64(i*7919) % 1000, cell: uint32(i*31) % 17, count: 1, at: span{int64(i), 3}, area: float64(i % 5),
				label: orb.Point{1, float64(i)}, bound: orb.Bound{Min: orb.Point{2, 3}, Max: orb.Point{4, float64(i)}}}
			if err := s.add(&p); err != nil {
				t.Fatal(err)
			}
		}
		var last piece
		got := 0
		if err := s.each(func(p *piece) error {
			if got > 0 && last.compare(p) >= 0 {
				t.Fatalf("%+v after %+v", *p, last)
			}
			i := float64(p.at.offset)
			if p.label[1] != i || p.bound.Max[1] != i || p.area != float64(int(i)%5) || p.at.length != 3 || p.tile != uint64(int(i)*7919)%1000 {
				t.Fatalf("%+v is not what was added", *p)
			}
			last = *p
			got++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got != n || len(left(t, s.folder)) != 0 {
			t.Errorf("%d of %d pieces, left %q", got, n, left(t, s.folder))
		}
	}
}

// TestDrawingIsStopped: Close heeds the context in the middle of the drawing.
func TestDrawingIsStopped(t *testing.T) {
	format, err := ByName("pmtiles")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	w, err := Create(ctx, filepath.Join(folder, "out.pmtiles"), format, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50_000 { // a second of drawing
		f := building(i)
		if err := w.Write(&f); err != nil {
			t.Fatal(err)
		}
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := w.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if names := left(t, folder); len(names) != 0 {
		t.Errorf("left: %q", names)
	}
}

// TestCrowdedTile: a tile shows so many features and no more, and the archive says how many it does not show.
func TestCrowdedTile(t *testing.T) {
	features := make([]formats.Feature, mostInTile+7)
	for i := range features {
		features[i] = formats.Feature{Num: uint64(i + 1), Geometry: orb.Point{10, 10}}
	}
	m := about()
	m.MaxZoom = 1
	f, err := pmtiles.Open(context.Background(), write(t, "pmtiles", m, features...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Meta["left_out"]; got != `{"1":7}` {
		t.Errorf("left out: %q", got)
	}
	if got := standsFor(t, f, map[maptile.Tile]bool{maptile.New(1, 0, 1): true}); got != mostInTile {
		t.Errorf("the tile shows %d", got)
	}
	if got := standsFor(t, f, map[maptile.Tile]bool{maptile.New(0, 0, 0): true}); got != len(features) {
		t.Errorf("the tile above stands for %d", got)
	}
}

func TestFeaturesThatTilesCannotHold(t *testing.T) {
	for name, f := range map[string]formats.Feature{
		"a line":             {Num: 1, Geometry: orb.LineString{{0, 0}, {1, 1}}},
		"beyond the pole":    {Num: 1, Geometry: orb.Point{0, 91}},
		"far past the globe": {Num: 1, Geometry: orb.Point{600, 0}},
		"a great number":     {Num: formats.MaxNum + 1, Geometry: orb.Point{0, 0}},
	} {
		format, err := ByName("pmtiles")
		if err != nil {
			t.Fatal(err)
		}
		m := Meta{TempDir: t.TempDir()}
		w, err := New(context.Background(), io.Discard, format, m)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(&f)
		if !errors.Is(err, formats.ErrGeometry) && !errors.Is(err, formats.ErrProperty) {
			t.Errorf("%s: %v", name, err)
		}
		w.Discard()
		if len(left(t, m.TempDir)) != 0 {
			t.Errorf("%s leaves %q", name, left(t, m.TempDir))
		}
	}
}
