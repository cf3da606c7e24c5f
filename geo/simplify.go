package geo

import "github.com/paulmach/orb"

// Simplify draws the shapes with fewer points, all from the points they have. No border moves by more than tolerance, in
// the shapes' own unit, lattice pixels for those of Trace: the Hausdorff distance between a border and what becomes of it is
// at most that. Staircases of pixel corners become straight lines from a tolerance of 1.5 px on.
//
// Borders that shapes, or rings of a shape, share stay shared point for point; a point where three borders meet stays.
// Shapes that are valid and do not overlap stay so: a stretch is only made straight when no point of another border lies
// between it and the straight line. Rings keep their direction and at least three corners. Borders are shared where their
// edges are equal, or lie along each other east-west or north-south, as all edges of Trace do.
//
// Coordinates are finite; the arguments are not changed. The method is Douglas and Peucker's (Cartographica 10(2), 1973) on
// the arcs between the points where borders meet, with the test of de Berg, van Kreveld and Schirra (Cartography and GIS
// 25(4), 1998) for other points in the way.
func Simplify(shapes []orb.MultiPolygon, tolerance float64) []orb.MultiPolygon {
	out := make([]orb.MultiPolygon, len(shapes))
	for i, shape := range shapes {
		out[i] = shape.Clone()
	}
	if !(tolerance > 0) {
		return out
	}
	b := newBorders(out)
	s := simplifier{borders: b, near: newPointGrid(b.points), tolerance: tolerance, straight: map[[2]int32]bool{}}
	arcs := s.simplifyArcs()
	ring := 0
	for _, shape := range out {
		for _, poly := range shape {
			for i := range poly {
				if uses := b.rings[ring]; uses != nil {
					poly[i] = b.ring(uses, arcs)
				}
				ring++
			}
		}
	}
	return out
}

type simplifier struct {
	*borders
	near      *pointGrid
	tolerance float64
	straight  map[[2]int32]bool // ends of the arcs that are straight lines by now: two arcs must not become the same line
}

// simplifyArcs gives the points that are left of each arc, its ends included.
func (s *simplifier) simplifyArcs() [][]int32 {
	for _, path := range s.arcs {
		if len(path) == 2 {
			s.straight[ends(path)] = true
		}
	}
	out := make([][]int32, len(s.arcs))
	for i, path := range s.arcs {
		keep := make([]bool, len(path))
		keep[0], keep[len(path)-1] = true, true
		if path[0] == path[len(path)-1] {
			s.reduceLoop(path, keep)
		} else {
			s.reduceOpen(path, keep)
		}
		for j, p := range path {
			if keep[j] {
				out[i] = append(out[i], p)
			}
		}
	}
	return out
}

// reduceOpen reduces an arc between two points, to a straight line only if no other arc is that line.
func (s *simplifier) reduceOpen(path []int32, keep []bool) {
	last := len(path) - 1
	switch {
	case last == 1:
	case s.straight[ends(path)]:
		s.split(path, 0, last, keep)
	case !s.reduce(path, 0, last, keep):
		s.straight[ends(path)] = true
	}
}

// reduceLoop reduces an arc that returns to where it starts, by the two halves to its farthest point, one of which must not
// become straight.
func (s *simplifier) reduceLoop(path []int32, keep []bool) {
	start, last, far := s.points[path[0]], len(path)-1, 1
	for i := range path {
		if distance(start, s.points[path[i]]) > distance(start, s.points[path[far]]) {
			far = i
		}
	}
	keep[far] = true
	there, back := s.reduce(path, 0, far, keep), s.reduce(path, far, last, keep)
	if there || back {
		return
	}
	_, dThere := s.farthest(path, 0, far)
	_, dBack := s.farthest(path, far, last)
	if dThere > dBack {
		s.split(path, 0, far, keep)
	} else {
		s.split(path, far, last, keep)
	}
}

// split keeps the point that is farthest from the straight line and reduces both sides of it.
func (s *simplifier) split(path []int32, from, to int, keep []bool) {
	far, _ := s.farthest(path, from, to)
	keep[far] = true
	s.reduce(path, from, far, keep)
	s.reduce(path, far, to, keep)
}

// reduce marks the points to keep between two that are kept, and says whether there are any.
func (s *simplifier) reduce(path []int32, from, to int, keep []bool) bool {
	kept := false
	for todo := [][2]int{{from, to}}; len(todo) > 0; {
		span := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if span[1]-span[0] < 2 {
			continue
		}
		far, d := s.farthest(path, span[0], span[1])
		if d <= s.tolerance && s.free(path, span[0], span[1]) {
			continue
		}
		keep[far], kept = true, true
		todo = append(todo, [2]int{span[0], far}, [2]int{far, span[1]})
	}
	return kept
}

// farthest is the point of the path between two others that is farthest from the line between them, and how far.
func (s *simplifier) farthest(path []int32, from, to int) (at int, distance float64) {
	a, b := s.points[path[from]], s.points[path[to]]
	at, distance = (from+to)/2, 0
	for i := from + 1; i < to; i++ {
		if d := toSegment(s.points[path[i]], a, b); d > distance {
			at, distance = i, d
		}
	}
	return at, distance
}

// free says whether no point of another stretch lies between the path and the straight line that is to replace it, which
// is within tolerance of the path.
func (s *simplifier) free(path []int32, from, to int) bool {
	a, b := s.points[path[from]], s.points[path[to]]
	reach := orb.MultiPoint{a, b}.Bound().Pad(s.tolerance)
	for p := range s.near.within(reach) {
		at, place := s.points[p], s.places[p]
		own := p == path[from] || p == path[to] ||
			place.arc != none && place.arc == s.places[path[from+1]].arc && int(place.at) > from && int(place.at) < to
		if !own && toSegment(at, a, b) <= s.tolerance && s.goesRound(path[from:to+1], at) {
			return false
		}
	}
	return true
}

// goesRound says whether the path, closed by the straight line between its ends, winds round p, or p lies on that line.
func (s *simplifier) goesRound(path []int32, p orb.Point) bool {
	winding := 0
	a := s.points[path[len(path)-1]]
	if first := s.points[path[0]]; turn(a, first, p) == 0 && inBox(a, first, p) {
		return true
	}
	for _, i := range path {
		b := s.points[i]
		switch {
		case a[1] <= p[1] && b[1] > p[1] && turn(a, b, p) > 0:
			winding++
		case a[1] > p[1] && b[1] <= p[1] && turn(a, b, p) < 0:
			winding--
		}
		a = b
	}
	return winding != 0
}

func ends(path []int32) [2]int32 {
	a, b := path[0], path[len(path)-1]
	return [2]int32{min(a, b), max(a, b)}
}
