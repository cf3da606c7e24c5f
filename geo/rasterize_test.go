package geo

import (
	"math"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func TestRasterizeShapes(t *testing.T) {
	square := orb.Polygon{{{1, 1}, {1, 3}, {3, 3}, {3, 1}, {1, 1}}}
	tests := []struct {
		name  string
		shape orb.MultiPolygon // from the window's corner
		want  string
	}{
		{"whole pixels", orb.MultiPolygon{square}, "..... .##.. .##.. ....."},
		{"an open ring is closed", orb.MultiPolygon{{square[0][:4]}}, "..... .##.. .##.. ....."},
		{"centres decide", orb.MultiPolygon{{{{0.4, 0.4}, {0.4, 2.6}, {2.6, 2.6}, {2.6, 0.4}, {0.4, 0.4}}}}, "###.. ###.. ###.. ....."},
		{"and less than a centre is nothing", orb.MultiPolygon{{{{0.6, 0.6}, {0.6, 1.4}, {4, 1.4}, {4, 0.6}, {0.6, 0.6}}}}, "..... ..... ..... ....."},
		{"beyond the window on every side", orb.MultiPolygon{{{{-9, -9}, {-9, 99}, {99, 99}, {99, -9}, {-9, -9}}}}, "##### ##### ##### #####"},
		{"west of the window", orb.MultiPolygon{{{{-9, 1}, {-9, 2}, {2, 2}, {2, 1}, {-9, 1}}}}, "..... ##... ..... ....."},
		{"overlapping polygons cancel", orb.MultiPolygon{square, {{{2, 1}, {2, 3}, {4, 3}, {4, 1}, {2, 1}}}}, "..... .#.#. .#.#. ....."},
		{"a triangle whose long side runs through centres", orb.MultiPolygon{{{{0, 0}, {0, 4}, {4, 4}, {0, 0}}}}, "..... #.... ##... ###.."},
		{"a border on centres goes to the shape south-east of it", orb.MultiPolygon{{{{0.5, 0.5}, {0.5, 2.5}, {2.5, 2.5}, {2.5, 0.5}, {0.5, 0.5}}}}, "##... ##... ..... ....."},
		{"no number is no crash", orb.MultiPolygon{{{{math.NaN(), 0}, {1, math.Inf(1)}, {math.Inf(-1), 2}}}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Rasterize(Window{Z: 17, X: 100, Y: 200, W: 5, H: 4}, moved(tt.shape, 100, 200))
			if tt.want != "" && !got.Equal(drawn(tt.want)) {
				t.Errorf("got\n%vwant\n%v", got, drawn(tt.want))
			}
		})
	}
}

// Two halves of a polygon, cut along a line of any direction, share no pixel and leave none out.
func TestRasterizePartitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Float64Range(-30, 130)
		a, b := orb.Point{at.Draw(t, "ax"), -30}, orb.Point{at.Draw(t, "bx"), 130}
		left := orb.MultiPolygon{{{{-30, -30}, a, b, {-30, 130}, {-30, -30}}}}
		right := orb.MultiPolygon{{{a, {130, -30}, {130, 130}, b, a}}}
		w := Window{X: 3, Y: 5, W: 90, H: 40}
		l, r := Rasterize(w, left), Rasterize(w, right)
		if l.Overlap(r) != 0 || l.Count()+r.Count() != w.W*w.H {
			t.Fatalf("%d and %d pixels of %d, %d of them twice", l.Count(), r.Count(), w.W*w.H, l.Overlap(r))
		}
	})
}

// A window on a part of a shape shows what a window on all of it shows there.
func TestRasterizeWindowsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coordinate := rapid.Float64Range(-20, 220)
		ring := orb.Ring{}
		for range rapid.IntRange(3, 9).Draw(t, "n") {
			ring = append(ring, orb.Point{coordinate.Draw(t, "x"), coordinate.Draw(t, "y")})
		}
		mp := orb.MultiPolygon{{ring}}
		part := Window{
			X: rapid.IntRange(0, 100).Draw(t, "X"), Y: rapid.IntRange(0, 100).Draw(t, "Y"),
			W: rapid.IntRange(1, 100).Draw(t, "W"), H: rapid.IntRange(1, 100).Draw(t, "H"),
		}
		whole := Rasterize(Window{X: -20, Y: -20, W: 240, H: 240}, mp)
		if got := Rasterize(part, mp); !got.Equal(whole.Crop(part)) {
			t.Fatalf("%v differs for %v", part, ring)
		}
	})
}
