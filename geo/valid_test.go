package geo

import (
	"errors"
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

func square(x0, y0, x1, y1 float64) orb.Ring {
	return orb.Ring{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}}
}

func TestValid(t *testing.T) {
	big := square(0, 0, 10, 10)
	diamond := orb.Ring{{5, 0}, {10, 5}, {5, 10}, {0, 5}, {5, 0}}
	tests := []struct {
		name  string
		shape orb.MultiPolygon
		want  string // part of the reason; "" for valid
	}{
		{"nothing", nil, ""},
		{"a square", orb.MultiPolygon{{big}}, ""},
		{"holes that touch in a point", orb.MultiPolygon{{big, square(1, 1, 3, 3), square(3, 3, 5, 5)}}, ""},
		{"a hole that touches the exterior", orb.MultiPolygon{{big, {{0, 5}, {2, 4}, {2, 6}, {0, 5}}}}, ""},
		{"an island in a hole", orb.MultiPolygon{{big, square(1, 1, 9, 9)}, {square(2, 2, 3, 3)}}, ""},
		{"an island that fills its hole but for corners", orb.MultiPolygon{{big, square(0.5, 0.5, 9.5, 9.5)}, {diamondIn(9.5)}}, ""},
		{"polygons that touch in a point", orb.MultiPolygon{{big}, {square(10, 10, 12, 12)}}, ""},
		{"no rings", orb.MultiPolygon{{}}, "without rings"},
		{"no points", orb.MultiPolygon{{{}}}, "without points"},
		{"two points", orb.MultiPolygon{{{{0, 0}, {1, 1}, {0, 0}}}}, "fewer than four"},
		{"open", orb.MultiPolygon{{big[:4]}}, "not closed"},
		{"a point twice", orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 0}, {1, 1}, {0, 0}}}}, "twice in a row"},
		{"a bow tie", orb.MultiPolygon{{{{0, 0}, {2, 2}, {2, 0}, {0, 2}, {0, 0}}}}, "cross"},
		{"a spike", orb.MultiPolygon{{{{0, 0}, {4, 0}, {4, 4}, {4, 0}, {0, 4}, {0, 0}}}}, "meets itself"},
		{"a figure of eight", orb.MultiPolygon{{{{0, 0}, {2, 0}, {2, 2}, {4, 2}, {4, 4}, {2, 4}, {2, 2}, {0, 2}, {0, 0}}}}, "meets itself"},
		{"no area", orb.MultiPolygon{{{{0, 0}, {4, 0}, {2, 0}, {0, 0}}}}, "along each other"},
		{"a hole outside", orb.MultiPolygon{{big, square(20, 20, 22, 22)}}, "outside its exterior"},
		{"a hole across the exterior", orb.MultiPolygon{{big, square(8, 8, 12, 9)}}, "cross"},
		{"a hole through the exterior's corners", orb.MultiPolygon{{diamond, {{10, 5}, {8, 9}, {5, 10}, {7, 7}, {10, 5}}}}, "cut the inside apart"},
		{"a hole that leaves by a corner", orb.MultiPolygon{{diamond, {{4, 4}, {10, 5}, {12, 6}, {4, 6}, {4, 4}}}}, "cross"},
		{"a hole in a hole", orb.MultiPolygon{{big, square(1, 1, 9, 9), square(2, 2, 3, 3)}}, "inside another hole"},
		{"holes that cut the inside apart", orb.MultiPolygon{{big, {{0, 5}, {5, 4}, {5, 6}, {0, 5}}, {{5, 4}, {10, 5}, {6, 6}, {5, 4}}}}, "apart"},
		{"a polygon in a polygon", orb.MultiPolygon{{big}, {square(2, 2, 3, 3)}}, "inside of polygon 0"},
		{"polygons that share a border", orb.MultiPolygon{{big}, {square(10, 0, 12, 10)}}, "along each other"},
		{"the same polygon twice", orb.MultiPolygon{{big}, {big}}, "along each other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Valid(tt.shape)
			var invalid *InvalidError
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tt.want != "" && (!errors.Is(err, ErrInvalid) || !errors.As(err, &invalid) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// diamondIn touches the middles of a square's sides, from 0.5 to far.
func diamondIn(far float64) orb.Ring {
	mid := (0.5 + far) / 2
	return orb.Ring{{mid, 0.5}, {far, mid}, {mid, far}, {0.5, mid}, {mid, 0.5}}
}

func BenchmarkValid(b *testing.B) {
	mp := Trace(benchmarkMasks()["blobs"])
	for b.Loop() {
		if err := Valid(mp); err != nil {
			b.Fatal(err)
		}
	}
}
