package ocr

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/image/draw"
)

const (
	readHeight = 48  // of the line pictures that the graph takes
	batch      = 16  // lines at once; more gain nothing on few cores
	readAbove  = 0.6 // below, what was read is not text
)

// letters reads boxes. Lines of like width share a batch, as each is as wide as its widest.
func (r *Reader) letters(ctx context.Context, img *image.RGBA, boxes []image.Rectangle) ([]Line, error) {
	slices.SortFunc(boxes, func(a, b image.Rectangle) int {
		return cmp.Or(cmp.Compare(width(a), width(b)), a.Min.Y-b.Min.Y, a.Min.X-b.Min.X)
	})
	var out []Line
	for part := range slices.Chunk(boxes, batch) {
		lines, err := r.batch(ctx, img, part)
		if err != nil {
			return nil, err
		}
		out = append(out, lines...)
	}
	slices.SortFunc(out, func(a, b Line) int { return cmp.Or(a.Box.Min.Y-b.Box.Min.Y, a.Box.Min.X-b.Box.Min.X) })
	return out, nil
}

// width is a box's at the graph's height.
func width(b image.Rectangle) int {
	return max(readHeight, int(math.Ceil(float64(readHeight*b.Dx())/float64(b.Dy()))))
}

func (r *Reader) batch(ctx context.Context, img *image.RGBA, boxes []image.Rectangle) ([]Line, error) {
	w := width(boxes[len(boxes)-1])
	plane := readHeight * w
	data := make([]float32, len(boxes)*3*plane)
	for i, b := range boxes {
		line := image.NewRGBA(image.Rect(0, 0, min(w, width(b)), readHeight))
		draw.CatmullRom.Scale(line, line.Rect, img, b, draw.Src, nil)
		for y := range readHeight {
			for x := range line.Rect.Dx() {
				p := line.Pix[line.PixOffset(x, y):]
				for c := range 3 {
					data[i*3*plane+c*plane+y*w+x] = float32(p[2-c])/127.5 - 1
				}
			}
		}
	}
	start := time.Now()
	shape, prob, err := tensor(ctx, r.read, ort.NewShape(int64(len(boxes)), 3, readHeight, int64(w)), data)
	if err != nil {
		return nil, err
	}
	r.options.Observe("ocr-read", time.Since(start))
	if len(shape) != 3 || int(shape[0]) != len(boxes) || int(shape[2]) != len(r.keys) {
		return nil, fmt.Errorf("%w: recognition gave %v for %d lines and %d letters", ErrRead, shape, len(boxes), len(r.keys))
	}
	var out []Line
	steps, classes := int(shape[1]), int(shape[2])
	for i, b := range boxes {
		text, score := r.decode(prob[i*steps*classes:(i+1)*steps*classes], classes)
		if text = strings.Trim(text, " ·.•_-'|:,"); believable(text, score) {
			out = append(out, Line{text, score, b})
		}
	}
	return out, nil
}

// believable says whether a line is text: symbols, dots and corners of buildings are read as one letter, unsurely.
func believable(text string, score float64) bool {
	letters := []rune(text)
	switch len(letters) {
	case 0:
		return false
	case 1:
		return unicode.Is(unicode.Han, letters[0]) && score > 0.95
	}
	return score >= readAbove
}

// decode is CTC's greedy reading: the likeliest letter of each step, repeats and blanks left out (Graves et al., 2006).
func (r *Reader) decode(prob []float32, classes int) (string, float64) {
	var text strings.Builder
	sum, n, before := 0.0, 0, 0
	for ; len(prob) >= classes; prob = prob[classes:] {
		best := 0
		for k, p := range prob[:classes] {
			if p > prob[best] {
				best = k
			}
		}
		if best != 0 && best != before {
			text.WriteString(r.keys[best])
			sum, n = sum+float64(prob[best]), n+1
		}
		before = best
	}
	return text.String(), sum / float64(max(1, n))
}
