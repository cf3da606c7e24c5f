package training

import (
	"context"
	"slices"
	"testing"

	"github.com/precinct-map/precinct/reasoning"
)

// pointer answers each question with a box that has four points.
type pointer struct{}

func (pointer) Name() string { return "pointer" }
func (pointer) Dialect() reasoning.Dialect {
	d, _ := reasoning.ParseDialect("")
	return d
}

func (pointer) Complete(context.Context, reasoning.Request) ([]reasoning.Completion, error) {
	return []reasoning.Completion{{Text: `<think>why</think><answer>[{"bbox_2d":[0,0,9,9],"points":[[1,1],[2,2],[3,3],[4,4]]},{"bbox_2d":[0,0,5,5],"points":[[1,1]]}]</answer>`}}, nil
}

func TestAblations(t *testing.T) {
	p := Pipeline{Label: "p", Mode: reasoning.TwoStage, Pipeline: &reasoning.Pipeline{VLM: pointer{}}}
	var names []string
	for i, s := range p.Without(Ablations...) {
		names = append(names, s.Name())
		q := s.(Pipeline)
		for stage, want := range map[reasoning.Stage]int{reasoning.Localize: 4, reasoning.Refine: max(1, i-2), reasoning.Single: max(1, i-2)} {
			if i < 3 {
				want = 4
			}
			answers, err := q.Pipeline.VLM.Complete(t.Context(), reasoning.Request{Stage: stage})
			if err != nil {
				t.Fatal(err)
			}
			prompts, problems := reasoning.ReadPrompts(answers[0].Text)
			if len(problems) > 0 || len(prompts) != 2 || len(prompts[0].Points) != want || len(prompts[1].Points) != 1 || reasoning.Think(answers[0].Text) != "why" {
				t.Errorf("%s, stage %d: %v, %v", q.Label, stage, prompts, problems)
			}
		}
	}
	want := []string{"p", "p, no-refinement", "p, no-reflection", "p, at most 1 points", "p, at most 2 points", "p, at most 3 points"}
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}
