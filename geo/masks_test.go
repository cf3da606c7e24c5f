package geo

import (
	"math"
	"math/rand/v2"
	"strings"

	"pgregory.net/rapid"
)

// drawn is the mask of a picture in text, # inside, at (100, 200) of zoom 17.
func drawn(picture string) *Mask {
	rows := strings.Fields(picture)
	m := NewMask(Window{Z: 17, X: 100, Y: 200, W: len(rows[0]), H: len(rows)})
	for y, row := range rows {
		for x, c := range row {
			if c == '#' {
				m.Set(x, y)
			}
		}
	}
	return m
}

func noisy(m *Mask, share float64, r *rand.Rand) *Mask {
	out := m.Clone()
	for y := range m.Window.H {
		for x := range m.Window.W {
			if r.Float64() >= share {
				continue
			}
			if m.At(x, y) {
				out.Clear(x, y)
			} else {
				out.Set(x, y)
			}
		}
	}
	return out
}

// addBlob puts a wobbly round thing inside, centre and radius in pixels of the window.
func addBlob(m *Mask, cx, cy, radius float64, r *rand.Rand) {
	p1, p2 := r.Float64()*2*math.Pi, r.Float64()*2*math.Pi
	for y := range m.Window.H {
		for x := range m.Window.W {
			dx, dy := float64(x)+0.5-cx, float64(y)+0.5-cy
			a := math.Atan2(dy, dx)
			if math.Hypot(dx, dy) < radius*(1+0.2*math.Sin(3*a+p1)+0.1*math.Sin(7*a+p2)) {
				m.Set(x, y)
			}
		}
	}
}

// benchmarkMasks are the pictures that the speed claims are made on.
func benchmarkMasks() map[string]*Mask {
	r := rand.New(rand.NewPCG(1, 2))
	five := NewMask(Window{Z: 17, X: 98304, Y: 49152, W: 768, H: 768})
	for _, c := range [][3]float64{{150, 150, 90}, {600, 160, 110}, {390, 390, 120}, {160, 610, 100}, {620, 600, 95}} {
		addBlob(five, c[0], c[1], c[2], r)
	}
	return map[string]*Mask{"blobs": five, "noise": noisy(five, 0.02, r)}
}

// anyMask makes masks of every nature: noise of any density, checkerboards, nested squares, blobs with specks.
func anyMask() *rapid.Generator[*Mask] {
	return rapid.Custom(func(t *rapid.T) *Mask {
		w, h := rapid.IntRange(1, 140).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h")
		m := NewMask(Window{
			Z: 17, X: rapid.IntRange(-200, 1<<24).Draw(t, "x"), Y: rapid.IntRange(0, 1<<24).Draw(t, "y"), W: w, H: h,
		})
		kind := rapid.SampledFrom([]string{"noise", "checkers", "nested", "blobs"}).Draw(t, "kind")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		if kind == "blobs" {
			for range 3 {
				addBlob(m, r.Float64()*float64(w), r.Float64()*float64(h), float64(h)/3, r)
			}
			return noisy(m, 0.02, r)
		}
		density, step := r.Float64(), 1+r.IntN(3)
		for y := range h {
			for x := range w {
				var in bool
				switch kind {
				case "noise":
					in = r.Float64() < density
				case "checkers":
					in = (x/step+y/step)%2 == 0
				case "nested":
					in = min(x, y, w-1-x, h-1-y)/step%2 == 0
				}
				if in {
					m.Set(x, y)
				}
			}
		}
		return m
	})
}
