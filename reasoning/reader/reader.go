// Package reader is a model without weights of its own: it reads the map's labels, finds those that answer a phrase, and
// looks with the segmenter at what lies around them. It answers in the protocol of a vision-language model, and is what
// answers when no other model is configured.
package reader

import (
	"context"
	"fmt"
	"image"
	"math"
	"strings"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/labels"
	"github.com/precinct-map/precinct/tiles"
)

// Version is part of results' keys: it changes when answers may.
const Version = "reader-5"

// Reader implements reasoning.VLM.
type Reader struct {
	Segmenter reasoning.Segmenter
}

// Name tells model and version.
func (r *Reader) Name() string { return Version }

// Dialect is pixels of the pictures as they are.
func (r *Reader) Dialect() reasoning.Dialect {
	d, err := reasoning.ParseDialect("generic")
	if err != nil {
		panic(err) // the dialect is built in
	}
	return d
}

// Complete answers. The answer does not depend on chance, so that N completions are N times the same.
func (r *Reader) Complete(ctx context.Context, q reasoning.Request) ([]reasoning.Completion, error) {
	return labels.Complete(ctx, Version, q, r.answer)
}

func (r *Reader) answer(ctx context.Context, q reasoning.Request) (*reasoning.Completion, error) {
	if q.Stage == reasoning.Refine {
		return refine(q), nil
	}
	matches := labels.Answering(q.Phrase, q.Pair.Labels)
	if len(matches) == 0 {
		return labels.None(q), nil
	}
	l, err := r.look(ctx, q.Pair)
	if err != nil {
		return nil, err
	}
	var c reasoning.Completion
	var prompts []reasoning.Prompt
	var think []string
	for _, m := range matches {
		all, err := l.propose(ctx, m.Label)
		if err != nil {
			return nil, err
		}
		p := best(all)
		if p != nil && !l.mine(m.Label, p.Mask) {
			think = append(think, fmt.Sprintf("I leave %s to the neighbouring scene, which sees it whole.", m.Called()))
			continue
		}
		if p == nil {
			think = append(think, fmt.Sprintf("I looked at %s because %s, but the satellite picture shows nothing there that stands out.", m.Called(), m.Why))
			continue
		}
		prompt := p.Prompt(q.Pair.Window)
		if q.Stage != reasoning.Single {
			prompt.Points = nil
		}
		prompts = append(prompts, prompt)
		think = append(think, fmt.Sprintf("I looked at %s because %s; around it one area of %.0f×%.0f pixels stands out best.",
			m.Called(), m.Why, p.Box[2]-p.Box[0], p.Box[3]-p.Box[1]))
		c.Confidence = append(c.Confidence, m.Sure*max(0.01, min(1, p.Evidence.IoU())))
		c.Labels = append(c.Labels, m.Label.Text)
	}
	c.Text = reasoning.FormatAnswer(strings.Join(think, " "), prompts)
	return &c, nil
}

// mine says whether this scene should draw a label's place, given its mask.
func (l *look) mine(label tiles.Label, m *geo.Mask) bool {
	e, w := m.Extent(), l.window
	x, y := float64(e.X-w.X), float64(e.Y-w.Y)
	return reasoning.OwnsPlace(w, label.At, reasoning.Box{x, y, x + float64(e.W), y + float64(e.H)})
}

// refine looks at the red area within each blue box and puts two points on it.
func refine(q reasoning.Request) *reasoning.Completion {
	var prompts []reasoning.Prompt
	var think []string
	obstacles := taken(q.Pair.Map, q.Pair.Window)
	for i, box := range q.Boxes {
		part := within(q.Coarse, box, q.Pair.Window)
		if free := without(part, obstacles); free.Count() > leastPlace {
			part = free
		}
		b := box
		prompt := reasoning.Prompt{Box: &b}
		if piece := largest(part); piece != nil {
			prompt.Points = TwoPoints(piece, q.Pair.Window)
			think = append(think, fmt.Sprintf("Box %d is covered in red to %.0f%%; I put the points on the widest parts of it that the map leaves free.",
				i+1, 100*float64(part.Count())/math.Max(1, (b[2]-b[0])*(b[3]-b[1]))))
		} else {
			prompt.Points = []reasoning.Point{{(b[0] + b[2]) / 2, (b[1] + b[3]) / 2}}
			think = append(think, fmt.Sprintf("Box %d holds no red; I put a point in its middle.", i+1))
		}
		prompts = append(prompts, prompt)
	}
	return &reasoning.Completion{Text: reasoning.FormatAnswer(strings.Join(think, " "), prompts)}
}

func within(m *geo.Mask, b reasoning.Box, w geo.Window) *geo.Mask {
	r := image.Rect(int(b[0]), int(b[1]), int(math.Ceil(b[2])), int(math.Ceil(b[3])))
	return m.Crop(geo.Window{Z: w.Z, X: w.X + r.Min.X, Y: w.Y + r.Min.Y, W: r.Dx(), H: r.Dy()})
}
