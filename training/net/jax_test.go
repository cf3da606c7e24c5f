//go:build jax

package net

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestBesideJAX takes SFT steps of 32 windows here and in JAX, from the same weights on the same batch, by turns in one run: the first losses
// are equal, and the ratio of the times is told. PRECINCT_JAX names a Python that has JAX: `make bench-training`.
func TestBesideJAX(t *testing.T) {
	const windows, steps, rounds = 32, 25, 4
	python := os.Getenv("PRECINCT_JAX")
	if python == "" {
		t.Fatal("PRECINCT_JAX names no Python")
	}
	tr, err := NewTrainer(openXLA(t), DefaultConfig(40), SFTRecipe(6000), 1)
	if err != nil {
		t.Fatal(err)
	}
	b := drawBatch(tr.config, windows, 1, BoxTokens, rng(1))
	b.Quality = make([]float32, windows)
	for i := range b.Quality {
		b.Quality[i] = float32(i) / windows
	}
	dir := t.TempDir()
	writeForJAX(t, dir, tr, b)
	first, err := tr.Step(b)
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs []float64
	for range rounds {
		start := time.Now()
		for range steps {
			if _, err := tr.Step(b); err != nil {
				t.Fatal(err)
			}
		}
		ours = append(ours, time.Since(start).Seconds()/steps)
		cmd := exec.CommandContext(t.Context(), python, filepath.Join("..", "..", "testdata", "bench", "sft", "step.py"), dir, strconv.Itoa(steps))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var told struct{ Loss, Seconds float64 }
		if err := json.Unmarshal(out, &told); err != nil {
			t.Fatal(err)
		}
		if math.Abs(told.Loss-first.Loss) > 1e-3 {
			t.Fatalf("JAX's loss is %.5f, ours %.5f: not the same graph", told.Loss, first.Loss)
		}
		theirs = append(theirs, told.Seconds)
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	t.Logf("loss %.4f; a step of %d: %.3f s here (%.0f samples a second), %.3f s in JAX (%.0f), ratio %.2f", first.Loss, windows, ours[rounds/2], windows/ours[rounds/2],
		theirs[rounds/2], windows/theirs[rounds/2], ours[rounds/2]/theirs[rounds/2])
}

func writeForJAX(t *testing.T, dir string, tr *Trainer, b *Batch) {
	t.Helper()
	type array struct {
		Name string `json:"name"`
		Dims []int  `json:"dims"`
		From int    `json:"from"`
	}
	var all []array
	for _, w := range tr.layout.weights {
		all = append(all, array{w.name, w.dims, w.from})
	}
	spec, err := json.Marshal(map[string]any{"config": tr.config, "weights": all, "windows": b.Windows, "length": b.Length, "sigma": tr.Recipe.Sigma, "quality": tr.Recipe.Quality})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "spec.json"), spec, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, values := range map[string]any{"weights": tr.Freeze().weights, "cells": b.Cells, "labels": b.Labels, "valid": b.Valid, "class": b.Class, "stage": b.Stage,
		"tokens": b.Tokens, "truth": b.Truth, "quality": b.Quality} {
		data, err := binary.Append(nil, binary.LittleEndian, values)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".bin"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
