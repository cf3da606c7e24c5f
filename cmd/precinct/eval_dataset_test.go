package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEvalDataset: a data set's rows are asked ground by ground, and what is recalled of their pictures answers as the pictures do.
func TestEvalDataset(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes pictures")
	}
	dir := filepath.Join(t.TempDir(), "set")
	if code, _, stderr := call(t, "dataset", "build", "--on", "town", "--samples", "12", "--size", "384", "--workers", "1", "-o", dir); code != 0 {
		t.Fatal(stderr)
	}
	ask := []string{"eval", "--on", dir, "--split", "train,val,test", "--system", "true-box,label-box:80", "--format", "rows", "--scenes", "6"}
	code, fresh, stderr := call(t, ask...)
	if code != 0 {
		t.Fatal(stderr)
	}
	if code, _, stderr := call(t, "dataset", "embed", dir); code != 0 {
		t.Fatal(stderr)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "embeddings", "*", "*", "*.f16"))
	if err != nil || len(kept) == 0 {
		t.Fatal("nothing was kept: ", err)
	}
	code, recalled, stderr := call(t, ask...)
	if code != 0 {
		t.Fatal(stderr)
	}
	a, b := meansOf(t, fresh), meansOf(t, recalled)
	for i := range a {
		if d := a[i] - b[i]; d < -1 || d > 1 { // half precision
			t.Errorf("encoded %v, recalled %v", a, b)
		}
	}
	if a[0] < a[1] || a[0] < 50 {
		t.Errorf("true boxes %g, label boxes %g", a[0], a[1])
	}
	// They are used: where they are broken, that is told.
	for _, path := range kept {
		if err := os.WriteFile(path, []byte("{}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := call(t, ask...); code == 0 || !strings.Contains(stderr, "it is made again") {
		t.Errorf("broken embeddings: %d, %s", code, stderr)
	}
	if code, _, stderr := call(t, append(ask, "--only", "atlantis")...); code != 2 || !strings.Contains(stderr, "none of these grounds") {
		t.Errorf("--only of no ground: %d, %s", code, stderr)
	}
	if code, _, stderr := call(t, append(ask, "--move", "edge")...); code != 2 || !strings.Contains(stderr, "this is a data set") {
		t.Errorf("--move of a data set: %d, %s", code, stderr)
	}
}

// meansOf are the systems' means of a table's last row.
func meansOf(t *testing.T, table string) (out []float64) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for _, m := range regexp.MustCompile(`([\d.]+) · `).FindAllStringSubmatch(lines[len(lines)-1], -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if len(out) != 2 {
		t.Fatalf("no means in %q", table)
	}
	return out
}
