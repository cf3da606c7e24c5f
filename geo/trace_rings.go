package geo

import "github.com/paulmach/orb"

// tracer walks the linked corners of a mask ring by ring.
type tracer struct {
	nodes  []node
	x0, y0 int // the mask's upper left corner

	owner  []int32     // the polygon of each ring that was walked, from ring 1 on
	loops  []loop      // every polygon's exterior before its holes
	points []orb.Point // of all loops; one array, which the rings share

	path    []int32 // nodes walked and not yet given out
	touched []touch // diagonal corners on the path
}

// loop is a simple ring of a polygon: the points from start up to end.
type loop struct {
	polygon    int32
	start, end int
}

// touch is a diagonal corner's node and its place on the path.
type touch struct {
	node int32
	at   int
}

// outlines walks every ring from its first corner in row order. The corner tells what the ring is: an outline's first
// corner has the polygon to the south-east, a hole's has the hole there. A hole belongs to the polygon of the ring next to
// the west of it, which was met before.
func (t *tracer) outlines() orb.MultiPolygon {
	mostRings := len(t.nodes) / 4 // a ring has at least four corners, and a point more than corners
	t.points = make([]orb.Point, 0, len(t.nodes)+mostRings)
	t.loops = make([]loop, 0, mostRings)
	t.owner = make([]int32, 0, mostRings)
	polygons := int32(0)
	for i := range t.nodes {
		n := &t.nodes[i]
		switch {
		case n.ring != 0:
		case n.west != none:
			t.walk(int32(i), t.owner[t.nodes[n.west].ring-1], true)
		default:
			first := len(t.loops)
			t.walk(int32(i), polygons, false)
			last := len(t.loops) - 1
			t.loops[first], t.loops[last] = t.loops[last], t.loops[first]
			polygons++
		}
	}
	return t.assemble(int(polygons))
}

// walk follows a ring and gives it out in simple loops: whenever it comes to a diagonal corner for the second time, what
// lies between is a loop of its own. The pixels of the ring hang together, so every loop but an exterior's last is a hole.
func (t *tracer) walk(start, polygon int32, hole bool) {
	t.owner = append(t.owner, polygon)
	ring := int32(len(t.owner))
	t.path, t.touched = t.path[:0], t.touched[:0]
	horizontal := hole // an exterior starts south, a hole east: the inside is on the left
	for n := start; ; horizontal = !horizontal {
		at := &t.nodes[n]
		at.ring = ring
		if at.twin != none {
			t.meet(n, at.twin, ring)
		}
		t.path = append(t.path, n)
		if horizontal {
			n = at.horizontal
		} else {
			n = at.vertical
		}
		if n == start {
			break
		}
	}
	t.give(0, polygon)
}

// meet notes a diagonal corner, or gives out the loop since it was met before on the same ring.
func (t *tracer) meet(n, twin, ring int32) {
	if t.nodes[twin].ring != ring {
		t.touched = append(t.touched, touch{n, len(t.path)})
		return
	}
	last := len(t.touched) - 1
	for t.touched[last].node != twin {
		last--
	}
	t.give(t.touched[last].at, t.owner[ring-1])
	t.touched = t.touched[:last]
}

// give writes the path from one place on as a closed loop and takes it off the path.
func (t *tracer) give(from int, polygon int32) {
	start := len(t.points)
	for _, i := range t.path[from:] {
		n := &t.nodes[i]
		t.points = append(t.points, orb.Point{float64(t.x0 + int(n.x)), float64(t.y0 + int(n.y))})
	}
	t.points = append(t.points, t.points[start])
	t.loops = append(t.loops, loop{polygon, start, len(t.points)})
	t.path = t.path[:from]
}

// assemble sorts the loops into their polygons, in the order that they were given out.
func (t *tracer) assemble(polygons int) orb.MultiPolygon {
	if polygons == 0 {
		return nil
	}
	sizes := make([]int, polygons)
	for _, l := range t.loops {
		sizes[l.polygon]++
	}
	rings := make([]orb.Ring, len(t.loops))
	out := make(orb.MultiPolygon, polygons)
	for i, n := range sizes {
		out[i], rings = rings[:0:n], rings[n:]
	}
	for _, l := range t.loops {
		out[l.polygon] = append(out[l.polygon], t.points[l.start:l.end:l.end])
	}
	return out
}
