package reasoning

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
)

// Answer is the text of the first <answer>…</answer>, without outer white space, and whether there is one.
func Answer(text string) (string, bool) { return between(text, "<answer>", "</answer>") }

// Think is the text of the first <think>…</think>, without outer white space; "" when there is none.
func Think(text string) string {
	s, _ := between(text, "<think>", "</think>")
	return s
}

func between(text, open, end string) (string, bool) {
	_, rest, ok := strings.Cut(text, open)
	if !ok {
		return "", false
	}
	inner, _, ok := strings.Cut(rest, end)
	if !ok {
		return "", false
	}
	return StripSpace(inner), true
}

// StripSpace is Python's str.strip: Unicode white space and the four separators U+001C…U+001F go from both ends.
func StripSpace(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// ReadPrompts is the lenient reading of a completion, for the segmenter: the first <answer> must hold a JSON list; of its
// items those that cannot be used are skipped, each with a problem that says why. A box is a list of four numbers; of a
// point only the first two coordinates count. Coordinates are the model's own.
func ReadPrompts(text string) ([]Prompt, []error) { return readPrompts(text, "bbox_2d", "points") }

func readPrompts(text, box, points string) ([]Prompt, []error) {
	answer, ok := Answer(text)
	if !ok {
		return nil, []error{fmt.Errorf("%w: there is no <answer>…</answer>", ErrAnswer)}
	}
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(answer), &items); err != nil {
		return nil, []error{fmt.Errorf("%w: the answer is no JSON list: %v", ErrAnswer, err)}
	}
	if items == nil {
		return nil, []error{fmt.Errorf("%w: the answer is null, not a list", ErrAnswer)}
	}
	var prompts []Prompt
	var problems []error
	for i, item := range items {
		p, err := readPrompt(item, box, points)
		if err != nil {
			problems = append(problems, fmt.Errorf("%w: object %d: %v", ErrAnswer, i+1, err))
			continue
		}
		prompts = append(prompts, p)
	}
	return prompts, problems
}

func readPrompt(item json.RawMessage, box, points string) (Prompt, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(item, &fields); err != nil || fields == nil {
		return Prompt{}, errors.New("it is no JSON object")
	}
	var p Prompt
	if raw, ok := fields[box]; ok {
		c, err := numbers(raw)
		if err != nil || len(c) != 4 {
			return Prompt{}, fmt.Errorf("its %s is not a list of four numbers", box)
		}
		p.Box = (*Box)(c)
	}
	if raw, ok := fields[points]; ok && points != "" {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return Prompt{}, fmt.Errorf("its %s are not a list", points)
		}
		if _, err := numbers(raw); err == nil && len(list) > 0 {
			list = []json.RawMessage{raw} // one point, not a list of them
		}
		for _, raw := range list {
			c, err := numbers(raw)
			if err != nil || len(c) < 2 {
				return Prompt{}, errors.New("one of its points is not a pair of numbers")
			}
			p.Points = append(p.Points, Point(c[:2]))
		}
	}
	if p.Box == nil && len(p.Points) == 0 {
		return Prompt{}, fmt.Errorf("it has neither %s nor %s", box, cmp.Or(points, "points"))
	}
	return p, nil
}

func numbers(raw json.RawMessage) ([]float64, error) {
	var c []*float64 // null must not pass for zero
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	out := make([]float64, len(c))
	for i, v := range c {
		if v == nil || math.IsInf(*v, 0) {
			return nil, errors.New("not a finite number")
		}
		out[i] = *v
	}
	return out, nil
}

// FormatAnswer writes prompts in the protocol, with the thought that led to them.
func FormatAnswer(think string, prompts []Prompt) string {
	type object struct {
		Box    *Box    `json:"bbox_2d,omitempty"`
		Points []Point `json:"points,omitempty"`
	}
	objects := make([]object, len(prompts))
	for i, p := range prompts {
		objects[i] = object(p)
	}
	data, err := json.Marshal(objects)
	if err != nil { // NaN or infinite coordinates, which no caller has
		data = []byte("[]")
	}
	return "<think>" + think + "</think>\n<answer>" + string(data) + "</answer>"
}
