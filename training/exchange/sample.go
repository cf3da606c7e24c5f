package exchange

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"strings"

	"golang.org/x/image/draw"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/reader"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/dataset"
)

// sample is a row as a model is asked and ought to answer.
type sample struct {
	row             *dataset.Row
	number          int // within its split
	plan, satellite []byte
	width, height   int
	question        string
	answer          string // with an empty thought
	boxes           []reasoning.Box
	mask            training.Runs // in pixels of the pictures
}

// placeholder is where verl and Qwen's trainer put a picture; it must not be in a phrase.
const placeholder = "<image>"

// sample makes what is asked and answered of a row. What cannot be is a fault.
func (e *exporter) sample(r *dataset.Row, number int) (*sample, error) {
	if strings.Contains(r.Problem, placeholder) {
		return nil, &dataset.Fault{Reason: "its phrase holds " + placeholder}
	}
	p, err := e.pictures(r)
	if err != nil {
		return nil, err
	}
	truth, err := r.Truth()
	if err != nil {
		return nil, err
	}
	mask := nearest(truth, p.width, p.height)
	prompts := e.answers(mask)
	if len(prompts) == 0 {
		return nil, &dataset.Fault{Reason: "no piece of its mask has more than ten pixels"}
	}
	stage := reasoning.Localize
	if e.options.Mode == reasoning.NoReflection {
		stage = reasoning.Single
	}
	s := &sample{row: r, number: number, plan: p.plan, satellite: p.satellite, width: p.width, height: p.height, question: e.options.Dialect.Text(stage, r.Problem, ""),
		answer: reasoning.FormatAnswer("", prompts), mask: training.RunsOf(mask)}
	for _, a := range prompts {
		s.boxes = append(s.boxes, *a.Box)
	}
	return s, nil
}

// answers are the boxes of the mask's pieces in the dialect's frame, with points where they are asked for.
func (e *exporter) answers(mask *geo.Mask) []reasoning.Prompt {
	var out []reasoning.Prompt
	frame := func(v float64, _ int) float64 { return v }
	if e.options.Dialect.Relative {
		frame = func(v float64, edge int) float64 { return math.Round(v * 1000 / float64(edge)) }
	}
	w, h := mask.Window.W, mask.Window.H
	for _, piece := range training.Pieces(mask) {
		b := training.BoxOf(piece, mask.Window)
		a := reasoning.Prompt{Box: &reasoning.Box{frame(b[0], w), frame(b[1], h), frame(b[2], w), frame(b[3], h)}}
		if e.options.Mode == reasoning.NoReflection {
			for _, at := range reader.TwoPoints(piece, mask.Window) {
				a.Points = append(a.Points, reasoning.Point{frame(at[0], w), frame(at[1], h)})
			}
		}
		out = append(out, a)
	}
	return out
}

// scaledPictures are a row's in the dialect's size, kept for the next row of the same.
type scaledPictures struct {
	fromPlan, fromSatellite []byte
	plan, satellite         []byte
	width, height           int
}

// pictures are the row's, byte by byte where they have the size that the dialect keeps; a server or trainer would resize them otherwise, and
// its coordinates would be of another frame.
func (e *exporter) pictures(r *dataset.Row) (*scaledPictures, error) {
	p := &e.last
	if bytes.Equal(p.fromPlan, r.Map) && bytes.Equal(p.fromSatellite, r.Satellite) && p.width > 0 {
		return p, nil
	}
	plan, satellite, _, err := r.Pictures()
	if err != nil {
		return nil, err
	}
	at := plan.Bounds().Size()
	w, h := e.options.Dialect.Size(at.X, at.Y)
	*p = scaledPictures{r.Map, r.Satellite, r.Map, r.Satellite, w, h}
	if w == at.X && h == at.Y {
		return p, nil
	}
	if p.plan, err = scaled(plan, w, h); err != nil {
		return nil, err
	}
	p.satellite, err = scaled(satellite, w, h)
	return p, err
}

// scaled is a picture in another size, bicubic as where the model is served.
func scaled(img image.Image, w, h int) ([]byte, error) {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, img, img.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, out)
	return b.Bytes(), err
}

// nearest is a mask in another size, at zero: source pixel = ⌊destination × ratio⌋, as masks are resized everywhere.
func nearest(m *geo.Mask, w, h int) *geo.Mask {
	out := geo.NewMask(geo.Window{W: w, H: h})
	for y := range h {
		for x := range w {
			if m.At(x*m.Window.W/w, y*m.Window.H/h) {
				out.Set(x, y)
			}
		}
	}
	return out
}

// truthText is the reward's side of a sample: fields of a line of `precinct score reward`, and of the environment's.
func (s *sample) truthText() (string, error) {
	data, err := json.Marshal(struct {
		Boxes []reasoning.Box `json:"gt_boxes"`
		Mask  training.Runs   `json:"gt_mask"`
	}{s.boxes, s.mask})
	return string(data), err
}
