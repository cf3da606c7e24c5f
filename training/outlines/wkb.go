package outlines

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// WKB's types, OGC 06-103r4, table 7.
const (
	wkbPolygon      = 3
	wkbMultiPolygon = 6
)

var wkbNames = map[uint32]string{1: "Point", 2: "LineString", 4: "MultiPoint", 5: "MultiLineString", 7: "GeometryCollection", 10: "CurvePolygon", 12: "MultiSurface",
	15: "PolyhedralSurface", 16: "TIN", 17: "Triangle"}

// wkbReader takes well-known binary from the front: ISO's, and PostGIS's with its flags. Heights and measures are left out.
type wkbReader struct {
	b     []byte
	order binary.ByteOrder
	sides int // numbers a point
	bad   bool
}

// readWKB reads polygons; what is none wraps ErrNoShape, what is no WKB wraps ErrRow.
func readWKB(b []byte) (orb.MultiPolygon, error) {
	r := wkbReader{b: b}
	var out orb.MultiPolygon
	switch kind := r.head(); {
	case r.bad:
	case kind == wkbPolygon:
		out = orb.MultiPolygon{r.polygon()}
	case kind == wkbMultiPolygon:
		for n := r.count(5); n > 0 && !r.bad; n-- {
			if kind := r.head(); kind != wkbPolygon {
				r.bad = true
				break
			}
			out = append(out, r.polygon())
		}
	case wkbNames[kind] != "":
		return nil, fmt.Errorf("%w: it is a %s", ErrNoShape, wkbNames[kind])
	default:
		return nil, fmt.Errorf("%w: it is of WKB's type %d", ErrNoShape, kind)
	}
	if r.bad {
		return nil, fmt.Errorf("%w: its geometry is no well-known binary", ErrRow)
	}
	return out, nil
}

func (r *wkbReader) take(n int) []byte {
	if n > len(r.b) {
		r.bad = true
		return make([]byte, n)
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

// count is a number of parts, each of which has at least so many bytes.
func (r *wkbReader) count(least int) int {
	n := r.order.Uint32(r.take(4))
	if uint64(n)*uint64(least) > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(n)
}

// head reads the byte order and the type without its dimensions.
func (r *wkbReader) head() uint32 {
	r.order = binary.BigEndian
	if r.take(1)[0] == 1 {
		r.order = binary.LittleEndian
	}
	kind := r.order.Uint32(r.take(4))
	const z, m, srid = 0x8000_0000, 0x4000_0000, 0x2000_0000 // PostGIS
	if kind&srid != 0 {
		r.take(4)
	}
	iso := kind &^ (z | m | srid)
	r.sides = 2
	if kind&z != 0 || iso/1000 == 1 || iso/1000 == 3 {
		r.sides++
	}
	if kind&m != 0 || iso/1000 == 2 || iso/1000 == 3 {
		r.sides++
	}
	return iso % 1000
}

func (r *wkbReader) polygon() orb.Polygon {
	rings := r.count(4)
	out := make(orb.Polygon, 0, rings)
	for range rings {
		points := r.count(8 * r.sides)
		ring := make(orb.Ring, 0, points)
		for range points {
			b := r.take(8 * r.sides)
			ring = append(ring, orb.Point{math.Float64frombits(r.order.Uint64(b)), math.Float64frombits(r.order.Uint64(b[8:]))})
		}
		out = append(out, ring)
	}
	return out
}
