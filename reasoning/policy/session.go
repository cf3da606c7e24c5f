package policy

import (
	"context"
	"fmt"
	"math"
	"runtime"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/onnx"
)

// tokens are what the net says: a box's four, then the points'.
const tokens = 8

// inputs and outputs of policy.onnx, in the order of a batch's values; training/net's WriteONNX says what they are.
var (
	inputs  = []string{"cells", "labels", "valid", "coarse", "class", "stage", "window", "noise"}
	outputs = []string{"tokens", "logits", "quality"}
)

// session is the net in ONNX Runtime.
type session struct {
	graph *onnx.Graph
	bins  int
}

func openSession(name string, data []byte, bins int, device string, threads int) (*session, error) {
	if bins < windowBins {
		return nil, fmt.Errorf("%w: a net of %d bins", ErrPolicy, bins)
	}
	device, err := onnx.PickDevice(device)
	if err != nil {
		return nil, err
	}
	if threads <= 0 {
		threads = runtime.NumCPU()
	}
	g, err := onnx.OpenData(name, data, inputs, outputs, device, threads)
	if err != nil {
		return nil, err
	}
	return &session{g, bins}, nil
}

// batch is some windows to look at.
type batch struct {
	n, channels                  int
	cells, labels, valid, coarse []float32
	class, stage                 []int64

	// hold lets the net speak a second time for each window, after these bins as a box's tokens. Nil is once.
	hold []reasoning.Box
}

func newBatch(n, channels int) *batch {
	b := &batch{n: n, channels: channels, cells: make([]float32, n*Cells*4*channels), labels: make([]float32, n*Cells*LabelFeatures), valid: make([]float32, n*Cells),
		coarse: make([]float32, n*Cells*CoarseFeatures), class: make([]int64, n), stage: make([]int64, n)}
	for i := range b.stage {
		b.stage[i] = 1
	}
	return b
}

// show fills in what a window sees.
func (b *batch) show(k int, g *Grid, labels []Label, v View, class string, number int) {
	cells := Cells * 4 * b.channels
	g.In(b.cells[k*cells:][:cells], b.valid[k*Cells:][:Cells], v)
	LabelsIn(b.labels[k*Cells*LabelFeatures:][:Cells*LabelFeatures], labels, v, class)
	b.class[k] = int64(number)
}

// reconsider fills in what stage 1 said, and has it held.
func (b *batch) reconsider(k int, mask *geo.Mask, box reasoning.Box, v View, bins int) {
	CoarseIn(b.coarse[k*Cells*CoarseFeatures:][:Cells*CoarseFeatures], mask, box, v)
	b.stage[k] = 2
	for t, at := range v.BoxTo(box) {
		box[t] = math.Round(BinOf(at, bins, binPixels))
	}
	b.hold = append(b.hold, box)
}

// said is what the net says of a batch.
type said struct {
	bins     int
	logits   []float32 // n, tokens, bins
	expected []float32 // n, 2
}

func (s *said) box(k int) reasoning.Box { return BoxOf(s.logits[k*tokens*s.bins:], s.bins, binPixels) }

func (s *said) reply(k int) Reply {
	return Reply{s.logits[k*tokens*s.bins:][:tokens*s.bins], float64(s.expected[2*k]), float64(s.expected[2*k+1])}
}

func (s *said) quality(k int) float64 { return float64(s.expected[2*k]) }

// windowBins are the bins of the window's own pixels, and binPixels how wide one is.
const (
	windowBins = 72
	binPixels  = float64(CellPixels) * Side / windowBins
)

// run lets the net speak once for each window, greedily, and then once more for each whose box is held.
func (s *session) run(ctx context.Context, b *batch) (*said, error) {
	window := make([]int64, b.n+len(b.hold))
	for i := range window {
		window[i] = int64(i % b.n)
	}
	noise := make([]float32, len(window)*tokens*s.bins)
	for k, box := range b.hold {
		Hold(noise[(b.n+k)*tokens*s.bins:], box, s.bins)
	}
	n, spoken := int64(b.n), int64(len(window))
	var in []ort.Value
	defer func() { onnx.Destroy(in) }()
	floats := func(data []float32, dims ...int64) error {
		t, err := ort.NewTensor(ort.NewShape(dims...), data)
		if err == nil {
			in = append(in, t)
		}
		return err
	}
	ints := func(data []int64) error {
		t, err := ort.NewTensor(ort.NewShape(int64(len(data))), data)
		if err == nil {
			in = append(in, t)
		}
		return err
	}
	for _, add := range []func() error{
		func() error { return floats(b.cells, n, Cells, 4*int64(b.channels)) },
		func() error { return floats(b.labels, n, Cells, LabelFeatures) },
		func() error { return floats(b.valid, n, Cells) },
		func() error { return floats(b.coarse, n, Cells, CoarseFeatures) },
		func() error { return ints(b.class) },
		func() error { return ints(b.stage) },
		func() error { return ints(window) },
		func() error { return floats(noise, spoken, tokens, int64(s.bins)) },
	} {
		if err := add(); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrPolicy, err)
		}
	}
	out := make([]ort.Value, len(outputs))
	if err := s.graph.Run(ctx, in, out); err != nil {
		return nil, err
	}
	defer onnx.Destroy(out)
	logits, ok1 := out[1].(*ort.Tensor[float32])
	quality, ok2 := out[2].(*ort.Tensor[float32])
	if !ok1 || !ok2 || len(logits.GetData()) != len(noise) || len(quality.GetData()) != 2*len(window) {
		return nil, fmt.Errorf("%w: its outputs are not those of a policy", ErrPolicy)
	}
	return &said{s.bins, append([]float32(nil), logits.GetData()...), append([]float32(nil), quality.GetData()...)}, nil
}
