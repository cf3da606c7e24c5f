package lessons

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	clicker "github.com/precinct-map/precinct/reasoning/reader"
)

// Second is a lesson of stage 2: a box that stage 1 gave to a place, the mask that came of it, where points should be put, and what
// became of several prompts. All in pixels of the picture.
type Second struct {
	Lesson Lesson
	Box    reasoning.Box
	Coarse *geo.Mask          // cropped to what it holds
	Points [2]reasoning.Point // what somebody would click who knows the place, see clicks
	Tries  []Try              // the first four are the box, the true box, the true box with points, and the box with points

	weight float64
}

// Try is a prompt, and the IoU of its mask with the place.
type Try struct {
	Box    reasoning.Box     `json:"box"`
	Points []reasoning.Point `json:"points,omitempty"`
	IoU    float64           `json:"iou"`
}

// The tries that every lesson begins with.
const (
	tryKept = iota
	tryTrue
	tryTruePoints
	tryKeptPoints
	firstTries
)

// Best is the try among the first four whose mask is best; the box as it is, where nothing is better.
func (s *Second) Best() Try {
	best := s.Tries[tryKept]
	for _, t := range s.Tries[:firstTries] {
		if t.IoU > best.IoU {
			best = t
		}
	}
	return best
}

// leastMissed is the share of a place that a coarse mask must miss for a point to be put there.
const leastMissed = 0.05

// clicks are the point deepest in a place, and the one deepest in what a mask misses of it; where it misses next to nothing, the place's
// other end.
func clicks(truth, coarse *geo.Mask) (out [2]reasoning.Point) {
	at := geo.Window{} // the picture's own pixels
	two := clicker.TwoPoints(truth, at)
	out[0], out[1] = two[0], two[len(two)-1]
	missed := truth.Clone()
	missed.AndNot(coarse)
	if float64(missed.Count()) >= leastMissed*float64(truth.Count()) {
		out[1] = clicker.TwoPoints(missed, at)[0]
	}
	return out
}

// Drawer draws prompts on lessons' pictures, of the embeddings that are kept. It is for one goroutine.
type Drawer struct {
	Segmenter reasoning.Restorer

	scene     *Scene
	embedding reasoning.Embedding
}

// Draw is the best mask of a prompt, in the picture's size; nil where the segmenter refuses the prompt. Errors are Scene.Kept's and the
// segmenter's.
func (d *Drawer) Draw(ctx context.Context, s *Scene, p reasoning.Prompt) (*geo.Mask, error) {
	if d.scene != s {
		if s.Kept == nil {
			return nil, &Error{Op: "draw", Subject: "on " + s.ID, Err: fmt.Errorf("%w: its embedding is not kept", ErrEmpty)}
		}
		size, f, err := s.Kept()
		if err != nil {
			return nil, err
		}
		if d.embedding, err = d.Segmenter.Restore(size, f); err != nil {
			return nil, err
		}
		d.scene = s
	}
	return reasoning.BestMask(ctx, d.embedding, p, geo.Window{W: s.Size.X, H: s.Size.Y})
}

// try draws a prompt, whose IoU is 0 where the segmenter refuses it.
func (d *Drawer) try(ctx context.Context, l Lesson, box reasoning.Box, points ...reasoning.Point) (Try, *geo.Mask, error) {
	t := Try{Box: box, Points: points}
	m, err := d.Draw(ctx, l.Scene, reasoning.Prompt{Box: &box, Points: points})
	if m != nil {
		t.IoU = m.IoU(l.Mask)
	}
	return t, m, err
}

// second makes the lesson of one box of stage 1; nil where the segmenter makes nothing of the box.
func (d *Drawer) second(ctx context.Context, l Lesson, box reasoning.Box, r *rand.Rand) (*Second, error) {
	kept, mask, err := d.try(ctx, l, box)
	if err != nil || mask == nil || mask.Count() == 0 {
		return nil, err
	}
	s := &Second{Lesson: l, Box: box, Coarse: mask.Crop(mask.Extent()), Points: clicks(l.Mask, mask), Tries: []Try{kept}}
	near, points := nearly(s, r)
	for _, t := range []Try{{Box: l.Box}, {Box: l.Box, Points: s.Points[:]}, {Box: box, Points: s.Points[:]}, {Box: near}, {Box: near, Points: points}} {
		t, _, err := d.try(ctx, l, t.Box, t.Points...)
		if err != nil {
			return nil, err
		}
		s.Tries = append(s.Tries, t)
	}
	return s, nil
}

// nearly is what a stage 2 that errs may say: a box between the given one and the true one, off by some, and points that are off.
func nearly(s *Second, r *rand.Rand) (box reasoning.Box, points []reasoning.Point) {
	truth := s.Lesson.Box
	side := max(truth[2]-truth[0], truth[3]-truth[1])
	t, off := math.Sqrt(r.Float64()), side*0.15*r.Float64()
	for i := range box {
		box[i] = s.Box[i] + t*(truth[i]-s.Box[i]) + off*r.NormFloat64()
	}
	box = reasoning.Box{min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])}
	for _, p := range s.Points {
		points = append(points, reasoning.Point{p[0] + off*r.NormFloat64(), p[1] + off*r.NormFloat64()})
	}
	return box, points
}

// looks are the boxes of stage 1 that a place is taught with: first what its looks agree on, which is what is served, then one look's by lot,
// which errs more.
func looks(boxes []reasoning.Box, quality []float64, r *rand.Rand) []reasoning.Box {
	agreed, _ := policy.Agree(boxes, quality)
	return []reasoning.Box{agreed, boxes[r.IntN(len(boxes))]}
}
