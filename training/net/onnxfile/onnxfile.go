// Package onnxfile writes ONNX models (onnx.proto of ONNX 1.12: IR 8, operator set 17), without generated code. It knows
// what our nets use: float and int64 arrays, nodes with number attributes, and metadata.
package onnxfile

import (
	"encoding/binary"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	irVersion = 8
	opset     = 17
)

// Type is an array's element type, by ONNX' number.
type Type int

// The element types that are written.
const (
	Float Type = 1
	Int64 Type = 7
)

// Value is an input or an output of the graph. A dimension is a number or, when it is the caller's, a name.
type Value struct {
	Name string
	Type Type
	Dims []any
}

// Attribute is a node's setting: Ints, or one Int, or one Float.
type Attribute struct {
	Name  string
	Int   *int64
	Float *float32
	Ints  []int64
}

// Int makes an attribute of a whole number.
func Int(name string, v int) Attribute { i := int64(v); return Attribute{Name: name, Int: &i} }

// Number makes an attribute of a float.
func Number(name string, v float32) Attribute { return Attribute{Name: name, Float: &v} }

// Ints makes an attribute of several numbers.
func Ints(name string, vs ...int) Attribute { return Attribute{Name: name, Ints: wide(vs)} }

func wide(vs []int) []int64 {
	out := make([]int64, len(vs))
	for i, v := range vs {
		out[i] = int64(v)
	}
	return out
}

// Node is one operation, in an order in which what it reads comes before it.
type Node struct {
	Op         string
	Inputs     []string
	Outputs    []string
	Attributes []Attribute
}

// array is a constant of the graph.
type array struct {
	name string
	kind Type
	dims []int64
	raw  []byte
}

// Model is a graph and what is said about it.
type Model struct {
	Producer, Name  string
	Inputs, Outputs []Value
	Nodes           []Node
	Meta            map[string]string
	arrays          []array
}

// AddFloats puts an array of the graph's own.
func (m *Model) AddFloats(name string, values []float32, dims ...int) {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	m.arrays = append(m.arrays, array{name, Float, wide(dims), raw})
}

// AddInts puts a row of whole numbers.
func (m *Model) AddInts(name string, values ...int) {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(int64(v)))
	}
	m.arrays = append(m.arrays, array{name, Int64, []int64{int64(len(values))}, raw})
}

// message builds a protobuf message; field numbers are onnx.proto's.
type message []byte

func (b *message) text(field protowire.Number, s string) { b.bytes(field, []byte(s)) }

func (b *message) bytes(field protowire.Number, v []byte) {
	*b = protowire.AppendBytes(protowire.AppendTag(*b, field, protowire.BytesType), v)
}

func (b *message) number(field protowire.Number, v int64) {
	*b = protowire.AppendVarint(protowire.AppendTag(*b, field, protowire.VarintType), uint64(v))
}

// Marshal gives the file's bytes: the same model gives the same.
func (m *Model) Marshal() []byte {
	var out, set message
	out.number(1, irVersion)
	out.text(2, m.Producer)
	out.bytes(7, m.graph())
	set.number(2, opset)
	out.bytes(8, set)
	keys := make([]string, 0, len(m.Meta))
	for k := range m.Meta {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		var entry message
		entry.text(1, k)
		entry.text(2, m.Meta[k])
		out.bytes(14, entry)
	}
	return out
}

func (m *Model) graph() []byte {
	var out message
	for _, n := range m.Nodes {
		out.bytes(1, n.marshal())
	}
	out.text(2, m.Name)
	for _, a := range m.arrays {
		out.bytes(5, a.marshal())
	}
	for _, v := range m.Inputs {
		out.bytes(11, v.marshal())
	}
	for _, v := range m.Outputs {
		out.bytes(12, v.marshal())
	}
	return out
}

func (n Node) marshal() []byte {
	var out message
	for _, s := range n.Inputs {
		out.text(1, s)
	}
	for _, s := range n.Outputs {
		out.text(2, s)
	}
	out.text(3, n.Outputs[0])
	out.text(4, n.Op)
	for _, a := range n.Attributes {
		out.bytes(5, a.marshal())
	}
	return out
}

// Kinds of an attribute.
const (
	kindFloat = 1
	kindInt   = 2
	kindInts  = 7
)

func (a Attribute) marshal() []byte {
	var out message
	out.text(1, a.Name)
	switch {
	case a.Float != nil:
		out = protowire.AppendFixed32(protowire.AppendTag(out, 2, protowire.Fixed32Type), math.Float32bits(*a.Float))
		out.number(20, kindFloat)
	case a.Int != nil:
		out.number(3, *a.Int)
		out.number(20, kindInt)
	default:
		for _, v := range a.Ints {
			out.number(8, v)
		}
		out.number(20, kindInts)
	}
	return out
}

func (a array) marshal() []byte {
	var out message
	for _, d := range a.dims {
		out.number(1, d)
	}
	out.number(2, int64(a.kind))
	out.text(8, a.name)
	out.bytes(9, a.raw)
	return out
}

func (v Value) marshal() []byte {
	var shape, tensor, kind, out message
	for _, d := range v.Dims {
		var dim message
		switch d := d.(type) {
		case int:
			dim.number(1, int64(d))
		case string:
			dim.text(2, d)
		}
		shape.bytes(1, dim)
	}
	tensor.number(1, int64(v.Type))
	tensor.bytes(2, shape)
	kind.bytes(1, tensor)
	out.text(1, v.Name)
	out.bytes(2, kind)
	return out
}
