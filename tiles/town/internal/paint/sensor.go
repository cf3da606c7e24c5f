package paint

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// block is the edge of JPEG's blocks of colour, in pixels. Blocks lie on the world's lattice, so that tiles agree on them.
const block = 16

// frame is where a picture of w×h pixels lies in the canvas that it is painted on, which is larger: the point spread reaches
// in from beyond, and compression takes whole blocks.
type frame struct {
	outer, whole, inner image.Rectangle // of the canvas, of whole blocks, of the picture, in the world's pixels
}

func (l *Look) frame(x, y, w, h int, ppm float64) frame {
	f := frame{inner: image.Rect(x, y, x+w, y+h)}
	f.whole = f.inner
	if l.quality > 0 {
		floor := func(v int) int { return v &^ (block - 1) }
		f.whole = image.Rect(floor(x), floor(y), floor(x+w+block-1), floor(y+h+block-1))
	}
	// What is smoothed twice reaches as far as both together.
	f.outer = f.whole.Inset(-mostBump - max(0, len(gaussian(l.spread*ppm))-1) - max(0, len(gaussian(l.soft*ppm))-1))
	return f
}

// gaussian is one side of a kernel from its middle on, of a standard deviation in pixels; nil where that is well below one.
func gaussian(sigma float64) []float32 {
	if sigma = math.Min(2.5, sigma); sigma < 0.35 {
		return nil
	}
	out := make([]float32, int(math.Ceil(2.2*sigma))+1)
	sum := 0.0
	for i := range out {
		v := math.Exp(-float64(i*i) / (2 * sigma * sigma))
		out[i] = float32(v)
		sum += v
		if i > 0 {
			sum += v
		}
	}
	for i := range out {
		out[i] /= float32(sum)
	}
	return out
}

// smooth convolves planes of n interleaved values with a kernel, along rows and then columns.
func smooth(v []float32, w, h, n int, kernel []float32) {
	half := len(kernel) - 1
	line := make([]float32, max(w, h)*n)
	pass := func(start, count, step int) {
		for i := range count {
			copy(line[i*n:i*n+n], v[start+i*step:])
		}
		for i := half; i < count-half; i++ {
			for k := range n {
				sum := line[i*n+k] * kernel[0]
				for d := 1; d <= half; d++ {
					sum += (line[(i-d)*n+k] + line[(i+d)*n+k]) * kernel[d]
				}
				v[start+i*step+k] = sum
			}
		}
	}
	for y := range h {
		pass(y*w*n, w, n)
	}
	for x := range w {
		pass(x*n, h, w*n)
	}
}

// finish makes the picture that the sensor delivers: light that varies over the land, the optics, the grading, grain and
// compression.
func (c *canvas) finish(f frame) *image.RGBA {
	l := c.look
	if kernel := gaussian(l.spread * c.ppm); kernel != nil {
		smooth(c.rgb, c.w, c.h, 3, kernel)
	}
	out := image.NewRGBA(f.whole.Sub(f.inner.Min))
	at := out.Pix
	const middle = 118
	for y := f.whole.Min.Y; y < f.whole.Max.Y; y++ {
		for x := f.whole.Min.X; x < f.whole.Max.X; x++ {
			i := (y-f.outer.Min.Y)*c.w + x - f.outer.Min.X
			p := c.rgb[3*i:]
			r, g, b := p[0], p[1], p[2]
			grey := 0.3*r + 0.59*g + 0.11*b
			k := 1 + 0.045*c.wide[i] + 0.02*c.grain[i]
			n := c.speckle(x, y)
			tone := func(v, gain, haze, speck float32) uint8 {
				v = (grey + (v-grey)*l.saturation) * (k * gain)
				return clamp(l.curve.at(v*l.contrast+middle*(1-l.contrast)) + haze + speck)
			}
			at[0], at[1], at[2] = tone(r, l.gain.r, l.haze.r, n.r), tone(g, l.gain.g, l.haze.g, n.g), tone(b, l.gain.b, l.haze.b, n.b)
			at[3] = 255
			at = at[4:]
		}
	}
	return l.compress(out, f)
}

// speckle is a pixel's noise, most of it the same in all channels.
func (c *canvas) speckle(x, y int) colour {
	amount := c.look.noise
	if amount == 0 {
		return colour{}
	}
	world := int(plan.CellSize * plan.Around * c.ppm)
	h := plan.Hash(77, 10, wrap(x, world), wrap(y, world))
	part := func(shift uint) float32 { return float32(int8(h>>shift)) / 74 } // even, of standard deviation 1
	all := (part(0) + part(8)) * 0.6 * amount
	return colour{all + part(16)*0.4*amount, all + part(24)*0.3*amount, all + part(32)*0.5*amount}
}

// compress takes a picture through JPEG and cuts it out.
func (l *Look) compress(img *image.RGBA, f frame) *image.RGBA {
	if l.quality > 0 {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: l.quality}); err != nil {
			panic(err) // a buffer takes all, and only pictures of 2¹⁶ pixels a side are refused
		}
		got, err := jpeg.Decode(&b)
		if err != nil {
			panic(err)
		}
		ycc := got.(*image.YCbCr)
		at := img.Pix
		for y := range ycc.Rect.Dy() {
			for x := range ycc.Rect.Dx() {
				k := ycc.YCbCrAt(x, y)
				at[0], at[1], at[2] = color.YCbCrToRGB(k.Y, k.Cb, k.Cr)
				at = at[4:]
			}
		}
	}
	if f.whole == f.inner {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, f.inner.Dx(), f.inner.Dy()))
	for y := range out.Rect.Dy() {
		copy(out.Pix[y*out.Stride:][:out.Stride], img.Pix[img.PixOffset(0, y):])
	}
	return out
}
