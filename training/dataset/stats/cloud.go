package stats

import "math"

// placedWord is a word of the cloud: the left end of its base line, and its size in pixels.
type placedWord struct {
	Frequent
	x, y, size, width float64
}

// box is what a word covers, a little larger than its letters.
type box struct{ x0, y0, x1, y1 float64 }

func (b box) meets(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

// The sizes of words in a cloud of 1000 pixels' width, and how far from each other they stay.
const (
	largestWord  = 64
	smallestWord = 11
	wordGap      = 2.5
)

// layCloud lays words out on a spiral from the middle, the most frequent first: each where it is the first to be free. A word that finds
// no place is left out. Sizes grow with the square root of the count, so that ink grows with it.
func layCloud(words []Frequent, w, h float64, width func(text string, size float64) float64) []placedWord {
	var out []placedWord
	var taken []box
	for _, word := range words {
		size := max(smallestWord, largestWord*math.Sqrt(float64(word.N)/float64(words[0].N)))
		wide := width(word.Text, size)
		if wide > 0.8*w {
			size, wide = size*0.8*w/wide, 0.8*w
		}
		if b, ok := freeBox(taken, w, h, wide+2*wordGap, 0.98*size+wordGap); ok {
			taken = append(taken, b)
			out = append(out, placedWord{word, b.x0 + wordGap, b.y0 + 0.76*size + wordGap/2, size, wide})
		}
	}
	return out
}

// freeBox goes along an Archimedean spiral, drawn out to the shape of the area, until a box is free of the taken ones.
func freeBox(taken []box, w, h, wide, high float64) (box, bool) {
	const step, turn = 3.5, 2 * math.Pi
	last := 0 // the box that was in the way: mostly it still is
	for t := 0.; ; {
		r := step * t / turn
		if r > w/2 {
			return box{}, false
		}
		x, y := w/2+r*math.Cos(t), h/2+r*math.Sin(t)*h/w
		b := box{x - wide/2, y - high/2, x + wide/2, y + high/2}
		t += min(0.5, 3/max(1, r))
		if b.x0 < 0 || b.y0 < 0 || b.x1 > w || b.y1 > h || last < len(taken) && b.meets(taken[last]) {
			continue
		}
		free := true
		for i := range taken {
			if b.meets(taken[i]) {
				free, last = false, i
				break
			}
		}
		if free {
			return b, true
		}
	}
}
