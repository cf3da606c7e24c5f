package formats

import (
	"fmt"
	"math"
	"strconv"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

const geometryHint = "coordinates must be WGS-84 longitudes and latitudes in degrees"

// geometryEncoder appends GeoJSON to a buffer, without reflection.
type geometryEncoder struct {
	project func(orb.Point) orb.Point // as in GeoJSONOptions
}

func (e geometryEncoder) feature(b []byte, f *Feature, bbox bool, members []Property) ([]byte, error) {
	b = append(b, `{"type":"Feature"`...)
	switch {
	case f.ID != "":
		b = appendString(append(b, `,"id":`...), f.ID)
	case f.Num != 0:
		b = strconv.AppendUint(append(b, `,"id":`...), f.Num, 10)
	}
	var err error
	if bbox && f.Geometry != nil && !f.Geometry.Bound().IsEmpty() {
		if b, err = e.bbox(append(b, `,"bbox":`...), f.Geometry.Bound()); err != nil {
			return nil, &Error{Op: "write GeoJSON", Subject: f.subject(), Err: err, Hint: geometryHint}
		}
	}
	if b, err = e.geometry(append(b, `,"geometry":`...), geo.SplitAntimeridian(f.Geometry)); err != nil {
		return nil, &Error{Op: "write GeoJSON", Subject: f.subject(), Err: err, Hint: geometryHint}
	}
	b = append(b, `,"properties":{`...)
	if b, err = appendMembers(b, f.Properties); err != nil {
		return nil, &Error{Op: "write GeoJSON", Subject: f.subject(), Err: err, Hint: propertyHint}
	}
	b = append(b, '}')
	if len(members) > 0 {
		if b, err = appendMembers(append(b, ','), members); err != nil {
			return nil, &Error{Op: "write GeoJSON", Subject: f.subject(), Err: err, Hint: propertyHint}
		}
	}
	return append(b, '}'), nil
}

func (e geometryEncoder) geometry(b []byte, g orb.Geometry) ([]byte, error) {
	switch g := g.(type) {
	case nil:
		return append(b, "null"...), nil
	case orb.Ring:
		return e.geometry(b, orb.Polygon{g})
	case orb.Bound:
		return e.geometry(b, g.ToPolygon())
	case orb.Collection:
		b = append(b, `{"type":"GeometryCollection","geometries":`...)
		return closeObject(appendList(b, g, e.geometry))
	}
	b = append(b, `{"type":"`...)
	b = append(b, g.GeoJSONType()...)
	b = append(b, `","coordinates":`...)
	switch g := g.(type) {
	case orb.Point:
		return closeObject(e.position(b, g))
	case orb.MultiPoint:
		return closeObject(appendList(b, g, e.position))
	case orb.LineString:
		return closeObject(e.line(b, g))
	case orb.MultiLineString:
		return closeObject(appendList(b, g, e.line))
	case orb.Polygon:
		return closeObject(e.polygon(b, g))
	case orb.MultiPolygon:
		return closeObject(appendList(b, g, e.polygon))
	}
	return b, fmt.Errorf("%w: a %T", ErrGeometry, g)
}

func closeObject(b []byte, err error) ([]byte, error) { return append(b, '}'), err }

func appendList[T any](b []byte, list []T, appendOne func([]byte, T) ([]byte, error)) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendOne(b, v); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func (e geometryEncoder) line(b []byte, l orb.LineString) ([]byte, error) {
	return appendList(b, l, e.position)
}

func (e geometryEncoder) polygon(b []byte, p orb.Polygon) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, r := range p {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = e.ring(b, r, i == 0); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// ring writes a ring closed and in the wanted direction, whatever it was.
func (e geometryEncoder) ring(b []byte, r orb.Ring, counterClockwise bool) ([]byte, error) {
	if len(r) > 1 && r[0] == r[len(r)-1] {
		r = r[:len(r)-1]
	}
	if len(r) < 3 {
		return b, fmt.Errorf("%w: a ring of %d points", ErrGeometry, len(r))
	}
	at, step := 0, 1
	if (r.Orientation() == orb.CCW) != counterClockwise {
		step = len(r) - 1 // backwards, modulo the length
	}
	b = append(b, '[')
	var err error
	for range r {
		if b, err = e.position(b, r[at]); err != nil {
			return b, err
		}
		b = append(b, ',')
		at = (at + step) % len(r)
	}
	b, err = e.position(b, r[0])
	return append(b, ']'), err
}

func (e geometryEncoder) position(b []byte, p orb.Point) ([]byte, error) {
	b, err := e.coordinates(append(b, '['), p)
	return append(b, ']'), err
}

// bbox is west, south, east, north (RFC 7946, section 5).
func (e geometryEncoder) bbox(b []byte, bound orb.Bound) ([]byte, error) {
	bound = geo.WrapBound(bound)
	b, err := e.coordinates(append(b, '['), bound.Min)
	if err != nil {
		return b, err
	}
	b, err = e.coordinates(append(b, ','), bound.Max)
	return append(b, ']'), err
}

func (e geometryEncoder) coordinates(b []byte, p orb.Point) ([]byte, error) {
	if !(math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90) { // not so for NaN either
		return b, fmt.Errorf("%w: (%g, %g) is no place on Earth", ErrGeometry, p[0], p[1])
	}
	if e.project != nil {
		p = e.project(p)
	}
	b = appendDecimals(b, p[0])
	return appendDecimals(append(b, ','), p[1]), nil
}

// appendDecimals writes at most seven decimals, without trailing zeros and without -0.
func appendDecimals(b []byte, v float64) []byte {
	const unit = 1e7
	n := int64(math.Round(v * unit))
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendInt(b, n/unit, 10)
	rest := n % unit
	if rest == 0 {
		return b
	}
	b = append(b, ".0000000"...)
	for last := len(b) - 1; rest > 0; last-- {
		b[last] = byte('0' + rest%10)
		rest /= 10
	}
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}
