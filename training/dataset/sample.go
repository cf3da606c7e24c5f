package dataset

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
)

// Filters say which samples are worth having; they are the paper's, whose curators threw two of three away.
type Filters struct {
	MinPixels    int     // area of a place: below, it is a speck
	MaxShare     float64 // of the picture that a place may cover
	MinVisible   float64 // share of a place that its picture must show
	MaxHole      float64 // share of the picture that a layer may leave blank
	MaxPerClass  int     // names of one class that a picture is asked for; 0 for any number. A street of hotels says little more than a few
	Ambiguous    bool    // keep also what labels and outlines disagree on
	MinAlignment float64 // IoU of the outline and the segmenter's mask in its box; 0 does not ask
}

// DefaultFilters are mild: a place of a hundred pixels, nine tenths of it in sight and none of it in a hole, and one truth.
var DefaultFilters = Filters{MinPixels: 100, MaxShare: 0.9, MinVisible: 0.9, MaxHole: 0.5}

// sample is a question with its answer, before there are pictures.
type sample struct {
	window  geo.Window
	number  int // of the window within its block
	tier    string
	problem string
	class   string
	places  []*placed // that answer it
}

// placed is a place on the lattice of its ground.
type placed struct {
	Place
	shape orb.MultiPolygon // pixels
	at    orb.Point
	area  float64
	asked bool
}

// Skip is a sample or place that was left out, and why.
type Skip struct {
	Region string `json:"region"`
	Place  string `json:"place,omitempty"`
	Name   string `json:"name,omitempty"`
	Row    string `json:"row,omitempty"` // of what was imported: file and row
	Reason string `json:"reason"`        // the same for all of its kind
	Detail string `json:"detail,omitempty"`
}

// survey finds the samples of one block: pictures are laid so that each place of the block is whole in one of them, and each is asked for
// its places by name, and for its classes and functions.
type survey struct {
	ground  *Ground
	size    int
	tiers   []string
	filters Filters
	random  *rand.Rand
	block   geo.Window
	places  []*placed
	labels  []tiles.Label
	skip    func(Skip)
}

func (s *survey) run(ctx context.Context) ([]sample, error) {
	found, err := s.ground.Places(ctx, s.block)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		shape := onLattice(p.Shape, s.block.Z)
		s.places = append(s.places, &placed{Place: p, shape: shape, at: geo.Project(p.At, s.block.Z), area: planar.Area(shape)})
	}
	if s.ground.Labels != nil {
		if s.labels, err = s.ground.Labels(ctx, s.block); err != nil {
			return nil, err
		}
	}
	var out []sample
	for n, w := range s.windows() {
		out = append(out, s.ask(n, w)...)
	}
	return out, nil
}

// onLattice is an outline in pixels of a zoom.
func onLattice(mp orb.MultiPolygon, zoom int) orb.MultiPolygon {
	return project.MultiPolygon(mp.Clone(), func(p orb.Point) orb.Point { return geo.Project(p, zoom) })
}

// windows lays pictures over the block until each place that can be asked for is in one.
func (s *survey) windows() []geo.Window {
	var out []geo.Window
	shown := map[*placed]bool{}
	for _, p := range s.places {
		if shown[p] || !s.owns(p) {
			continue
		}
		if reason := s.unfit(p); reason != "" {
			s.leave(p, reason)
			continue
		}
		w := s.around(p)
		if s.visible(p, w) < s.filters.MinVisible {
			s.leave(p, "its picture shows too little of it")
			continue
		}
		out = append(out, w)
		for _, q := range s.places {
			if s.visible(q, w) >= s.filters.MinVisible {
				shown[q] = true
			}
		}
	}
	return out
}

// owns says whether a place is this block's: its label lies there. Its neighbours may see it, and do not ask for it by name.
func (s *survey) owns(p *placed) bool { return s.block.Contains(int(p.at[0]), int(p.at[1])) }

// unfit says why a place cannot be asked for, "" where it can.
func (s *survey) unfit(p *placed) string {
	switch {
	case p.Cut:
		return "the data end within it"
	case p.Name == "" && p.Class == "":
		return "it has neither a name nor a class"
	case p.area < float64(s.filters.MinPixels):
		return fmt.Sprintf("it is smaller than %d pixels", s.filters.MinPixels)
	case p.area > s.filters.MaxShare*float64(s.size*s.size):
		return "it is larger than its picture"
	}
	return ""
}

func (s *survey) leave(p *placed, reason string) {
	s.skip(Skip{Region: s.ground.Name, Place: p.ID, Name: p.Name, Reason: reason})
}

// around is a picture that shows a place whole where the block allows it, and not always in its middle.
func (s *survey) around(p *placed) geo.Window {
	b := p.shape.Bound()
	lay := func(low, high float64, from, length int) int {
		first, last := int(high)+1-s.size, int(low) // the picture's edge where the place is just inside
		if first > last {
			first, last = last, first
		}
		at := first + s.random.IntN(last-first+1)
		return max(from, min(at, from+length-s.size))
	}
	return geo.Window{Z: s.block.Z, X: lay(b.Min[0], b.Max[0], s.block.X, s.block.W), Y: lay(b.Min[1], b.Max[1], s.block.Y, s.block.H), W: s.size, H: s.size}
}

// visible is the share of a place's area within a window.
func (s *survey) visible(p *placed, w geo.Window) float64 {
	b := p.shape.Bound()
	if b.Max[0] <= float64(w.X) || b.Min[0] >= float64(w.X+w.W) || b.Max[1] <= float64(w.Y) || b.Min[1] >= float64(w.Y+w.H) || p.area == 0 {
		return 0
	}
	if b.Min[0] >= float64(w.X) && b.Max[0] <= float64(w.X+w.W) && b.Min[1] >= float64(w.Y) && b.Max[1] <= float64(w.Y+w.H) {
		return 1
	}
	return float64(geo.Rasterize(w, p.shape).Count()) / p.area
}

// ask are the questions to one picture: for what no picture before it was asked for.
func (s *survey) ask(n int, w geo.Window) []sample {
	var seen []*placed // what the picture shows any of
	for _, p := range s.places {
		if s.visible(p, w) > 0 {
			seen = append(seen, p)
		}
	}
	var out []sample
	add := func(tier, problem, class string, places []*placed) {
		if slices.Contains(s.tiers, tier) {
			out = append(out, sample{w, n, tier, problem, class, places})
		}
	}
	classes, functions := map[string]bool{}, map[string]bool{}
	names := map[string]int{} // asked for, by class
	for _, p := range seen {
		if p.asked || !s.owns(p) || s.unfit(p) != "" || s.visible(p, w) < s.filters.MinVisible {
			continue
		}
		p.asked = true
		if p.Name != "" {
			switch same := named(seen, p.Name); {
			case len(same) > 1 && !s.filters.Ambiguous:
				s.leave(p, "its picture shows another place of its name")
			case s.filters.MaxPerClass > 0 && names[p.Class] >= s.filters.MaxPerClass:
				s.leave(p, "its picture is asked for enough of its class")
			default:
				names[p.Class]++
				add(Name, p.Name, p.Class, same)
			}
		}
		if c, ok := taxonomy.ByID(p.Class); ok {
			classes[c.ID], functions[c.Function] = true, true
		}
	}
	s.kinds(w, seen, classes, functions, add)
	return out
}

// kinds asks for each class and function that the picture shows, where there is one truth.
func (s *survey) kinds(w geo.Window, seen []*placed, classes, functions map[string]bool, add func(tier, problem, class string, places []*placed)) {
	ask := func(tier, problem, id string, holds func(class string) bool) {
		if reason := s.disputed(w, seen, holds); reason != "" && !s.filters.Ambiguous {
			s.skip(Skip{Region: s.ground.Name, Name: problem, Reason: reason})
			return
		}
		add(tier, problem, id, of(seen, holds))
	}
	for _, id := range sorted(classes) {
		c, _ := taxonomy.ByID(id)
		answers := taxonomy.Match(c.Name).Classes
		ask(Class, c.Name, id, func(class string) bool { return class == id || slices.Contains(answers, class) })
	}
	for _, f := range taxonomy.Functions() {
		if functions[f.ID] {
			ask(Function, f.Name, f.ID, func(class string) bool { c, _ := taxonomy.ByID(class); return c.Function == f.ID })
		}
	}
}

// disputed says why there is no one truth of some classes in a picture: a label without an outline, an outline that the map does not tell
// of, or one that the data cut. "" where there is.
func (s *survey) disputed(w geo.Window, seen []*placed, holds func(class string) bool) string {
	for _, p := range seen {
		if holds(p.Class) && p.Cut {
			return "the data end within one of them"
		}
	}
	if s.ground.Labels == nil {
		return ""
	}
	inside := func(at orb.Point) bool { return w.Contains(int(at[0]), int(at[1])) }
	stands := func(l tiles.Label, p *placed) bool {
		return holds(l.Class) && holds(p.Class) && (p.Name == l.Text && l.Text != "" || planar.MultiPolygonContains(p.shape, geo.Project(l.At, w.Z)))
	}
	for _, l := range s.labels {
		if holds(l.Class) && inside(geo.Project(l.At, w.Z)) && !slices.ContainsFunc(seen, func(p *placed) bool { return stands(l, p) }) {
			return "the map names one that has no outline"
		}
	}
	for _, p := range seen {
		if holds(p.Class) && inside(p.at) && !slices.ContainsFunc(s.labels, func(l tiles.Label) bool { return stands(l, p) }) {
			return "the map does not name one of them"
		}
	}
	return ""
}

func named(places []*placed, name string) []*placed {
	return slices.DeleteFunc(slices.Clone(places), func(p *placed) bool { return p.Name != name })
}

func of(places []*placed, holds func(class string) bool) []*placed {
	return slices.DeleteFunc(slices.Clone(places), func(p *placed) bool { return !holds(p.Class) })
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// truth is the mask of a sample.
func (s sample) truth() *geo.Mask {
	m := geo.NewMask(s.window)
	for _, p := range s.places {
		m.Or(geo.Rasterize(s.window, p.shape))
	}
	return m
}

// ids are the places that answer, joined.
func (s sample) ids() string {
	ids := make([]string, len(s.places))
	for i, p := range s.places {
		ids[i] = p.ID
	}
	return strings.Join(ids, ",")
}

// function is the taxonomy's function of the sample.
func (s sample) function() string {
	if s.tier == Function {
		return s.class
	}
	c, _ := taxonomy.ByID(s.class)
	return c.Function
}

// LabelAt is where a map writes the name of an outline that brings no point of its own, in the outline's coordinates.
func LabelAt(mp orb.MultiPolygon) orb.Point {
	var largest orb.Polygon
	for _, p := range mp {
		if largest == nil || planar.Area(p) > planar.Area(largest) {
			largest = p
		}
	}
	if largest == nil {
		return orb.Point{}
	}
	return formats.LabelPoint(largest)
}
