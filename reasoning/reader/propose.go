package reader

import (
	"context"
	"errors"
	"math"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// radii are half the edges of the boxes that are tried around a label, pixels: from a hut to a park at the zooms that scenes are
// looked at. The label's point alone is tried too.
var radii = []float64{16, 24, 32, 48, 80, 128}

// leastPlace is the smallest mask worth proposing, pixels.
const leastPlace = 30

// The weights of what speaks for a proposal, fitted on the 23 places of Banepa that the map names: the final masks' mean IoU is
// 0.61 there, of the 0.74 that the best choice among the same proposals would reach.
const (
	weightScore    = 0.5 // the segmenter's own estimate
	weightStable   = 1.5 // IoU with what its own box gives again
	weightAgree    = 2.0 // IoU with the two other proposals that are most like it: what is really there is found in several ways
	weightFill     = 0.3 // share of its box that it covers
	weightTaken    = 1.9 // share that the map draws as something else
	weightTaken2   = 0.7 // the same of what its box gives again
	weightDistance = 0.2 // from the label to its middle, in lengths of its own size
)

// proposal is what may be the place of a label.
type proposal struct {
	mask  *geo.Mask // one piece, without what the map draws as something else
	again *geo.Mask // what its own box gives
	box   reasoning.Box
	worth float64
}

// look is one scene that proposals are made on.
type look struct {
	embedding reasoning.Embedding
	window    geo.Window
	taken     *geo.Mask
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
	raw, score, err := l.mask(ctx, prompt)
	if raw == nil || err != nil {
		return nil, err
	}
	piece := largest(without(raw, l.taken))
	if piece == nil || piece.Count() < leastPlace {
		return nil, nil
	}
	box := boxOf(piece, l.window)
	again, _, err := l.mask(ctx, reasoning.Prompt{Box: &box})
	if again == nil || err != nil {
		return nil, err
	}
	area := float64(piece.Count())
	middle := piece.Extent().Center()
	distance := math.Hypot(middle[0]-float64(l.window.X)-label[0], middle[1]-float64(l.window.Y)-label[1])
	worth := weightScore*score + weightStable*piece.IoU(again) + weightFill*area/((box[2]-box[0])*(box[3]-box[1])) -
		weightTaken*share(raw, l.taken) - weightTaken2*share(again, l.taken) - weightDistance*distance/math.Sqrt(area)
	return &proposal{mask: piece, again: again, box: box, worth: worth}, nil
}

// mask is the segmenter's best for a prompt, on the scene's window; nil when it refuses the prompt.
func (l *look) mask(ctx context.Context, p reasoning.Prompt) (*geo.Mask, float64, error) {
	candidates, err := l.embedding.Masks(ctx, p)
	switch {
	case ctx.Err() != nil:
		return nil, 0, ctx.Err()
	case errors.Is(err, reasoning.ErrSegmenter), err == nil && len(candidates) == 0:
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	}
	m := *candidates[0].Mask
	m.Window = l.window
	return &m, candidates[0].Score, nil
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
