package reader

import (
	"context"
	"math"
	"slices"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// radii are half the edges of the boxes that are tried around a label, pixels: from a hut to a park at the zooms that scenes are
// looked at. The label's point alone is tried too, and the box that fits between what the map draws. Twice as many prompts find hardly
// better places.
var radii = []float64{24, 40, 64, 110}

// gap is how much of a strip along a free box may be drawn ground before the box stops growing there.
const gap = 0.06

// leastPlace is the smallest mask worth proposing, pixels.
const leastPlace = 30

// Evidence is what a proposal's IoU with its place is estimated from. Tried and left out, as they add nothing or help one set of places
// at the other's cost: the segmenter's own estimate, the stability of its masks, their size, how they fill their box, the contrast
// with what lies round them, and the sizes that places of a class have.
type Evidence struct {
	Agree    float64 // IoU with the two other proposals that are most like it: what is really there is found in several ways
	Taken    float64 // share of what the prompt gave that the map draws as something else
	Distance float64 // from the label to its middle, in lengths of its own size
	Others   float64 // other labels in it, up to three
	Edge     float64 // share of the ring round its box that the map draws: a place fills the gap between streets and houses
}

// weights are those of Agree, Taken, Distance, Others, Edge and of nothing at all: least squares over the proposals for places of the
// made-up town (of other seeds than the bench's) and for Banepa's 30, each in two pictures that count double. `make fit-reader` computes them.
var weights = [6]float64{0.696, -0.654, -0.095, -0.098, 0.380, 0.114}

// IoU is the estimate.
func (e Evidence) IoU() float64 {
	out := weights[5]
	for i, v := range e.Values() {
		out += weights[i] * v
	}
	return out
}

// Values are the pieces of evidence in the order of the weights.
func (e Evidence) Values() [5]float64 {
	return [5]float64{e.Agree, e.Taken, e.Distance, e.Others, e.Edge}
}

// Proposal is what may be the place of a label.
type Proposal struct {
	Mask     *geo.Mask // one piece, without what the map draws as something else
	Box      reasoning.Box
	Evidence Evidence
}

// Prompt is the box and two points well inside, in pixels of the window.
func (p *Proposal) Prompt(w geo.Window) reasoning.Prompt {
	return reasoning.Prompt{Box: &p.Box, Points: TwoPoints(p.Mask, w)}
}

// look is one scene that proposals are made on.
type look struct {
	embedding reasoning.Embedding
	window    geo.Window
	taken     *geo.Mask
	labels    []tiles.Label
}

func (r *Reader) look(ctx context.Context, pair *tiles.Pair) (*look, error) {
	embedding, err := r.Segmenter.Embed(ctx, reasoning.PictureKey(pair.Satellite), pair.Satellite)
	if err != nil {
		return nil, err
	}
	return &look{embedding: embedding, window: pair.Window, taken: taken(pair.Map, pair.Window), labels: pair.Labels}, nil
}

// Propose asks the segmenter what lies around a label, at several sizes.
func (r *Reader) Propose(ctx context.Context, pair *tiles.Pair, label tiles.Label) ([]*Proposal, error) {
	l, err := r.look(ctx, pair)
	if err != nil {
		return nil, err
	}
	return l.propose(ctx, label)
}

func (l *look) propose(ctx context.Context, label tiles.Label) ([]*Proposal, error) {
	at := l.window.Local(label.At)
	point := reasoning.Point{at[0], at[1]}
	prompts := []reasoning.Prompt{{Points: []reasoning.Point{point}}}
	for _, r := range radii {
		prompts = append(prompts, reasoning.Prompt{Box: &reasoning.Box{at[0] - r, at[1] - r, at[0] + r, at[1] + r}})
	}
	b, ok := l.freeBox(point)
	// A box much like another would agree with itself.
	if ok && !slices.ContainsFunc(prompts, func(p reasoning.Prompt) bool { return p.Box != nil && p.Box.IoU(b) > 0.7 }) {
		prompts = append(prompts, reasoning.Prompt{Box: &b})
	}
	var all []*Proposal
	for _, prompt := range prompts {
		p, err := l.try(ctx, prompt, point)
		if err != nil {
			return nil, err
		}
		if p != nil {
			all = append(all, p)
		}
	}
	for _, p := range all {
		p.Evidence.Agree = agreement(p, all)
	}
	return all, nil
}

// best is the proposal that is worth most, nil when there is none: a mask that other prompts give too, that leaves alone what the map
// draws as something else, and that fills the gap between.
func best(all []*Proposal) *Proposal {
	var out *Proposal
	for _, p := range all {
		if out == nil || p.Evidence.IoU() > out.Evidence.IoU() {
			out = p
		}
	}
	return out
}

// freeBox grows a box round a point on the sides where hardly anything is drawn; ok is false when there is no room.
func (l *look) freeBox(at reasoning.Point) (b reasoning.Box, ok bool) {
	const step, least, most = 3, 16, 400 // pixels
	x, y := int(at[0]), int(at[1])
	box := [4]int{x - 4, y - 4, x + 4, y + 4}
	stuck := [4]bool{}
	for stuck != [4]bool{true, true, true, true} {
		for side := range box {
			if stuck[side] {
				continue
			}
			strip, grown := box, box
			if side < 2 {
				grown[side] -= step
				strip[side], strip[side+2] = grown[side], box[side]
			} else {
				grown[side] += step
				strip[side], strip[side-2] = grown[side], box[side]
			}
			if l.drawn(strip) > gap || grown[side%2+2]-grown[side%2] > most {
				stuck[side] = true
			} else {
				box = grown
			}
		}
	}
	return reasoning.Box{float64(box[0]), float64(box[1]), float64(box[2]), float64(box[3])}, box[2]-box[0] >= least && box[3]-box[1] >= least
}

// drawn is the share of a box of the window's pixels that is taken; all of it past the window's edges.
func (l *look) drawn(b [4]int) float64 {
	if b[0] < 0 || b[1] < 0 || b[2] > l.window.W || b[3] > l.window.H {
		return 1
	}
	return float64(l.taken.CountIn(l.global(b))) / float64((b[2]-b[0])*(b[3]-b[1]))
}

func (l *look) global(b [4]int) geo.Window {
	return geo.Window{Z: l.window.Z, X: l.window.X + b[0], Y: l.window.Y + b[1], W: b[2] - b[0], H: b[3] - b[1]}
}

// agreement is the mean IoU of a proposal with the two others that are most like it.
func agreement(p *Proposal, all []*Proposal) float64 {
	first, second := 0.0, 0.0
	for _, o := range all {
		if o == p {
			continue
		}
		iou := p.Mask.IoU(o.Mask)
		first, second = max(first, iou), max(second, min(first, iou))
	}
	return (first + second) / 2
}

// try makes one proposal, nil when nothing comes of the prompt. What all of them agree on is not known yet.
func (l *look) try(ctx context.Context, prompt reasoning.Prompt, label reasoning.Point) (*Proposal, error) {
	raw, err := reasoning.BestMask(ctx, l.embedding, prompt, l.window)
	if raw == nil || err != nil {
		return nil, err
	}
	piece := largest(without(raw, l.taken))
	if piece == nil || piece.Count() < leastPlace {
		return nil, nil
	}
	middle := piece.Extent().Center()
	distance := math.Hypot(middle[0]-float64(l.window.X)-label[0], middle[1]-float64(l.window.Y)-label[1])
	return &Proposal{Mask: piece, Box: boxOf(piece, l.window), Evidence: Evidence{
		Taken: share(raw, l.taken), Distance: distance / math.Sqrt(float64(piece.Count())), Others: l.others(piece, label), Edge: l.edge(piece.Extent()),
	}}, nil
}

// edge is the share of a ring of 8 px round a box that is taken.
func (l *look) edge(box geo.Window) float64 {
	const width = 8
	ring := box.Pad(width)
	return float64(l.taken.CountIn(ring)-l.taken.CountIn(box)) / float64(ring.W*ring.H-box.W*box.H)
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
