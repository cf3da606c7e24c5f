package grpo

import (
	"bytes"
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
)

// rectangles is a segmenter that draws the box, its lower right quarter only where a point lies to the lower right of its middle: stage 2
// can do better than stage 1.
type rectangles struct{}

func (rectangles) Restore(size image.Point, _ reasoning.Features) (reasoning.Embedding, error) {
	return sheet{size}, nil
}

type sheet struct{ size image.Point }

func (sheet) Bytes() int { return 0 }

func (s sheet) Masks(_ context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	m := geo.NewMask(geo.Window{W: s.size.X, H: s.size.Y})
	clamp := func(v float64, most int) int { return int(max(0, min(float64(most), math.Round(v)))) }
	x0, y0, x1, y1 := clamp(p.Box[0], s.size.X), clamp(p.Box[1], s.size.Y), clamp(p.Box[2], s.size.X), clamp(p.Box[3], s.size.Y)
	if x1 <= x0 || y1 <= y0 {
		return nil, &reasoning.Error{Op: "draw", Subject: "prompt", Err: reasoning.ErrSegmenter}
	}
	cut := true
	for _, q := range p.Points {
		cut = cut && (q[0] < float64(x0+x1)/2 || q[1] < float64(y0+y1)/2)
	}
	for y := y0; y < y1; y++ {
		to := x1
		if cut && y >= (y0+y1)/2 {
			to = (x0 + x1) / 2
		}
		m.SetRun(y, x0, to)
	}
	return []reasoning.Candidate{{Mask: m, Score: 1}}, nil
}

// small is a net of few numbers.
func small() net.Config {
	c := net.DefaultConfig(3)
	c.Channels, c.Width, c.Heads, c.Encoder = 2, 16, 2, 1
	return c
}

// class is a picture with some places, each bright where it is.
func class(t *testing.T, places int) (*lessons.Class, *policy.Projection) {
	t.Helper()
	f := reasoning.Features{Channels: 2, Rows: 64, Columns: 64, ScaleX: 64. / 768, ScaleY: 64. / 768, Data: make([]float32, 2*64*64)}
	r := rand.New(rand.NewPCG(1, 2))
	var boxes []geo.Window
	for n := range places {
		boxes = append(boxes, geo.Window{X: 60 + n%4*170, Y: 80 + n/4*170, W: 48 + 12*(n%4), H: 48 + 12*(n%3)})
	}
	for i := range f.Data {
		f.Data[i] = float32(0.1 * r.NormFloat64())
		x, y := i%64*12+6, i/64%64*12+6
		for _, b := range boxes {
			if i < 64*64 && x >= b.X && y >= b.Y && x < b.X+b.W && y < b.Y+b.H {
				f.Data[i] += 3
			}
		}
	}
	p := &policy.Projection{In: 2, Out: 2, Mean: []float32{0, 0}, Basis: []float32{1, 0, 0, 1}}
	g, err := p.Grid(f, image.Pt(768, 768))
	if err != nil {
		t.Fatal(err)
	}
	s := &lessons.Scene{ID: "one", Size: g.Size, Grids: []*policy.Grid{g}, Kept: func() (image.Point, reasoning.Features, error) { return g.Size, f, nil }}
	c := &lessons.Class{Scenes: []*lessons.Scene{s}}
	for _, b := range boxes {
		m := geo.NewMask(b)
		for y := range b.H {
			m.SetRun(y, 0, b.W)
		}
		x, y := float64(b.X+b.W/2), float64(b.Y+b.H/2)
		c.Lessons = append(c.Lessons, lessons.Lesson{Scene: s, Class: "school", X: x, Y: y, Mask: m,
			Box: reasoning.Box{float64(b.X), float64(b.Y), float64(b.X + b.W), float64(b.Y + b.H)}})
		c.Weights = append(c.Weights, 1)
	}
	return c, p
}

func backend(t *testing.T) *net.Backend {
	t.Helper()
	b, err := net.OpenBackend(net.GoBackend)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func options(c *lessons.Class, p *policy.Projection, dir string) Options {
	s := DefaultSettings()
	s.Steps, s.Places, s.Group, s.Rate = 4, 4, 4, 3e-3
	return Options{Settings: s, Dir: dir, Meta: policy.Meta{Classes: []string{"school", "park"}, Projection: p, Segmenter: "rectangles"}, Segmenter: rectangles{}, Train: c}
}

// TestAdvantages: within each group they sum to zero, and by the reference they have unit deviation.
func TestAdvantages(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rewards := make([]float64, 40)
	for i := range rewards {
		rewards[i] = 3 * r.Float64()
	}
	copy(rewards[8:16], make([]float64, 8)) // all alike
	for _, d := range []training.Definition{training.Paper, training.Mask, training.Reference} {
		a := advantages(rewards, 8, d)
		for at := 0; at < len(a); at += 8 {
			sum, square := 0.0, 0.0
			for _, v := range a[at:][:8] {
				sum, square = sum+float64(v), square+float64(v)*float64(v)
			}
			if math.Abs(sum) > 1e-4 {
				t.Errorf("%s: advantages sum to %g", d, sum)
			}
			if spread := math.Sqrt(square / 7); d == training.Reference && at != 8 && math.Abs(spread-1) > 1e-3 {
				t.Errorf("by the reference their deviation is %g", spread)
			}
		}
	}
}

// TestLikelihoods: what the sampling says of a token is what a pass over the completions says.
func TestLikelihoods(t *testing.T) {
	c, p := class(t, 6)
	tr, err := net.NewTrainer(backend(t), small(), net.GRPORecipe(1e-3), 1)
	if err != nil {
		t.Fatal(err)
	}
	o := options(c, p, t.TempDir())
	pu := &pupil{Options: o, trainer: tr, feed: &lessons.Feed{Class: c, Config: small(), Classes: o.Meta.Classes, Size: 4, MinScale: 0.5, MaxScale: 1}, drawer: newDrawer(o.Segmenter)}
	r := pu.feed.Rand(0)
	var places []*place
	for range 4 {
		l := pu.feed.Lesson(r)
		places = append(places, &place{lesson: l, view: pu.feed.View(l, r)})
	}
	for stage := 1; stage <= 2; stage++ {
		g, err := pu.group(t.Context(), places, stage, r)
		if err != nil {
			t.Fatal(err)
		}
		for i, pl := range places {
			pl.chosen = g.outcomes[i*4]
		}
		again, err := tr.Score(g.batch)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range again.LogP {
			if math.Abs(float64(v-g.logp[i])) > 1e-3 {
				t.Fatalf("stage %d, token %d: %g when it was sampled, %g after", stage, i, g.logp[i], v)
			}
		}
	}
}

// TestPieces: a run in two pieces is, bit for bit, that in one, and its folder refuses other settings.
func TestPieces(t *testing.T) {
	c, p := class(t, 6)
	b := backend(t)
	whole, cut := t.TempDir(), t.TempDir()
	run := func(dir string, tr *net.Trainer, until int) bool {
		t.Helper()
		o := options(c, p, dir)
		o.enough = func(step int) bool { return step >= until }
		done, err := Run(t.Context(), b, tr, o)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	fresh := func() *net.Trainer {
		tr, err := net.NewTrainer(b, small(), net.GRPORecipe(3e-3), 1)
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	if !run(whole, fresh(), 100) || run(cut, fresh(), 2) {
		t.Fatal("done too early or too late")
	}
	tr, err := net.LoadTrainer(b, cut)
	if err != nil || !run(cut, tr, 100) {
		t.Fatal("the second piece does not end it: ", err)
	}
	one, err1 := os.ReadFile(filepath.Join(whole, net.ONNXName))
	two, err2 := os.ReadFile(filepath.Join(cut, net.ONNXName))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("two pieces are not the same as one")
	}
	o := options(c, p, cut)
	o.Beta = 1
	if _, err := Run(t.Context(), b, tr, o); !errors.Is(err, ErrSettings) {
		t.Errorf("other settings: %v", err)
	}
}

// TestRewardRises: in both stages, of boxes that are known roughly, nothing but reward says which are better. Whether stage 2 learns to put
// points so as to correct stage 1 depends on the seed in so small a net: this does not hold it to that.
func TestRewardRises(t *testing.T) {
	c, p := class(t, 10)
	for i, l := range c.Lessons { // all of one size: boxes are soon known
		m := geo.NewMask(geo.Window{X: int(l.X) - 36, Y: int(l.Y) - 36, W: 72, H: 72})
		for y := range 72 {
			m.SetRun(y, 0, 72)
		}
		c.Lessons[i].Mask, c.Lessons[i].Box = m, reasoning.Box{l.X - 36, l.Y - 36, l.X + 36, l.Y + 36}
	}
	b := backend(t)
	recipe := net.SFTRecipe(120)
	recipe.Rate = 1e-2
	tr, err := net.NewTrainer(b, small(), recipe, 1)
	if err != nil {
		t.Fatal(err)
	}
	o := options(c, p, t.TempDir())
	o.Steps, o.Places, o.Group, o.Definition, o.Beta = 40, 8, 8, training.Mask, 0
	pu := &pupil{Options: o, trainer: tr, drawer: newDrawer(o.Segmenter), reference: tr.Freeze(),
		feed: &lessons.Feed{Class: c, Config: small(), Classes: o.Meta.Classes, Seed: 1, Size: 8, MinScale: 1, MaxScale: 1}}
	for step := range 120 {
		if _, err := tr.Step(pu.feed.Batch(step)); err != nil {
			t.Fatal(err)
		}
	}
	tr.Restart(net.GRPORecipe(3e-3))
	var first, last sums
	for step := range o.Steps {
		m, err := pu.once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if step < 5 {
			first.add(m)
		} else if step >= o.Steps-5 {
			last.add(m)
		}
	}
	from, to := first.mean(), last.mean()
	t.Logf("stage 1 %.3f → %.3f, stage 2 %.3f → %.3f", from.Stage1.IoU, to.Stage1.IoU, from.Stage2.IoU, to.Stage2.IoU)
	if to.Stage1.IoU < from.Stage1.IoU+0.02 || to.Stage2.IoU < from.Stage2.IoU+0.02 {
		t.Error("the reward does not rise")
	}
}

// TestBadInput: each is told, and nothing is written over.
func TestBadInput(t *testing.T) {
	c, p := class(t, 3)
	b := backend(t)
	tr, err := net.NewTrainer(b, small(), net.GRPORecipe(1e-3), 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"no steps":   func(o *Options) { o.Steps = 0 },
		"group of 1": func(o *Options) { o.Group = 1 },
		"stage 3":    func(o *Options) { o.Stages = 3 },
		"no reward":  func(o *Options) { o.Definition = "fame" },
		"no pick":    func(o *Options) { o.Pick = "first" },
		"cold":       func(o *Options) { o.Temperature = 0 },
		"not a rate": func(o *Options) { o.Rate = math.NaN() },
	} {
		o := options(c, p, filepath.Join(t.TempDir(), "run"))
		change(&o)
		if _, err := Run(t.Context(), b, tr, o); !errors.Is(err, ErrSettings) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(o.Dir); !os.IsNotExist(err) {
			t.Errorf("%s: a run was begun", name)
		}
	}
	broken := errors.New("the embedding is broken")
	c.Scenes[0].Kept = func() (image.Point, reasoning.Features, error) { return image.Point{}, reasoning.Features{}, broken }
	if _, err := Run(t.Context(), b, tr, options(c, p, t.TempDir())); !errors.Is(err, broken) {
		t.Errorf("a broken embedding: %v", err)
	}
}
