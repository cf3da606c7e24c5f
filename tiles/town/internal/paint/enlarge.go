package paint

import (
	"image"
	"math"
)

// Enlarges says whether near pictures show less than they have pixels for.
func (l *Look) Enlarges() bool { return l.coarse > 0 }

// enlarges is by how many times a picture is made larger than the sensor saw it.
func (l *Look) enlarges(z, scale int) int {
	if l.coarse == 0 || z < l.coarse {
		return 1
	}
	return scale << (z - l.coarse)
}

// Margin is how far around a hard picture, in metres, its pixels are painted too: the sensor smears, compresses and enlarges them.
func (l *Look) Margin(z, scale int) float64 {
	if !l.hard {
		return 0
	}
	ppm := math.Ldexp(float64(scale), z-17) / float64(l.enlarges(z, scale))
	const smeared = 6 // pixels of a point's spread, and as many of a shadow's edge
	return (block + 2*smeared + mostBump + 3) / ppm
}

// enlarged paints at the sensor's own zoom and enlarges, between the pixels' middles: w×h pixels from (x, y) of the larger world on.
func enlarged(p Ground, l *Look, x, y, w, h, times int) *image.RGBA {
	floor := func(v int) int { return int(math.Floor(float64(v) / float64(times))) }
	x0, y0, x1, y1 := floor(x)-1, floor(y)-1, floor(x+w-1)+2, floor(y+h-1)+2
	from := Picture(p, l, l.coarse, x0, y0, x1-x0, y1-y0, 1)
	cols, shares := taps(x, x0, w, times)
	rows, parts := taps(y, y0, h, times)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	at := out.Pix
	for j := range h {
		top := from.Pix[rows[j]*from.Stride:]
		below := top[from.Stride:]
		v := parts[j]
		for i := range w {
			k, u := 4*cols[i], shares[i]
			for n := range 3 {
				a := float32(top[k+n])*(1-u) + float32(top[k+4+n])*u
				b := float32(below[k+n])*(1-u) + float32(below[k+4+n])*u
				at[n] = uint8(a + (b-a)*v + 0.5)
			}
			at[3] = 255
			at = at[4:]
		}
	}
	return out
}

// taps are, for n pixels of the larger world from one on, the smaller world's pixel before each and how far it lies past its middle.
func taps(first, origin, n, times int) (before []int, share []float32) {
	before, share = make([]int, n), make([]float32, n)
	for i := range n {
		g := (float64(first+i)+0.5)/float64(times) - 0.5
		f := math.Floor(g)
		before[i], share[i] = int(f)-origin, float32(g-f)
	}
	return before, share
}
