package formats

import (
	"io"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// GeoJSONLayout is how features are put together in a stream.
type GeoJSONLayout int

// The layouts.
const (
	FeatureCollection GeoJSONLayout = iota // one object (RFC 7946, section 3.3)
	FeatureLines                           // a feature a line, as most tools mean by GeoJSONL
	FeatureSequence                        // the same with a record separator before each (RFC 8142)
)

// MediaType is the layout's MIME type.
func (l GeoJSONLayout) MediaType() string {
	switch l {
	case FeatureLines:
		return "application/x-ndjson"
	case FeatureSequence:
		return "application/geo+json-seq"
	}
	return "application/geo+json"
}

// GeoJSONOptions says how features are written; the zero value writes a plain FeatureCollection.
type GeoJSONOptions struct {
	Layout GeoJSONLayout
	BBox   bool // whether each feature has its bbox, west greater than east across the antimeridian
	// Project turns WGS-84 degrees into the coordinates that are written, for services that offer other systems than
	// RFC 7946's; nil for none.
	Project func(orb.Point) orb.Point
}

// flushAt is how many bytes are gathered before they are handed to the writer.
const flushAt = 32 << 10

// GeoJSONWriter writes features one by one, in memory that does not grow with their number. Exteriors go counter-clockwise and
// holes clockwise, coordinates have seven decimals (a centimetre), and what crosses the antimeridian is cut there, all as
// RFC 7946 asks. The first error is kept: every call after it gives it again.
type GeoJSONWriter struct {
	w       io.Writer
	opts    GeoJSONOptions
	encoder geometryEncoder
	buf     []byte
	n       int // features written
	err     error
}

// NewGeoJSONWriter begins a stream of features on w. Close ends it.
func NewGeoJSONWriter(w io.Writer, opts GeoJSONOptions) *GeoJSONWriter {
	return &GeoJSONWriter{w: w, opts: opts, encoder: geometryEncoder{opts.Project}, buf: make([]byte, 0, flushAt+4<<10)}
}

// Write adds a feature. A geometry with coordinates that are no numbers, or beyond the poles, is an error that wraps
// ErrGeometry; a property that JSON cannot hold wraps ErrProperty. Property values that are not finite become null. Members
// are foreign members of the feature (RFC 7946, section 6.1).
func (g *GeoJSONWriter) Write(f *Feature, members ...Property) error {
	if g.err != nil {
		return g.err
	}
	g.separate()
	g.buf, g.err = g.encoder.feature(g.buf, f, g.opts.BBox, members)
	if g.err != nil {
		return g.err
	}
	if g.opts.Layout != FeatureCollection {
		g.buf = append(g.buf, '\n')
	}
	g.n++
	if len(g.buf) >= flushAt {
		g.flush()
	}
	return g.err
}

// Close ends the stream and hands out what is left; it does not close the writer below. Members are foreign members of the
// collection (RFC 7946, section 6.1), such as an attribution; the layouts without a collection have no place for them.
func (g *GeoJSONWriter) Close(members ...Property) error {
	if g.err != nil {
		return g.err
	}
	if g.opts.Layout == FeatureCollection {
		if g.n == 0 {
			g.separate()
		}
		g.buf = append(g.buf, ']')
		if len(members) > 0 {
			var err error
			if g.buf, err = appendMembers(append(g.buf, ','), members); err != nil {
				g.err = &Error{Op: "write GeoJSON", Subject: "collection", Err: err, Hint: propertyHint}
				return g.err
			}
		}
		g.buf = append(g.buf, '}', '\n')
	}
	g.flush()
	return g.err
}

// separate writes what stands before a feature.
func (g *GeoJSONWriter) separate() {
	switch {
	case g.opts.Layout == FeatureSequence:
		g.buf = append(g.buf, '\x1e')
	case g.opts.Layout == FeatureLines:
	case g.n == 0:
		g.buf = append(g.buf, `{"type":"FeatureCollection","features":[`...)
	default:
		g.buf = append(g.buf, ',', '\n')
	}
}

func (g *GeoJSONWriter) flush() {
	_, g.err = g.w.Write(g.buf)
	g.buf = g.buf[:0]
}

// MarshalFeature is one feature as a GeoJSON object with foreign members, such as links, by the rules of GeoJSONWriter.
func MarshalFeature(f *Feature, opts GeoJSONOptions, members ...Property) ([]byte, error) {
	return geometryEncoder{opts.Project}.feature(nil, f, opts.BBox, members)
}

// MarshalGeometry is a geometry in WGS-84 degrees as a GeoJSON object, by the rules of GeoJSONWriter.
func MarshalGeometry(g orb.Geometry) ([]byte, error) {
	b, err := geometryEncoder{}.geometry(nil, geo.SplitAntimeridian(g))
	if err != nil {
		return nil, &Error{Op: "write GeoJSON", Subject: "geometry", Err: err, Hint: geometryHint}
	}
	return b, nil
}
