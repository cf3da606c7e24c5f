package net

import (
	"math"
	"math/rand/v2"
	"testing"
)

// force makes noise under which the net says what is given.
func force(c Config, tokens []int32) []float32 {
	noise := make([]float32, len(tokens)*c.Bins)
	for i, t := range tokens {
		noise[i*c.Bins+int(t)] = 1e6
	}
	return noise
}

func far(a, b []float32) float64 {
	worst := 0.
	for i := range a {
		worst = math.Max(worst, math.Abs(float64(a[i]-b[i])))
	}
	return worst
}

// TestSpeakingIsWhatWasTaught: token by token with kept keys gives the logits of all positions at once.
func TestSpeakingIsWhatWasTaught(t *testing.T) {
	tr := newTiny(t, 10)
	steps(t, tr, 5)
	c := tr.config
	b := drawBatch(c, 3, 2, MaxTokens, rng(4))
	said, err := tr.Answer(b, force(c, b.Tokens))
	if err != nil {
		t.Fatal(err)
	}
	taught, err := tr.Score(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, token := range b.Tokens {
		if said.Tokens[i] != token {
			t.Fatalf("token %d is %d, forced %d", i, said.Tokens[i], token)
		}
	}
	if d := far(said.Logits, taught.Logits); d > 1e-4 {
		t.Errorf("logits differ by %g", d)
	}
	box := *b
	box.Length, box.Tokens, box.Truth = BoxTokens, nil, nil
	for n := range b.Completions() {
		box.Tokens = append(box.Tokens, b.Tokens[n*MaxTokens:n*MaxTokens+BoxTokens]...)
	}
	short, err := tr.Score(&box)
	if err != nil {
		t.Fatal(err)
	}
	for n := range b.Completions() {
		if a, q := said.Quality[2*n], short.Quality[n]; math.Abs(float64(a-q)) > 1e-5 {
			t.Errorf("expected IoU after the box %g, taught %g", a, q)
		}
		if a, q := said.Quality[2*n+1], taught.Quality[n]; math.Abs(float64(a-q)) > 1e-5 {
			t.Errorf("expected IoU after the points %g, taught %g", a, q)
		}
	}
}

// TestMasks: a token changes what comes after it, and nothing before.
func TestMasks(t *testing.T) {
	tr := newTiny(t, 10)
	c := tr.config
	b := drawBatch(c, 1, 1, MaxTokens, rng(4))
	before, err := tr.Score(b)
	if err != nil {
		t.Fatal(err)
	}
	const at = 3
	b.Tokens[at] = (b.Tokens[at] + 5) % int32(c.Bins)
	after, err := tr.Score(b)
	if err != nil {
		t.Fatal(err)
	}
	for k := range MaxTokens {
		d := far(before.Logits[k*c.Bins:(k+1)*c.Bins], after.Logits[k*c.Bins:(k+1)*c.Bins])
		if seen := d > 1e-5; seen != (k > at) {
			t.Errorf("token %d changes the logits of token %d by %g", at, k, d)
		}
	}
	if before.Quality[0] == after.Quality[0] {
		t.Error("the expected IoU does not see the answer")
	}
}

// gumbel is noise that makes the most likely token a sample at temperature 1.
func gumbel(c Config, n int, r *rand.Rand) []float32 {
	noise := make([]float32, n*MaxTokens*c.Bins)
	for i := range noise {
		noise[i] = float32(-math.Log(r.ExpFloat64()))
	}
	return noise
}

// TestSamplesFollowTheProbabilities counts first tokens against what the net says of them.
func TestSamplesFollowTheProbabilities(t *testing.T) {
	tr := newTiny(t, 10)
	c := tr.config
	b := drawBatch(c, 1, 1, 4, rng(4))
	const n = 2000
	said, err := tr.Answer(b, gumbel(c, n, rng(6)))
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]float64, c.Bins)
	for i := range n {
		counts[said.Tokens[i*MaxTokens]]++
	}
	total := 0.
	for _, l := range said.Logits[:c.Bins] {
		total += math.Exp(float64(l))
	}
	for k, l := range said.Logits[:c.Bins] {
		p := math.Exp(float64(l)) / total
		if z := (counts[k] - n*p) / math.Sqrt(n*p*(1-p)); math.Abs(z) > 4 {
			t.Errorf("token %d: %g of %d, probability %.4f (z %.1f)", k, counts[k], n, p, z)
		}
	}
}

// TestGRPOSolvesABandit: the reward is a first token in the upper half; nothing else says so.
func TestGRPOSolvesABandit(t *testing.T) {
	tr := newTiny(t, 10)
	tr.Restart(GRPORecipe(3e-3))
	c := tr.config
	ref := tr.Freeze()
	const windows, g = 4, 8
	r := rng(8)
	var first, last float64
	for step := range 110 {
		b := drawBatch(c, windows, g, MaxTokens, rng(11))
		said, err := tr.Answer(b, gumbel(c, windows*g, r))
		if err != nil {
			t.Fatal(err)
		}
		b.Tokens = said.Tokens
		rewards, advantages := make([]float32, windows*g), make([]float32, windows*g)
		for w := range windows {
			mean := float32(0)
			for i := w * g; i < (w+1)*g; i++ {
				if said.Tokens[i*MaxTokens] >= int32(c.Bins/2) {
					rewards[i] = 1
				}
				mean += rewards[i] / g
			}
			for i := w * g; i < (w+1)*g; i++ {
				advantages[i] = rewards[i] - mean
			}
			last += float64(mean) / windows
		}
		if step == 9 {
			first, last = last/10, 0
		} else if step == 99 {
			last = 0
		}
		old, err := tr.Score(b)
		if err != nil {
			t.Fatal(err)
		}
		reference, err := ref.Score(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.GRPOStep(b, old.LogP, reference.LogP, advantages, .5, .005); err != nil {
			t.Fatal(err)
		}
	}
	last /= 10
	t.Logf("reward %.2f, then %.2f", first, last)
	if last < .95 || first > .75 {
		t.Errorf("reward %.2f at the end, %.2f at the start", last, first)
	}
}
