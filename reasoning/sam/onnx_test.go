package sam

import (
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// A few ONNX messages, written field by field (onnx.proto's numbers), are all that a test graph needs.

type message []byte

func (m *message) varint(field protowire.Number, v uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), v)
}

func (m *message) text(field protowire.Number, s string) { m.sub(field, message(s)) }

func (m *message) sub(field protowire.Number, b message) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), b)
}

// value is a ValueInfoProto of floats; dimensions below one are free.
func value(name string, dims ...int) message {
	var shape, tensor, typ, v message
	for _, d := range dims {
		var dim message
		if d > 0 {
			dim.varint(1, uint64(d))
		} else {
			dim.text(2, "n")
		}
		shape.sub(1, dim)
	}
	tensor.varint(1, 1) // FLOAT
	tensor.sub(2, shape)
	typ.sub(1, tensor)
	v.text(1, name)
	v.sub(2, typ)
	return v
}

func ints(name string, values ...int) message {
	var a message
	a.text(1, name)
	a.varint(20, 7) // INTS
	for _, v := range values {
		a.varint(8, uint64(v))
	}
	return a
}

func integer(name string, v int) message {
	var a message
	a.text(1, name)
	a.varint(3, uint64(v))
	a.varint(20, 2) // INT
	return a
}

func node(op, in, out string, attributes ...message) message {
	var n message
	n.text(1, in)
	n.text(2, out)
	n.text(4, op)
	for _, a := range attributes {
		n.sub(5, a)
	}
	return n
}

// writeModel writes a graph of opset 13 and gives its path.
func writeModel(t *testing.T, name string, nodes, inputs, outputs []message) string {
	t.Helper()
	var graph, opset, model message
	for _, n := range nodes {
		graph.sub(1, n)
	}
	graph.text(2, "test")
	for _, v := range inputs {
		graph.sub(11, v)
	}
	for _, v := range outputs {
		graph.sub(12, v)
	}
	opset.varint(2, 13)
	model.varint(1, 8)
	model.sub(7, graph)
	model.sub(8, opset)
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, model, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeSAM2 writes an encoder and a decoder with SAM2's names. The features are the picture itself at three sizes; the masks are
// where each colour is above its mean.
func writeSAM2(t *testing.T) (encoder, decoder string) {
	pool := func(out string, k int) message {
		return node("AveragePool", "image", out, ints("kernel_shape", k, k), ints("strides", k, k))
	}
	features := []message{value("high_res_feats_0", 1, 3, 256, 256), value("high_res_feats_1", 1, 3, 128, 128), value("image_embed", 1, 3, 64, 64)}
	encoder = writeModel(t, "encoder.onnx",
		[]message{pool("high_res_feats_0", 4), pool("high_res_feats_1", 8), pool("image_embed", 16)},
		[]message{value("image", 1, 3, side, side)}, features)
	decoder = writeModel(t, "decoder.onnx",
		[]message{node("Identity", "high_res_feats_0", "masks"), node("ReduceMean", "high_res_feats_0", "iou_predictions", ints("axes", 2, 3), integer("keepdims", 0))},
		append([]message{value("point_coords", 1, 0, 2), value("point_labels", 1, 0), value("mask_input", 1, 1, 256, 256), value("has_mask_input", 1)}, features...),
		[]message{value("masks", 1, 3, 256, 256), value("iou_predictions", 1, 3)})
	return encoder, decoder
}
