package net

import (
	"fmt"

	"github.com/gomlx/gomlx/pkg/core/tensors"
)

// Batch is B windows and, for training, N completions of T tokens: N/B a window, those of a window side by side. Arrays are
// flat, the last axis fastest; cells run by rows from the north-west. XLA compiles anew for every B, N and T: keep to few, and
// fill the last batch with copies of weight 0.
type Batch struct {
	Windows int
	Cells   []float32 // B,cells,4·Channels: the embedding in the cell's quarters, by rows
	Labels  []float32 // B,cells,Labels
	Valid   []float32 // B,cells: share of the cell that is in the scene
	Coarse  []float32 // B,cells,Coarse: of stage 1's mask and box, zeros in stage 1; nil is zeros
	Class   []int32   // B: 0 is unknown
	Stage   []int32   // B: 1 or 2

	Length  int       // T: 4 for a box, 8 with two points
	Tokens  []int32   // N,T: what was said; in SFT the tokens before, which may be jittered
	Truth   []float32 // N,T: what should be said, in bins, between them too. SFT only
	Weight  []float32 // N: nil is ones
	Quality []float32 // N: the IoU that the answer had, or below 0 where it is not known; nil is nowhere. SFT only
}

// Completions is N.
func (b *Batch) Completions() int {
	if b.Length == 0 {
		return 0
	}
	return len(b.Tokens) / b.Length
}

func (b *Batch) refuse(format string, args ...any) error {
	return &Error{Op: "use batch", Subject: fmt.Sprintf("of %d windows", b.Windows), Err: fmt.Errorf("%w: "+format, append([]any{ErrBatch}, args...)...)}
}

// checkWindows looks at shapes and at numbers that index something.
func (b *Batch) checkWindows(c Config) error {
	if b.Windows < 1 {
		return b.refuse("there are none")
	}
	for _, f := range []struct {
		name      string
		got, want int
	}{
		{"cells", len(b.Cells), b.Windows * c.cells() * c.features()}, {"labels", len(b.Labels), b.Windows * c.cells() * c.Labels},
		{"valid", len(b.Valid), b.Windows * c.cells()}, {"class", len(b.Class), b.Windows}, {"stage", len(b.Stage), b.Windows},
	} {
		if f.got != f.want {
			return b.refuse("%s holds %d numbers, not %d", f.name, f.got, f.want)
		}
	}
	if n := b.Windows * c.cells() * c.Coarse; b.Coarse != nil && len(b.Coarse) != n {
		return b.refuse("coarse holds %d numbers, not %d", len(b.Coarse), n)
	}
	for i := range b.Windows {
		if b.Class[i] < 0 || int(b.Class[i]) >= c.Classes {
			return b.refuse("class %d of %d", b.Class[i], c.Classes)
		}
		if b.Stage[i] < 1 || b.Stage[i] > Stages {
			return b.refuse("stage %d", b.Stage[i])
		}
	}
	return nil
}

func (b *Batch) checkTokens(c Config) error {
	if b.Length < 2 || b.Length > MaxTokens || b.Length%2 != 0 {
		return b.refuse("completions of %d tokens; they come in pairs, %d at most", b.Length, MaxTokens)
	}
	n := b.Completions()
	if n == 0 || n*b.Length != len(b.Tokens) || n%b.Windows != 0 {
		return b.refuse("%d tokens are not as many completions of %d for each window", len(b.Tokens), b.Length)
	}
	for _, t := range b.Tokens {
		if t < 0 || int(t) >= c.Bins {
			return b.refuse("token %d of %d", t, c.Bins)
		}
	}
	if b.Weight != nil && len(b.Weight) != n {
		return b.refuse("%d weights for %d completions", len(b.Weight), n)
	}
	if b.Quality != nil && len(b.Quality) != n {
		return b.refuse("%d qualities for %d completions", len(b.Quality), n)
	}
	return nil
}

// windows are the tensors that the encoder takes, in the order of inputsOf.
func (b *Batch) windows(c Config) []any {
	coarse := b.Coarse
	if coarse == nil {
		coarse = make([]float32, b.Windows*c.cells()*c.Coarse)
	}
	return []any{
		tensors.FromFlatDataAndDimensions(b.Cells, b.Windows, c.cells(), c.features()),
		tensors.FromFlatDataAndDimensions(b.Labels, b.Windows, c.cells(), c.Labels),
		tensors.FromFlatDataAndDimensions(b.Valid, b.Windows, c.cells()),
		tensors.FromFlatDataAndDimensions(coarse, b.Windows, c.cells(), c.Coarse),
		tensors.FromFlatDataAndDimensions(b.Class, b.Windows),
		tensors.FromFlatDataAndDimensions(b.Stage, b.Windows),
	}
}

const windowInputs = 6

func inputsOf[T any](xs []T) inputs[T] {
	return inputs[T]{cells: xs[0], labels: xs[1], valid: xs[2], coarse: xs[3], class: xs[4], stage: xs[5]}
}

func (b *Batch) tokens() any {
	return tensors.FromFlatDataAndDimensions(b.Tokens, b.Completions(), b.Length)
}

func (b *Batch) weights() any { return perCompletion(b.Weight, b.Completions(), 1) }

// perCompletion makes a tensor N of values, or of one value where there are none.
func perCompletion(values []float32, n int, otherwise float32) any {
	if values == nil {
		values = make([]float32, n)
		for i := range values {
			values[i] = otherwise
		}
	}
	return tensors.FromFlatDataAndDimensions(values, n)
}
