package training

import (
	"encoding/json"
	"io"
	"math"
	"strings"
	"unicode"

	"github.com/precinct-map/precinct/reasoning"
)

// withoutSpecialTokens takes away what decoding leaves in a completion, one kind after the other as the reference does.
func withoutSpecialTokens(s string) string {
	for _, token := range []string{"<|endoftext|>", "<|im_end|>", "<pad>"} {
		s = strings.ReplaceAll(s, token, "")
	}
	return s
}

// readStrict is the paper's reading: exactly one <think>…</think>, white space, one <answer>…</answer>, nothing else, and
// in the answer a strict JSON list of at least one object with exactly the stage's keys.
func readStrict(completion string, stage reasoning.Stage) ([]reasoning.Prompt, bool) {
	answer, ok := onlyAnswer(reasoning.StripSpace(withoutSpecialTokens(completion)))
	if !ok {
		return nil, false
	}
	v, err := decode(answer)
	items, isList := v.([]any)
	if err != nil || !isList || len(items) == 0 {
		return nil, false
	}
	prompts := make([]reasoning.Prompt, len(items))
	for i, item := range items {
		fields, isObject := item.(object)
		if prompts[i], ok = strictPrompt(fields, stage); !isObject || !ok {
			return nil, false
		}
	}
	return prompts, true
}

// onlyAnswer is the text of the answer when the completion is one thought and one answer.
func onlyAnswer(s string) (string, bool) {
	s, ok1 := strings.CutPrefix(s, "<think>")
	thought, s, ok2 := strings.Cut(s, "</think>")
	s, ok3 := strings.CutPrefix(trimLeftSpace(s), "<answer>")
	answer, ok4 := strings.CutSuffix(s, "</answer>")
	return answer, ok1 && ok2 && ok3 && ok4 && !hasTag(thought) && !hasTag(answer)
}

func hasTag(s string) bool {
	for _, tag := range []string{"<think>", "</think>", "<answer>", "</answer>"} {
		if strings.Contains(s, tag) {
			return true
		}
	}
	return false
}

func strictPrompt(fields object, stage reasoning.Stage) (reasoning.Prompt, bool) {
	box, ok := finiteNumbers(fields["bbox_2d"], 4)
	if !ok {
		return reasoning.Prompt{}, false
	}
	p := reasoning.Prompt{Box: (*reasoning.Box)(box)}
	if stage == reasoning.Localize {
		return p, len(fields) == 1
	}
	points, ok := fields["points"].([]any)
	if !ok || len(fields) != 2 {
		return reasoning.Prompt{}, false
	}
	for _, v := range points {
		xy, ok := finiteNumbers(v, 2)
		if !ok {
			return reasoning.Prompt{}, false
		}
		p.Points = append(p.Points, reasoning.Point(xy))
	}
	return p, true
}

func finiteNumbers(v any, n int) ([]float64, bool) {
	list, ok := v.([]any)
	if !ok || len(list) != n {
		return nil, false
	}
	out := make([]float64, n)
	for i, e := range list {
		number, ok := e.(json.Number)
		f, err := number.Float64()
		if !ok || err != nil { // 1e400 is an error too
			return nil, false
		}
		out[i] = f
	}
	return out, true
}

// tagsReward is the reference's first half of format: whether Python's re.fullmatch of
// <think>.*?</think>\s*<answer>.*?</answer> holds. As .*? gives way, that asks for the outer tags and, anywhere between
// them, the inner two with nothing but white space in their midst.
func tagsReward(text string) float64 {
	s, ok1 := strings.CutPrefix(text, "<think>")
	s, ok2 := strings.CutSuffix(s, "</answer>")
	for found := ok1 && ok2; found; {
		if _, s, found = strings.Cut(s, "</think>"); found && strings.HasPrefix(trimLeftSpace(s), "<answer>") {
			return 1
		}
	}
	return 0
}

// trimLeftSpace takes away what Python's \s and str.lstrip do.
func trimLeftSpace(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// readLoose is the items of the first <answer>, as Python's json.loads and a loop over its value see them. An empty object
// and an empty string loop over nothing.
func readLoose(text string) ([]any, bool) {
	answer, ok := reasoning.Answer(text)
	if !ok {
		return nil, false
	}
	v, err := decode(pythonConstants(answer))
	if err != nil {
		return nil, false
	}
	switch v := v.(type) {
	case []any:
		return v, true
	case object:
		return nil, len(v) == 0
	case string:
		return nil, v == ""
	}
	return nil, false
}

// pythonConstants writes NaN and ±Infinity, which json.loads accepts as values, as numbers too large for a double. In all
// that the reference asks of a number NaN and infinity come to the same. The spaces keep 1NaN and -NaN wrong.
func pythonConstants(s string) string {
	if !strings.Contains(s, "NaN") && !strings.Contains(s, "Infinity") {
		return s
	}
	var out strings.Builder
	inString := false
	for i := 0; i < len(s); i++ {
		switch rest := s[i:]; {
		case inString && s[i] == '\\' && len(rest) > 1:
			out.WriteByte(s[i])
			i++
		case s[i] == '"':
			inString = !inString
		case inString:
		case strings.HasPrefix(rest, "NaN"):
			out.WriteString(" 1e999 ")
			i += len("NaN") - 1
			continue
		case strings.HasPrefix(rest, "Infinity"):
			out.WriteString(" 1e999 ")
			i += len("Infinity") - 1
			continue
		case strings.HasPrefix(rest, "-Infinity"):
			out.WriteString(" -1e999 ")
			i += len("-Infinity") - 1
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// pythonNumber is what Python counts as a number, booleans included; beyond a double's range it is ±Inf.
func pythonNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64() // the only error is the range, with f = ±Inf
		return f, true
	case bool:
		return indicator(v), true
	}
	return 0, false
}

// isHugeInteger says whether n, with value f, is an integer beyond a double, with which Python raises OverflowError.
func isHugeInteger(n json.Number, f float64) bool {
	return math.IsInf(f, 0) && !strings.ContainsAny(string(n), ".eE")
}

// decode reads exactly one strict JSON value, numbers as json.Number. Of duplicate keys the last counts, as in Python.
func decode(s string) (any, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, ErrLine
	}
	return v, nil
}
