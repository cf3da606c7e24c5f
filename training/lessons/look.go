package lessons

import (
	"math"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/net"
)

// Speaker lets a net speak: a trainer, or weights that were frozen.
type Speaker interface {
	Answer(b *net.Batch, noise []float32) (net.Answer, error)
}

// Boxes are the boxes that a net gives to lessons at one scale, in pixels of their pictures, and the IoU that it expects of each.
func (f *Feed) Boxes(s Speaker, lessons []Lesson, scale float64) ([]reasoning.Box, []float32, error) {
	var boxes []reasoning.Box
	var quality []float32
	noise := make([]float32, f.Size*net.MaxTokens*f.Config.Bins)
	for from := 0; from < len(lessons); from += f.Size {
		b := NewBatch(f.Config, f.Size, net.BoxTokens)
		some := lessons[from:min(from+f.Size, len(lessons))]
		views := make([]policy.View, len(some))
		for k, l := range some {
			views[k] = policy.View{X: l.X, Y: l.Y, Scale: scale}
			f.Show(b, k, l.Scene, 0, views[k], l.Class)
		}
		a, err := s.Answer(b, noise)
		if err != nil {
			return nil, nil, err
		}
		for k, v := range views {
			boxes = append(boxes, v.BoxFrom(policy.BoxOf(a.Logits[k*net.MaxTokens*f.Config.Bins:], f.Config.Bins, f.Config.BinPixels())))
			quality = append(quality, a.Quality[2*k])
		}
	}
	return boxes, quality, nil
}

// MostShown is how many samples a training keeps pictures of.
const MostShown = 8

// Score is how well boxes fit.
type Score struct {
	N       int     `json:"n"`
	IoU     float64 `json:"box_iou"` // mean
	Half    float64 `json:"above_half"`
	Misread float64 `json:"quality_error"` // mean distance of the expected IoU and the box's
}

// ScoreBoxes compares boxes with their lessons'.
func ScoreBoxes(lessons []Lesson, boxes []reasoning.Box, quality []float32) Score {
	s := Score{N: len(lessons)}
	for i, l := range lessons {
		iou := boxes[i].IoU(l.Box)
		s.IoU += iou
		if iou > 0.5 {
			s.Half++
		}
		s.Misread += math.Abs(iou - float64(quality[i]))
	}
	n := max(1, float64(s.N))
	s.IoU, s.Half, s.Misread = s.IoU/n, s.Half/n, s.Misread/n
	return s
}

// Spread takes lessons at even distances.
func Spread(all []Lesson, most int) []Lesson {
	if len(all) <= most {
		return all
	}
	out := make([]Lesson, most)
	for i := range out {
		out[i] = all[i*len(all)/most]
	}
	return out
}
