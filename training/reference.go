package training

import (
	"encoding/json"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/precinct-map/precinct/reasoning"
)

// maxReferenceBoxes is how many boxes of each side the reference's accuracy looks at.
const maxReferenceBoxes = 120

// object is a JSON object as decode leaves it.
type object = map[string]any

// ReferenceStage1 scores boxes as the authors' code does, in double precision. The terms do not depend on each other: what
// would raise an exception in Python earns 0 for its own term.
//   - format, 0…2: 1 for the tags, and the share of items with exactly the key bbox_2d and a list of four
//   - accuracy, −1…1: pairs by least cost 2 − [IoU > 0.5] − [mean L1 < 10], each worth 1 − cost, over max(K, J)
//   - length: exp(−2|K−J|/J); without truth 1 for no boxes, else 0
func ReferenceStage1(completion string, truth []reasoning.Box) Reward {
	text := withoutSpecialTokens(completion)
	items, ok := readLoose(text)
	format := tagsReward(text)
	if !ok {
		return sum(format, 0, 0)
	}
	return sum(format+localizeShare(items), localizeAccuracy(items, truth), localizeLength(items, len(truth)))
}

// localizeShare is the share of items that are stage 1's; 0 when one is no object at all.
func localizeShare(items []any) float64 {
	good := 0
	for _, item := range items {
		fields, ok := item.(object)
		if !ok {
			return 0
		}
		if box, ok := fields["bbox_2d"].([]any); ok && len(fields) == 1 && len(box) == 4 {
			good++
		}
	}
	return share(good, len(items))
}

func localizeAccuracy(items []any, truth []reasoning.Box) float64 {
	boxes, ok := referenceBoxes(items)
	if !ok || len(boxes) == 0 || len(truth) == 0 {
		return 0
	}
	boxes, truth = boxes[:min(len(boxes), maxReferenceBoxes)], truth[:min(len(truth), maxReferenceBoxes)]
	cost := make([][]float64, len(boxes))
	for i, b := range boxes {
		cost[i] = make([]float64, len(truth))
		for j, t := range truth {
			cost[i][j] = 2 - indicator(pixelIoU(b, t) > 0.5) - indicator(meanL1(b, t) < 10)
		}
	}
	pairs := min(len(boxes), len(truth))
	return (float64(pairs) - leastCost(cost)) / float64(max(len(boxes), len(truth)))
}

// referenceBoxes is every item's box, or false where NumPy could not count with them.
func referenceBoxes(items []any) ([]reasoning.Box, bool) {
	boxes := make([]reasoning.Box, len(items))
	onlyBools := true // NumPy does not subtract booleans from each other
	for i, item := range items {
		fields, _ := item.(object)
		list, _ := fields["bbox_2d"].([]any)
		if len(list) != 4 {
			return nil, false
		}
		for k, v := range list {
			f, ok := pythonNumber(v)
			if n, isNumber := v.(json.Number); !ok || isNumber && isHugeInteger(n, f) {
				return nil, false
			}
			_, isBool := v.(bool)
			onlyBools = onlyBools && isBool
			boxes[i][k] = f
		}
	}
	return boxes, len(items) == 0 || !onlyBools
}

// pixelIoU counts both borders of a box as its own: widths are x2 − x1 + 1.
func pixelIoU(a, b reasoning.Box) float64 {
	area := func(r reasoning.Box) float64 { return (r[2] - r[0] + 1) * (r[3] - r[1] + 1) }
	inter := max(0, min(a[2], b[2])-max(a[0], b[0])+1) * max(0, min(a[3], b[3])-max(a[1], b[1])+1)
	return inter / (area(a) + area(b) - inter)
}

func meanL1(a, b reasoning.Box) float64 {
	d := 0.0
	for i := range a {
		d += math.Abs(a[i] - b[i])
	}
	return d / 4
}

func localizeLength(items []any, truth int) float64 {
	boxes := make([]any, len(items))
	for i, item := range items {
		fields, _ := item.(object)
		box, ok := fields["bbox_2d"]
		if !ok {
			return 0
		}
		boxes[i] = box
	}
	switch _, even := arrayShape(boxes); {
	case !even:
		return 0
	case truth == 0:
		return indicator(len(items) == 0)
	}
	return countReward(len(items), truth)
}

// arrayShape is the shape that a list has as a NumPy array; false when its rows differ, which NumPy refuses.
func arrayShape(v any) ([]int, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, true
	}
	var inner []int
	for i, e := range list {
		s, even := arrayShape(e)
		if !even || i > 0 && !slices.Equal(s, inner) {
			return nil, false
		}
		inner = s
	}
	return append([]int{len(list)}, inner...), true
}

// ReferenceStage2 scores boxes with points as the authors' code does, given the accuracy of their mask (MaskIoU).
// stage1 is the boxes that stage 1 answered; NaN stands for what was none.
//   - format, 0…2: 1 for the tags, and, when there are as many items as stage-1 boxes, the share of those that repeat
//     their stage-1 box exactly and whose points are pairs strictly inside it; 0 when a point cannot be indexed
//   - length: exp(−(n−2)²/8) of the groups with points, over all groups
func ReferenceStage2(completion string, stage1 []reasoning.Box, accuracy float64) Reward {
	text := withoutSpecialTokens(completion)
	items, ok := readLoose(text)
	format := tagsReward(text)
	if !ok {
		return sum(format, accuracy, 0)
	}
	return sum(format+refineShare(items, stage1), accuracy, refineLength(items))
}

func refineShare(items []any, stage1 []reasoning.Box) float64 {
	if len(items) != len(stage1) {
		return 0
	}
	good := 0
	for i, item := range items {
		fields, ok := item.(object)
		if !ok {
			return 0
		}
		box, isBox := fields["bbox_2d"].([]any)
		points, hasPoints := fields["points"].([]any)
		if !isBox || len(box) != 4 || !hasPoints {
			continue
		}
		inside, ok := allInside(points, box)
		if !ok {
			return 0
		}
		if inside && sameBox(box, stage1[i]) {
			good++
		}
	}
	return share(good, len(items))
}

func sameBox(box []any, want reasoning.Box) bool {
	for k, v := range box {
		if f, ok := pythonNumber(v); !ok || f != want[k] {
			return false
		}
	}
	return true
}

// allInside says whether every point is a pair strictly inside the box. ok is false where Python would raise an exception
// before it met the first point outside, at which it stops looking.
func allInside(points, box []any) (inside, ok bool) {
	inside = true
	for _, p := range points {
		point, isList := p.([]any)
		if !isList {
			return false, false
		}
		inside = inside && len(point) == 2
		outside, ok := liesOutside(point, box)
		if !ok || outside {
			return false, ok
		}
	}
	return inside, true
}

func liesOutside(point, box []any) (outside, ok bool) {
	for axis := range 2 {
		if axis >= len(point) {
			return false, false
		}
		v, ok1 := pythonNumber(point[axis])
		low, ok2 := pythonNumber(box[axis])
		if !ok1 || !ok2 {
			return false, false
		}
		if v <= low {
			return true, true
		}
		high, ok := pythonNumber(box[axis+2])
		if !ok {
			return false, false
		}
		if v >= high {
			return true, true
		}
	}
	return false, true
}

func refineLength(items []any) float64 {
	length := 0.0
	for _, item := range items {
		switch group := item.(type) {
		case object:
			points, ok := group["points"]
			if !ok {
				continue
			}
			n, ok := pythonLen(points)
			if !ok {
				return 0
			}
			length += pointReward(n)
		case []any, string: // Python finds no "points" in them
		default: // and cannot look into anything else
			return 0
		}
	}
	if len(items) == 0 {
		return 0
	}
	return length / float64(len(items))
}

func pythonLen(v any) (int, bool) {
	switch v := v.(type) {
	case []any:
		return len(v), true
	case object:
		return len(v), true
	case string:
		return utf8.RuneCountInString(v), true
	}
	return 0, false
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
