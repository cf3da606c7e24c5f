package geo

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
)

// Instance is one thing as one scene shows it.
type Instance struct {
	Mask  *Mask   // on the global lattice, cropped to its extent, within Scene
	Scene Window  // the ground that was looked at
	Core  Window  // the middle of Scene; the cores of all scenes cover the ground without overlap
	Score float64 // the more the surer
	Key   string  // the caller's name for it; tells instances apart that are otherwise the same
	// Anchor is the global pixel where it counts as lying, as a place does where the map writes its name; nil for the middle of Mask.
	Anchor *orb.Point
}

// Stitched is one thing, joined from the scenes that show it.
type Stitched struct {
	Mask    *Mask   // cropped to its extent
	Members []int   // the places of its instances in Stitch's argument, rising
	Score   float64 // the mean of the members' scores, weighted by their pixels
	Open    bool    // it is cut by the edge of a scene beyond which nobody looked
}

// How much of the shared ground two instances must agree on to be the same thing.
const (
	leastIoU         = 0.5
	leastContainment = 0.8 // of the smaller one
)

// Stitch joins what overlapping scenes show. Instances, and the cores of the scenes that were looked at, are of one zoom;
// the cores of the instances' own scenes count as looked at. The stitched masks share no pixel, come in row order of their
// first pixel, and do not depend on the order of the arguments.
//
//   - Instances of different scenes are the same thing when their masks, within the ground that both scenes cover, have an
//     IoU of at least 0.5, or at least 0.8 of the smaller lies in the larger, or the pieces of them that meet there have an
//     IoU of at least 0.5 (a bent thing may enter that ground at places which only one scene sees connected). The same
//     thing's masks are united, over any number of scenes; instances of one scene unite only through another scene's.
//   - An instance that is cut by its scene's edge gives way to one of another scene that is not, and that holds most of the
//     cut: the one saw in part what the other saw whole.
//   - Another instance that no scene confirms is kept whole when its scene's core holds its anchor, or when the scene whose
//     core does was not looked at. If that scene was and did not find it, it is dropped.
//   - A pixel of several stitched things goes to the one whose scene's centre is nearest; if that is one scene, to the
//     smaller instance. A thing that keeps no pixel is left out.
func Stitch(instances []Instance, looked []Window) []Stitched {
	s := newStitcher(instances, looked)
	s.joinSame()
	kept := s.unite(s.verdict())
	s.settle(kept)
	return collect(kept)
}

// stitcher works on the instances in an order of their own, not the caller's.
type stitcher struct {
	sorted []Instance
	input  []int // the place of each in the caller's list
	area   []int // pixels of each
	cores  *buckets

	pairs  [][2]int // all whose masks share a pixel
	groups unionFind
	partOf [][2]int // the first shows in part what the second shows whole
}

func newStitcher(instances []Instance, looked []Window) *stitcher {
	s := &stitcher{cores: newBuckets()}
	for _, core := range looked {
		s.cores.add(core)
	}
	for i, in := range instances {
		s.cores.add(in.Core)
		if in.Mask.Count() > 0 {
			s.input = append(s.input, i)
		}
	}
	slices.SortStableFunc(s.input, func(i, j int) int { return compareInstances(instances[i], instances[j]) })
	for _, i := range s.input {
		s.sorted = append(s.sorted, instances[i])
		s.area = append(s.area, instances[i].Mask.Count())
	}
	s.groups = newUnionFind(len(s.sorted))
	return s
}

func compareInstances(a, b Instance) int {
	return cmp.Or(
		compareWindows(a.Scene, b.Scene),
		compareWindows(a.Mask.Window, b.Mask.Window),
		cmp.Compare(b.Score, a.Score),
		cmp.Compare(a.Key, b.Key),
		slices.Compare(a.Mask.words, b.Mask.words),
	)
}

func compareWindows(a, b Window) int {
	return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X), cmp.Compare(a.H, b.H), cmp.Compare(a.W, b.W))
}
