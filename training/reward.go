package training

import (
	"fmt"
	"math"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

// Definition says whose rewards are meant.
type Definition string

// The definitions. Mask is the final mask's IoU alone, after Think2Seg-RS: it is no sum of terms, and needs a segmenter.
const (
	Paper     Definition = "paper"
	Reference Definition = "reference"
	Mask      Definition = "mask"
)

// ParseDefinition reads the name of a definition that scores a completion's text.
func ParseDefinition(s string) (Definition, error) {
	switch d := Definition(s); d {
	case Paper, Reference:
		return d, nil
	}
	return "", &Error{Op: "score", Subject: fmt.Sprintf("by definition %q", s), Err: ErrDefinition, Hint: "use paper or reference"}
}

// Reward is what one completion earns, by term, and the sum.
type Reward struct {
	Format   float64 `json:"format"`
	Accuracy float64 `json:"accuracy"`
	Length   float64 `json:"length"`
	Total    float64 `json:"total"`
}

func sum(format, accuracy, length float64) Reward {
	return Reward{format, accuracy, length, format + accuracy + length}
}

// PaperStage1 scores boxes against the true ones. An answer that breaks the format earns nothing. Accuracy is
// N/max(K, J), N the most pairs with an IoU above 0.5 (eq. 7); length is exp(−2|K−J|/J) (eq. 8); both are 0 without true
// boxes. The error says that there are more boxes than can be matched.
func PaperStage1(completion string, truth []reasoning.Box) (Reward, error) {
	prompts, ok := readStrict(completion, reasoning.Localize)
	if !ok {
		return Reward{}, nil
	}
	if len(truth) == 0 {
		return sum(1, 0, 0), nil
	}
	boxes := make([]reasoning.Box, len(prompts))
	for i, p := range prompts {
		boxes[i] = *p.Box
	}
	matches, err := countMatches(boxes, truth)
	if err != nil {
		return Reward{}, err
	}
	k, j := len(boxes), len(truth)
	return sum(1, float64(matches)/float64(max(k, j)), countReward(k, j)), nil
}

// countReward is eq. 8 for J > 0.
func countReward(k, j int) float64 { return math.Exp(-2 * math.Abs(float64(k-j)) / float64(j)) }

// PaperStage2 scores boxes with points, given the accuracy that their mask reached (eq. 10, see MaskIoU). An answer that
// breaks the format earns nothing. Length is the mean of exp(−(n−2)²/8) over the groups, n points each (eq. 11).
func PaperStage2(completion string, accuracy float64) Reward {
	groups, ok := readStrict(completion, reasoning.Refine)
	if !ok {
		return Reward{}
	}
	length := 0.0
	for _, g := range groups {
		length += pointReward(len(g.Points))
	}
	return sum(1, accuracy, length/float64(len(groups)))
}

// pointReward is the r(n) of eq. 11, with μ = σ = 2.
func pointReward(n int) float64 {
	d := float64(n - 2)
	return math.Exp(-d * d / 8)
}

// MaskIoU is the accuracy of stage 2: |a∩b| / |a∪b|, 0 for an empty union, for masks of different windows, and for nil.
func MaskIoU(a, b *geo.Mask) float64 {
	if a == nil || b == nil || a.Window != b.Window {
		return 0
	}
	return a.IoU(b)
}
