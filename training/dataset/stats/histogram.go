package stats

import "math"

// binsPerDouble is how many bins double a size.
const binsPerDouble = 4

// Histogram counts sizes in bins on the scale of logarithms: bin k holds sizes from 2^(k/4) to below 2^((k+1)/4), and 0 lies in the first. Counts are by tier.
type Histogram struct {
	Bins []Tiered
	N    int
}

func (h *Histogram) add(size, tier int) {
	k := binOf(size)
	for len(h.Bins) <= k {
		h.Bins = append(h.Bins, Tiered{})
	}
	h.Bins[k][tier]++
	h.N++
}

func binOf(size int) int { return int(binsPerDouble*math.Log2(float64(max(1, size))) + 1e-9) }

// edge is the least size of a bin.
func edge(k float64) float64 { return math.Exp2(k / binsPerDouble) }

// Quantile is the size that a share of all lies below, interpolated within its bin on the scale of bins; 0 when nothing was counted.
func (h *Histogram) Quantile(share float64) float64 {
	wanted, sum := share*float64(h.N), 0.
	for k, b := range h.Bins {
		n := float64(b.Total())
		if n > 0 && sum+n >= wanted {
			return edge(float64(k) + (wanted-sum)/n)
		}
		sum += n
	}
	return 0
}

// first is the first bin that is not empty.
func (h *Histogram) first() int {
	for k, b := range h.Bins {
		if b.Total() > 0 {
			return k
		}
	}
	return 0
}
