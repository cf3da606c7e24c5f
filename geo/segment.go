package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// meetingKind is how two straight edges meet.
type meetingKind int

const (
	apart       meetingKind = iota
	touching                // in one point, which is an end of one of them
	crossing                // in one point inside both
	overlapping             // in more than a point
)

// meeting tells how the edges ab and cd meet, and a point that they share.
func meeting(a, b, c, d orb.Point) (meetingKind, orb.Point) {
	if max(a[1], b[1]) < min(c[1], d[1]) || max(c[1], d[1]) < min(a[1], b[1]) ||
		max(a[0], b[0]) < min(c[0], d[0]) || max(c[0], d[0]) < min(a[0], b[0]) {
		return apart, orb.Point{}
	}
	sideC, sideD := turn(a, b, c), turn(a, b, d)
	sideA, sideB := turn(c, d, a), turn(c, d, b)
	if sideC == 0 && sideD == 0 {
		return alongLine(a, b, c, d)
	}
	switch {
	case sideC == 0 && inBox(a, b, c):
		return touching, c
	case sideD == 0 && inBox(a, b, d):
		return touching, d
	case sideA == 0 && inBox(c, d, a):
		return touching, a
	case sideB == 0 && inBox(c, d, b):
		return touching, b
	case sideC*sideD < 0 && sideA*sideB < 0:
		t := sideC / (sideC - sideD)
		return crossing, orb.Point{c[0] + t*(d[0]-c[0]), c[1] + t*(d[1]-c[1])}
	}
	return apart, orb.Point{}
}

// alongLine is meeting for edges on one line whose boxes meet: they share what lies between two of their ends.
func alongLine(a, b, c, d orb.Point) (meetingKind, orb.Point) {
	var shared []orb.Point
	for _, p := range [4]orb.Point{a, b, c, d} {
		if inBox(a, b, p) && inBox(c, d, p) {
			shared = append(shared, p)
		}
	}
	for _, p := range shared[1:] {
		if p != shared[0] {
			return overlapping, p
		}
	}
	return touching, shared[0]
}

// turn is twice the signed area of the triangle abc: positive where c lies left of ab, with y up.
func turn(a, b, c orb.Point) float64 {
	return (b[0]-a[0])*(c[1]-a[1]) - (b[1]-a[1])*(c[0]-a[0])
}

func inBox(a, b, p orb.Point) bool {
	return min(a[0], b[0]) <= p[0] && p[0] <= max(a[0], b[0]) && min(a[1], b[1]) <= p[1] && p[1] <= max(a[1], b[1])
}

// within says whether p lies inside of a polygon, leaving out one of its holes (0 for none). p lies on no other ring.
func within(poly orb.Polygon, but int, p orb.Point) bool {
	for i, ring := range poly {
		if (i == 0 || i != but) && surrounds(ring, p) != (i == 0) {
			return false
		}
	}
	return true
}

// surrounds says whether a ring goes round p: whether a ray from p crosses it an odd number of times.
func surrounds(ring orb.Ring, p orb.Point) bool {
	inside := false
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0]+(p[1]-a[1])*(b[0]-a[0])/(b[1]-a[1]) {
			inside = !inside
		}
	}
	return inside
}

func distance(p, q orb.Point) float64 { return math.Hypot(p[0]-q[0], p[1]-q[1]) }

// toSegment is the distance from p to the edge ab.
func toSegment(p, a, b orb.Point) float64 {
	dx, dy := b[0]-a[0], b[1]-a[1]
	t := 0.0
	if length := dx*dx + dy*dy; length > 0 {
		t = max(0, min(1, ((p[0]-a[0])*dx+(p[1]-a[1])*dy)/length))
	}
	return math.Hypot(p[0]-a[0]-t*dx, p[1]-a[1]-t*dy)
}
