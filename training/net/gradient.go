package net

import (
	"reflect"
	"slices"
	"sync"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
)

// fastGradient makes GoMLX take the gradient of a product by products. Its own multiplies and sums every pair: 13 s a step
// for 3.5 million parameters against 0.45 s. A slice's is made of zeros beside it, for the Go backend has no Pad. GoMLX's table
// of gradients is for the whole process; tests hold ours to its own.
var fastGradient = sync.OnceFunc(func() {
	graph.VJPRegistration[graph.NodeTypeDotGeneral] = dotGradient
	graph.VJPRegistration[graph.NodeTypeSlice] = sliceGradient(graph.VJPRegistration[graph.NodeTypeSlice])
})

// axes are those of one operand of a product.
type axes struct{ contracting, batch, cross []int }

// dotGradient gives the gradients of out[batch, lhs cross, rhs cross] = Σ lhs·rhs.
func dotGradient(node *graph.Node, seeds []*graph.Node, _ shapes.Shape) []*graph.Node {
	v, lhs, rhs := seeds[0], node.Inputs()[0], node.Inputs()[1]
	l, r := axesOf(node, "lhs", lhs), axesOf(node, "rhs", rhs)
	batch := count(0, len(l.batch))
	middle := count(len(batch), len(l.cross))
	end := count(len(batch)+len(l.cross), len(r.cross))
	left := graph.DotGeneral(v, end, batch, rhs, r.cross, r.batch)     // batch, lhs cross, rhs contracting as it lies there
	right := graph.DotGeneral(v, middle, batch, lhs, l.cross, l.batch) // batch, rhs cross, lhs contracting as it lies there
	return []*graph.Node{restore(left, l, r.contracting), restore(right, r, l.contracting)}
}

// restore puts x, whose axes are batch, cross, and the contracting ones in the other operand's order, into own's order.
func restore(x *graph.Node, own axes, other []int) *graph.Node {
	order := slices.Clone(other)
	slices.Sort(order)
	from := make([]int, x.Rank())
	for i, axis := range own.batch {
		from[axis] = i
	}
	for i, axis := range own.cross {
		from[axis] = len(own.batch) + i
	}
	for i, axis := range own.contracting {
		from[axis] = len(own.batch) + len(own.cross) + slices.Index(order, other[i])
	}
	if slices.IsSorted(from) {
		return x
	}
	return graph.TransposeAllAxes(x, from...)
}

// axesOf reads a product's axes where GoMLX keeps them to itself; a test holds the gradients to GoMLX's own.
func axesOf(node *graph.Node, side string, operand *graph.Node) axes {
	a := axes{contracting: parameter(node, side+"ContractingAxes"), batch: parameter(node, side+"BatchAxes")}
	for i := range operand.Rank() {
		if !slices.Contains(a.contracting, i) && !slices.Contains(a.batch, i) {
			a.cross = append(a.cross, i)
		}
	}
	return a
}

// parameter reads a list of numbers that an operation was made with.
func parameter(node *graph.Node, name string) []int {
	list := reflect.ValueOf(node).Elem().FieldByName("inputs").Elem().Elem().FieldByName(name)
	out := make([]int, list.Len())
	for i := range out {
		out[i] = int(list.Index(i).Int())
	}
	return out
}

// sliceGradient puts zeros where nothing was cut out; a slice with gaps is left to GoMLX's own.
func sliceGradient(stock graph.VJP) graph.VJP {
	return func(node *graph.Node, seeds []*graph.Node, shape shapes.Shape) []*graph.Node {
		for _, stride := range parameter(node, "strides") {
			if stride != 1 {
				return stock(node, seeds, shape)
			}
		}
		return []*graph.Node{surround(node, seeds[0])}
	}
}

func surround(node, v *graph.Node) *graph.Node {
	from := parameter(node, "starts")
	for axis, whole := range node.Inputs()[0].Shape().Dimensions {
		zeros := func(n int) *graph.Node {
			shape := v.Shape().Clone()
			shape.Dimensions[axis] = n
			return graph.Zeros(v.Graph(), shape)
		}
		cut := v.Shape().Dimensions[axis]
		before, after := from[axis], whole-from[axis]-cut
		parts := []*graph.Node{v}
		if before > 0 {
			parts = append([]*graph.Node{zeros(before)}, parts...)
		}
		if after > 0 {
			parts = append(parts, zeros(after))
		}
		v = graph.Concatenate(parts, axis)
	}
	return v
}

func count(from, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = from + i
	}
	return out
}
