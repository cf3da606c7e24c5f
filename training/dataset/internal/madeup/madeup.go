// Package madeup makes small data sets for tests: square places on painted ground.
package madeup

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/training/dataset"
)

// Ground has places of some classes in turn, at random, on a kilometre of its own.
func Ground(name string, number, places int, classes ...string) *dataset.Ground {
	w := geo.Window{Z: 17, X: 1<<20 + 4096*number, Y: 1 << 20, W: 1800, H: 1500}
	r := rand.New(rand.NewPCG(uint64(number), 7))
	var all []dataset.Place
	for n := range places {
		x, y, edge := float64(w.X)+r.Float64()*float64(w.W), float64(w.Y)+r.Float64()*float64(w.H), 11+40*r.Float64()
		var ring orb.Ring
		for _, c := range [][2]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}} {
			ring = append(ring, geo.Unproject(orb.Point{x + edge*c[0], y + edge*c[1]}, w.Z))
		}
		shape := orb.MultiPolygon{{ring}}
		all = append(all, dataset.Place{ID: fmt.Sprintf("%s/%d", name, n), Name: fmt.Sprintf("Place %d <of> %s", n, name), Class: classes[n%len(classes)], Shape: shape, At: shape.Bound().Center()})
	}
	return &dataset.Ground{Name: name, Zoom: w.Z, Extent: w, Sources: []string{"made up"}, Attribution: "<a href=\"#\">nobody</a>", Licence: "CC0",
		Places: func(_ context.Context, at geo.Window) (out []dataset.Place, _ error) {
			for _, p := range all {
				if p.Shape.Bound().Intersects(at.Bound()) {
					out = append(out, p)
				}
			}
			return out, nil
		},
		Pair: func(_ context.Context, at geo.Window) (*tiles.Pair, error) {
			return &tiles.Pair{Window: at, Satellite: painted(at, 3), Map: painted(at, 5)}, nil
		}}
}

// painted is a picture whose pixels tell where they are.
func painted(w geo.Window, k int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
	for y := range w.H {
		for x := range w.W {
			img.SetRGBA(x, y, color.RGBA{uint8((w.X + x) * k), uint8((w.Y + y) * k), 90, 255})
		}
	}
	return img
}

// Set builds a data set of grounds, as Parquet or as a folder, in files of twenty rows.
func Set(t testing.TB, folder bool, grounds ...*dataset.Ground) *dataset.Set {
	t.Helper()
	spec := dataset.Spec{Size: 96, Seed: 5, Tiers: dataset.Tiers, Filters: dataset.DefaultFilters, Ratio: dataset.DefaultRatio, ShardRows: 20, Folder: folder}
	dir := t.TempDir()
	if _, err := dataset.Build(t.Context(), dir, spec, grounds, dataset.Options{}); err != nil {
		t.Fatal(err)
	}
	return Open(t, dir)
}

// Open opens a data set.
func Open(t testing.TB, dir string) *dataset.Set {
	t.Helper()
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
