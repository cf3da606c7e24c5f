package policy

import (
	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

// What the net sees: a window of Side × Side cells round an anchor, CellPixels of the picture each at scale 1.
const (
	Side           = 12
	CellPixels     = 24
	Cells          = Side * Side
	LabelFeatures  = 8
	CoarseFeatures = 8

	quarters   = 2 * Side // embedding values a side
	halfWindow = Side * CellPixels / 2
)

// View is how a window lies in a picture: its anchor in pixels, picture pixels a pixel of the window, and one of the eight turns of a
// square. Window coordinates are pixels from the anchor.
type View struct {
	X, Y  float64
	Scale float64
	Turn  uint8 // bit 0 mirrors x, bit 1 mirrors y, bit 2 exchanges them before
}

// To gives the window coordinates of a pixel of the picture.
func (v View) To(x, y float64) (u, w float64) {
	u, w = (x-v.X)/v.Scale, (y-v.Y)/v.Scale
	if v.Turn&4 != 0 {
		u, w = w, u
	}
	if v.Turn&1 != 0 {
		u = -u
	}
	if v.Turn&2 != 0 {
		w = -w
	}
	return u, w
}

// From is To's inverse.
func (v View) From(u, w float64) (x, y float64) {
	if v.Turn&1 != 0 {
		u = -u
	}
	if v.Turn&2 != 0 {
		w = -w
	}
	if v.Turn&4 != 0 {
		u, w = w, u
	}
	return v.X + u*v.Scale, v.Y + w*v.Scale
}

// BoxTo is a box of the picture in window coordinates, with its corners in order.
func (v View) BoxTo(b reasoning.Box) reasoning.Box { return mapBox(b, v.To) }

// BoxFrom is BoxTo's inverse.
func (v View) BoxFrom(b reasoning.Box) reasoning.Box { return mapBox(b, v.From) }

func mapBox(b reasoning.Box, f func(x, y float64) (float64, float64)) reasoning.Box {
	x0, y0 := f(b[0], b[1])
	x1, y1 := f(b[2], b[3])
	return reasoning.Box{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

// Label is a label of the map, in pixels of the picture.
type Label struct {
	X, Y  float64
	Class string
}

// LabelsIn fills out, Cells × LabelFeatures, with the labels that lie in a window: that there is one, where in its cell, whether it is of the
// asked class, of a known other one, and how many. The asked place's own label, at the anchor, is left out.
func LabelsIn(out []float32, labels []Label, v View, class string) {
	clear(out)
	for _, l := range labels {
		u, w := v.To(l.X, l.Y)
		x, y := (u+halfWindow)/CellPixels, (w+halfWindow)/CellPixels
		if x < 0 || y < 0 || x >= Side || y >= Side || abs(u)+abs(w) < CellPixels/2 {
			continue
		}
		f := out[(int(y)*Side+int(x))*LabelFeatures:]
		f[0], f[1], f[2] = 1, float32(x-float64(int(x))-0.5), float32(y-float64(int(y))-0.5)
		switch l.Class {
		case "":
		case class:
			f[3] = 1
		default:
			f[4] = 1
		}
		f[5] += 0.25
	}
}

func abs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}

// CoarseIn fills out, Cells × CoarseFeatures, with stage 1's answer as a window shows it: the coarse mask's share of each quarter of a
// cell, and whether the box's sides run through it. The mask's window is the picture's.
func CoarseIn(out []float32, mask *geo.Mask, box reasoning.Box, v View) {
	clear(out)
	const samples = 3 // a side of a quarter
	step := float64(CellPixels) / 2 / samples
	b := v.BoxTo(box)
	for r := range quarters {
		for c := range quarters {
			n := 0
			for k := range samples * samples {
				u := (float64(c*samples+k%samples)+0.5)*step - halfWindow
				w := (float64(r*samples+k/samples)+0.5)*step - halfWindow
				x, y := v.From(u, w)
				if x >= 0 && y >= 0 && int(x) < mask.Window.W && int(y) < mask.Window.H && mask.At(int(x), int(y)) {
					n++
				}
			}
			out[((r/2)*Side+c/2)*CoarseFeatures+(r%2)*2+c%2] = float32(n) / (samples * samples)
		}
	}
	cell := func(i int) (from, to float64) {
		return float64(i*CellPixels) - halfWindow, float64((i+1)*CellPixels) - halfWindow
	}
	for r := range Side {
		top, bottom := cell(r)
		for c := range Side {
			left, right := cell(c)
			f := out[(r*Side+c)*CoarseFeatures:]
			if bottom > b[1] && top < b[3] {
				f[4], f[5] = within(b[0], left, right), within(b[2], left, right)
			}
			if right > b[0] && left < b[2] {
				f[6], f[7] = within(b[1], top, bottom), within(b[3], top, bottom)
			}
		}
	}
}

func within(v, from, to float64) float32 {
	if v >= from && v < to {
		return 1
	}
	return 0
}
