package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/reasoning/reader"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/training/corrections"
	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
)

// correctFlags are train corrections'.
type correctFlags struct {
	teachFlags
	start     string
	satellite string
	plan      string
	zoom      int
	query     string
	bbox      string
	place     string
	share     float64
}

// The defaults: what a person waits for, and a rate that changes little of what was learned before.
const (
	correctMinutes = 8
	correctRate    = 2e-4
	correctShare   = 0.5
)

func newTrainCorrections(g *global) *cobra.Command {
	f := &correctFlags{}
	c := &cobra.Command{
		Use:   "corrections",
		Short: "Teach the served policy what people corrected of a region",
		Long: `Teach the policy that is served the outlines that people drew, corrected or called right: those of --from, the folder of what was found (the
configuration's "data" when left out), on the pictures of the configured pair. It begins from --run, else the configuration's vlm.policy, else
the policy that comes with the program.

A fifth of the corrected places is held out. It ends after --minutes, or when the held-out places no longer get better, and keeps the best
that was seen. Each held-out place is then outlined by the reader, by the policy as it was and as it is now, with the real segmenter: the
figures are printed, and RUN/corrections.json has the outlines (GeoJSON), which the viewer shows when the run is served. Where what was
taught fits the held-out places worse, the run keeps the policy that it began from, and it is said.

--data mixes in what was learned before, so that nothing is forgotten: corrections are then half of what is shown (--share).
"train sft --from STORE" is the same.`,
		Example: "  precinct train corrections --data build/town -o build/mytown\n" +
			"  precinct train corrections --from data --run build/run --place Banepa --minutes 5 -o build/banepa",
		RunE: func(cmd *cobra.Command, _ []string) error { return f.teach(cmd, g) },
	}
	flags := c.Flags()
	flags.StringVar(&f.from, "from", "", "folder of what was found, or its found.sqlite (default data, as serve has it)")
	flags.StringVar(&f.start, "run", "", "run to begin from (default vlm.policy, or the policy that comes with the program)")
	flags.StringArrayVar(&f.data, "data", nil, "data set to mix in, as DIR or DIR=WEIGHT; may be given more than once")
	flags.StringVarP(&f.output, "output", "o", "", "run to make")
	flags.Float64Var(&f.minutes, "minutes", correctMinutes, "after which it ends")
	flags.IntVar(&f.steps, "steps", 0, "of 32 windows, at most (default as many as the minutes give)")
	flags.Uint64Var(&f.seed, "seed", 1, "of which places are held out, and of what is drawn by lot")
	flags.Float64Var(&f.rate, "rate", correctRate, "of AdamW, at its highest")
	flags.StringVarP(&f.query, "query", "q", "", "of this phrase only")
	flags.Float64Var(&f.share, "share", correctShare, "of what is shown that is corrections, where --data is given")
	flags.StringVar(&f.satellite, "satellite", "", "source of satellite pictures (default pair.satellite)")
	flags.StringVar(&f.plan, "map", "", "source of map pictures (default pair.map)")
	flags.IntVar(&f.zoom, "zoom", 0, "of the pictures (default pair.zoom)")
	flags.StringVar(&f.bbox, "bbox", "", "region as W,S,E,N in degrees; all that was corrected when left out")
	flags.StringVar(&f.place, "place", "", "region around the place that the map knows by this name")
	return c
}

// storeAt says whether a path is a folder of what was found, or its file, and gives the folder.
func storeAt(path string) (dir string, ok bool) {
	if filepath.Base(path) == storeFile {
		path = filepath.Dir(path)
	}
	_, err := os.Stat(filepath.Join(path, storeFile))
	return path, err == nil
}

// sftFromStore is train sft --from STORE: what was not said has the defaults of train corrections.
func sftFromStore(cmd *cobra.Command, g *global, f *teachFlags) error {
	c := &correctFlags{teachFlags: *f, share: correctShare}
	for flag, set := range map[string]func(){
		"minutes": func() { c.minutes = correctMinutes }, "steps": func() { c.steps = 0 }, "rate": func() { c.rate = correctRate },
	} {
		if !cmd.Flags().Changed(flag) {
			set()
		}
	}
	return c.teach(cmd, g)
}

// correcting is one teaching.
type correcting struct {
	*correctFlags
	app     *app
	out     io.Writer
	begun   string // folder of the run that it begins from
	meta    policy.Meta
	set     *dataset.Set
	lessons *lessons.Class
	told    int // outlines that people drew, corrected or called right
}

func (f *correctFlags) teach(cmd *cobra.Command, g *global) error {
	ctx := cmd.Context()
	conf, err := g.load()
	if err != nil {
		return err
	}
	c := &correcting{correctFlags: f, out: cmd.OutOrStdout()}
	if conf, err = c.check(conf); err != nil {
		return err
	}
	if c.app, err = openShared(conf); err != nil {
		return err
	}
	defer c.app.close()
	// Before a minute is spent: is it a policy, and of this segmenter?
	if _, err := c.app.policy(c.begun, c.app.segmenter); err != nil {
		return err
	}
	if c.meta, err = policy.ReadMeta(c.begun); err != nil {
		return err
	}
	if err := c.collect(ctx, conf); err != nil {
		return err
	}
	return c.run(ctx)
}

// check settles what is asked for.
func (c *correcting) check(conf config) (config, error) {
	if c.output == "" {
		return conf, usagef("say with -o which run to make")
	}
	if !(c.share > 0 && c.share <= 1) {
		return conf, usagef("--share %g: want more than 0, at most 1", c.share)
	}
	if c.minutes <= 0 && c.steps <= 0 {
		return conf, usagef("--minutes %g: it has to end; say minutes or --steps", c.minutes)
	}
	c.begun = cmp.Or(c.start, conf.VLM.Policy)
	if c.begun == "" {
		c.begun = filepath.Join(c.output, "begun") // the policy that comes with the program
		if err := policy.WriteTaught(c.begun); err != nil {
			return conf, err
		}
	}
	c.begun = runOf(c.begun)
	if a, b := realPath(c.begun), realPath(c.output); a == b {
		return conf, usagef("-o %s: it is the run that it begins from, which must stay for comparing; name another", c.output)
	}
	if c.from == "" {
		return conf, nil
	}
	dir, ok := storeAt(c.from)
	if !ok {
		return conf, fmt.Errorf("--from %s: there is no %s in it: name the folder of what was found, which serve has in `data` or --data", c.from, storeFile)
	}
	conf.Data = dir
	return conf, nil
}

// runOf is the folder of a run that is named by it or by its policy.onnx.
func runOf(path string) string {
	if filepath.Base(path) == policy.FileName {
		return filepath.Dir(path)
	}
	return path
}

// realPath tells folders apart whatever they are called by.
func realPath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

// collect makes a small data set of the corrections, in the run's folder. Embeddings of an earlier one are kept: pictures are mostly the same.
func (c *correcting) collect(ctx context.Context, conf config) error {
	f := &buildFlags{outlines: "feedback", query: c.query, satellite: c.satellite, plan: c.plan, bbox: c.bbox, place: c.place, style: "basic", look: town.Hard, seed: c.seed, size: 768,
		zoom: []string{strconv.Itoa(cmp.Or(c.zoom, conf.Pair.Zoom))}, licences: []string{"for teaching alone"}}
	// A correction is what a person says: neither doubles nor labels that have no outline speak against it.
	f.filters = dataset.DefaultFilters
	f.filters.Ambiguous = true
	if f.labels = conf.Pair.Labels; f.labels == "auto" {
		f.labels = labelsOf(conf, c.plan)
	}
	spec := dataset.Spec{Size: f.size, Seed: f.seed, Tiers: []string{dataset.Name, dataset.Class}, Filters: f.filters, Ratio: dataset.Ratio{1, 0, 0}, ShardRows: 256}
	b := &groundBuilder{flags: f, spec: spec}
	defer b.close()
	if f.labels == "ocr" {
		if err := b.openModels(conf); err != nil {
			return err
		}
	}
	ground, err := b.own(ctx, conf)
	if err != nil {
		return err
	}
	if c.told, err = placesOf(ctx, ground); err != nil {
		return err
	}
	dir := filepath.Join(c.output, "corrections")
	m, err := rebuild(ctx, dir, spec, ground)
	if err != nil && !errors.Is(err, dataset.ErrEmpty) {
		return err
	}
	if err != nil || m.Total() == 0 {
		if m != nil {
			tellSkipped(m)
		}
		return c.none(errors.Join(err, fmt.Errorf("none of %d corrected outlines lies whole on pictures of %s with a label on %s", c.told, conf.Pair.Satellite, conf.Pair.Map)))
	}
	if c.set, err = dataset.Open(dir); err != nil {
		return err
	}
	progress := newProgress(os.Stderr, "corrected samples encoded")
	_, err = c.set.Embed(ctx, c.app.segmenter, 0, progress.set)
	progress.end()
	if err != nil {
		return err
	}
	o := lessons.Options{Segmenter: c.app.segmenter.Name(), Projection: c.meta.Projection}
	c.lessons, _, err = lessons.Read(ctx, []lessons.Source{{Set: c.set, Weight: 1}}, o)
	if errors.Is(err, lessons.ErrEmpty) {
		return c.none(fmt.Errorf("none of %d corrected outlines has a label on the map, which is where the policy looks", c.told))
	}
	return err
}

// labelsOf says where labels are from when nothing is said: maps that are drawn here know them, of others they are read.
func labelsOf(conf config, plan string) string {
	kind, _, given := strings.Cut(plan, ":")
	if !given {
		for _, s := range conf.Sources {
			if s.Name == cmp.Or(plan, conf.Pair.Map) {
				kind = s.Kind
			}
		}
	}
	if kind == "osm" || kind == "town" {
		return "map"
	}
	return "ocr"
}

func (c *correcting) none(err error) error {
	return &corrections.Error{Op: "teach from", Subject: cmp.Or(c.from, "the store"), Err: fmt.Errorf("%w: %w", corrections.ErrNone, err),
		Hint: "are these the sources and the zoom that were corrected on? see --satellite, --map, --zoom, --bbox"}
}

// placesOf is how many places a ground has.
func placesOf(ctx context.Context, g *dataset.Ground) (int, error) {
	places, err := g.Places(ctx, g.Extent)
	return len(places), err
}

// rebuild makes a data set in place of an earlier one, whose embeddings it keeps.
func rebuild(ctx context.Context, dir string, spec dataset.Spec, ground *dataset.Ground) (*dataset.Manifest, error) {
	old, kept := filepath.Join(dir, "embeddings"), dir+".embeddings"
	if err := os.Rename(old, kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	m, err := dataset.Build(ctx, dir, spec, []*dataset.Ground{ground}, dataset.Options{Progress: func(int, int) {}, Planning: func(int, int) {}, Planned: func(int, []string) {}})
	if err != nil {
		return nil, err
	}
	if err := os.Rename(kept, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return m, nil
}

// run teaches, and says what came of it.
func (c *correcting) run(ctx context.Context) error {
	places := corrections.Places(c.lessons.Lessons, c.seed)
	taught, held := corrections.HoldOut(places)
	asked := corrections.First(held)
	r := &corrections.Report{Corrections: len(places), HeldOut: len(held), Segmenter: c.meta.Segmenter}
	slog.Info("corrections", "outlines", c.told, "with a label", len(places), "held out", len(held), "pictures", len(c.lessons.Scenes))
	if len(held) == 0 {
		slog.Warn("there is one correction alone: none is held out, so that nothing will say whether the policy is better; correct some more")
	}
	base, err := c.base(ctx, r)
	if err != nil {
		return err
	}
	judge, err := corrections.NewJudge(c.set, c.app.segmenter, asked)
	if err != nil {
		return err
	}
	before, err := c.app.policy(c.begun, judge.Segmenter())
	if err != nil {
		return err
	}
	r.From = before.Name()
	if err := r.Judged(ctx, judge, corrections.Reader, &reader.Reader{Segmenter: judge.Segmenter()}, asked); err != nil {
		return err
	}
	if err := r.Judged(ctx, judge, corrections.Before, before, asked); err != nil {
		return err
	}
	if r.Teaching, err = c.taught(ctx, taught, held, base); err != nil {
		return err
	}
	return c.finish(context.WithoutCancel(ctx), r, judge, asked) // what was learned is kept when Ctrl-C ended it
}

// base is what is mixed in.
func (c *correcting) base(ctx context.Context, r *corrections.Report) (*lessons.Class, error) {
	if len(c.data) == 0 {
		slog.Warn("nothing is mixed in: what is not like these corrections may be forgotten; --data names a data set that the policy learned from")
		return nil, nil
	}
	if len(c.splits) == 0 {
		c.splits = []string{"train"}
	}
	sources, err := c.sources(ctx, c.app, c.splits)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		r.Base = append(r.Base, filepath.Base(s.Set.Dir))
	}
	base, _, err := lessons.Read(ctx, sources, lessons.Options{Segmenter: c.app.segmenter.Name(), Projection: c.meta.Projection, LeaveOut: c.leaveOut, Only: c.only})
	return base, err
}

// taught teaches, and writes the policy into the run.
func (c *correcting) taught(ctx context.Context, taught, held [][]lessons.Lesson, base *lessons.Class) (corrections.Taught, error) {
	backend, err := openBackend()
	if err != nil {
		return corrections.Taught{}, err
	}
	defer backend.Close()
	return teachPlaces(ctx, backend, c.begun, c.meta, corrections.Options{Dir: c.output, Backend: backend, Classes: c.meta.Classes, Seed: c.seed, Minutes: c.minutes, Steps: c.steps,
		Rate: c.rate, Taught: taught, Held: held, Base: base, Share: c.share, Progress: tellLook})
}

// teachPlaces teaches a run's policy, and writes what comes of it into the folder of another.
func teachPlaces(ctx context.Context, b *net.Backend, begun string, meta policy.Meta, o corrections.Options) (corrections.Taught, error) {
	trainer, err := net.LoadTrainer(b, begun)
	if err != nil {
		return corrections.Taught{}, err
	}
	best, done, err := corrections.Teach(ctx, trainer, o)
	if err != nil {
		return done, err
	}
	about, err := meta.Encode()
	if err != nil {
		return done, err
	}
	return done, best.Freeze().WriteONNX(o.Dir, about)
}

func tellLook(l corrections.Look) {
	slog.Info("taught", "step", l.Step, "of", l.Of, "loss", round3(l.Loss), "held-out box IoU", round3(l.Held), "best so far", l.Best, "a second", round3(l.Samples))
}

// finish compares, keeps the better policy and writes the report.
func (c *correcting) finish(ctx context.Context, r *corrections.Report, judge *corrections.Judge, asked []lessons.Lesson) error {
	after, err := c.app.policy(c.output, judge.Segmenter())
	if err != nil {
		return err
	}
	if err := r.Judged(ctx, judge, corrections.After, after, asked); err != nil {
		return err
	}
	r.Kept, r.Policy = corrections.After, after.Name()
	if r.Worse() {
		r.Kept, r.Policy = corrections.Before, r.From
		for _, name := range []string{policy.FileName, "checkpoint.bin"} {
			if err := copyFile(filepath.Join(c.begun, name), filepath.Join(c.output, name)); err != nil {
				return err
			}
		}
	}
	if err := r.Write(c.output); err != nil {
		return err
	}
	c.tell(r)
	return nil
}

func (c *correcting) tell(r *corrections.Report) {
	if r.HeldOut > 0 {
		fmt.Fprintf(c.out, "Mean IoU of masks, percent, on corrections that were held out:\n\n%s\n", r.Table())
	}
	fmt.Fprintf(c.out, "%s: %d corrections taught, %d held out, %d steps in %.0f s (%s), those of step %d kept", c.output, r.Corrections-r.HeldOut, r.HeldOut, r.Teaching.Steps,
		r.Teaching.Seconds, r.Teaching.Ended, r.Teaching.Best)
	switch {
	case r.HeldOut == 0:
		fmt.Fprint(c.out, "; whether it is better nobody knows")
	case r.Kept == corrections.Before:
		fmt.Fprint(c.out, ". What was taught is WORSE on the held-out corrections: the run keeps the policy that it began from")
	case r.Teaching.Best == 0:
		fmt.Fprint(c.out, ". Nothing was better on the held-out corrections than what it began from, which the run keeps")
	}
	fmt.Fprintf(c.out, "; serve it with vlm: {kind: policy, policy: %s}\n", c.output)
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
