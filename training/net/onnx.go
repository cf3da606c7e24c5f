package net

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/precinct-map/precinct/training/net/onnxfile"
)

// ONNXName is the file that a run's folder is served by.
const ONNXName = "policy.onnx"

// ConfigKey is the metadata key under which the file tells the net's Config, as JSON.
const ConfigKey = "precinct.net"

// WriteONNX writes the net as a run's policy.onnx, with the caller's metadata beside the shape. One graph encodes B windows
// once and lets the net speak N times:
//
//	cells    float B,cells,4·channels    labels float B,cells,labels    valid float B,cells    coarse float B,cells,coarse
//	class    int64 B                     stage  int64 B                 (all as in Batch)
//	window   int64 N          which of the windows each completion is of
//	noise    float N,8,bins   as in Answer: zeros are greedy, Gumbel noise × temperature samples, a huge number says a token
//	→ tokens int64 N,8;  logits float N,8,bins;  quality float N,2 (expected IoU after the box, after the points)
func (f *Frozen) WriteONNX(dir string, meta map[string]string) error {
	path := filepath.Join(dir, ONNXName)
	data, err := f.onnx(meta)
	if err == nil {
		err = writeWhole(path, data)
	}
	if err != nil {
		return &Error{Op: "write policy", Subject: path, Err: err, Hint: "is the disk full?"}
	}
	return nil
}

func (f *Frozen) onnx(meta map[string]string) ([]byte, error) {
	c := f.trainer.config
	shape, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	a := &fileAlgebra{width: c.Width, constants: map[string]string{}}
	a.file = onnxfile.Model{Producer: "precinct", Name: "policy", Meta: map[string]string{ConfigKey: string(shape)}}
	maps.Copy(a.file.Meta, meta)
	a.file.Inputs = []onnxfile.Value{
		{Name: "cells", Type: onnxfile.Float, Dims: []any{"B", c.cells(), c.features()}},
		{Name: "labels", Type: onnxfile.Float, Dims: []any{"B", c.cells(), c.Labels}},
		{Name: "valid", Type: onnxfile.Float, Dims: []any{"B", c.cells()}},
		{Name: "coarse", Type: onnxfile.Float, Dims: []any{"B", c.cells(), c.Coarse}},
		{Name: "class", Type: onnxfile.Int64, Dims: []any{"B"}},
		{Name: "stage", Type: onnxfile.Int64, Dims: []any{"B"}},
		{Name: "window", Type: onnxfile.Int64, Dims: []any{"N"}},
		{Name: "noise", Type: onnxfile.Float, Dims: []any{"N", MaxTokens, c.Bins}},
	}
	a.file.Outputs = []onnxfile.Value{
		{Name: "tokens", Type: onnxfile.Int64, Dims: []any{"N", MaxTokens}},
		{Name: "logits", Type: onnxfile.Float, Dims: []any{"N", MaxTokens, c.Bins}},
		{Name: "quality", Type: onnxfile.Float, Dims: []any{"N", BoxTokens / 2}},
	}
	for _, w := range f.trainer.layout.weights {
		a.file.AddFloats(a.weight(w.name), f.weights[w.from:w.from+w.size()], w.dims...)
	}
	m := model[string]{a, c}
	mem := m.encode(inputs[string]{cells: "cells", labels: "labels", valid: "valid", coarse: "coarse", class: "class", stage: "stage"})
	said := m.speak(mem.each(func(x string) string { return a.lookup(x, "window") }), "noise")
	for name, value := range map[string]string{"tokens": said.tokens, "logits": said.logits, "quality": said.quality} {
		a.rename(value, name)
	}
	return a.file.Marshal(), nil
}

// fileAlgebra is the algebra as nodes of an ONNX graph; values are their names.
type fileAlgebra struct {
	file      onnxfile.Model
	width     int
	constants map[string]string // by content, for the same small ones are used again and again
}

func (a *fileAlgebra) node(op string, in []string, attributes ...onnxfile.Attribute) string {
	name := fmt.Sprintf("v%d", len(a.file.Nodes))
	a.file.Nodes = append(a.file.Nodes, onnxfile.Node{Op: op, Inputs: in, Outputs: []string{name}, Attributes: attributes})
	return name
}

// rename gives the value that an output is its name; nothing else reads it.
func (a *fileAlgebra) rename(value, name string) {
	for i := range a.file.Nodes {
		if n := &a.file.Nodes[i]; n.Outputs[0] == value {
			n.Outputs[0] = name
		}
	}
}

func (a *fileAlgebra) once(key string, add func(name string)) string {
	name, ok := a.constants[key]
	if !ok {
		name = fmt.Sprintf("c%d", len(a.constants))
		a.constants[key] = name
		add(name)
	}
	return name
}

func (a *fileAlgebra) ints(values ...int) string {
	return a.once(fmt.Sprint("ints", values), func(name string) { a.file.AddInts(name, values...) })
}

func (a *fileAlgebra) constant(values []float32, dims ...int) string {
	return a.once(fmt.Sprint("floats", values, dims), func(name string) { a.file.AddFloats(name, values, dims...) })
}

// weight keeps weights apart from inputs of the same name.
func (a *fileAlgebra) weight(name string) string { return weightName(name) }

func weightName(name string) string { return "weights." + name }

func (a *fileAlgebra) add(x, y string) string      { return a.node("Add", []string{x, y}) }
func (a *fileAlgebra) mul(x, y string) string      { return a.node("Mul", []string{x, y}) }
func (a *fileAlgebra) matmul(x, y string) string   { return a.node("MatMul", []string{x, y}) }
func (a *fileAlgebra) sigmoid(x string) string     { return a.node("Sigmoid", []string{x}) }
func (a *fileAlgebra) sin(x string) string         { return a.node("Sin", []string{x}) }
func (a *fileAlgebra) cos(x string) string         { return a.node("Cos", []string{x}) }
func (a *fileAlgebra) lookup(t, ids string) string { return a.node("Gather", []string{t, ids}) }

func (a *fileAlgebra) reshape(x string, dims ...int) string {
	return a.node("Reshape", []string{x, a.ints(dims...)})
}

func (a *fileAlgebra) transpose(x string, axes ...int) string {
	return a.node("Transpose", []string{x}, onnxfile.Ints("perm", axes...))
}

func (a *fileAlgebra) concat(axis int, xs ...string) string {
	return a.node("Concat", xs, onnxfile.Int("axis", axis))
}

func (a *fileAlgebra) slice(x string, axis, from, to int) string {
	return a.node("Slice", []string{x, a.ints(from), a.ints(to), a.ints(axis)})
}

func (a *fileAlgebra) softmax(x string, axis int) string {
	return a.node("Softmax", []string{x}, onnxfile.Int("axis", axis))
}

func (a *fileAlgebra) normalize(x string) string {
	ones := make([]float32, a.width)
	for i := range ones {
		ones[i] = 1
	}
	return a.node("LayerNormalization", []string{x, a.constant(ones, a.width)}, onnxfile.Int("axis", -1), onnxfile.Number("epsilon", normEpsilon))
}

func (a *fileAlgebra) float(x string) string {
	return a.node("Cast", []string{x}, onnxfile.Int("to", int(onnxfile.Float)))
}

func (a *fileAlgebra) argmax(x string) string {
	return a.node("ArgMax", []string{x}, onnxfile.Int("axis", -1), onnxfile.Int("keepdims", 0))
}
