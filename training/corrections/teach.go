package corrections

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
	"github.com/precinct-map/precinct/training/runs"
)

// Options is how corrections are taught.
type Options struct {
	Dir     string // of the run that is made: the best weights so far, metrics.jsonl
	Backend *net.Backend
	Classes []string // the policy's
	Seed    uint64
	Minutes float64 // at most
	Steps   int     // at most; 0 for as many as the minutes give
	Rate    float64 // of AdamW, at its highest

	Taught, Held [][]lessons.Lesson // places
	Base         *lessons.Class     // what is taught beside, so that nothing is forgotten; may be nil
	Share        float64            // of each batch that is corrections, where there is a base

	Progress func(Look)
}

// Look is what is told every few steps, and a line of metrics.jsonl.
type Look struct {
	Step    int     `json:"step"`
	Seconds float64 `json:"seconds"`
	Loss    float64 `json:"loss"`             // mean since the last one
	Rate    float64 `json:"rate"`             //
	Held    float64 `json:"held_out_box_iou"` // mean over held-out places and scales; 0 where there are none
	Best    bool    `json:"best_so_far"`      // these weights are kept
	Samples float64 `json:"samples_a_second"` //
	Of      int     `json:"of"`               // steps that fit into the minutes, as it seems now
}

// Taught is what a teaching came to.
type Taught struct {
	Steps   int     `json:"steps"`
	Best    int     `json:"best_step"` // whose weights were kept; 0 is what it began from
	Before  float64 `json:"held_out_box_iou_before"`
	After   float64 `json:"held_out_box_iou_after"`
	Seconds float64 `json:"seconds"`
	Ended   string  `json:"ended"` // why
}

// How often the held-out places are looked at, and what ends a training.
const (
	batchSize   = 32
	lookEvery   = 25   // steps
	patience    = 12   // looks without a new best
	least       = 1e-3 // what a new best is better by
	mostSteps   = 1500
	withoutHeld = 300 // steps, where nothing says when to stop
	refuseMost  = 20  // steps that are not finite, in a row

	minScale, maxScale = 0.4, 2 // of windows
)

// lookScales are those that held-out places are looked at in. All looks count, for the places are few: with four of them, the surest look of each
// rose and fell by 0.1 from one score to the next.
var lookScales = []float64{0.5, 0.8, 1.25, 2}

// Teach teaches a trainer, which holds the policy's weights, and gives the one that holds the best ones, which are also in Dir. When the context
// ends, what was best so far is kept, and it is no error.
func Teach(ctx context.Context, t *net.Trainer, o Options) (*net.Trainer, Taught, error) {
	if len(o.Taught) == 0 {
		return nil, Taught{}, &Error{Op: "teach", Subject: "corrections", Err: ErrNone}
	}
	l := &teacher{options: o, trainer: t, held: First(o.Held), start: time.Now()}
	l.feed = &lessons.Feed{Class: l.mixed(), Config: t.Config(), Classes: o.Classes, Seed: o.Seed, Size: batchSize, MinScale: minScale, MaxScale: maxScale}
	r := net.SFTRecipe(o.Steps)
	r.Rate, r.Warmup, l.most = o.Rate, 20, o.Steps
	if l.most == 0 {
		l.most = mostSteps
		if len(l.held) == 0 {
			l.most = withoutHeld
		}
	}
	r.Steps = l.most
	t.Restart(r)
	if err := t.Save(o.Dir); err != nil { // whatever happens, the run's folder has weights
		return nil, l.taught, err
	}
	var err error
	if l.taught.Before, err = l.score(); err != nil {
		return nil, l.taught, err
	}
	l.taught.After = l.taught.Before
	if l.log, err = runs.OpenLog(o.Dir); err != nil {
		return nil, l.taught, err
	}
	if err := errors.Join(l.steps(ctx), l.log.Close()); err != nil {
		return nil, l.taught, err
	}
	l.taught.Steps, l.taught.Seconds = t.Steps(), time.Since(l.start).Seconds()
	best, err := net.LoadTrainer(o.Backend, o.Dir)
	return best, l.taught, err
}

type teacher struct {
	options Options
	trainer *net.Trainer
	feed    *lessons.Feed
	held    []lessons.Lesson
	start   time.Time
	log     *runs.Log
	most    int // steps

	taught Taught
	begun  time.Time // of the second step: the first one compiles
	loss   float64
	n      int
	idle   int // looks since the best
}

// mixed are the corrections and the base, each with its share of a batch.
func (l *teacher) mixed() *lessons.Class {
	out := &lessons.Class{}
	add := func(some []lessons.Lesson, weights []float64, share float64) {
		sum := 0.0
		for _, w := range weights {
			sum += w
		}
		for i, one := range some {
			out.Lessons = append(out.Lessons, one)
			out.Weights = append(out.Weights, share*weights[i]/sum)
		}
	}
	share := 1.0
	if b := l.options.Base; b != nil && len(b.Lessons) > 0 {
		share = l.options.Share
		add(b.Lessons, b.Weights, 1-share)
	}
	var own []lessons.Lesson
	var weights []float64
	for _, p := range l.options.Taught {
		for _, one := range p {
			own, weights = append(own, one), append(weights, 1/float64(len(p)))
		}
	}
	add(own, weights, share)
	return out
}

const overtime = "the minutes are over"

func (l *teacher) steps(ctx context.Context) error {
	refused := 0
	for l.trainer.Steps() < l.trainer.Recipe.Steps {
		switch {
		case ctx.Err() != nil:
			l.taught.Ended = "interrupted"
			return nil
		case l.options.Minutes > 0 && time.Since(l.start).Minutes() >= l.options.Minutes:
			l.taught.Ended = overtime
			return nil
		}
		p, err := l.trainer.Step(l.feed.Batch(l.trainer.Steps()))
		if errors.Is(err, net.ErrDiverged) && refused < refuseMost {
			refused++
			l.trainer.Skip()
			continue
		}
		if err != nil {
			return err
		}
		refused = 0
		l.loss, l.n = l.loss+p.Loss, l.n+1
		if l.begun.IsZero() {
			l.begun = time.Now()
		}
		if p.Step%lookEvery != 0 && p.Step != l.trainer.Recipe.Steps {
			continue
		}
		if done, err := l.look(p); done || err != nil {
			return err
		}
	}
	l.taught.Ended = "all steps are done"
	if l.trainer.Steps() < l.most {
		l.taught.Ended = overtime
	}
	return nil
}

// look scores the held-out places, keeps the weights where they are the best, and says whether that is enough.
func (l *teacher) look(p net.Progress) (done bool, err error) {
	now := Look{Step: p.Step, Loss: l.loss / float64(l.n), Rate: p.Rate}
	if now.Held, err = l.score(); err != nil {
		return false, err
	}
	l.idle++
	now.Best = len(l.held) == 0 || now.Held > l.taught.After+least
	if now.Best {
		l.idle, l.taught.Best, l.taught.After = 0, p.Step, now.Held
		if err := l.trainer.Save(l.options.Dir); err != nil {
			return false, err
		}
	}
	l.pace(p.Step)
	now.Seconds, now.Of = time.Since(l.start).Seconds(), l.trainer.Recipe.Steps
	now.Samples = float64(p.Step-1) * batchSize / math.Max(1e-3, time.Since(l.begun).Seconds())
	l.loss, l.n = 0, 0
	if l.options.Progress != nil {
		l.options.Progress(now)
	}
	if err := l.log.Tell(p.Step, now); err != nil {
		return false, err
	}
	if l.idle >= patience {
		l.taught.Ended = "the score on held-out places no longer rises"
	}
	return l.idle >= patience, nil
}

// pace lets the rate's cosine end with the minutes, where no number of steps is given.
func (l *teacher) pace(step int) {
	if l.options.Steps > 0 || l.options.Minutes <= 0 || step < 2 {
		return
	}
	each := time.Since(l.begun).Minutes() / float64(step-1)
	left := l.options.Minutes - time.Since(l.start).Minutes()
	l.trainer.Recipe.Steps = min(l.most, step+max(0, int(left/each)))
}

// score is the mean IoU of held-out places' boxes and what the net says of them at each scale.
func (l *teacher) score() (float64, error) {
	if len(l.held) == 0 {
		return 0, nil
	}
	sum := 0.0
	for _, scale := range lookScales {
		boxes, quality, err := l.feed.Boxes(l.trainer, l.held, scale)
		if err != nil {
			return 0, err
		}
		sum += lessons.ScoreBoxes(l.held, boxes, quality).IoU
	}
	return sum / float64(len(lookScales)), nil
}
