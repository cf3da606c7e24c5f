package net

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/precinct-map/precinct/reasoning/models"
)

// tiny is a net that the pure Go backend trains in seconds.
func tiny() Config {
	return Config{Side: 4, Channels: 3, Labels: 4, Coarse: 8, Classes: 3, Width: 16, Heads: 2, Encoder: 1, Decoder: 1, SubBins: 3, Bins: 20}
}

func openGo(t testing.TB) *Backend {
	t.Helper()
	b, err := OpenBackend(GoBackend)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// openXLA opens the plugin that `precinct setup --training` fetched, for what the Go backend is too slow for.
func openXLA(t testing.TB) *Backend {
	t.Helper()
	home, err := models.Home()
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := models.Plugin(home)
	if err != nil {
		t.Skip(err)
	}
	b, err := OpenBackend(XLA(plugin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// drawBatch makes windows and answers that have nothing to do with each other: they can only be learned by heart.
func drawBatch(c Config, windows, group, length int, r *rand.Rand) *Batch {
	n := windows * group
	b := &Batch{Windows: windows, Length: length, Cells: make([]float32, windows*c.cells()*c.features()), Labels: make([]float32, windows*c.cells()*c.Labels),
		Valid: make([]float32, windows*c.cells()), Class: make([]int32, windows), Stage: make([]int32, windows),
		Tokens: make([]int32, n*length), Truth: make([]float32, n*length)}
	for _, list := range [][]float32{b.Cells, b.Labels} {
		for i := range list {
			list[i] = float32(r.NormFloat64())
		}
	}
	for i := range b.Valid {
		b.Valid[i] = r.Float32()
	}
	for i := range windows {
		b.Class[i], b.Stage[i] = int32(r.IntN(c.Classes)), int32(1+r.IntN(Stages))
	}
	for i := range b.Tokens {
		b.Tokens[i] = int32(r.IntN(c.Bins))
		b.Truth[i] = float32(b.Tokens[i])
	}
	if length > BoxTokens {
		b.Coarse = make([]float32, windows*c.cells()*c.Coarse)
		for i := range b.Coarse {
			b.Coarse[i] = r.Float32()
		}
	}
	return b
}

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func newTiny(t testing.TB, steps int) *Trainer {
	t.Helper()
	tr, err := NewTrainer(openGo(t), tiny(), SFTRecipe(steps), 1)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestTenSamplesAreLearnedByHeart(t *testing.T) {
	tr := newTiny(t, 300)
	tr.Recipe.Rate, tr.Recipe.Decay, tr.Recipe.Warmup, tr.Recipe.Sigma = 1e-2, 0, 10, .3
	b := drawBatch(tiny(), 10, 1, 4, rng(2))
	var first, last Progress
	for i := range 300 {
		p, err := tr.Step(b)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = p
		}
		last = p
	}
	t.Logf("%+v … %+v, %d parameters", first, last, tr.Parameters())
	if last.Tokens > .1 {
		t.Errorf("loss %.3f, from %.3f", last.Tokens, first.Tokens)
	}
}

// BenchmarkSFT is a step of 32 of the whole net on XLA, for a box and for a box with points.
func BenchmarkSFT(b *testing.B) {
	backend := openXLA(b)
	for _, length := range []int{BoxTokens, MaxTokens} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			tr := benchTrainer(b, backend)
			batch := drawBatch(tr.Config(), 32, 1, length, rng(1))
			benchSteps(b, 32, func() error { _, err := tr.Step(batch); return err })
		})
	}
}

// BenchmarkGRPO is what 16 places of 8 completions cost: their scores under a policy, and one step on them.
func BenchmarkGRPO(b *testing.B) {
	tr := benchTrainer(b, openXLA(b))
	batch := drawBatch(tr.Config(), 16, 8, BoxTokens, rng(1))
	scored, err := tr.Score(batch)
	if err != nil {
		b.Fatal(err)
	}
	advantages := make([]float32, batch.Completions())
	for i := range advantages {
		advantages[i] = float32(i%2) - .5
	}
	b.Run("score", func(b *testing.B) {
		benchSteps(b, 128, func() error { _, err := tr.Score(batch); return err })
	})
	b.Run("step", func(b *testing.B) {
		benchSteps(b, 128, func() error {
			_, err := tr.GRPOStep(batch, scored.LogP, scored.LogP, advantages, .5, .005)
			return err
		})
	})
}

func benchTrainer(b *testing.B, backend *Backend) *Trainer {
	b.Helper()
	tr, err := NewTrainer(backend, DefaultConfig(40), SFTRecipe(1000), 1)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d parameters", tr.Parameters())
	return tr
}

// benchSteps leaves the first, which compiles, out.
func benchSteps(b *testing.B, samples int, step func() error) {
	if err := step(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := step(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(samples*b.N)/b.Elapsed().Seconds(), "samples/s")
}
