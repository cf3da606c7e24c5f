package geo

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
)

// borders is shapes as arcs: stretches of border between the points where borders meet, each once however many rings run
// along it. Points go by their numbers.
type borders struct {
	points []orb.Point
	places []arcPlace // of each point
	arcs   [][]int32  // ends included; the arc of a ring that meets no other ends where it starts
	rings  [][]arcUse // in the order of the shapes; none for a ring of fewer than three points
}

// arcUse is an arc as part of a ring.
type arcUse struct {
	arc      int
	backward bool
}

// arcPlace is where on which arc a point lies; the arc is none for a point where borders meet.
type arcPlace struct{ arc, at int32 }

func newBorders(shapes []orb.MultiPolygon) *borders {
	b := &borders{}
	paths := b.number(shapes)
	onLines := newAxisIndex(b.points)
	for i, path := range paths {
		paths[i] = onLines.noded(path)
	}
	junctions := b.junctions(paths)
	b.places = make([]arcPlace, len(b.points))
	for i := range b.places {
		b.places[i].arc = none
	}
	known := map[[2]int32]int{} // arcs by their first two points
	for _, path := range paths {
		b.rings = append(b.rings, b.cut(path, junctions, known))
	}
	return b
}

// number gives each distinct point a number and each ring as a path of them that ends before it returns.
func (b *borders) number(shapes []orb.MultiPolygon) [][]int32 {
	numbers := map[orb.Point]int32{}
	var paths [][]int32
	for _, shape := range shapes {
		for _, poly := range shape {
			for _, ring := range poly {
				path := make([]int32, 0, len(ring))
				for _, p := range ring {
					n, ok := numbers[p]
					if !ok {
						n = int32(len(b.points))
						numbers[p] = n
						b.points = append(b.points, p)
					}
					path = append(path, n)
				}
				path = slices.Compact(path)
				if n := len(path); n > 1 && path[0] == path[n-1] {
					path = path[:n-1]
				}
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// junctions says of each point whether borders meet there: whether it has more than two neighbours on all paths together.
func (b *borders) junctions(paths [][]int32) []bool {
	junctions := make([]bool, len(b.points))
	neighbours := make([][2]int32, len(b.points))
	for i := range neighbours {
		neighbours[i] = [2]int32{none, none}
	}
	meet := func(p, q int32) {
		n := &neighbours[p]
		switch {
		case n[0] == q || n[1] == q:
		case n[0] == none:
			n[0] = q
		case n[1] == none:
			n[1] = q
		default:
			junctions[p] = true
		}
	}
	for _, path := range paths {
		for i, p := range path {
			q := path[(i+1)%len(path)]
			meet(p, q)
			meet(q, p)
		}
	}
	return junctions
}

// cut gives a ring as arcs, from junction to junction.
func (b *borders) cut(path []int32, junctions []bool, known map[[2]int32]int) []arcUse {
	if len(path) < 3 {
		return nil
	}
	start := slices.IndexFunc(path, func(p int32) bool { return junctions[p] })
	if start < 0 {
		start = b.corner(path)
	}
	path = slices.Concat(path[start:], path[:start], path[start:start+1])
	var out []arcUse
	for first, i := 0, 1; i < len(path); i++ {
		if i == len(path)-1 || junctions[path[i]] {
			out = append(out, b.use(path[first:i+1], known))
			first = i
		}
	}
	return out
}

// corner is the place on a loop that is farthest from the middle of its box, wherever the path starts: a corner, if the
// loop has any.
func (b *borders) corner(path []int32) int {
	box := orb.Bound{Min: b.points[path[0]], Max: b.points[path[0]]}
	for _, p := range path {
		box = box.Extend(b.points[p])
	}
	middle, best := box.Center(), 0
	for i, p := range path {
		farther := cmp.Compare(distance(b.points[p], middle), distance(b.points[path[best]], middle))
		if cmp.Or(farther, cmp.Compare(p, path[best])) > 0 {
			best = i
		}
	}
	return best
}

// use finds an arc that is known, from either end, or adds it.
func (b *borders) use(path []int32, known map[[2]int32]int) arcUse {
	n := len(path)
	forward, backward := [2]int32{path[0], path[1]}, [2]int32{path[n-1], path[n-2]}
	if arc, ok := known[forward]; ok {
		return arcUse{arc: arc}
	}
	if arc, ok := known[backward]; ok {
		return arcUse{arc: arc, backward: true}
	}
	arc := len(b.arcs)
	known[forward] = arc
	b.arcs = append(b.arcs, path)
	for i := 1; i < n-1; i++ {
		b.places[path[i]] = arcPlace{int32(arc), int32(i)}
	}
	return arcUse{arc: arc}
}

// ring puts a closed ring together from the points that are left of its arcs.
func (b *borders) ring(uses []arcUse, arcs [][]int32) orb.Ring {
	var out orb.Ring
	for _, u := range uses {
		path := arcs[u.arc]
		for i := range path[1:] {
			if u.backward {
				i = len(path) - 1 - i
			}
			out = append(out, b.points[path[i]])
		}
	}
	return append(out, out[0])
}
