package policy

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/labels"
	"github.com/precinct-map/precinct/tiles"
)

// How a window lies round a box of stage 1: its longer side is aroundPixels of the window's, within the scales of stage 1's looks.
const (
	aroundPixels = 120
	leastScale   = 0.4
	mostScale    = 2.4
)

// Around is the view in which stage 2 looks at a box again.
func Around(b reasoning.Box) View {
	side := max(b[2]-b[0], b[3]-b[1])
	return View{X: (b[0] + b[2]) / 2, Y: (b[1] + b[3]) / 2, Scale: max(leastScale, min(mostScale, side/aroundPixels))}
}

// Reply is what the net said of a window once.
type Reply struct {
	Logits []float32 // 8 × bins
	Box    float64   // the IoU that it expects of the box's mask
	Points float64   // and with the points
}

// Hold makes the noise, 8 × bins, after which the net says a box of whole bins and then goes on by itself.
func Hold(noise []float32, box reasoning.Box, bins int) {
	for t, bin := range box {
		noise[t*bins+int(bin)] = held
	}
}

// held is more than any two logits differ by.
const held = 1e6

// margin is how much more than of the box as it is must be expected of a change.
const margin = 0.02

// Mended is what stage 2 makes of a box.
type Mended struct {
	Prompt   reasoning.Prompt
	Kept     bool
	Keeping  float64 // IoU of the box's mask, as the net expects it
	Expected float64 // of the prompt's
}

// Mend weighs four prompts by the IoU that the net expects of each: the box as it is and with points, as the net answers when the box is
// held, and its own box with points and without. The box is kept unless another is better by a margin.
func Mend(box reasoning.Box, v View, bins int, binPixels float64, free, held Reply) Mended {
	own := v.BoxFrom(BoxOf(free.Logits, bins, binPixels))
	points := func(r Reply) (out []reasoning.Point) {
		for _, p := range PointsOf(r.Logits[4*bins:], bins, binPixels) {
			x, y := v.From(p[0], p[1])
			out = append(out, reasoning.Point{x, y})
		}
		return out
	}
	m := Mended{Prompt: reasoning.Prompt{Box: &box}, Kept: true, Keeping: held.Box, Expected: held.Box}
	best := held.Box + margin
	for _, o := range []struct {
		expected float64
		box      *reasoning.Box
		said     *Reply // whose points are put
	}{{free.Box, &own, nil}, {held.Points, &box, &held}, {free.Points, &own, &free}} {
		if o.expected <= best {
			continue
		}
		best = o.expected
		m.Prompt, m.Kept, m.Expected = reasoning.Prompt{Box: o.box}, false, o.expected
		if o.said != nil {
			m.Prompt.Points = points(*o.said)
		}
	}
	return m
}

// refine looks at each box again, with the mask that it gave, and changes those of which a change promises more. A policy that was not
// taught stage 2 keeps all: points help bad boxes only.
func (p *Policy) refine(ctx context.Context, q reasoning.Request) (*reasoning.Completion, error) {
	if p.meta.Stages < 2 || len(q.Boxes) == 0 || len(q.Masks) != len(q.Boxes) {
		var prompts []reasoning.Prompt
		for _, b := range q.Boxes {
			prompts = append(prompts, reasoning.Prompt{Box: &b})
		}
		return &reasoning.Completion{Text: reasoning.FormatAnswer("The red areas are what the boxes mean; I keep them.", prompts)}, nil
	}
	g, err := p.grid(ctx, q.Pair)
	if err != nil {
		return nil, err
	}
	matches := labels.Answering(q.Phrase, q.Pair.Labels)
	of := make([]*labels.Match, len(q.Boxes))
	classes := make([]string, len(q.Boxes))
	for i, b := range q.Boxes {
		if of[i] = nearest(matches, q.Pair, b); of[i] != nil {
			classes[i] = of[i].Label.Class
		}
	}
	mended, err := p.mend(ctx, g, labelsOf(q.Pair), q.Boxes, q.Masks, classes)
	if err != nil {
		return nil, err
	}
	var c reasoning.Completion
	var prompts []reasoning.Prompt
	var think []string
	for i, m := range mended {
		prompts = append(prompts, m.Prompt)
		think = append(think, m.words(i+1))
		sure := 1.0
		if of[i] != nil {
			sure = of[i].Sure
		}
		c.Confidence = append(c.Confidence, sure*math.Max(0.01, math.Min(1, m.Expected)))
	}
	c.Text = reasoning.FormatAnswer(strings.Join(think, " "), prompts)
	return &c, nil
}

// words tells what was done to box n, and why.
func (m *Mended) words(n int) string {
	switch {
	case m.Kept:
		return fmt.Sprintf("I keep box %d: I expect its red area to be right to %.0f%%, and of no change that it is more so.", n, 100*m.Keeping)
	case len(m.Prompt.Points) == 0:
		return fmt.Sprintf("I change box %d: I expect its red area to be right to %.0f%%, and the new box's to %.0f%%.", n, 100*m.Keeping, 100*m.Expected)
	}
	return fmt.Sprintf("I put points into box %d: I expect its red area to be right to %.0f%%, and then to %.0f%%.", n, 100*m.Keeping, 100*m.Expected)
}

// mend looks at boxes of stage 1 again, all in one batch. Masks are in the picture's size.
func (p *Policy) mend(ctx context.Context, g *Grid, all []Label, boxes []reasoning.Box, masks []*geo.Mask, classes []string) ([]Mended, error) {
	b := newBatch(len(boxes), g.Channels)
	views := make([]View, len(boxes))
	for i, box := range boxes {
		views[i] = Around(box)
		b.show(i, g, all, views[i], classes[i], p.meta.Number(classes[i]))
		b.reconsider(i, masks[i], box, views[i], p.net.bins)
	}
	said, err := p.net.run(ctx, b)
	if err != nil {
		return nil, err
	}
	out := make([]Mended, len(boxes))
	for i, box := range boxes {
		out[i] = Mend(box, views[i], p.net.bins, binPixels, said.reply(i), said.reply(b.n+i))
	}
	return out, nil
}

// nearest is the match whose label lies in a box, or nearest to it; nil where there are none.
func nearest(matches []labels.Match, pair *tiles.Pair, b reasoning.Box) *labels.Match {
	var best *labels.Match
	least := math.Inf(1)
	for i := range matches {
		at := pair.Window.Local(matches[i].Label.At)
		d := math.Hypot(max(0, b[0]-at[0], at[0]-b[2]), max(0, b[1]-at[1], at[1]-b[3]))
		if d < least {
			best, least = &matches[i], d
		}
	}
	return best
}
