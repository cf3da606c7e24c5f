package sam

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/onnx"
)

// Labels of SAM's prompt points.
const (
	labelPadding = -1
	labelInside  = 1
	labelTopLeft = 2
	labelBottom  = 3
)

const maskInput = 256 // edge of the mask that a decoder may be given; we give none

// embedding is an encoded picture. It is read-only.
type embedding struct {
	segmenter *Segmenter
	frame     frame
	features  map[string]feature
}

type feature struct {
	shape ort.Shape
	data  []float32
}

// Bytes is the memory that the embedding holds.
func (e *embedding) Bytes() int {
	n := 256
	for _, f := range e.features {
		n += 4 * len(f.data)
	}
	return n
}

// Masks draws one prompt. Coordinates beyond the picture are brought to its edge; a prompt without a finite point and
// without a box that has an area in the picture is refused.
func (e *embedding) Masks(ctx context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	coords, labels, err := e.points(p)
	if err != nil {
		return nil, &reasoning.Error{Op: "draw", Subject: "prompt", Err: fmt.Errorf("%w: %v", reasoning.ErrSegmenter, err)}
	}
	in, err := e.inputs(coords, labels)
	defer onnx.Destroy(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", reasoning.ErrSegmenter, err)
	}
	out := make([]ort.Value, 2)
	start := time.Now()
	if err := e.segmenter.decoder.Run(ctx, in, out); err != nil {
		return nil, err
	}
	e.segmenter.options.Observe("decoder", time.Since(start))
	defer onnx.Destroy(out)
	logits, ok1 := out[0].(*ort.Tensor[float32])
	scores, ok2 := out[1].(*ort.Tensor[float32])
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%w: the decoder's outputs are no float32 tensors", reasoning.ErrSegmenter)
	}
	return e.candidates(logits, scores)
}

func (e *embedding) candidates(logits, scores *ort.Tensor[float32]) ([]reasoning.Candidate, error) {
	shape := logits.GetShape()
	if len(shape) != 4 || len(scores.GetData()) < int(shape[1]) {
		return nil, fmt.Errorf("%w: the decoder's masks have shape %v and its scores %v", reasoning.ErrSegmenter, shape, scores.GetShape())
	}
	h, w := int(shape[2]), int(shape[3])
	var out []reasoning.Candidate
	for i := range int(shape[1]) {
		plane := logits.GetData()[i*h*w : (i+1)*h*w]
		score := math.Max(0, math.Min(1, float64(scores.GetData()[i])))
		out = append(out, reasoning.Candidate{Mask: e.threshold(plane, w, h), Score: score})
	}
	slices.SortStableFunc(out, func(a, b reasoning.Candidate) int { return cmp.Compare(b.Score, a.Score) })
	return out, nil
}

// points are the prompt in the square's coordinates.
func (e *embedding) points(p reasoning.Prompt) (coords, labels []float32, err error) {
	add := func(x, y, label float64) {
		coords = append(coords, float32(x*e.frame.sx), float32(y*e.frame.sy))
		labels = append(labels, float32(label))
	}
	w, h := float64(e.frame.w), float64(e.frame.h)
	for _, q := range p.Points {
		if finite(q[:]) {
			add(clamp(q[0], w), clamp(q[1], h), labelInside)
		}
	}
	if p.Box == nil {
		if len(labels) == 0 {
			return nil, nil, fmt.Errorf("it has neither a box nor a point")
		}
		add(0, 0, labelPadding)
		return coords, labels, nil
	}
	b := *p.Box
	if !finite(b[:]) {
		return nil, nil, fmt.Errorf("the box %v is not finite", b)
	}
	x0, y0, x1, y1 := clamp(b[0], w), clamp(b[1], h), clamp(b[2], w), clamp(b[3], h)
	if x1 <= x0 || y1 <= y0 {
		return nil, nil, fmt.Errorf("the box %v has no area in the picture of %d×%d px", b, e.frame.w, e.frame.h)
	}
	add(x0, y0, labelTopLeft)
	add(x1, y1, labelBottom)
	return coords, labels, nil
}

func clamp(v, limit float64) float64 { return math.Max(0, math.Min(limit, v)) }

func finite(vs []float64) bool {
	return !slices.ContainsFunc(vs, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// inputs are the decoder's values in its own order.
func (e *embedding) inputs(coords, labels []float32) ([]ort.Value, error) {
	n := int64(len(labels))
	var out []ort.Value
	for _, name := range e.segmenter.family.prompts {
		var shape ort.Shape
		var data []float32
		switch name {
		case "point_coords":
			shape, data = ort.NewShape(1, n, 2), coords
		case "point_labels":
			shape, data = ort.NewShape(1, n), labels
		case "mask_input":
			shape, data = ort.NewShape(1, 1, maskInput, maskInput), make([]float32, maskInput*maskInput)
		case "has_mask_input":
			shape, data = ort.NewShape(1), []float32{0}
		case "orig_im_size":
			// The graph enlarges its masks to this size, which costs more than drawing them; we use its small ones.
			shape, data = ort.NewShape(2), []float32{64, 64}
		default:
			f := e.features[e.segmenter.family.feature[name]]
			shape, data = f.shape, f.data
		}
		t, err := ort.NewTensor(shape, data)
		if err != nil {
			return out, err
		}
		out = append(out, t)
	}
	return out, nil
}

// threshold enlarges logits bilinearly to the picture's size and keeps what is above zero. The logits cover the whole
// square, the picture perhaps a part of it.
func (e *embedding) threshold(logits []float32, w, h int) *geo.Mask {
	m := geo.NewMask(geo.Window{W: e.frame.w, H: e.frame.h})
	xs := covered(e.frame.w, e.frame.sx, w)
	ys := covered(e.frame.h, e.frame.sy, h)
	row := make([]float32, w)
	for y, ty := range ys {
		upper, lower := logits[ty.a*w:(ty.a+1)*w], logits[ty.b*w:(ty.b+1)*w]
		anything := false
		for i := range row {
			row[i] = upper[i] + ty.t*(lower[i]-upper[i])
			anything = anything || row[i] > 0
		}
		if !anything {
			continue // most rows of most masks
		}
		words := m.Row(y)
		for x, tx := range xs {
			if row[tx.a]+tx.t*(row[tx.b]-row[tx.a]) > 0 {
				words[x>>6] |= 1 << (uint(x) & 63)
			}
		}
	}
	return m
}

// covered are the taps of n picture pixels in m logits that cover the square's side.
func covered(n int, scale float64, m int) []tap {
	out := make([]tap, n)
	step := scale * float64(m) / side
	for i := range out {
		at := math.Max(0, (float64(i)+0.5)*step-0.5)
		a := min(int(at), m-1)
		out[i] = tap{a, min(a+1, m-1), float32(at - float64(a))}
	}
	return out
}
