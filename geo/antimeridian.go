package geo

import (
	"iter"
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/project"
)

// WrapLongitude is the longitude of the same meridian in -180 … 180 degrees; 180 and -180 stay what they are.
func WrapLongitude(lon float64) float64 {
	if lon >= -180 && lon <= 180 {
		return lon
	}
	return lon - 360*math.Floor((lon+180)/360)
}

// WrapBound is a bound of continuous longitudes as RFC 7946, section 5.2, writes it: one that crosses the antimeridian has a west
// greater than its east, as in 179 … -179. One of 360 degrees or more is the whole world's. BoundWindow reads both forms.
func WrapBound(b orb.Bound) orb.Bound {
	if b.Max[0]-b.Min[0] >= 360 {
		b.Min[0], b.Max[0] = -180, 180
		return b
	}
	shift := WrapLongitude(b.Min[0]) - b.Min[0]
	b.Min[0] += shift
	b.Max[0] = WrapLongitude(b.Max[0] + shift)
	return b
}

// maxTurn is how far continuous longitudes may run: ten times round the world either way.
const maxTurn = 3600

// SplitAntimeridian cuts a geometry of continuous longitudes, such as 179 … 181, where it crosses the antimeridian, and
// moves each part to where longitudes lie in -180 … 180 (RFC 7946, section 3.1.9). Polygons become multipolygons, of the
// winding that Clip gives, and lines multilines; points are moved. What needs neither is returned as it is, and so is what
// has no longitudes: beyond ±3600, or no numbers.
func SplitAntimeridian(g orb.Geometry) orb.Geometry {
	if g == nil {
		return nil
	}
	b := g.Bound()
	if b.Min[0] >= -180 && b.Max[0] <= 180 || b.IsEmpty() {
		return g
	}
	if !(b.Min[0] >= -maxTurn && b.Max[0] <= maxTurn) { // pixels or metres, infinite, no number: there is no end to cutting them
		return g
	}
	switch g := g.(type) {
	case orb.Point:
		return orb.Point{WrapLongitude(g[0]), g[1]}
	case orb.MultiPoint:
		out := make(orb.MultiPoint, len(g))
		for i, p := range g {
			out[i] = orb.Point{WrapLongitude(p[0]), p[1]}
		}
		return out
	case orb.LineString:
		return splitLines(orb.MultiLineString{g})
	case orb.MultiLineString:
		return splitLines(g)
	case orb.Ring:
		return splitPolygons(orb.MultiPolygon{{g}})
	case orb.Polygon:
		return splitPolygons(orb.MultiPolygon{g})
	case orb.MultiPolygon:
		return splitPolygons(g)
	case orb.Bound:
		return splitPolygons(orb.MultiPolygon{g.ToPolygon()})
	case orb.Collection:
		out := make(orb.Collection, len(g))
		for i, member := range g {
			out[i] = SplitAntimeridian(member)
		}
		return out
	}
	return g
}

func splitPolygons(mp orb.MultiPolygon) orb.MultiPolygon {
	var out orb.MultiPolygon
	for world, home := range worlds(mp.Bound()) {
		for _, p := range mp {
			out = append(out, project.MultiPolygon(Clip(p, world), home)...)
		}
	}
	return out
}

func splitLines(lines orb.MultiLineString) orb.MultiLineString {
	var out orb.MultiLineString
	for world, home := range worlds(lines.Bound()) {
		out = append(out, project.MultiLineString(clip.MultiLineString(world, lines), home)...)
	}
	return out
}

// worlds yields the copies of the world that a bound of continuous longitudes reaches into, and the way from each onto the
// world of -180 … 180.
func worlds(b orb.Bound) iter.Seq2[orb.Bound, orb.Projection] {
	return func(yield func(orb.Bound, orb.Projection) bool) {
		for shift := 360 * math.Floor((b.Min[0]+180)/360); shift-180 < b.Max[0]; shift += 360 {
			world := orb.Bound{
				Min: orb.Point{shift - 180, math.Inf(-1)},
				Max: orb.Point{shift + 180, math.Inf(1)},
			}
			if !yield(world, func(p orb.Point) orb.Point { return orb.Point{p[0] - shift, p[1]} }) {
				return
			}
		}
	}
}
