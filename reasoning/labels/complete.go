package labels

import (
	"context"
	"fmt"

	"github.com/precinct-map/precinct/reasoning"
)

// Complete lets a model that reads the pair's labels, and whose answer does not depend on chance, answer a request: N completions are N times
// the same. An error wraps reasoning.ErrVLM where the request has no labels to read.
func Complete(ctx context.Context, model string, q reasoning.Request, answer func(context.Context, reasoning.Request) (*reasoning.Completion, error)) ([]reasoning.Completion, error) {
	if q.Pair == nil {
		return nil, &reasoning.Error{Op: "ask", Subject: model, Err: fmt.Errorf("%w: the request has no scene", reasoning.ErrVLM)}
	}
	if !q.Pair.Labelled {
		return nil, &reasoning.Error{Op: "ask", Subject: model, Err: fmt.Errorf("%w: the map source does not know its labels", reasoning.ErrVLM),
			Hint: "use a map of kind osm or town, set pair.labels to ocr, or configure another vlm"}
	}
	c, err := answer(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]reasoning.Completion, max(1, q.N))
	for i := range out {
		out[i] = *c
	}
	return out, nil
}

// None is the answer to a request that no label answers.
func None(q reasoning.Request) *reasoning.Completion {
	think := fmt.Sprintf("The map shows %d labels here and none of them answers %q.", len(q.Pair.Labels), q.Phrase)
	return &reasoning.Completion{Text: reasoning.FormatAnswer(think, nil)}
}
