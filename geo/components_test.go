package geo

import (
	"testing"

	"pgregory.net/rapid"
)

func TestComponentsByConnectivity(t *testing.T) {
	m := drawn(`
		##..#
		.....
		#.#.#
		.#.#.`)
	for _, tt := range []struct{ connectivity, drop, want int }{{4, 0, 7}, {8, 0, 3}, {4, 1, 1}, {8, 2, 1}, {8, 9, 0}} {
		got := ComponentsAbove(m, tt.connectivity, tt.drop)
		if len(got) != tt.want {
			t.Errorf("%d pieces of more than %d pixels with connectivity %d, want %d", len(got), tt.drop, tt.connectivity, tt.want)
		}
	}
	if got := Components(m, 8)[2].Window; got != (Window{Z: 17, X: 100, Y: 202, W: 5, H: 2}) {
		t.Errorf("the last piece is cropped to %v", got)
	}
}

// Components are what flooding from each pixel in row order finds.
func TestComponentsAreFloods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMask().Draw(t, "mask")
		connectivity := rapid.SampledFrom([]int{4, 8}).Draw(t, "connectivity")
		rest, got := m.Clone(), Components(m, connectivity)
		for y := range m.Window.H {
			for x := range m.Window.W {
				if !rest.At(x, y) {
					continue
				}
				piece := NewMask(m.Window)
				flood(rest, piece, x, y, connectivity)
				if len(got) == 0 || !got[0].Equal(piece.Crop(piece.Extent())) {
					t.Fatalf("the piece from (%d, %d) is missing in\n%v", x, y, m)
				}
				got = got[1:]
			}
		}
		if len(got) > 0 {
			t.Fatalf("%d pieces too many of\n%v", len(got), m)
		}
	})
}

func flood(from, to *Mask, x, y, connectivity int) {
	if !from.At(x, y) {
		return
	}
	from.Clear(x, y)
	to.Set(x, y)
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			if connectivity == 8 || dx == 0 || dy == 0 {
				flood(from, to, x+dx, y+dy, connectivity)
			}
		}
	}
}

func TestComponentsRefusesOtherConnectivity(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("connectivity 6 was taken")
		}
	}()
	Components(drawn("#"), 6)
}

func TestFillHoles(t *testing.T) {
	tests := []struct {
		name, before, after string
		maxPixels           int
	}{
		{"small ones only", "####### #.#..## ####### #######", "####### ###..## ####### #######", 1},
		{"any", "####### #.#..## ####### #######", "####### ####### ####### #######", 99},
		{"a bay is none", "###. #... ####", "###. #... ####", 99},
		{"one shut by a corner is", "##. #.# ###", "##. ### ###", 99},
		{"the window's edge is open", "#.# ### ###", "#.# ### ###", 99},
		{"an island goes under with its hole", "##### #...# #.#.# #...# #####", "##### ##### ##### ##### #####", 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := drawn(tt.before)
			FillHoles(m, tt.maxPixels)
			if !m.Equal(drawn(tt.after)) {
				t.Errorf("got\n%vwant\n%v", m, drawn(tt.after))
			}
		})
	}
}

func BenchmarkComponents(b *testing.B) {
	for name, m := range benchmarkMasks() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Components(m, 8)
			}
		})
	}
}

func BenchmarkFillHoles(b *testing.B) {
	m := benchmarkMasks()["noise"]
	for b.Loop() {
		FillHoles(m.Clone(), 64)
	}
}
