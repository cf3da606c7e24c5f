package grpo

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
)

// place is one place of a step: how it is looked at, and what stage 1 made of it.
type place struct {
	lesson lessons.Lesson
	view   policy.View
	look   int
	chosen *outcome // g*: what stage 2 is shown
}

// outcome is one completion and what came of it.
type outcome struct {
	text   string
	prompt reasoning.Prompt
	drawn  bool
	mask   *geo.Mask // nil where the segmenter gave none
	iou    float64   // of the mask
	box    float64   // IoU of the box
	reward training.Reward
}

// group is what a stage sampled.
type group struct {
	batch    *net.Batch
	logp     []float32 // of the sampled tokens, N,T
	outcomes []*outcome
	progress net.Progress
	seconds  struct{ rollout, segmenter, reward, update float64 }
}

func (g *group) rewards() []float64 {
	out := make([]float64, len(g.outcomes))
	for i, o := range g.outcomes {
		out[i] = o.reward.Total
	}
	return out
}

// group samples a stage's completions for places, has them drawn, and rewards them.
func (p *pupil) group(ctx context.Context, places []*place, stage int, r *rand.Rand) (*group, error) {
	start := time.Now()
	g := &group{batch: p.batch(places, stage)}
	n := len(places) * p.Group
	said, err := p.trainer.Answer(g.batch, gumbel(p.trainer.Config(), n, p.Temperature, r))
	if err != nil {
		return nil, err
	}
	g.take(said, p.trainer.Config(), n)
	for i, pl := range places {
		for k := range p.Group {
			g.outcomes = append(g.outcomes, spoken(g.batch.Tokens[(i*p.Group+k)*g.batch.Length:][:g.batch.Length], p.trainer.Config(), pl.view))
		}
	}
	g.seconds.rollout = time.Since(start).Seconds()
	if stage == 2 || p.Definition == training.Mask { // else rewards ask for boxes alone
		start = time.Now()
		if err := p.drawer.draw(ctx, places, g.outcomes, reasoning.Stage(stage)); err != nil {
			return nil, err
		}
		g.seconds.segmenter = time.Since(start).Seconds()
	}
	start = time.Now()
	for i, pl := range places {
		for _, o := range g.outcomes[i*p.Group:][:p.Group] {
			o.score(pl, stage, p.Definition)
		}
	}
	g.seconds.reward = time.Since(start).Seconds()
	return g, nil
}

// choose picks of each place what stage 2 is shown, and has it drawn.
func (p *pupil) choose(ctx context.Context, places []*place, g *group, r *rand.Rand) error {
	chosen := make([]*outcome, len(places))
	for i, pl := range places {
		chosen[i] = p.pick(g.outcomes[i*p.Group:][:p.Group], r)
		pl.chosen = chosen[i]
	}
	if chosen[0].drawn {
		return nil
	}
	start := time.Now()
	err := p.drawer.draw(ctx, places, chosen, reasoning.Localize)
	for i, o := range chosen {
		o.measure(places[i])
	}
	g.seconds.segmenter += time.Since(start).Seconds()
	return err
}

// batch shows places to the net.
func (p *pupil) batch(places []*place, stage int) *net.Batch {
	c := p.trainer.Config()
	length := net.BoxTokens
	if stage == 2 {
		length = net.MaxTokens
	}
	b := lessons.NewBatch(c, len(places), length)
	b.Truth, b.Quality = nil, nil // nothing is told
	for i, pl := range places {
		p.feed.Show(b, i, pl.lesson.Scene, pl.look, pl.view, pl.lesson.Class)
		b.Stage[i] = int32(stage)
		if o := pl.chosen; stage == 2 && o != nil && o.mask != nil {
			p.feed.Reconsider(b, i, pl.lesson.Scene, o.mask, *o.prompt.Box, pl.view)
		}
	}
	return b
}

// gumbel is noise that makes the most likely token a sample at a temperature.
func gumbel(c net.Config, n int, temperature float64, r *rand.Rand) []float32 {
	noise := make([]float32, n*net.MaxTokens*c.Bins)
	for i := range noise {
		noise[i] = float32(-temperature * math.Log(r.ExpFloat64()))
	}
	return noise
}

// take keeps what was said, and how likely it was: the policy that samples is the one that is updated, so that no second pass is needed.
func (g *group) take(said net.Answer, c net.Config, n int) {
	length := g.batch.Length
	g.batch.Tokens = make([]int32, 0, n*length)
	for i := range n {
		for t := range length {
			token := said.Tokens[i*net.MaxTokens+t]
			g.batch.Tokens = append(g.batch.Tokens, token)
			g.logp = append(g.logp, logSoftmax(said.Logits[(i*net.MaxTokens+t)*c.Bins:][:c.Bins], int(token)))
		}
	}
}

func logSoftmax(logits []float32, at int) float32 {
	most := logits[0]
	for _, v := range logits {
		most = max(most, v)
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v - most))
	}
	return logits[at] - most - float32(math.Log(sum))
}

// spoken reads tokens as the protocol's text: a box, and two points where there are eight.
func spoken(tokens []int32, c net.Config, v policy.View) *outcome {
	at := func(t int) float64 { return (float64(tokens[t]) - float64(c.Bins)/2) * c.BinPixels() }
	box := v.BoxFrom(reasoning.Box{min(at(0), at(2)), min(at(1), at(3)), max(at(0), at(2)), max(at(1), at(3))})
	for side, at := range box { // as it is written
		box[side] = hundredths(at)
	}
	o := &outcome{prompt: reasoning.Prompt{Box: &box}}
	for t := net.BoxTokens; t < len(tokens); t += 2 {
		x, y := v.From(at(t), at(t+1))
		o.prompt.Points = append(o.prompt.Points, reasoning.Point{hundredths(x), hundredths(y)})
	}
	o.text = reasoning.FormatAnswer("", []reasoning.Prompt{o.prompt})
	return o
}

// measure compares with the truth.
func (o *outcome) measure(pl *place) {
	o.box = o.prompt.Box.IoU(pl.lesson.Box)
	if o.mask != nil {
		o.iou = o.mask.IoU(pl.lesson.Mask)
	}
}

func hundredths(v float64) float64 { return math.Round(100*v) / 100 }

// score rewards a completion; one of which the mask counts must have been drawn.
func (o *outcome) score(pl *place, stage int, d training.Definition) {
	o.measure(pl)
	truth := []reasoning.Box{pl.lesson.Box}
	switch {
	case d == training.Mask:
		o.reward = training.Reward{Accuracy: o.iou, Total: o.iou}
	case stage == 1 && d == training.Paper:
		o.reward, _ = training.PaperStage1(o.text, truth) // one box can always be matched
	case stage == 1:
		o.reward = training.ReferenceStage1(o.text, truth)
	case d == training.Paper:
		o.reward = training.PaperStage2(o.text, o.iou)
	default:
		o.reward = training.ReferenceStage2(o.text, []reasoning.Box{*pl.chosen.prompt.Box}, o.iou)
	}
}

// pick chooses the completion that stage 2 goes on from.
func (p *pupil) pick(all []*outcome, r *rand.Rand) *outcome {
	best := all[0]
	for _, o := range all {
		if o.reward.Total > best.reward.Total {
			best = o
		}
	}
	if p.Pick == Argmax {
		return best
	}
	sum := 0.0
	for _, o := range all {
		sum += math.Exp(o.reward.Total - best.reward.Total)
	}
	at := sum * r.Float64()
	for _, o := range all {
		if at -= math.Exp(o.reward.Total - best.reward.Total); at <= 0 {
			return o
		}
	}
	return best
}
