package reader

import (
	"cmp"
	"image"
	"slices"

	"github.com/precinct-map/precinct/geo"
)

// Colours of a map are few and flat: the ground is the most frequent, and what covers at least leastShare of the picture
// in one other colour is drawn ground too: buildings, streets, water. Letters and lines are rarer.
const (
	leastShare  = 0.01
	mostColours = 8
	sameColour  = 6 // of 255 a channel: JPEG and dithering move flat colours a little
)

// taken is the ground that the map draws as something else: other buildings, streets, water. A place that the map knows
// only by its label lies beside it, not on it.
func taken(img *image.RGBA, w geo.Window) *geo.Mask {
	colours := flatColours(img)
	m := geo.NewMask(w)
	if len(colours) < 2 {
		return m
	}
	for y := range w.H {
		row := img.Pix[y*img.Stride:]
		for x := range w.W {
			p := row[4*x : 4*x+3]
			if near(p, colours[0]) {
				continue
			}
			if slices.ContainsFunc(colours[1:], func(c [3]uint8) bool { return near(p, c) }) {
				m.Set(x, y)
			}
		}
	}
	return m
}

// flatColours are the frequent colours, the most frequent first.
func flatColours(img *image.RGBA) [][3]uint8 {
	count := map[[3]uint8]int{}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for y := 0; y < h; y += 2 { // every fourth pixel tells as much
		row := img.Pix[y*img.Stride:]
		for x := 0; x < w; x += 2 {
			count[[3]uint8{row[4*x], row[4*x+1], row[4*x+2]}]++
		}
	}
	least := int(leastShare * float64(w*h/4))
	var out [][3]uint8
	for c, n := range count {
		if n >= least {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b [3]uint8) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), slices.Compare(a[:], b[:]))
	})
	return out[:min(len(out), mostColours)]
}

func near(p []uint8, c [3]uint8) bool {
	for i := range 3 {
		if d := int(p[i]) - int(c[i]); d > sameColour || d < -sameColour {
			return false
		}
	}
	return true
}
