package formats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
)

// The vector tiles' grid: Extent units a tile's edge, and Buffer units of the neighbours' ground on each side.
const (
	Extent = 4096
	Buffer = 64
)

// MaxNum is the largest id that a vector tile's clients keep: they count in doubles.
const MaxNum = 1<<53 - 1

// EncodeMVT writes layers as a Mapbox vector tile, version 2.1. Polygons are clipped to the tile and its buffer; exteriors
// have positive area in tile coordinates, holes negative. Inside the tile proper, polygons meet those of the neighbour tile
// at equal points, whatever they cross. A point belongs to one tile alone and has no buffer. Layers without features in
// the tile are left out: a tile that shows nothing has no bytes. Features and layers keep their order; properties that are
// nil or no finite number are left out, times are text, lists are JSON.
//
// The error is an *Error and wraps ErrGeometry for geometries other than polygons and points, and ErrProperty for ids
// beyond MaxNum and values that a tile cannot hold.
func EncodeMVT(tile maptile.Tile, layers ...Layer) ([]byte, error) {
	out := make(mvt.Layers, 0, len(layers))
	for i := range layers {
		l := &layers[i]
		pl := tilePlane{plane{window: geo.TileWindow(tile), units: Extent / geo.TileSize, lattice: l.Lattice, whole: true}}
		// orb's NewLayer would say version 1.
		drawn := &mvt.Layer{Name: l.Name, Version: 2, Extent: Extent, Features: make([]*geojson.Feature, 0, len(l.Features))}
		for k := range l.Features {
			f, err := pl.feature(&l.Features[k])
			if err != nil {
				return nil, &Error{Op: "encode vector tile", Subject: l.Features[k].subject(), Err: err}
			}
			if f != nil {
				drawn.Features = append(drawn.Features, f)
			}
		}
		if len(drawn.Features) > 0 {
			out = append(out, drawn)
		}
	}
	data, err := mvt.Marshal(out)
	if err != nil {
		return nil, &Error{Op: "encode vector tile", Subject: fmt.Sprintf("%d/%d/%d", tile.Z, tile.X, tile.Y), Err: fmt.Errorf("%w: %w", ErrProperty, err)}
	}
	return data, nil
}

// tilePlane is the plane of a vector tile.
type tilePlane struct{ plane }

// feature is what the tile shows of a feature; nil when that is nothing.
func (pl tilePlane) feature(f *Feature) (*geojson.Feature, error) {
	if f.Num > MaxNum {
		return nil, fmt.Errorf("%w: id %d is above %d", ErrProperty, f.Num, uint64(MaxNum))
	}
	g, err := pl.geometry(f.Geometry)
	if g == nil || err != nil {
		return nil, err
	}
	out := &geojson.Feature{Type: "Feature", Geometry: g, Properties: make(geojson.Properties, len(f.Properties))}
	if f.Num != 0 {
		out.ID = f.Num
	}
	for _, p := range f.Properties {
		if v := tileValue(p.Value); v != nil {
			out.Properties[p.Key] = v
		}
	}
	return out, nil
}

// tileValue is a property as orb's encoder wants it; nil for what a tile should not have, which orb would write as "null" or NaN.
func tileValue(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case float32:
		return tileValue(float64(v))
	case time.Time:
		return v.Format(time.RFC3339)
	}
	return v
}

func (pl tilePlane) geometry(g orb.Geometry) (orb.Geometry, error) {
	switch g := g.(type) {
	case nil:
		return nil, nil
	case orb.Point:
		return pl.points(orb.MultiPoint{g}), nil
	case orb.MultiPoint:
		return pl.points(g), nil
	}
	mp, ok := Polygons(g)
	if !ok {
		return nil, fmt.Errorf("%w: a %s has no place in a tile of outlines", ErrGeometry, g.GeoJSONType())
	}
	var out orb.MultiPolygon
	for _, p := range mp {
		for east := range pl.copies(p.Bound(), Buffer) {
			out = append(out, pl.clipped(p, east)...)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func (pl tilePlane) points(points orb.MultiPoint) orb.Geometry {
	var out orb.MultiPoint
	for _, p := range points {
		for east := range pl.copies(p.Bound(), 0) {
			q := pl.place(p)
			q[0] += east
			if q[0] < Extent && q[1] < Extent {
				out = append(out, q)
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// clipped is what lies in the tile and its buffer. Every edge gets a corner, rounded, where it crosses the tile's border and
// the buffer's: the neighbour has the same corner, and no later rounding can part the two.
func (pl tilePlane) clipped(p orb.Polygon, east float64) orb.MultiPolygon {
	within := pl.bound(Buffer)
	noded := make(orb.Polygon, len(p))
	for i, r := range p {
		r = pl.ring(r, east)
		if b := r.Bound(); !pl.bound(0).Contains(b.Min) || !pl.bound(0).Contains(b.Max) {
			r = withCrossings(r)
		}
		noded[i] = r
	}
	return geo.Clip(noded, within)
}

// withCrossings is a closed ring with corners wherever it crosses the lines of the tile's border and of its buffer's.
func withCrossings(r orb.Ring) orb.Ring {
	out := make(orb.Ring, 0, len(r)+16)
	for i, p := range r {
		if i > 0 {
			out = appendCrossings(out, r[i-1], p)
		}
		out = append(out, p)
	}
	return out
}

func appendCrossings(out orb.Ring, a, b orb.Point) orb.Ring {
	type crossing struct {
		way float64 // of the edge, from a
		at  orb.Point
	}
	var room [8]crossing
	found := room[:0]
	for axis := range 2 {
		for _, line := range [...]float64{-Buffer, 0, Extent, Extent + Buffer} {
			if (a[axis] < line) == (b[axis] < line) || a[axis] == line || b[axis] == line {
				continue
			}
			// From the lower end, and by differences: the same for both directions and for every tile.
			p, q := a, b
			if p[axis] > q[axis] {
				p, q = q, p
			}
			share := (line - p[axis]) / (q[axis] - p[axis])
			at := orb.Point{line, line}
			at[1-axis] = p[1-axis] + math.Floor((q[1-axis]-p[1-axis])*share+0.5)
			found = append(found, crossing{math.Abs((line - a[axis]) / (b[axis] - a[axis])), at})
		}
	}
	slices.SortFunc(found, func(c, d crossing) int { return cmp.Compare(c.way, d.way) })
	for _, c := range found {
		out = append(out, c.at)
	}
	return out
}
