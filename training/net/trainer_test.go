package net

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/pkg/core/tensors"
)

func stateOf(t *Trainer) []float32 {
	var out []float32
	for _, s := range t.state {
		out = append(out, tensors.MustCopyFlatData[float32](s)...)
	}
	return out
}

func steps(t *testing.T, tr *Trainer, n int) {
	t.Helper()
	for range n {
		if _, err := tr.Step(drawBatch(tr.config, 4, 1, 4, rng(uint64(tr.Steps())))); err != nil {
			t.Fatal(err)
		}
	}
}

func resume(t *testing.T, b *Backend, c Config) {
	whole, err := NewTrainer(b, c, SFTRecipe(10), 1)
	if err != nil {
		t.Fatal(err)
	}
	steps(t, whole, 8)
	half, err := NewTrainer(b, c, SFTRecipe(10), 1)
	if err != nil {
		t.Fatal(err)
	}
	steps(t, half, 4)
	dir := t.TempDir()
	if err := half.Save(dir); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadTrainer(b, dir)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Steps() != 4 || loaded.Recipe != half.Recipe || loaded.Config() != c {
		t.Errorf("loaded step %d, %+v, %+v", loaded.Steps(), loaded.Recipe, loaded.Config())
	}
	steps(t, loaded, 4)
	if !slices.Equal(stateOf(whole), stateOf(loaded)) {
		t.Error("a training that was cut in two is not the whole one bit for bit")
	}
}

func TestResumeIsBitForBit(t *testing.T)      { resume(t, openGo(t), tiny()) }
func TestResumeIsBitForBitOnXLA(t *testing.T) { resume(t, openXLA(t), DefaultConfig(9)) }

func TestDivergedStepChangesNothing(t *testing.T) {
	tr := newTiny(t, 10)
	steps(t, tr, 2)
	before := stateOf(tr)
	b := drawBatch(tr.config, 4, 1, 4, rng(9))
	b.Cells[3] = float32(math.NaN())
	if _, err := tr.Step(b); !errors.Is(err, ErrDiverged) {
		t.Errorf("a step on NaN: %v", err)
	}
	if tr.Steps() != 2 || !slices.Equal(before, stateOf(tr)) {
		t.Error("the refused step changed the trainer")
	}
	steps(t, tr, 1)
}

func TestBadBatchesAreRefused(t *testing.T) {
	tr := newTiny(t, 10)
	for name, spoil := range map[string]func(*Batch){
		"no windows":        func(b *Batch) { b.Windows = 0 },
		"cells cut short":   func(b *Batch) { b.Cells = b.Cells[1:] },
		"coarse cut short":  func(b *Batch) { b.Coarse = make([]float32, 5) },
		"an unknown class":  func(b *Batch) { b.Class[0] = int32(tiny().Classes) },
		"a third stage":     func(b *Batch) { b.Stage[1] = 3 },
		"an odd length":     func(b *Batch) { b.Length = 3 },
		"a token too large": func(b *Batch) { b.Tokens[2] = int32(tiny().Bins) },
		"a token missing":   func(b *Batch) { b.Tokens = b.Tokens[4:] },
		"truth cut short":   func(b *Batch) { b.Truth = b.Truth[1:] },
		"too many weights":  func(b *Batch) { b.Weight = make([]float32, 7) },
		"one quality":       func(b *Batch) { b.Quality = make([]float32, 1) },
	} {
		b := drawBatch(tr.config, 4, 1, 4, rng(1))
		spoil(b)
		if _, err := tr.Step(b); !errors.Is(err, ErrBatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if tr.Steps() != 0 {
		t.Error("a step was taken")
	}
}

func TestDamagedCheckpointsAreRefused(t *testing.T) {
	tr := newTiny(t, 10)
	dir := t.TempDir()
	if _, err := LoadTrainer(tr.backend, dir); !errors.Is(err, ErrCheckpoint) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	if err := tr.Save(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, checkpointName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(good)
	changed[len(changed)/2] ^= 1
	for name, data := range map[string][]byte{"empty": nil, "cut short": good[:len(good)/2], "changed": changed, "something else": []byte("a text that is no checkpoint at all")} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadTrainer(tr.backend, dir); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfigsThatCannotBe(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no classes":      func(c *Config) { c.Classes = 0 },
		"heads that part": func(c *Config) { c.Heads = 5 },
		"too few bins":    func(c *Config) { c.Bins = c.window() - 2 },
		"lopsided bins":   func(c *Config) { c.Bins = c.window() + 1 },
	} {
		c := DefaultConfig(3)
		spoil(&c)
		if err := c.Validate(); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := DefaultConfig(3).Validate(); err != nil {
		t.Error(err)
	}
}

func TestRate(t *testing.T) {
	r := Recipe{Rate: 1, Floor: .01, Warmup: 10, Steps: 100}
	for _, c := range []struct {
		step int
		want float64
	}{{1, .1 * (.5 + .5*math.Cos(math.Pi*.01))}, {10, .5 + .5*math.Cos(math.Pi*.1)}, {50, .5}, {100, .01}, {200, .01}} {
		if got := r.RateAt(c.step); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("step %d: %g, want %g", c.step, got, c.want)
		}
	}
	if got := (Recipe{Rate: 1}).RateAt(1000); got != 1 {
		t.Errorf("without an end: %g", got)
	}
}

// TestCheckpointOfAnotherNet: one of a version whose net had other weights is refused, not read askew.
func TestCheckpointOfAnotherNet(t *testing.T) {
	tr := newTiny(t, 10)
	tr.layout.weights, tr.layout.total = tr.layout.weights[:3], tr.layout.weights[3].from
	tr.setState(make([]float32, tr.layout.total), make([]float32, tr.layout.total), make([]float32, tr.layout.total))
	dir := t.TempDir()
	if err := tr.Save(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadTrainer(tr.backend, dir); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("another net's checkpoint: %v", err)
	}
}

// TestSaveThatFails names the folder and says what may be wrong.
func TestSaveThatFails(t *testing.T) {
	tr := newTiny(t, 10)
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var e *Error
	if err := tr.Save(dir); !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("saved below a file: %v", err)
	}
}

func FuzzSplitCheckpoint(f *testing.F) {
	f.Add([]byte(checkpointMagic))
	f.Add(append([]byte(checkpointMagic), 255, 255, 255, 255, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The checksum keeps most inputs out: put the right one, so that what is behind it is tried.
		for _, d := range [][]byte{data, binary.LittleEndian.AppendUint32(slices.Clone(data), crc32.ChecksumIEEE(data))} {
			if _, body, err := splitCheckpoint(d); err == nil && len(body) > len(d) {
				t.Error("more comes out than went in")
			}
		}
	})
}

// TestBeginsFromTheServedFile: policy.onnx alone has all weights, and one of another shape is refused.
func TestBeginsFromTheServedFile(t *testing.T) {
	tr := newTiny(t, 10)
	steps(t, tr, 3)
	dir := t.TempDir()
	if err := tr.Freeze().WriteONNX(dir, nil); err != nil {
		t.Fatal(err)
	}
	again, err := LoadTrainer(tr.backend, dir)
	if err != nil {
		t.Fatal(err)
	}
	if again.Steps() != 0 || again.Config() != tr.Config() || !slices.Equal(again.Freeze().weights, tr.Freeze().weights) {
		t.Error("other weights came back")
	}
	path := filepath.Join(dir, ONNXName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"empty": nil, "cut short": good[:len(good)/2], "of another width": bytes.ReplaceAll(good, []byte(`"width":16`), []byte(`"width":18`)), "a text": []byte("no model")} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadTrainer(tr.backend, dir); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
