package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// assemblePolygons makes polygons of open rings that may touch or retrace themselves: exteriors have positive area, and
// each hole goes to the smallest exterior round it. Holes outside of all are left out.
func assemblePolygons(rings []orb.Ring) orb.MultiPolygon {
	var out orb.MultiPolygon
	var holes []orb.Ring
	for _, r := range relinked(rings) {
		for _, simple := range tidyRing(r) {
			switch area := doubleArea(simple); {
			case area > 0:
				out = append(out, orb.Polygon{simple})
			case area < 0:
				holes = append(holes, simple)
			}
		}
	}
	for _, h := range holes {
		if i := smallestRound(out, h); i >= 0 {
			out[i] = append(out[i], h)
		}
	}
	return out
}

// visit is a ring's passing of a point.
type visit struct{ ring, at int }

// relinked goes round at points where rings touch, each other or themselves, so that each ring bounds ground that hangs
// together. A cut may open a hole, which becomes part of the exterior; what touched both would then cut the inside apart.
func relinked(rings []orb.Ring) []orb.Ring {
	touches := touchPoints(rings)
	if len(touches) == 0 {
		return rings
	}
	for i, r := range rings {
		for k, p := range r {
			if here, ok := touches[p]; ok {
				touches[p] = append(here, visit{i, k})
			}
		}
	}
	next := map[visit]visit{} // where rings are left for another
	for p, here := range touches {
		turnInwards(rings, p, here, next)
	}
	return follow(rings, next)
}

// touchPoints is the points that are passed more than once; their visits are still to be noted.
func touchPoints(rings []orb.Ring) map[orb.Point][]visit {
	n := 0
	for _, r := range rings {
		n += len(r)
	}
	met := make(map[orb.Point]struct{}, n)
	touches := map[orb.Point][]visit{}
	for _, r := range rings {
		for _, p := range r {
			if _, again := met[p]; again {
				touches[p] = nil
			}
			met[p] = struct{}{}
		}
	}
	return touches
}

// turnInwards pairs each arrival at a point with the departure next to it on the ground's side, the left one: the first that
// a hand turning clockwise from where the ring came meets. Where that takes a departure twice, edges run along each other and
// there is no telling: the rings stay as they are there.
func turnInwards(rings []orb.Ring, p orb.Point, here []visit, next map[visit]visit) {
	taken := make([]bool, len(here))
	pairs := make([]visit, len(here)) // the departure of each arrival
	angle := func(q orb.Point) float64 { return math.Atan2(q[1]-p[1], q[0]-p[0]) }
	for i, arrive := range here {
		r := rings[arrive.ring]
		from := angle(r[(arrive.at+len(r)-1)%len(r)])
		best, least := 0, math.Inf(1)
		for k, leave := range here {
			r := rings[leave.ring]
			turned := from - angle(r[(leave.at+1)%len(r)])
			if turned <= 0 {
				turned += 2 * math.Pi
			}
			if turned < least {
				best, least = k, turned
			}
		}
		if taken[best] {
			return
		}
		taken[best] = true
		pairs[i] = here[best]
	}
	for i, arrive := range here {
		next[arrive] = pairs[i]
	}
}

// follow walks the rings, changing from one to another where next says so.
func follow(rings []orb.Ring, next map[visit]visit) []orb.Ring {
	done := make([][]bool, len(rings))
	for i, r := range rings {
		done[i] = make([]bool, len(r))
	}
	var out []orb.Ring
	for i := range rings {
		for k := range rings[i] {
			var walk orb.Ring
			for v := (visit{i, k}); !done[v.ring][v.at]; {
				done[v.ring][v.at] = true
				walk = append(walk, rings[v.ring][v.at])
				v.at = (v.at + 1) % len(rings[v.ring])
				if other, ok := next[v]; ok {
					v = other
				}
			}
			if walk != nil {
				out = append(out, walk)
			}
		}
	}
	return out
}

// smallestRound is the index of the polygon with the smallest exterior round the hole, or none. Rings may touch in points,
// so the middle of an edge is asked rather than a corner.
func smallestRound(polygons orb.MultiPolygon, hole orb.Ring) int {
	if len(polygons) == 1 {
		return 0
	}
	middle := orb.Point{(hole[0][0] + hole[1][0]) / 2, (hole[0][1] + hole[1][1]) / 2}
	best, area := none, 0.0
	for i, p := range polygons {
		if a := doubleArea(p[0]); (best == none || a < area) && surrounds(p[0], middle) {
			best, area = i, a
		}
	}
	return best
}

// tidyRing is the closed rings that an open ring consists of: parted where it passes a point again, and without points on
// straight lines and spikes. It is parted first: the ring may run straight through the point that it passes again.
func tidyRing(r orb.Ring) []orb.Ring {
	var out []orb.Ring
	path := make(orb.Ring, 0, len(r))
	place := make(map[orb.Point]int, len(r))
	for _, p := range r {
		if at, met := place[p]; met {
			for _, q := range path[at:] {
				delete(place, q)
			}
			out = appendClosed(out, straightened(path[at:]))
			path = path[:at]
		}
		place[p] = len(path)
		path = append(path, p)
	}
	return appendClosed(out, straightened(path))
}

// appendClosed adds a ring, closed, if it has enough points for any ground.
func appendClosed(rings []orb.Ring, r orb.Ring) []orb.Ring {
	if len(r) < 3 {
		return rings
	}
	return append(rings, append(r, r[0]))
}

// straightened is a copy of an open ring without the points at which it goes straight on or straight back.
func straightened(r orb.Ring) orb.Ring {
	out := make(orb.Ring, 0, len(r)+1) // room to close it
	for _, p := range r {
		for len(out) >= 2 && turn(out[len(out)-2], out[len(out)-1], p) == 0 {
			out = out[:len(out)-1]
		}
		if len(out) != 1 || out[0] != p {
			out = append(out, p)
		}
	}
	for len(out) >= 3 { // round the seam
		n := len(out)
		switch {
		case turn(out[n-2], out[n-1], out[0]) == 0:
			out = out[:n-1]
		case turn(out[n-1], out[0], out[1]) == 0:
			out = slices.Delete(out, 0, 1)
		default:
			return out
		}
	}
	return nil
}
