package training

import (
	"math"
	"slices"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

// bench gathers an evaluation: figures of every answer, pictures of few.
type bench struct {
	systems []System
	scores  []*score // by system
	asked   []asked
	credits []string
	camera  camera
}

// score is what is known of one system.
type score struct {
	iou         []float64 // in the order of bench.asked
	groups      map[group]*gathered
	reliability reliability
	failures    map[string]int
	failed      int
	lastFailure error
	rolls       map[Tier]*roll // samples to be shown; nil when none are wanted
}

// group is a tier, or a class with its tier where that is the function's.
type group struct {
	tier  Tier
	class string
}

// gathered is the figures of one group.
type gathered struct {
	Evaluation
	scenes        []string
	seconds       []float64
	times         Times
	empty, failed int
}

// answer is a prediction, or an empty one and why.
type answer struct {
	*Prediction
	failure error
}

func newBench(systems []System, o Options) *bench {
	b := &bench{systems: systems}
	for range systems {
		s := &score{groups: map[group]*gathered{}, failures: map[string]int{}}
		if o.Samples > 0 {
			s.rolls = map[Tier]*roll{}
			for _, t := range Tiers {
				s.rolls[t] = newRoll(o.Samples)
			}
		}
		b.scores = append(b.scores, s)
	}
	return b
}

// add takes in what every system says of an example.
func (b *bench) add(e Example, answers []answer) error {
	truth := e.Instances
	if truth == nil {
		for _, i := range instancesOf(e.Truth) {
			truth = append(truth, i.mask)
		}
	}
	for i, a := range answers {
		if err := b.scores[i].add(e, a); err != nil {
			return err
		}
		b.scores[i].reliability.add(truth, a.Objects)
		b.scores[i].offer(e, a, &b.camera)
	}
	b.asked = append(b.asked, asked{e.ID, e.Tier})
	for _, l := range e.Pair.Layers {
		if l.Attribution != "" && !slices.Contains(b.credits, l.Attribution) {
			b.credits = append(b.credits, l.Attribution)
		}
	}
	return nil
}

func (s *score) add(e Example, a answer) error {
	groups := []group{{tier: e.Tier}}
	switch {
	case e.Class == "" || e.Tier == Absent:
	case e.Tier == TierFunction:
		groups = append(groups, group{TierFunction, e.Class})
	default:
		groups = append(groups, group{"", e.Class})
	}
	for _, k := range groups {
		g := s.groups[k]
		if g == nil {
			g = &gathered{}
			s.groups[k] = g
		}
		if err := g.Add(e.Truth, a.Mask); err != nil {
			return err
		}
		g.scenes = append(g.scenes, e.ID)
		g.seconds = append(g.seconds, a.Times.Total())
		g.times.Add(a.Times, 1)
		g.empty += int(indicator(a.Mask.Count() == 0))
		g.failed += int(indicator(a.failure != nil))
	}
	iou := s.groups[groups[0]].iou
	s.iou = append(s.iou, iou[len(iou)-1])
	if a.failure != nil {
		s.fail(a.failure)
	}
	return nil
}

// mostReasons bounds the reasons that are told apart; a server may say something else each time.
const mostReasons = 8

func (s *score) fail(err error) {
	s.failed++
	s.lastFailure = err
	reason := err.Error()
	if _, known := s.failures[reason]; !known && len(s.failures) >= mostReasons {
		reason = "other reasons"
	}
	s.failures[reason]++
}

func (g *gathered) outcome() Outcome {
	o := Outcome{Metrics: g.Metrics(), Empty: g.empty, Failed: g.failed, Times: g.times.Over(len(g.seconds))}
	o.Low, o.High = bootstrap(g.scenes, g.iou)
	sorted := slices.Sorted(slices.Values(g.seconds))
	o.Seconds = sorted[len(sorted)/2]
	return o
}

// bins is how many ranges of scores are told apart.
const bins = 10

// Reliability is how often what a system finds is right, by the score that it gives: right is an IoU above 0.5 with an instance of the
// truth.
type Reliability struct {
	System string    `json:"system"`
	N      int       `json:"n"`   // things found
	ECE    float64   `json:"ece"` // expected calibration error, Σ n_bin/n · |right − score|: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, eq. 3
	Bins   [bins]Bin `json:"bins"`
}

// Bin is the things with scores within a tenth: the first [0, 0.1), the last [0.9, 1].
type Bin struct {
	N     int     `json:"n"`
	Score float64 `json:"score"` // their mean
	Right float64 `json:"right"` // the share that is right
}

// reliability sums scores and rights by bin.
type reliability Reliability

func (r *reliability) add(truth []*geo.Mask, found []reasoning.Object) {
	for _, o := range found {
		score := math.Max(0, math.Min(1, o.Score))
		if math.IsNaN(score) {
			score = 0
		}
		b := &r.Bins[min(bins-1, int(score*bins))]
		m := o.Mask.Crop(o.Mask.Extent())
		right := slices.ContainsFunc(truth, func(t *geo.Mask) bool { return m.IoU(t) > 0.5 })
		r.N++
		b.N++
		b.Score += score
		b.Right += indicator(right)
	}
}

func (r reliability) result(system string) Reliability {
	r.System = system
	for i := range r.Bins {
		b := &r.Bins[i]
		if b.N == 0 {
			continue
		}
		r.ECE += math.Abs(b.Right-b.Score) / float64(r.N)
		b.Score, b.Right = b.Score/float64(b.N), b.Right/float64(b.N)
	}
	return Reliability(r)
}
