package dataset

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// madeUp is a ground of square places at random, with pictures that show where they are. Half of the places are of one class.
func madeUp(name string, seed uint64, w geo.Window, places int) *Ground {
	classes := []string{"school", "school", "park", "hospital", "church", "school", "hotel", "school"}
	r := rand.New(rand.NewPCG(seed, 1))
	var all []Place
	for n := range places {
		x, y, edge := float64(w.X)+r.Float64()*float64(w.W), float64(w.Y)+r.Float64()*float64(w.H), 12+28*r.Float64()
		var ring orb.Ring
		for _, c := range [][2]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}} {
			ring = append(ring, geo.Unproject(orb.Point{x + edge*c[0], y + edge*c[1]}, w.Z))
		}
		shape := orb.MultiPolygon{{ring}}
		all = append(all, Place{ID: fmt.Sprintf("%s/%d", name, n), Name: fmt.Sprintf("Place %d of %s", n, name), Class: classes[n%len(classes)], Shape: shape, At: shape.Bound().Center()})
	}
	return &Ground{Name: name, Zoom: w.Z, Extent: w, Sources: []string{"made up"}, Attribution: "nobody", Licence: "CC0", Version: fmt.Sprint(seed),
		Places: func(_ context.Context, at geo.Window) (out []Place, _ error) {
			for _, p := range all {
				if p.Shape.Bound().Intersects(at.Bound()) {
					out = append(out, p)
				}
			}
			return out, nil
		},
		Labels: func(_ context.Context, at geo.Window) ([]tiles.Label, error) { return labelsIn(all, at), nil },
		Pair: func(_ context.Context, at geo.Window) (*tiles.Pair, error) {
			return &tiles.Pair{Window: at, Satellite: painted(at, 3), Map: painted(at, 5), Labels: labelsIn(all, at), Labelled: true}, nil
		}}
}

func labelsIn(all []Place, w geo.Window) []tiles.Label {
	out := []tiles.Label{}
	for _, p := range all {
		if at := geo.Project(p.At, w.Z); w.Contains(int(at[0]), int(at[1])) {
			out = append(out, tiles.Label{Text: p.Name, At: p.At, Class: p.Class})
		}
	}
	return out
}

// painted is a picture whose pixels tell where on the lattice they are.
func painted(w geo.Window, k int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
	for y := range w.H {
		for x := range w.W {
			img.SetRGBA(x, y, color.RGBA{uint8((w.X + x) * k), uint8((w.Y + y) * k), uint8(w.Z), 255})
		}
	}
	return img
}

func small() Spec {
	return Spec{Size: 96, Seed: 5, Tiers: Tiers, Filters: DefaultFilters, Ratio: DefaultRatio, ShardRows: 20}
}
