package geo

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func TestTraceShapes(t *testing.T) {
	tests := []struct {
		name, picture string
		want          orb.MultiPolygon // from the window's corner
	}{
		{"nothing", "....\n....", nil},
		{"one pixel runs counter-clockwise on the map", "...\n.#.\n...", orb.MultiPolygon{
			{{{1, 1}, {1, 2}, {2, 2}, {2, 1}, {1, 1}}},
		}},
		{"straight lines have no points between", "####\n####", orb.MultiPolygon{
			{{{0, 0}, {0, 2}, {4, 2}, {4, 0}, {0, 0}}},
		}},
		{"a hole runs clockwise", "###\n#.#\n###", orb.MultiPolygon{
			{{{0, 0}, {0, 3}, {3, 3}, {3, 0}, {0, 0}}, {{1, 1}, {2, 1}, {2, 2}, {1, 2}, {1, 1}}},
		}},
		{"pixels at a corner are two polygons", "#.\n.#", orb.MultiPolygon{
			{{{0, 0}, {0, 1}, {1, 1}, {1, 0}, {0, 0}}},
			{{{1, 1}, {1, 2}, {2, 2}, {2, 1}, {1, 1}}},
		}},
		{"a bay shut by a corner is a hole that touches", "##..\n#.#.\n###.", orb.MultiPolygon{
			{
				{{0, 0}, {0, 3}, {3, 3}, {3, 1}, {2, 1}, {2, 0}, {0, 0}},
				{{2, 1}, {2, 2}, {1, 2}, {1, 1}, {2, 1}},
			},
		}},
		{"holes at a corner are two rings", "####\n#.##\n##.#\n####", orb.MultiPolygon{
			{
				{{0, 0}, {0, 4}, {4, 4}, {4, 0}, {0, 0}},
				{{2, 2}, {3, 2}, {3, 3}, {2, 3}, {2, 2}},
				{{1, 1}, {2, 1}, {2, 2}, {1, 2}, {1, 1}},
			},
		}},
		{"an island in a hole is a polygon", "#####\n#...#\n#.#.#\n#...#\n#####", orb.MultiPolygon{
			{{{0, 0}, {0, 5}, {5, 5}, {5, 0}, {0, 0}}, {{1, 1}, {4, 1}, {4, 4}, {1, 4}, {1, 1}}},
			{{{2, 2}, {2, 3}, {3, 3}, {3, 2}, {2, 2}}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := drawn(tt.picture)
			got := Trace(m)
			if want := moved(tt.want, 100, 200); !reflect.DeepEqual(got, want) {
				t.Errorf("Trace of\n%v= %v\nwant %v", m, got, want)
			}
		})
	}
}

func moved(mp orb.MultiPolygon, dx, dy float64) orb.MultiPolygon {
	out := mp.Clone()
	for _, poly := range out {
		for _, ring := range poly {
			for i := range ring {
				ring[i][0] += dx
				ring[i][1] += dy
			}
		}
	}
	return out
}

// checkTrace holds what is true of the outlines of every mask.
func checkTrace(t interface{ Fatalf(string, ...any) }, m *Mask) {
	mp := Trace(m)
	if got := Rasterize(m.Window, mp); !got.Equal(m) {
		t.Fatalf("Rasterize(Trace(m)) =\n%v\nm =\n%v", got, m)
	}
	if err := Valid(mp); err != nil {
		t.Fatalf("%v of\n%v", err, m)
	}
	if pieces := len(Components(m, 4)); pieces != len(mp) {
		t.Fatalf("%d polygons for %d pieces of\n%v", len(mp), pieces, m)
	}
	for _, poly := range mp {
		for i, ring := range poly {
			want := orb.CW // as orb sees it: with y up, where the lattice has it down
			if i > 0 {
				want = orb.CCW
			}
			if ring.Orientation() != want {
				t.Fatalf("ring %d %v runs the wrong way, of\n%v", i, ring, m)
			}
			for j := range ring[1:] {
				if turn(ring[(j+len(ring)-2)%(len(ring)-1)], ring[j], ring[j+1]) == 0 {
					t.Fatalf("no turn at %v of %v", ring[j], ring)
				}
			}
		}
	}
}

func TestTraceAndRasterizeAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkTrace(t, anyMask().Draw(t, "mask")) })
}

func TestTraceOfManyHoles(t *testing.T) {
	for name, m := range benchmarkMasks() {
		small := m.Crop(Window{Z: m.Window.Z, X: m.Window.X + 60, Y: m.Window.Y + 60, W: 190, H: 170})
		t.Run(name, func(t *testing.T) { checkTrace(t, small) })
	}
}

func FuzzTrace(f *testing.F) {
	f.Add(uint8(3), []byte{0b101_010_11, 0b1})
	f.Add(uint8(64), []byte{1, 2, 3, 4, 5, 6, 7, 8, 8, 7, 6, 5, 4, 3, 2, 1})
	f.Add(uint8(65), make([]byte, 40))
	f.Fuzz(func(t *testing.T, width uint8, data []byte) {
		if width == 0 || len(data) == 0 || len(data) > 1000 {
			return
		}
		m := NewMask(Window{Z: 3, X: 7, Y: 9, W: int(width), H: len(data) * 8 / int(width)})
		for i := range m.Window.W * m.Window.H {
			if data[i/8]>>(i%8)&1 == 1 {
				m.Set(i%m.Window.W, i/m.Window.W)
			}
		}
		checkTrace(t, m)
	})
}

// BenchmarkTrace leaves its masks as PNG in the folder that PRECINCT_BENCH_MASKS names, for testdata/bench/polygonize.py.
func BenchmarkTrace(b *testing.B) {
	folder := os.Getenv("PRECINCT_BENCH_MASKS")
	for name, m := range benchmarkMasks() {
		if folder != "" {
			writePNG(b, m, filepath.Join(folder, name+".png"))
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Trace(m)
			}
		})
	}
}

func writePNG(b *testing.B, m *Mask, path string) {
	img := image.NewGray(image.Rect(0, 0, m.Window.W, m.Window.H))
	for i := range img.Pix {
		if m.At(i%m.Window.W, i/m.Window.W) {
			img.Pix[i] = 255
		}
	}
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRasterize(b *testing.B) {
	for name, m := range benchmarkMasks() {
		mp := Trace(m)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Rasterize(m.Window, mp)
			}
		})
	}
}
