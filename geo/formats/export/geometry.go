package export

import (
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
)

// plain is a feature's geometry as files without GeoJSON's freedoms want it: cut at the antimeridian, longitudes in
// -180 … 180, rings closed, exteriors counter-clockwise and holes clockwise, no rings or bounds; nil where there is nothing.
func plain(f *formats.Feature) (orb.Geometry, error) {
	g, err := tidied(geo.SplitAntimeridian(f.Geometry))
	if err != nil {
		return nil, &formats.Error{Op: "export", Subject: subject(f), Err: err, Hint: "coordinates must be WGS-84 longitudes and latitudes in degrees"}
	}
	return g, nil
}

func tidied(g orb.Geometry) (orb.Geometry, error) {
	switch g := g.(type) {
	case orb.Ring, orb.Bound:
		mp, _ := formats.Polygons(g)
		return tidied(mp[0])
	case orb.Polygon:
		if len(g) == 0 || len(g[0]) == 0 {
			return nil, nil
		}
		return polygon(g)
	case orb.MultiPolygon:
		out := make(orb.MultiPolygon, 0, len(g))
		for _, p := range g {
			if len(p) == 0 || len(p[0]) == 0 {
				continue
			}
			p, err := polygon(p)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
		if len(out) == 0 {
			return nil, nil
		}
		return out, nil
	case orb.Collection:
		out := make(orb.Collection, 0, len(g))
		for _, member := range g {
			member, err := tidied(member)
			if err != nil {
				return nil, err
			}
			if member != nil {
				out = append(out, member)
			}
		}
		if len(out) == 0 {
			return nil, nil
		}
		return out, nil
	case nil:
		return nil, nil
	}
	if g.Bound().IsEmpty() {
		return nil, nil
	}
	return g, every(g, onEarth)
}

// onEarth is an error for a point beyond the longitudes and latitudes, and for one that is no numbers.
func onEarth(p orb.Point) error {
	if !(math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90) {
		return fmt.Errorf("%w: (%g, %g) is no place on Earth", formats.ErrGeometry, p[0], p[1])
	}
	return nil
}

// every is the first error of a geometry's points.
func every(g orb.Geometry, check func(orb.Point) error) error {
	var list []orb.Point
	switch g := g.(type) {
	case orb.Point:
		list = []orb.Point{g}
	case orb.MultiPoint:
		list = g
	case orb.LineString:
		list = g
	case orb.Ring:
		list = g
	case orb.Polygon:
		for _, r := range g {
			if err := every(r, check); err != nil {
				return err
			}
		}
	case orb.Bound:
		list = []orb.Point{g.Min, g.Max}
	default:
		members, _ := parts(g)
		for _, member := range members {
			if err := every(member, check); err != nil {
				return err
			}
		}
	}
	for _, p := range list {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

// parts is the members of a geometry that has several.
func parts(g orb.Geometry) (orb.Collection, bool) {
	var out orb.Collection
	switch g := g.(type) {
	case orb.Collection:
		return g, true
	case orb.MultiPoint:
		for _, p := range g {
			out = append(out, p)
		}
	case orb.MultiLineString:
		for _, l := range g {
			out = append(out, l)
		}
	case orb.MultiPolygon:
		for _, p := range g {
			out = append(out, p)
		}
	default:
		return nil, false
	}
	return out, true
}

func polygon(p orb.Polygon) (orb.Polygon, error) {
	out := make(orb.Polygon, len(p))
	for i, r := range p {
		if err := every(r, onEarth); err != nil {
			return nil, err
		}
		closed := len(r) > 1 && r[0] == r[len(r)-1]
		if len(r) < 3 || closed && len(r) < 4 {
			return nil, fmt.Errorf("%w: a ring of %d points", formats.ErrGeometry, len(r))
		}
		wrong := (r.Orientation() == orb.CCW) != (i == 0)
		if !closed || wrong {
			r = slices.Clone(r)
		}
		if !closed {
			r = append(r, r[0])
		}
		if wrong {
			slices.Reverse(r)
		}
		out[i] = r
	}
	return out, nil
}

// shape is what a file's geometries have in common.
type shape struct {
	types  map[string]bool // as GeoJSON names them
	bounds orb.Bound
}

func newShape() shape {
	return shape{map[string]bool{}, orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}}
}

func (s *shape) add(g orb.Geometry) orb.Bound {
	b := g.Bound()
	s.types[g.GeoJSONType()] = true
	s.bounds = s.bounds.Union(b)
	return b
}

func (s *shape) empty() bool { return len(s.types) == 0 }
