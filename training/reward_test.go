package training_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training"
)

func answer(s string) string { return "<think>t</think><answer>" + s + "</answer>" }

var square = reasoning.Box{0, 0, 100, 100}

func TestPaperStage1(t *testing.T) {
	two := []reasoning.Box{square, {200, 200, 300, 300}}
	tests := []struct {
		name       string
		completion string
		truth      []reasoning.Box
		want       training.Reward
	}{
		{"exact", answer(`[{"bbox_2d":[0,0,100,100]},{"bbox_2d":[200,200,300,300]}]`), two, training.Reward{1, 1, 1, 3}},
		{"one of two", answer(`[{"bbox_2d":[0,0,100,100]}]`), two, training.Reward{1, 0.5, math.Exp(-1), 1.5 + math.Exp(-1)}},
		{"IoU of exactly a half is no match", answer(`[{"bbox_2d":[0,0,50,100]}]`), []reasoning.Box{square}, training.Reward{1, 0, 1, 2}},
		{"no +1 pixel", answer(`[{"bbox_2d":[0,0,1,1]}]`), []reasoning.Box{{0, 0, 1, 1.9}}, training.Reward{1, 1, 1, 3}},
		{"a truth is matched once", answer(`[{"bbox_2d":[0,0,100,100]},{"bbox_2d":[0,0,100,99]}]`), []reasoning.Box{square},
			training.Reward{1, 0.5, math.Exp(-2), 1.5 + math.Exp(-2)}},
		{"no truth", answer(`[{"bbox_2d":[0,0,100,100]}]`), []reasoning.Box{}, training.Reward{1, 0, 0, 1}},
		{"swapped corners", answer(`[{"bbox_2d":[100,100,0,0]}]`), []reasoning.Box{square}, training.Reward{1, 0, 1, 2}},
		{"white space and special tokens",
			"\u00a0<think></think>\u2003<answer>\n[{\"bbox_2d\":[0,0,100,1e2]}] </answer><|im_end|>\n<pad>",
			[]reasoning.Box{square}, training.Reward{1, 1, 1, 3}},
	}
	for _, tt := range tests {
		got, err := training.PaperStage1(tt.completion, tt.truth)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestPaperFormatIsAGate(t *testing.T) {
	good := `[{"bbox_2d":[0,0,100,100]}]`
	for _, s := range []string{
		"", good, "<answer>" + good + "</answer>", answer(good) + "x", "x" + answer(good), answer(good) + answer(good),
		"<think></think>" + answer(good), "<think>t</think>x<answer>" + good + "</answer>", "<think><answer></think><answer>" + good + "</answer>",
		answer("[]"), answer(`{"bbox_2d":[0,0,100,100]}`), answer("null"), answer(good + good), answer("```json\n" + good + "\n```"),
		answer(`[{"bbox_2d":[0,0,100,NaN]}]`), answer(`[{"bbox_2d":[0,0,100,1e400]}]`), answer(`[{"bbox_2d":[0,0,100,Infinity]}]`),
		answer(`[{"bbox_2d":[0,0,100]}]`), answer(`[{"bbox_2d":[0,0,100,100,0]}]`), answer(`[{"bbox_2d":[0,0,100,"100"]}]`),
		answer(`[{"bbox_2d":[0,0,100,true]}]`), answer(`[{"bbox_2d":[0,0,100,null]}]`), answer(`[{"bbox_2d":[0,0,100,100],"label":1}]`),
		answer(`[{"bbox_2d":[0,0,100,100],"points":[]}]`), answer(`[{"Bbox_2d":[0,0,100,100]}]`), answer(`[null]`), answer(`[{}]`),
		answer("\u00a0" + good), answer(strings.ReplaceAll(good, `"`, "'")),
	} {
		if got, err := training.PaperStage1(s, []reasoning.Box{square}); err != nil || got != (training.Reward{}) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}

func TestPaperStage2(t *testing.T) {
	r := func(n float64) float64 { return math.Exp(-(n - 2) * (n - 2) / 8) }
	tests := []struct {
		completion string
		want       training.Reward
	}{
		{answer(`[{"bbox_2d":[0,0,9,9],"points":[[1,1],[2,2]]}]`), training.Reward{1, 0.25, 1, 2.25}},
		{answer(`[{"points":[[1,1]],"bbox_2d":[9,9,0,0]},{"bbox_2d":[0,0,9,9],"points":[]}]`),
			training.Reward{1, 0.25, (r(1) + r(0)) / 2, 1.25 + (r(1)+r(0))/2}},
		{answer(`[{"bbox_2d":[0,0,9,9]}]`), training.Reward{}},
		{answer(`[{"bbox_2d":[0,0,9,9],"points":[[1,1,1]]}]`), training.Reward{}},
		{answer(`[{"bbox_2d":[0,0,9,9],"points":[[1]]}]`), training.Reward{}},
		{answer(`[{"bbox_2d":[0,0,9,9],"points":[1,1]}]`), training.Reward{}},
		{answer(`[{"bbox_2d":[0,0,9,9],"points":null}]`), training.Reward{}},
	}
	for _, tt := range tests {
		if got := training.PaperStage2(tt.completion, 0.25); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.completion, got, tt.want)
		}
	}
}

func TestReferenceStage1(t *testing.T) {
	truth := []reasoning.Box{square}
	e := func(k float64) float64 { return math.Exp(-2 * (k - 1)) }
	tests := []struct {
		name, completion        string
		truth                   []reasoning.Box
		format, accuracy, count float64
	}{
		{"exact", answer(`[{"bbox_2d":[0,0,100,100]}]`), truth, 2, 1, 1},
		{"overlapping but far off is 0", answer(`[{"bbox_2d":[0,0,100,60]}]`), []reasoning.Box{{0, 0, 100, 118}}, 2, 0, 1},
		{"neither costs 1", answer(`[{"bbox_2d":[500,500,600,600]}]`), truth, 2, -1, 1},
		{"no outer strip", " " + answer(`[{"bbox_2d":[0,0,100,100]}]`), truth, 1, 1, 1},
		{"text around the answer", "x<answer>[{\"bbox_2d\":[0,0,100,100]}]</answer>y", truth, 1, 1, 1},
		{"lazy match runs on", answer(`[{"bbox_2d":[0,0,100,100]}]`) + "</answer>", truth, 2, 1, 1},
		{"extra key", answer(`[{"bbox_2d":[0,0,100,100],"a":1},{"bbox_2d":[0,0,100,100]}]`), truth, 1.5, 0.5, e(2)},
		{"no object", answer(`[{"bbox_2d":[0,0,100,100]},3]`), truth, 1, 0, 0},
		{"five numbers", answer(`[{"bbox_2d":[0,0,100,100,5]}]`), truth, 1, 0, 1},
		{"uneven boxes", answer(`[{"bbox_2d":[0,0,100,100]},{"bbox_2d":[0,0,100]}]`), truth, 1.5, 0, 0},
		{"strings are a list of four", answer(`[{"bbox_2d":["0",0,100,100]}]`), truth, 2, 0, 1},
		{"NaN is JSON to Python", answer(`[{"bbox_2d":[0,0,100,NaN]}]`), truth, 2, -1, 1},
		{"but not -NaN", answer(`[{"bbox_2d":[0,0,100,-NaN]}]`), truth, 1, 0, 0},
		{"overflow to infinity", answer(`[{"bbox_2d":[0,0,100,1e400]}]`), truth, 2, -1, 1},
		{"nothing found, nothing there", answer(`[]`), nil, 1, 0, 1},
		{"nothing there", answer(`[{"bbox_2d":[0,0,100,100]}]`), nil, 2, 0, 0},
		{"no answer", "<think></think>", truth, 0, 0, 0},
	}
	for _, tt := range tests {
		got := training.ReferenceStage1(tt.completion, tt.truth)
		want := training.Reward{tt.format, tt.accuracy, tt.count, tt.format + tt.accuracy + tt.count}
		if got != want {
			t.Errorf("%s: %v, want %v", tt.name, got, want)
		}
	}
}

func TestReferenceLooksAt120Boxes(t *testing.T) {
	items := make([]string, 200)
	truth := make([]reasoning.Box, 130)
	for i := range items {
		b := reasoning.Box{float64(100 * i), 0, float64(100*i + 50), 50}
		items[i] = fmt.Sprintf(`{"bbox_2d":[%v,0,%v,50]}`, b[0], b[2])
		if i < len(truth) {
			truth[i] = b
		}
	}
	got := training.ReferenceStage1(answer("["+strings.Join(items, ",")+"]"), truth)
	if got.Accuracy != 1 || math.Abs(got.Length-math.Exp(-2*70/130.)) > 1e-12 {
		t.Errorf("%v: accuracy must stop at 120 boxes, length must not", got)
	}
}

func TestReferenceStage2(t *testing.T) {
	stage1 := []reasoning.Box{square}
	tests := []struct {
		name, answer   string
		stage1         []reasoning.Box
		format, length float64
	}{
		{"repeats the box", `[{"bbox_2d":[0,0,100,100.0],"points":[[1,1],[99,99]]}]`, stage1, 2, 1},
		{"another box", `[{"bbox_2d":[0,0,100,101],"points":[[1,1],[99,99]]}]`, stage1, 1, 1},
		{"on the border", `[{"bbox_2d":[0,0,100,100],"points":[[0,1],[99,99]]}]`, stage1, 1, 1},
		{"no points at all", `[{"bbox_2d":[0,0,100,100]}]`, stage1, 1, 0},
		{"without stage 1", `[{"bbox_2d":[0,0,100,100],"points":[[1,1],[99,99]]}]`, nil, 1, 1},
		{"not indexable", `[{"bbox_2d":[0,0,100,100],"points":[[1,1],5]}]`, stage1, 1, 1},
		{"NaN is not inside", `[{"bbox_2d":[0,0,100,100],"points":[[1,1],[NaN,5]]}]`, stage1, 1, 1},
		{"points are not validated for length", `[{"bbox_2d":1,"points":"ab"}]`, stage1, 1, 1},
		{"an empty answer", `[]`, nil, 1, 0},
	}
	for _, tt := range tests {
		got := training.ReferenceStage2(answer(tt.answer), tt.stage1, 0.5)
		want := training.Reward{tt.format, 0.5, tt.length, tt.format + 0.5 + tt.length}
		if got != want {
			t.Errorf("%s: %v, want %v", tt.name, got, want)
		}
	}
	good := `{"bbox_2d":[0,0,100,100],"points":[[1,1],[2,2]]}`
	got := training.ReferenceStage2(answer("["+good+`,{"bbox_2d":[0,0,100,100],"points":[[1]]}]`), []reasoning.Box{square, square}, 0)
	if got.Format != 1 {
		t.Errorf("a point that cannot be indexed left format at %v", got.Format)
	}
}

// The matching must find the most pairs even where taking the first that fits loses some.
func TestMatchingIsMaximal(t *testing.T) {
	truth := []reasoning.Box{{0, 0, 100, 100}, {30, 0, 130, 100}}
	// The first fits both, the second only the first.
	got, err := training.PaperStage1(answer(`[{"bbox_2d":[15,0,115,100]},{"bbox_2d":[-20,0,80,100]}]`), truth)
	if err != nil || got.Accuracy != 1 {
		t.Errorf("accuracy %v, %v; both can be matched", got.Accuracy, err)
	}
}

// Completions come from a model: whatever it writes must cost little.
func TestHugeCompletionsStayCheap(t *testing.T) {
	boxes := func(n, shift int) ([]string, []reasoning.Box) {
		items, out := make([]string, n), make([]reasoning.Box, n)
		for i := range items {
			x := float64(i * shift)
			out[i] = reasoning.Box{x, 0, x + 100, 100}
			items[n-1-i] = fmt.Sprintf(`{"bbox_2d":[%v,0,%v,100]}`, x+20, x+120)
		}
		return items, out
	}
	same, sameTruth := boxes(10_000, 0)
	chain, chainTruth := boxes(4000, 20)
	for name, run := range map[string]func(){
		"10,000 equal boxes":  func() { training.PaperStage1(answer("["+strings.Join(same, ",")+"]"), sameTruth) },
		"ten times as many":   func() { training.PaperStage1(answer("["+strings.Join(same, ",")+"]"), sameTruth[:1000]) },
		"4,000 shifted boxes": func() { training.PaperStage1(answer("["+strings.Join(chain, ",")+"]"), chainTruth) },
		"tags":                func() { training.ReferenceStage1("<think>"+strings.Repeat("</think>    ", 1<<20)+"</answer>", nil) },
		"nesting":             func() { training.ReferenceStage1(answer(strings.Repeat("[", 10<<20)), nil) },
		"constants":           func() { training.ReferenceStage1(answer("["+strings.Repeat("NaN,", 2<<20)+"1]"), nil) },
	} {
		start := time.Now()
		run()
		if took := time.Since(start); took > 20*time.Second { // under a second alone; the machine may be busy, and -race slows
			t.Errorf("%s took %v", name, took)
		} else {
			t.Logf("%s: %v", name, took.Round(time.Millisecond))
		}
	}
}

func FuzzRewards(f *testing.F) {
	for _, s := range []string{"", "[]", `[{"bbox_2d":[0,0,100,100],"points":[[1,2]]}]`, "NaN", `[{"bbox_2d":[1,2,-Infinity,4]}]`, `["\"NaN"]`} {
		f.Add(answer(s))
	}
	truth := []reasoning.Box{square, {50, 50, 200, 200}}
	f.Fuzz(func(t *testing.T, s string) {
		p1, err := training.PaperStage1(s, truth)
		rewards := map[string]training.Reward{"paper 1": p1, "paper 2": training.PaperStage2(s, 0.5),
			"reference 1": training.ReferenceStage1(s, truth), "reference 2": training.ReferenceStage2(s, truth, 0.5)}
		for name, r := range rewards {
			if err != nil || !(r.Format >= 0 && r.Format <= 2 && r.Accuracy >= -1 && r.Accuracy <= 1 && r.Length >= 0 && r.Length <= 1) ||
				r.Total != r.Format+r.Accuracy+r.Length {
				t.Errorf("%s: %v, %v", name, r, err)
			}
		}
		if p := p1; p.Format == 0 && p.Total != 0 {
			t.Errorf("the gate is open: %v", p)
		}
	})
}

func BenchmarkReferenceStage1(b *testing.B) {
	items, truth := make([]string, 120), make([]reasoning.Box, 120)
	for i := range items {
		x := float64(i * 37 % 600)
		truth[i] = reasoning.Box{x, x / 2, x + 60, x/2 + 60}
		items[i] = fmt.Sprintf(`{"bbox_2d":[%v,%v,%v,%v]}`, x+5, x/2+5, x+70, x/2+60)
	}
	s := answer("[" + strings.Join(items, ",") + "]")
	for b.Loop() {
		training.ReferenceStage1(s, truth)
	}
}

func BenchmarkPaperStage1(b *testing.B) {
	s := answer(`[{"bbox_2d":[0,0,100,100]},{"bbox_2d":[200,200,300,300]},{"bbox_2d":[300,300,400,400]}]`)
	truth := []reasoning.Box{square, {200, 200, 300, 300}}
	for b.Loop() {
		if _, err := training.PaperStage1(s, truth); err != nil {
			b.Fatal(err)
		}
	}
}

func ExamplePaperStage1() {
	completion := `<think>The label "School" stands in the upper left.</think><answer>[{"bbox_2d":[10,10,110,110]}]</answer>`
	r, err := training.PaperStage1(completion, []reasoning.Box{{12, 8, 108, 112}, {400, 400, 500, 500}})
	fmt.Printf("%.3f %v\n", r, err)
	// Output: {1.000 0.500 0.368 1.868} <nil>
}
