package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/training/dataset"
)

// Classes with fewer samples than enough are not judged: one sample more or less is already 2 points.
const (
	enough      = 50
	farOff      = 0.02
	mostBalance = 60 // rows of the chart
	fewBalance  = 20 // where fewer are judged
)

// Balance is how one class of one tier is shared out.
type Balance struct {
	Tier, Class string
	Count       Count
	Off         float64 // of the share that is farthest from that of all samples, as a part of one
	Judged      bool    // enough samples, and more than one split
}

// Far says whether a class is split otherwise than the whole by more than two points.
func (b Balance) Far() bool { return b.Judged && math.Abs(b.Off) > farOff }

// Balances are the classes of each tier, those with enough samples first, then the most frequent. Those that only the test has are not
// judged: they are novel on purpose.
func (f *Figures) Balances() []Balance {
	var all Count
	for _, n := range f.Tiers {
		for k := range n {
			all[k] += n[k]
		}
	}
	var out []Balance
	for tier, kinds := range f.Kinds {
		for id, n := range kinds {
			b := Balance{Tier: tier, Class: id, Count: n, Judged: n.Total() >= enough && f.Novel[id] == 0}
			for k := range n {
				off := float64(n[k])/float64(n.Total()) - float64(all[k])/float64(max(1, f.Rows))
				if math.Abs(off) > math.Abs(b.Off) {
					b.Off = off
				}
			}
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b Balance) int {
		return cmp.Or(boolCompare(b.Judged, a.Judged), b.Count.Total()-a.Count.Total(), strings.Compare(a.Tier, b.Tier), strings.Compare(a.Class, b.Class))
	})
	return out
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// balanceChart has a bar for each class of a tier, in parts for its splits' shares, over lines at the shares of all samples.
func (f *Figures) balanceChart(list []Balance) chart {
	const left, right, row, top = 250., 150., 22., 20.
	c := chart{Title: "How the classes are split", W: whole, H: top + row*float64(len(list)) + 4}
	x := func(share float64) float64 { return left + (whole-left-right)*share }
	var all Count
	for _, n := range f.Tiers {
		for k := range n {
			all[k] += n[k]
		}
	}
	for i, b := range list {
		y, at := top+row*float64(i), 0.
		c.text(left-10, y+15, 12.5, "end", "%s", cut(titleOf(b.Class), 24))
		c.text(0, y+15, 11.5, "soft", "%s", tierTitle(b.Tier))
		for k, split := range dataset.Splits {
			part := float64(b.Count[k]) / float64(b.Count.Total())
			c.rect(x(at), y+3, x(at+part)-x(at), row-6, fmt.Sprintf("s%d", k), "%s, %s: %s of %s, %.1f %%", titleOf(b.Class), split, thousands(b.Count[k]), thousands(b.Count.Total()), 100*part)
			at += part
		}
		c.text(x(1)+52, y+15, 12, "end soft", "%s", thousands(b.Count.Total()))
		switch {
		case !b.Judged:
			c.text(whole, y+15, 12, "end soft", "few")
		case b.Far():
			c.text(whole, y+15, 12, "end bold bad", "%+.1f points", 100*b.Off)
		default:
			c.text(whole, y+15, 12, "end soft", "%+.1f", 100*b.Off)
		}
	}
	at := 0.
	for k, split := range dataset.Splits {
		part := float64(all[k]) / float64(max(1, f.Rows))
		if part > 0.04 {
			c.text(x(at+part/2), 12, 12, fmt.Sprintf("middle bold s%d", k), "%s %.0f %%", split, 100*part)
		}
		if at += part; k < len(dataset.Splits)-1 && part > 0 {
			c.line(x(at), top-4, x(at), c.H, "ink")
		}
	}
	c.text(x(1)+52, 12, 11.5, "end soft", "samples")
	c.text(whole, 12, 11.5, "end soft", "farthest off")
	return c
}
