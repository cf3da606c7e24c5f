package net

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// weight is one array of parameters: its place in the flat vector that optimiser and checkpoint work on.
type weight struct {
	name   string
	dims   []int
	from   int     // in the flat vector
	spread float64 // standard deviation at the start
	start  float64 // mean at the start
}

func (w weight) size() int {
	n := 1
	for _, d := range w.dims {
		n *= d
	}
	return n
}

// decays: only matrices are pulled to zero, not biases and norms.
func (w weight) decays() bool { return len(w.dims) > 1 }

// layout lists a net's weights in their order in the flat vector.
type layout struct {
	weights []weight
	total   int
}

func (l *layout) add(name string, spread, start float64, dims ...int) {
	w := weight{name: name, dims: dims, from: l.total, spread: spread, start: start}
	l.weights = append(l.weights, w)
	l.total += w.size()
}

// linear is a matrix in × out with its bias; gain 0.3 keeps a residual branch small at the start.
func (l *layout) linear(name string, in, out int, gain float64) {
	l.add(name+".w", gain/math.Sqrt(float64(in)), 0, in, out)
	l.add(name+".b", 0, 0, out)
}

func (l *layout) norm(name string, width int) {
	l.add(name+".g", 0, 1, width)
	l.add(name+".b", 0, 0, width)
}

func newLayout(c Config) layout {
	var l layout
	d := c.Width
	l.linear("cells", c.features(), d, 1)
	l.add("labels", 1/math.Sqrt(float64(c.Labels)), 0, c.Labels, d)
	l.add("coarse", 1/math.Sqrt(float64(c.Coarse)), 0, c.Coarse, d)
	l.add("valid", 1, 0, 1, d)
	l.add("position", .5, 0, c.cells(), d)
	l.add("class", .5, 0, c.Classes, d)
	l.add("stage", .02, 0, Stages+1, d)
	for i := range c.Encoder {
		l.attention(fmt.Sprintf("encoder%d", i), d)
		l.feed(fmt.Sprintf("encoder%d", i), d)
	}
	l.norm("memory", d)
	l.add("slot", .5, 0, MaxTokens+1, d)
	l.linear("token", 2*frequencies, d, 1)
	for i := range c.Decoder {
		name := fmt.Sprintf("decoder%d", i)
		l.attention(name, d)
		l.norm(name+".n3", d)
		l.linear(name+".q", d, d, 1)
		l.linear(name+".kv", d, 2*d, 1)
		l.linear(name+".o2", d, d, .3)
		l.feed(name, d)
	}
	l.norm("answer", d)
	l.linear("bins", d, c.Bins, .3)
	for _, name := range []string{"key", "value", "query", "gate"} {
		l.linear("pointer."+name, d, d, 1)
	}
	for _, axis := range []string{"x", "y"} {
		l.add("pointer."+axis, .02, 0, d, c.SubBins)
	}
	l.linear("quality1", d, d, 1)
	l.linear("quality2", d, 1, .3)
	return l
}

func (l *layout) attention(name string, d int) {
	l.norm(name+".n1", d)
	l.linear(name+".qkv", d, 3*d, 1)
	l.linear(name+".o", d, d, .3)
}

func (l *layout) feed(name string, d int) {
	l.norm(name+".n2", d)
	l.linear(name+".f1", d, 4*d, 1)
	l.linear(name+".f2", 4*d, d, .3)
}

// draw gives starting weights; the same seed gives the same.
func (l *layout) draw(seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	out := make([]float32, l.total)
	for _, w := range l.weights {
		for i := range w.size() {
			out[w.from+i] = float32(w.start + w.spread*r.NormFloat64())
		}
	}
	return out
}

// decayed marks with 1 what weight decay pulls on.
func (l *layout) decayed() []float32 {
	out := make([]float32, l.total)
	for _, w := range l.weights {
		if !w.decays() {
			continue
		}
		for i := range w.size() {
			out[w.from+i] = 1
		}
	}
	return out
}
