package lessons

import (
	"math"
	"math/rand/v2"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/net"
)

// How stage 2 is drawn.
const (
	shareAlone = 0.5  // of its batches, in which the box is all that is said
	shareBest  = 0.5  // teacher's tokens are the target; in the others they are some other try's
	zoomed     = 0.25 // windows are off by so much in the logarithm of their scale
	aside      = 0.05 // and by this share of the box's side
)

// batchOfSecond is a batch of stage 2 in a Share of cases, and nil in the others. The half of them says the box alone, and learns which IoU
// to expect of it; the others say the points, too. All windows of a batch say as many tokens, so that XLA compiles two graphs.
func (f *Feed) batchOfSecond(r *rand.Rand) *net.Batch {
	if len(f.Second) == 0 || r.Float64() >= f.Share {
		return nil
	}
	length := net.MaxTokens
	if r.Float64() < shareAlone {
		length = net.BoxTokens
	}
	if f.secondSums == nil {
		weights := make([]float64, len(f.Second))
		for i := range weights {
			weights[i] = f.Second[i].weight
		}
		f.secondSums = sums(weights)
	}
	b := NewBatch(f.Config, f.Size, length)
	for k := range f.Size {
		f.drawSecond(b, k, &f.Second[lot(f.secondSums, r)], r)
	}
	return b
}

func (f *Feed) drawSecond(b *net.Batch, k int, s *Second, r *rand.Rand) {
	v := policy.Around(s.Box)
	v.Scale *= math.Exp(zoomed * (2*r.Float64() - 1))
	off := aside * max(s.Box[2]-s.Box[0], s.Box[3]-s.Box[1])
	v.X, v.Y, v.Turn = v.X+off*r.NormFloat64(), v.Y+off*r.NormFloat64(), uint8(r.IntN(8))
	f.see(b, k, s.Lesson, v, r)
	f.Reconsider(b, k, s.Lesson.Scene, s.Coarse, s.Box, v)

	target := s.Best()
	said := s.say(target.Box, b.Length > net.BoxTokens, r)
	b.Quality[k] = float32(said.IoU)
	tokens, truth := b.Tokens[k*b.Length:][:b.Length], b.Truth[k*b.Length:][:b.Length]
	for t, bin := range f.bins(v, target.Box) {
		truth[t] = float32(bin)
	}
	for t, bin := range f.bins(v, said.Box) {
		tokens[t] = int32(math.Round(bin))
	}
	for i := net.BoxTokens; i < b.Length; i += 2 {
		n := (i - net.BoxTokens) / 2
		x, y := v.To(s.Points[n][0], s.Points[n][1])
		truth[i], truth[i+1] = float32(f.bin(x)), float32(f.bin(y))
		x, y = v.To(said.Points[n][0], said.Points[n][1])
		tokens[i], tokens[i+1] = int32(math.Round(f.bin(x))), int32(math.Round(f.bin(y)))
	}
}

// say is what the teacher says: a try with points or without, of the target's box or of any.
func (s *Second) say(target reasoning.Box, points bool, r *rand.Rand) Try {
	best := r.Float64() < shareBest
	var some []Try
	for _, t := range s.Tries {
		if (len(t.Points) > 0) == points && (!best || t.Box == target) {
			some = append(some, t)
		}
	}
	return some[r.IntN(len(some))]
}

// Reconsider fills in what a window of a batch sees of stage 1, and makes it one of stage 2. The mask is in pixels of the picture, cropped or
// not.
func (f *Feed) Reconsider(b *net.Batch, k int, s *Scene, mask *geo.Mask, box reasoning.Box, v policy.View) {
	n := f.Config.Side * f.Config.Side * f.Config.Coarse
	if b.Coarse == nil {
		b.Coarse = make([]float32, b.Windows*n)
	}
	policy.CoarseIn(b.Coarse[k*n:][:n], mask.Crop(geo.Window{W: s.Size.X, H: s.Size.Y}), box, v)
	b.Stage[k] = 2
}
