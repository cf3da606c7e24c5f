package store

import (
	"errors"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
)

func TestShapesAndMasksComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := geo.Window{Z: 17, X: rapid.IntRange(-5000, 1<<25).Draw(t, "x"), Y: rapid.IntRange(0, 1<<25).Draw(t, "y"),
			W: rapid.IntRange(0, 140).Draw(t, "w"), H: rapid.IntRange(0, 9).Draw(t, "h")}
		m := geo.NewMask(w)
		for y := range w.H {
			for range rapid.IntRange(0, 4).Draw(t, "runs") {
				from := rapid.IntRange(0, w.W).Draw(t, "from")
				m.SetRun(y, from, rapid.IntRange(from, w.W).Draw(t, "to"))
			}
		}
		if back, err := readMask(appendMask(nil, m)); err != nil || !back.Equal(m) {
			t.Fatalf("mask: %v, want %v, %v", back, m, err)
		}
		shape := geo.Trace(m)
		if back, err := readShape(appendShape(nil, shape), 1); err != nil || !back.Equal(shape) {
			t.Fatalf("shape: %v, want %v, %v", back, shape, err)
		}
	})
}

func FuzzRead(f *testing.F) {
	m := geo.NewMask(geo.Window{Z: 3, X: 5, Y: 6, W: 70, H: 3})
	m.SetRun(1, 3, 69)
	f.Add(appendMask(nil, m))
	f.Add(appendShape(nil, orb.MultiPolygon{{{{1, 2}, {3, 2}, {3, 4}, {1, 2}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := readMask(b); err != nil && !errors.Is(err, ErrInput) || err == nil && m.Count() > m.Window.W*m.Window.H {
			t.Fatal(m, err)
		}
		if _, err := readShape(b, 1); err != nil && !errors.Is(err, ErrInput) {
			t.Fatal(err)
		}
	})
}
