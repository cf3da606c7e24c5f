package geo

import (
	"iter"
	"math"
)

// joinSame finds the pairs of instances that share pixels and unites those that are the same thing.
func (s *stitcher) joinSame() {
	masks := newBuckets()
	for i, in := range s.sorted {
		for j := range masks.overlapping(in.Mask.Window) {
			s.compare(j, i)
		}
		masks.add(in.Mask.Window)
	}
}

func (s *stitcher) compare(i, j int) {
	a, b := s.sorted[i], s.sorted[j]
	both := a.Mask.Overlap(b.Mask)
	if both == 0 {
		return
	}
	s.pairs = append(s.pairs, [2]int{i, j})
	switch {
	case a.Scene == b.Scene:
	case sameThing(a, b, both):
		s.groups.union(int32(i), int32(j))
	case a.isPartOf(b):
		s.partOf = append(s.partOf, [2]int{i, j})
	case b.isPartOf(a):
		s.partOf = append(s.partOf, [2]int{j, i})
	}
}

// sameThing compares two instances within the ground that both scenes cover, where they share the given pixels.
func sameThing(a, b Instance, both int) bool {
	shared := a.Scene.Intersect(b.Scene)
	inA, inB := a.Mask.CountIn(shared), b.Mask.CountIn(shared)
	if reaches(both, inA+inB-both, leastIoU) || reaches(both, min(inA, inB), leastContainment) {
		return true
	}
	inA, inB = a.Mask.countMeeting(b.Mask, shared), b.Mask.countMeeting(a.Mask, shared)
	return reaches(both, inA+inB-both, leastIoU)
}

func reaches(part, whole int, share float64) bool { return float64(part) >= share*float64(whole) }

// countMeeting counts the pixels in w of those connected pieces of the mask's part in w that meet the other mask.
func (m *Mask) countMeeting(o *Mask, w Window) int {
	n := 0
	for _, piece := range Components(m.Crop(m.Window.Intersect(w)), 4) {
		if piece.Overlap(o) > 0 {
			n += piece.Count()
		}
	}
	return n
}

// isPartOf says whether the instance is cut by its scene's edge, and the other is not and holds at least half of the cut.
func (in Instance) isPartOf(whole Instance) bool {
	for range whole.cut() {
		return false
	}
	edge, held := 0, 0
	for at := range in.cut() {
		edge++
		if whole.Mask.at(at) {
			held++
		}
	}
	return edge > 0 && 2*held >= edge
}

// pixel is a place on the global lattice.
type pixel struct{ x, y int }

func (m *Mask) at(p pixel) bool { return m.At(p.x-m.Window.X, p.y-m.Window.Y) }

// cut yields the instance's pixels along its scene's edge, each with the pixel beyond the edge.
func (in Instance) cut() iter.Seq2[pixel, pixel] {
	return func(yield func(pixel, pixel) bool) {
		s, m := in.Scene, in.Mask.Window
		east, south := s.X+s.W-1, s.Y+s.H-1
		for x := m.X; x < m.X+m.W; x++ {
			for _, line := range [2]pixel{{s.Y, s.Y - 1}, {south, south + 1}} {
				if at := (pixel{x, line.x}); in.Mask.at(at) && !yield(at, pixel{x, line.y}) {
					return
				}
			}
		}
		for y := m.Y; y < m.Y+m.H; y++ {
			for _, line := range [2]pixel{{s.X, s.X - 1}, {east, east + 1}} {
				if at := (pixel{line.x, y}); in.Mask.at(at) && !yield(at, pixel{line.y, y}) {
					return
				}
			}
		}
	}
}

// verdict says of each group, by its least member, whether it is kept.
func (s *stitcher) verdict() []bool {
	n := len(s.sorted)
	confirmed, explained := make([]bool, n), make([]bool, n)
	for _, pair := range s.partOf {
		if part, whole := s.group(pair[0]), s.group(pair[1]); part != whole {
			explained[pair[0]], confirmed[whole] = true, true
		}
	}
	kept, givesWay := make([]bool, n), make([]bool, n)
	for i := range s.sorted {
		givesWay[i] = true
	}
	for i := range s.sorted {
		g := s.group(i)
		kept[g] = g != i || confirmed[g] || kept[g] || s.belongs(i)
		givesWay[g] = givesWay[g] && explained[i]
	}
	for i := range kept {
		kept[i] = kept[i] && !givesWay[i]
	}
	return kept
}

func (s *stitcher) group(i int) int { return int(s.groups.find(int32(i))) }

// belongs says whether an instance is its own scene's to find: whether its scene's core holds its anchor, or no core that
// was looked at does.
func (s *stitcher) belongs(i int) bool {
	in := &s.sorted[i]
	x, y := in.lies()
	return in.Core.Contains(x, y) || !s.cores.covers(x, y)
}

// lies is the global pixel where an instance counts as lying.
func (in *Instance) lies() (x, y int) {
	if in.Anchor == nil {
		return in.Mask.centroid()
	}
	return int(math.Floor(in.Anchor[0])), int(math.Floor(in.Anchor[1]))
}

// centroid is the global pixel that holds the mean of the mask's pixels. The mask is not empty.
func (m *Mask) centroid() (x, y int) {
	var n, twiceX, sumY int // twice the sum of x, so that halves stay whole
	for row := range m.Window.H {
		for _, r := range appendRuns(nil, m.Row(row), int32(row)) {
			length := int(r.x1 - r.x0)
			n += length
			twiceX += length * int(r.x0+r.x1)
			sumY += length * row
		}
	}
	return m.Window.X + twiceX/(2*n), m.Window.Y + (2*sumY+n)/(2*n)
}
