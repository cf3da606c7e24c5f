package geo

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// stitchedGroup is a thing in the making.
type stitchedGroup struct {
	Stitched
	instances []int // its members in the stitcher's order
}

// unite makes the groups that are kept, by their least member; nil for the others.
func (s *stitcher) unite(kept []bool) []*stitchedGroup {
	out := make([]*stitchedGroup, len(s.sorted))
	for i := range s.sorted {
		g := s.group(i)
		if !kept[g] {
			continue
		}
		if out[g] == nil {
			out[g] = &stitchedGroup{}
		}
		out[g].instances = append(out[g].instances, i)
	}
	for _, g := range out {
		if g != nil {
			s.sum(g)
		}
	}
	return out
}

// sum makes what a group's members come to.
func (s *stitcher) sum(g *stitchedGroup) {
	var extent Window
	var area, score float64
	for _, i := range g.instances {
		extent = extent.Union(s.sorted[i].Mask.Window)
		area += float64(s.area[i])
		score += float64(s.area[i]) * s.sorted[i].Score
		g.Members = append(g.Members, s.input[i])
	}
	slices.Sort(g.Members)
	g.Score = score / area
	g.Mask = NewMask(extent)
	for _, i := range g.instances {
		g.Mask.Or(s.sorted[i].Mask)
	}
	g.Open = slices.ContainsFunc(g.instances, func(i int) bool {
		for _, beyond := range s.sorted[i].cut() {
			onEarth := beyond.y >= 0 && beyond.y < WorldSize(extent.Z)
			if onEarth && !g.Mask.at(beyond) && !s.cores.covers(beyond.x, beyond.y) {
				return true
			}
		}
		return false
	})
}

// settle gives every pixel that several groups hold to one of them. Who gets it is judged by the instances, which do not
// change, so the order of the pairs does not matter.
func (s *stitcher) settle(groups []*stitchedGroup) {
	for _, pair := range s.pairs {
		g, h := groups[s.group(pair[0])], groups[s.group(pair[1])]
		if g == nil || h == nil || g == h {
			continue
		}
		a, b := s.sorted[pair[0]].Mask, s.sorted[pair[1]].Mask
		shared := a.Window.Intersect(b.Window)
		claimsG, claimsH := s.claimants(g, shared), s.claimants(h, shared)
		for at := range a.sharedPixels(b) {
			loser := g
			if compareClaims(s.bestClaim(claimsG, at), s.bestClaim(claimsH, at)) < 0 {
				loser = h
			}
			loser.Mask.Clear(at.x-loser.Mask.Window.X, at.y-loser.Mask.Window.Y)
		}
	}
}

// claimants are the group's instances that may hold pixels of w.
func (s *stitcher) claimants(g *stitchedGroup, w Window) []int {
	return slices.DeleteFunc(slices.Clone(g.instances), func(i int) bool { return !s.sorted[i].Mask.Window.Overlaps(w) })
}

// claim is what an instance puts forward for a pixel; the least wins.
type claim struct {
	distance int // squared, from the pixel's to the scene's centre, in half pixels
	area     int
	instance int
}

func compareClaims(a, b claim) int {
	return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.area, b.area), cmp.Compare(a.instance, b.instance))
}

func (s *stitcher) bestClaim(instances []int, at pixel) claim {
	best := claim{distance: math.MaxInt}
	for _, i := range instances {
		if !s.sorted[i].Mask.at(at) {
			continue
		}
		scene := s.sorted[i].Scene
		dx, dy := 2*(at.x-scene.X)+1-scene.W, 2*(at.y-scene.Y)+1-scene.H
		if c := (claim{dx*dx + dy*dy, s.area[i], i}); compareClaims(c, best) < 0 {
			best = c
		}
	}
	return best
}

// sharedPixels yields the pixels that both masks hold.
func (m *Mask) sharedPixels(o *Mask) func(yield func(pixel) bool) {
	shared := m.Window.Intersect(o.Window)
	return func(yield func(pixel) bool) {
		for y := shared.Y; y < shared.Y+shared.H; y++ {
			a, b := m.Row(y-m.Window.Y), o.Row(y-o.Window.Y)
			for done := 0; done < shared.W; done += 64 {
				n := min(64, shared.W-done)
				both := bitsAt(a, shared.X-m.Window.X+done, n) & bitsAt(b, shared.X-o.Window.X+done, n)
				for ; both != 0; both &= both - 1 {
					if !yield(pixel{shared.X + done + bits.TrailingZeros64(both), y}) {
						return
					}
				}
			}
		}
	}
}

// collect gives the things that have pixels left, in row order of their first one.
func collect(groups []*stitchedGroup) []Stitched {
	var out []Stitched
	for _, g := range groups {
		if g == nil {
			continue
		}
		if extent := g.Mask.Extent(); extent != g.Mask.Window {
			g.Mask = g.Mask.Crop(extent)
		}
		if !g.Mask.Window.Empty() {
			out = append(out, g.Stitched)
		}
	}
	slices.SortFunc(out, func(a, b Stitched) int { return a.Mask.firstPixel().compare(b.Mask.firstPixel()) })
	return out
}

func (p pixel) compare(q pixel) int { return cmp.Or(cmp.Compare(p.y, q.y), cmp.Compare(p.x, q.x)) }

// firstPixel is the mask's first pixel in row order. The mask is cropped to its extent and not empty.
func (m *Mask) firstPixel() pixel {
	return pixel{m.Window.X + int(appendRuns(nil, m.Row(0), 0)[0].x0), m.Window.Y}
}
