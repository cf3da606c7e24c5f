package net

import (
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
)

// graphAlgebra is the algebra in a GoMLX graph. Weights are cut out of the flat vector when they are first used; gradients
// are taken of the pieces, which is cheaper than through the cuts.
type graphAlgebra struct {
	layout *layout
	flat   *graph.Node
	pieces []*graph.Node // in the layout's order
	at     map[string]int
}

func newGraphAlgebra(l *layout, flat *graph.Node) *graphAlgebra {
	a := &graphAlgebra{layout: l, flat: flat, at: map[string]int{}}
	for i, w := range l.weights {
		a.at[w.name] = i
		a.pieces = append(a.pieces, graph.Reshape(graph.Slice(flat, graph.AxisRange(w.from, w.from+w.size())), w.dims...))
	}
	return a
}

// gradient is that of a scalar by the flat vector.
func (a *graphAlgebra) gradient(loss *graph.Node) *graph.Node {
	parts := graph.Gradient(loss, a.pieces...)
	for i, p := range parts {
		parts[i] = graph.Reshape(p, -1)
	}
	return graph.Concatenate(parts, 0)
}

func (a *graphAlgebra) weight(name string) *graph.Node { return a.pieces[a.at[name]] }

func (a *graphAlgebra) constant(values []float32, dims ...int) *graph.Node {
	return graph.ConstTensor(a.flat.Graph(), tensors.FromFlatDataAndDimensions(values, dims...))
}

func level(x, y *graph.Node) (*graph.Node, *graph.Node) {
	rank := max(x.Rank(), y.Rank())
	return graph.ExpandLeftToRank(x, rank), graph.ExpandLeftToRank(y, rank)
}

func (a *graphAlgebra) add(x, y *graph.Node) *graph.Node { return graph.Add(level(x, y)) }
func (a *graphAlgebra) mul(x, y *graph.Node) *graph.Node { return graph.Mul(level(x, y)) }

func (a *graphAlgebra) matmul(x, y *graph.Node) *graph.Node {
	last := x.Rank() - 1
	if y.Rank() == 2 {
		return graph.DotGeneral(x, []int{last}, nil, y, []int{0}, nil)
	}
	batch := make([]int, last-1)
	for i := range batch {
		batch[i] = i
	}
	return graph.DotGeneral(x, []int{last}, batch, y, []int{last - 1}, batch)
}

func (a *graphAlgebra) reshape(x *graph.Node, dims ...int) *graph.Node {
	out := make([]int, len(dims))
	for i, d := range dims {
		if d == 0 {
			d = x.Shape().Dimensions[i]
		}
		out[i] = d
	}
	return graph.Reshape(x, out...)
}

func (a *graphAlgebra) transpose(x *graph.Node, axes ...int) *graph.Node {
	return graph.TransposeAllAxes(x, axes...)
}
func (a *graphAlgebra) concat(axis int, xs ...*graph.Node) *graph.Node {
	return graph.Concatenate(xs, axis)
}

func (a *graphAlgebra) slice(x *graph.Node, axis, from, to int) *graph.Node {
	return graph.SliceAxis(x, axis, graph.AxisRange(from, to))
}

func (a *graphAlgebra) softmax(x *graph.Node, axis int) *graph.Node { return graph.Softmax(x, axis) }

// normalize divides by a square root, for Rsqrt has no gradient in GoMLX.
func (a *graphAlgebra) normalize(x *graph.Node) *graph.Node {
	x = graph.Sub(x, graph.ReduceAndKeep(x, graph.ReduceMean, -1))
	return graph.Div(x, graph.Sqrt(graph.AddScalar(graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1), normEpsilon)))
}

func (a *graphAlgebra) sigmoid(x *graph.Node) *graph.Node { return graph.Sigmoid(x) }
func (a *graphAlgebra) sin(x *graph.Node) *graph.Node     { return graph.Sin(x) }
func (a *graphAlgebra) cos(x *graph.Node) *graph.Node     { return graph.Cos(x) }
func (a *graphAlgebra) float(x *graph.Node) *graph.Node   { return graph.ConvertDType(x, dtypes.Float32) }

// lookup multiplies by one-hot rows: tables are small and its gradient is a product, not a scatter.
func (a *graphAlgebra) lookup(table, ids *graph.Node) *graph.Node {
	return a.matmul(graph.OneHot(ids, table.Shape().Dimensions[0], dtypes.Float32), table)
}

func (a *graphAlgebra) argmax(x *graph.Node) *graph.Node { return graph.ArgMax(x, -1, dtypes.Int32) }
