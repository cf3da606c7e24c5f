package net

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"pgregory.net/rapid"
)

// stockProduct is GoMLX's own gradient of a product, kept before ours takes its place.
var stockProduct = graph.VJPRegistration[graph.NodeTypeDotGeneral]

// product is a product of two random arrays with any axes.
type product struct {
	left, right             []int // dimensions
	lc, lb, rc, rb          []int
	leftValues, rightValues []float32
}

func drawProduct(t *rapid.T) product {
	size := rapid.IntRange(1, 3)
	draw := func(n int, label string) []int { return rapid.SliceOfN(size, n, n).Draw(t, label) }
	nb, nc := rapid.IntRange(0, 2).Draw(t, "batch"), rapid.IntRange(1, 2).Draw(t, "contracting")
	batch, contracting := draw(nb, "b"), draw(nc, "c")
	operand := func(label string) (dims, ca, ba []int) {
		cross := draw(rapid.IntRange(0, 2).Draw(t, label+" cross"), label)
		all := slices.Concat(batch, contracting, cross)
		place := rapid.Permutation(count(0, len(all))).Draw(t, label+" places")
		dims = make([]int, len(all))
		for i, p := range place {
			dims[p] = all[i]
		}
		return dims, place[nb : nb+nc], place[:nb]
	}
	var p product
	p.left, p.lc, p.lb = operand("left")
	p.right, p.rc, p.rb = operand("right")
	r := rng(uint64(rapid.Uint32().Draw(t, "seed")))
	fill := func(dims []int) []float32 {
		n := 1
		for _, d := range dims {
			n *= d
		}
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(r.NormFloat64())
		}
		return out
	}
	p.leftValues, p.rightValues = fill(p.left), fill(p.right)
	return p
}

// TestProductGradientIsGoMLXs compares ours with the one that it takes the place of.
func TestProductGradientIsGoMLXs(t *testing.T) {
	b := openGo(t)
	rapid.Check(t, func(t *rapid.T) {
		p := drawProduct(t)
		grads := func(vjp graph.VJP) [2][]float32 {
			ours := graph.VJPRegistration[graph.NodeTypeDotGeneral]
			graph.VJPRegistration[graph.NodeTypeDotGeneral] = vjp
			defer func() { graph.VJPRegistration[graph.NodeTypeDotGeneral] = ours }()
			out := graph.MustExecOnceN(b.backend, func(x, y *graph.Node) []*graph.Node {
				z := graph.DotGeneral(x, p.lc, p.lb, y, p.rc, p.rb)
				return graph.Gradient(graph.ReduceAllSum(graph.Sin(z)), x, y)
			}, tensors.FromFlatDataAndDimensions(p.leftValues, p.left...), tensors.FromFlatDataAndDimensions(p.rightValues, p.right...))
			return [2][]float32{tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])}
		}
		want, got := grads(stockProduct), grads(dotGradient)
		for side := range want {
			for i := range want[side] {
				if math.Abs(float64(want[side][i]-got[side][i])) > 1e-4 {
					t.Fatalf("%+v: operand %d is %v, not %v", p, side, got[side], want[side])
				}
			}
		}
	})
}

func (t *Trainer) lossAndGradient(name string, o objective, batch []any) (float64, []float32) {
	out, err := t.run(name+" gradient", func(in []*graph.Node) []*graph.Node {
		a := newGraphAlgebra(&t.layout, in[0])
		loss, _ := o(a, in[1:])
		return []*graph.Node{loss, a.gradient(loss)}
	}, append([]any{t.state[0]}, batch...))
	if err != nil {
		panic(err)
	}
	return float64(tensors.ToScalar[float32](out[0])), tensors.MustCopyFlatData[float32](out[1])
}

// checkGradient holds each array's gradient to finite differences, along itself and a random direction together.
func checkGradient(t *testing.T, tr *Trainer, name string, o objective, batch func() []any) {
	t.Helper()
	start := tensors.MustCopyFlatData[float32](tr.state[0])
	_, grad := tr.lossAndGradient(name, o, batch())
	r := rng(5)
	for _, w := range tr.layout.weights {
		part := grad[w.from : w.from+w.size()]
		direction, length := make([]float64, len(part)), 0.
		for i, g := range part {
			direction[i] = r.NormFloat64()
			length += float64(g) * float64(g)
		}
		if length = math.Sqrt(length); length < 1e-5 {
			continue // nothing to be seen beside rounding
		}
		want, size := 0., 0.
		for i, g := range part {
			direction[i] = direction[i]/math.Sqrt(float64(len(part))) + float64(g)/length
			want += direction[i] * float64(g)
			size += direction[i] * direction[i]
		}
		step := 2e-2 / math.Sqrt(size)
		var at [2]float64
		for k, sign := range []float64{-1, 1} {
			moved := slices.Clone(start)
			for i := range part {
				moved[w.from+i] += float32(sign * step * direction[i])
			}
			tr.state[0] = flat(moved)
			at[k], _ = tr.lossAndGradient(name, o, batch())
		}
		got := (at[1] - at[0]) / (2 * step)
		if math.Abs(got-want) > .02*math.Abs(want)+3e-4 {
			t.Errorf("%s: %s changes the loss by %.5f a unit, its gradient says %.5f", name, w.name, got, want)
		}
	}
	tr.state[0] = flat(start)
}

func TestGradientsAreThoseOfTheLoss(t *testing.T) {
	tr := newTiny(t, 100)
	b := drawBatch(tiny(), 3, 2, 4, rng(3))
	b.Weight = []float32{1, 1, 0, .5, 1, 1}
	b.Quality = []float32{.3, -1, .9, .6, 0, 1}
	checkGradient(t, tr, "sft", supervised(tr.config, 1, .5), func() []any {
		in, err := tr.sftInputs(b)
		if err != nil {
			t.Fatal(err)
		}
		return in
	})
	g := drawGroup(t, tr, b)
	checkGradient(t, tr, "grpo", grouped(tr.config), func() []any {
		in, err := tr.grpoInputs(b, g.old, g.ref, g.advantages, .5, .2)
		if err != nil {
			t.Fatal(err)
		}
		return in
	})
}

type group struct{ old, ref, advantages []float32 }

// drawGroup makes log-probabilities near the net's own, some ratios inside the bounds of ±0.5 and some well outside.
func drawGroup(t *testing.T, tr *Trainer, b *Batch) group {
	t.Helper()
	s, err := tr.Score(b)
	if err != nil {
		t.Fatal(err)
	}
	r := rng(7)
	g := group{slices.Clone(s.LogP), slices.Clone(s.LogP), make([]float32, b.Completions())}
	for i := range g.old {
		g.old[i] += []float32{.05, -.1, 1.2, -1.2}[r.IntN(4)]
		g.ref[i] += float32(r.NormFloat64())
	}
	for i := range g.advantages {
		g.advantages[i] = float32(r.NormFloat64())
	}
	return g
}

// TestGroupedIsThePapers computes equation 6 by hand from the net's log-probabilities.
func TestGroupedIsThePapers(t *testing.T) {
	const epsilon, beta = .5, .2
	tr := newTiny(t, 100)
	b := drawBatch(tiny(), 3, 2, 4, rng(3))
	b.Weight = []float32{1, 1, 0, .5, 1, 1}
	g := drawGroup(t, tr, b)
	s, err := tr.Score(b)
	if err != nil {
		t.Fatal(err)
	}
	var want, weights, kl, clipped float64
	for n, w := range b.Weight {
		var sum float64
		for k := range b.Length {
			i := n*b.Length + k
			ratio := math.Exp(float64(s.LogP[i] - g.old[i]))
			a := float64(g.advantages[n])
			away := float64(g.ref[i] - s.LogP[i])
			k3 := math.Exp(away) - away - 1
			sum += -math.Min(ratio*a, min(max(ratio, 1-epsilon), 1+epsilon)*a) + beta*k3
			kl += float64(w) * k3 / float64(b.Length)
			if ratio < 1-epsilon || ratio > 1+epsilon {
				clipped += float64(w) / float64(b.Length)
			}
		}
		want += float64(w) * sum
		weights += float64(w)
	}
	p, err := tr.GRPOStep(b, g.old, g.ref, g.advantages, epsilon, beta)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name      string
		got, want float64
	}{{"loss", p.Loss, want / weights}, {"KL", p.KL, kl / weights}, {"clipped share", p.Clipped, clipped / weights}} {
		if math.Abs(f.got-f.want) > 1e-4*(1+math.Abs(f.want)) {
			t.Errorf("%s %.6f, want %.6f", f.name, f.got, f.want)
		}
	}
	if clipped == 0 {
		t.Error("no ratio was out of bounds: the case is too easy")
	}
}
