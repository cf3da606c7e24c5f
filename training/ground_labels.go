package training

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
)

// Move is where a bench puts the labels of the places that it asks for.
type Move string

// The moves.
const (
	MoveCentre Move = "centre" // as in the map
	MoveThird  Move = "third"  // a third of the place's size away: the root of its area
	MoveEdge   Move = "edge"   // to the outline, as a door's
)

// Moves lists the moves.
var Moves = []Move{MoveCentre, MoveThird, MoveEdge}

// finest is the lattice that labels are moved on: a pixel is below a tenth of a metre.
const finest = 21

// MoveLabels gives a map's features with the labels of some places moved, in directions by a seed. A label is a point with a place's
// name; of places that share a name it is the nearest's. It stays within its outline. Nothing is overwritten.
func MoveLabels(features, places []formats.Feature, to Move, seed uint64) []formats.Feature {
	if to == MoveCentre {
		return features
	}
	out := append([]formats.Feature{}, features...)
	for i := range out {
		at, isPoint := out[i].Geometry.(orb.Point)
		name, _ := out[i].Get("name").(string)
		if !isPoint || name == "" {
			continue
		}
		at = geo.Project(at, finest)
		if outline := labelled(at, name, places); outline != nil {
			h := fnv.New64a()
			_, _ = h.Write([]byte(name))
			out[i].Geometry = geo.Unproject(move(at, outline, to, rand.New(rand.NewPCG(seed, h.Sum64()))), finest)
		}
	}
	return out
}

// labelled is the polygon of the places of a name that is nearest to a label, on the finest lattice; nil when there is none.
func labelled(at orb.Point, name string, places []formats.Feature) orb.Polygon {
	var nearest orb.Polygon
	distance := math.Inf(1)
	for i := range places {
		mp, ok := formats.Polygons(places[i].Geometry)
		if !ok || places[i].Get("name") != any(name) {
			continue
		}
		for _, p := range mp {
			p = p.Clone()
			for _, ring := range p {
				for k := range ring {
					ring[k] = geo.Project(ring[k], finest)
				}
			}
			d := toOutline(at, p)
			if planar.PolygonContains(p, at) {
				d = 0
			}
			if d < distance {
				nearest, distance = p, d
			}
		}
	}
	return nearest
}

// toOutline is how far a point is from an outline, inside or outside.
func toOutline(at orb.Point, p orb.Polygon) float64 {
	d := math.Inf(1)
	for _, ring := range p {
		d = min(d, planar.DistanceFrom(orb.LineString(ring), at))
	}
	return d
}

// move goes from a label, or from the middle of its outline where it lies outside or on it.
func move(from orb.Point, outline orb.Polygon, to Move, r *rand.Rand) orb.Point {
	const nearly = 0.98 // of the way to the outline: a door's label is inside
	if !planar.PolygonContains(outline, from) || toOutline(from, outline) < 1 {
		from = formats.LabelPoint(outline)
	}
	along := func(angle, d float64) orb.Point {
		return orb.Point{from[0] + d*math.Cos(angle), from[1] + d*math.Sin(angle)}
	}
	third := math.Sqrt(math.Abs(planar.Area(outline))) / 3
	angle, far := 0.0, 0.0
	for range 16 { // directions, until one has room
		a := 2 * math.Pi * r.Float64()
		d := nearly * wayOut(from, a, outline)
		switch {
		case math.IsInf(d, 1): // no outline to speak of
			return from
		case to == MoveEdge:
			return along(a, d)
		case d >= third:
			return along(a, third)
		case d > far:
			angle, far = a, d
		}
	}
	return along(angle, far)
}

// wayOut is how far it is from a point to the outline in a direction.
func wayOut(from orb.Point, angle float64, outline orb.Polygon) float64 {
	dx, dy := math.Cos(angle), math.Sin(angle)
	out := math.Inf(1)
	for _, ring := range outline {
		for i := range ring {
			a, b := ring[i], ring[(i+1)%len(ring)]
			ex, ey := b[0]-a[0], b[1]-a[1]
			across := dx*ey - dy*ex
			if across == 0 {
				continue
			}
			ax, ay := a[0]-from[0], a[1]-from[1]
			t, u := (ax*ey-ay*ex)/across, (ax*dy-ay*dx)/across
			if t >= 0 && u >= 0 && u <= 1 {
				out = min(out, t)
			}
		}
	}
	return out
}
