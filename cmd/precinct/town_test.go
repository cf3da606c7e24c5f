package main

import (
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles/sources"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/truth"
)

// TestSegmentFindsTheTownsPlaces holds what the reader draws against the made-up town's exact outlines.
func TestSegmentFindsTheTownsPlaces(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	center := geo.Project(made.Satellite().Info().Center, 17)
	w := geo.Window{Z: 17, X: int(center[0]) - 700, Y: int(center[1]) - 700, W: 1400, H: 1400}
	b := w.Bound()
	conf := defaults()
	conf.Sources = []sources.Config{{Name: "satellite", Kind: "town", Layer: "satellite", Look: town.Easy, Seed: 1}, {Name: "map", Kind: "town", Layer: "map", Look: town.Easy, Seed: 1}}
	conf.Pair = pairConfig{Satellite: "satellite", Map: "map", Zoom: 17}
	a, err := open(t.Context(), conf, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	asked, hits, sum := 0, 0, 0.0
	for _, class := range []string{"school", "hospital", "stadium", "park", "supermarket", "parking"} {
		found, err := a.engine.Find(t.Context(), reasoning.Question{Phrase: class}, w, reasoning.FindOptions{Patience: -1})
		if err != nil || !found.Complete() {
			t.Fatal(err, found)
		}
		var masks []*geo.Mask
		places := found.Places(w)
		for _, p := range places {
			masks = append(masks, maskOf(t, p.Geometry()))
		}
		n, good, ious := 0, 0, 0.0
		for _, p := range truth.Outlines(made, w) {
			if p.Class != class || !b.Contains(p.At) {
				continue
			}
			best := 0.0
			want := maskOf(t, orb.Clone(p.Shape))
			for _, m := range masks {
				best = max(best, want.IoU(m))
			}
			n, ious = n+1, ious+best
			if best > 0.5 {
				good++
			}
		}
		t.Logf("%-12s %2d places, %2d outlines, %2d with IoU above 0.5, mean best IoU %.2f", class, n, len(places), good, ious/float64(max(1, n)))
		asked, hits, sum = asked+n, hits+good, sum+ious
	}
	t.Logf("all: %d places, %d with IoU above 0.5, mean best IoU %.2f", asked, hits, sum/float64(asked))
	if asked < 12 || float64(hits) < 0.6*float64(asked) || sum/float64(asked) < 0.6 {
		t.Error("want at least 12 places, 6 of 10 with IoU above 0.5, and a mean of at least 0.6")
	}
}
