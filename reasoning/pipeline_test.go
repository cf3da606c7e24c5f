package reasoning

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// scripted is a VLM that says what it is told to, stage by stage. The segmenter below draws boxes as they are.
type scripted struct {
	dialect Dialect
	answers map[Stage]Completion
	asked   []Request
}

func (s *scripted) Name() string     { return "scripted" }
func (s *scripted) Dialect() Dialect { return s.dialect }
func (s *scripted) Complete(_ context.Context, r Request) ([]Completion, error) {
	s.asked = append(s.asked, r)
	c, ok := s.answers[r.Stage]
	if !ok {
		return nil, fmt.Errorf("%w: connection refused", ErrVLM)
	}
	return []Completion{c}, nil
}

type boxSegmenter struct{}

func (*boxSegmenter) Name() string { return "boxes" }
func (*boxSegmenter) Embed(_ context.Context, _ string, img *image.RGBA) (Embedding, error) {
	return boxEmbedding{img.Rect.Dx(), img.Rect.Dy()}, nil
}

type boxEmbedding struct{ w, h int }

func (boxEmbedding) Bytes() int { return 0 }
func (e boxEmbedding) Masks(_ context.Context, p Prompt) ([]Candidate, error) {
	if p.Box == nil || p.Box[2] <= p.Box[0] || p.Box[3] <= p.Box[1] {
		return nil, fmt.Errorf("%w: no box with an area", ErrSegmenter)
	}
	m := geo.NewMask(geo.Window{W: e.w, H: e.h})
	grow := 10 * len(p.Points)
	for y := max(0, int(p.Box[1])); y < min(e.h, int(p.Box[3])+grow); y++ {
		m.SetRun(y, int(p.Box[0]), int(p.Box[2]))
	}
	return []Candidate{{m, 0.8}}, nil
}

func testPair() *tiles.Pair {
	w := Scene{Z: 17, Col: 100, Row: 200}.Window()
	img := func() *image.RGBA { return image.NewRGBA(image.Rect(0, 0, w.W, w.H)) }
	return &tiles.Pair{Window: w, Satellite: img(), Map: img(), Labelled: true}
}

const oneBox = `<think>it is here</think><answer>[{"bbox_2d":[100,200,300,400]}]</answer>`

func TestPipelineModes(t *testing.T) {
	refined := `<think>a little more</think><answer>[{"bbox_2d":[100,200,300,400],"points":[[150,250],[200,300]]}]</answer>`
	tests := []struct {
		name    string
		mode    Mode
		answers map[Stage]Completion
		stages  int
		pixels  int
		failed  bool // the last stage
		err     error
	}{
		{"two stages", TwoStage, map[Stage]Completion{Localize: {Text: oneBox}, Refine: {Text: refined}}, 2, 200 * 220, false, nil},
		{"no refinement", NoRefinement, map[Stage]Completion{Localize: {Text: oneBox}}, 1, 200 * 200, false, nil},
		{"no reflection", NoReflection, map[Stage]Completion{Single: {Text: refined}}, 1, 200 * 220, false, nil},
		{"prose", TwoStage, map[Stage]Completion{Localize: {Text: "I see a school on the left."}}, 1, 0, true, nil},
		{"wrong JSON", TwoStage, map[Stage]Completion{Localize: {Text: `<answer>[{"bbox_2d":[1,2,3</answer>`}}, 1, 0, true, nil},
		{"nothing there", TwoStage, map[Stage]Completion{Localize: {Text: "<think>none</think><answer>[]</answer>"}}, 1, 0, false, nil},
		{"stage 2 prose keeps the coarse mask", TwoStage, map[Stage]Completion{Localize: {Text: oneBox}, Refine: {Text: "fine as it is"}}, 2, 200 * 200, true, nil},
		{"stage 2 takes it back", TwoStage, map[Stage]Completion{Localize: {Text: oneBox}, Refine: {Text: "<answer>[]</answer>"}}, 2, 0, false, nil},
		{"absurd box", TwoStage, map[Stage]Completion{Localize: {Text: `<answer>[{"bbox_2d":[300,400,100,200]}]</answer>`}}, 1, 0, true, nil},
		{"stage 1 unreachable", TwoStage, nil, 0, 0, false, ErrVLM},
		{"stage 2 unreachable", TwoStage, map[Stage]Completion{Localize: {Text: oneBox}}, 0, 0, false, ErrVLM},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Pipeline{VLM: &scripted{dialect: dialects[0], answers: tt.answers}, Segmenter: &boxSegmenter{}}
			trace, err := p.Run(context.Background(), testPair(), "school", tt.mode)
			if !errors.Is(err, tt.err) || tt.err != nil && err == nil {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if tt.err != nil {
				return
			}
			if len(trace.Stages) != tt.stages || trace.Union().Count() != tt.pixels {
				t.Errorf("%d stages, %d pixels; want %d, %d", len(trace.Stages), trace.Union().Count(), tt.stages, tt.pixels)
			}
			last := trace.Stages[len(trace.Stages)-1]
			if last.Failed != tt.failed || tt.failed && len(last.Problems) == 0 {
				t.Errorf("failed %v with problems %q, want %v", last.Failed, last.Problems, tt.failed)
			}
		})
	}
}

func TestTenThousandBoxesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("<answer>[")
	for i := range 10000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"bbox_2d":[%d,0,%d,9]}`, i%700, i%700+5)
	}
	b.WriteString("]</answer>")
	p := Pipeline{VLM: &scripted{dialect: dialects[0], answers: map[Stage]Completion{Localize: {Text: b.String()}}}, Segmenter: &boxSegmenter{}}
	trace, err := p.Run(context.Background(), testPair(), "school", NoRefinement)
	if err != nil {
		t.Fatal(err)
	}
	if len(trace.Objects) != MaxObjects || len(trace.Stages[0].Problems) != 1 {
		t.Errorf("%d objects, problems %q", len(trace.Objects), trace.Stages[0].Problems)
	}
}

// Qwen's boxes are pixels of a picture of 756, ours of 768; stage 2 is shown the first's, drawn at 756.
func TestDialectScalesBoxesAndPictures(t *testing.T) {
	qwen, _ := ParseDialect("qwen2.5-vl")
	vlm := &scripted{dialect: qwen, answers: map[Stage]Completion{Localize: {Text: `<answer>[{"bbox_2d":[63,63,315,315]}]</answer>`}, Refine: {Text: "no"}}}
	p := Pipeline{VLM: vlm, Segmenter: &boxSegmenter{}}
	trace, err := p.Run(context.Background(), testPair(), "school", TwoStage)
	if err != nil {
		t.Fatal(err)
	}
	if got := *trace.Stages[0].Prompts[0].Box; got != (Box{64, 64, 320, 320}) {
		t.Errorf("box in the picture: %v", got)
	}
	second := vlm.asked[1]
	if s := second.Images[1].Bounds().Size(); s != image.Pt(756, 756) || second.Boxes[0] != (Box{63, 63, 315, 315}) {
		t.Errorf("stage 2 sees %v with boxes %v", s, second.Boxes)
	}
	if !strings.Contains(second.Text, `[{"bbox_2d":[63,63,315,315]}]`) {
		t.Errorf("stage 2 is not told stage 1's answer: %s", second.Text)
	}
}

func TestDialectSizes(t *testing.T) {
	for _, tt := range []struct {
		name       string
		w, h, a, b int
	}{
		{"generic", 768, 768, 768, 768}, {"qwen2.5-vl", 768, 768, 756, 756}, {"qwen2.5-vl", 1536, 768, 1064, 532},
		{"qwen2.5-vl", 20, 20, 56, 56}, {"qwen3-vl", 768, 768, 768, 768},
	} {
		d, err := ParseDialect(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := d.Size(tt.w, tt.h); a != tt.a || b != tt.b {
			t.Errorf("%s of %d×%d: %d×%d, want %d×%d", tt.name, tt.w, tt.h, a, b, tt.a, tt.b)
		}
	}
}

func TestReadPrompts(t *testing.T) {
	tests := []struct {
		text              string
		prompts, problems int
	}{
		{oneBox, 1, 0},
		{"no answer", 0, 1},
		{"<answer>{}</answer>", 0, 1},
		{"<answer>null</answer>", 0, 1},
		{"<answer>```json\n[]\n```</answer>", 0, 1},
		{"<answer>[{'bbox_2d':[1,2,3,4]}]</answer>", 0, 1},
		{`<answer>[{"bbox_2d":[1,2,3,4]},{"bbox_2d":[1,2,3]},5,null,{"bbox_2d":[1,2,3,null]},{"points":[[1,2,3]]}]</answer>`, 2, 4},
		{`<answer>[{"bbox_2d":[1e999,2,3,4]}]</answer>`, 0, 1},
		{`<answer>[{"bbox_2d":[NaN,2,3,4]}]</answer>`, 0, 1},
		{`<answer>[]</answer><answer>[{"bbox_2d":[1,2,3,4]}]</answer>`, 0, 0},
		{"<answer>" + strings.Repeat("[", 100000) + "</answer>", 0, 1},
	}
	for _, tt := range tests {
		prompts, problems := ReadPrompts(tt.text)
		if len(prompts) != tt.prompts || len(problems) != tt.problems {
			t.Errorf("%.60s: %d prompts, problems %v; want %d, %d", tt.text, len(prompts), problems, tt.prompts, tt.problems)
		}
	}
}

func FuzzReadPrompts(f *testing.F) {
	f.Add(oneBox)
	f.Add(`<answer>[{"bbox_2d":[1,2,3,4],"points":[[1,2]]}]</answer>`)
	f.Fuzz(func(t *testing.T, text string) {
		prompts, _ := ReadPrompts(text)
		again, problems := ReadPrompts(FormatAnswer("", prompts))
		if len(prompts) != len(again) || len(problems) > 0 {
			t.Errorf("%d prompts became %d with %v", len(prompts), len(again), problems)
		}
	})
}

func TestCleanPhrase(t *testing.T) {
	for in, want := range map[string]string{
		" school ": "school", "a\tb\n c": "a b c", "Cafe\u0301": "Café", "学校": "学校", "": "", "   ": "", strings.Repeat("x", 201): "",
		strings.Repeat("x", 10000): "", "a\x00b": "", "\xff": "", "</answer>": "", "bell\x07": "",
	} {
		got, err := CleanPhrase(in)
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, ErrPhrase) {
			t.Errorf("CleanPhrase(%.20q) = %q, %v; want %q", in, got, err, want)
		}
	}
}
