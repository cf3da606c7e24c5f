package net

import (
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // graph's operations read like formulas
	"github.com/gomlx/gomlx/pkg/core/tensors"
)

// graphAlgebra is the algebra in a GoMLX graph. Weights are cut out of the flat vector when they are first used; gradients
// are taken of the pieces, which is cheaper than through the cuts.
type graphAlgebra struct {
	layout *layout
	flat   *Node
	pieces []*Node // in the layout's order
	at     map[string]int
}

func newGraphAlgebra(l *layout, flat *Node) *graphAlgebra {
	a := &graphAlgebra{layout: l, flat: flat, at: map[string]int{}}
	for i, w := range l.weights {
		a.at[w.name] = i
		a.pieces = append(a.pieces, Reshape(Slice(flat, AxisRange(w.from, w.from+w.size())), w.dims...))
	}
	return a
}

// gradient is that of a scalar by the flat vector.
func (a *graphAlgebra) gradient(loss *Node) *Node {
	parts := Gradient(loss, a.pieces...)
	for i, p := range parts {
		parts[i] = Reshape(p, -1)
	}
	return Concatenate(parts, 0)
}

func (a *graphAlgebra) weight(name string) *Node { return a.pieces[a.at[name]] }

func (a *graphAlgebra) constant(values []float32, dims ...int) *Node {
	return ConstTensor(a.flat.Graph(), tensors.FromFlatDataAndDimensions(values, dims...))
}

func level(x, y *Node) (*Node, *Node) {
	rank := max(x.Rank(), y.Rank())
	return ExpandLeftToRank(x, rank), ExpandLeftToRank(y, rank)
}

func (a *graphAlgebra) add(x, y *Node) *Node { return Add(level(x, y)) }
func (a *graphAlgebra) mul(x, y *Node) *Node { return Mul(level(x, y)) }

func (a *graphAlgebra) matmul(x, y *Node) *Node {
	last := x.Rank() - 1
	if y.Rank() == 2 {
		return DotGeneral(x, []int{last}, nil, y, []int{0}, nil)
	}
	batch := make([]int, last-1)
	for i := range batch {
		batch[i] = i
	}
	return DotGeneral(x, []int{last}, batch, y, []int{last - 1}, batch)
}

func (a *graphAlgebra) reshape(x *Node, dims ...int) *Node {
	out := make([]int, len(dims))
	for i, d := range dims {
		if d == 0 {
			d = x.Shape().Dimensions[i]
		}
		out[i] = d
	}
	return Reshape(x, out...)
}

func (a *graphAlgebra) transpose(x *Node, axes ...int) *Node { return TransposeAllAxes(x, axes...) }
func (a *graphAlgebra) concat(axis int, xs ...*Node) *Node   { return Concatenate(xs, axis) }

func (a *graphAlgebra) slice(x *Node, axis, from, to int) *Node {
	return SliceAxis(x, axis, AxisRange(from, to))
}

func (a *graphAlgebra) softmax(x *Node, axis int) *Node { return Softmax(x, axis) }

// normalize divides by a square root, for Rsqrt has no gradient in GoMLX.
func (a *graphAlgebra) normalize(x *Node) *Node {
	x = Sub(x, ReduceAndKeep(x, ReduceMean, -1))
	return Div(x, Sqrt(AddScalar(ReduceAndKeep(Square(x), ReduceMean, -1), normEpsilon)))
}

func (a *graphAlgebra) sigmoid(x *Node) *Node { return Sigmoid(x) }
func (a *graphAlgebra) sin(x *Node) *Node     { return Sin(x) }
func (a *graphAlgebra) cos(x *Node) *Node     { return Cos(x) }
func (a *graphAlgebra) float(x *Node) *Node   { return ConvertDType(x, dtypes.Float32) }

// lookup multiplies by one-hot rows: tables are small and its gradient is a product, not a scatter.
func (a *graphAlgebra) lookup(table, ids *Node) *Node {
	return a.matmul(OneHot(ids, table.Shape().Dimensions[0], dtypes.Float32), table)
}

func (a *graphAlgebra) argmax(x *Node) *Node { return ArgMax(x, -1, dtypes.Int32) }
