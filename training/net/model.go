package net

import (
	"fmt"
	"math"
)

// frequencies of a token's bin; a ninth would be the same for all of 128 bins.
const frequencies = 8

// normEpsilon is added to a variance.
const normEpsilon = 1e-5

// algebra is what the net is made of. GoMLX implements it for training, the ONNX writer for serving, so that there is one
// definition and what is served is what was trained. Elementwise operations broadcast as NumPy does.
type algebra[T any] interface {
	weight(name string) T
	constant(values []float32, dims ...int) T
	add(a, b T) T
	mul(a, b T) T
	matmul(a, b T) T            // b is a matrix, or has a's leading axes
	reshape(x T, dims ...int) T // 0 keeps a dimension, −1 is what is left
	transpose(x T, axes ...int) T
	concat(axis int, xs ...T) T
	slice(x T, axis, from, to int) T
	softmax(x T, axis int) T
	normalize(x T) T // mean 0 and variance 1 along the last axis
	sigmoid(x T) T
	sin(x T) T
	cos(x T) T
	float(ids T) T
	lookup(table, ids T) T // rows of a table
	argmax(x T) T          // along the last axis
}

// inputs are a batch's windows: see Batch for the shapes.
type inputs[T any] struct {
	cells, labels, valid, coarse, class, stage T
}

// model is the definition over one algebra.
type model[T any] struct {
	algebra[T]
	Config
}

// memory is what the decoder looks at: encoded once a window, for every completion.
type memory[T any] struct {
	who          T // B,D: class and stage
	layers       []keys[T]
	points, rows T // the pointers' keys B,D,cells and values B,cells,D
}

// keys are those of one attention, in heads: k B,H,D/H,n and v B,H,n,D/H.
type keys[T any] struct{ k, v T }

func (m model[T]) linear(name string, x T) T {
	return m.add(m.matmul(x, m.weight(name+".w")), m.weight(name+".b"))
}

func (m model[T]) norm(name string, x T) T {
	return m.add(m.mul(m.normalize(x), m.weight(name+".g")), m.weight(name+".b"))
}

func (m model[T]) scale(x T, by float64) T { return m.mul(x, m.constant([]float32{float32(by)}, 1)) }

// gelu is Hendrycks and Gimpel's approximation x·σ(1.702x): its gradient is cheap.
func (m model[T]) gelu(x T) T { return m.mul(x, m.sigmoid(m.scale(x, 1.702))) }

func (m model[T]) heads(x T) T {
	return m.transpose(m.reshape(x, 0, 0, m.Heads, m.Width/m.Heads), 0, 2, 1, 3)
}

func (m model[T]) keys(k, v T) keys[T] {
	split := m.reshape(k, 0, 0, m.Heads, m.Width/m.Heads)
	return keys[T]{m.transpose(split, 0, 2, 3, 1), m.heads(v)}
}

// attend lets n queries B,n,D look at keys; mask, when there is one, is added to the scores.
func (m model[T]) attend(q T, at keys[T], mask *T) T {
	scores := m.matmul(m.heads(m.scale(q, 1/math.Sqrt(float64(m.Width/m.Heads)))), at.k)
	if mask != nil {
		scores = m.add(scores, *mask)
	}
	return m.reshape(m.transpose(m.matmul(m.softmax(scores, 3), at.v), 0, 2, 1, 3), 0, 0, m.Width)
}

func (m model[T]) feed(name string, x T) T {
	return m.add(x, m.linear(name+".f2", m.gelu(m.linear(name+".f1", m.norm(name+".n2", x)))))
}

// project gives queries, keys and values of a layer's self-attention.
func (m model[T]) project(name string, x T) (T, keys[T]) {
	all, d := m.linear(name+".qkv", m.norm(name+".n1", x)), m.Width
	return m.slice(all, 2, 0, d), m.keys(m.slice(all, 2, d, 2*d), m.slice(all, 2, 2*d, 3*d))
}

// encode reads the windows.
func (m model[T]) encode(in inputs[T]) memory[T] {
	d := m.Width
	who := m.add(m.lookup(m.weight("class"), in.class), m.lookup(m.weight("stage"), in.stage))
	x := m.linear("cells", in.cells)
	x = m.add(x, m.matmul(in.labels, m.weight("labels")))
	x = m.add(x, m.matmul(in.coarse, m.weight("coarse")))
	x = m.add(x, m.matmul(m.reshape(in.valid, 0, m.cells(), 1), m.weight("valid")))
	x = m.add(m.add(x, m.weight("position")), m.reshape(who, 0, 1, d))
	for i := range m.Encoder {
		name := fmt.Sprintf("encoder%d", i)
		q, at := m.project(name, x)
		x = m.feed(name, m.add(x, m.linear(name+".o", m.attend(q, at, nil))))
	}
	x = m.norm("memory", x)
	mem := memory[T]{who: who, points: m.transpose(m.linear("pointer.key", x), 0, 2, 1), rows: m.linear("pointer.value", x)}
	for i := range m.Decoder {
		kv := m.linear(fmt.Sprintf("decoder%d.kv", i), x)
		mem.layers = append(mem.layers, m.keys(m.slice(kv, 2, 0, d), m.slice(kv, 2, d, 2*d)))
	}
	return mem
}

// each changes every part of a memory: it is repeated for a window's completions.
func (mem memory[T]) each(f func(T) T) memory[T] {
	out := memory[T]{who: f(mem.who), points: f(mem.points), rows: f(mem.rows)}
	for _, l := range mem.layers {
		out.layers = append(out.layers, keys[T]{f(l.k), f(l.v)})
	}
	return out
}

// embedTokens turns bins N,n into N,n,D.
func (m model[T]) embedTokens(tokens T) T {
	half := float64(m.Bins) / 2
	freq, shift := make([]float32, frequencies), make([]float32, frequencies)
	for k := range freq {
		f := math.Pow(2, float64(k)) * math.Pi / 2
		freq[k], shift[k] = float32(f/half), float32(-f)
	}
	angle := m.add(m.mul(m.reshape(m.float(tokens), 0, 0, 1), m.constant(freq, frequencies)), m.constant(shift, frequencies))
	return m.linear("token", m.concat(2, m.sin(angle), m.cos(angle)))
}

// decode runs the decoder's layers over n positions x N,n,D after those in past, which grows by them.
func (m model[T]) decode(x T, mem memory[T], past []keys[T], mask *T) (T, []keys[T]) {
	var now []keys[T]
	for i := range m.Decoder {
		name := fmt.Sprintf("decoder%d", i)
		q, at := m.project(name, x)
		if past != nil {
			at = keys[T]{m.concat(3, past[i].k, at.k), m.concat(2, past[i].v, at.v)}
		}
		now = append(now, at)
		x = m.add(x, m.linear(name+".o", m.attend(q, at, mask)))
		x = m.add(x, m.linear(name+".o2", m.attend(m.linear(name+".q", m.norm(name+".n3", x)), mem.layers[i], nil)))
		x = m.feed(name, x)
	}
	return m.norm("answer", x), now
}

// point gives an axis' logits N,n,bins for answers h N,n,D. The query looks over the rows within each column for x, over the
// columns within each row for y; what it finds there says which of the column's sub-bins is meant.
func (m model[T]) point(h T, mem memory[T], vertical bool) T {
	s, d := m.Side, m.Width
	scores := m.matmul(m.scale(m.linear("pointer.query", h), 1/math.Sqrt(float64(d))), mem.points)
	scores = m.reshape(scores, 0, 0, s, s)
	values := m.reshape(mem.rows, 0, s, s, d)
	name, over, first, second := "pointer.x", 2, []int{0, 3, 1, 2}, []int{0, 2, 1, 3}
	if vertical {
		name, over, first = "pointer.y", 3, []int{0, 2, 1, 3}
	} else {
		values = m.transpose(values, 0, 2, 1, 3)
	}
	seen := m.transpose(m.matmul(m.transpose(m.softmax(scores, over), first...), values), second...)
	seen = m.add(seen, m.reshape(m.linear("pointer.gate", h), 0, 0, 1, d))
	inside := m.reshape(m.matmul(m.gelu(seen), m.weight(name)), 0, 0, m.window())
	if beyond := (m.Bins - m.window()) / 2; beyond > 0 {
		none := m.scale(m.slice(inside, 2, 0, 1), 0)
		side := m.mul(none, m.constant(make([]float32, beyond), beyond))
		inside = m.concat(2, side, inside, side)
	}
	return m.add(m.linear("bins", h), inside)
}

// quality gives the logit N of the expected IoU, from the answer N,1,D of the position after the last token.
func (m model[T]) quality(h T) T {
	return m.reshape(m.linear("quality2", m.gelu(m.linear("quality1", h))), -1)
}
