package town_test

import (
	"fmt"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/internal/paint"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// TestHardHasNoSeams paints windows of hard looks in one piece, enlarged ones too, and compares them with their tiles.
func TestHardHasNoSeams(t *testing.T) {
	enlarged := 0
	for seed := range uint64(10) {
		made, err := town.New(town.Options{Seed: 40 + seed})
		if err != nil {
			t.Fatal(err)
		}
		s := made.Satellite()
		for _, z := range []int{15, 17, 18, 19} {
			c := geo.Project(s.Info().Center, z)
			w := geo.Window{Z: z, X: int(c[0]) / 256 * 256, Y: int(c[1]) / 256 * 256, W: 512, H: 256}
			got := paint.Picture(made.Plan(plan.Key{}), paint.HardLook(40+seed), z, w.X, w.Y, w.W, w.H, 1)
			compare(t, fmt.Sprintf("seed %d, %v", 40+seed, w), got, stitch(t, s, w))
		}
		if paint.HardLook(40 + seed).Enlarges() {
			enlarged++
		}
	}
	if enlarged == 0 {
		t.Error("no look enlarges")
	}
}
