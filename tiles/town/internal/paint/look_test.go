package paint

import (
	"bytes"
	"image"
	"math"
	"testing"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// homeX, homeY is in a made-up town's middle, in pixels of zoom 17.
const homeX, homeY = 30000*512 + 256, 39138*512 + 256

func made(seed uint64) *plan.Planner { return plan.New(seed, false, 30000, 39138) }

func TestLooksAreSpread(t *testing.T) {
	if *LookOf(0) != clearLook() || *LookOf(1) != clearLook() {
		t.Error("the default and the demo's town are not a clear summer's")
	}
	const n = 240
	var of [seasons]int
	north, compressed := 0, 0
	for seed := range uint64(n) {
		l := LookOf(2026 + seed)
		of[l.season]++
		if l.y < 0 {
			north++
		}
		if l.quality > 0 {
			compressed++
		}
		if l.length < 0.4 || l.length > 1.4 || math.Abs(math.Hypot(l.x, l.y)-1) > 1e-9 {
			t.Errorf("seed %d: a sun of %+v", 2026+seed, l.sun)
		}
	}
	for s, k := range of {
		if k < n/30 {
			t.Errorf("season %d: %d of %d", s, k, n)
		}
	}
	if north < n/3 || north > 2*n/3 || compressed < n/3 || compressed == n {
		t.Errorf("of %d, %d throw shadows to the north and %d are compressed", n, north, compressed)
	}
}

// TestLooksAreLegible: in every look a picture is neither dark nor burnt out, and tells things apart.
func TestLooksAreLegible(t *testing.T) {
	p := made(9)
	for seed := range uint64(40) {
		img := Picture(p, LookOf(2026+seed), 17, homeX, homeY, 256, 256, 1)
		sum, squares, burnt := 0.0, 0.0, 0
		for i := 0; i < len(img.Pix); i += 4 {
			v := 0.3*float64(img.Pix[i]) + 0.59*float64(img.Pix[i+1]) + 0.11*float64(img.Pix[i+2])
			sum, squares = sum+v, squares+v*v
			if v > 250 || v < 4 {
				burnt++
			}
		}
		n := float64(len(img.Pix) / 4)
		mean := sum / n
		if deviation := math.Sqrt(squares/n - mean*mean); mean < 70 || mean > 190 || deviation < 22 || float64(burnt) > 0.03*n {
			t.Errorf("seed %d: lightness %.0f ± %.0f, %d pixels burnt", 2026+seed, mean, deviation, burnt)
		}
	}
}

// TestLooksHaveNoSeams asks for the same ground in two ways, off the lattice of blocks too.
func TestLooksHaveNoSeams(t *testing.T) {
	p := made(9)
	for seed := range uint64(24) {
		l := LookOf(2026 + seed)
		for _, z := range []int{16, 17, 19} {
			x, y := homeX<<2>>(19-z), homeY<<2>>(19-z)
			whole := Picture(p, l, z, x-7, y+5, 300, 220, 1)
			part := Picture(p, l, z, x+60, y+50, 96, 77, 1)
			for row := range 77 {
				from := whole.PixOffset(67, 45+row)
				if !bytes.Equal(whole.Pix[from:from+96*4], part.Pix[row*part.Stride:row*part.Stride+96*4]) {
					t.Errorf("seed %d, zoom %d: row %d differs", 2026+seed, z, row)
					break
				}
			}
		}
	}
}

func TestSmoothKeepsTheMean(t *testing.T) {
	const n = 32
	v := make([]float32, n*n)
	v[n*n/2+n/2] = 1
	kernel := gaussian(1.2)
	smooth(v, n, n, 1, kernel)
	sum, spread := 0.0, 0.0
	for i, k := range v {
		at := image.Pt(i%n-n/2, i/n-n/2)
		sum += float64(k)
		spread += float64(k) * float64(at.X*at.X)
	}
	if math.Abs(sum-1) > 1e-5 || math.Abs(math.Sqrt(spread)-1.2) > 0.15 {
		t.Errorf("a point spreads to %v, by %v pixels", sum, math.Sqrt(spread))
	}
}

// BenchmarkLook draws a tile of a town in the clear look and in one with all that a sensor does.
func BenchmarkLook(b *testing.B) {
	p := made(9)
	all := LookOf(2)
	all.quality, all.spread, all.soft, all.noise = 70, 0.26, 0.6, 3
	for name, l := range map[string]*Look{"clear": LookOf(1), "all": all} {
		for z, zoom := range map[int]string{14: "z14", 17: "z17", 19: "z19"} {
			b.Run(name+"/"+zoom, func(b *testing.B) {
				x, y := homeX<<2>>(19-z), homeY<<2>>(19-z)
				for b.Loop() {
					Picture(p, l, z, x&^255, y&^255, 256, 256, 1)
				}
			})
		}
	}
}
