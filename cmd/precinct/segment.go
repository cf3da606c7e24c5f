package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/paulmach/orb"
	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/sources"
)

type segmentFlags struct {
	query, bbox, place, area    string
	satellite, plan             string
	mode, format, output, trace string
	zoom                        int
}

func newSegment(g *global) *cobra.Command {
	f := &segmentFlags{}
	c := &cobra.Command{
		Use:   "segment",
		Short: "Find the outlines of what a phrase names, as GeoJSON",
		Long: `Look at an area scene by scene and write the outlines of what answers the phrase.

--satellite and --map name a configured source, or give one as KIND:PATH-OR-URL: dir:tiles, mbtiles:photo.mbtiles,
osm:city.osm.pbf, osm:places.geojson, xyz:https://…/{z}/{x}/{y}.jpg.`,
		Example: `  precinct segment --query school --bbox 85.5190,27.6294,85.5231,27.6343 --zoom 19 \
      --satellite dir:photos --map osm:nepal.osm.pbf -o schools.geojson
  precinct segment --query "somewhere to park" --place "Main Station" --trace trace/`,
		RunE: func(cmd *cobra.Command, _ []string) error { return segment(cmd, g, f) },
	}
	flags := c.Flags()
	flags.StringVarP(&f.query, "query", "q", "", "what to find: a name, a class or a function")
	flags.StringVar(&f.bbox, "bbox", "", "area as W,S,E,N in degrees; W greater than E crosses the antimeridian")
	flags.StringVar(&f.place, "place", "", "area around the place that the map knows by this name")
	flags.StringVar(&f.area, "geojson", "", "area of the features in this file")
	flags.StringVar(&f.satellite, "satellite", "", "source of satellite pictures")
	flags.StringVar(&f.plan, "map", "", "source of map pictures")
	flags.StringVar(&f.mode, "mode", "", "two-stage, no-refinement or no-reflection (default two-stage)")
	flags.IntVar(&f.zoom, "zoom", 0, "zoom of the scenes, counted in 256 px tiles (default 17)")
	flags.StringVar(&f.format, "format", "", "geojson or geojsonl; by the output's ending when left out")
	flags.StringVarP(&f.output, "output", "o", "-", "file to write, - for standard output")
	flags.StringVar(&f.trace, "trace", "", "folder for the pictures, answers and masks of each stage")
	return c
}

func segment(cmd *cobra.Command, g *global, f *segmentFlags) error {
	phrase, err := reasoning.CleanPhrase(f.query)
	if err != nil {
		return usagef("--query: %v", err)
	}
	layout, err := f.layout()
	if err != nil {
		return err
	}
	conf, err := f.configure(g)
	if err != nil {
		return err
	}
	if err := f.checkArea(); err != nil { // before the models are opened
		return err
	}
	var onTrace func(reasoning.Scene, *reasoning.Trace)
	if f.trace != "" {
		onTrace = func(s reasoning.Scene, t *reasoning.Trace) {
			if err := writeTrace(f.trace, s, t); err != nil {
				slog.Error("trace not written", "scene", s.ID(), "error", err)
			}
		}
	}
	a, err := open(cmd.Context(), conf, onTrace)
	if err != nil {
		return err
	}
	defer a.close()
	w, err := f.window(cmd.Context(), a.config)
	if err != nil {
		return err
	}
	progress := newProgress(os.Stderr, "scenes")
	found, err := a.engine.Find(cmd.Context(), reasoning.Question{Phrase: phrase, Mode: a.mode}, w, reasoning.FindOptions{Patience: -1, Progress: progress.set})
	progress.end()
	if err != nil {
		return err
	}
	out, done, err := create(cmd.OutOrStdout(), f.output)
	if err != nil {
		return err
	}
	if err := done(server.WriteGeoJSON(out, layout, found, w, a.engine.Satellite, a.engine.Map)); err != nil {
		return err
	}
	return report(found, w)
}

// reportHoles says for each layer how much of the area it does not show.
func reportHoles(holes []tiles.Hole, w geo.Window) {
	missing := map[string]int{}
	reason := map[string]string{}
	for _, h := range holes {
		missing[h.Layer] += h.Window.W * h.Window.H
		reason[h.Layer] = h.Reason
	}
	for layer, n := range missing {
		slog.Warn("pictures have holes", "layer", layer, "share", fmt.Sprintf("%.1f%%", 100*float64(n)/float64(w.W*w.H)), "reason", reason[layer])
	}
}

// report says what is missing from an answer, which is still worth having.
func report(found *reasoning.Findings, w geo.Window) error {
	reportHoles(found.Holes, w)
	for _, fail := range found.Failed {
		slog.Error("scene failed", "scene", fail.Scene.ID(), "error", fail.Err)
	}
	if n := len(found.Failed); n > 0 {
		return fmt.Errorf("%d scenes failed, the first: %w", n, found.Failed[0].Err)
	}
	return nil
}

func (f *segmentFlags) layout() (formats.GeoJSONLayout, error) {
	format := f.format
	if format == "" && strings.HasSuffix(f.output, ".geojsonl") {
		format = "geojsonl"
	}
	switch format {
	case "", "geojson":
		return formats.FeatureCollection, nil
	case "geojsonl":
		return formats.FeatureLines, nil
	}
	return 0, usagef("--format %s: use geojson or geojsonl", format)
}

// configure puts the flags over the configuration.
func (f *segmentFlags) configure(g *global) (config, error) {
	c, err := g.load()
	if err != nil {
		return c, err
	}
	if f.mode != "" {
		if _, err := parseMode(f.mode); err != nil {
			return c, usagef("--mode: %v", err)
		}
		c.Mode = f.mode
	}
	if f.zoom != 0 {
		c.Pair.Zoom = f.zoom
	}
	if err := c.nameSources(f.satellite, f.plan); err != nil {
		return c, err
	}
	if c.Pair.Satellite == "" || c.Pair.Map == "" {
		return c, usagef("name both sources, with --satellite and --map or in the configuration")
	}
	return c, nil
}

// nameSources takes for the pair what --satellite and --map say: a configured source's name, or KIND:PATH-OR-URL.
func (c *config) nameSources(satellite, plan string) error {
	for _, side := range []struct {
		flag, value string
		name        *string
	}{{"satellite", satellite, &c.Pair.Satellite}, {"map", plan, &c.Pair.Map}} {
		if side.value == "" {
			continue
		}
		*side.name = side.value
		if kind, _, ok := strings.Cut(side.value, ":"); ok && kind != "" {
			src, err := sources.Parse(side.value)
			if err != nil {
				return usagef("--%s: %v", side.flag, err)
			}
			src.Name = side.flag
			*side.name = src.Name
			c.Sources = append(c.Sources, src)
		}
	}
	return nil
}

// window is the area that the flags name.
func (f *segmentFlags) window(ctx context.Context, c config) (geo.Window, error) {
	zoom := c.Pair.Zoom
	switch {
	case f.bbox != "":
		b, err := server.ParseBound(f.bbox)
		return geo.BoundWindow(b, zoom), err
	case f.area != "":
		return areaOf(f.area, zoom)
	}
	b, err := resolvePlace(ctx, c, f.place)
	return geo.BoundWindow(b, zoom), err
}

func (f *segmentFlags) checkArea() error {
	given := 0
	for _, v := range []string{f.bbox, f.place, f.area} {
		if v != "" {
			given++
		}
	}
	if given != 1 {
		return usagef("give one of --bbox, --place and --geojson")
	}
	if f.bbox != "" {
		if _, err := server.ParseBound(f.bbox); err != nil {
			return usagef("--bbox %s: %v", f.bbox, err)
		}
	}
	return nil
}

func readFeatures(path string) ([]formats.Feature, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	features, err := formats.ReadGeoJSON(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return features, nil
}

func areaOf(path string, zoom int) (geo.Window, error) {
	features, err := readFeatures(path)
	if err != nil {
		return geo.Window{}, err
	}
	var area orb.Collection
	for _, feature := range features {
		if feature.Geometry != nil { // GeoJSON knows features without a place
			area = append(area, feature.Geometry)
		}
	}
	if len(area) == 0 {
		return geo.Window{}, fmt.Errorf("%s holds no feature with a geometry", path)
	}
	return geo.BoundWindow(area.Bound(), zoom), nil
}
