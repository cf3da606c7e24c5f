package net

import (
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // graph's operations read like formulas
	"github.com/gomlx/gomlx/pkg/core/shapes"
)

// objective is a loss over a batch: the graph of a scalar to be made small and of figures to be told (scalars too), from
// the weights and the batch's tensors.
type objective func(a *graphAlgebra, batch []*Node) (loss *Node, figures []*Node)

// spoken runs the net over completions: logits N,T,bins and the quality's logits N.
func spoken(c Config, a *graphAlgebra, batch []*Node) (logits, quality *Node) {
	m := model[*Node]{a, c}
	tokens := batch[windowInputs]
	n, length := tokens.Shape().Dimensions[0], tokens.Shape().Dimensions[1]
	mem := m.encode(inputsOf(batch))
	if group := n / batch[0].Shape().Dimensions[0]; group > 1 {
		mem = mem.each(func(x *Node) *Node { return repeat(x, group) })
	}
	return m.teach(mem, tokens, length)
}

// repeat repeats each of x's rows, side by side.
func repeat(x *Node, times int) *Node {
	dims := x.Shape().Clone().Dimensions
	spread := append([]int{dims[0], times}, dims[1:]...)
	return Reshape(BroadcastToDims(InsertAxes(x, 1), spread...), append([]int{-1}, dims[1:]...)...)
}

// chosen gives log π(token) N,T and the distribution's entropy N,T, in nats.
func chosen(logits, tokens *Node) (logp, entropy *Node) {
	all := LogSoftmax(logits)
	hot := OneHot(tokens, logits.Shape().Dimensions[2], dtypes.Float32)
	return ReduceSum(Mul(all, hot), -1), Neg(ReduceSum(Mul(Exp(all), all), -1))
}

// weighted is the mean of values N by weights N.
func weighted(values, weights *Node) *Node {
	return Div(ReduceAllSum(Mul(values, weights)), AddScalar(ReduceAllSum(weights), 1e-9))
}

// supervised is cross-entropy with a Gaussian of deviation sigma bins round the truth, the mean over tokens, and, times
// weight, the binary cross-entropy of the expected IoU where the answer's is known.
func supervised(c Config, sigma, weight float64) objective {
	return func(a *graphAlgebra, batch []*Node) (*Node, []*Node) {
		truth, weights, known := batch[windowInputs+1], batch[windowInputs+2], batch[windowInputs+3]
		logits, quality := spoken(c, a, batch)
		bins := Iota(truth.Graph(), shapes.Make(dtypes.Float32, 1, 1, c.Bins), 2)
		target := Exp(MulScalar(Square(DivScalar(Sub(bins, InsertAxes(truth, -1)), sigma)), -.5))
		target = Div(target, ReduceAndKeep(target, ReduceSum, -1))
		tokens := weighted(ReduceMean(Neg(ReduceSum(Mul(target, LogSoftmax(logits)), -1)), 1), weights)
		has := NonNegativeIndicator(known)
		cross := Add(Sub(Max(quality, ZerosLike(quality)), Mul(quality, known)), Log1p(Exp(Neg(Abs(quality)))))
		expected := weighted(cross, Mul(weights, has))
		return Add(tokens, MulScalar(expected, weight)), []*Node{tokens, expected}
	}
}

// grouped is the paper's clipped objective (eq. 6) of completions with their advantages A: for each, the sum over its
// tokens of −min(rA, clip(r, 1−ε, 1+ε)A) + β·k3, the mean over completions. r is π/π_old of the token; k3 =
// π_ref/π − log(π_ref/π) − 1 is Schulman's estimate of KL(π‖π_ref). Clip is made of Min and Max, for Clamp has no gradient.
func grouped(c Config) objective {
	return func(a *graphAlgebra, batch []*Node) (*Node, []*Node) {
		rest := batch[windowInputs:]
		tokens, weights, old, ref, advantages, settings := rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]
		epsilon, beta := Reshape(Slice(settings, AxisElem(0))), Reshape(Slice(settings, AxisElem(1)))
		logits, _ := spoken(c, a, batch)
		logp, entropy := chosen(logits, tokens)
		ratio := Exp(Sub(logp, old))
		low, high := OneMinus(epsilon), OnePlus(epsilon)
		advantage := InsertAxes(advantages, -1)
		gain := Min(Mul(ratio, advantage), Mul(Min(Max(ratio, low), high), advantage))
		away := Sub(ref, logp)
		kl := Sub(Sub(Exp(away), away), ScalarOne(away.Graph(), away.DType()))
		loss := weighted(ReduceSum(Sub(Mul(beta, kl), gain), -1), weights)
		clipped := ConvertDType(LogicalOr(LessThan(ratio, low), GreaterThan(ratio, high)), dtypes.Float32)
		mean := func(x *Node) *Node { return weighted(ReduceMean(x, -1), weights) }
		return loss, []*Node{mean(kl), mean(clipped), mean(entropy)}
	}
}
