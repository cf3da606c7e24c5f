package ocr

import (
	"image"
	"math"
	"slices"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/town"
)

// TestReadsSymbols: what stands for a place's class on a map is found where it stands, and nowhere else.
func TestReadsSymbols(t *testing.T) {
	for _, name := range []string{"basic", "basic-b"} {
		style, err := carto.NewStyle(name)
		if err != nil {
			t.Fatal(err)
		}
		shown, seen, found := 0, 0, 0
		for _, at := range []image.Point{{-384, -384}, {2000, 500}, {-3000, 1500}} {
			w, img, named := townMap(t, name, "en", at.X, at.Y)
			all, err := labelsAround(t, name, w)
			if err != nil {
				t.Fatal(err)
			}
			signs := symbols(img, style.Legend())
			for _, s := range signs {
				found++
				if !slices.ContainsFunc(all, func(l tiles.Label) bool {
					p := w.Local(l.At)
					return math.Hypot(p[0]-s.at[0], p[1]-s.at[1]) < 1 && slices.Contains(s.sign.Classes, l.Class)
				}) {
					t.Errorf("%s: no place of %v at %v", name, s.sign.Classes, s.at)
				}
			}
			for _, l := range named {
				shown++
				p := w.Local(l.At)
				if slices.ContainsFunc(signs, func(s symbol) bool { return math.Hypot(p[0]-s.at[0], p[1]-s.at[1]) < 1 }) {
					seen++
				}
			}
		}
		t.Logf("%s: %d of %d symbols with a name found, %d symbols in all", name, seen, shown, found)
		if shown < 30 || float64(seen) < 0.98*float64(shown) {
			t.Errorf("%s: %d of %d symbols found", name, seen, shown)
		}
	}
}

func labelsAround(t *testing.T, style string, w geo.Window) ([]tiles.Label, error) {
	made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := made.Map(style)
	if err != nil {
		t.Fatal(err)
	}
	return plan.(tiles.Labeler).Labels(t.Context(), w)
}

func BenchmarkSymbols(b *testing.B) {
	_, img, _ := townMap(b, "basic", "en", 0, 0)
	style, err := carto.NewStyle("basic")
	if err != nil {
		b.Fatal(err)
	}
	legend := style.Legend()
	b.Logf("%d signs", len(legend))
	for b.Loop() {
		symbols(img, legend)
	}
}
