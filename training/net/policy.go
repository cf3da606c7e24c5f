package net

import (
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
)

// Frozen is a net's weights as they were at one time: GRPO's reference, or the policy that samples.
type Frozen struct {
	trainer *Trainer // its shape and compiled graphs
	weights []float32
}

// Freeze copies the weights as they are now. Like the trainer, it is for the trainer's goroutine.
func (t *Trainer) Freeze() *Frozen {
	return &Frozen{t, tensors.MustCopyFlatData[float32](t.state[0])}
}

// Score is what a net gives to completions that are there.
type Score struct {
	LogP    []float32 // N,T: log π(token | window, tokens before), nats
	Entropy []float32 // N,T: of the distribution that the token was drawn from, nats
	Quality []float32 // N: the expected IoU of the final mask
	Logits  []float32 // N,T,Bins
}

// Score runs the net over a batch's completions.
func (f *Frozen) Score(b *Batch) (Score, error) {
	c := f.trainer.config
	if err := b.checkWindows(c); err != nil {
		return Score{}, err
	}
	if err := b.checkTokens(c); err != nil {
		return Score{}, err
	}
	out, err := f.trainer.run("score", func(in []*graph.Node) []*graph.Node {
		logits, quality := spoken(c, newGraphAlgebra(&f.trainer.layout, in[0]), in[1:])
		logp, entropy := chosen(logits, in[1+windowInputs])
		return []*graph.Node{logp, entropy, graph.Sigmoid(quality), logits}
	}, append(append([]any{flat(f.weights)}, b.windows(c)...), b.tokens()))
	if err != nil {
		return Score{}, err
	}
	defer free(out...)
	get := tensors.MustCopyFlatData[float32]
	return Score{LogP: get(out[0]), Entropy: get(out[1]), Quality: get(out[2]), Logits: get(out[3])}, nil
}

// Score runs the net as it is now over a batch's completions.
func (t *Trainer) Score(b *Batch) (Score, error) { return t.Freeze().Score(b) }

// Answer is what the net says of N completions: a box's four tokens and two points' four.
type Answer struct {
	Tokens  []int32   // N,8
	Logits  []float32 // N,8,Bins
	Quality []float32 // N,2: expected IoU after the box, after the points
}

// Answer lets the net speak. Noise N,8,Bins is added to the logits before the most likely token is taken: zeros decode
// greedily, Gumbel noise times a temperature samples at that temperature. N is a multiple of the windows; a window's
// completions lie side by side. The ONNX file computes the same.
func (f *Frozen) Answer(b *Batch, noise []float32) (Answer, error) {
	c := f.trainer.config
	if err := b.checkWindows(c); err != nil {
		return Answer{}, err
	}
	n := len(noise) / (MaxTokens * c.Bins)
	if n == 0 || n*MaxTokens*c.Bins != len(noise) || n%b.Windows != 0 {
		return Answer{}, b.refuse("%d numbers of noise are not %d × %d for as many completions of each window", len(noise), MaxTokens, c.Bins)
	}
	out, err := f.trainer.run("answer", func(in []*graph.Node) []*graph.Node {
		m := model[*graph.Node]{newGraphAlgebra(&f.trainer.layout, in[0]), c}
		mem := m.encode(inputsOf(in[1 : 1+windowInputs]))
		noise := in[1+windowInputs]
		group := noise.Shape().Dimensions[0] / in[1].Shape().Dimensions[0]
		a := m.speak(mem.each(func(x *graph.Node) *graph.Node { return repeat(x, group) }), noise)
		return []*graph.Node{a.tokens, a.logits, a.quality}
	}, append(append([]any{flat(f.weights)}, b.windows(c)...), tensors.FromFlatDataAndDimensions(noise, n, MaxTokens, c.Bins)))
	if err != nil {
		return Answer{}, err
	}
	defer free(out...)
	get := tensors.MustCopyFlatData[float32]
	return Answer{Tokens: tensors.MustCopyFlatData[int32](out[0]), Logits: get(out[1]), Quality: get(out[2])}, nil
}

// Answer lets the net speak as it is now.
func (t *Trainer) Answer(b *Batch, noise []float32) (Answer, error) {
	return t.Freeze().Answer(b, noise)
}
