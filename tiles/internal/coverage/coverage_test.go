package coverage

import (
	"math"
	"slices"
	"testing"
)

type point struct{ x, y int64 }

func TestRasterCoverageIsExactArea(t *testing.T) {
	for _, tc := range []struct {
		name string
		ring []point
		want float64 // pixels
	}{
		{"square on the lattice", []point{{256, 256}, {768, 256}, {768, 768}, {256, 768}}, 4},
		{"square off the lattice", []point{{300, 300}, {700, 300}, {700, 700}, {300, 700}}, 400. * 400 / 65536},
		{"triangle", []point{{0, 0}, {2560, 0}, {0, 2560}}, 50},
		{"flat triangle", []point{{-2560, 100}, {5120, 400}, {5120, 410}}, 0.5 * 7680 * 10 / 65536 * 8 / 9},
		{"partly off all sides", []point{{-5000, 2560}, {2560, -5000}, {9000, 2560}, {2560, 9000}}, 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r Raster
			r.Reset(20, 20)
			prev := tc.ring[len(tc.ring)-1]
			for _, p := range tc.ring {
				r.Edge(prev.x, prev.y, p.x, p.y)
				prev = p
			}
			got := 0.0
			r.Sweep(func(_, _, covered int) { got += float64(covered) / Whole })
			if math.Abs(got-tc.want) > 0.02*tc.want+0.1 {
				t.Errorf("covers %.3f px, want %.3f", got, tc.want)
			}
			if slices.ContainsFunc(r.acc, func(v int32) bool { return v != 0 }) {
				t.Error("the raster is not clean after a sweep")
			}
		})
	}
}
