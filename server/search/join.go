package search

import (
	"slices"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"
	"github.com/tidwall/rtree"
)

// join makes one entry of a street's or river's pieces: of one name, and nearer than a wide crossing.
func join(all []Entry) []Entry {
	const near = 0.0008 // degrees, some 80 m
	groups := map[string][]int{}
	for i, e := range all {
		if k := pieceOf(e); k != "" {
			groups[k] = append(groups[k], i)
		}
	}
	gone := make([]bool, len(all))
	for _, g := range groups {
		if len(g) < 2 {
			continue
		}
		var tree rtree.RTreeGN[float64, int]
		root := make(map[int]int, len(g))
		find := func(i int) int {
			for root[i] != i {
				root[i] = root[root[i]]
				i = root[i]
			}
			return i
		}
		for _, i := range g {
			root[i] = i
			b := all[i].Geometry.Bound().Pad(near)
			tree.Search(b.Min, b.Max, func(_, _ [2]float64, j int) bool {
				if a, b := find(i), find(j); a != b {
					root[max(a, b)] = min(a, b)
				}
				return true
			})
			inner := all[i].Geometry.Bound()
			tree.Insert(inner.Min, inner.Max, i)
		}
		for _, i := range g {
			if r := find(i); r != i {
				all[r] = joined(all[r], all[i])
				gone[i] = true
			}
		}
	}
	at := -1
	return slices.DeleteFunc(all, func(Entry) bool { at++; return gone[at] })
}

// pieceOf is equal for the pieces of one thing, "" for what is whole.
func pieceOf(e Entry) string {
	if e.Geometry.Dimensions() != 1 || e.Type == "relation" {
		return ""
	}
	for _, k := range []string{"highway", "waterway", "railway"} {
		if e.Tags[k] != "" && e.Tags["name"] != "" {
			return k + "=" + e.Tags["name"]
		}
	}
	return ""
}

// joined has the id and tags of the longer.
func joined(a, b Entry) Entry {
	if longest(b.Geometry) > longest(a.Geometry) {
		a, b = b, a
	}
	a.Geometry = append(lines(a.Geometry), lines(b.Geometry)...)
	return a
}

func longest(g orb.Geometry) float64 {
	m := 0.0
	for _, l := range lines(g) {
		m = max(m, orbgeo.Length(l))
	}
	return m
}

func lines(g orb.Geometry) orb.MultiLineString {
	switch g := g.(type) {
	case orb.LineString:
		return orb.MultiLineString{g}
	case orb.MultiLineString:
		return g
	}
	return nil
}
