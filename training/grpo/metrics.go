package grpo

import (
	"context"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
	"github.com/precinct-map/precinct/training/runs"
)

// Metrics is a line of metrics.jsonl: means over the steps since the last.
type Metrics struct {
	Step    int     `json:"step"`
	Of      int     `json:"of"`
	Elapsed float64 `json:"seconds"` // of this piece

	Stage1 Stage  `json:"stage1,omitzero"`
	Stage2 *Stage `json:"stage2,omitempty"`

	Val *Val `json:"val,omitempty"`
}

// Stage is what a stage's completions came to.
type Stage struct {
	Reward  training.Reward `json:"reward"`
	Box     float64         `json:"box_iou"`
	IoU     float64         `json:"iou"`        // of the masks that were drawn
	Above   float64         `json:"above_half"` // share of those
	Missed  float64         `json:"no_mask"`    // share that the segmenter gave none for
	KL      float64         `json:"kl"`         // k3 to the reference, a token
	Clipped float64         `json:"clipped"`    // share of tokens
	Entropy float64         `json:"entropy"`    // nats a token
	Norm    float64         `json:"gradient_norm"`
	Cost    Seconds         `json:"cost"`
}

// Seconds is where a step's time goes.
type Seconds struct {
	Rollout   float64 `json:"rollout"`
	Segmenter float64 `json:"segmenter"`
	Reward    float64 `json:"reward"`
	Update    float64 `json:"update"`
}

// Val is how well greedy answers do on the validation's places: mean IoU of masks and the share above 0.5.
type Val struct {
	N      int     `json:"n"`
	Box    float64 `json:"box_iou"`
	Stage1 float64 `json:"stage1"`
	Above1 float64 `json:"stage1_above_half"`
	Stage2 float64 `json:"stage2,omitempty"`
	Above2 float64 `json:"stage2_above_half,omitempty"`
}

func (m *Metrics) stage(n int, g *group) {
	s := stageOf(g)
	if n == 0 {
		m.Stage1 = s
	} else {
		m.Stage2 = &s
	}
}

func stageOf(g *group) Stage {
	s := Stage{KL: g.progress.KL, Clipped: g.progress.Clipped, Entropy: g.progress.Entropy, Norm: g.progress.GradNorm,
		Cost: Seconds{g.seconds.rollout, g.seconds.segmenter, g.seconds.reward, g.seconds.update}}
	n, drawn := float64(len(g.outcomes)), 0.0
	for _, o := range g.outcomes {
		s.Reward.Format += o.reward.Format / n
		s.Reward.Accuracy += o.reward.Accuracy / n
		s.Reward.Length += o.reward.Length / n
		s.Reward.Total += o.reward.Total / n
		s.Box += o.box / n
		if o.drawn {
			drawn++
			s.IoU += o.iou
			if o.iou > training.Right {
				s.Above++
			}
			if o.mask == nil {
				s.Missed++
			}
		}
	}
	drawn = max(1, drawn)
	s.IoU, s.Above, s.Missed = s.IoU/drawn, s.Above/drawn, s.Missed/drawn
	return s
}

// sums are the metrics of some steps.
type sums struct {
	all []Metrics
}

func (s *sums) add(m Metrics) { s.all = append(s.all, m) }

func (s *sums) mean() Metrics {
	var out Metrics
	for _, m := range s.all {
		out.Stage1 = out.Stage1.plus(m.Stage1, 1/float64(len(s.all)))
		if m.Stage2 != nil {
			if out.Stage2 == nil {
				out.Stage2 = &Stage{}
			}
			*out.Stage2 = out.Stage2.plus(*m.Stage2, 1/float64(len(s.all)))
		}
	}
	return out
}

func (s Stage) plus(o Stage, share float64) Stage {
	for _, f := range []struct {
		to   *float64
		from float64
	}{
		{&s.Reward.Format, o.Reward.Format}, {&s.Reward.Accuracy, o.Reward.Accuracy}, {&s.Reward.Length, o.Reward.Length}, {&s.Reward.Total, o.Reward.Total},
		{&s.Box, o.Box}, {&s.IoU, o.IoU}, {&s.Above, o.Above}, {&s.Missed, o.Missed}, {&s.KL, o.KL}, {&s.Clipped, o.Clipped}, {&s.Entropy, o.Entropy}, {&s.Norm, o.Norm},
		{&s.Cost.Rollout, o.Cost.Rollout}, {&s.Cost.Segmenter, o.Cost.Segmenter}, {&s.Cost.Reward, o.Cost.Reward}, {&s.Cost.Update, o.Cost.Update},
	} {
		*f.to += share * f.from
	}
	return s
}

// look lets the policy answer the validation's places greedily, at scale 1 and unturned.
func (p *pupil) look(ctx context.Context) (*Val, error) {
	if p.Val == nil || len(p.Val.Lessons) == 0 {
		return nil, nil
	}
	some := lessons.Spread(p.Val.Lessons, mostVal)
	p.shown = 0
	v := &Val{N: len(some)}
	for from := 0; from < len(some); from += p.Places {
		var places []*place
		for _, l := range some[from:min(from+p.Places, len(some))] {
			places = append(places, &place{lesson: l, view: policy.View{X: l.X, Y: l.Y, Scale: 1}})
		}
		for stage := range p.Stages {
			all, err := p.greedy(ctx, places, stage+1)
			if err != nil {
				return nil, err
			}
			for i, o := range all {
				v.add(stage, o, places[i], 1/float64(len(some)))
				places[i].chosen = o
				if stage+1 == p.Stages {
					if err := p.show(places[i], o); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return v, nil
}

// show keeps a picture of an answer, of the first few places whose pictures are there.
func (p *pupil) show(pl *place, o *outcome) error {
	l := pl.lesson
	if l.Scene.Picture == nil || p.shown == lessons.MostShown {
		return nil
	}
	p.shown++
	return p.log.Show(p.step(), p.shown-1, &runs.Sketch{Picture: l.Scene.Picture, At: reasoning.Point{l.X, l.Y}, Truth: l.Mask, Box: *o.prompt.Box, Mask: o.mask, Text: o.text})
}

// greedy is the likeliest completion for each place, drawn.
func (p *pupil) greedy(ctx context.Context, places []*place, stage int) ([]*outcome, error) {
	c := p.trainer.Config()
	g := &group{batch: p.batch(places, stage)}
	said, err := p.trainer.Answer(g.batch, make([]float32, len(places)*net.MaxTokens*c.Bins))
	if err != nil {
		return nil, err
	}
	g.take(said, c, len(places))
	for i, pl := range places {
		g.outcomes = append(g.outcomes, spoken(g.batch.Tokens[i*g.batch.Length:][:g.batch.Length], c, pl.view))
	}
	if err := p.drawer.draw(ctx, places, g.outcomes, reasoning.Stage(stage)); err != nil {
		return nil, err
	}
	for i, o := range g.outcomes {
		o.score(places[i], stage, training.Mask)
	}
	return g.outcomes, nil
}

func (v *Val) add(stage int, o *outcome, pl *place, share float64) {
	above := 0.0
	if o.iou > training.Right {
		above = share
	}
	if stage == 1 { // the second
		v.Stage2, v.Above2 = v.Stage2+share*o.iou, v.Above2+above
		return
	}
	v.Box += share * o.box
	v.Stage1, v.Above1 = v.Stage1+share*o.iou, v.Above1+above
}
