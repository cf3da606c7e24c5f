package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/training/dataset"
)

// TestAlignment: an outline of the town lies where the segmenter sees it; half aside it does not.
func TestAlignment(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes a picture")
	}
	b := &groundBuilder{flags: &buildFlags{labels: "map", filters: dataset.Filters{MinAlignment: 0.5}}}
	defer b.close()
	if err := b.openModels(defaults()); err != nil {
		t.Fatal(err)
	}
	made, err := town.New(town.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := made.Map("basic")
	if err != nil {
		t.Fatal(err)
	}
	at := geo.Project(made.Satellite().Info().Center, 17)
	w := geo.Window{Z: 17, X: int(at[0]) - 256, Y: int(at[1]) - 256, W: 512, H: 512}
	pair, err := tiles.Align(t.Context(), made.Satellite(), plan, w)
	if err != nil {
		t.Fatal(err)
	}
	best, off := 0.0, 0.0
	for _, p := range townPlaces(made, w) {
		shape := onLattice(p.Shape, w.Z)
		bound := shape.Bound()
		if !w.Pad(-100).Contains(int(bound.Min[0]), int(bound.Min[1])) || !w.Pad(-100).Contains(int(bound.Max[0]), int(bound.Max[1])) {
			continue
		}
		iou, err := b.alignment(t.Context(), pair, geo.Rasterize(w, shape))
		if err != nil {
			t.Fatal(err)
		}
		if iou <= best {
			continue
		}
		best = iou
		for _, ring := range shape[0] {
			for i := range ring {
				ring[i][0] += (bound.Max[0] - bound.Min[0]) / 2
				ring[i][1] += (bound.Max[1] - bound.Min[1]) / 2
			}
		}
		if off, err = b.alignment(t.Context(), pair, geo.Rasterize(w, shape)); err != nil {
			t.Fatal(err)
		}
	}
	if best < 0.7 || off > best-0.2 {
		t.Errorf("IoU %.2f, and half aside %.2f", best, off)
	}
}

func TestFileVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	version := func(text string) string {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		v, err := fileVersion(path)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if a := version("a"); a == version("b") || a != version("a") || a == "" {
		t.Error("a file's version is not its content's")
	}
	if _, err := fileVersion(path + "x"); err == nil {
		t.Error("a file that is not there has a version")
	}
}
