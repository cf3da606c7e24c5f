package policy

import (
	"testing"

	"github.com/precinct-map/precinct/reasoning"
)

// TestTake: another box is taken where it is expected to fit better by more than the margin, and one that no view could judge never.
func TestTake(t *testing.T) {
	own, other, tiny := reasoning.Box{0, 0, 10, 10}, reasoning.Box{0, 0, 40, 40}, reasoning.Box{4, 4, 5, 5}
	all := []reasoning.Box{own, other, tiny}
	for _, c := range []struct {
		sums, counts []float64
		box          reasoning.Box
		expected     float64
	}{
		{[]float64{1.0, 1.02, 0}, []float64{2, 2, 0}, own, 0.5},
		{[]float64{1.0, 1.2, 0}, []float64{2, 2, 0}, other, 0.6},
		{[]float64{1.0, 2.4, 0}, []float64{2, 5, 0}, own, 0.5},
		{[]float64{0, 0.2, 0}, []float64{0, 2, 0}, other, 0.1},
		{[]float64{0, 0, 0}, []float64{0, 0, 0}, own, 0.7},
	} {
		f := finding{box: own, expected: 0.7}
		f.take(all, c.sums, c.counts)
		if f.box != c.box || f.expected != c.expected {
			t.Errorf("of %v in %v: %v, expected %g", c.sums, c.counts, f.box, f.expected)
		}
	}
}

// TestBinsOf: a box's tokens stand for the box; what is too small or lies beyond them has none.
func TestBinsOf(t *testing.T) {
	s := &session{bins: 128}
	for _, c := range []struct {
		box  reasoning.Box
		bins [4]int
		ok   bool
	}{
		{reasoning.Box{-40, -20, 40, 60}, [4]int{54, 59, 74, 79}, true},
		{reasoning.Box{-256, -256, 252, 252}, [4]int{0, 0, 127, 127}, true},
		{reasoning.Box{-262, 0, 40, 60}, [4]int{}, false},
		{reasoning.Box{0, 0, 12, 60}, [4]int{64, 64, 67, 79}, false},
	} {
		bins, ok := s.binsOf(c.box)
		if ok != c.ok || ok && *bins != c.bins {
			t.Errorf("%v: %v %v", c.box, bins, ok)
		}
	}
}
