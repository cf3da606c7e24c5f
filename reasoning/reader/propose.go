package reader

import (
	"context"
	"math"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// radii are half the edges of the boxes that are tried around a label, pixels: from a hut to a park at the zooms that scenes are
// looked at. The label's point alone is tried too.
var radii = []float64{16, 24, 32, 40, 52, 64, 80, 110}

// leastPlace is the smallest mask worth proposing, pixels.
const leastPlace = 30

// What a proposal's IoU with its place is estimated from. Least squares over the proposals for 110 places of the made-up town and for Banepa's
// 30, which count three times; ten-fold cross-validation gives final masks of mean IoU 0.74 and 0.54 (the best proposals reach 0.85 and
// 0.66). The segmenter's own estimate and the stability of its masks add nothing to these.
const (
	weightAgree    = 0.48  // IoU with the two other proposals that are most like it: what is really there is found in several ways
	weightFill     = 0.63  // share of its box that it covers
	weightTaken    = -0.29 // share of what its box gives again that the map draws as something else
	weightDistance = -0.13 // from the label to its middle, in lengths of its own size
	weightOthers   = -0.07 // other labels in it, up to three
	weightNothing  = -0.23
)

// proposal is what may be the place of a label.
type proposal struct {
	mask  *geo.Mask // one piece, without what the map draws as something else
	again *geo.Mask // what its own box gives
	box   reasoning.Box
	worth float64 // estimated IoU with the place
}

// look is one scene that proposals are made on.
type look struct {
	embedding reasoning.Embedding
	window    geo.Window
	taken     *geo.Mask
	labels    []tiles.Label
}

// propose asks the segmenter what lies around a label, at several sizes, and keeps what is worth most: a mask that other
// prompts give too and that leaves alone what the map draws as something else.
func (l *look) propose(ctx context.Context, label tiles.Label) (*proposal, error) {
	at := l.window.Local(label.At)
	point := reasoning.Point{at[0], at[1]}
	prompts := []reasoning.Prompt{{Points: []reasoning.Point{point}}}
	for _, r := range radii {
		prompts = append(prompts, reasoning.Prompt{Box: &reasoning.Box{at[0] - r, at[1] - r, at[0] + r, at[1] + r}})
	}
	var all []*proposal
	for _, prompt := range prompts {
		p, err := l.try(ctx, prompt, point)
		if err != nil {
			return nil, err
		}
		if p != nil {
			all = append(all, p)
		}
	}
	var best *proposal
	for _, p := range all {
		p.worth += weightAgree * agreement(p, all)
		if best == nil || p.worth > best.worth {
			best = p
		}
	}
	return best, nil
}

// agreement is the mean IoU of a proposal with the two others that are most like it.
func agreement(p *proposal, all []*proposal) float64 {
	first, second := 0.0, 0.0
	for _, o := range all {
		if o == p {
			continue
		}
		iou := max(p.mask.IoU(o.mask), p.mask.IoU(o.again))
		first, second = max(first, iou), max(second, min(first, iou))
	}
	return (first + second) / 2
}

// try makes one proposal, nil when nothing comes of the prompt.
func (l *look) try(ctx context.Context, prompt reasoning.Prompt, label reasoning.Point) (*proposal, error) {
	raw, err := l.mask(ctx, prompt)
	if raw == nil || err != nil {
		return nil, err
	}
	piece := largest(without(raw, l.taken))
	if piece == nil || piece.Count() < leastPlace {
		return nil, nil
	}
	box := boxOf(piece, l.window)
	again, err := l.mask(ctx, reasoning.Prompt{Box: &box})
	if again == nil || err != nil {
		return nil, err
	}
	area := float64(piece.Count())
	middle := piece.Extent().Center()
	distance := math.Hypot(middle[0]-float64(l.window.X)-label[0], middle[1]-float64(l.window.Y)-label[1])
	worth := weightNothing + weightFill*area/((box[2]-box[0])*(box[3]-box[1])) + weightTaken*share(again, l.taken) +
		weightDistance*distance/math.Sqrt(area) + weightOthers*l.others(piece, label)
	return &proposal{mask: piece, again: again, box: box, worth: worth}, nil
}

// others counts the labels of other places in a mask, up to three.
func (l *look) others(m *geo.Mask, label reasoning.Point) float64 {
	n := 0
	for _, o := range l.labels {
		at := l.window.Local(o.At)
		if reasoning.Point(at) != label && m.At(int(at[0])+l.window.X-m.Window.X, int(at[1])+l.window.Y-m.Window.Y) {
			n++
		}
	}
	return float64(min(n, 3))
}

func (l *look) mask(ctx context.Context, p reasoning.Prompt) (*geo.Mask, error) {
	return reasoning.BestMask(ctx, l.embedding, p, l.window)
}

func without(m, other *geo.Mask) *geo.Mask {
	out := m.Clone()
	out.AndNot(other)
	return out
}

func share(m, of *geo.Mask) float64 { return float64(m.Overlap(of)) / float64(max(1, m.Count())) }

func largest(m *geo.Mask) *geo.Mask {
	var best *geo.Mask
	n := 0
	for _, c := range geo.Components(m, 4) {
		if k := c.Count(); k > n {
			best, n = c, k
		}
	}
	return best
}

// boxOf is a mask's extent in pixels of a window.
func boxOf(m *geo.Mask, w geo.Window) reasoning.Box {
	e := m.Extent()
	x, y := float64(e.X-w.X), float64(e.Y-w.Y)
	return reasoning.Box{x, y, x + float64(e.W), y + float64(e.H)}
}
