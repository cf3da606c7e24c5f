package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
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

// townExamples are scenes of the made-up town within some ten kilometres of its centre, by a seed: wherever the core holds a place.
func townExamples(ctx context.Context, a *app, scenes int, seed uint64) iter.Seq2[training.Example, error] {
	return func(yield func(training.Example, error) bool) {
		made, err := town.New(town.Options{Seed: 1})
		if err != nil {
			yield(training.Example{}, err)
			return
		}
		zoom := a.config.Pair.Zoom
		middle := reasoning.SceneAt(zoom, geo.Project(made.Satellite().Info().Center, zoom))
		r := rand.New(rand.NewPCG(seed, 7))
		for n := 0; n < scenes; {
			s := reasoning.Scene{Z: zoom, Col: middle.Col + r.IntN(40) - 20, Row: middle.Row + r.IntN(40) - 20}
			var places []known
			for _, p := range truth.Outlines(made, evalWindow(s)) {
				places = append(places, known{p.Name, p.Class, onLattice(p.Shape, zoom), geo.Project(p.At, zoom)})
			}
			asked, err := sceneExamples(ctx, a, s, places, r)
			if err != nil {
				yield(training.Example{}, err)
				return
			}
			for _, e := range asked {
				if !yield(e, nil) {
					return
				}
			}
			if len(asked) > 0 {
				n++
			}
		}
	}
}

// evalWindow is a scene's ground moved off the grid: to the reader it is a picture by itself, whose edges no neighbour draws.
func evalWindow(s reasoning.Scene) geo.Window {
	w := s.Window()
	w.X += reasoning.Margin / 2
	w.Y += reasoning.Margin / 2
	return w
}

// sceneExamples asks a scene for a place in its core by name, for a class and a function of its core, and for a class that it has none of.
func sceneExamples(ctx context.Context, a *app, s reasoning.Scene, places []known, r *rand.Rand) ([]training.Example, error) {
	var core []known
	for _, p := range places {
		if evalWindow(s).Pad(-reasoning.Margin).Contains(int(p.at[0]), int(p.at[1])) {
			core = append(core, p)
		}
	}
	if len(core) == 0 {
		return nil, nil
	}
	pair, err := a.align(ctx, a.engine.Satellite, a.engine.Map, evalWindow(s))
	if err != nil {
		return nil, err
	}
	one, two, three := core[r.IntN(len(core))], core[r.IntN(len(core))], core[r.IntN(len(core))]
	class, _ := taxonomy.ByID(two.class)
	third, _ := taxonomy.ByID(three.class)
	add := func(out []training.Example, tier training.Tier, phrase, id string, holds func(known) bool) []training.Example {
		m := geo.NewMask(evalWindow(s))
		for _, p := range places {
			if holds(p) {
				m.Or(geo.Rasterize(evalWindow(s), p.shape))
			}
		}
		return append(out, training.Example{ID: s.ID(), Pair: pair, Phrase: phrase, Tier: tier, Class: id, Truth: m})
	}
	var out []training.Example
	out = add(out, training.TierName, one.name, one.class, func(p known) bool { return p.name == one.name })
	out = add(out, training.TierClass, class.Name, class.ID, func(p known) bool { return p.class == class.ID })
	out = add(out, training.TierFunction, functionName(third.Function), third.Function, func(p known) bool {
		c, _ := taxonomy.ByID(p.class)
		return c.Function == third.Function
	})
	if absent, ok := absentClass(places, r); ok {
		out = add(out, training.Absent, absent.Name, absent.ID, func(known) bool { return false })
	}
	return out, nil
}

func functionName(id string) string {
	for _, f := range taxonomy.Functions() {
		if f.ID == id {
			return f.Name
		}
	}
	return id
}

// absentClass is a class that people look for and that none of the places has, nor one of like words.
func absentClass(places []known, r *rand.Rand) (taxonomy.Class, bool) {
	wanted := []string{"school", "hospital", "park", "stadium", "supermarket", "hotel", "church", "mosque", "museum", "library", "police", "fire_station",
		"cinema", "bus_station", "cemetery", "parking", "factory", "university"}
	r.Shuffle(len(wanted), func(i, j int) { wanted[i], wanted[j] = wanted[j], wanted[i] })
	for _, id := range wanted {
		c, ok := taxonomy.ByID(id)
		answers := taxonomy.Match(c.Name).Classes
		if ok && !slices.ContainsFunc(places, func(p known) bool { return slices.Contains(answers, p.class) || p.class == id }) {
			return c, true
		}
	}
	return taxonomy.Class{}, false
}

// folderExamples asks for each place of a truth.geojson by name and, where OSM's tags give it a class, for the class, in a picture round it.
func folderExamples(ctx context.Context, a *app, folder string) (iter.Seq2[training.Example, error], int) {
	zoom := a.config.Pair.Zoom
	places, err := readKnown(filepath.Join(folder, "truth.geojson"), zoom)
	return func(yield func(training.Example, error) bool) {
		if err != nil {
			yield(training.Example{}, err)
			return
		}
		for i, p := range places {
			const half = reasoning.SceneSize / 2
			w := geo.Window{Z: zoom, X: int(p.at[0]) - half, Y: int(p.at[1]) - half, W: reasoning.SceneSize, H: reasoning.SceneSize}
			pair, err := a.align(ctx, a.engine.Satellite, a.engine.Map, w)
			if err != nil {
				yield(training.Example{}, err)
				return
			}
			ask := func(tier training.Tier, phrase string, holds func(known) bool) bool {
				m := geo.NewMask(w)
				for _, q := range places {
					if holds(q) {
						m.Or(geo.Rasterize(w, q.shape))
					}
				}
				return phrase == "" || yield(training.Example{ID: fmt.Sprint(i), Pair: pair, Phrase: phrase, Tier: tier, Class: p.class, Truth: m}, nil)
			}
			class, _ := taxonomy.ByID(p.class)
			if !ask(training.TierName, p.name, func(q known) bool { return q.name == p.name }) ||
				!ask(training.TierClass, class.Name, func(q known) bool { return q.class == p.class }) {
				return
			}
		}
	}, 2 * len(places)
}

func readKnown(path string, zoom int) ([]known, error) {
	features, err := readFeatures(path)
	if err != nil {
		return nil, err
	}
	var out []known
	for _, f := range features {
		mp, ok := formats.Polygons(f.Geometry)
		if !ok {
			return nil, errors.New(path + ": a place without an outline")
		}
		tags := map[string]string{}
		for _, p := range f.Properties {
			tags[p.Key] = fmt.Sprint(p.Value)
		}
		class, _ := taxonomy.FromTags(tags)
		shape := onLattice(mp, zoom)
		out = append(out, known{tags["name"], class.ID, shape, shape.Bound().Center()})
	}
	return out, nil
}
