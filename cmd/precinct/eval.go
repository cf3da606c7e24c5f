package main

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/sources"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/dataset"
	page "github.com/precinct-map/precinct/training/report"
)

// evalSystems are the systems by name; those but model need no configuration.
var evalSystems = []string{"reader", "policy", "model", "true-box", "true-point", "label-box", "whole-scene"}

// labelBoxEdge is the label-box's, in pixels: it does best on the town with 80 of 40, 80, 120, 160.
const labelBoxEdge = 80

// bestLabelBox is the label-box of the size that does best where it is asked.
const bestLabelBox = "label-box:best"

type evalFlags struct {
	systems  []string
	models   []string
	dialects []string
	on       string
	zooms    []string
	move     string
	tiers    []string
	scenes   int
	seed     uint64
	style    string
	labels   string
	mode     string
	ablation []string
	format   string
	by       string
	output   string
	report   string
	samples  int
	credit   string
	policy   string
	look     string
	splits   []string
	only     []string

	vlm vlmConfig // the configuration's, for endpoints
}

func newEval(g *global) *cobra.Command {
	f := &evalFlags{}
	c := &cobra.Command{
		Use:   "eval",
		Short: "Measure systems on scenes whose outlines are known",
		Long: `Measure systems on scenes of the made-up town, on real streets that are painted (--on drawn:city.osm.pbf), or on a folder with
labelled/ (tiles), map.geojson and truth.geojson, or several, joined by +. Each scene is asked for one place by name, one class, one function,
and one class that it has none of; a folder for each of its places by name and by class. --on a data set asks what the rows of its
--split ask, ground by ground, of embeddings that are kept beside it. The systems are

  reader       labels and segmenter
  policy       our own small model: the one that serve uses, or of the run or file that --policy names
  model        the vlm of the configuration
  true-box     the segmenter with the truth's boxes: the best that any boxes may hope for
  true-point   the segmenter with a point in each true outline
  label-box    the segmenter with boxes of one size round the labels that answer: 80 px, label-box:60 for 60, and label-box:best for
               the best of several over all that is asked, which only the truth tells
  whole-scene  everything, always
  http://…/v1  the model of an OpenAI-compatible server, named by --model and read in a --dialect (one for all servers, or one
               each in their order); temperature, key and the like are the configuration's vlm, the key only for vlm.url's host

and the table gives cIoU, gIoU, F1 of instances, and how many answers were empty (for absent: the more, the better). A server that
fails on an example gave an empty answer; a system whose every answer fails ends the run. seconds are those of a question to new
ground: what earlier questions left in memory is counted with what it took. Ctrl-C ends the run with the table of what was done.

--format rows writes a row for each folder and zoom and one for all folders together: mean IoU and the share above 0.5 of each system,
and by how much the first is better, by pairs, with 95 % intervals.

--report writes a page with charts and the best, median and worst samples. --format json writes one object: command, date, versions,
systems, credits, examples; outcomes by system and tier and classes by system and class (n, gIoU with gIoU_low and gIoU_high, cIoU,
f1_image, f1_inst, f1_inst_macro, iou by example, empty, failed, seconds, and times by stage); differences from the first system (mean,
low, high; by tier, and over all where tier is left out); reliability (score and share that is right in ten bins, ece); failures.`,
		Example: "  precinct eval --system reader,label-box,whole-scene --scenes 50 --report report.html\n" +
			"  precinct eval --on kampala+rio --zoom native,next --tier name --labels map --system reader,label-box:best,true-box --format rows\n" +
			"  precinct eval --labels ocr --style basic-b -o second-style.md\n" +
			"  precinct eval --system reader,http://127.0.0.1:8000/v1 --model Qwen/Qwen2.5-VL-3B-Instruct --dialect qwen2.5-vl",
		RunE: func(cmd *cobra.Command, _ []string) error { return evaluate(cmd, g, f) },
	}
	flags := c.Flags()
	flags.StringSliceVar(&f.systems, "system", []string{"reader", "true-box", "true-point", "label-box", "whole-scene"}, "which, separated by commas")
	flags.StringVar(&f.policy, "policy", "", "run or policy.onnx of the system policy (default the one that comes with the program)")
	flags.StringSliceVar(&f.models, "model", nil, "of the servers among the systems (default vlm.model)")
	flags.StringSliceVar(&f.dialects, "dialect", nil, "of their models: generic, qwen2.5-vl, qwen3-vl or a FILE.yaml (default vlm.dialect)")
	flags.StringVar(&f.on, "on", "town", "town; drawn:FILE[+FILE…] for the streets of map extracts, painted; or a folder with labelled/, map.geojson and truth.geojson, or a data set, FOLDER[+FOLDER…]")
	flags.StringSliceVar(&f.splits, "split", []string{"test"}, "of data sets")
	flags.StringSliceVar(&f.only, "only", nil, "of a data set's grounds, those that are asked about (default all)")
	flags.StringSliceVar(&f.zooms, "zoom", []string{training.NativeZoom}, "of folders, in 256 px tiles: a number, native for the finest that the imagery has detail for, next for one finer (coarser where the tiles end)")
	flags.StringVar(&f.move, "move", string(training.MoveCentre), "where folders' labels lie: centre as in the map, third of the place's size away, edge of its outline")
	flags.StringSliceVar(&f.tiers, "tier", []string{"name", "class", "function", "absent"}, "which, separated by commas")
	flags.IntVar(&f.scenes, "scenes", 200, "how many; twenty of each town; of a folder, at most so many places")
	flags.Uint64Var(&f.seed, "seed", 2026, "of the first town, of what is asked, and of where labels are moved")
	flags.StringVar(&f.style, "style", "basic", "of the map: basic or basic-b")
	flags.StringVar(&f.look, "look", town.Hard, "of towns and painted streets: hard, or easy as they were at first")
	flags.StringVar(&f.labels, "labels", "ocr", "ocr reads them from the map's picture, map takes them as they are")
	flags.StringVar(&f.mode, "mode", string(reasoning.TwoStage), "two-stage, no-refinement or no-reflection")
	flags.StringSliceVar(&f.ablation, "ablation", nil, "ask each model again without parts of the method: stages (no-refinement, no-reflection), points (at most 1, 2, 3)")
	flags.StringVar(&f.format, "format", "markdown", "markdown, json or rows")
	flags.StringVar(&f.by, "by", "tier", "tier, or class for a second markdown table")
	flags.StringVarP(&f.output, "output", "o", "-", "file to write, - for standard output")
	flags.StringVar(&f.report, "report", "", "HTML file to write as well")
	flags.StringVar(&f.credit, "attribution", "", "of a folder's satellite pictures, for the report")
	flags.IntVar(&f.samples, "samples", 3, "of the best, the median and the worst answers by system and tier in the report")
	return c
}

func (f *evalFlags) check() error {
	oneOf := func(flag, value string, of ...string) error {
		if slices.Contains(of, value) {
			return nil
		}
		return usagef("--%s %s: use %s", flag, value, strings.Join(of, " or "))
	}
	_, mode := parseMode(f.mode)
	if mode != nil {
		mode = usagef("--mode: %v", mode)
	}
	servers := 0
	for _, s := range f.systems {
		if isEndpoint(s) {
			servers++
		} else if _, box := labelBox(s); !box && !slices.Contains(evalSystems, s) {
			return usagef("--system %s: use %s, or a server's http://…/v1", s, strings.Join(evalSystems, ", "))
		}
	}
	for flag, given := range map[string]int{"model": len(f.models), "dialect": len(f.dialects)} {
		if given > 1 && given != servers {
			return usagef("--%s: %d given for %d servers: give one for all, or one each", flag, given, servers)
		}
	}
	for _, d := range f.dialects {
		if _, err := reasoning.ParseDialect(d); err != nil {
			return usagef("--dialect: %v", err)
		}
	}
	for _, a := range f.ablation {
		if !slices.Contains(training.Ablations, a) {
			return usagef("--ablation %s: use %s", a, strings.Join(training.Ablations, " or "))
		}
	}
	if f.samples < 0 || f.samples > 100 {
		return usagef("--samples %d: use 0 to 100", f.samples)
	}
	return cmp.Or(mode, oneOf("format", f.format, "markdown", "json", "rows"), oneOf("labels", f.labels, "ocr", "map"), oneOf("by", f.by, "tier", "class"),
		oneOf("move", f.move, moves()...), f.checkFolders())
}

// labelBox is the edge of a label-box by its name; 0 for the best.
func labelBox(system string) (edge float64, ok bool) {
	size, ok := strings.CutPrefix(system, "label-box:")
	if system == bestLabelBox || !ok {
		return 0, ok
	}
	edge, err := strconv.ParseFloat(size, 64)
	return edge, err == nil && edge >= 1 && edge <= reasoning.SceneSize
}

func isEndpoint(system string) bool {
	return strings.HasPrefix(system, "http://") || strings.HasPrefix(system, "https://")
}

func evaluate(cmd *cobra.Command, g *global, f *evalFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	var done []*measured
	var failed error
	all, err := f.runs()
	if err != nil {
		return err
	}
	for _, r := range all {
		m, err := f.measure(cmd, g, r)
		if m != nil {
			done = append(done, m)
		}
		if failed = err; err != nil {
			break
		}
	}
	if len(done) == 0 { // nothing to tell
		return failed
	}
	// What was done before a failure or Ctrl-C is told, and then why there is no more.
	return errors.Join(failed, f.tell(cmd, done))
}

// measured is one ground at one zoom, and what the systems did there.
type measured struct {
	round
	page.Document
}

// measure gives nothing where no example was answered.
func (f *evalFlags) measure(cmd *cobra.Command, g *global, r round) (*measured, error) {
	if f.onFolders() && r.set == nil {
		plan, clean, err := f.planOf(r.folder)
		defer clean()
		if err != nil {
			return nil, err
		}
		r.plan = plan
	}
	a, err := f.open(cmd.Context(), g, r)
	if err != nil {
		return nil, err
	}
	defer a.close()
	kept := dataset.NewRecall(a.segmenter)
	systems, err := f.build(cmd.Context(), a, kept)
	if err != nil {
		return nil, err
	}
	examples, total, err := f.examples(cmd.Context(), a, &r, kept)
	if err != nil {
		return nil, err
	}
	progress := newProgress(os.Stderr, cmp.Or(r.String(), "examples"))
	o := training.Options{Progress: func(done int) { progress.set(done, total) }}
	if f.report != "" {
		o.Samples = f.samples
	}
	table, err := training.Evaluate(cmd.Context(), systems, a.timeLabels(examples), o)
	progress.end()
	if table.Examples() == 0 {
		return nil, err
	}
	if slices.Contains(f.systems, bestLabelBox) {
		table.KeepBest(labelBoxes())
	}
	return &measured{r, document(cmd, a, systems, table, total)}, err
}

// timeLabels notes at each example what it took to read its pair's labels.
func (a *app) timeLabels(examples iter.Seq2[training.Example, error]) iter.Seq2[training.Example, error] {
	var last *tiles.Pair
	var took, ofPair float64
	a.onLabels = func(t time.Duration) { took += t.Seconds() }
	return func(yield func(training.Example, error) bool) {
		for e, err := range examples {
			if e.Pair != last {
				last, ofPair, took = e.Pair, took, 0
			}
			e.LabelSeconds = ofPair
			if !yield(e, err) {
				return
			}
		}
	}
}

// open opens the models, and the sources of what is not a data set.
func (f *evalFlags) open(ctx context.Context, g *global, r round) (*app, error) {
	c, err := f.configure(g, r)
	if err != nil {
		return nil, err
	}
	if r.set == nil {
		return open(ctx, c, nil)
	}
	return openShared(c)
}

// configure takes models from the configuration and sources from the flags.
func (f *evalFlags) configure(g *global, r round) (config, error) {
	c, err := g.load()
	if err != nil {
		return c, err
	}
	f.vlm = c.VLM
	if !slices.Contains(f.systems, "model") {
		c.VLM = defaults().VLM
	} else if c.VLM.Kind == "reader" || c.VLM.Kind == "auto" {
		return c, usagef("--system model: the configuration names no other model than ours, which are the systems reader and policy")
	}
	c.Pair = pairConfig{Satellite: "satellite", Map: "map", Zoom: 17, Labels: f.labels}
	if f.on == "town" {
		c.Sources = []sources.Config{{Name: "satellite", Kind: "town", Layer: "satellite", Look: f.look, Seed: 1}, {Name: "map", Kind: "town", Layer: "map", Style: f.style, Look: f.look, Seed: 1}}
		return c, nil
	}
	if paths, ok := strings.CutPrefix(f.on, "drawn:"); ok {
		first, _, _ := strings.Cut(paths, "+")
		c.Sources = []sources.Config{{Name: "satellite", Kind: "drawn", Path: first, Look: f.look, Seed: 1}, {Name: "map", Kind: "osm", Path: first, Style: f.style}}
		return c, nil
	}
	c.Sources = []sources.Config{{Name: "satellite", Kind: "dir", Path: filepath.Join(r.folder, "labelled"), Attribution: f.credit}, {Name: "map", Kind: "osm", Path: r.plan, Style: f.style}}
	return c, nil
}

func (f *evalFlags) examples(ctx context.Context, a *app, r *round, kept *dataset.Recall) (iter.Seq2[training.Example, error], int, error) {
	if r.set != nil {
		examples, total := f.rowsExamples(r, kept)
		return examples, total, nil
	}
	if f.on == "town" {
		return sampled(ctx, a, f, townRegions(f, a.config.Pair.Zoom)), f.scenes * len(f.tiers), nil
	}
	if paths, ok := strings.CutPrefix(f.on, "drawn:"); ok {
		return sampled(ctx, a, f, drawnRegions(ctx, a, strings.Split(paths, "+"), f.style, f.look, a.config.Pair.Zoom)), f.scenes * len(f.tiers), nil
	}
	return f.folderExamples(ctx, a, r)
}
