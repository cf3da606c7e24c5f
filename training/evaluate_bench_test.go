package training

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"testing"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

func strip(w geo.Window, x0, x1 int) *geo.Mask {
	m := geo.NewMask(w)
	for y := range w.H {
		m.SetRun(y, x0, x1)
	}
	return m
}

func TestReliability(t *testing.T) {
	w := geo.Window{Z: 17, X: 900, Y: 800, W: 64, H: 64}
	truth := []*geo.Mask{strip(w, 0, 20), strip(w, 40, 60)}
	var r reliability
	for score, m := range map[float64]*geo.Mask{
		0.91: strip(w, 0, 20), 0.95: strip(w, 41, 60), 0.99: strip(w, 20, 40), // two of three are right
		0.12: strip(w, 0, 10), // a half is not above a half
		1.7:  strip(w, 0, 19), // as 1
		-3:   strip(w, 0, 40), // as 0
	} {
		r.add(truth, []reasoning.Object{{Mask: m, Score: score}})
	}
	r.add(truth, []reasoning.Object{{Mask: strip(w, 30, 31), Score: math.NaN()}})
	got := r.result("it")
	if got.N != 7 || got.Bins[9].N != 4 || got.Bins[1].N != 1 || got.Bins[0].N != 2 || got.Bins[9].Right != 0.75 || got.Bins[1].Right != 0 || got.Bins[0].Score != 0 {
		t.Errorf("%+v", got)
	}
	// The bins: 3 of 4 right at 0.9625 on average, 0 of 1 at 0.12, 0 of 2 at 0.
	if want := (4*(0.9625-0.75) + 0.12) / 7; math.Abs(got.ECE-want) > 1e-9 {
		t.Errorf("ECE %.4f, want %.4f", got.ECE, want)
	}
}

func TestDifferenceByTier(t *testing.T) {
	var table Table
	a, b := []float64{}, []float64{}
	for i := range 60 {
		scene := fmt.Sprint(i)
		table.asked = append(table.asked, asked{scene, TierName}, asked{scene, TierClass})
		noise := 0.1 * math.Sin(float64(i))
		a, b = append(a, 0.8+noise, 0.5), append(b, 0.5, 0.5+noise)
	}
	table.iou = map[string][]float64{"a": a, "b": b}
	for tier, want := range map[Tier]float64{TierName: 0.3, TierClass: 0} {
		better, low, high := table.Difference("a", "b", tier)
		if math.Abs(better-want) > 0.01 || low > want || high < want || high-low < 0.01 || high-low > 0.1 {
			t.Errorf("%s: %.3f (%.3f … %.3f), want %.1f", tier, better, low, high, want)
		}
	}
	if _, low, high := table.Difference("a", "b", TierFunction); low != 0 || high != 0 {
		t.Error("an interval of nothing")
	}
	if better, _, _ := table.Difference("a", "nobody"); better != 0 {
		t.Error("better than nobody")
	}
}

// TestBootstrapTakesScenesWhole: ten questions of one scene are not ten scenes.
func TestBootstrapTakesScenesWhole(t *testing.T) {
	var apart, together []string
	var values []float64
	for i := range 200 {
		apart, together, values = append(apart, fmt.Sprint(i)), append(together, fmt.Sprint(i/10)), append(values, float64(i/10%2))
	}
	low, high := bootstrap(apart, values)
	wideLow, wideHigh := bootstrap(together, values)
	if narrow, wide := high-low, wideHigh-wideLow; wide < 2*narrow {
		t.Errorf("%.3f apart, %.3f together: want about √10 times", narrow, wide)
	}
}

func TestRollIsBounded(t *testing.T) {
	const n = 5000
	r := newRoll(3)
	made := 0
	for i := range n {
		iou := float64(i*7919%n) / (n - 1) // every value once, in no order
		r.offer(iou, func() *Shown { made++; return &Shown{IoU: iou} })
	}
	if kept := len(r.best) + len(r.worst) + len(r.lot); kept > held+6 || made > 400 {
		t.Errorf("%d kept, %d made", kept, made)
	}
	shown := r.shown(0.5)
	if len(shown) != 9 {
		t.Fatalf("%d shown", len(shown))
	}
	for i, s := range shown {
		want := []Rank{Best, Median, Worst}[i/3]
		if s.Rank != want || want == Best && s.IoU < 0.999 || want == Median && math.Abs(s.IoU-0.5) > 0.15 || want == Worst && s.IoU > 0.001 {
			t.Errorf("%s: %.3f", s.Rank, s.IoU)
		}
	}
	few := newRoll(3)
	for i := range 4 {
		few.offer(float64(i), func() *Shown { return &Shown{IoU: float64(i)} })
	}
	if got := few.shown(2); len(got) != 4 || got[3].IoU != 0 {
		t.Errorf("%+v", got)
	}
}

// flaky is a server that fails on some questions.
type flaky struct {
	fails func(n int) bool
	asked int
}

func (*flaky) Name() string { return "flaky" }

func (f *flaky) Predict(ctx context.Context, e Example) (*Prediction, error) {
	if f.asked++; f.fails(f.asked) {
		return nil, fmt.Errorf("question %d: %w", f.asked, reasoning.ErrVLM)
	}
	return WholeScene{}.Predict(ctx, e)
}

func TestFailuresAreEmptyAnswers(t *testing.T) {
	table, err := Evaluate(t.Context(), []System{&flaky{fails: func(n int) bool { return n%2 == 0 }}, WholeScene{}}, examples(30), Options{Samples: 2})
	if err != nil {
		t.Fatal(err)
	}
	failed, told := 0, 0
	for _, o := range table.Outcomes {
		failed += o.Failed
		if o.Failed > o.Empty || o.System == "whole-scene" && o.Failed > 0 {
			t.Errorf("%+v", o)
		}
	}
	for _, f := range table.Failures {
		told += f.N
	}
	if failed != 30 || told != 30 || len(table.Failures) != mostReasons+1 {
		t.Errorf("%d failed, %d told, %d reasons", failed, told, len(table.Failures))
	}
	if len(table.Shown) == 0 || len(table.Shown) > 2*2*6 {
		t.Errorf("%d shown", len(table.Shown))
	}
}

func TestAMuteSystemEndsTheRun(t *testing.T) {
	dead := &flaky{fails: func(int) bool { return true }}
	table, err := Evaluate(t.Context(), []System{WholeScene{}, dead}, examples(1000), Options{})
	if !errors.Is(err, ErrMute) || !errors.Is(err, reasoning.ErrVLM) || dead.asked != patience || table.Examples() != patience {
		t.Errorf("%v after %d questions", err, dead.asked)
	}
	if _, err = Evaluate(t.Context(), []System{dead}, examples(2), Options{}); !errors.Is(err, ErrMute) {
		t.Error(err)
	}
}

func TestWhatWasDoneIsKept(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	table, err := Evaluate(ctx, []System{WholeScene{}}, examples(100), Options{Progress: func(done int) {
		if done == 7 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || table.Examples() != 7 || len(table.Outcomes) != 2 {
		t.Errorf("%v, %d examples, %+v", err, table.Examples(), table.Outcomes)
	}
}

func TestClasses(t *testing.T) {
	ask := func(tier Tier, class string) Example {
		for e := range examples(1) {
			e.Tier, e.Class = tier, class
			return e
		}
		panic("no example")
	}
	all := []Example{ask(TierName, "school"), ask(TierClass, "school"), ask(TierClass, "park"), ask(TierFunction, "school"), ask(Absent, "school"), ask(TierName, "")}
	table, err := Evaluate(t.Context(), []System{answers{"all", 1}}, func(yield func(Example, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, o := range table.Classes {
		got += fmt.Sprintf("%s/%s %d; ", o.Tier, o.Class, o.N)
	}
	if want := "/school 2; /park 1; function/school 1; "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// slow is a segmenter that takes its time once a picture.
type slow struct{ known map[string]bool }

func (slow) Name() string { return "slow" }
func (s slow) Embed(_ context.Context, key string, _ *image.RGBA) (reasoning.Embedding, error) {
	if !s.known[key] {
		s.known[key] = true
		time.Sleep(30 * time.Millisecond)
	}
	return slowEmbedding{}, nil
}

type slowEmbedding struct{}

func (slowEmbedding) Bytes() int { return 1 }
func (slowEmbedding) Masks(context.Context, reasoning.Prompt) ([]reasoning.Candidate, error) {
	time.Sleep(10 * time.Millisecond)
	return []reasoning.Candidate{{Mask: strip(geo.Window{W: 64, H: 64}, 10, 40), Score: 0.8}}, nil
}

// TestTimesAreThoseOfNewGround: whoever asks second pays for labels and encoding as the first did.
func TestTimesAreThoseOfNewGround(t *testing.T) {
	segmenter := Timed(slow{map[string]bool{}})
	systems := []System{Prompted{Label: "a", Segmenter: segmenter, Prompts: TrueBoxes}, Prompted{Label: "b", Segmenter: segmenter, Prompts: TrueBoxes, Labels: true}}
	var one iter.Seq2[Example, error] = func(yield func(Example, error) bool) {
		w := geo.Window{Z: 17, X: 5, Y: 5, W: 64, H: 64}
		pair := &tiles.Pair{Window: w, Satellite: image.NewRGBA(image.Rect(0, 0, 64, 64)), Map: image.NewRGBA(image.Rect(0, 0, 64, 64))}
		yield(Example{ID: "1", Pair: pair, Phrase: "school", Tier: TierClass, Truth: strip(w, 10, 40), LabelSeconds: 0.5}, nil)
	}
	table, err := Evaluate(t.Context(), systems, one, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range table.Outcomes {
		if o.Times.Encode < 0.03 || o.Times.Decode < 0.01 || o.Times.Labels != 0.5*float64(i) || o.Times.Rest > 0.02 || math.Abs(o.Seconds-o.Times.Total()) > 1e-9 {
			t.Errorf("%s: %+v", o.System, o.Times)
		}
	}
	if r := table.Reliability; len(r) != 2 || r[0].N != 1 || r[0].Bins[8].Right != 1 {
		t.Errorf("%+v", r)
	}
}
