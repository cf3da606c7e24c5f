package geo

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// ErrInvalid is what every error of Valid wraps.
var ErrInvalid = errors.New("not a valid outline")

// InvalidError says where an outline is not valid, and why.
type InvalidError struct {
	Polygon, Ring int       // counted from 0; ring 0 is the exterior
	At            orb.Point // where, in the outline's own coordinates
	Reason        string
}

func (e *InvalidError) Error() string {
	where := fmt.Sprintf("polygon %d, ring %d", e.Polygon, e.Ring)
	return fmt.Sprintf("validate %s: %v: %s at (%g, %g)", where, ErrInvalid, e.Reason, e.At[0], e.At[1])
}

func (e *InvalidError) Unwrap() error { return ErrInvalid }

// Valid checks a multipolygon by the rules of OGC Simple Feature Access (06-103r4, 6.1.11 and 6.1.14): rings are closed
// and simple, holes lie inside their exterior and outside each other, the inside of each polygon is connected, and polygons
// share no ground. Rings may touch in points. Either orientation is right. The error is an *InvalidError.
// Coordinates are compared exactly, so whole numbers below 2²⁶ apart are judged without rounding.
func Valid(mp orb.MultiPolygon) error {
	v := validator{mp: mp}
	for i, poly := range mp {
		if len(poly) == 0 {
			return &InvalidError{Polygon: i, Reason: "a polygon without rings"}
		}
		for j, ring := range poly {
			if err := v.add(i, j, ring); err != nil {
				return err
			}
		}
	}
	if err := v.meetings(); err != nil {
		return err
	}
	if err := v.connected(); err != nil {
		return err
	}
	return v.places()
}

type validator struct {
	mp      orb.MultiPolygon
	rings   []validRing
	edges   []validEdge
	touches []ringTouch
}

type validRing struct {
	polygon, index int
	ring           orb.Ring
	first          int // its first edge
	touched        bool
}

type validEdge struct {
	a, b orb.Point
	ring int
	cuts []orb.Point // where other rings touch it between its ends
}

// ringTouch is a point where two rings meet.
type ringTouch struct {
	a, b int
	at   orb.Point
}

func (r validRing) fail(at orb.Point, reason string) error {
	return &InvalidError{Polygon: r.polygon, Ring: r.index, At: at, Reason: reason}
}

func (v *validator) add(polygon, index int, ring orb.Ring) error {
	r := validRing{polygon: polygon, index: index, ring: ring, first: len(v.edges)}
	switch {
	case len(ring) == 0:
		return r.fail(orb.Point{}, "a ring without points")
	case len(ring) < 4:
		return r.fail(ring[0], "a ring of fewer than four points")
	case ring[0] != ring[len(ring)-1]:
		return r.fail(ring[0], "a ring that is not closed")
	}
	for i, p := range ring {
		if math.IsNaN(p[0]+p[1]) || math.IsInf(p[0], 0) || math.IsInf(p[1], 0) {
			return r.fail(p, "a coordinate that is not finite")
		}
		if i == 0 {
			continue
		}
		if p == ring[i-1] {
			return r.fail(p, "a point twice in a row")
		}
		v.edges = append(v.edges, validEdge{a: ring[i-1], b: p, ring: len(v.rings)})
	}
	v.rings = append(v.rings, r)
	return nil
}

// meetings looks at all pairs of edges whose boxes meet, in a sweep from west to east.
func (v *validator) meetings() error {
	order := make([]int, len(v.edges))
	for i := range order {
		order[i] = i
	}
	west := func(i int) float64 { return min(v.edges[i].a[0], v.edges[i].b[0]) }
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(west(i), west(j)), i-j) })
	var active []int
	for _, i := range order {
		x, kept := west(i), active[:0]
		for _, j := range active {
			if max(v.edges[j].a[0], v.edges[j].b[0]) < x {
				continue
			}
			kept = append(kept, j)
			if err := v.meet(i, j); err != nil {
				return err
			}
		}
		active = append(kept, i)
	}
	return nil
}

// meet judges one pair of edges: what may be is a touch of two rings in one point.
func (v *validator) meet(i, j int) error {
	e, f := &v.edges[i], &v.edges[j]
	kind, at := meeting(e.a, e.b, f.a, f.b)
	r := v.rings[e.ring]
	switch {
	case kind == apart:
		return nil
	case kind == crossing:
		return r.fail(at, "edges cross")
	case kind == overlapping:
		return r.fail(at, "edges run along each other")
	case e.ring == f.ring && !v.consecutive(i, j):
		return r.fail(at, "a ring meets itself")
	case e.ring == f.ring:
		return nil
	}
	v.touches = append(v.touches, ringTouch{e.ring, f.ring, at})
	v.rings[e.ring].touched, v.rings[f.ring].touched = true, true
	for _, edge := range []*validEdge{e, f} {
		if at != edge.a && at != edge.b {
			edge.cuts = append(edge.cuts, at)
		}
	}
	return nil
}

// consecutive says whether two edges of a ring follow each other.
func (v *validator) consecutive(i, j int) bool {
	last := len(v.rings[v.edges[i].ring].ring) - 2
	apart := max(i, j) - min(i, j)
	return apart == 1 || apart == last
}

// connected checks that no chain of touching rings cuts a polygon's inside apart: rings and the points where they touch
// must make no cycle.
func (v *validator) connected() error {
	type place struct {
		polygon int
		at      orb.Point
	}
	type link struct {
		ring, point int32
	}
	sets := newUnionFind(len(v.rings))
	points, links := map[place]int32{}, map[link]bool{}
	for _, t := range v.touches {
		r := v.rings[t.a]
		if r.polygon != v.rings[t.b].polygon {
			continue
		}
		here := place{r.polygon, t.at}
		point, ok := points[here]
		if !ok {
			point = sets.add()
			points[here] = point
		}
		for _, l := range []link{{int32(t.a), point}, {int32(t.b), point}} {
			if !links[l] && !sets.union(l.ring, l.point) {
				return r.fail(t.at, "touching rings cut the inside apart")
			}
			links[l] = true
		}
	}
	return nil
}

// places checks that holes lie inside their polygon and that no exterior lies inside another polygon. Rings do not cross by
// now, so a stretch of an edge between two touches lies wholly on one side of any other ring, and its middle tells which.
func (v *validator) places() error {
	bounds := make([]orb.Bound, len(v.mp))
	for i, poly := range v.mp {
		bounds[i] = poly[0].Bound()
	}
	for _, r := range v.rings {
		for _, p := range v.samples(r) {
			for i := range v.mp {
				if (i == r.polygon) != (r.index > 0) {
					continue // a hole is judged by its own polygon, an exterior by the others
				}
				inside := bounds[i].Contains(p) && within(v.mp[i], r.index, p)
				if inside && r.index == 0 {
					return r.fail(p, fmt.Sprintf("inside of polygon %d", i))
				}
				if !inside && r.index > 0 {
					return r.fail(p, "a hole outside its exterior or inside another hole")
				}
			}
		}
	}
	return nil
}

// samples is a point of every stretch of the ring between touches; one is enough for a ring that touches none.
func (v *validator) samples(r validRing) []orb.Point {
	edges := v.edges[r.first : r.first+len(r.ring)-1]
	if !r.touched {
		edges = edges[:1]
	}
	var out []orb.Point
	for _, e := range edges {
		stops := append(e.cuts, e.a, e.b)
		slices.SortFunc(stops, func(p, q orb.Point) int { return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1])) })
		for i, q := range stops[1:] {
			if p := stops[i]; p != q {
				out = append(out, orb.Point{(p[0] + q[0]) / 2, (p[1] + q[1]) / 2})
			}
		}
	}
	return out
}
