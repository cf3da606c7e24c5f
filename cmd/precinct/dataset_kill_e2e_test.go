//go:build e2e

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestDatasetKilled: kill -9 ten times, at random moments of a build, and what it comes to in the end is what one build makes.
func TestDatasetKilled(t *testing.T) {
	bin := program(t)
	for _, format := range []string{"parquet", "folder"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			build := func(name string) *exec.Cmd {
				return exec.Command(bin, "dataset", "build", "--on", "town", "--samples", "150", "--size", "256", "--shard-rows", "10", "--format", format, "-o", filepath.Join(dir, name))
			}
			start := time.Now()
			if out, err := build("whole").CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			took := time.Since(start)
			r := rand.New(rand.NewPCG(uint64(start.UnixNano()), 0))
			inTheMiddle := 0
			for n := range 10 {
				c := build("cut")
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(r.Float64() * float64(took) * float64(n+1) / 12))
				killed(c)
				if _, err := os.Stat(filepath.Join(dir, "cut", "dataset.json")); err != nil {
					inTheMiddle++
				}
			}
			if out, err := build("cut").CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			if inTheMiddle == 0 {
				t.Error("no build was cut off before its end")
			}
			t.Logf("%d of 10 kills came before the end; a whole build takes %v", inTheMiddle, took.Round(time.Millisecond))
			whole, cut := hashes(t, filepath.Join(dir, "whole")), hashes(t, filepath.Join(dir, "cut"))
			if len(whole) < 4 || len(whole) != len(cut) {
				t.Errorf("%d files and %d", len(whole), len(cut))
			}
			for name, sum := range whole {
				if cut[name] != sum {
					t.Errorf("%s differs", name)
				}
			}
			if out, err := exec.Command(bin, "dataset", "verify", filepath.Join(dir, "cut")).CombinedOutput(); err != nil {
				t.Errorf("%v %s", err, out)
			}
		})
	}
}

// hashes are the files of a folder.
func hashes(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		sum := sha256.Sum256(data)
		out[name] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
