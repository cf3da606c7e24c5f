package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles/sources"
	"github.com/precinct-map/precinct/training"
)

// evalSystems are the systems by name; those but model need no configuration.
var evalSystems = []string{"reader", "model", "true-box", "true-point", "label-box", "whole-scene"}

// labelBoxEdge is the label-box's, in pixels: it does best on the town with 80 of 40, 80, 120, 160.
const labelBoxEdge = 80

type evalFlags struct {
	systems []string
	on      string
	tiers   []string
	scenes  int
	seed    uint64
	style   string
	labels  string
	mode    string
	format  string
	output  string
}

func newEval(g *global) *cobra.Command {
	f := &evalFlags{}
	c := &cobra.Command{
		Use:   "eval",
		Short: "Measure systems on scenes whose outlines are known",
		Long: `Measure systems on scenes of the made-up town, on real streets that are painted (--on drawn:city.osm.pbf), or on a folder with
labelled/ (tiles), map.geojson and truth.geojson. Each scene is asked for one place by name, one class, one function, and one class that it has none of. The systems are

  reader       labels and segmenter, the default of serve
  model        the vlm of the configuration
  true-box     the segmenter with the truth's boxes: the best that any boxes may hope for
  true-point   the segmenter with a point in each true outline
  label-box    the segmenter with boxes of one size round the labels that answer
  whole-scene  everything, always

and the table gives cIoU, gIoU, F1 of instances, and how many answers were empty (for absent: the more, the better).`,
		Example: "  precinct eval --system reader,label-box,whole-scene --scenes 50\n  precinct eval --labels ocr --style basic-b -o second-style.md",
		RunE:    func(cmd *cobra.Command, _ []string) error { return evaluate(cmd, g, f) },
	}
	flags := c.Flags()
	flags.StringSliceVar(&f.systems, "system", []string{"reader", "true-box", "true-point", "label-box", "whole-scene"}, "which, separated by commas")
	flags.StringVar(&f.on, "on", "town", "town; drawn:FILE[+FILE…] for the streets of map extracts, painted; or a folder with labelled/, map.geojson and truth.geojson")
	flags.StringSliceVar(&f.tiers, "tier", []string{"name", "class", "function", "absent"}, "which, separated by commas")
	flags.IntVar(&f.scenes, "scenes", 200, "how many; twenty of each town")
	flags.Uint64Var(&f.seed, "seed", 2026, "of the first town, and of what is asked")
	flags.StringVar(&f.style, "style", "basic", "of the map: basic or basic-b")
	flags.StringVar(&f.labels, "labels", "ocr", "ocr reads them from the map's picture, map takes them as they are")
	flags.StringVar(&f.mode, "mode", string(reasoning.TwoStage), "two-stage, no-refinement or no-reflection")
	flags.StringVar(&f.format, "format", "markdown", "markdown or json")
	flags.StringVarP(&f.output, "output", "o", "-", "file to write, - for standard output")
	return c
}

func evaluate(cmd *cobra.Command, g *global, f *evalFlags) error {
	mode, err := parseMode(f.mode)
	if err != nil {
		return usagef("--mode: %v", err)
	}
	if f.format != "markdown" && f.format != "json" {
		return usagef("--format %s: use markdown or json", f.format)
	}
	if f.labels != "ocr" && f.labels != "map" {
		return usagef("--labels %s: use ocr or map", f.labels)
	}
	for _, s := range f.systems {
		if !slices.Contains(evalSystems, s) {
			return usagef("--system %s: use %s", s, strings.Join(evalSystems, ", "))
		}
	}
	conf, err := f.configure(g)
	if err != nil {
		return err
	}
	a, err := open(cmd.Context(), conf, nil)
	if err != nil {
		return err
	}
	defer a.close()
	examples, total := f.examples(cmd.Context(), a)
	progress := newProgress(os.Stderr, "examples")
	table, err := training.Evaluate(cmd.Context(), f.build(a, mode), examples, func(done int) { progress.set(done, total) })
	progress.end()
	if err != nil {
		return err
	}
	out, done, err := create(cmd.OutOrStdout(), f.output)
	if err != nil {
		return err
	}
	return done(f.write(out, table))
}

// configure takes models from the configuration and sources from the flags.
func (f *evalFlags) configure(g *global) (config, error) {
	c, err := g.load()
	if err != nil {
		return c, err
	}
	if !slices.Contains(f.systems, "model") {
		c.VLM = defaults().VLM
	} else if c.VLM.Kind == "reader" {
		return c, usagef("--system model: the configuration names no other model than the reader")
	}
	c.Pair = pairConfig{Satellite: "satellite", Map: "map", Zoom: 17, Labels: f.labels}
	if f.on == "town" {
		c.Sources = []sources.Config{{Name: "satellite", Kind: "town", Layer: "satellite", Seed: 1}, {Name: "map", Kind: "town", Layer: "map", Style: f.style, Seed: 1}}
		return c, nil
	}
	if paths, ok := strings.CutPrefix(f.on, "drawn:"); ok {
		first, _, _ := strings.Cut(paths, "+")
		c.Sources = []sources.Config{{Name: "satellite", Kind: "drawn", Path: first, Seed: 1}, {Name: "map", Kind: "osm", Path: first, Style: f.style}}
		return c, nil
	}
	c.Pair.Zoom = 19
	c.Sources = []sources.Config{{Name: "satellite", Kind: "dir", Path: f.on + "/labelled"}, {Name: "map", Kind: "osm", Path: f.on + "/map.geojson", Style: f.style}}
	return c, nil
}

func (f *evalFlags) examples(ctx context.Context, a *app) (iter.Seq2[training.Example, error], int) {
	if f.on == "town" {
		return sampled(ctx, a, f, townRegions(f, a.config.Pair.Zoom)), f.scenes * len(f.tiers)
	}
	if paths, ok := strings.CutPrefix(f.on, "drawn:"); ok {
		return sampled(ctx, a, f, drawnRegions(ctx, a, strings.Split(paths, "+"), f.style, a.config.Pair.Zoom)), f.scenes * len(f.tiers)
	}
	return folderExamples(ctx, a, f.on)
}

func (f *evalFlags) build(a *app, mode reasoning.Mode) []training.System {
	pipeline := func(label string, vlm reasoning.VLM) training.System {
		return training.Pipeline{Label: label, Mode: mode,
			Pipeline: &reasoning.Pipeline{VLM: vlm, Segmenter: a.segmenter, Sampling: a.engine.Pipeline.Sampling}}
	}
	var out []training.System
	for _, s := range f.systems {
		switch s {
		case "reader":
			out = append(out, pipeline(s, a.reader()))
		case "model":
			out = append(out, pipeline(s, a.engine.Pipeline.VLM))
		case "true-box":
			out = append(out, training.Prompted{Label: s, Segmenter: a.segmenter, Prompts: training.TrueBoxes})
		case "true-point":
			out = append(out, training.Prompted{Label: s, Segmenter: a.segmenter, Prompts: training.TruePoints})
		case "label-box":
			out = append(out, training.Prompted{Label: s, Segmenter: a.segmenter, Prompts: training.LabelBoxes(labelBoxEdge)})
		default:
			out = append(out, training.WholeScene{})
		}
	}
	return out
}

func (f *evalFlags) write(out io.Writer, t *training.Table) error {
	if f.format == "json" {
		return json.NewEncoder(out).Encode(t.Outcomes)
	}
	var b strings.Builder
	b.WriteString("| system | tier | n | gIoU | cIoU | F1 (instances) | F1 (scenes) | empty | seconds |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, o := range t.Outcomes {
		fmt.Fprintf(&b, "| %s | %s | %d | %.1f | %.1f | %.1f | %.1f | %d | %.2f |\n",
			o.System, o.Tier, o.N, 100*o.GIoU, 100*o.CIoU, 100*o.F1Inst, 100*o.F1Image, o.Empty, o.Seconds)
	}
	fmt.Fprintf(&b, "\n| system | gIoU over name, class, function | %s is better by (95 %% interval, absent counted too) |\n|---|---|---|\n", f.systems[0])
	for _, s := range f.systems {
		mean, low, high := t.Difference(f.systems[0], s)
		fmt.Fprintf(&b, "| %s | %.1f | %.1f (%.1f … %.1f) |\n", s, 100*t.Mean(s), 100*mean, 100*low, 100*high)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
