package training

import (
	"context"
	"fmt"

	"github.com/precinct-map/precinct/reasoning"
)

// Ablations name what [Pipeline.Without] can take away.
var Ablations = []string{"stages", "points"}

// Without is the pipeline as it is, and the paper's ablations of it: "stages" stops at the coarse mask (no-refinement) and asks for boxes and points
// at once (no-reflection), tables 2 and 5; "points" keeps one, two and three points of each object at most, tables 3 and 6. The paper trains a policy for
// each number of points; here answers are cut, so a policy that gives two is the same with three.
func (p Pipeline) Without(ablations ...string) []System {
	out := []System{p}
	for _, a := range ablations {
		switch a {
		case "stages":
			for _, m := range []reasoning.Mode{reasoning.NoRefinement, reasoning.NoReflection} {
				q := p
				q.Mode, q.Label = m, fmt.Sprintf("%s, %s", p.Label, m)
				out = append(out, q)
			}
		case "points":
			for n := 1; n <= 3; n++ {
				q, pipeline := p, *p.Pipeline
				pipeline.VLM = fewerPoints{p.Pipeline.VLM, n}
				q.Pipeline, q.Label = &pipeline, fmt.Sprintf("%s, at most %d points", p.Label, n)
				out = append(out, q)
			}
		}
	}
	return out
}

// fewerPoints cuts the points of each object to the first n.
type fewerPoints struct {
	reasoning.VLM
	n int
}

func (v fewerPoints) Complete(ctx context.Context, r reasoning.Request) ([]reasoning.Completion, error) {
	answers, err := v.VLM.Complete(ctx, r)
	if err != nil || r.Stage == reasoning.Localize {
		return answers, err
	}
	for i := range answers {
		prompts, _ := v.Dialect().Prompts(answers[i].Text)
		cut := false
		for j := range prompts {
			if p := &prompts[j]; len(p.Points) > v.n {
				p.Points, cut = p.Points[:v.n], true
			}
		}
		// Written anew in our own words, which a dialect of another protocol could not read.
		if cut && v.Dialect().Protocol == nil {
			answers[i].Text = reasoning.FormatAnswer(reasoning.Think(answers[i].Text), prompts)
		}
	}
	return answers, nil
}
