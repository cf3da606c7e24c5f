// Package grpo teaches the small policy by reinforcement: the paper's Algorithm 1 (Group Relative Policy Optimization in two stages, with
// shared weights). A step samples completions for some places, lets the served pipeline draw them with the real segmenter, and moves the
// policy towards those that earned more than their group.
package grpo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
	"github.com/precinct-map/precinct/training/runs"
)

// ErrSettings is a training that cannot be, or that is not the one which was begun. Test with errors.Is.
var ErrSettings = errors.New("not a reinforcement that can be run")

// Error says what was asked, what went wrong and what to do.
type Error struct {
	Op      string
	Subject string
	Err     error
	Hint    string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Pick is how the completion of stage 1 is chosen that stage 2 goes on from.
type Pick string

// The picks: the one of the highest reward, or one drawn by the softmax of the rewards.
const (
	Argmax  Pick = "argmax"
	Softmax Pick = "softmax"
)

// Settings is what a run is. They are kept in its folder, and do not change on the way.
type Settings struct {
	Steps       int                 `json:"steps"`
	Places      int                 `json:"places"` // a step
	Group       int                 `json:"group"`  // completions a place and stage
	Stages      int                 `json:"stages"` // 1 or 2
	Definition  training.Definition `json:"definition"`
	Pick        Pick                `json:"pick"`
	Temperature float64             `json:"temperature"`
	Epsilon     float64             `json:"epsilon"`
	Beta        float64             `json:"beta"`
	Rate        float64             `json:"rate"`
	Seed        uint64              `json:"seed"`
}

// DefaultSettings are the paper's, but for the batch and the rate, which are a small net's.
func DefaultSettings() Settings {
	return Settings{Steps: 300, Places: 16, Group: 8, Stages: 2, Definition: training.Paper, Pick: Argmax, Temperature: 1, Epsilon: 0.5, Beta: 0.005, Rate: 2e-5, Seed: 1}
}

// Check says what is wrong. Errors wrap ErrSettings.
func (s Settings) Check() error {
	bad := func(hint, format string, args ...any) error {
		return &Error{Op: "reinforce", Subject: fmt.Sprintf(format, args...), Err: ErrSettings, Hint: hint}
	}
	switch {
	case s.Steps < 1:
		return bad("at least one", "in %d steps", s.Steps)
	case s.Places < 1 || s.Group < 2:
		return bad("a group's completions are compared with each other: two or more", "%d places with %d completions each", s.Places, s.Group)
	case s.Stages != 1 && s.Stages != 2:
		return bad("1 or 2", "%d stages", s.Stages)
	case s.Definition != training.Paper && s.Definition != training.Reference && s.Definition != training.Mask:
		return bad("use paper, reference or mask", "by definition %q", s.Definition)
	case s.Pick != Argmax && s.Pick != Softmax:
		return bad("use argmax or softmax", "picking by %q", s.Pick)
	case !(s.Temperature > 0) || !(s.Epsilon > 0) || !(s.Beta >= 0) || !(s.Rate > 0):
		return bad("temperature, epsilon and rate are above 0, beta is not below", "at temperature %g, ε %g, β %g, rate %g", s.Temperature, s.Epsilon, s.Beta, s.Rate)
	}
	return nil
}

// Options is a training.
type Options struct {
	Settings
	Dir        string // of the run
	Minutes    float64
	Meta       policy.Meta
	Segmenter  reasoning.Restorer
	Train, Val *lessons.Class // Val may be nil
	Progress   func(Metrics)

	enough func(step int) bool // ends it as the minutes do, for tests
}

// How often things are told, looked at and saved.
const (
	tellEvery  = 5  // steps
	lookEvery  = 50 // steps
	saveEvery  = 3 * time.Minute
	mostVal    = 48 // lessons
	refuseMost = 20 // steps that are not finite, in a row
)

// Run trains until the steps are done, the minutes are over, or the context ends; in each case all is saved. It says whether the steps are
// done. Errors wrap ErrSettings where the folder's run is another.
func Run(ctx context.Context, b *net.Backend, t *net.Trainer, o Options) (done bool, err error) {
	if err := o.Check(); err != nil {
		return false, err
	}
	if err := o.keep(); err != nil {
		return false, err
	}
	reference, err := o.reference(b, t)
	if err != nil {
		return false, err
	}
	p := &pupil{Options: o, trainer: t, reference: reference, start: time.Now()}
	p.feed = &lessons.Feed{Class: o.Train, Config: t.Config(), Classes: o.Meta.Classes, Seed: o.Seed, Size: o.Places, MinScale: 0.4, MaxScale: 2}
	p.drawer = newDrawer(o.Segmenter)
	if p.log, err = runs.OpenLog(o.Dir); err != nil {
		return false, err
	}
	err = p.steps(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil // what was asked for by Ctrl-C: it is saved, and can go on
	}
	return p.step() >= o.Steps, errors.Join(err, runs.Save(o.Dir, t, o.Meta), p.log.Close())
}

// keep writes the settings down, or compares them with those of the run that goes on.
func (o *Options) keep() error {
	path := filepath.Join(o.Dir, "grpo.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(o.Dir, 0o755); err != nil {
			return err
		}
		if data, err = json.MarshalIndent(o.Settings, "", "  "); err != nil {
			return err
		}
		return os.WriteFile(path, append(data, '\n'), 0o644)
	}
	if err != nil {
		return err
	}
	var known Settings
	if err := json.Unmarshal(data, &known); err != nil || known != o.Settings {
		return &Error{Op: "go on with", Subject: o.Dir, Err: fmt.Errorf("%w: it was begun with other settings", ErrSettings), Hint: "grpo.json there has them; or name another run"}
	}
	return nil
}

// reference is the policy that the run began from, kept beside it.
func (o *Options) reference(b *net.Backend, t *net.Trainer) (*net.Frozen, error) {
	dir := filepath.Join(o.Dir, "reference")
	if t.Steps() == 0 {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		if err := t.Save(dir); err != nil {
			return nil, err
		}
		return t.Freeze(), nil
	}
	first, err := net.LoadTrainer(b, dir)
	if err != nil {
		return nil, err
	}
	return first.Freeze(), nil
}

// pupil is the policy at its lessons.
type pupil struct {
	Options
	trainer   *net.Trainer
	reference *net.Frozen
	feed      *lessons.Feed
	drawer    *drawer
	log       *runs.Log
	start     time.Time
	refused   int
	shown     int // pictures of the look that is under way
}

// step is how many steps are done: the trainer counts a step each stage.
func (p *pupil) step() int { return p.trainer.Steps() / p.Stages }

func (p *pupil) steps(ctx context.Context) error {
	lastSave := p.start
	sum := &sums{}
	if p.step() == 0 {
		if err := p.tell(ctx, sum); err != nil {
			return err
		}
	}
	for p.step() < p.Steps {
		if p.Minutes > 0 && time.Since(p.start).Minutes() >= p.Minutes || p.enough != nil && p.enough(p.step()) {
			return nil
		}
		m, err := p.once(ctx)
		if err != nil {
			return err
		}
		sum.add(m)
		if n := p.step(); n%tellEvery == 0 || n == p.Steps {
			if err := p.tell(ctx, sum); err != nil {
				return err
			}
			sum = &sums{}
		}
		if time.Since(lastSave) > saveEvery {
			lastSave = time.Now()
			if err := p.trainer.Save(p.Dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// tell writes a line of what was summed up, and every so often of what the policy says of the validation's places.
func (p *pupil) tell(ctx context.Context, sum *sums) error {
	m := sum.mean()
	m.Step, m.Of, m.Elapsed = p.step(), p.Steps, time.Since(p.start).Seconds()
	if m.Step%lookEvery == 0 || m.Step == p.Steps {
		var err error
		if m.Val, err = p.look(ctx); err != nil {
			return err
		}
	}
	if p.Progress != nil {
		p.Progress(m)
	}
	return p.log.Tell(m.Step, m)
}

// once is one step of all stages: sample, draw, reward, update.
func (p *pupil) once(ctx context.Context) (Metrics, error) {
	r := p.feed.Rand(p.step())
	places := make([]*place, p.Places)
	for i := range places {
		l := p.feed.Lesson(r)
		places[i] = &place{lesson: l, view: p.feed.View(l, r), look: r.IntN(len(l.Scene.Grids))}
	}
	var m Metrics
	for stage := range p.Stages {
		g, err := p.group(ctx, places, stage+1, r)
		if err == nil && stage == 0 && p.Stages == 2 {
			err = p.choose(ctx, places, g, r)
		}
		if err == nil {
			err = p.update(g)
		}
		if err != nil {
			return m, err
		}
		m.stage(stage, g)
	}
	return m, nil
}

// update is one step of descent on a group's completions.
func (p *pupil) update(g *group) error {
	start := time.Now()
	ref, err := p.reference.Score(g.batch)
	if err != nil {
		return err
	}
	g.progress, err = p.trainer.GRPOStep(g.batch, g.logp, ref.LogP, advantages(g.rewards(), p.Group, p.Definition), p.Epsilon, p.Beta)
	g.seconds.update = time.Since(start).Seconds()
	if errors.Is(err, net.ErrDiverged) && p.refused < refuseMost {
		p.refused++
		p.trainer.Skip()
		return nil
	}
	if err == nil {
		p.refused = 0
	}
	return err
}

// advantages are each completion's reward less its group's mean (the paper's eq. 5), and by the reference code divided by the sample
// deviation plus 1e-6.
func advantages(rewards []float64, group int, d training.Definition) []float32 {
	out := make([]float32, len(rewards))
	for at := 0; at < len(rewards); at += group {
		some := rewards[at:][:group]
		mean, spread := 0.0, 0.0
		for _, v := range some {
			mean += v / float64(group)
		}
		for _, v := range some {
			spread += (v - mean) * (v - mean) / float64(group-1)
		}
		scale := 1.0
		if d == training.Reference {
			scale = 1 / (math.Sqrt(spread) + 1e-6)
		}
		for i, v := range some {
			out[at+i] = float32((v - mean) * scale)
		}
	}
	return out
}
