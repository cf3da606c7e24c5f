package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/outlines"
)

// own is the ground of --satellite, --map and --outlines.
func (b *groundBuilder) own(ctx context.Context, conf config) (*dataset.Ground, error) {
	if b.flags.data != "" {
		conf.Data = b.flags.data
	}
	if err := conf.nameSources(b.flags.satellite, b.flags.plan); err != nil {
		return nil, err
	}
	if conf.Pair.Satellite == "" || conf.Pair.Map == "" {
		return nil, usagef("name both sources, with --satellite and --map or in the configuration")
	}
	if err := mayCopy(conf); err != nil { // before anybody is asked for a picture
		return nil, err
	}
	name := outlinesName(b.flags.outlines)
	zoom, err := b.zoom(name, 17)
	if err != nil {
		return nil, err
	}
	described := b.describe(&conf)
	sat, plan, err := b.pair(ctx, conf)
	if err != nil {
		return nil, err
	}
	for _, layer := range []tiles.Source{sat, plan} {
		if err := hasZoom(layer.Info(), zoom); err != nil {
			return nil, err
		}
	}
	g := b.layers(name, zoom, sat, plan)
	g.Sources = described
	si := sat.Info()
	g.Attribution = joined(cmp.Or(named(b.flags.credits, name), si.Attribution), plan.Info().Attribution)
	g.Drawn = si.Kind == "town" || si.Kind == "drawn"
	bound, err := b.outline(ctx, conf, g, plan)
	if err != nil {
		return nil, err
	}
	if g.Licence == "" {
		slog.Warn("the data set says of no licence: give what pictures and outlines are under with --licence", "ground", g.Name)
	}
	g.Extent, err = b.flags.extent(ctx, conf, zoom, bound)
	return g, err
}

// outlinesName is what rows have for their region.
func outlinesName(from string) string {
	name, _, _ := strings.Cut(filepath.Base(from), ".")
	return slug(name)
}

// describe says what the pair's layers are, and sees to it that a drawn map is of a style that shows no outline: full, for people, does.
func (b *groundBuilder) describe(conf *config) []string {
	var satellite, plan string
	for i := range conf.Sources {
		c := &conf.Sources[i]
		label := c.Kind + " " + c.Name
		if c.Path != "" {
			label = c.Kind + " " + filepath.Base(c.Path)
		}
		if drawn := c.Kind == "osm" || c.Kind == "town"; drawn && c.Name == conf.Pair.Map {
			if c.Style == "" || c.Style == "full" || b.flags.style == "basic-b" {
				c.Style = b.flags.style
			}
			label += ", " + c.Style
		}
		switch c.Name {
		case conf.Pair.Satellite:
			satellite = label
		case conf.Pair.Map:
			plan = label
		}
	}
	return []string{satellite, plan}
}

// pair opens the configured sources.
func (b *groundBuilder) pair(ctx context.Context, conf config) (sat, plan tiles.Source, err error) {
	a := &app{config: conf}
	b.closers = append(b.closers, a.close)
	if b.app != nil {
		a.memory = b.app.memory
	} else if a.memory, err = newMemory(conf, nil); err != nil {
		return nil, nil, err
	} else {
		a.closers = append(a.closers, a.memory.Close)
	}
	return a.openSources(ctx)
}

// mayCopy is an error where a layer's terms forbid what a data set does with its pictures.
func mayCopy(conf config) error {
	for _, c := range conf.Sources {
		if c.Name != conf.Pair.Satellite && c.Name != conf.Pair.Map {
			continue
		}
		for key, may := range map[string]*bool{"may_derive": c.MayDerive, "may_cache": c.MayCache} {
			if may != nil && !*may {
				return fmt.Errorf("source %q is configured with %s: false: its pictures would be copied into the data set, which its terms forbid; name another source", c.Name, key)
			}
		}
	}
	return nil
}

// coarser is how many zooms above a layer's least its pictures may be put together for: each takes four times as many tiles.
const coarser = 2

// hasZoom is an error where a layer has no pictures of a zoom's detail: enlarged ones would teach to see what is not there.
func hasZoom(i tiles.Info, zoom int) error {
	extra := 0
	for s := geo.TileSize; s < i.TileSize; s *= 2 {
		extra++
	}
	if least, most := max(0, i.MinZoom+extra-coarser), i.MaxZoom+extra; zoom < least || zoom > most {
		return usagef("source %q has tiles of the zooms %d to %d, which pictures of the zooms %d to %d are made of, none of %d: say another with --zoom",
			i.Name, i.MinZoom, i.MaxZoom, least, most, zoom)
	}
	return nil
}

// outline gives a ground its places, and the bound of all of them.
func (b *groundBuilder) outline(ctx context.Context, conf config, g *dataset.Ground, plan tiles.Source) (orb.Bound, error) {
	var set *outlines.Set
	var err error
	switch from := b.flags.outlines; from {
	case "map":
		drawn, ok := unwrapped(plan).(*osm.Source)
		if !ok {
			return orb.Bound{}, usagef("--outlines map: the map %q is of kind %s, which outlines nothing; use one of kind osm, or a file of outlines", plan.Info().Name, plan.Info().Kind)
		}
		g.Places = mapPlaces(drawn)
		return plan.Info().Bounds, nil
	case "store", "feedback":
		set, err = storedOutlines(ctx, conf, from, b.flags.query)
	default:
		set, err = outlines.Open(ctx, from, outlines.Options{NameColumn: b.flags.nameColumn, ClassColumn: b.flags.classes})
	}
	if err != nil {
		return orb.Bound{}, err
	}
	b.closers = append(b.closers, func() { _ = set.Close() })
	tellLeftOut(b.flags.outlines, set)
	g.Places = set.Places
	g.Version += set.Version()
	g.Sources = append(g.Sources, "outlines "+outlinesLabel(b.flags))
	return set.Bounds(), nil
}

func outlinesLabel(f *buildFlags) string {
	label := filepath.Base(f.outlines)
	if f.query != "" {
		label += ", " + f.query
	}
	return label
}

// unwrapped is a source without what was put round it.
func unwrapped(src tiles.Source) tiles.Source {
	for {
		w, ok := src.(interface{ Unwrap() tiles.Source })
		if !ok {
			return src
		}
		src = w.Unwrap()
	}
}

// firstRows is how many rows are named for each reason that rows were left out for.
const firstRows = 5

func tellLeftOut(from string, set *outlines.Set) {
	for _, reason := range outlines.Reasons() {
		n := set.LeftOut(reason)
		if n == 0 {
			continue
		}
		var rows []string
		why := ""
		for _, p := range set.Problems() {
			if !errors.Is(p.Err, reason) || len(rows) == firstRows {
				continue
			}
			row := strconv.Itoa(p.Row)
			if p.ID != row {
				row += " (" + p.ID + ")"
			}
			rows = append(rows, row)
			why = cmp.Or(why, p.Err.Error())
		}
		slog.Warn("outlines were left out", "of", from, "how many", n, "rows", strings.Join(rows, ", "), "the first because", why)
	}
	if words := set.Unknown(); len(words) > 0 {
		slog.Warn("classes that the taxonomy does not know: their places are asked for by name only", "of", from, "classes", strings.Join(words[:min(len(words), firstRows)], ", "))
	}
}

// tellSkipped says what of the outlines did not become samples.
func tellSkipped(m *dataset.Manifest) {
	reasons := slices.SortedFunc(maps.Keys(m.Skipped), func(a, b string) int { return cmp.Or(m.Skipped[b]-m.Skipped[a], strings.Compare(a, b)) })
	for _, reason := range reasons[:min(len(reasons), 2*firstRows)] {
		slog.Info("left out", "because", reason, "how many", m.Skipped[reason])
	}
	if m.Total() == 0 {
		slog.Warn("the data set is empty: skipped.jsonl in its folder names each place and says why it was left out")
	}
}

// extent is the area that the flags name, else all that the outlines cover.
func (f *buildFlags) extent(ctx context.Context, conf config, zoom int, all orb.Bound) (geo.Window, error) {
	area := segmentFlags{bbox: f.bbox, place: f.place, area: f.area}
	if f.bbox == "" && f.place == "" && f.area == "" {
		return geo.BoundWindow(all, zoom), nil
	}
	if err := area.checkArea(); err != nil {
		return geo.Window{}, err
	}
	conf.Pair.Zoom = zoom
	return area.window(ctx, conf)
}
