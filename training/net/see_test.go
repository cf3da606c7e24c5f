package net

import (
	"math/rand/v2"
	"testing"
)

// drawSeen makes windows in which a box is painted into the embedding with noise round it; the truth is its edges. Only who
// looks can answer for windows that were not taught.
func drawSeen(c Config, windows int, r *rand.Rand) *Batch {
	b := drawBatch(c, windows, 1, BoxTokens, r)
	quarters := 2 * c.Side
	bins := float64(c.SubBins) / 2
	for w := range windows {
		x1, y1 := r.IntN(quarters-2), r.IntN(quarters-2)
		x2, y2 := x1+2+r.IntN(quarters-x1-2)+1, y1+2+r.IntN(quarters-y1-2)+1
		x2, y2 = min(x2, quarters), min(y2, quarters)
		b.Stage[w] = 1
		for q := range quarters * quarters {
			x, y := q%quarters, q/quarters
			at := (w*c.cells() + y/2*c.Side + x/2) * c.features()
			at += (y%2*2 + x%2) * c.Channels
			inside := float32(-1)
			if x >= x1 && x < x2 && y >= y1 && y < y2 {
				inside = 1
			}
			for k := range c.Channels {
				b.Cells[at+k] = inside + .3*float32(r.NormFloat64())
			}
		}
		shift := float64(c.Bins-c.window()) / 2
		for k, edge := range []int{x1, y1, x2, y2} {
			b.Truth[4*w+k] = float32(float64(edge)*bins + shift)
			b.Tokens[4*w+k] = min(int32(b.Truth[4*w+k]+.5), int32(c.Bins-1))
		}
	}
	return b
}

// overlap is the mean IoU of said boxes and true ones.
func overlap(said Answer, b *Batch) float64 {
	sum := 0.
	for w := range b.Windows {
		var at [2][4]float64
		for k := range 4 {
			at[0][k], at[1][k] = float64(said.Tokens[w*MaxTokens+k]), float64(b.Truth[4*w+k])
		}
		area := func(x1, y1, x2, y2 float64) float64 { return max(0, x2-x1) * max(0, y2-y1) }
		p, q := at[0], at[1]
		both := area(max(p[0], q[0]), max(p[1], q[1]), min(p[2], q[2]), min(p[3], q[3]))
		sum += both / (area(p[0], p[1], p[2], p[3]) + area(q[0], q[1], q[2], q[3]) - both + 1e-9)
	}
	return sum / float64(b.Windows)
}

func TestBoxesAreSeen(t *testing.T) {
	const steps, windows, want = 400, 16, .75
	c := tiny()
	c.Width = 24
	tr, err := NewTrainer(openGo(t), c, SFTRecipe(steps), 1)
	if err != nil {
		t.Fatal(err)
	}
	held := drawSeen(c, 64, rng(99))
	silence := make([]float32, 64*MaxTokens*c.Bins)
	before, err := tr.Answer(held, silence)
	if err != nil {
		t.Fatal(err)
	}
	r := rng(1)
	for range steps {
		if _, err := tr.Step(drawSeen(c, windows, r)); err != nil {
			t.Fatal(err)
		}
	}
	after, err := tr.Answer(held, silence)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("IoU of 64 boxes that were not taught: %.2f, then %.2f", overlap(before, held), overlap(after, held))
	if got := overlap(after, held); got < want {
		t.Errorf("IoU %.2f, want %.2f", got, want)
	}
}
