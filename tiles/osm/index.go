package osm

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
)

// index is a map in memory: what is to be drawn and what is written, by where it lies. It is filled once and read by many.
type index struct {
	lang     string
	features []carto.Feature
	labels   []tiles.Label
	bound    orb.Bound

	byZoom  map[int]*tree // features without a name, by the zoom from which they are drawn
	named   map[int]*tree
	byLabel tree

	placed    []part
	byPlace   tree
	keep      bool // elements, with their tags
	elements  []Element
	byElement tree
	tiled     bool // one vector tile's
	raw       bool // of a tile without a schema: what it holds is labelled nowhere else

	labelsAreas bool // some of placed are raw
}

type tree = rtree.RTreeGN[float64, int32]

func newIndex(lang string) *index {
	return &index{lang: lang, byZoom: map[int]*tree{}, named: map[int]*tree{}, bound: orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}}
}

// addPoint adds a node with tags.
func (x *index) addPoint(p orb.Point, t tags) {
	if class, ok := t.told(); ok {
		x.addElement(carto.Land, class, p, t)
	}
	if l, ok := t.label(p, x.lang); ok && onEarth(orb.Bound{Min: p, Max: p}) {
		x.addLabel(l)
	}
}

// addLine adds a way.
func (x *index) addLine(line orb.LineString, t tags) {
	if len(line) < 2 {
		return
	}
	kind, class, ok := t.line()
	if ok {
		x.addElement(kind, class, line, t)
		x.addFeature(carto.Feature{Kind: kind, Class: class, Geometry: line, Name: t.name(x.lang), Level: t.level()})
	} else if class, ok := t.told(); ok {
		x.addElement(carto.Land, class, line, t)
	}
}

// addOutline adds a polygon. One that is cut is drawn, but is no place's outline.
func (x *index) addOutline(mp orb.MultiPolygon, t tags, id any, cut bool) bool {
	if len(mp) == 0 || len(mp[0]) == 0 || !onEarth(mp.Bound()) {
		return false
	}
	if kind, class, ok := t.area(); ok {
		x.addFeature(carto.Feature{Kind: kind, Class: class, Geometry: mp})
		x.addElement(kind, class, mp, t)
	}
	x.addPlace(mp, t, id, cut)
	return true
}

// addArea adds a polygon, and the label that it has.
func (x *index) addArea(mp orb.MultiPolygon, t tags, cut bool) {
	if !x.addOutline(mp, t, nil, cut) {
		return
	}
	if l, ok := t.label(orb.Point{}, x.lang); ok {
		l.At = labelPoint(mp)
		x.addLabel(l)
	}
}

func (x *index) addFeature(f carto.Feature) {
	b := f.Geometry.Bound()
	if !onEarth(b) {
		return
	}
	trees := x.byZoom
	if f.Name != "" {
		trees = x.named
	}
	zoom := f.MinZoom()
	if trees[zoom] == nil {
		trees[zoom] = new(tree)
	}
	trees[zoom].Insert(b.Min, b.Max, int32(len(x.features)))
	x.features = append(x.features, f)
	x.bound = x.bound.Union(b)
}

func (x *index) addLabel(l tiles.Label) {
	x.byLabel.Insert(l.At, l.At, int32(len(x.labels)))
	x.labels = append(x.labels, l)
	x.bound = x.bound.Extend(l.At)
}

// onEarth refuses what is no number or beyond the world: one such bound would spoil a tree for all.
func onEarth(b orb.Bound) bool {
	return b.Min[0] >= -180 && b.Max[0] <= 180 && b.Min[1] >= -90 && b.Max[1] <= 90
}

// near gives what matters to the picture of a window: names from further away than lines.
func (x *index) near(w geo.Window) []carto.Feature {
	var found []int32
	collect := func(trees map[int]*tree, pad int) {
		b := w.Pad(pad).Bound()
		for zoom, t := range trees {
			if zoom <= w.Z {
				t.Search(b.Min, b.Max, func(_, _ [2]float64, i int32) bool {
					found = append(found, i)
					return true
				})
			}
		}
	}
	collect(x.byZoom, carto.LinePad)
	if w.Z >= carto.LabelZoom {
		collect(x.named, carto.Pad)
	} else {
		collect(x.named, carto.LinePad)
	}
	slices.Sort(found)
	out := make([]carto.Feature, len(found))
	for i, k := range found {
		out[i] = x.features[k]
	}
	return out
}

// within gives the labels of a window, also of one across the antimeridian: their anchors are in the window's own count of degrees.
func (x *index) within(w geo.Window) []tiles.Label {
	var out []tiles.Label
	b := w.Bound()
	for _, turn := range []float64{-360, 0, 360} {
		x.byLabel.Search([2]float64{b.Min[0] - turn, b.Min[1]}, [2]float64{b.Max[0] - turn, b.Max[1]}, func(_, _ [2]float64, i int32) bool {
			l := x.labels[i]
			l.At[0] += turn
			if p := w.Local(l.At); p[0] >= 0 && p[1] >= 0 && p[0] < float64(w.W) && p[1] < float64(w.H) {
				out = append(out, l)
			}
			return true
		})
	}
	return inOrder(out)
}

// inOrder sorts labels from north to south, so that the order does not depend on the file's.
func inOrder(labels []tiles.Label) []tiles.Label {
	slices.SortStableFunc(labels, func(a, b tiles.Label) int {
		return cmp.Or(cmp.Compare(b.At[1], a.At[1]), cmp.Compare(a.At[0], b.At[0]), strings.Compare(a.Text, b.Text))
	})
	return labels
}
