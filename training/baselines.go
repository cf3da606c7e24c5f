package training

import (
	"context"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
)

// WholeScene answers everything: what a system must beat to know anything.
type WholeScene struct{}

// Name is the system's.
func (WholeScene) Name() string { return "whole-scene" }

// Predict is every pixel.
func (WholeScene) Predict(_ context.Context, e Example) (*Prediction, error) {
	m := geo.NewMask(e.Pair.Window)
	for y := range m.Window.H {
		m.SetRun(y, 0, m.Window.W)
	}
	return &Prediction{Mask: m}, nil
}

// Prompted gives the segmenter prompts of one kind.
type Prompted struct {
	Label     string
	Segmenter reasoning.Segmenter
	Prompts   func(Example) []reasoning.Prompt
	Labels    bool // whether the prompts come from the pair's labels
}

// Name is the label.
func (p Prompted) Name() string { return p.Label }

// Predict is the union of the prompts' best masks.
func (p Prompted) Predict(ctx context.Context, e Example) (*Prediction, error) {
	ctx, clock := startClock(ctx)
	out := &Prediction{Mask: geo.NewMask(e.Pair.Window)}
	if prompts := p.Prompts(e); len(prompts) > 0 {
		embedding, err := p.Segmenter.Embed(ctx, reasoning.PictureKey(e.Pair.Satellite), e.Pair.Satellite)
		if err != nil {
			return nil, err
		}
		for _, prompt := range prompts {
			c, err := reasoning.Best(ctx, embedding, prompt, e.Pair.Window)
			if err != nil {
				return nil, err
			}
			if c != nil {
				out.Mask.Or(c.Mask)
				out.Objects = append(out.Objects, reasoning.Object{Mask: c.Mask, Score: c.Score})
			}
		}
	}
	out.Times = clock.stop()
	if p.Labels {
		out.Times.Labels = e.LabelSeconds
	}
	return out, nil
}

// TrueBoxes are the boxes of the truth's pieces: what the segmenter reaches when it is told where to look.
func TrueBoxes(e Example) []reasoning.Prompt {
	var out []reasoning.Prompt
	for _, c := range Pieces(e.Truth) {
		box := BoxOf(c, e.Pair.Window)
		out = append(out, reasoning.Prompt{Box: &box})
	}
	return out
}

// Pieces are a truth's instances: its connected pieces (8-neighbours) of more than ten pixels.
func Pieces(truth *geo.Mask) []*geo.Mask { return geo.ComponentsAbove(truth, 8, ignoredPixels) }

// BoxOf is the box of a piece in pixels of a window, right and bottom exclusive: what gt_boxes are.
func BoxOf(piece *geo.Mask, w geo.Window) reasoning.Box {
	b := piece.Extent()
	x, y := float64(b.X-w.X), float64(b.Y-w.Y)
	return reasoning.Box{x, y, x + float64(b.W), y + float64(b.H)}
}

// TruePoints are a point well inside of each of the truth's pieces.
func TruePoints(e Example) []reasoning.Prompt {
	var out []reasoning.Prompt
	for _, c := range Pieces(e.Truth) {
		for _, p := range geo.Trace(c) {
			at := formats.LabelPoint(p)
			out = append(out, reasoning.Prompt{Points: []reasoning.Point{{at[0] - float64(e.Pair.Window.X), at[1] - float64(e.Pair.Window.Y)}}})
		}
	}
	return out
}

// LabelBoxEdges are the sizes, in pixels, of which the best is a ground's: places of 10 to 100 m at the zooms that show them.
var LabelBoxEdges = []float64{20, 30, 40, 60, 80, 120, 160, 200}

// LabelBoxes are boxes of one size round the labels that answer the phrase: reading without looking. The edge is in pixels.
func LabelBoxes(edge float64) func(Example) []reasoning.Prompt {
	return func(e Example) []reasoning.Prompt {
		meaning := taxonomy.Match(e.Phrase)
		var out []reasoning.Prompt
		for _, l := range e.Pair.Labels {
			answers := meaning.Tier == taxonomy.TierName && taxonomy.Similar(e.Phrase, l.Text) > taxonomy.Alike
			for _, c := range meaning.Classes {
				answers = answers || meaning.Tier != taxonomy.TierName && l.Class == c
			}
			if answers {
				at := e.Pair.Window.Local(l.At)
				out = append(out, reasoning.Prompt{Box: &reasoning.Box{at[0] - edge/2, at[1] - edge/2, at[0] + edge/2, at[1] + edge/2}})
			}
		}
		return out
	}
}
