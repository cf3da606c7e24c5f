package osm

import (
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"github.com/paulmach/osm"
)

// join puts ways end to end to closed rings. What does not close, as at an extract's edge, is left out.
func join(ways [][]osm.NodeID) [][]osm.NodeID {
	var rings [][]osm.NodeID
	at := map[osm.NodeID][]int{} // ways that begin or end at a node
	for i, w := range ways {
		if closed(w) {
			rings = append(rings, w)
			continue
		}
		at[w[0]] = append(at[w[0]], i)
		at[w[len(w)-1]] = append(at[w[len(w)-1]], i)
	}
	used := make([]bool, len(ways))
	for i, w := range ways {
		if used[i] || closed(w) {
			continue
		}
		used[i] = true
		ring := slices.Clone(w)
		for ring[0] != ring[len(ring)-1] {
			next := follow(ways, at[ring[len(ring)-1]], used)
			if next < 0 {
				break
			}
			used[next] = true
			more := ways[next]
			if more[0] != ring[len(ring)-1] {
				more = slices.Clone(more)
				slices.Reverse(more)
			}
			ring = append(ring, more[1:]...)
		}
		if closed(ring) {
			rings = append(rings, ring)
		}
	}
	return rings
}

func follow(ways [][]osm.NodeID, candidates []int, used []bool) int {
	for _, i := range candidates {
		if !used[i] && !closed(ways[i]) {
			return i
		}
	}
	return -1
}

// polygonsOf gives each inner ring to the smallest outer one that holds it.
func polygonsOf(outer, inner []orb.Ring) orb.MultiPolygon {
	var out orb.MultiPolygon
	for _, r := range outer {
		out = append(out, orb.Polygon{r})
	}
	for _, hole := range inner {
		best, size := -1, 0.0
		for i, p := range out {
			b := p[0].Bound()
			s := (b.Max[0] - b.Min[0]) * (b.Max[1] - b.Min[1])
			if (best < 0 || s < size) && holds(p[0], hole) {
				best, size = i, s
			}
		}
		if best >= 0 {
			out[best] = append(out[best], hole)
		}
	}
	return out
}

// holds says whether a ring lies inside another; they may share corners.
func holds(outer, inner orb.Ring) bool {
	b := outer.Bound()
	for _, p := range inner {
		if !b.Contains(p) {
			return false
		}
	}
	for _, p := range inner {
		if !slices.Contains(outer, p) {
			return planar.RingContains(outer, p)
		}
	}
	return true
}
