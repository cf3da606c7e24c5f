//go:build e2e

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/dataset"
)

// sets runs testdata/e2e/sets.py.
func sets(t *testing.T, what, path string, into any) {
	t.Helper()
	python := os.Getenv("PRECINCT_E2E_PYTHON")
	if python == "" {
		t.Skip("PRECINCT_E2E_PYTHON names no Python with datasets and pycocotools: make test-e2e does")
	}
	cmd := exec.Command(python, filepath.Join("..", "..", "testdata", "e2e", "sets.py"), what, path)
	cmd.Env = append(os.Environ(), "HF_HOME="+t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v", what, path, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatal(err)
	}
}

type loadedSet map[string]struct {
	Columns []string
	Rows    []struct {
		ID, Problem, Tier string
		Window            []int
		Map, Sat          [2]int
		Mask              struct {
			Size   [2]int
			Mode   string
			Values []int
			Pixels int
		}
	}
}

func do(t *testing.T, bin string, args ...string) {
	t.Helper()
	if out, err := exec.Command(bin, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v %s", args, err, out)
	}
}

// TestPublicLibraries: datasets and pyarrow read what build and export write, without a script, and import reads what datasets and pycocotools
// write.
func TestPublicLibraries(t *testing.T) {
	bin, dir := program(t), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, format := range []string{"parquet", "folder"} {
		do(t, bin, "dataset", "build", "--on", "town", "--samples", "60", "--size", "160", "--shard-rows", "12", "--format", format, "-o", at(format))
		t.Run("load "+format, func(t *testing.T) { checkLoaded(t, at(format)) })
	}
	t.Run("pyarrow", func(t *testing.T) {
		files, _ := filepath.Glob(filepath.Join(at("parquet"), "data", "train-*.parquet"))
		var got loadedTable
		sets(t, "table", files[0], &got)
		if len(files) < 2 || len(got.Rows) == 0 || got.Pictures[0][1] != [2]int{160, 160} {
			t.Errorf("%d files, %+v", len(files), got)
		}
	})
	for _, format := range []string{"verl", "trl"} {
		do(t, bin, "dataset", "export", "--format", format, at("parquet"), "-o", at(format))
		t.Run(format, func(t *testing.T) { checkExported(t, at("parquet"), filepath.Join(at(format), "train.parquet")) })
	}
	t.Run("import", func(t *testing.T) {
		var pixels []int
		sets(t, "make", dir, &pixels)
		do(t, bin, "dataset", "import", "--from", "socioseg", at("hub"), "-o", at("from-hub"))
		checkPixels(t, at("from-hub"), dataset.Name, "train", pixels)
		do(t, bin, "dataset", "import", "--from", "coco", at("coco/instances_val.json"), "--format", "folder", "-o", at("from-coco"))
		checkPixels(t, at("from-coco"), dataset.Class, "val", pixels)
		var got loadedSet
		sets(t, "load", at("from-coco"), &got)
		if len(got["val"].Rows) != len(pixels) {
			t.Errorf("%d rows of what was imported", len(got["val"].Rows))
		}
	})
}

func splitRows(t *testing.T, dir, split string) (out []*dataset.Row) {
	t.Helper()
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range set.Rows(split) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// checkLoaded holds what load_dataset makes of a data set to its rows.
func checkLoaded(t *testing.T, dir string) {
	var got loadedSet
	sets(t, "load", dir, &got)
	for _, split := range dataset.Splits {
		want, have := splitRows(t, dir, split), got[split]
		if len(have.Rows) != len(want) || len(want) == 0 {
			t.Fatalf("%s has %d rows, want %d", split, len(have.Rows), len(want))
		}
		columns := []string{"id", "problem", "map", "sat", "mask", "tier", "class", "function", "region", "place", "window", "labels", "sources", "attribution", "licence", "drawn", "novel"}
		if !slices.Equal(have.Columns[:len(columns)], columns) {
			t.Errorf("columns %v", have.Columns)
		}
		for i, r := range want {
			h := have.Rows[i]
			truth, err := r.Truth()
			if err != nil {
				t.Fatal(err)
			}
			size := [2]int{r.Window.W, r.Window.H}
			if h.ID != r.ID || h.Problem != r.Problem || h.Tier != r.Tier || h.Window[1] != r.Window.X || h.Map != size || h.Sat != size || h.Mask.Size != size {
				t.Errorf("%+v is not %s", h, r.ID)
			}
			if h.Mask.Mode != "L" || !slices.Equal(h.Mask.Values, []int{0, 255}) || h.Mask.Pixels != truth.Count() {
				t.Errorf("%s: its mask is %+v", r.ID, h.Mask)
			}
		}
	}
}

type loadedTable struct {
	Columns []string
	Rows    []struct {
		ID     string
		Mask   training.Runs `json:"gt_mask"`
		Reward struct {
			Style string
			Truth string `json:"ground_truth"`
		} `json:"reward_model"`
	}
	Pictures [][][2]int
}

// checkExported holds an export as datasets reads it to the data set: pictures decode, and the truth is the mask in the pictures' size.
func checkExported(t *testing.T, dir, file string) {
	var got loadedTable
	sets(t, "table", file, &got)
	want := splitRows(t, dir, "train")
	if len(got.Rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(got.Rows), len(want))
	}
	for i, r := range got.Rows {
		if r.Reward.Truth != "" {
			var truth struct {
				Mask training.Runs `json:"gt_mask"`
			}
			if err := json.Unmarshal([]byte(r.Reward.Truth), &truth); err != nil {
				t.Fatal(err)
			}
			r.Mask = truth.Mask
		}
		mask, err := r.Mask.Mask()
		truth, _ := want[i].Truth()
		if err != nil {
			t.Fatal(err)
		}
		for y := range mask.Window.H {
			for x := range mask.Window.W {
				if mask.At(x, y) != truth.At(x*160/168, y*160/168) {
					t.Fatalf("%s: its mask and the row's differ at %d,%d", want[i].ID, x, y)
				}
			}
		}
		if !slices.Equal(got.Pictures[i], [][2]int{{168, 168}, {168, 168}}) {
			t.Errorf("pictures of %v", got.Pictures[i])
		}
	}
}

// checkPixels holds imported masks to the sizes that Python counted.
func checkPixels(t *testing.T, dir, tier, split string, pixels []int) {
	t.Helper()
	rows := splitRows(t, dir, split)
	if len(rows) != len(pixels) {
		t.Fatalf("%s: %d rows, want %d", dir, len(rows), len(pixels))
	}
	for i, r := range rows {
		truth, err := r.Truth()
		if err != nil || truth.Count() != pixels[i] || r.Tier != tier {
			t.Errorf("%s (%s): %d pixels inside, want %d: %v", r.ID, r.Tier, truth.Count(), pixels[i], err)
		}
	}
}
