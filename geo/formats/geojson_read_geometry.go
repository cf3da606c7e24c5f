package formats

import (
	"encoding/json"
	"fmt"

	"github.com/paulmach/orb"
)

// geometry reads a geometry object; nil where it has no coordinates.
func (o *geoJSONObject) geometry() (orb.Geometry, error) {
	switch o.Type {
	case "Point":
		p, err := decoded[position](o)
		return orb.Point(p), err
	case "MultiPoint":
		list, err := decoded[[]position](o)
		return orb.MultiPoint(points(list)), err
	case "LineString":
		return readGeometry(o, readLine)
	case "MultiLineString":
		return readGeometry(o, listOf[orb.MultiLineString](readLine))
	case "Polygon":
		return readGeometry(o, readPolygon)
	case "MultiPolygon":
		return readGeometry(o, listOf[orb.MultiPolygon](readPolygon))
	case "GeometryCollection":
		return o.members()
	}
	return nil, fmt.Errorf("%w: type %q", ErrGeometry, o.Type)
}

func (o *geoJSONObject) members() (orb.Geometry, error) {
	out := make(orb.Collection, 0, len(o.Geometries))
	for _, member := range o.Geometries {
		if member == nil {
			continue
		}
		g, err := member.geometry()
		if err != nil {
			return nil, err
		}
		if g != nil {
			out = append(out, g)
		}
	}
	return out, nil
}

func decoded[T any](o *geoJSONObject) (v T, err error) {
	if err = json.Unmarshal(o.Coordinates, &v); err != nil {
		err = fmt.Errorf("%w: %s: %w", ErrGeometry, o.Type, err)
	}
	return v, err
}

// readGeometry decodes an object's coordinates and makes a geometry of them, nil where there are none (RFC 7946, section 3.1).
func readGeometry[T any, G orb.Geometry](o *geoJSONObject, read func([]T) (G, error)) (orb.Geometry, error) {
	list, err := decoded[[]T](o)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	g, err := read(list)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrGeometry, o.Type, err)
	}
	return g, nil
}

func listOf[L ~[]G, T, G any](read func(T) (G, error)) func([]T) (L, error) {
	return func(list []T) (L, error) {
		out := make(L, len(list))
		for i, v := range list {
			g, err := read(v)
			if err != nil {
				return nil, fmt.Errorf("part %d: %w", i, err)
			}
			out[i] = g
		}
		return out, nil
	}
}

func readLine(list []position) (orb.LineString, error) {
	if len(list) < 2 {
		return nil, fmt.Errorf("a line of %d points", len(list))
	}
	return orb.LineString(points(list)), nil
}

func readPolygon(rings [][]position) (orb.Polygon, error) {
	out := make(orb.Polygon, 0, len(rings))
	for i, list := range rings {
		r := orb.Ring(points(list))
		if len(r) > 0 && r[0] != r[len(r)-1] {
			r = append(r, r[0])
		}
		if len(r) < 4 {
			return nil, fmt.Errorf("ring %d has fewer than three corners", i)
		}
		out = append(out, r)
	}
	return out, nil
}

func points(list []position) []orb.Point {
	out := make([]orb.Point, len(list), len(list)+1) // room to close a ring
	for i, p := range list {
		out[i] = orb.Point(p)
	}
	return out
}
