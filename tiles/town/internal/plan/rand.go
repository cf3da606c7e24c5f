package plan

import "math/bits"

// Rand is a stream of numbers that a seed decides, the same on every machine: math/rand's may change between releases.
type Rand struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Hash mixes a seed with a purpose and two whole coordinates.
func Hash(seed, purpose uint64, a, b int) uint64 {
	h := mix(seed + golden*(purpose+1))
	h = mix(h ^ bits.RotateLeft64(uint64(a)*0xd6e8feb86659fd93, 17))
	return mix(h ^ uint64(b)*0xa0761d6478bd642f + golden)
}

func newRand(seed uint64) Rand { return Rand{seed} }

func (r *Rand) next() uint64 {
	r.state += golden
	return mix(r.state)
}

// unit is in [0, 1).
func (r *Rand) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

func (r *Rand) between(low, high float64) float64 { return low + (high-low)*r.unit() }

func (r *Rand) below(n int) int {
	high, _ := bits.Mul64(r.next(), uint64(n))
	return int(high)
}

func (r *Rand) chance(p float64) bool { return r.unit() < p }

// tone is a shade for the painter, any of 256.
func (r *Rand) tone() uint8 { return uint8(r.next() >> 56) }
