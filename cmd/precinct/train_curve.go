package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/reasoning/reader"
	"github.com/precinct-map/precinct/training/corrections"
	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
)

// curveFlags are train curve's.
type curveFlags struct {
	teachFlags
	region  string
	on      string
	counts  []int
	guard   string
	guarded int
	least   int
	share   float64
}

func newTrainCurve(g *global) *cobra.Command {
	f := &curveFlags{}
	c := &cobra.Command{
		Use:   "curve",
		Short: "Measure how many corrections a policy needs to get better at a region",
		Long: `Measure what corrections are worth: of a region of a data set (--on), whose outlines stand for what people would correct, some places are
taught, as "train corrections" teaches them, and the others are outlined by the served pipeline with the real segmenter. Which places are
taught is drawn by lot (--seed); those of ten are among those of twenty-five, and the places that are scored are always the same.

--guard names a data set, such as a made-up town, of which nothing should be lost: its val split is scored too. --run should be a policy that
has learned nothing of the region. Rows are CSV: the reader, then the policy after each number of corrections. "held out" are those of the
corrections that only say when to stop.`,
		Example: "  precinct train curve --on build/ground --region kampala --run build/run --data build/town --guard build/town -o kampala.csv",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.measure(cmd, g) },
	}
	flags := c.Flags()
	flags.StringVar(&f.on, "on", "", "data set with the region")
	flags.StringVar(&f.region, "region", "", "which of its grounds")
	flags.StringVar(&f.from, "run", "", "run to begin from")
	flags.IntSliceVar(&f.counts, "counts", []int{0, 10, 25, 50}, "how many corrected outlines")
	flags.IntVar(&f.least, "test", 5, "least places to leave for the score")
	flags.StringArrayVar(&f.data, "data", nil, "data set to mix in, as DIR or DIR=WEIGHT; nothing of the region is taken of it")
	flags.Float64Var(&f.share, "share", correctShare, "of what is shown that is corrections, where --data is given")
	flags.StringVar(&f.guard, "guard", "", "data set of which nothing should be lost")
	flags.IntVar(&f.guarded, "guard-places", 60, "how many of its places are scored")
	flags.StringVarP(&f.output, "output", "o", "", "file of the rows (default standard output)")
	flags.Float64Var(&f.minutes, "minutes", 10, "of each training")
	flags.IntVar(&f.steps, "steps", 0, "of each training, at most (default as many as the minutes give)")
	flags.Uint64Var(&f.seed, "seed", 1, "of what is drawn by lot")
	flags.Float64Var(&f.rate, "rate", correctRate, "of AdamW, at its highest")
	return c
}

// curve is one measurement.
type curve struct {
	*curveFlags
	app     *app
	backend *net.Backend
	meta    policy.Meta
	base    *lessons.Class
	places  [][]lessons.Lesson // that may be taught
	test    []lessons.Lesson
	judge   *corrections.Judge
	guards  []lessons.Lesson
	guardBy *corrections.Judge
	rows    *csv.Writer
}

func (f *curveFlags) measure(cmd *cobra.Command, g *global) error {
	if f.on == "" || f.region == "" || f.from == "" {
		return usagef("say with --on which data set, with --region which of its grounds, and with --run which policy to begin from")
	}
	if slices.Min(f.counts) < 0 || f.minutes <= 0 && f.steps <= 0 {
		return usagef("--counts and --minutes: want numbers above 0")
	}
	ctx := cmd.Context()
	conf, err := g.load()
	if err != nil {
		return err
	}
	c := &curve{curveFlags: f}
	if c.app, err = openShared(conf); err != nil {
		return err
	}
	defer c.app.close()
	if c.meta, err = policy.ReadMeta(f.from); err != nil {
		return err
	}
	if err := c.read(ctx); err != nil {
		return err
	}
	if c.backend, err = openBackend(); err != nil {
		return err
	}
	defer c.backend.Close()
	out := cmd.OutOrStdout()
	if f.output != "" {
		file, err := os.Create(f.output)
		if err != nil {
			return err
		}
		defer file.Close()
		out = io.MultiWriter(out, file)
	}
	c.rows = csv.NewWriter(out)
	return c.run(ctx)
}

// read reads the region, what is mixed in, and what is guarded.
func (c *curve) read(ctx context.Context) error {
	o := lessons.Options{Segmenter: c.app.segmenter.Name(), Projection: c.meta.Projection}
	set, region, err := c.open(ctx, c.on, lessons.Options{Segmenter: o.Segmenter, Projection: o.Projection, Only: []string{c.region}}, nil)
	if err != nil {
		return err
	}
	c.places = corrections.Places(region.Lessons, c.seed)
	most := max(0, min(slices.Max(c.counts), len(c.places)-c.least))
	if len(c.places) <= c.least {
		return fmt.Errorf("%s: region %s has %d places, of which --test %d are for the score: there is none to teach", c.on, c.region, len(c.places), c.least)
	}
	for i, n := range c.counts {
		if n > most {
			slog.Warn("the region has too few places: fewer are taught", "asked", n, "taught", most, "places", len(c.places))
			c.counts[i] = most
		}
	}
	slices.Sort(c.counts)
	c.counts = slices.Compact(c.counts)
	c.test = corrections.First(c.places[most:])
	c.places = c.places[:most]
	if c.judge, err = corrections.NewJudge(set, c.app.segmenter, region.Lessons); err != nil {
		return err
	}
	if len(c.data) > 0 {
		sources, err := c.sources(ctx, c.app, []string{"train"})
		if err != nil {
			return err
		}
		o.LeaveOut = []string{c.region}
		if c.base, _, err = lessons.Read(ctx, sources, o); err != nil {
			return err
		}
	}
	if c.guard == "" {
		return nil
	}
	o.LeaveOut = nil
	guard, all, err := c.open(ctx, c.guard, o, []string{"val"})
	if err != nil {
		return err
	}
	places := corrections.Places(all.Lessons, c.seed)
	c.guards = corrections.First(places[:min(len(places), c.guarded)])
	c.guardBy, err = corrections.NewJudge(guard, c.app.segmenter, c.guards)
	return err
}

func (c *curve) open(ctx context.Context, dir string, o lessons.Options, splits []string) (*dataset.Set, *lessons.Class, error) {
	set, err := dataset.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	progress := newProgress(os.Stderr, "rows of "+dir+" encoded")
	_, err = set.Embed(ctx, c.app.segmenter, 0, progress.set)
	progress.end()
	if err != nil {
		return nil, nil, err
	}
	all, _, err := lessons.Read(ctx, []lessons.Source{{Set: set, Weight: 1, Splits: splits}}, o)
	return set, all, err
}

func (c *curve) run(ctx context.Context) error {
	if err := c.rows.Write([]string{"region", "seed", "system", "corrections", "held_out", "steps", "seconds", "places", "mask_iou", "above_half", "guard_places", "guard_mask_iou", "guard_above_half"}); err != nil {
		return err
	}
	reads := func(j *corrections.Judge) (reasoning.VLM, error) {
		return &reader.Reader{Segmenter: j.Segmenter()}, nil
	}
	if err := c.row(ctx, "reader", 0, 0, corrections.Taught{}, reads); err != nil {
		return err
	}
	for _, n := range c.counts {
		if err := c.point(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// point is the policy after so many corrections.
func (c *curve) point(ctx context.Context, n int) error {
	served, held := c.from, 0
	var done corrections.Taught
	if n > 0 {
		dir, err := os.MkdirTemp("", "precinct-curve-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		taught, out := corrections.HoldOut(c.places[:n])
		held = len(out)
		if done, err = teachPlaces(ctx, c.backend, c.from, c.meta, corrections.Options{Dir: dir, Backend: c.backend, Classes: c.meta.Classes, Seed: c.seed, Minutes: c.minutes, Steps: c.steps,
			Rate: c.rate, Taught: taught, Held: out, Base: c.base, Share: c.share, Progress: tellLook}); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if served, err = c.better(ctx, dir, corrections.First(out)); err != nil {
			return err
		}
	}
	return c.row(ctx, "policy", n, held, done, func(j *corrections.Judge) (reasoning.VLM, error) { return c.app.policy(served, j.Segmenter()) })
}

// better is the run that train corrections would keep.
func (c *curve) better(ctx context.Context, dir string, held []lessons.Lesson) (string, error) {
	r := corrections.Report{HeldOut: len(held)}
	for who, run := range map[string]string{corrections.Before: c.from, corrections.After: dir} {
		model, err := c.app.policy(run, c.judge.Segmenter())
		if err != nil {
			return "", err
		}
		if err := r.Judged(ctx, c.judge, who, model, held); err != nil {
			return "", err
		}
	}
	if r.Worse() {
		slog.Warn("what was taught is worse on the held-out corrections: the policy stays", "before", r.Scores[corrections.Before].IoU, "after", r.Scores[corrections.After].IoU)
		return c.from, nil
	}
	return dir, nil
}

// row scores a system.
func (c *curve) row(ctx context.Context, system string, n, held int, done corrections.Taught, open func(*corrections.Judge) (reasoning.VLM, error)) error {
	score := func(j *corrections.Judge, all []lessons.Lesson) ([]string, error) {
		if j == nil {
			return []string{"", "", ""}, nil
		}
		model, err := open(j)
		if err != nil {
			return nil, err
		}
		var r corrections.Report
		err = r.Judged(ctx, j, system, model, all)
		s := r.Scores[system]
		return []string{strconv.Itoa(s.N), fmt.Sprintf("%.4f", s.IoU), fmt.Sprintf("%.4f", s.Half)}, err
	}
	own, err := score(c.judge, c.test)
	if err != nil {
		return err
	}
	guard, err := score(c.guardBy, c.guards)
	if err != nil {
		return err
	}
	cells := []string{c.region, strconv.FormatUint(c.seed, 10), system, strconv.Itoa(n), strconv.Itoa(held), strconv.Itoa(done.Steps), fmt.Sprintf("%.0f", done.Seconds)}
	if err := c.rows.Write(append(append(cells, own...), guard...)); err != nil {
		return err
	}
	c.rows.Flush()
	return c.rows.Error()
}
