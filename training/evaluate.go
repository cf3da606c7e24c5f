package training

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// Tier is what a phrase names: one place, a class, a function; or a class that the scene has none of.
type Tier string

// The tiers of SocioSeg, and Absent, which measures false alarms.
const (
	TierName     Tier = "name"
	TierClass    Tier = "class"
	TierFunction Tier = "function"
	Absent       Tier = "absent"
)

// Tiers lists the tiers in the order of tables.
var Tiers = []Tier{TierName, TierClass, TierFunction, Absent}

// ErrMute is a system that gave no answer at all.
var ErrMute = errors.New("every answer failed")

// patience is how many answers of a system may fail from the first on before it is given up: a server that is not there costs
// seconds an example.
const patience = 20

// Example is a scene, a phrase, and what it means there.
type Example struct {
	ID           string // of the scene: examples of one scene share it
	Pair         *tiles.Pair
	Phrase       string
	Tier         Tier
	Class        string      // taxonomy class id; the function's id in its tier
	Truth        *geo.Mask   // on the pair's window; empty when the tier is Absent
	Instances    []*geo.Mask // of the truth; nil for its connected pieces
	LabelSeconds float64     // what it took to read the pair's labels
}

// System is what is measured.
type System interface {
	Name() string
	// Predict answers an example. It must not look at the truth, unless that is its name. An error that wraps reasoning.ErrVLM counts
	// as an empty answer; any other ends the evaluation.
	Predict(ctx context.Context, e Example) (*Prediction, error)
}

// Prediction is a system's answer to an example.
type Prediction struct {
	Mask    *geo.Mask          // on the pair's window
	Objects []reasoning.Object // the mask's things one by one, each with its score; nil where the system scores none
	Reasons string             // what the system says of its answer; "" when nothing
	Times   Times              // where the time went; all zero where nobody looked
}

// Options is how an evaluation runs.
type Options struct {
	Progress func(done int) // told after each example; may be nil
	Samples  int            // best, median and worst answers to keep of each, by system and tier
}

// Evaluate runs systems over examples. Each example is given to every system before the next one is made, and counts when all have
// answered. The table is what was done until then, whatever the error.
func Evaluate(ctx context.Context, systems []System, examples iter.Seq2[Example, error], o Options) (*Table, error) {
	b := newBench(systems, o)
	for e, err := range examples {
		if err == nil {
			err = b.ask(ctx, e)
		}
		if err == nil {
			err = b.mute(patience)
		}
		if err != nil {
			return b.table(), err
		}
		if o.Progress != nil {
			o.Progress(len(b.asked))
		}
	}
	if err := ctx.Err(); err != nil {
		return b.table(), err
	}
	return b.table(), b.mute(1)
}

// ask gives one example to every system and then takes the answers in.
func (b *bench) ask(ctx context.Context, e Example) error {
	answers := make([]answer, len(b.systems))
	for i, s := range b.systems {
		start := time.Now()
		p, err := s.Predict(ctx, e)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, reasoning.ErrVLM):
			p = &Prediction{Mask: geo.NewMask(e.Pair.Window)}
			answers[i].failure = err
		case err != nil:
			return fmt.Errorf("%s on %s (%q): %w", s.Name(), e.ID, e.Phrase, err)
		}
		if p.Times == (Times{}) {
			p.Times.Rest = time.Since(start).Seconds()
		}
		p.tidy()
		answers[i].Prediction = p
	}
	return b.add(e, answers)
}

// tidy leaves of the objects what the server would draw of them.
func (p *Prediction) tidy() {
	if len(p.Objects) == 0 {
		return
	}
	mask := geo.NewMask(p.Mask.Window)
	var objects []reasoning.Object
	for _, o := range p.Objects {
		if o.Mask = reasoning.Clean(o.Mask); o.Mask != nil {
			mask.Or(o.Mask)
			objects = append(objects, o)
		}
	}
	p.Mask, p.Objects = mask, objects
}

// mute is an error when a system was asked that often, and failed each time.
func (b *bench) mute(times int) error {
	for i, s := range b.scores {
		if n := len(s.iou); n >= times && s.failed == n {
			return &Error{Op: "evaluate", Subject: b.systems[i].Name(), Err: fmt.Errorf("%w, %d of %d: %w", ErrMute, n, n, s.lastFailure),
				Hint: "leave the system out, or see to its server"}
		}
	}
	return nil
}

// Pipeline is a model in the served pipeline.
type Pipeline struct {
	Label string
	*reasoning.Pipeline
	Mode   reasoning.Mode
	Labels bool // whether the model reads the pair's labels, so that reading them is part of its time
}

// Name is the label.
func (p Pipeline) Name() string { return p.Label }

// Predict is the union of what the pipeline finds.
func (p Pipeline) Predict(ctx context.Context, e Example) (*Prediction, error) {
	ctx, clock := startClock(ctx)
	run := *p.Pipeline
	run.VLM = timedVLM{run.VLM}
	t, err := run.Run(ctx, e.Pair, e.Phrase, p.Mode)
	if err != nil {
		return nil, err
	}
	out := &Prediction{Mask: t.Union(), Objects: t.Objects, Reasons: reasons(t), Times: clock.stop()}
	if p.Labels {
		out.Times.Labels = e.LabelSeconds
	}
	return out, nil
}

// reasons is what a model said at each stage, and what of its answers could not be used.
func reasons(t *reasoning.Trace) string {
	var parts []string
	for _, st := range t.Stages {
		if said := reasoning.Think(st.Answer); said != "" {
			parts = append(parts, said)
		}
		parts = append(parts, st.Problems...)
	}
	return strings.Join(parts, "\n")
}
