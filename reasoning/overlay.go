package reasoning

import (
	"image"
	"image/draw"
	"math"

	"github.com/precinct-map/precinct/geo"
)

// The overlay's look is part of the method: what the model was trained to see.
const (
	outlineWidth = 2
	maskAlpha    = 102 // of 255: int(255 × 0.4)
)

// Overlay renders what stage 1 found on a picture for stage 2: the boxes' outlines in blue, two pixels wide inward from
// the corners, then red over every pixel of the mask. Boxes are pixels of the picture; one with swapped corners is left out. A mask
// of another size is resized by nearest neighbour, source pixel = ⌊destination × ratio⌋. The picture itself is not changed.
func Overlay(img image.Image, boxes []Box, mask *geo.Mask) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	for _, box := range boxes {
		outline(out, box)
	}
	if mask != nil && mask.Window.W > 0 && mask.Window.H > 0 {
		redden(out, mask)
	}
	return out
}

// outline draws as Pillow's ImageDraw.rectangle(box, outline=…, width=2) does, small boxes included, whose sides it lets
// stick out: corners are drawn pixels, fractions are cut off towards zero, and the sides run between the bars.
func outline(img *image.RGBA, box Box) {
	for _, v := range box {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
	}
	if box[2] < box[0] || box[3] < box[1] {
		return
	}
	x0, y0, x1, y1 := truncate(box[0]), truncate(box[1]), truncate(box[2]), truncate(box[3])
	for i := range outlineWidth {
		horizontal(img, x0, x1, y0+i)
		horizontal(img, x0, x1, y1-i)
		vertical(img, x1-i, y0+outlineWidth, y1-outlineWidth+1)
		vertical(img, x0+i, y0+outlineWidth, y1-outlineWidth+1)
	}
}

// truncate keeps coordinates within what a picture can have, so that absurd boxes cost nothing.
func truncate(v float64) int { return int(math.Max(-1<<20, math.Min(1<<20, v))) }

func horizontal(img *image.RGBA, x0, x1, y int) {
	if y < 0 || y >= img.Rect.Dy() {
		return
	}
	for x := max(0, x0); x <= min(x1, img.Rect.Dx()-1); x++ {
		blue(img, x, y)
	}
}

// vertical goes from y0 towards y1, in either direction, and stops short of it.
func vertical(img *image.RGBA, x, y0, y1 int) {
	if x < 0 || x >= img.Rect.Dx() {
		return
	}
	if y1 < y0 {
		y0, y1 = y1+1, y0+1
	}
	for y := max(0, y0); y < min(y1, img.Rect.Dy()); y++ {
		blue(img, x, y)
	}
}

func blue(img *image.RGBA, x, y int) { copy(img.Pix[img.PixOffset(x, y):], []uint8{0, 0, 255, 255}) }

func redden(img *image.RGBA, mask *geo.Mask) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	rx, ry := float64(mask.Window.W)/float64(w), float64(mask.Window.H)/float64(h)
	for y := range h {
		row := img.Pix[y*img.Stride:]
		my := int(float64(y) * ry)
		for x := range w {
			if mask.At(int(float64(x)*rx), my) {
				p := row[4*x : 4*x+4]
				p[0], p[1], p[2] = blend(255, p[0]), blend(0, p[1]), blend(0, p[2])
			}
		}
	}
}

// blend is Pillow's 8-bit compositing: over·α + under·(255−α), divided by 255 with rounding by shifts.
func blend(over, under uint8) uint8 {
	v := int(over)*maskAlpha + int(under)*(255-maskAlpha) + 128
	return uint8((v + v>>8) >> 8)
}
