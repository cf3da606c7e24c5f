package dataset

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Ratio is how many samples the splits get, in the order of Splits.
type Ratio [3]float64

// SocioSeg's is 6:1:3.
var DefaultRatio = Ratio{6, 1, 3}

// count is how many samples of a stratum, a class in a tier, a block gives.
type count struct {
	stratum int32
	n       int32
}

// sharing deals blocks out to splits so that each stratum, and the whole, is shared by the ratio. The cost of a state is the sum over
// strata and splits of (n - wanted)² / (wanted + 1), a chi-square that does not fear small strata.
type sharing struct {
	blocks []block
	ratio  Ratio // sums to 1
	split  []int8
	total  []float64 // by stratum
	have   [3][]float64
}

// passes bounds the improvement: each goes over all blocks once; most data sets stand still after four.
const passes = 12

// share gives each block's split. It is a greedy stratification (after Sechidis, Tsoumakas and Vlahavas, 2011: the rarest first), improved
// by moving and exchanging blocks while that helps. Blocks of left-out grounds are for the test alone and not counted.
func share(blocks []block, strata int, ratio Ratio, leftOut func(block) bool, seed uint64) []int8 {
	sum := ratio[0] + ratio[1] + ratio[2]
	for k := range ratio {
		ratio[k] /= sum
	}
	s := &sharing{blocks: blocks, ratio: ratio, split: make([]int8, len(blocks)), total: make([]float64, strata)}
	for k := range s.have {
		s.have[k] = make([]float64, strata)
	}
	var order []int
	for b := range blocks {
		if leftOut(blocks[b]) {
			s.split[b] = 2
			continue
		}
		order = append(order, b)
		for _, c := range blocks[b].counts {
			s.total[c.stratum] += float64(c.n)
		}
	}
	r := rand.New(rand.NewPCG(seed, 41))
	r.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.rarest(a), s.rarest(b)) })
	for _, b := range order {
		s.split[b] = s.best(b)
		s.move(b, s.split[b], 1)
	}
	for range passes {
		r.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		if !s.improve(order) {
			break
		}
	}
	return s.split
}

// rarest is the size of a block's rarest stratum.
func (s *sharing) rarest(b int) float64 {
	out := s.total[s.blocks[b].counts[0].stratum]
	for _, c := range s.blocks[b].counts {
		out = min(out, s.total[c.stratum])
	}
	return out
}

// cost is what one stratum adds in one split, with n more samples than it has.
func (s *sharing) cost(split int8, c count, sign float64) float64 {
	wanted := s.ratio[split] * s.total[c.stratum]
	off := s.have[split][c.stratum] + sign*float64(c.n) - wanted
	return off * off / (wanted + 1)
}

// change is how the cost changes when a block comes to a split (sign 1) or leaves it (-1).
func (s *sharing) change(b int, split int8, sign float64) float64 {
	var out float64
	for _, c := range s.blocks[b].counts {
		out += s.cost(split, c, sign) - s.cost(split, c, 0)
	}
	return out
}

func (s *sharing) move(b int, split int8, sign float64) {
	for _, c := range s.blocks[b].counts {
		s.have[split][c.stratum] += sign * float64(c.n)
	}
}

func (s *sharing) best(b int) int8 {
	out := int8(-1)
	var least float64
	for k := range int8(3) {
		if s.ratio[k] == 0 {
			continue
		}
		if c := s.change(b, k, 1); out < 0 || c < least {
			out, least = k, c
		}
	}
	return out
}

// improve moves each block to where it is best and tries to exchange it with its followers of another split.
func (s *sharing) improve(order []int) bool {
	const partners = 20
	better := false
	for i, b := range order {
		from := s.split[b]
		s.move(b, from, -1)
		s.split[b] = s.best(b)
		s.move(b, s.split[b], 1)
		better = better || s.split[b] != from
		for k := 1; k <= partners && i+k < len(order); k++ {
			better = s.exchange(b, order[i+k]) || better
		}
	}
	return better
}

// exchange swaps the splits of two blocks where that lowers the cost.
func (s *sharing) exchange(a, b int) bool {
	from, to := s.split[a], s.split[b]
	if from == to {
		return false
	}
	const enough = 1e-9 // so that rounding cannot swap for ever
	gain := -s.change(a, from, -1) - s.change(b, to, -1)
	s.move(a, from, -1)
	s.move(b, to, -1)
	gain -= s.change(a, to, 1) + s.change(b, from, 1)
	if gain > enough {
		s.split[a], s.split[b] = to, from
	}
	s.move(a, s.split[a], 1)
	s.move(b, s.split[b], 1)
	return gain > enough
}
