package policy

import (
	"context"
	"math"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/labels"
	"github.com/precinct-map/precinct/tiles"
)

// squares are the edges, in pixels of the picture, of boxes round the label that are weighed against what the looks say: where a picture
// shows the net nothing that it knows, one of them is often the better answer.
var squares = []float64{14, 20, 28, 40, 56, 80, 113, 160}

// margin is how much more IoU the net must expect of another box than of the one that its looks agree on.
const margin = 0.03

// leastBins is the side of a box, in bins of a view, from which on the view can judge it.
const leastBins = 4

// choose weighs, for each label, the box that its looks agree on against single looks' and squares round the label: the net is made to say
// each at several scales, and the one that it expects the most IoU of is taken.
func (p *Policy) choose(ctx context.Context, g *Grid, pair *tiles.Pair, matches []labels.Match, found []finding, looks [][]reasoning.Box) error {
	b := newBatch(len(scales)*len(matches), g.Channels)
	all := labelsOf(pair)
	candidates := make([][]reasoning.Box, len(matches))
	var of []struct{ match, candidate int }
	for i, m := range matches {
		at := pair.Window.Local(m.Label.At)
		candidates[i] = append(append([]reasoning.Box{found[i].box}, looks[i]...), squaresRound(at[0], at[1])...)
		for k, scale := range scales {
			v := View{X: at[0], Y: at[1], Scale: scale}
			w := i*len(scales) + k
			b.show(w, g, all, v, m.Label.Class, p.meta.Number(m.Label.Class))
			for c, box := range candidates[i] {
				if bins, ok := p.net.binsOf(v.BoxTo(box)); ok {
					b.asked = append(b.asked, ask{w, bins})
					of = append(of, struct{ match, candidate int }{i, c})
				}
			}
		}
	}
	if len(b.asked) == 0 {
		return nil
	}
	said, err := p.net.run(ctx, b)
	if err != nil {
		return err
	}
	sums := make([][]float64, len(matches))
	counts := make([][]float64, len(matches))
	for i := range sums {
		sums[i], counts[i] = make([]float64, len(candidates[i])), make([]float64, len(candidates[i]))
	}
	for n, q := range of {
		sums[q.match][q.candidate] += said.quality(n)
		counts[q.match][q.candidate]++
	}
	for i := range found {
		found[i].take(candidates[i], sums[i], counts[i])
	}
	return nil
}

// take takes the candidate that is expected to fit best; the first is the one at hand.
func (f *finding) take(candidates []reasoning.Box, sums, counts []float64) {
	best, most := 0, math.Inf(-1)
	for c := range candidates {
		if counts[c] == 0 {
			continue
		}
		expected := sums[c] / counts[c]
		if c == 0 {
			expected += margin
		}
		if expected > most {
			best, most = c, expected
		}
	}
	if counts[best] > 0 {
		f.box, f.expected = candidates[best], sums[best]/counts[best]
	}
}

func squaresRound(x, y float64) []reasoning.Box {
	out := make([]reasoning.Box, len(squares))
	for i, edge := range squares {
		out[i] = reasoning.Box{x - edge/2, y - edge/2, x + edge/2, y + edge/2}
	}
	return out
}

// binsOf are the tokens of a box in window pixels; false where it is too small to be told apart, or reaches beyond the bins.
func (s *session) binsOf(b reasoning.Box) (*[4]int, bool) {
	var out [4]int
	for t, v := range b {
		at := math.Round(v/binPixels + float64(s.bins)/2)
		if at < 0 || at > float64(s.bins-1) {
			return nil, false
		}
		out[t] = int(at)
	}
	return &out, out[2]-out[0] >= leastBins && out[3]-out[1] >= leastBins
}
