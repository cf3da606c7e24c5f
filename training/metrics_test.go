package training_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training"
)

func rectangles(w, h int, rects ...[4]int) *geo.Mask {
	m := geo.NewMask(geo.Window{W: w, H: h})
	for _, r := range rects {
		for y := r[1]; y < r[3]; y++ {
			m.SetRun(y, r[0], r[2])
		}
	}
	return m
}

func TestMetricsByHand(t *testing.T) {
	empty, diagonal := rectangles(20, 20), rectangles(20, 20, [4]int{0, 0, 3, 3}, [4]int{3, 3, 6, 6})
	tests := []struct {
		name  string
		pairs [][2]*geo.Mask // truth, prediction
		want  training.Metrics
	}{
		{"no samples", nil, training.Metrics{}},
		{"both empty", [][2]*geo.Mask{{empty, empty}}, training.Metrics{N: 1, GIoU: 1, IoU: []float64{1}, F1InstMacro: 1}},
		{"missed and invented", [][2]*geo.Mask{{rectangles(20, 20, [4]int{0, 0, 5, 5}), empty}, {empty, rectangles(20, 20, [4]int{0, 0, 5, 5})}},
			training.Metrics{N: 2, IoU: []float64{0, 0}}},
		{"a half is not above a half", [][2]*geo.Mask{{rectangles(20, 20, [4]int{0, 0, 4, 10}), rectangles(20, 20, [4]int{0, 0, 4, 5})}},
			training.Metrics{N: 1, CIoU: 0.5, GIoU: 0.5, IoU: []float64{0.5}}},
		{"one instance of two", [][2]*geo.Mask{{rectangles(20, 20, [4]int{0, 0, 5, 5}, [4]int{10, 10, 15, 15}), rectangles(20, 20, [4]int{0, 0, 5, 5})}},
			training.Metrics{N: 1, CIoU: 0.5, GIoU: 0.5, IoU: []float64{0.5}, F1Inst: 2. / 3, F1InstMacro: 2. / 3}},
		{"ten pixels are no instance", [][2]*geo.Mask{{rectangles(20, 20, [4]int{0, 0, 5, 2}), empty}},
			training.Metrics{N: 1, IoU: []float64{0}, F1InstMacro: 1}},
		{"eleven are", [][2]*geo.Mask{{rectangles(20, 20, [4]int{0, 0, 11, 1}), rectangles(20, 20, [4]int{0, 0, 11, 1})}},
			training.Metrics{N: 1, CIoU: 1, GIoU: 1, IoU: []float64{1}, F1Image: 1, F1Inst: 1, F1InstMacro: 1}},
		{"corners connect", [][2]*geo.Mask{{diagonal, diagonal}},
			training.Metrics{N: 1, CIoU: 1, GIoU: 1, IoU: []float64{1}, F1Image: 1, F1Inst: 1, F1InstMacro: 1}},
	}
	for _, tt := range tests {
		var e training.Evaluation
		for _, p := range tt.pairs {
			if err := e.Add(p[0], p[1]); err != nil {
				t.Fatal(err)
			}
		}
		if got := e.Metrics(); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestDifferentSizesAreAnError(t *testing.T) {
	var e training.Evaluation
	if err := e.Add(rectangles(20, 20), rectangles(20, 21)); !errors.Is(err, training.ErrSize) {
		t.Errorf("%v", err)
	}
	in := `{"id":1,"pairs":[{"gt":{"size":[1,1],"counts":[1]},"pred":{"size":[1,2],"counts":[2]}}]}
{"id":2,"pairs":[{"gt":{"size":[1,1],"counts":[1]}}]}
{"id":3}
{"id":4,"pairs":[]}
`
	var out bytes.Buffer
	if err := training.RunMetrics(context.Background(), strings.NewReader(in), &out); !errors.Is(err, training.ErrBadLines) {
		t.Errorf("%v", err)
	}
	got := strings.Split(out.String(), "\n")
	for i := range 3 {
		if !strings.HasPrefix(got[i], fmt.Sprintf(`{"id":%d,"line":%d,"error":"`, i+1, i+1)) {
			t.Errorf("line %d: %s", i+1, got[i])
		}
	}
	if want := `{"id":4,"n":0,"cIoU":0,"gIoU":0,"iou":[],"f1_image":0,"f1_inst":0,"f1_inst_macro":0}`; got[3] != want {
		t.Errorf("no pairs: %s, want %s", got[3], want)
	}
}

// sceneMask is a mask as a scene has: a dozen shapes on 768×768.
func sceneMask(seed uint64) *geo.Mask {
	r := rand.New(rand.NewPCG(seed, 0))
	m := geo.NewMask(geo.Window{W: 768, H: 768})
	for range 12 {
		x, y, w, h := r.IntN(768), r.IntN(768), 20+r.IntN(150), 20+r.IntN(150)
		for dy := range h {
			m.SetRun(y+dy, x+dy/4, x+w)
		}
	}
	return m
}

func BenchmarkEvaluationAdd(b *testing.B) {
	truth, pred := sceneMask(1), sceneMask(1)
	pred.AndNot(rectangles(768, 768, [4]int{300, 0, 320, 768}))
	for b.Loop() {
		var e training.Evaluation
		if err := e.Add(truth, pred); err != nil {
			b.Fatal(err)
		}
	}
}

// The worst that components can do: as many as fit.
func BenchmarkEvaluationAddCrowded(b *testing.B) {
	m := geo.NewMask(geo.Window{W: 768, H: 768})
	for y := 0; y < 767; y += 4 {
		for x := 0; x < 764; x += 5 {
			for dy := range 3 {
				m.SetRun(y+dy, x, x+4)
			}
		}
	}
	for b.Loop() {
		var e training.Evaluation
		if err := e.Add(m, m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRunMetricsRuns(b *testing.B) {
	pair := map[string]any{"gt": training.RunsOf(sceneMask(1)), "pred": training.RunsOf(sceneMask(2))}
	line, _ := json.Marshal(map[string]any{"id": 1, "pairs": []any{pair}})
	for b.Loop() {
		var out bytes.Buffer
		if err := training.RunMetrics(context.Background(), bytes.NewReader(line), &out); err != nil {
			b.Fatal(err)
		}
	}
}
