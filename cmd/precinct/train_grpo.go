package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/training/grpo"
	"github.com/precinct-map/precinct/training/net"
)

func newTrainGRPO(g *global) *cobra.Command {
	f := &teachFlags{}
	s := grpo.DefaultSettings()
	c := &cobra.Command{
		Use:   "grpo",
		Short: "Teach by reward, the paper's two-stage GRPO",
		Long: `Let the policy of a run try, and move it towards what earned more than its group: the paper's Algorithm 1. Each step draws some places;
the policy says a group of boxes for each, the segmenter draws them, and each earns a reward. One of a place's coarse masks is then shown
back to the policy, which says boxes and points, and earns a reward for the final mask. Both stages share their weights.

Rewards are the paper's, the reference code's, or the mask's IoU alone (--definition mask). --from names the run to begin from: a policy that
has never seen a box finds none by chance. Needs "precinct setup --training".`,
		Example: "  precinct train grpo --data build/town --data build/ground=4 --from build/run -o build/rl --minutes 30\n" +
			"  precinct train grpo --data build/ground --from build/run -o build/rl1 --definition mask --stages 1 --rate 1e-5 --beta 0.05",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.Steps, s.Rate, s.Seed = f.steps, f.rate, f.seed
			return trainGRPO(cmd, g, f, s)
		},
	}
	f.register(c, s.Steps, s.Rate)
	flags := c.Flags()
	flags.Lookup("steps").Usage = "in all, of --places with --group completions a stage"
	flags.IntVar(&s.Places, "places", s.Places, "a step")
	flags.IntVar(&s.Group, "group", s.Group, "completions a place and stage: G")
	flags.IntVar(&s.Stages, "stages", s.Stages, "1 for boxes alone, 2 for boxes and points on the coarse mask too")
	flags.StringVar((*string)(&s.Definition), "definition", string(s.Definition), "of the rewards: paper, reference or mask")
	flags.StringVar((*string)(&s.Pick), "pick", string(s.Pick), "what stage 2 is shown: argmax for the best of stage 1, softmax for one drawn by reward")
	flags.Float64Var(&s.Temperature, "temperature", s.Temperature, "of what is sampled")
	flags.Float64Var(&s.Epsilon, "epsilon", s.Epsilon, "the ratio of probabilities is clipped to 1 ± this")
	flags.Float64Var(&s.Beta, "beta", s.Beta, "weight of the distance from the policy that it began from")
	return c
}

func trainGRPO(cmd *cobra.Command, g *global, f *teachFlags, s grpo.Settings) error {
	if len(f.data) == 0 || f.output == "" || f.from == "" {
		return usagef("say with --data what to learn from, with --from which run to begin from, and with -o which run to make")
	}
	if err := s.Check(); err != nil {
		return usagef("%v", err)
	}
	ctx, a, backend, done, err := f.begin(cmd, g)
	if err != nil {
		return err
	}
	defer done()
	p, err := f.open(backend, net.GRPORecipe(s.Rate), a.segmenter.Name())
	if err != nil {
		return err
	}
	o := grpo.Options{Settings: s, Dir: f.output, Minutes: f.minutes, Meta: p.meta, Segmenter: a.segmenter, Progress: tellGRPO}
	if o.Train, o.Val, _, err = f.read(ctx, a, p.meta.Projection); err != nil {
		return err
	}
	slog.Info("reinforcing", "places", len(o.Train.Lessons), "pictures", len(o.Train.Scenes), "definition", s.Definition, "stages", s.Stages)
	taught, err := grpo.Run(ctx, backend, p.trainer, o)
	if err != nil {
		return err
	}
	if !taught {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: saved at step %d of %d; the same command goes on\n", f.output, p.trainer.Steps()/s.Stages, s.Steps)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: done, %d steps; try it with `precinct eval --system policy,reader --policy %s`\n", f.output, s.Steps, f.output)
	return nil
}

func tellGRPO(m grpo.Metrics) {
	args := []any{"step", m.Step, "of", m.Of, "reward", round3(m.Stage1.Reward.Total), "box", round3(m.Stage1.Box), "iou", round3(m.Stage1.IoU), "kl", round3(m.Stage1.KL)}
	cost := m.Stage1.Cost
	if s := m.Stage2; s != nil {
		args = append(args, "reward2", round3(s.Reward.Total), "iou2", round3(s.IoU), "kl2", round3(s.KL))
		cost = grpo.Seconds{Rollout: cost.Rollout + s.Cost.Rollout, Segmenter: cost.Segmenter + s.Cost.Segmenter, Reward: cost.Reward + s.Cost.Reward, Update: cost.Update + s.Cost.Update}
	}
	args = append(args, "seconds", fmt.Sprintf("%.2f+%.2f+%.2f+%.2f", cost.Rollout, cost.Segmenter, cost.Reward, cost.Update))
	if v := m.Val; v != nil {
		args = append(args, "val", v.N, "stage1", round3(v.Stage1))
		if m.Stage2 != nil {
			args = append(args, "stage2", round3(v.Stage2))
		}
	}
	slog.Info("grpo", args...)
}
