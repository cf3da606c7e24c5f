package geo

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
)

// Clip cuts a polygon to a rectangle, in any plane coordinates; the rectangle may reach to infinity. The result's rings are
// closed, exteriors have positive area as the coordinates stand (counter-clockwise with y up) and holes negative; points
// on straight lines, spikes and rings without area are gone, and a ring that touched itself in a point has become several.
// A simple polygon gives simple polygons that hang together: nothing runs along the rectangle's edge but what bounds
// ground inside it. Two rectangles that share an edge cut a polygon at equal points. The polygon itself is left as it is.
//
// Method: one side at a time, the rings' stretches inside are joined along the side in the order of their ends, as in
// Weiler and Atherton, "Hidden surface removal using polygon area sorting" (SIGGRAPH 1977), reduced to a half-plane.
// Sutherland and Hodgman's cut would leave the pieces hanging together by lines of no width.
func Clip(poly orb.Polygon, b orb.Bound) orb.MultiPolygon {
	rings := make([]orb.Ring, 0, len(poly))
	for i, r := range poly {
		if r = facing(r, i == 0); r != nil {
			rings = append(rings, r)
		} else if i == 0 {
			return nil
		}
	}
	for axis := range 2 {
		rings = side{axis: axis, at: b.Min[axis], inward: 1}.cut(rings)
		rings = side{axis: axis, at: b.Max[axis], inward: -1}.cut(rings)
	}
	return assemblePolygons(rings)
}

// facing is the ring without its closing point, going round so that its area is positive or negative as wanted; nil when it
// has none.
func facing(r orb.Ring, positive bool) orb.Ring {
	if len(r) > 1 && r[0] == r[len(r)-1] {
		r = r[:len(r)-1]
	}
	area := doubleArea(r)
	switch {
	case area == 0:
		return nil
	case (area > 0) == positive:
		return r
	}
	r = slices.Clone(r)
	slices.Reverse(r)
	return r
}

// doubleArea is twice the signed area of an open or closed ring, taken from its first point to keep digits.
func doubleArea(r orb.Ring) float64 {
	sum := 0.0
	for i := 2; i < len(r); i++ {
		sum += turn(r[0], r[i-1], r[i])
	}
	return sum
}

// side is one edge of the rectangle, taken as an endless line. What lies on the line counts as outside: that is as if the
// line were a hair further in, and leaves no special cases of edges along it.
type side struct {
	axis   int     // 0 cuts x, 1 cuts y
	at     float64 // where
	inward float64 // 1 keeps what is above, -1 what is below
}

func (s side) inside(p orb.Point) bool { return (p[s.axis]-s.at)*s.inward > 0 }

// stretch is a part of a ring from where it comes inside to where it leaves.
type stretch []orb.Point

// stretchEnd is where a stretch meets the line.
type stretchEnd struct {
	stretch int
	leaving bool
	along   float64 // the place on the line
	slope   float64 // how the place would move if the line moved in; orders ends at one place
}

// cut keeps what is inside. Rings are open; those that the side does not touch are passed on as they are.
func (s side) cut(rings []orb.Ring) []orb.Ring {
	var stretches []stretch
	kept := rings[:0]
	for _, r := range rings {
		switch first := s.firstEntry(r); first {
		case wholeInside:
			kept = append(kept, r)
		case wholeOutside:
		default:
			stretches = s.split(stretches, r, first)
		}
	}
	if len(stretches) == 0 {
		return kept
	}
	return append(kept, s.join(stretches)...)
}

const (
	wholeInside  = -1
	wholeOutside = -2
)

// firstEntry is the index of a point outside whose successor is inside.
func (s side) firstEntry(r orb.Ring) int {
	before := s.inside(r[len(r)-1])
	entry, outside := wholeOutside, !before
	for i, p := range r {
		in := s.inside(p)
		if in && !before {
			entry = (i + len(r) - 1) % len(r)
		}
		outside = outside || !in
		before = in
	}
	if !outside {
		return wholeInside
	}
	return entry
}

// split adds the ring's stretches, beginning with the one at its first entry.
func (s side) split(stretches []stretch, r orb.Ring, first int) []stretch {
	var points stretch
	a, inA := r[first], false
	for i := range r {
		b := r[(first+1+i)%len(r)]
		inB := s.inside(b)
		if inA != inB {
			points = append(points, s.crossing(a, b))
		}
		if inB {
			points = append(points, b)
		} else if inA {
			stretches = append(stretches, points)
			points = nil
		}
		a, inA = b, inB
	}
	return stretches
}

// crossing is where the edge ab meets the line. It is computed the same way whichever end comes first, so that shapes that
// share the edge are cut at equal points.
func (s side) crossing(a, b orb.Point) orb.Point {
	if a[s.axis] > b[s.axis] {
		a, b = b, a
	}
	switch s.at {
	case a[s.axis]:
		return a
	case b[s.axis]:
		return b
	}
	other := 1 - s.axis
	p := orb.Point{}
	p[s.axis] = s.at
	p[other] = a[other] + (b[other]-a[other])*((s.at-a[s.axis])/(b[s.axis]-a[s.axis]))
	return p
}

// join closes the stretches along the line. Seen along it, ground inside lies between the first end and the second, the third
// and the fourth, and so on; matching them like brackets keeps that true where rings overlap.
func (s side) join(stretches []stretch) []orb.Ring {
	ends := make([]stretchEnd, 0, 2*len(stretches))
	for i, c := range stretches {
		n := len(c)
		ends = append(ends, s.end(i, false, c[0], c[1]), s.end(i, true, c[n-1], c[n-2]))
	}
	slices.SortFunc(ends, func(a, b stretchEnd) int {
		return cmp.Or(cmp.Compare(a.along, b.along), cmp.Compare(a.slope, b.slope), a.stretch-b.stretch)
	})
	next := make([]int, len(stretches)) // the stretch that follows each
	var unmatched []stretchEnd
	for _, e := range ends {
		last := len(unmatched) - 1
		switch {
		case last < 0 || unmatched[last].leaving == e.leaving:
			unmatched = append(unmatched, e)
			continue
		case e.leaving:
			next[e.stretch] = unmatched[last].stretch
		default:
			next[unmatched[last].stretch] = e.stretch
		}
		unmatched = unmatched[:last]
	}
	return linked(stretches, next)
}

func (s side) end(i int, leaving bool, p, inner orb.Point) stretchEnd {
	other := 1 - s.axis
	depth := (inner[s.axis] - s.at) * s.inward
	return stretchEnd{stretch: i, leaving: leaving, along: p[other], slope: (inner[other] - p[other]) / depth}
}

// linked makes rings of the stretches, each followed by its next.
func linked(stretches []stretch, next []int) []orb.Ring {
	var rings []orb.Ring
	for i := range stretches {
		var r orb.Ring
		for k := i; stretches[k] != nil; k = next[k] {
			r = append(r, stretches[k]...)
			stretches[k] = nil
		}
		if r != nil {
			rings = append(rings, r)
		}
	}
	return rings
}
