package training

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// Tier is what a phrase names: one place, a class, a function; or a class that the scene has none of.
type Tier string

// The tiers of SocioSeg, and Absent, which measures false alarms.
const (
	TierName     Tier = "name"
	TierClass    Tier = "class"
	TierFunction Tier = "function"
	Absent       Tier = "absent"
)

// Tiers lists the tiers in the order of tables.
var Tiers = []Tier{TierName, TierClass, TierFunction, Absent}

// Example is a scene, a phrase, and what it means there.
type Example struct {
	ID     string
	Pair   *tiles.Pair
	Phrase string
	Tier   Tier
	Class  string    // taxonomy class id; the function's id in its tier
	Truth  *geo.Mask // on the pair's window; empty when the tier is Absent
}

// System is what is measured.
type System interface {
	Name() string
	// Predict gives the mask of an example, on the pair's window. It must not look at the truth, unless that is its name.
	Predict(ctx context.Context, e Example) (*geo.Mask, error)
}

// Outcome is a system on all examples of one tier.
type Outcome struct {
	System string
	Tier   Tier
	Metrics
	Empty   int     // predictions without a pixel
	Seconds float64 // median of an example
}

// Table is every system's outcomes, by system and tier.
type Table struct {
	Outcomes []Outcome
	samples  map[string]map[string]float64 // IoU by system and example
}

// Evaluate runs systems over examples. Each example is given to every system before the next one is made, so that what one has
// encoded serves the others; Seconds are therefore those of a known scene for all but the first system. progress may be nil.
func Evaluate(ctx context.Context, systems []System, examples iter.Seq2[Example, error], progress func(done int)) (*Table, error) {
	type key struct {
		system string
		tier   Tier
	}
	sums := map[key]*Evaluation{}
	empty := map[key]int{}
	seconds := map[key][]float64{}
	t := &Table{samples: map[string]map[string]float64{}}
	n := 0
	for e, err := range examples {
		if err != nil {
			return nil, err
		}
		for _, s := range systems {
			start := time.Now()
			mask, err := s.Predict(ctx, e)
			if err != nil {
				return nil, fmt.Errorf("%s on %s (%q): %w", s.Name(), e.ID, e.Phrase, err)
			}
			k := key{s.Name(), e.Tier}
			if sums[k] == nil {
				sums[k] = &Evaluation{}
			}
			if err := sums[k].Add(e.Truth, mask); err != nil {
				return nil, err
			}
			seconds[k] = append(seconds[k], time.Since(start).Seconds())
			if mask.Count() == 0 {
				empty[k]++
			}
			if t.samples[s.Name()] == nil {
				t.samples[s.Name()] = map[string]float64{}
			}
			iou := sums[k].iou
			t.samples[s.Name()][e.ID+"\x00"+e.Phrase] = iou[len(iou)-1]
		}
		if n++; progress != nil {
			progress(n)
		}
	}
	for _, s := range systems {
		for _, tier := range Tiers {
			k := key{s.Name(), tier}
			if sums[k] == nil {
				continue
			}
			slices.Sort(seconds[k])
			t.Outcomes = append(t.Outcomes, Outcome{s.Name(), tier, sums[k].Metrics(), empty[k], seconds[k][len(seconds[k])/2]})
		}
	}
	return t, nil
}

// Mean is a system's gIoU over the tiers in which there is something to find, each example counted once.
func (t *Table) Mean(system string) float64 {
	sum, n := 0.0, 0
	for _, o := range t.Outcomes {
		if o.System == system && o.Tier != Absent {
			for _, v := range o.IoU {
				sum, n = sum+v, n+1
			}
		}
	}
	return sum / float64(max(1, n))
}

// Difference is how much better one system's mean IoU is than another's on the same examples, with the bounds that hold 95 of 100
// resamples (paired bootstrap; Efron and Tibshirani, 1993).
func (t *Table) Difference(a, b string) (mean, low, high float64) {
	var d []float64
	keys := make([]string, 0, len(t.samples[a]))
	for k := range t.samples[a] {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if v, ok := t.samples[b][k]; ok {
			d = append(d, t.samples[a][k]-v)
		}
	}
	if len(d) == 0 {
		return 0, 0, 0
	}
	const resamples = 2000
	r := rand.New(rand.NewPCG(1, 1))
	means := make([]float64, resamples)
	for i := range means {
		for range d {
			means[i] += d[r.IntN(len(d))]
		}
		means[i] /= float64(len(d))
	}
	slices.SortFunc(means, func(x, y float64) int { return cmp.Compare(x, y) })
	for _, v := range d {
		mean += v / float64(len(d))
	}
	return mean, means[resamples/40], means[resamples-1-resamples/40]
}

// Pipeline is a model in the served pipeline.
type Pipeline struct {
	Label string
	*reasoning.Pipeline
	Mode reasoning.Mode
}

// Name is the label.
func (p Pipeline) Name() string { return p.Label }

// Predict is the union of what the pipeline finds.
func (p Pipeline) Predict(ctx context.Context, e Example) (*geo.Mask, error) {
	t, err := p.Run(ctx, e.Pair, e.Phrase, p.Mode)
	if err != nil {
		return nil, err
	}
	out := geo.NewMask(e.Pair.Window)
	for _, o := range t.Objects {
		out.Or(o.Mask)
	}
	return out, nil
}
