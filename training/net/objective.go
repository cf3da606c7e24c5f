package net

import (
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
)

// objective is a loss over a batch: the graph of a scalar to be made small and of figures to be told (scalars too), from
// the weights and the batch's tensors.
type objective func(a *graphAlgebra, batch []*graph.Node) (loss *graph.Node, figures []*graph.Node)

// spoken runs the net over completions: logits N,T,bins and the quality's logits N.
func spoken(c Config, a *graphAlgebra, batch []*graph.Node) (logits, quality *graph.Node) {
	m := model[*graph.Node]{a, c}
	tokens := batch[windowInputs]
	n, length := tokens.Shape().Dimensions[0], tokens.Shape().Dimensions[1]
	mem := m.encode(inputsOf(batch))
	if group := n / batch[0].Shape().Dimensions[0]; group > 1 {
		mem = mem.each(func(x *graph.Node) *graph.Node { return repeat(x, group) })
	}
	return m.teach(mem, tokens, length)
}

// repeat repeats each of x's rows, side by side.
func repeat(x *graph.Node, times int) *graph.Node {
	dims := x.Shape().Clone().Dimensions
	spread := append([]int{dims[0], times}, dims[1:]...)
	return graph.Reshape(graph.BroadcastToDims(graph.InsertAxes(x, 1), spread...), append([]int{-1}, dims[1:]...)...)
}

// chosen gives log π(token) N,T and the distribution's entropy N,T, in nats.
func chosen(logits, tokens *graph.Node) (logp, entropy *graph.Node) {
	all := graph.LogSoftmax(logits)
	hot := graph.OneHot(tokens, logits.Shape().Dimensions[2], dtypes.Float32)
	return graph.ReduceSum(graph.Mul(all, hot), -1), graph.Neg(graph.ReduceSum(graph.Mul(graph.Exp(all), all), -1))
}

// weighted is the mean of values N by weights N.
func weighted(values, weights *graph.Node) *graph.Node {
	return graph.Div(graph.ReduceAllSum(graph.Mul(values, weights)), graph.AddScalar(graph.ReduceAllSum(weights), 1e-9))
}

// supervised is cross-entropy with a Gaussian of deviation sigma bins round the truth, the mean over tokens, and, times
// weight, the binary cross-entropy of the expected IoU where the answer's is known.
func supervised(c Config, sigma, weight float64) objective {
	return func(a *graphAlgebra, batch []*graph.Node) (*graph.Node, []*graph.Node) {
		truth, weights, known := batch[windowInputs+1], batch[windowInputs+2], batch[windowInputs+3]
		logits, quality := spoken(c, a, batch)
		bins := graph.Iota(truth.Graph(), shapes.Make(dtypes.Float32, 1, 1, c.Bins), 2)
		target := graph.Exp(graph.MulScalar(graph.Square(graph.DivScalar(graph.Sub(bins, graph.InsertAxes(truth, -1)), sigma)), -.5))
		target = graph.Div(target, graph.ReduceAndKeep(target, graph.ReduceSum, -1))
		tokens := weighted(graph.ReduceMean(graph.Neg(graph.ReduceSum(graph.Mul(target, graph.LogSoftmax(logits)), -1)), 1), weights)
		has := graph.NonNegativeIndicator(known)
		cross := graph.Add(graph.Sub(graph.Max(quality, graph.ZerosLike(quality)), graph.Mul(quality, known)), graph.Log1p(graph.Exp(graph.Neg(graph.Abs(quality)))))
		expected := weighted(cross, graph.Mul(weights, has))
		return graph.Add(tokens, graph.MulScalar(expected, weight)), []*graph.Node{tokens, expected}
	}
}

// grouped is the paper's clipped objective (eq. 6) of completions with their advantages A: for each, the sum over its
// tokens of −min(rA, clip(r, 1−ε, 1+ε)A) + β·k3, the mean over completions. r is π/π_old of the token; k3 =
// π_ref/π − log(π_ref/π) − 1 is Schulman's estimate of KL(π‖π_ref). Clip is made of Min and Max, for Clamp has no gradient.
func grouped(c Config) objective {
	return func(a *graphAlgebra, batch []*graph.Node) (*graph.Node, []*graph.Node) {
		rest := batch[windowInputs:]
		tokens, weights, old, ref, advantages, settings := rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]
		epsilon, beta := graph.Reshape(graph.Slice(settings, graph.AxisElem(0))), graph.Reshape(graph.Slice(settings, graph.AxisElem(1)))
		logits, _ := spoken(c, a, batch)
		logp, entropy := chosen(logits, tokens)
		ratio := graph.Exp(graph.Sub(logp, old))
		low, high := graph.OneMinus(epsilon), graph.OnePlus(epsilon)
		advantage := graph.InsertAxes(advantages, -1)
		gain := graph.Min(graph.Mul(ratio, advantage), graph.Mul(graph.Min(graph.Max(ratio, low), high), advantage))
		away := graph.Sub(ref, logp)
		kl := graph.Sub(graph.Sub(graph.Exp(away), away), graph.ScalarOne(away.Graph(), away.DType()))
		loss := weighted(graph.ReduceSum(graph.Sub(graph.Mul(beta, kl), gain), -1), weights)
		clipped := graph.ConvertDType(graph.LogicalOr(graph.LessThan(ratio, low), graph.GreaterThan(ratio, high)), dtypes.Float32)
		mean := func(x *graph.Node) *graph.Node { return weighted(graph.ReduceMean(x, -1), weights) }
		return loss, []*graph.Node{mean(kl), mean(clipped), mean(entropy)}
	}
}
