package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/sources"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/drawn"
	"github.com/precinct-map/precinct/tiles/town/truth"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/dataset"
)

// groundBuilder opens what a data set is made from.
type groundBuilder struct {
	flags   *buildFlags
	spec    dataset.Spec
	app     *app // for OCR and the segmenter; nil until somebody needs it
	closers []func()
}

func (b *groundBuilder) close() {
	for i := len(b.closers) - 1; i >= 0; i-- {
		b.closers[i]()
	}
}

func (b *groundBuilder) grounds(ctx context.Context, g *global) ([]*dataset.Ground, error) {
	conf, err := g.load()
	if err != nil {
		return nil, err
	}
	if b.flags.labels == "ocr" || b.flags.filters.MinAlignment > 0 {
		if err := b.openModels(conf); err != nil {
			return nil, err
		}
	}
	if len(b.flags.on) == 0 {
		own, err := b.own(ctx, conf)
		return []*dataset.Ground{own}, err
	}
	var out []*dataset.Ground
	for _, on := range b.flags.on {
		more, err := b.on(ctx, on)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	for i, one := range out {
		if slices.ContainsFunc(out[:i], func(o *dataset.Ground) bool { return o.Name == one.Name }) {
			return nil, usagef("--on: two grounds are named %s", one.Name)
		}
	}
	return out, nil
}

func (b *groundBuilder) on(ctx context.Context, on string) ([]*dataset.Ground, error) {
	if on == "town" {
		return b.towns()
	}
	if paths, ok := strings.CutPrefix(on, "drawn:"); ok {
		var out []*dataset.Ground
		for path := range strings.SplitSeq(paths, "+") {
			one, err := b.drawn(ctx, path)
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		return out, nil
	}
	folders := []string{on}
	if _, err := os.Stat(filepath.Join(on, "labelled")); err != nil {
		if folders, err = filepath.Glob(filepath.Join(on, "*", "labelled")); err != nil || len(folders) == 0 {
			return nil, usagef("--on %s: it is neither town, drawn:FILE, nor a folder with labelled/, map.geojson and truth.geojson", on)
		}
		for i := range folders {
			folders[i] = filepath.Dir(folders[i])
		}
	}
	var out []*dataset.Ground
	for _, folder := range folders {
		one, err := b.folder(ctx, folder)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// Towns are opened when they are asked and forgotten when others are: each keeps up to 150 MB of what it planned, and builds go town by town.
const (
	townsOpen    = 2
	blocksATown  = 4    // windows of one town: the next is of another seed, under another sun
	samplesATown = 2000 // but no more towns than that gives
)

// towns are made-up towns of one seed and the next, some ten kilometres round their centres.
func (b *groundBuilder) towns() ([]*dataset.Ground, error) {
	zoom, err := b.zoom("town", 17)
	if err != nil {
		return nil, err
	}
	open := &townShelf{style: b.flags.style, look: b.flags.look, town: map[uint64]*openTown{}}
	blocks := max(blocksATown, b.spec.Samples/samplesATown)
	first, err := open.get(b.flags.seed)
	if err != nil {
		return nil, err
	}
	i := first.satellite.Info()
	at := geo.Project(i.Center, zoom)
	const around = 20 * reasoning.CoreSize
	var out []*dataset.Ground
	for n := range 2*b.spec.Samples/blocks + 1 { // half a sample a window is less than any town gives
		seed := b.flags.seed + uint64(n)
		g := &dataset.Ground{Name: fmt.Sprintf("town%d", seed), Zoom: zoom, Scattered: blocks, Drawn: true, Sources: []string{"town satellite", "town map, " + b.flags.style},
			Attribution: town.Attribution, Licence: "CC0", Version: first.plan.Info().Version + i.Version,
			Extent: geo.Window{Z: zoom, X: int(at[0]) - around, Y: int(at[1]) - around, W: 2 * around, H: 2 * around}}
		g.Places = func(_ context.Context, w geo.Window) ([]dataset.Place, error) {
			t, err := open.get(seed)
			if err != nil {
				return nil, err
			}
			return townPlaces(t.town, w), nil
		}
		g.Labels = func(ctx context.Context, w geo.Window) ([]tiles.Label, error) {
			t, err := open.get(seed)
			if err != nil {
				return nil, err
			}
			return t.plan.(tiles.Labeler).Labels(ctx, w)
		}
		g.Pair = func(ctx context.Context, w geo.Window) (*tiles.Pair, error) {
			t, err := open.get(seed)
			if err != nil {
				return nil, err
			}
			return b.align(ctx, t.satellite, t.plan, w)
		}
		out = append(out, g)
	}
	return out, nil
}

func townPlaces(t *town.Town, w geo.Window) []dataset.Place {
	var out []dataset.Place
	for _, p := range truth.Outlines(t, w) {
		at := geo.Project(p.At, town.MaxZoom)
		out = append(out, dataset.Place{ID: fmt.Sprintf("%.0f/%.0f", at[0], at[1]), Name: p.Name, Class: p.Class, Shape: p.Shape, At: p.At})
	}
	return out
}

type openTown struct {
	town            *town.Town
	satellite, plan tiles.Source
}

// townShelf holds the towns that were asked last.
type townShelf struct {
	style string
	look  string
	mu    sync.Mutex
	town  map[uint64]*openTown
	order []uint64
}

func (s *townShelf) get(seed uint64) (*openTown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.town[seed]; t != nil {
		return t, nil
	}
	made, err := town.New(town.Options{Seed: seed, Look: s.look})
	if err != nil {
		return nil, err
	}
	plan, err := made.Map(s.style)
	if err != nil {
		return nil, err
	}
	t := &openTown{made, made.Satellite(), plan}
	s.town[seed] = t
	if s.order = append(s.order, seed); len(s.order) > townsOpen {
		delete(s.town, s.order[0])
		s.order = s.order[1:]
	}
	return t, nil
}

// drawn is a map extract whose streets are painted.
func (b *groundBuilder) drawn(ctx context.Context, path string) (*dataset.Ground, error) {
	plan, err := osm.Open(ctx, osm.Options{Path: path, Style: b.flags.style})
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, func() { _ = plan.Close() })
	sat, err := drawn.Open(ctx, drawn.Options{Path: path, Seed: b.flags.seed, Look: b.flags.look})
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, func() { _ = sat.Close() })
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	zoom, err := b.zoom(name, 17)
	if err != nil {
		return nil, err
	}
	g := b.layers(name, zoom, sat, plan)
	g.Drawn, g.Licence = true, "ODbL"
	g.Places = mapPlaces(plan)
	return g, nil
}

// mapPlaces are the places that a map's data outline.
func mapPlaces(plan *osm.Source) func(context.Context, geo.Window) ([]dataset.Place, error) {
	return func(ctx context.Context, w geo.Window) ([]dataset.Place, error) {
		places, err := plan.Places(ctx, w)
		var out []dataset.Place
		for _, p := range places {
			out = append(out, dataset.Place{ID: fmt.Sprintf("%.7f/%.7f", p.At[0], p.At[1]), Name: p.Name, Class: p.Class, Shape: p.Outline, At: p.At, Cut: p.Cut})
		}
		return out, err
	}
}

// folder is real ground with known outlines, as eval's.
func (b *groundBuilder) folder(ctx context.Context, folder string) (*dataset.Ground, error) {
	name := filepath.Base(folder)
	sat, err := b.source(ctx, sources.Config{Name: name + " pictures", Kind: "dir", Path: filepath.Join(folder, "labelled"), Attribution: named(b.flags.credits, name)})
	if err != nil {
		return nil, err
	}
	plan, err := b.source(ctx, sources.Config{Name: name + " map", Kind: "osm", Path: filepath.Join(folder, "map.geojson"), Style: b.flags.style})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "truth.geojson")
	places, err := readKnown(path, geo.MaxZoom)
	if err != nil {
		return nil, err
	}
	all, at := make([]dataset.Place, len(places)), make([]orb.Point, len(places))
	for n, p := range places {
		shape := offLattice(p.shape, geo.MaxZoom)
		all[n] = dataset.Place{ID: fmt.Sprintf("%s/%d", name, n), Name: p.name, Class: p.class, Shape: shape, At: dataset.LabelAt(shape)}
		at[n] = geo.Unproject(p.at, geo.MaxZoom)
	}
	// The finest zoom that its pictures have detail for, unless the flags name another.
	zoom, err := training.GroundZoom(ctx, sat, at, cmp.Or(named(b.flags.zoom, name), training.NativeZoom))
	if err != nil {
		return nil, err
	}
	g := b.layers(name, zoom, sat, plan)
	sum, err := fileVersion(path)
	if err != nil {
		return nil, err
	}
	g.Version += sum
	g.Extent = geo.BoundWindow(sat.Info().Bounds, g.Zoom)
	g.Places = func(_ context.Context, w geo.Window) ([]dataset.Place, error) {
		bound := w.Bound()
		return slices.DeleteFunc(slices.Clone(all), func(p dataset.Place) bool { return !p.Shape.Bound().Intersects(bound) }), nil
	}
	return g, nil
}

// zoom is what the flags say of a ground's, or else its own.
func (b *groundBuilder) zoom(name string, own int) (int, error) {
	said := named(b.flags.zoom, name)
	if said == "" {
		return own, nil
	}
	z, err := strconv.Atoi(said)
	if err != nil || z < 1 || z > geo.MaxZoom {
		return 0, usagef("--zoom %s: want a number up to %d, or GROUND=number", said, geo.MaxZoom)
	}
	return z, nil
}

// layers is a ground of two sources.
func (b *groundBuilder) layers(name string, zoom int, sat, plan tiles.Source) *dataset.Ground {
	si, pi := sat.Info(), plan.Info()
	g := &dataset.Ground{Name: slug(name), Zoom: zoom, Extent: geo.BoundWindow(pi.Bounds, zoom), Sources: []string{si.Kind + " " + si.Name, pi.Kind + " " + pi.Name + ", " + b.flags.style},
		Attribution: joined(si.Attribution, pi.Attribution), Version: si.Version + pi.Version, Licence: named(b.flags.licences, name)}
	if l, ok := plan.(tiles.Labeler); ok {
		g.Labels = l.Labels
	}
	g.Pair = func(ctx context.Context, w geo.Window) (*tiles.Pair, error) { return b.align(ctx, sat, plan, w) }
	return g
}

func (b *groundBuilder) align(ctx context.Context, sat, plan tiles.Source, w geo.Window) (*tiles.Pair, error) {
	if b.app != nil {
		return b.app.align(ctx, sat, plan, w)
	}
	return tiles.Align(ctx, sat, plan, w)
}

func (b *groundBuilder) source(ctx context.Context, c sources.Config) (tiles.Source, error) {
	src, err := sources.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	if closer, ok := src.(io.Closer); ok {
		b.closers = append(b.closers, func() { _ = closer.Close() })
	}
	return src, nil
}

var notSlug = regexp.MustCompile(`[^\p{L}\p{N}_-]+`)

// slug is a name as it may stand in file names.
func slug(name string) string { return notSlug.ReplaceAllString(name, "-") }

// named is what [NAME=]TEXT flags say of a name, or else of all.
func named(flags []string, name string) string {
	out := ""
	for _, f := range flags {
		if of, text, ok := strings.Cut(f, "="); !ok {
			out = f
		} else if of == name {
			return text
		}
	}
	return out
}

func joined(parts ...string) string {
	return strings.Join(slices.Compact(slices.DeleteFunc(parts, func(p string) bool { return p == "" })), " · ")
}

// offLattice is onLattice's inverse.
func offLattice(mp orb.MultiPolygon, zoom int) orb.MultiPolygon {
	return project.MultiPolygon(mp.Clone(), func(p orb.Point) orb.Point { return geo.Unproject(p, zoom) })
}
