package main

import (
	"context"
	"iter"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/drawn"
)

// drawnRegions are the grounds of map extracts, in turn: real streets, buildings and outlines, painted as the town is.
func drawnRegions(ctx context.Context, a *app, paths []string, style, look string, zoom int) iter.Seq2[region, error] {
	return func(yield func(region, error) bool) {
		var all []region
		for _, path := range paths {
			g, err := drawnRegion(ctx, a, path, style, look, zoom)
			if err != nil {
				yield(region{}, err)
				return
			}
			all = append(all, g)
		}
		for {
			for _, g := range all {
				if !yield(g, nil) {
					return
				}
			}
		}
	}
}

func drawnRegion(ctx context.Context, a *app, path, style, look string, zoom int) (region, error) {
	plan, err := osm.Open(ctx, osm.Options{Path: path, Style: style})
	if err != nil {
		return region{}, err
	}
	a.closers = append(a.closers, func() { _ = plan.Close() })
	sat, err := drawn.Open(ctx, drawn.Options{Path: path, Seed: 1, Look: look})
	if err != nil {
		return region{}, err
	}
	a.closers = append(a.closers, func() { _ = sat.Close() })
	all, err := outlined(ctx, plan, geo.BoundWindow(plan.Info().Bounds, zoom))
	if err != nil {
		return region{}, err
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return region{name: name, satellite: sat, plan: plan, middle: nearPlaces(all),
		places: func(ctx context.Context, w geo.Window) ([]known, error) { return outlined(ctx, plan, w) }}, nil
}

// outlined are the places of a map whose outline its data holds whole.
func outlined(ctx context.Context, plan *osm.Source, w geo.Window) ([]known, error) {
	places, err := plan.Places(ctx, w)
	var out []known
	for _, p := range places {
		if !p.Cut {
			out = append(out, known{p.Name, p.Class, onLattice(p.Outline, w.Z), geo.Project(p.At, w.Z)})
		}
	}
	return out, err
}

// nearPlaces picks points near places, of each class as often: extracts hold much empty ground, and many more car parks than schools.
func nearPlaces(places []known) func(*rand.Rand) orb.Point {
	byClass := map[string][]orb.Point{}
	for _, p := range places {
		byClass[p.class] = append(byClass[p.class], p.at)
	}
	classes := slices.Sorted(maps.Keys(byClass))
	return func(r *rand.Rand) orb.Point {
		of := byClass[classes[r.IntN(len(classes))]]
		at := of[r.IntN(len(of))]
		const apart = 0.4 * reasoning.CoreSize
		return orb.Point{at[0] + apart*(2*r.Float64()-1), at[1] + apart*(2*r.Float64()-1)}
	}
}
