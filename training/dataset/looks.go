package dataset

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// relook changes a picture as another sensor, season or hand might have: gamma, gain by channel, haze, saturation, resolution, grain, JPEG.
// The change is drawn by lot from the picture's hash and the look's number, so that it is always the same. Look 0 is the picture itself.
func relook(img *image.RGBA, hash string, look int) *image.RGBA {
	if look == 0 {
		return img
	}
	raw, err := hex.DecodeString(hash)
	if err != nil || len(raw) < 8 {
		panic(fmt.Sprintf("%q is no hash", hash)) // ours
	}
	seed := uint64(0)
	for _, b := range raw[:8] {
		seed = seed<<8 | uint64(b)
	}
	r := rand.New(rand.NewPCG(seed, uint64(look)))
	between := func(low, high float64) float64 { return low + (high-low)*r.Float64() }

	gamma, haze, saturation := between(0.6, 1.6), between(-0.08, 0.12), between(0, 1.3)
	var curve [3][256]float64
	for k := range curve {
		gain := between(0.7, 1.2)
		for i := range curve[k] {
			curve[k][i] = 255 * (gain*math.Pow(float64(i)/255, gamma) + haze)
		}
	}
	out := image.NewRGBA(img.Rect)
	for i := 0; i < len(img.Pix); i += 4 {
		p := [3]float64{curve[0][img.Pix[i]], curve[1][img.Pix[i+1]], curve[2][img.Pix[i+2]]}
		grey := (p[0] + p[1] + p[2]) / 3
		for k, v := range p {
			out.Pix[i+k] = clamp8(grey + saturation*(v-grey))
		}
		out.Pix[i+3] = 255
	}
	if r.Float64() < 0.6 {
		out = coarsened(out, between(1.2, 4))
	}
	if r.Float64() < 0.5 {
		grained(out, 255*between(0.02, 0.1), between(1, 4), r)
	}
	return compressed(out, int(between(40, 95)))
}

func clamp8(v float64) uint8 { return uint8(max(0, min(255, math.Round(v)))) }

// coarsened shows a picture as a sensor of so many times larger pixels does, enlarged again.
func coarsened(img *image.RGBA, times float64) *image.RGBA {
	size := img.Rect.Size()
	small := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(size.X)/times)), max(1, int(float64(size.Y)/times))))
	draw.CatmullRom.Scale(small, small.Rect, img, img.Rect, draw.Src, nil)
	out := image.NewRGBA(img.Rect)
	draw.BiLinear.Scale(out, out.Rect, small, small.Rect, draw.Src, nil)
	return out
}

// grained adds grey noise of a spread, in grains of so many pixels.
func grained(img *image.RGBA, spread, size float64, r *rand.Rand) {
	w := int(float64(img.Rect.Dx())/size) + 2
	h := int(float64(img.Rect.Dy())/size) + 2
	grains := make([]float64, w*h)
	for i := range grains {
		grains[i] = spread * r.NormFloat64()
	}
	for y := range img.Rect.Dy() {
		gy := float64(y) / size
		y0, ty := int(gy), gy-math.Floor(gy)
		for x := range img.Rect.Dx() {
			gx := float64(x) / size
			x0, tx := int(gx), gx-math.Floor(gx)
			at := grains[y0*w+x0:]
			under := grains[(y0+1)*w+x0:]
			n := (1-ty)*((1-tx)*at[0]+tx*at[1]) + ty*((1-tx)*under[0]+tx*under[1])
			p := img.Pix[y*img.Stride+4*x:]
			for k := range 3 {
				p[k] = clamp8(float64(p[k]) + n)
			}
		}
	}
}

func compressed(img *image.RGBA, quality int) *image.RGBA {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		panic(err) // a buffer takes all, and pictures of rows are small enough
	}
	read, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	out := image.NewRGBA(img.Rect)
	draw.Draw(out, out.Rect, read, read.Bounds().Min, draw.Src)
	return out
}
