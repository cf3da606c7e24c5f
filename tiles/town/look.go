package town

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/paint"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// The looks of a town: as hard to read as the world's pictures, or as easy as towns were before there was a choice.
const (
	Hard = paint.Hard
	Easy = paint.Easy
)

// faults are where a town's map is wrong: pictures and outlines are where the ground is.
type faults struct {
	seed uint64
	off  plan.Pt // how far streets and buildings lie off, in metres, the same everywhere; names do not, which people place by hand
	lost float64 // the share of buildings that it lacks
}

// mostOff is how many metres a map may lie off.
const mostOff = 6

// faultsOf are a seed's.
func faultsOf(seed uint64) faults {
	share := func(n int) float64 { return float64(plan.Hash(seed, 4201, n, 0)>>11) / (1 << 53) }
	far, towards := math.Max(0, 1.4*share(0)-0.4)*mostOff, 2*math.Pi*share(1)
	unit := func(v float64) float64 { return math.Round(v*plan.UnitsPerMetre) / plan.UnitsPerMetre }
	return faults{seed, plan.Pt{X: unit(far * math.Cos(towards)), Y: unit(far * math.Sin(towards))}, 0.02 + 0.28*share(2)}
}

// lacks says whether the map has not got a building.
func (f *faults) lacks(cell plan.Cell[*plan.Content], b *plan.Building) bool {
	if f.lost == 0 {
		return false
	}
	i, j := cell.I&(plan.Around-1), cell.J&(plan.Around-1)
	at := plan.Hash(f.seed, 4202, i, j) ^ plan.Hash(0, 4203, int(b.Poly[0].X*plan.UnitsPerMetre), int(b.Poly[0].Y*plan.UnitsPerMetre))
	return float64(plan.Hash(at, 4204, 0, 0)>>11)/(1<<53) < f.lost
}
