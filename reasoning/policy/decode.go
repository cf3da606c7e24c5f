package policy

import (
	"math"

	"github.com/precinct-map/precinct/reasoning"
)

// nearBins are how many bins on each side of the likeliest one count: what the net is unsure of within them is an edge between bins, what it
// is unsure of beyond is another edge.
const nearBins = 3

// BoxOf is the box that the logits of four tokens, x1 y1 x2 y2 of bins each, stand for, in window pixels from the anchor: of each token the
// expectation near its likeliest bin.
func BoxOf(logits []float32, bins int, binPixels float64) reasoning.Box {
	var b reasoning.Box
	for t := range b {
		b[t] = (expected(logits[t*bins:][:bins]) - float64(bins)/2) * binPixels
	}
	return reasoning.Box{min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])}
}

// PointsOf are the two points that the logits of four tokens, x y x y, stand for, read as a box's sides are.
func PointsOf(logits []float32, bins int, binPixels float64) [2]reasoning.Point {
	var p [4]float64
	for t := range p {
		p[t] = (expected(logits[t*bins:][:bins]) - float64(bins)/2) * binPixels
	}
	return [2]reasoning.Point{{p[0], p[1]}, {p[2], p[3]}}
}

// BinOf is the bin, between bins too, of a window coordinate: what BoxOf reads back.
func BinOf(at float64, bins int, binPixels float64) float64 {
	return max(0, min(float64(bins-1), at/binPixels+float64(bins)/2))
}

func expected(logits []float32) float64 {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	sum, at := 0.0, 0.0
	for i := max(0, best-nearBins); i <= min(len(logits)-1, best+nearBins); i++ {
		w := math.Exp(float64(logits[i] - logits[best]))
		sum, at = sum+w, at+w*float64(i)
	}
	return at / sum
}
