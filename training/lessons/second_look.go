package lessons

import (
	"context"
	"math"

	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/net"
)

// Mend is what a net makes of the boxes of stage-2 lessons, as the served policy does.
func (f *Feed) Mend(s Speaker, second []Second) ([]policy.Mended, error) {
	var out []policy.Mended
	bins, width := f.Config.Bins, f.Config.BinPixels()
	said := net.MaxTokens * bins // numbers of one answer
	for from := 0; from < len(second); from += f.Size {
		some := second[from:min(from+f.Size, len(second))]
		b := NewBatch(f.Config, f.Size, net.BoxTokens)
		noise := make([]float32, 2*f.Size*said) // of each window the free answer, and the one whose box is held
		views := make([]policy.View, len(some))
		for k := range some {
			l, box := &some[k].Lesson, some[k].Box
			v := policy.Around(box)
			views[k] = v
			f.Show(b, k, l.Scene, 0, v, l.Class)
			f.Reconsider(b, k, l.Scene, some[k].Coarse, box, v)
			bins := f.bins(v, box)
			for t := range bins {
				bins[t] = math.Round(bins[t])
			}
			policy.Hold(noise[(2*k+1)*said:], bins, f.Config.Bins)
		}
		a, err := s.Answer(b, noise)
		if err != nil {
			return nil, err
		}
		reply := func(n int) policy.Reply {
			return policy.Reply{Logits: a.Logits[n*said:][:said], Box: float64(a.Quality[2*n]), Points: float64(a.Quality[2*n+1])}
		}
		for k, v := range views {
			out = append(out, policy.Mend(some[k].Box, v, bins, width, reply(2*k), reply(2*k+1)))
		}
	}
	return out, nil
}

// SecondScore is what stage 2 comes to: means of mask IoU, and of how far the expected IoU is off.
type SecondScore struct {
	N       int     `json:"n"`
	First   float64 `json:"stage1"`
	Second  float64 `json:"stage2"`
	Best    float64 `json:"best"` // of the box, the true box, and either with clicked points
	Changed float64 `json:"changed"`
	Worse   float64 `json:"worse"` // share whose mask lost 0.05 or more
	Misread float64 `json:"quality_error"`
}

func (s *SecondScore) add(first, second, best, expected float64, changed bool) {
	s.N++
	s.First += first
	s.Second += second
	s.Best += best
	s.Misread += math.Abs(expected - second)
	if changed {
		s.Changed++
	}
	if second < first-0.05 {
		s.Worse++
	}
}

func (s *SecondScore) mean() {
	n := max(1, float64(s.N))
	for _, v := range []*float64{&s.First, &s.Second, &s.Best, &s.Changed, &s.Worse, &s.Misread} {
		*v /= n
	}
}

// badBelow is the IoU of a coarse mask below which stage 1 failed.
const badBelow = 0.5

// ScoreSecond draws what stage 2 said: the score of all lessons, and of those of which stage 1's mask is below 0.5.
func ScoreSecond(ctx context.Context, d *Drawer, second []Second, mended []policy.Mended) (all, bad SecondScore, err error) {
	for i, m := range mended {
		s := &second[i]
		first := s.Tries[tryKept].IoU
		t := Try{IoU: first}
		if !m.Kept {
			if t, _, err = d.try(ctx, s.Lesson, *m.Prompt.Box, m.Prompt.Points...); err != nil {
				return all, bad, err
			}
		}
		for _, score := range []*SecondScore{&all, &bad} {
			if score == &all || first < badBelow {
				score.add(first, t.IoU, s.Best().IoU, m.Expected, !m.Kept)
			}
		}
	}
	all.mean()
	bad.mean()
	return all, bad, nil
}
