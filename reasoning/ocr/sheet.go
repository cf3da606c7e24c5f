package ocr

import (
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"github.com/precinct-map/precinct/geo"
)

// Most of a map is ground without a word, and detection takes as long for it as for text. What may be text is cut out, packed on a
// smaller sheet and looked at there: letters stand out from what is beside them, or nobody could read them.
const (
	grain         = 8  // pixels: of what is cut out; half the least gap between two patches
	contrast      = 64 // of 255, within two pixels: twice what edges of buildings and streets have, half of what pale letters have
	leastContrast = 3  // pixels of such contrast that make a square of that size text
	leastText     = 24 // that make a patch worth a look: fewer than two letters of 10 px have
	between       = 16 // pixels on the sheet, that no line runs from one patch into the next
)

// patch is a part of a picture that was cut out, with a square of its surroundings.
type patch struct {
	blocks *geo.Mask // in squares of the picture; patches share none
	box    image.Rectangle
	at     image.Point // of the box's corner on the sheet
}

// patches finds the parts of a picture that may be text and reach into a part of it, from top to bottom.
func patches(img *image.RGBA, core image.Rectangle) []*patch {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	grid := geo.Window{W: (w + grain - 1) / grain, H: (h + grain - 1) / grain}
	edges := contrasts(img, grid)
	near := geo.NewMask(grid)
	for i, n := range edges {
		if n >= leastContrast {
			x, y := i%grid.W, i/grid.W
			for row := max(0, y-1); row < min(grid.H, y+2); row++ {
				near.SetRun(row, max(0, x-1), min(grid.W, x+2))
			}
		}
	}
	var out []*patch
	for _, c := range geo.Components(near, 8) {
		e := c.Window
		p := &patch{blocks: c, box: image.Rect(e.X*grain, e.Y*grain, (e.X+e.W)*grain, (e.Y+e.H)*grain).Intersect(img.Rect)}
		n := 0
		for y := range e.H {
			for x := range e.W {
				if c.At(x, y) {
					n += edges[(e.Y+y)*grid.W+e.X+x]
				}
			}
		}
		if n >= leastText && p.box.Overlaps(core) {
			out = append(out, p)
		}
	}
	return out
}

// contrasts counts for each square the pixels that differ much from the next but one.
func contrasts(img *image.RGBA, grid geo.Window) []int {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := make([]int, grid.W*grid.H)
	for y := range h - 2 {
		for x := range w - 2 {
			p := img.Pix[y*img.Stride+4*x:]
			if far(p, p[8:]) || far(p, p[2*img.Stride:]) {
				out[(y+1)/grain*grid.W+(x+1)/grain]++
			}
		}
	}
	return out
}

func far(p, q []uint8) bool {
	for c := range 3 {
		if d := int(p[c]) - int(q[c]); d > contrast || d < -contrast {
			return true
		}
	}
	return false
}

// sheet packs patches in rows, the highest first, on paper of the picture's commonest colour. Where that would save nothing the sheet
// is the picture.
func sheet(img *image.RGBA, ps []*patch) *image.RGBA {
	area, width := 0, 0
	for _, p := range ps {
		area += (p.box.Dx() + between) * (p.box.Dy() + between)
		width = max(width, p.box.Dx())
	}
	width = max(width, int(1.1*math.Sqrt(float64(area))))
	slices.SortStableFunc(ps, func(a, b *patch) int { return cmp.Compare(b.box.Dy(), a.box.Dy()) })
	at, row := image.Point{}, 0
	for _, p := range ps {
		if at.X > 0 && at.X+p.box.Dx() > width {
			at = image.Pt(0, at.Y+row+between)
			row = 0
		}
		p.at = at
		at.X += p.box.Dx() + between
		row = max(row, p.box.Dy())
	}
	height := at.Y + row
	if width*height >= img.Rect.Dx()*img.Rect.Dy() {
		for _, p := range ps {
			p.at = p.box.Min
		}
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(out, out.Rect, image.NewUniform(commonest(img)), image.Point{}, draw.Src)
	for _, p := range ps {
		p.paste(out, img)
	}
	return out
}

// paste copies the patch's own blocks: what else lies in its box is another's, or no text.
func (p *patch) paste(out, img *image.RGBA) {
	e := p.blocks.Window
	for y := range e.H {
		for x := range e.W {
			if p.blocks.At(x, y) {
				from := image.Rect(0, 0, grain, grain).Add(image.Pt((e.X+x)*grain, (e.Y+y)*grain)).Intersect(p.box)
				draw.Draw(out, from.Sub(p.box.Min).Add(p.at), img, from.Min, draw.Src)
			}
		}
	}
}

// home gives the patch that a box on the sheet belongs to: the one that holds its middle.
func home(ps []*patch, box image.Rectangle) *patch {
	middle := box.Min.Add(box.Max).Div(2)
	for _, p := range ps {
		at := middle.Sub(p.at).Add(p.box.Min)
		if at.In(p.box) && p.blocks.At(at.X/grain-p.blocks.Window.X, at.Y/grain-p.blocks.Window.Y) {
			return p
		}
	}
	return nil
}

// commonest is the most frequent colour, of every fourth pixel.
func commonest(img *image.RGBA) color.RGBA {
	count := map[color.RGBA]int{}
	best := color.RGBA{255, 255, 255, 255}
	for y := 0; y < img.Rect.Dy(); y += 2 {
		for x := 0; x < img.Rect.Dx(); x += 2 {
			c := img.RGBAAt(x, y)
			count[c]++
			if count[c] > count[best] {
				best = c
			}
		}
	}
	return best
}
