package training

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// answers is a system that gives a share of the truth's rows.
type answers struct {
	name  string
	share float64
}

func (a answers) Name() string { return a.name }

func (a answers) Predict(_ context.Context, e Example) (*Prediction, error) {
	m := geo.NewMask(e.Pair.Window)
	for y := range int(a.share * float64(m.Window.H)) {
		for x := range m.Window.W {
			if e.Truth.At(x, y) {
				m.Set(x, y)
			}
		}
	}
	return &Prediction{Mask: m}, nil
}

func examples(n int) iter.Seq2[Example, error] {
	return func(yield func(Example, error) bool) {
		for i := range n {
			w := geo.Window{Z: 17, X: 100 * i, W: 64, H: 64}
			pair := &tiles.Pair{Window: w, Satellite: image.NewRGBA(image.Rect(0, 0, 64, 64))}
			truth := geo.NewMask(w)
			for y := range 64 {
				truth.SetRun(y, 10, 40)
			}
			if !yield(Example{ID: fmt.Sprint(i), Pair: pair, Phrase: "school", Tier: TierClass, Truth: truth}, nil) ||
				!yield(Example{ID: fmt.Sprint(i), Pair: pair, Phrase: "airport", Tier: Absent, Truth: geo.NewMask(w)}, nil) {
				return
			}
		}
	}
}

func TestEvaluate(t *testing.T) {
	seen := 0
	table, err := Evaluate(t.Context(), []System{answers{"all", 1}, answers{"half", 0.5}, WholeScene{}}, examples(20), Options{Progress: func(done int) { seen = done }})
	if err != nil || seen != 40 {
		t.Fatal(err, seen)
	}
	for system, want := range map[string]float64{"all": 1, "half": 0.5, "whole-scene": 30. / 64} {
		if got := table.Mean(system); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: mean %.3f, want %.3f", system, got, want)
		}
	}
	for _, o := range table.Outcomes {
		if wantEmpty := o.Tier == Absent && o.System != "whole-scene"; o.N != 20 || (o.Empty == 20) != wantEmpty {
			t.Errorf("%+v", o)
		}
	}
	mean, low, high := table.Difference("all", "half")
	if math.Abs(mean-0.25) > 1e-9 || math.Abs(low-0.25) > 1e-9 || math.Abs(high-0.25) > 1e-9 { // half of every scene's examples are absent, where both are right
		t.Errorf("all is better than half by %.3f (%.3f … %.3f)", mean, low, high)
	}
	if mean, low, high = table.Difference("half", "half"); mean != 0 || low != 0 || high != 0 {
		t.Errorf("half is better than itself by %.3f (%.3f … %.3f)", mean, low, high)
	}
}

func TestEvaluateStopsAtAnError(t *testing.T) {
	bad := errors.New("no such tile")
	_, err := Evaluate(t.Context(), []System{WholeScene{}}, func(yield func(Example, error) bool) { yield(Example{}, bad) }, Options{})
	if !errors.Is(err, bad) {
		t.Error(err)
	}
}

func TestTruePrompts(t *testing.T) {
	for e := range examples(1) {
		if e.Tier == Absent {
			if len(TrueBoxes(e)) != 0 || len(TruePoints(e)) != 0 {
				t.Error("prompts where nothing is")
			}
			continue
		}
		boxes, points := TrueBoxes(e), TruePoints(e)
		if len(boxes) != 1 || *boxes[0].Box != (reasoning.Box{10, 0, 40, 64}) {
			t.Errorf("boxes %v", boxes)
		}
		if len(points) != 1 || !e.Truth.At(int(points[0].Points[0][0]), int(points[0].Points[0][1])) {
			t.Errorf("points %v", points)
		}
	}
}

func TestLabelBoxes(t *testing.T) {
	w := geo.Window{Z: 17, X: 5000, Y: 6000, W: 64, H: 64}
	p := &tiles.Pair{Window: w, Labels: []tiles.Label{{Text: "Hill School", Class: "school", At: w.LonLat([2]float64{30, 20})}, {Text: "Corner Shop", Class: "shop", At: w.LonLat([2]float64{5, 5})}}}
	for phrase, want := range map[string]int{"school": 1, "Hill School": 1, "airport": 0} {
		got := LabelBoxes(20)(Example{Pair: p, Phrase: phrase})
		if len(got) != want || want == 1 && math.Abs(got[0].Box[0]-20) > 0.01 {
			t.Errorf("%q: %v", phrase, got)
		}
	}
}
