// Package sft teaches the small policy the paper's first lesson: the boxes of known places, by supervised fine-tuning. A training runs in
// pieces: it ends after some minutes, saves all that it was, and goes on from there bit for bit.
package sft

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
	"github.com/precinct-map/precinct/training/runs"
)

// Options is a training.
type Options struct {
	Dir       string // of the run: checkpoint, policy.onnx, metrics.jsonl
	Minutes   float64
	Seed      uint64
	Classes   []string
	Segmenter string

	Projection         *policy.Projection
	Train, Val         *lessons.Class // Val may be nil
	MinScale, MaxScale float64

	Second *Second // teaches stage 2 beside stage 1; nil does not

	Progress func(Metrics)

	enough func(step int) bool // ends it as the minutes do, for tests
}

// Second is how stage 2 is taught.
type Second struct {
	Segmenter reasoning.Restorer
	Origin    string // name of the weights that the run begins with, whose boxes are the lessons; "" where it goes on
	Places    int    // how many lessons are made of; 0 is all

	Progress func(places, of int) // of making lessons

	speaker lessons.Speaker // says stage 1's boxes in the net's place, for tests
}

// Metrics is a line of metrics.jsonl.
type Metrics struct {
	Step    int                      `json:"step"`
	Of      int                      `json:"of"`
	Seconds float64                  `json:"seconds"` // of this piece
	Loss    float64                  `json:"loss"`    // mean since the last line
	Tokens  float64                  `json:"tokens"`  // cross-entropy a token, nats
	Rate    float64                  `json:"rate"`
	Norm    float64                  `json:"gradient_norm"`
	Samples float64                  `json:"samples_a_second"`
	Val     map[string]lessons.Score `json:"val,omitempty"` // by scale

	Second *SecondMetrics `json:"second,omitempty"`
}

// SecondMetrics is what stage 2 makes of the validation's places as they are served, and of those whose mask stage 1 gets wrong.
type SecondMetrics struct {
	All lessons.SecondScore `json:"all"`
	Bad lessons.SecondScore `json:"below_half"`
}

// How often things are told, looked at and saved.
const (
	BatchSize  = 32
	tellEvery  = 25  // steps
	lookEvery  = 500 // steps
	saveEvery  = 3 * time.Minute
	mostVal    = 256 // lessons
	refuseMost = 20  // steps that are not finite, in a row

	secondShare = 0.4 // of what is drawn, where stage 2 is taught
	secondVal   = 128 // places
)

// valScales are those that validation looks at.
var valScales = []float64{0.5, 1}

// Run trains until the recipe's steps are done, the minutes are over, or the context ends; in each case all is saved, and policy.onnx is
// written. It says whether the recipe is done.
func Run(ctx context.Context, t *net.Trainer, o Options) (done bool, err error) {
	r := &pupil{trainer: t, options: o, start: time.Now()}
	r.feed = &lessons.Feed{Class: o.Train, Config: t.Config(), Classes: o.Classes, Seed: o.Seed, Size: BatchSize, MinScale: o.MinScale, MaxScale: o.MaxScale}
	if o.Val != nil {
		r.val = lessons.Spread(o.Val.Lessons, mostVal)
	}
	if r.log, err = runs.OpenLog(o.Dir); err != nil {
		return false, err
	}
	if o.Second != nil {
		// What is made is kept, but not yet a run: the same command begins it again, with the same weights.
		if err := r.second(ctx); err != nil {
			return false, err
		}
	}
	err = r.steps(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil // what was asked for by Ctrl-C: it is saved, and can go on
	}
	return t.Steps() >= t.Recipe.Steps, errors.Join(err, r.save(), r.log.Close())
}

type pupil struct {
	trainer *net.Trainer
	options Options
	feed    *lessons.Feed
	val     []lessons.Lesson
	start   time.Time
	log     *runs.Log

	drawer    lessons.Drawer
	secondVal []lessons.Second

	sum      Metrics // since the last line
	n        int
	refused  int
	lastSave time.Time
	lastTell time.Time
}

func (r *pupil) steps(ctx context.Context) error {
	r.lastSave, r.lastTell = r.start, r.start
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := r.batches(ctx)
	for r.trainer.Steps() < r.trainer.Recipe.Steps {
		if r.enough() {
			return nil
		}
		var b *net.Batch
		select {
		case b = <-batches:
		case <-ctx.Done():
			return ctx.Err()
		}
		p, err := r.trainer.Step(b)
		if errors.Is(err, net.ErrDiverged) && r.refused < refuseMost {
			r.refused++
			r.trainer.Skip() // the step's lessons are passed over
			continue
		}
		if err != nil {
			return err
		}
		r.refused = 0
		if err := r.told(ctx, p); err != nil {
			return err
		}
		if time.Since(r.lastSave) > saveEvery {
			r.lastSave = time.Now()
			if err := r.trainer.Save(r.options.Dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *pupil) enough() bool {
	o := r.options
	return o.Minutes > 0 && time.Since(r.start).Minutes() >= o.Minutes || o.enough != nil && o.enough(r.trainer.Steps())
}

// batches draws the batches of the steps to come while steps run.
func (r *pupil) batches(ctx context.Context) <-chan *net.Batch {
	out := make(chan *net.Batch, 3)
	go func() {
		for step := r.trainer.Steps(); ctx.Err() == nil; step++ {
			select {
			case out <- r.feed.Batch(step):
			case <-ctx.Done():
			}
		}
	}()
	return out
}

// told sums up a step and writes a line every few.
func (r *pupil) told(ctx context.Context, p net.Progress) error {
	r.sum.Loss, r.sum.Tokens, r.sum.Norm, r.n = r.sum.Loss+p.Loss, r.sum.Tokens+p.Tokens, r.sum.Norm+p.GradNorm, r.n+1
	last := p.Step == r.trainer.Recipe.Steps
	if p.Step%tellEvery != 0 && !last {
		return nil
	}
	n := float64(r.n)
	m := Metrics{Step: p.Step, Of: r.trainer.Recipe.Steps, Seconds: time.Since(r.start).Seconds(), Loss: r.sum.Loss / n, Tokens: r.sum.Tokens / n, Norm: r.sum.Norm / n, Rate: p.Rate,
		Samples: n * BatchSize / time.Since(r.lastTell).Seconds()}
	if p.Step%lookEvery == 0 || last {
		var err error
		if m.Val, err = r.look(); err != nil {
			return err
		}
		if m.Second, err = r.lookSecond(ctx); err != nil {
			return err
		}
	}
	r.sum, r.n, r.lastTell = Metrics{}, 0, time.Now()
	if r.options.Progress != nil {
		r.options.Progress(m)
	}
	return r.log.Tell(p.Step, m)
}

// look scores the validation's places.
func (r *pupil) look() (map[string]lessons.Score, error) {
	if len(r.val) == 0 {
		return nil, nil
	}
	out := map[string]lessons.Score{}
	for _, scale := range valScales {
		boxes, quality, err := r.feed.Boxes(r.trainer, r.val, scale)
		if err != nil {
			return nil, err
		}
		out[fmt.Sprint(scale)] = lessons.ScoreBoxes(r.val, boxes, quality)
		if scale == 1 {
			if err := r.show(boxes, quality); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// show keeps pictures of what is said of the places whose pictures are there.
func (r *pupil) show(boxes []reasoning.Box, quality []float32) error {
	n := 0
	for i, l := range r.val {
		if l.Scene.Picture == nil {
			continue
		}
		text := reasoning.FormatAnswer(fmt.Sprintf("expected IoU %.2f, true %.2f", quality[i], boxes[i].IoU(l.Box)), []reasoning.Prompt{{Box: &boxes[i]}})
		if err := r.log.Show(r.trainer.Steps(), n, &runs.Sketch{Picture: l.Scene.Picture, At: reasoning.Point{l.X, l.Y}, Truth: l.Mask, Box: boxes[i], Text: text}); err != nil {
			return err
		}
		if n++; n == lessons.MostShown {
			break
		}
	}
	return nil
}

func (r *pupil) save() error {
	o := r.options
	m := policy.Meta{Classes: o.Classes, Projection: o.Projection, Segmenter: o.Segmenter}
	if o.Second != nil {
		m.Stages = 2
	}
	return runs.Save(o.Dir, r.trainer, m)
}
