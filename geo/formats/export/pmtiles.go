package export

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/formats/pmtiles"
)

// The zooms of which the pyramid's deepest is chosen, and the deepest that may be asked for.
const (
	leastMaxZoom = 14
	mostMaxZoom  = 16
	deepest      = 22
)

// lattice is the zoom whose pixels the pyramid's geometries are counted in.
const lattice = 16

// openPMTiles gathers features in a file beside the result; finish draws them zoom by zoom.
func openPMTiles(ctx context.Context, out sink, m Meta) (encoder, error) {
	if m.MaxZoom < 0 || m.MaxZoom > deepest {
		return nil, fmt.Errorf("%w: zoom %d: the deepest is %d", ErrFormat, m.MaxZoom, deepest)
	}
	folder, err := workshop(out)
	if err != nil {
		return nil, err
	}
	features, err := newSpill(folder)
	if err != nil {
		return nil, err
	}
	pieces, err := newPieceFile(folder)
	if err != nil {
		_ = features.file.Close()
		return nil, err
	}
	return &pyramid{ctx: ctx, out: out, meta: m, folder: folder, features: features, pieces: pieces, shape: newShape(), leftOut: map[int]int{}}, nil
}

// pyramid is tiles of features at all zooms, from the deepest up.
//
// A feature is drawn as it is at the deepest zoom, and wherever it is at least markSize units wide or high. A smaller one
// falls into a cell of a grid of markSize units; all whose labels are in one cell are drawn as one mark, a square of that size
// (a point where the feature is one), with the number and the properties of the largest of them and, in "merged", how many
// they are. Marks have no label. Each zoom is made of what is left of the one below it.
type pyramid struct {
	ctx      context.Context
	out      sink
	meta     Meta
	folder   string
	features *spill
	pieces   *pieceFile // of the next zoom to be drawn
	shape    shape      // degrees
	polygons int
	large    [mostMaxZoom + 1]int // polygons that are no marks, by zoom
	maxZoom  int
	levels   []*level    // by zoom
	leftOut  map[int]int // features that crowded tiles of a zoom do not show
	packers  sync.Pool   // of *gzip.Writer, whose tables are most of a small tile's cost
}

// markSize is a mark's edge in tile units: two pixels where a tile is shown at 256.
const markSize = 32

func (p *pyramid) write(f *formats.Feature) error {
	fail := func(err error) error {
		return &formats.Error{Op: "export", Subject: subject(f), Err: err, Hint: "vector tiles have polygons and points in WGS-84 degrees"}
	}
	if f.Geometry == nil || f.Geometry.Bound().IsEmpty() {
		return nil // a map has nothing to show of it
	}
	if err := every(f.Geometry, within3Turns); err != nil {
		return fail(err)
	}
	if f.Num > formats.MaxNum {
		return fail(fmt.Errorf("%w: number %d is above %d", formats.ErrProperty, f.Num, uint64(formats.MaxNum)))
	}
	drawn := *f
	if p.meta.TileFields != nil {
		drawn.Properties = slices.DeleteFunc(slices.Clone(f.Properties), func(m formats.Property) bool { return !slices.Contains(p.meta.TileFields, m.Key) })
	}
	toLattice := func(at orb.Point) orb.Point { return geo.Project(at, lattice) }
	one := piece{count: 1}
	mp, isArea := formats.Polygons(f.Geometry)
	if isArea {
		drawn.Geometry = project.MultiPolygon(orb.Clone(mp).(orb.MultiPolygon), toLattice)
		labels := formats.Labels("", formats.Layer{Features: []formats.Feature{drawn}})
		if len(labels.Features) == 0 {
			return nil
		}
		one.label = labels.Features[0].Geometry.(orb.Point)
		one.area = math.Abs(planar.Area(drawn.Geometry))
	} else {
		switch g := orb.Clone(f.Geometry).(type) {
		case orb.Point:
			drawn.Geometry = project.Point(g, toLattice)
		case orb.MultiPoint:
			drawn.Geometry = project.MultiPoint(g, toLattice)
		default:
			return fail(fmt.Errorf("%w: a %s", formats.ErrGeometry, g.GeoJSONType()))
		}
		one.label = drawn.Geometry.Bound().Center()
	}
	one.bound = drawn.Geometry.Bound()
	p.shape.add(geo.SplitAntimeridian(f.Geometry))
	p.count(&one, isArea)
	var err error
	if one.at, err = p.features.add(&drawn); err != nil {
		return fail(err)
	}
	return p.pieces.add(&one)
}

// within3Turns is onEarth for longitudes that may run on past the antimeridian, by a turn.
func within3Turns(p orb.Point) error {
	if math.Abs(p[0]) <= 540 {
		return onEarth(orb.Point{0, p[1]})
	}
	return onEarth(p)
}

func (p *pyramid) count(one *piece, isArea bool) {
	if !isArea {
		return
	}
	p.polygons++
	for z := leastMaxZoom; z <= mostMaxZoom; z++ {
		if one.large(z) {
			p.large[z]++
		}
	}
}

// large is whether a feature is drawn as it is at a zoom.
func (p *piece) large(z int) bool {
	return max(p.bound.Max[0]-p.bound.Min[0], p.bound.Max[1]-p.bound.Min[1])*units(z) >= markSize
}

// units is how many tile units of a zoom a pixel of the lattice has.
func units(z int) float64 { return math.Ldexp(formats.Extent/geo.TileSize, z-lattice) }

func (p *pyramid) finish() error {
	defer p.drop()
	p.maxZoom = p.meta.MaxZoom
	for z := leastMaxZoom; p.maxZoom == 0; z++ {
		if z == mostMaxZoom || 2*p.large[z] >= p.polygons {
			p.maxZoom = z
		}
	}
	if err := p.features.w.Flush(); err != nil {
		return err
	}
	p.levels = make([]*level, p.maxZoom+1)
	for z := p.maxZoom; z >= 0; z-- {
		if err := p.draw(z); err != nil {
			return err
		}
	}
	return p.archive()
}

// drop closes the files; the sink's folder goes with what is in it.
func (p *pyramid) drop() {
	_ = p.features.file.Close()
	p.pieces.remove()
	for _, l := range p.levels {
		if l != nil {
			_ = l.file.Close()
		}
	}
}

// archive puts the levels together, the lowest zoom first.
func (p *pyramid) archive() error {
	file, err := os.OpenFile(p.out.path(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	most := uint64(0)
	for _, l := range p.levels {
		most += l.tiles
	}
	a := pmtiles.New(file, most)
	for _, l := range p.levels {
		if err := l.each(p.ctx, a.Add); err != nil {
			return err
		}
	}
	about, err := p.about()
	if err != nil {
		return err
	}
	return a.Finish(about)
}

func (p *pyramid) about() (pmtiles.About, error) {
	b := p.shape.bounds
	if p.shape.empty() {
		b = orb.Bound{Min: orb.Point{-180, -geo.MaxLatitude}, Max: orb.Point{180, geo.MaxLatitude}}
	}
	about := pmtiles.About{MaxZoom: p.maxZoom, Bounds: b, Center: b.Center()}
	extent := max((b.Max[0]-b.Min[0])/360, 1e-9)
	about.CenterZoom = min(p.maxZoom, max(0, int(math.Floor(-math.Log2(extent)))))
	fields := map[string]string{"merged": "Number"}
	for i, key := range p.features.keys {
		fields[key] = [...]string{"String", "Number", "Number", "Boolean", "String"}[p.features.kinds[i]]
	}
	metadata := map[string]any{"type": "overlay", "generator": "precinct"}
	for _, m := range p.meta.properties() {
		metadata[m.Key] = m.Value
	}
	if len(p.leftOut) > 0 {
		metadata["left_out"] = p.leftOut
	}
	var layers []map[string]any
	for _, name := range [...]string{p.meta.Name, p.meta.Name + "_label"} {
		layers = append(layers, map[string]any{"id": name, "description": p.meta.Description, "minzoom": 0, "maxzoom": p.maxZoom, "fields": fields})
	}
	metadata["vector_layers"] = layers
	var err error
	about.Metadata, err = json.Marshal(metadata)
	return about, err
}
