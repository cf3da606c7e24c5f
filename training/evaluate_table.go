package training

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
)

// Outcome is a system on the examples of one tier, or of one class.
type Outcome struct {
	System string `json:"system"`
	Tier   Tier   `json:"tier,omitempty"`  // "" for a class, whose examples are of the tiers name and class
	Class  string `json:"class,omitempty"` // "" for a tier
	Metrics
	Low     float64 `json:"gIoU_low"` // the bounds of gIoU that hold 95 of 100 resamples of scenes
	High    float64 `json:"gIoU_high"`
	Empty   int     `json:"empty"`   // predictions without a pixel
	Failed  int     `json:"failed"`  // those of them that are no answers
	Seconds float64 `json:"seconds"` // median of an example's Times.Total
	Times   Times   `json:"times"`   // mean of an example
}

// Failure is a reason why a system did not answer.
type Failure struct {
	System string `json:"system"`
	Reason string `json:"reason"`
	N      int    `json:"n"`
}

// Table is what an evaluation comes to.
type Table struct {
	Systems     []string      `json:"systems"`
	Outcomes    []Outcome     `json:"outcomes"`    // by system and tier
	Classes     []Outcome     `json:"classes"`     // by system and class, then by system and function; without "iou"
	Reliability []Reliability `json:"reliability"` // of the systems that score what they find
	Failures    []Failure     `json:"failures"`
	Credits     []string      `json:"credits"` // attributions of the pictures
	Shown       []Shown       `json:"-"`       // the samples that were kept, by system, tier and rank

	asked []asked
	iou   map[string][]float64 // by system, in the order of asked
}

// asked is what is remembered of an example.
type asked struct {
	scene string
	tier  Tier
}

// Examples is how many examples every system has answered.
func (t *Table) Examples() int { return len(t.asked) }

// Tiers are those that examples have, in the order of tables.
func (t *Table) Tiers() []Tier {
	return slices.DeleteFunc(slices.Clone(Tiers), func(tier Tier) bool {
		return !slices.ContainsFunc(t.asked, func(a asked) bool { return a.tier == tier })
	})
}

// Mean is a system's gIoU over the tiers in which there is something to find, each example counted once.
func (t *Table) Mean(system string) float64 {
	_, values := t.of([]Tier{TierName, TierClass, TierFunction}, func(i int) float64 { return t.iou[system][i] })
	return mean(values)
}

// Difference is how much better one system's mean IoU is than another's on the same examples, those of some tiers or, when none is
// named, all; with the bounds that hold 95 of 100 resamples.
func (t *Table) Difference(a, b string, tiers ...Tier) (better, low, high float64) {
	if len(tiers) == 0 {
		tiers = Tiers
	}
	x, y := t.iou[a], t.iou[b]
	if x == nil || y == nil {
		return 0, 0, 0
	}
	scenes, values := t.of(tiers, func(i int) float64 { return x[i] - y[i] })
	low, high = bootstrap(scenes, values)
	return mean(values), low, high
}

// of gives the examples of some tiers: their scenes and a value of each.
func (t *Table) of(tiers []Tier, value func(i int) float64) (scenes []string, values []float64) {
	for i, a := range t.asked {
		if slices.Contains(tiers, a.tier) {
			scenes, values = append(scenes, a.scene), append(values, value(i))
		}
	}
	return scenes, values
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(1, len(values)))
}

const resamples = 2000

// bootstrap is the bounds of the values' mean, by the percentiles of resamples of scenes, each with all that it was asked: answers about one
// picture are not independent (Davison and Hinkley, Bootstrap Methods and their Application, 1997, 3.8; pairs by their differences: Efron and
// Tibshirani, An Introduction to the Bootstrap, 1993).
func bootstrap(scenes []string, values []float64) (low, high float64) {
	type cluster struct{ sum, n float64 }
	var clusters []cluster
	index := map[string]int{}
	for i, v := range values {
		c, ok := index[scenes[i]]
		if !ok {
			c, index[scenes[i]] = len(clusters), len(clusters)
			clusters = append(clusters, cluster{})
		}
		clusters[c].sum, clusters[c].n = clusters[c].sum+v, clusters[c].n+1
	}
	if len(clusters) == 0 {
		return 0, 0
	}
	r := rand.New(rand.NewPCG(1, 1))
	means := make([]float64, resamples)
	for i := range means {
		var s cluster
		for range clusters {
			c := clusters[r.IntN(len(clusters))]
			s.sum, s.n = s.sum+c.sum, s.n+c.n
		}
		means[i] = s.sum / s.n
	}
	slices.Sort(means)
	return means[resamples/40], means[resamples-1-resamples/40]
}

// table sums up.
func (b *bench) table() *Table {
	t := &Table{asked: b.asked, iou: map[string][]float64{}, Credits: b.credits}
	for i, s := range b.systems {
		name, score := s.Name(), b.scores[i]
		t.Systems = append(t.Systems, name)
		t.iou[name] = score.iou
		for _, tier := range Tiers {
			if g := score.groups[group{tier: tier}]; g != nil {
				o := g.outcome()
				o.System, o.Tier = name, tier
				t.Outcomes = append(t.Outcomes, o)
			}
		}
		if score.reliability.N > 0 {
			t.Reliability = append(t.Reliability, score.reliability.result(name))
		}
		for reason, n := range score.failures {
			t.Failures = append(t.Failures, Failure{name, reason, n})
		}
		t.Shown = append(t.Shown, score.shown(name)...)
	}
	t.classes(b)
	slices.SortFunc(t.Failures, func(x, y Failure) int {
		return cmp.Or(cmp.Compare(x.System, y.System), cmp.Compare(y.N, x.N), strings.Compare(x.Reason, y.Reason))
	})
	return t
}

// classes lists the groups by class, those with most examples first, then by function.
func (t *Table) classes(b *bench) {
	if len(b.scores) == 0 {
		return
	}
	var groups []group
	for g := range b.scores[0].groups { // every system was asked the same
		if g.class != "" {
			groups = append(groups, g)
		}
	}
	n := func(g group) int { return len(b.scores[0].groups[g].iou) }
	slices.SortFunc(groups, func(x, y group) int {
		return cmp.Or(strings.Compare(string(x.tier), string(y.tier)), cmp.Compare(n(y), n(x)), strings.Compare(x.class, y.class))
	})
	for _, g := range groups {
		for i, s := range b.systems {
			o := b.scores[i].groups[g].outcome()
			o.System, o.Tier, o.Class, o.IoU = s.Name(), g.tier, g.class, nil
			t.Classes = append(t.Classes, o)
		}
	}
}
