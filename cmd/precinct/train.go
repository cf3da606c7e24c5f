package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
	"github.com/precinct-map/precinct/training/runs"
	"github.com/precinct-map/precinct/training/sft"
)

func newTrain(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "train",
		Short: "Teach the small policy",
		Long: `Teach the small policy, which the server then uses as vlm: {kind: policy}. A run is a folder: checkpoints, metrics.jsonl, and policy.onnx,
which is all that serving needs. A training ends after --minutes, saves, and goes on when the same command is given again.`,
	}
	c.AddCommand(newTrainSFT(g), newTrainGRPO(g), newTrainCorrections(g), newTrainCurve(g), newTrainShow())
	return c
}

// teachFlags are what every way of teaching has.
type teachFlags struct {
	data     []string
	leaveOut []string
	only     []string
	from     string
	output   string
	minutes  float64
	steps    int
	seed     uint64
	rate     float64
	splits   []string
	serve    string
}

func (f *teachFlags) register(c *cobra.Command, steps int, rate float64) {
	flags := c.Flags()
	flags.StringArrayVar(&f.data, "data", nil, "data set to learn from, as DIR or DIR=WEIGHT; may be given more than once")
	flags.StringSliceVar(&f.leaveOut, "leave-out", nil, "regions that nothing is learned of")
	flags.StringSliceVar(&f.only, "only", nil, "regions that alone are learned of")
	flags.StringVar(&f.from, "from", "", "run to begin from, or taught: the policy that comes with the program; or a store of corrections to learn from, as train corrections has it")
	flags.StringVarP(&f.output, "output", "o", "", "run to make or to go on with")
	flags.Float64Var(&f.minutes, "minutes", 45, "after which it ends and saves; 0 for never")
	flags.IntVar(&f.steps, "steps", steps, "of 32 windows, in all")
	flags.Uint64Var(&f.seed, "seed", 1, "of weights and of what is drawn by lot")
	flags.Float64Var(&f.rate, "rate", rate, "of AdamW, at its highest")
	flags.StringVar(&f.serve, "serve", "", "address of a page that shows how it goes, as 127.0.0.1:8090")
	flags.StringSliceVar(&f.splits, "splits", []string{"train"}, "to learn from")
}

// sources opens the data sets, and makes the embeddings that are missing.
func (f *teachFlags) sources(ctx context.Context, a *app, splits []string) ([]lessons.Source, error) {
	var out []lessons.Source
	for _, d := range f.data {
		dir, weight := d, 1.0
		if i := strings.LastIndexByte(d, '='); i > 0 {
			w, err := strconv.ParseFloat(d[i+1:], 64)
			if err != nil || w <= 0 {
				return nil, usagef("--data %s: %q is no weight", d, d[i+1:])
			}
			dir, weight = d[:i], w
		}
		set, err := dataset.Open(dir)
		if err != nil {
			return nil, err
		}
		progress := newProgress(os.Stderr, "rows of "+dir+" encoded")
		_, err = set.Embed(ctx, a.segmenter, 0, progress.set)
		progress.end()
		if err != nil {
			return nil, err
		}
		out = append(out, lessons.Source{Set: set, Weight: weight, Splits: splits})
	}
	return out, nil
}

func newTrainSFT(g *global) *cobra.Command {
	f := &teachFlags{}
	second := &secondFlags{}
	c := &cobra.Command{
		Use:   "sft",
		Short: "Teach boxes of known places, by supervised fine-tuning",
		Long: `Teach the policy the boxes of the places of data sets: the paper's supervised baseline, and what reinforcement learning begins from.
Needs "precinct setup --training". Embeddings of pictures that have none yet are made first and kept beside the data set.

With --stages 2 it learns to look at its boxes' masks again, too: from boxes that the policy it begins from (--from) gives itself, and what
the segmenter makes of them and of better ones.`,
		Example: "  precinct train sft --data build/town --data build/ground=4 -o build/run --minutes 25\n" +
			"  precinct train sft --data build/corrections --from build/run -o build/mytown --steps 400\n" +
			"  precinct train sft --data build/town --data build/ground=4 --from build/run -o build/run2 --stages 2 --steps 2000 --rate 5e-4",
		RunE: func(cmd *cobra.Command, _ []string) error { return trainSFT(cmd, g, f, second) },
	}
	f.register(c, 6000, 2e-3)
	c.Flags().IntVar(&second.stages, "stages", 1, "that are taught: 1 is boxes, 2 is also to look at their masks again")
	c.Flags().IntVar(&second.places, "stage2-places", 2000, "of which lessons of stage 2 are made, drawn by lot; 0 is all")
	return c
}

// secondFlags are those of stage 2.
type secondFlags struct{ stages, places int }

// options are how a pupil is taught stage 2; nil where it is not.
func (f *secondFlags) options(p *pupil, segmenter reasoning.Restorer) (*sft.Second, error) {
	switch {
	case f.stages == 1:
		return nil, nil
	case f.stages != 2 || f.places < 0:
		return nil, usagef("--stages is 1 or 2, and --stage2-places 0 or more")
	case p.trainer == nil:
		return nil, usagef("stage 2 is taught to a policy that says boxes already: name its run with --from")
	}
	o := &sft.Second{Segmenter: segmenter, Places: f.places}
	if !p.goesOn {
		o.Origin = p.meta.Name
	}
	return o, nil
}

func trainSFT(cmd *cobra.Command, g *global, f *teachFlags, second *secondFlags) error {
	if _, ok := storeAt(f.from); ok {
		return sftFromStore(cmd, g, f)
	}
	if len(f.data) == 0 || f.output == "" {
		return usagef("say with --data what to learn from, and with -o which run to make")
	}
	ctx, a, backend, done, err := f.begin(cmd, g)
	if err != nil {
		return err
	}
	defer done()
	recipe := net.SFTRecipe(f.steps)
	recipe.Rate = f.rate
	s, err := f.open(backend, recipe, a.segmenter.Name())
	if err != nil {
		return err
	}
	o := sft.Options{Dir: f.output, Minutes: f.minutes, Seed: f.seed, Classes: s.meta.Classes, Segmenter: s.meta.Segmenter, MinScale: 0.4, MaxScale: 2, Progress: tellSFT}
	if o.Second, err = second.options(s, a.segmenter); err != nil {
		return err
	}
	if o.Train, o.Val, o.Projection, err = f.read(ctx, a, s.meta.Projection); err != nil {
		return err
	}
	if s.trainer == nil {
		if s.trainer, err = net.NewTrainer(backend, net.DefaultConfig(len(s.meta.Classes)+1), recipe, f.seed); err != nil {
			return err
		}
	}
	slog.Info("learning", "lessons", len(o.Train.Lessons), "pictures", len(o.Train.Scenes), "parameters", s.trainer.Parameters(), "step", s.trainer.Steps(), "of", s.trainer.Recipe.Steps)
	if o.Second != nil {
		progress := newProgress(os.Stderr, "places looked at again")
		defer progress.end()
		o.Second.Progress = progress.set
	}
	taught, err := sft.Run(ctx, s.trainer, o)
	if err != nil {
		return err
	}
	if !taught {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: saved at step %d of %d; the same command goes on\n", f.output, s.trainer.Steps(), s.trainer.Recipe.Steps)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: done, %d steps; try it with `precinct eval --system reader,policy --policy %s`\n", f.output, s.trainer.Steps(), f.output)
	return nil
}

// begin opens what every teaching needs, and the run's page where that is asked for; done closes it.
func (f *teachFlags) begin(cmd *cobra.Command, g *global) (ctx context.Context, a *app, b *net.Backend, done func(), err error) {
	if ctx, err = f.watched(cmd.Context()); err != nil {
		return nil, nil, nil, nil, err
	}
	conf, err := g.load()
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if a, err = openShared(conf); err != nil {
		return nil, nil, nil, nil, err
	}
	if b, err = openBackend(); err != nil {
		a.close()
		return nil, nil, nil, nil, err
	}
	return ctx, a, b, func() { b.Close(); a.close() }, nil
}

// watched serves the run's page where that is asked for. Its button ends the training as Ctrl-C does.
func (f *teachFlags) watched(ctx context.Context) (context.Context, error) {
	if f.serve == "" {
		return ctx, nil
	}
	training, stop := context.WithCancel(ctx)
	url, err := runs.Serve(ctx, f.serve, f.output, stop)
	if err != nil {
		stop()
		return nil, usagef("--serve %s: %v", f.serve, err)
	}
	slog.Info("watch it", "url", url)
	return training, nil
}

func newTrainShow() *cobra.Command {
	address := ""
	c := &cobra.Command{
		Use:     "show [RUN]",
		Short:   "Show how a training went",
		Long:    "Serve the page of a run: its figures as charts, and what the policy said of some places. TensorBoard reads the run's folder too.",
		Example: "  precinct train show build/run",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("say which run's folder")
			}
			if _, err := policy.ReadMeta(args[0]); err != nil {
				return err
			}
			url, err := runs.Serve(cmd.Context(), address, args[0], nil)
			if err != nil {
				return usagef("--addr %s: %v", address, err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), url)
			<-cmd.Context().Done()
			return nil
		},
	}
	c.Flags().StringVar(&address, "addr", "127.0.0.1:8090", "to listen at")
	return c
}

// pupil is a policy that is being taught: the trainer is nil where it is new.
type pupil struct {
	trainer *net.Trainer
	meta    policy.Meta
	goesOn  bool // with the run that is there
}

// open goes on with the run that is there, or begins from another, or anew.
func (f *teachFlags) open(b *net.Backend, r net.Recipe, segmenter string) (*pupil, error) {
	for _, dir := range []string{f.output, f.from} {
		switch dir {
		case "":
			continue
		case "taught":
			dir = filepath.Join(f.output, "begun")
			if err := policy.WriteTaught(dir); err != nil {
				return nil, err
			}
		}
		meta, err := policy.ReadMeta(dir)
		if os.IsNotExist(err) && dir == f.output {
			continue
		}
		if err != nil {
			return nil, err
		}
		t, err := net.LoadTrainer(b, dir)
		if err != nil {
			return nil, err
		}
		if dir != f.output {
			t.Restart(r)
		}
		return &pupil{t, meta, dir == f.output}, nil
	}
	p := &pupil{meta: policy.Meta{Segmenter: reasoning.ModelOf(segmenter)}}
	for _, c := range taxonomy.Classes() {
		p.meta.Classes = append(p.meta.Classes, c.ID)
	}
	return p, nil
}

// read reads what is taught, and what it is tried on meanwhile.
func (f *teachFlags) read(ctx context.Context, a *app, known *policy.Projection) (train, val *lessons.Class, p *policy.Projection, err error) {
	sources, err := f.sources(ctx, a, f.splits)
	if err != nil {
		return nil, nil, nil, err
	}
	start := time.Now()
	o := lessons.Options{Segmenter: a.segmenter.Name(), Projection: known, Channels: net.DefaultConfig(1).Channels, LeaveOut: f.leaveOut, Only: f.only}
	if train, p, err = lessons.Read(ctx, sources, o); err != nil {
		return nil, nil, nil, err
	}
	for i := range sources {
		sources[i].Splits = []string{"val"}
	}
	o.Projection = p
	if val, _, err = lessons.Read(ctx, sources, o); err != nil {
		val = nil // small data sets have no lessons to spare
	} else if err := lessons.Pictures(ctx, sources, lessons.Spread(val.Lessons, lessons.MostShown)); err != nil {
		return nil, nil, nil, err
	}
	slog.Info("read", "seconds", time.Since(start).Round(time.Second/10).Seconds())
	return train, val, p, nil
}

func openBackend() (*net.Backend, error) {
	home, err := models.Home()
	if err != nil {
		return nil, err
	}
	plugin, err := models.Plugin(home)
	if err != nil {
		return nil, err
	}
	return net.OpenBackend(net.XLA(plugin))
}

func tellSFT(m sft.Metrics) {
	args := []any{"step", m.Step, "of", m.Of, "loss", round3(m.Loss), "a second", round3(m.Samples)}
	for scale, v := range m.Val {
		args = append(args, "iou@"+scale, round3(v.IoU))
	}
	if s := m.Second; s != nil {
		args = append(args, "stage1", round3(s.All.First), "stage2", round3(s.All.Second), "stage1 of bad", round3(s.Bad.First), "stage2 of bad", round3(s.Bad.Second))
	}
	slog.Info("sft", args...)
}

func round3(v float64) float64 { f, _ := strconv.ParseFloat(fmt.Sprintf("%.3g", v), 64); return f }
