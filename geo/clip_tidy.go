package geo

import (
	"slices"

	"github.com/paulmach/orb"
)

// assemblePolygons makes polygons of open rings that may touch or retrace themselves: exteriors have positive area, and
// each hole goes to the smallest exterior round it. Holes outside of all are left out.
func assemblePolygons(rings []orb.Ring) orb.MultiPolygon {
	var out orb.MultiPolygon
	var holes []orb.Ring
	for _, r := range rings {
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

// tidyRing is the closed rings that an open ring consists of: without points on straight lines and spikes, and parted where
// it passes a point again.
func tidyRing(r orb.Ring) []orb.Ring {
	var out []orb.Ring
	r = straightened(r)
	path := make(orb.Ring, 0, len(r)+1)
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
	if len(path) < len(r) {
		path = straightened(path)
	}
	return appendClosed(out, path)
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
