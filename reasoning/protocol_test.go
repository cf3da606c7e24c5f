package reasoning

import (
	"strings"
	"testing"
)

// TestProtocolFromAFile asks a model in another training's words: the example of docs/dialects, run.
func TestProtocolFromAFile(t *testing.T) {
	d, err := ParseDialect("../docs/dialects/visionreasoner.yaml")
	if err != nil {
		t.Fatal(err)
	}
	vlm := &scripted{dialect: d, answers: map[Stage]Completion{
		Single: {Text: `<think>a</think><answer>[{"bbox_2d":[84,84,420,420],"point_2d":[168,210]},{"bbox_2d":[1,2]},{"bbox_2d":[0,0,84,84],"point_2d":[[10,20],[30,40]]}]</answer>`},
	}}
	pair := testPair()
	trace, err := (&Pipeline{VLM: vlm, Segmenter: &boxSegmenter{}}).Run(t.Context(), pair, "school", TwoStage)
	if err != nil {
		t.Fatal(err)
	}
	if len(trace.Stages) != 1 || len(trace.Objects) != 2 {
		t.Fatalf("%d stages, %d objects", len(trace.Stages), len(trace.Objects))
	}
	st := trace.Stages[0]
	if !strings.Contains(st.Text, `Find "school"`) || len(st.Problems) != 1 || !strings.Contains(st.Problems[0], "bbox_2d") {
		t.Errorf("asked %q, problems %v", st.Text, st.Problems)
	}
	if b := st.Images[0].Bounds(); b.Dx() != 840 || b.Dy() != 840 {
		t.Errorf("the model was shown %v", b)
	}
	scale := float64(pair.Window.W) / 840
	if got, want := *st.Prompts[0].Box, (Box{84 * scale, 84 * scale, 420 * scale, 420 * scale}); got != want {
		t.Errorf("box %v, want %v", got, want)
	}
	if n, m := len(st.Prompts[0].Points), len(st.Prompts[1].Points); n != 1 || m != 2 {
		t.Errorf("%d and %d points, want 1 and 2", n, m)
	}
	if order := d.ImageOrder(); len(order) != 2 || order[0] != 1 || order[1] != 0 {
		t.Errorf("pictures in the order %v: the satellite's is first", order)
	}
	if own := (Dialect{Name: "generic"}); own.PromptVersion() == d.PromptVersion() {
		t.Error("results of two protocols would be kept under one name")
	}
}

func TestDialectFilesThatCannotBe(t *testing.T) {
	good := "name: a\nprompt: 'find {phrase}'\n"
	if _, err := ReadDialect([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"prompt: 'find {phrase}'":             "name",
		"name: a\nprompt: find":               "{phrase}",
		good + "pictures: [radar]":            "radar",
		good + "pictures: []":                 "pictures",
		good + "factor: 0":                    "factor",
		good + "min_pixels: 9\nmax_pixels: 4": "min_pixels",
		good + "colour: red":                  "colour",
		"\x00":                                "",
	} {
		if _, err := ReadDialect([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
	if _, err := ParseDialect("nowhere.yaml"); err == nil {
		t.Error("a file that is not there was read")
	}
}
