package net

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
)

// Recipe is how a training goes. It is kept in checkpoints.
type Recipe struct {
	Rate    float64 `json:"rate"`    // of AdamW, at its highest
	Floor   float64 `json:"floor"`   // the rate at the end
	Warmup  int     `json:"warmup"`  // steps in which it rises
	Steps   int     `json:"steps"`   // at which the cosine ends; 0 keeps the rate
	Decay   float64 `json:"decay"`   // of weights, a step and rate
	Clip    float64 `json:"clip"`    // of the gradient's norm; 0 is none
	Beta1   float64 `json:"beta1"`   // of the gradient's mean
	Beta2   float64 `json:"beta2"`   // of its square's
	Sigma   float64 `json:"sigma"`   // bins: width of SFT's targets
	Quality float64 `json:"quality"` // what the loss of the expected IoU counts beside the tokens'
}

// SFTRecipe is the prototype's, for a training of so many steps of 32.
func SFTRecipe(steps int) Recipe {
	return Recipe{Rate: 2e-3, Floor: 1e-5, Warmup: 50, Steps: steps, Decay: .03, Clip: 1, Beta1: .9, Beta2: .98, Sigma: 1, Quality: .1}
}

// GRPORecipe has a small constant rate and no decay, which would pull away from the reference.
func GRPORecipe(rate float64) Recipe {
	return Recipe{Rate: rate, Clip: 1, Beta1: .9, Beta2: .98, Sigma: 1}
}

// RateAt is the rate of a step, counted from 1: a linear rise, then half a cosine down to Floor.
func (r Recipe) RateAt(step int) float64 {
	rate := r.Rate
	if r.Warmup > 0 {
		rate *= math.Min(1, float64(step)/float64(r.Warmup))
	}
	if r.Steps == 0 {
		return rate
	}
	down := .5 + .5*math.Cos(math.Pi*math.Min(1, float64(step)/float64(r.Steps)))
	return math.Max(rate*down, math.Min(r.Floor, rate))
}

// Progress is what a step tells.
type Progress struct {
	Step     int
	Rate     float64
	Loss     float64
	GradNorm float64 // before it is clipped
	Tokens   float64 // SFT: cross-entropy a token, nats
	Expected float64 // SFT: cross-entropy of the expected IoU, nats
	KL       float64 // GRPO: k3 to the reference, a token
	Clipped  float64 // GRPO: share of tokens whose ratio was out of bounds
	Entropy  float64 // GRPO: of a token, nats
}

// Trainer holds a net's weights and AdamW's moments, and changes them. It is for one goroutine.
type Trainer struct {
	Recipe  Recipe
	config  Config
	backend *Backend
	layout  layout
	step    int
	state   [3]*tensors.Tensor // weights, mean of gradients, mean of their squares: flat
	decayed *tensors.Tensor
	execs   map[string]*graph.Exec
}

// NewTrainer starts from drawn weights; the same seed gives the same.
func NewTrainer(b *Backend, c Config, r Recipe, seed uint64) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := newTrainer(b, c, r)
	t.setState(t.layout.draw(seed), make([]float32, t.layout.total), make([]float32, t.layout.total))
	return t, nil
}

func newTrainer(b *Backend, c Config, r Recipe) *Trainer {
	t := &Trainer{Recipe: r, config: c, backend: b, layout: newLayout(c), execs: map[string]*graph.Exec{}}
	t.decayed = flat(t.layout.decayed())
	return t
}

func flat(values []float32) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, len(values))
}

func (t *Trainer) setState(weights, mean, square []float32) {
	t.state = [3]*tensors.Tensor{flat(weights), flat(mean), flat(square)}
}

// Config is the net's shape.
func (t *Trainer) Config() Config { return t.config }

// Steps is how many steps have been taken.
func (t *Trainer) Steps() int { return t.step }

// Parameters is how many numbers are trained.
func (t *Trainer) Parameters() int { return t.layout.total }

// Restart forgets the moments and the step, and goes on from the weights by another recipe: GRPO after SFT, a fine-tuning.
func (t *Trainer) Restart(r Recipe) {
	t.Recipe, t.step = r, 0
	clear(t.execs)
	for i := range t.state[1:] {
		t.state[1+i] = flat(make([]float32, t.layout.total))
	}
}

// Step is one step of SFT. A step whose loss or gradient is not finite changes nothing and is ErrDiverged.
func (t *Trainer) Step(b *Batch) (Progress, error) {
	batch, err := t.sftInputs(b)
	if err != nil {
		return Progress{}, err
	}
	p, figures, err := t.descend("sft", supervised(t.config, t.Recipe.Sigma, t.Recipe.Quality), batch)
	if err == nil {
		p.Tokens, p.Expected = figures[0], figures[1]
	}
	return p, err
}

func (t *Trainer) sftInputs(b *Batch) ([]any, error) {
	if err := b.checkWindows(t.config); err != nil {
		return nil, err
	}
	if err := b.checkTokens(t.config); err != nil {
		return nil, err
	}
	if len(b.Truth) != len(b.Tokens) {
		return nil, b.refuse("truth holds %d numbers, not %d", len(b.Truth), len(b.Tokens))
	}
	truth := tensors.FromFlatDataAndDimensions(b.Truth, b.Completions(), b.Length)
	return append(b.windows(t.config), b.tokens(), truth, b.weights(), perCompletion(b.Quality, b.Completions(), -1)), nil
}

// GRPOStep is one step on sampled completions: their log-probabilities N,T under the policy that sampled them and under the
// reference, their advantages N, the clip ε and the weight β of the KL; see grouped for the loss.
func (t *Trainer) GRPOStep(b *Batch, old, ref, advantages []float32, epsilon, beta float64) (Progress, error) {
	batch, err := t.grpoInputs(b, old, ref, advantages, epsilon, beta)
	if err != nil {
		return Progress{}, err
	}
	p, figures, err := t.descend("grpo", grouped(t.config), batch)
	if err == nil {
		p.KL, p.Clipped, p.Entropy = figures[0], figures[1], figures[2]
	}
	return p, err
}

func (t *Trainer) grpoInputs(b *Batch, old, ref, advantages []float32, epsilon, beta float64) ([]any, error) {
	if err := b.checkWindows(t.config); err != nil {
		return nil, err
	}
	if err := b.checkTokens(t.config); err != nil {
		return nil, err
	}
	n := b.Completions()
	if len(old) != len(b.Tokens) || len(ref) != len(b.Tokens) || len(advantages) != n {
		return nil, b.refuse("%d and %d log-probabilities and %d advantages for %d tokens of %d completions", len(old), len(ref), len(advantages), len(b.Tokens), n)
	}
	return append(b.windows(t.config), b.tokens(), b.weights(),
		tensors.FromFlatDataAndDimensions(old, n, b.Length), tensors.FromFlatDataAndDimensions(ref, n, b.Length),
		tensors.FromFlatDataAndDimensions(advantages, n), flat([]float32{float32(epsilon), float32(beta)})), nil
}

// descend takes one step of AdamW down an objective: the loss, the gradient's norm, and the objective's figures.
func (t *Trainer) descend(name string, o objective, batch []any) (Progress, []float64, error) {
	step := t.step + 1
	rate := t.Recipe.RateAt(step)
	correct := func(beta float64) float32 { return float32(1 / (1 - math.Pow(beta, float64(step)))) }
	fixed := []any{t.state[0], t.state[1], t.state[2], t.decayed,
		flat([]float32{float32(rate), correct(t.Recipe.Beta1), correct(t.Recipe.Beta2)})}
	out, err := t.run(name, t.update(o, len(fixed)), append(fixed, batch...))
	if err != nil {
		return Progress{}, nil, err
	}
	told := tensors.MustCopyFlatData[float32](out[3])
	figures := make([]float64, len(told))
	for i, f := range told {
		figures[i] = float64(f)
	}
	p := Progress{Step: step, Rate: rate, Loss: figures[0], GradNorm: figures[1]}
	if !finite(p.Loss) || !finite(p.GradNorm) {
		free(out...)
		return p, nil, &Error{Op: "train", Subject: fmt.Sprintf("step %d", step), Err: fmt.Errorf("%w (loss %g, gradient %g)", ErrDiverged, p.Loss, p.GradNorm),
			Hint: "the weights are as they were; look at the batch, or lower the rate"}
	}
	free(t.state[0], t.state[1], t.state[2], out[3])
	t.state, t.step = [3]*tensors.Tensor(out[:3]), step
	return p, figures[2:], nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// free gives tensors' memory back now: the collector does not see how much they hold outside of Go.
func free(ts ...*tensors.Tensor) {
	for _, t := range ts {
		t.MustFinalizeAll()
	}
}

// update is the graph of one step (Loshchilov and Hutter's AdamW, the gradient clipped by its norm): weights, moments, and
// loss, norm and figures in one vector.
func (t *Trainer) update(o objective, fixed int) func([]*graph.Node) []*graph.Node {
	r := t.Recipe
	return func(in []*graph.Node) []*graph.Node {
		weights, mean, square, decayed := in[0], in[1], in[2], in[3]
		setting := func(i int) *graph.Node { return graph.Reshape(graph.Slice(in[4], graph.AxisElem(i))) }
		a := newGraphAlgebra(&t.layout, weights)
		loss, figures := o(a, in[fixed:])
		grad := a.gradient(loss)
		norm := graph.Sqrt(graph.ReduceAllSum(graph.Square(grad)))
		if r.Clip > 0 {
			limit := graph.Scalar(norm.Graph(), dtypes.Float32, r.Clip)
			grad = graph.Mul(grad, graph.Min(graph.Div(limit, graph.AddScalar(norm, 1e-6)), graph.ScalarOne(norm.Graph(), dtypes.Float32)))
		}
		mean = graph.Add(graph.MulScalar(mean, r.Beta1), graph.MulScalar(grad, 1-r.Beta1))
		square = graph.Add(graph.MulScalar(square, r.Beta2), graph.MulScalar(graph.Square(grad), 1-r.Beta2))
		move := graph.Div(graph.Mul(mean, setting(1)), graph.AddScalar(graph.Sqrt(graph.Mul(square, setting(2))), 1e-8))
		move = graph.Add(move, graph.MulScalar(graph.Mul(decayed, weights), r.Decay))
		weights = graph.Sub(weights, graph.Mul(setting(0), move))
		told := []*graph.Node{graph.Reshape(loss, 1), graph.Reshape(norm, 1)}
		for _, f := range figures {
			told = append(told, graph.Reshape(f, 1))
		}
		return []*graph.Node{weights, mean, square, graph.Concatenate(told, 0)}
	}
}

// run runs a graph that is kept by name, compiled once for each shape.
func (t *Trainer) run(name string, build func([]*graph.Node) []*graph.Node, args []any) (out []*tensors.Tensor, err error) {
	err = caught(func() error {
		e, ok := t.execs[name]
		if !ok {
			if e, err = graph.NewExec(t.backend.backend, build); err != nil {
				return err
			}
			t.execs[name] = e
		}
		out, err = e.Exec(args...)
		return err
	})
	for _, a := range args {
		if a := a.(*tensors.Tensor); a != t.state[0] && a != t.state[1] && a != t.state[2] && a != t.decayed {
			free(a)
		}
	}
	if err != nil {
		return nil, &Error{Op: "run " + name, Subject: "on " + t.backend.name, Err: fmt.Errorf("%w: %v", ErrBackend, err)}
	}
	return out, nil
}
