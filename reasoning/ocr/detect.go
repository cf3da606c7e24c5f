package ocr

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/image/draw"

	"github.com/precinct-map/precinct/geo"
)

// How detection's map of probabilities becomes boxes (DBNet's post-processing, Liao et al., arXiv:1911.08947).
const (
	enlarge     = 1.5 // letters of 12 px are small for the graph: at half as large again it misses hardly any
	multiple    = 32  // the graph wants edges that are
	textAbove   = 0.3 // a pixel is text
	boxAbove    = 0.5 // mean over a box
	unclip      = 1.6 // the graph marks the middle of a line: its box is grown by area·unclip/perimeter
	leastHeight = 5   // pixels of the enlarged picture, before it is grown
	mostHeight  = 72  // likewise: a row of large buildings looks like letters of 50 px and more
	leastFill   = 0.4 // of its box: what fills less is no line of text
	steep       = 0.2 // slope of a line's axis beyond which it is not level
)

// find gives the boxes of level lines in pixels of the picture, where what may be text reaches into a part of it.
func (r *Reader) find(ctx context.Context, img *image.RGBA, core image.Rectangle) ([]image.Rectangle, error) {
	ps := patches(img, core)
	if len(ps) == 0 {
		return nil, nil
	}
	small := sheet(img, ps)
	w, h := small.Rect.Dx(), small.Rect.Dy()
	up := func(n int) int { return int(math.Ceil(float64(n)*enlarge/multiple)) * multiple }
	nw, nh := up(w), up(h)
	big := image.NewRGBA(image.Rect(0, 0, nw, nh))
	draw.CatmullRom.Scale(big, image.Rect(0, 0, int(float64(w)*enlarge), int(float64(h)*enlarge)), small, small.Rect, draw.Src, nil)
	start := time.Now()
	shape, prob, err := tensor(ctx, r.detect, ort.NewShape(1, 3, int64(nh), int64(nw)), normalised(big))
	if err != nil {
		return nil, err
	}
	r.options.Observe("ocr-detect", time.Since(start))
	if len(shape) != 4 || int(shape[2]) != nh || int(shape[3]) != nw {
		return nil, fmt.Errorf("%w: detection gave %v for %d×%d px", ErrRead, shape, nw, nh)
	}
	mask := geo.NewMask(geo.Window{W: nw, H: nh})
	for y := range nh {
		for x := range nw {
			if prob[y*nw+x] > textAbove {
				mask.Set(x, y)
			}
		}
	}
	var boxes []image.Rectangle
	for _, c := range geo.Components(mask, 8) {
		b, ok := boxOf(c, prob, nw)
		if !ok {
			continue
		}
		b = image.Rect(int(float64(b.Min.X)/enlarge), int(float64(b.Min.Y)/enlarge),
			int(math.Ceil(float64(b.Max.X)/enlarge)), int(math.Ceil(float64(b.Max.Y)/enlarge)))
		if p := home(ps, b); p != nil {
			boxes = append(boxes, b.Sub(p.at).Add(p.box.Min).Intersect(img.Rect))
		}
	}
	return inLine(boxes), nil
}

// boxOf is a component's box, grown; ok is false for specks, for what is hardly text, and for what runs at an angle.
func boxOf(c *geo.Mask, prob []float32, stride int) (image.Rectangle, bool) {
	e := c.Extent()
	if e.H < leastHeight || e.W < leastHeight || e.H > mostHeight {
		return image.Rectangle{}, false
	}
	var n, sum, mx, my, xx, yy, xy float64
	for y := e.Y; y < e.Y+e.H; y++ {
		for x := e.X; x < e.X+e.W; x++ {
			if !c.At(x-c.Window.X, y-c.Window.Y) {
				continue
			}
			dx, dy := float64(x-e.X), float64(y-e.Y)
			n, sum = n+1, sum+float64(prob[y*stride+x])
			mx, my, xx, yy, xy = mx+dx, my+dy, xx+dx*dx, yy+dy*dy, xy+dx*dy
		}
	}
	xx, yy, xy = xx/n-mx*mx/n/n, yy/n-my*my/n/n, xy/n-mx*my/n/n
	level := e.W < 2*e.H || math.Abs(xy) < steep*(xx-yy) // the axis of inertia; a short word has none worth the name
	if sum/n < boxAbove || n < leastFill*float64(e.W*e.H) || !level || e.H > 2*e.W {
		return image.Rectangle{}, false
	}
	grow := int(math.Round(float64(e.W*e.H) * unclip / float64(2*(e.W+e.H))))
	return image.Rect(e.X-grow, e.Y-grow, e.X+e.W+grow, e.Y+e.H+grow), true
}

// inLine joins boxes that stand beside each other: a wide space parts a line in two.
func inLine(boxes []image.Rectangle) []image.Rectangle {
	slices.SortFunc(boxes, func(a, b image.Rectangle) int { return cmp.Or(a.Min.X-b.Min.X, a.Min.Y-b.Min.Y) })
	var out []image.Rectangle
next:
	for _, b := range boxes {
		for i, a := range out {
			h := float64(max(a.Dy(), b.Dy()))
			shared := float64(min(a.Max.Y, b.Max.Y) - max(a.Min.Y, b.Min.Y))
			if float64(b.Min.X-a.Max.X) < 0.4*h && shared > 0.8*float64(min(a.Dy(), b.Dy())) && shared > 0.5*h {
				out[i] = a.Union(b)
				continue next
			}
		}
		out = append(out, b)
	}
	return out
}

// normalised is a picture as planes of blue, green and red, with ImageNet's mean and deviation, as the graph was trained.
func normalised(img *image.RGBA) []float32 {
	mean, deviation := [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := make([]float32, 3*w*h)
	for y := range h {
		row := img.Pix[y*img.Stride:]
		for x := range w {
			for c := range 3 {
				out[c*w*h+y*w+x] = (float32(row[4*x+2-c])/255 - mean[c]) / deviation[c]
			}
		}
	}
	return out
}
