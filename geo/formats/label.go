package formats

import (
	"cmp"
	"container/heap"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// Labels is the layer of a layer's labels: each feature that has a polygon becomes a point inside its largest one, with the
// same ids and properties.
func Labels(name string, l Layer) Layer {
	out := Layer{Name: name, Lattice: l.Lattice, Features: make([]Feature, 0, len(l.Features))}
	for _, f := range l.Features {
		mp, _ := Polygons(f.Geometry)
		if len(mp) == 0 {
			continue
		}
		largest := slices.MaxFunc(mp, func(p, q orb.Polygon) int {
			return cmp.Compare(math.Abs(planar.Area(p)), math.Abs(planar.Area(q)))
		})
		f.Geometry = LabelPoint(largest)
		out.Features = append(out.Features, f)
	}
	return out
}

// maxSquares is how many squares side by side LabelPoint begins with.
const maxSquares = 256

// LabelPoint is a point inside a polygon far from its outline, where a label sits well: the pole of inaccessibility, to a
// hundredth of the polygon's lesser extent, or a 25600th of its greater one where that is more. Coordinates are any plane's.
// A polygon without ground, or one without end, gives a point of it, or (0, 0).
//
// Method: squares are halved, those first that could hold the farthest point (V. Agafonkin, "A new algorithm for finding a
// visual center of a polygon", 2016).
func LabelPoint(p orb.Polygon) orb.Point {
	if len(p) == 0 || len(p[0]) == 0 {
		return orb.Point{}
	}
	b := p[0].Bound()
	width, height := b.Max[0]-b.Min[0], b.Max[1]-b.Min[1]
	if !(min(width, height) > 0) || math.IsInf(max(width, height), 0) {
		return p[0][0]
	}
	// A sliver would have as many squares as it is longer than wide: millions in data of roads, and no end of memory.
	size := max(min(width, height), max(width, height)/maxSquares)
	best := newSquare(p, certainlyInside(p, b), 0)
	if centroid := newSquare(p, centroidOf(p[0]), 0); centroid.depth > best.depth {
		best = centroid
	}
	var queue squares
	half := size / 2
	for i := range int(math.Ceil(width / size)) {
		for k := range int(math.Ceil(height / size)) {
			center := orb.Point{b.Min[0] + half + float64(i)*size, b.Min[1] + half + float64(k)*size}
			queue = append(queue, newSquare(p, center, half))
		}
	}
	heap.Init(&queue)
	for precision := size / 100; queue.Len() > 0; {
		s := heap.Pop(&queue).(square)
		if s.depth > best.depth {
			best = s
		}
		if s.reach() <= best.depth+precision {
			break // nothing in the queue reaches further
		}
		h := s.half / 2
		for _, d := range [...]orb.Point{{-h, -h}, {h, -h}, {-h, h}, {h, h}} {
			part := newSquare(p, orb.Point{s.center[0] + d[0], s.center[1] + d[1]}, h)
			if part.reach() > best.depth+precision {
				heap.Push(&queue, part)
			}
		}
	}
	return best.center
}

// square is a part of the plane that may hold the point.
type square struct {
	center orb.Point
	half   float64 // of its edge
	depth  float64 // how far inside the centre lies; negative outside
}

func newSquare(p orb.Polygon, center orb.Point, half float64) square {
	return square{center, half, depth(p, center)}
}

// reach is how far inside any point of the square may lie.
func (s square) reach() float64 { return s.depth + s.half*math.Sqrt2 }

// squares is a heap, furthest reach first.
type squares []square

func (s squares) Len() int           { return len(s) }
func (s squares) Less(i, j int) bool { return s[i].reach() > s[j].reach() }
func (s squares) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *squares) Push(v any)        { *s = append(*s, v.(square)) }
func (s *squares) Pop() any {
	last := len(*s) - 1
	v := (*s)[last]
	*s = (*s)[:last]
	return v
}

// depth is a point's distance from the outline, negative when it lies outside.
func depth(p orb.Polygon, at orb.Point) float64 {
	inside, nearest := false, math.Inf(1)
	for _, r := range p {
		a := r[len(r)-1]
		for _, b := range r {
			if (a[1] > at[1]) != (b[1] > at[1]) && at[0] < (b[0]-a[0])*(at[1]-a[1])/(b[1]-a[1])+a[0] {
				inside = !inside
			}
			nearest = min(nearest, planar.DistanceFromSegmentSquared(a, b, at))
			a = b
		}
	}
	if inside {
		return math.Sqrt(nearest)
	}
	return -math.Sqrt(nearest)
}

func centroidOf(r orb.Ring) orb.Point {
	c, _ := planar.CentroidArea(r)
	return c
}

// certainlyInside is the middle of the longest stretch inside along a line halfway up the polygon, off its corners: slivers
// of which no square's centre lies inside have a label too.
func certainlyInside(p orb.Polygon, b orb.Bound) orb.Point {
	y := scanHeight(p, (b.Min[1]+b.Max[1])/2)
	var crossings []float64
	for _, r := range p {
		a := r[len(r)-1]
		for _, b := range r {
			if (a[1] > y) != (b[1] > y) {
				crossings = append(crossings, a[0]+(y-a[1])/(b[1]-a[1])*(b[0]-a[0]))
			}
			a = b
		}
	}
	slices.Sort(crossings)
	best, length := p[0][0], -1.0
	for i := 0; i+1 < len(crossings); i += 2 {
		if l := crossings[i+1] - crossings[i]; l > length {
			best, length = orb.Point{(crossings[i] + crossings[i+1]) / 2, y}, l
		}
	}
	return best
}

// scanHeight is halfway between a height and the next corner above it.
func scanHeight(p orb.Polygon, y float64) float64 {
	above := math.Inf(1)
	for _, r := range p {
		for _, c := range r {
			if c[1] > y {
				above = min(above, c[1])
			}
		}
	}
	return (y + above) / 2
}
