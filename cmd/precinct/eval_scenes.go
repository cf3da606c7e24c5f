package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/truth"
	"github.com/precinct-map/precinct/training"
)

// known is a place whose outline is known.
type known struct {
	name  string
	class string
	shape orb.MultiPolygon // lattice of the scenes' zoom
	at    orb.Point        // the same lattice
}

// onLattice is an outline in pixels of a zoom.
func onLattice(mp orb.MultiPolygon, zoom int) orb.MultiPolygon {
	return project.MultiPolygon(mp.Clone(), func(p orb.Point) orb.Point { return geo.Project(p, zoom) })
}

// region is where scenes are picked from.
type region struct {
	name            string // of examples' ids
	satellite, plan tiles.Source
	middle          func(*rand.Rand) orb.Point // where a scene may be, on the lattice
	places          func(context.Context, geo.Window) ([]known, error)
}

// scenesATown is how many scenes of one made-up town are taken: the next come from the town of the next seed, under another sun.
const scenesATown = 20

// townRegions are the towns of one seed and the next, some ten kilometres round their centres.
func townRegions(f *evalFlags, zoom int) iter.Seq2[region, error] {
	return func(yield func(region, error) bool) {
		for seed := f.seed; ; seed++ {
			made, err := town.New(town.Options{Seed: seed, Look: f.look})
			if err != nil {
				yield(region{}, err)
				return
			}
			plan, err := made.Map(f.style)
			if err != nil {
				yield(region{}, err)
				return
			}
			at := geo.Project(made.Satellite().Info().Center, zoom)
			const around = 20 * reasoning.CoreSize
			g := region{name: fmt.Sprintf("town%d", seed), satellite: made.Satellite(), plan: plan, middle: func(r *rand.Rand) orb.Point {
				return orb.Point{at[0] + around*(2*r.Float64()-1), at[1] + around*(2*r.Float64()-1)}
			}}
			g.places = func(_ context.Context, w geo.Window) ([]known, error) {
				var out []known
				for _, p := range truth.Outlines(made, w) {
					out = append(out, known{p.Name, p.Class, onLattice(p.Shape, w.Z), geo.Project(p.At, w.Z)})
				}
				return out, nil
			}
			if !yield(g, nil) {
				return
			}
		}
	}
}

// sampled are scenes at random places of regions, by a seed: wherever the core holds a place that can be asked for.
func sampled(ctx context.Context, a *app, f *evalFlags, regions iter.Seq2[region, error]) iter.Seq2[training.Example, error] {
	return func(yield func(training.Example, error) bool) {
		r := picker{rand.New(rand.NewPCG(f.seed, 7)), map[string]int{}}
		left := f.scenes
		for g, err := range regions {
			for n, tries := 0, 0; err == nil && n < min(scenesATown, left); tries++ {
				if tries > 100*scenesATown {
					err = fmt.Errorf("%s: hardly any scene holds a place that could be asked for", g.name)
					break
				}
				var asked []training.Example
				if asked, err = sceneExamples(ctx, a, g, offGrid(around(g.middle(r.Rand), a.config.Pair.Zoom)), f.tiers, r); err != nil {
					break
				}
				for _, e := range asked {
					if !yield(e, nil) {
						return
					}
				}
				n += min(1, len(asked))
			}
			if err != nil {
				yield(training.Example{}, err)
				return
			}
			if left -= scenesATown; left <= 0 {
				return
			}
		}
	}
}

// offGrid moves a window that happens to be a scene's: to the reader the bench's are pictures by themselves, whose edges no neighbour
// draws.
func offGrid(w geo.Window) geo.Window {
	if reasoning.SceneAt(w.Z, w.Center()).Window() == w {
		w.X++
	}
	return w
}

// scene is one window that is asked for what it holds.
type scene struct {
	id     string
	window geo.Window
	pair   *tiles.Pair
	places []known
	labels []tiles.Label // the map's own, all of them
}

// sceneExamples asks a scene for a place of its middle by name, for a class and a function of its middle, and for a class that it has none
// of. It asks for what has outlines only: a class one of whose labels is a mere point has no truth.
func sceneExamples(ctx context.Context, a *app, g region, w geo.Window, tiers []string, r picker) ([]training.Example, error) {
	places, err := g.places(ctx, w)
	if err != nil {
		return nil, err
	}
	s := &scene{id: fmt.Sprintf("%s-%d-%d-%d", g.name, w.Z, w.X, w.Y), window: w, places: places}
	if l, ok := g.plan.(tiles.Labeler); ok {
		if s.labels, err = l.Labels(ctx, w); err != nil {
			return nil, err
		}
	}
	asked := s.questions(r)
	asked = slices.DeleteFunc(asked, func(q question) bool { return !slices.Contains(tiers, string(q.tier)) })
	if len(asked) == 0 {
		return nil, nil
	}
	if s.pair, err = a.align(ctx, g.satellite, g.plan, w); err != nil {
		return nil, err
	}
	var out []training.Example
	for _, q := range asked {
		out = append(out, s.example(q))
	}
	return out, nil
}

// question is what a scene is asked, and which of its places answer it.
type question struct {
	tier   training.Tier
	phrase string
	class  string
	holds  func(known) bool
}

func (s *scene) questions(r picker) []question {
	var names, classes, functions []string
	core := s.window.Pad(-reasoning.Margin)
	for _, p := range s.places {
		if !core.Contains(int(p.at[0]), int(p.at[1])) || !s.fits(p) {
			continue
		}
		c, _ := taxonomy.ByID(p.class)
		names, classes, functions = append(names, p.name), append(classes, c.ID), append(functions, c.Function)
	}
	var out []question
	if name := r.pick("name", names, func(name string) string { return s.classOf(name) }); name != "" {
		i := slices.IndexFunc(s.places, func(p known) bool { return p.name == name })
		out = append(out, question{training.TierName, name, s.places[i].class, func(p known) bool { return p.name == name }})
	}
	if c, ok := taxonomy.ByID(r.pick("class", classes, itself)); ok {
		answers := taxonomy.Match(c.Name).Classes
		holds := func(class string) bool { return slices.Contains(answers, class) }
		if s.outlined(holds) {
			out = append(out, question{training.TierClass, c.Name, c.ID, func(p known) bool { return holds(p.class) }})
		}
	}
	if id := r.pick("function", functions, itself); id != "" {
		holds := func(class string) bool { c, _ := taxonomy.ByID(class); return c.Function == id }
		if s.outlined(holds) {
			out = append(out, question{training.TierFunction, functionName(id), id, func(p known) bool { return holds(p.class) }})
		}
	}
	if absent, ok := s.absent(r.Rand); ok && len(names) > 0 {
		out = append(out, question{training.Absent, absent.Name, absent.ID, func(known) bool { return false }})
	}
	return out
}

// picker picks at random of what was asked for least, so that a bench is not all farms.
type picker struct {
	*rand.Rand
	asked map[string]int // how often, by tier and kind
}

func itself(v string) string { return v }

// pick picks one of some names, classes or functions, "" of none; kind is what is counted of each.
func (p picker) pick(tier string, from []string, kind func(string) string) string {
	slices.Sort(from)
	from = slices.DeleteFunc(slices.Compact(from), func(v string) bool { return v == "" })
	least := from[:0:0]
	for _, v := range from {
		switch n := p.asked[tier+kind(v)]; {
		case len(least) == 0 || n < p.asked[tier+kind(least[0])]:
			least = []string{v}
		case n == p.asked[tier+kind(least[0])]:
			least = append(least, v)
		}
	}
	if len(least) == 0 {
		return ""
	}
	picked := least[p.IntN(len(least))]
	p.asked[tier+kind(picked)]++
	return picked
}

func (s *scene) classOf(name string) string {
	i := slices.IndexFunc(s.places, func(p known) bool { return p.name == name })
	return s.places[i].class
}

// fits says whether a place can be asked for: the scene shows it whole, and it is more than a few pixels.
func (s *scene) fits(p known) bool {
	const least = 100
	b := p.shape.Bound()
	inside := s.window.Contains(int(b.Min[0]), int(b.Min[1])) && s.window.Contains(int(b.Max[0]), int(b.Max[1]))
	return inside && planar.Area(p.shape) >= least
}

// outlined says whether the map's labels of some classes and the outlines are the same places: neither a label without an outline, for
// which there is no truth, nor an outline in the scene that the map does not tell of.
func (s *scene) outlined(holds func(class string) bool) bool {
	stands := func(l tiles.Label, p known) bool {
		return holds(l.Class) && holds(p.class) && (p.name == l.Text && l.Text != "" || planar.MultiPolygonContains(p.shape, geo.Project(l.At, s.window.Z)))
	}
	for _, l := range s.labels {
		if holds(l.Class) && !slices.ContainsFunc(s.places, func(p known) bool { return stands(l, p) }) {
			return false
		}
	}
	for _, p := range s.places {
		if holds(p.class) && s.window.Contains(int(p.at[0]), int(p.at[1])) && !slices.ContainsFunc(s.labels, func(l tiles.Label) bool { return stands(l, p) }) {
			return false
		}
	}
	return true
}

// fabric is what any scene of houses may hold without a map saying so.
var fabric = []string{"house", "apartments", "residential_compound", "shop", "office", "garden", "parking", "bicycle_parking", "toilets", "swimming_pool",
	"sports_pitch", "playground", "construction", "farm", "industrial", "railway_yard", "park"}

// absent is a class that neither places nor labels of the scene have, nor one of like words.
func (s *scene) absent(r *rand.Rand) (taxonomy.Class, bool) {
	classes := taxonomy.Classes()
	for _, i := range r.Perm(len(classes)) {
		answers := append(taxonomy.Match(classes[i].Name).Classes, classes[i].ID)
		here := func(class string) bool { return slices.Contains(answers, class) }
		if !slices.Contains(fabric, classes[i].ID) && !slices.ContainsFunc(s.places, func(p known) bool { return here(p.class) }) &&
			!slices.ContainsFunc(s.labels, func(l tiles.Label) bool { return here(l.Class) }) {
			return classes[i], true
		}
	}
	return taxonomy.Class{}, false
}

func (s *scene) example(q question) training.Example {
	m := geo.NewMask(s.window)
	for _, p := range s.places {
		if q.holds(p) {
			m.Or(geo.Rasterize(m.Window, p.shape))
		}
	}
	return training.Example{ID: s.id, Pair: s.pair, Phrase: q.phrase, Tier: q.tier, Class: q.class, Truth: m}
}

func functionName(id string) string {
	for _, f := range taxonomy.Functions() {
		if f.ID == id {
			return f.Name
		}
	}
	return id
}

// around is a picture with a point of the lattice in its middle.
func around(at orb.Point, zoom int) geo.Window {
	const half = reasoning.SceneSize / 2
	return geo.Window{Z: zoom, X: int(at[0]) - half, Y: int(at[1]) - half, W: reasoning.SceneSize, H: reasoning.SceneSize}
}
