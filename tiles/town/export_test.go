package town

import (
	"image"
	"math"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Draw is a window of a map in one piece.
func Draw(s tiles.Source, w geo.Window) *image.RGBA { return s.(*townMap).draw(w, 1) }

// OffOf is how many metres a town's map lies off.
func OffOf(seed uint64, look string) float64 {
	t, err := New(Options{Seed: seed, Look: look})
	if err != nil {
		return math.NaN()
	}
	return math.Hypot(t.faults.off.X, t.faults.off.Y)
}
