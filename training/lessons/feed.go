package lessons

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/net"
)

// Feed draws batches for SFT. The batch of a step depends on the seed and the step alone, so that a training that was cut off goes on as
// if it had not been.
type Feed struct {
	Class   *Class
	Config  net.Config
	Classes []string // taxonomy class ids; a class's number is its place + 1, 0 is unknown
	Seed    uint64
	Size    int // windows a batch

	// Scales of windows are drawn log-uniformly between these, picture pixels a window pixel.
	MinScale, MaxScale float64

	// Second are lessons of stage 2, and Share how much of what is drawn is of them; see batchOfSecond.
	Second []Second
	Share  float64

	sums, secondSums []float64 // of weights
}

// The shares of batches that are made harder, after the prototype's.
const (
	shareUnknown  = 0.2 // class not told
	shareJittered = 0.5 // teacher's tokens off by a bin or so
	shareWild     = 0.1 // and by more, so that the expected IoU is learned of bad boxes too
	shareSquare   = 0.1 // teacher's tokens are a square round the label: the expected IoU of a box that no look would say
	shareNoisy    = 0.3 // embedding with noise
	shareMoved    = 0.3 // label anywhere in the place, as maps put them
	shareBlank    = 0.1 // no other labels
)

// Batch is the batch of a step.
func (f *Feed) Batch(step int) *net.Batch {
	r := f.Rand(step)
	if second := f.batchOfSecond(r); second != nil {
		return second
	}
	b := NewBatch(f.Config, f.Size, net.BoxTokens)
	for k := range f.Size {
		f.draw(b, k, f.Lesson(r), r)
	}
	return b
}

// Rand is the chance of a step.
func (f *Feed) Rand(step int) *rand.Rand { return rand.New(rand.NewPCG(f.Seed, uint64(step))) }

// Lesson draws a lesson by the weights.
func (f *Feed) Lesson(r *rand.Rand) Lesson {
	if f.sums == nil {
		f.sums = sums(f.Class.Weights)
	}
	return f.Class.Lessons[lot(f.sums, r)]
}

// View draws how a lesson's place is looked at: scale, turn, and where in the place its label lies.
func (f *Feed) View(l Lesson, r *rand.Rand) policy.View {
	side := max(l.Box[2]-l.Box[0], l.Box[3]-l.Box[1])
	// A place is at most as large as bins reach.
	scale := max(math.Exp(math.Log(f.MinScale)+r.Float64()*math.Log(f.MaxScale/f.MinScale)), side/420)
	x, y := l.X, l.Y
	if r.Float64() < shareMoved {
		x, y = l.somewhere(r)
	}
	jitter := []float64{1, 6}[r.IntN(2)] * min(1, side/60)
	return policy.View{X: x + r.NormFloat64()*jitter, Y: y + r.NormFloat64()*jitter, Scale: scale, Turn: uint8(r.IntN(8))}
}

// sums are running sums of weights, by which lot draws.
func sums(weights []float64) []float64 {
	out := make([]float64, len(weights))
	sum := 0.0
	for i, w := range weights {
		sum += w
		out[i] = sum
	}
	return out
}

func lot(sums []float64, r *rand.Rand) int {
	i, _ := slices.BinarySearch(sums, r.Float64()*sums[len(sums)-1])
	return min(i, len(sums)-1)
}

// NewBatch is an empty batch of stage 1.
func NewBatch(c net.Config, windows, length int) *net.Batch {
	cells := c.Side * c.Side
	b := &net.Batch{Windows: windows, Length: length, Cells: make([]float32, windows*cells*4*c.Channels), Labels: make([]float32, windows*cells*c.Labels),
		Valid: make([]float32, windows*cells), Class: make([]int32, windows), Stage: make([]int32, windows), Tokens: make([]int32, windows*length),
		Truth: make([]float32, windows*length), Quality: make([]float32, windows)}
	for i := range b.Stage {
		b.Stage[i] = 1
	}
	return b
}

// draw puts one lesson into a batch, seen as nobody has seen it before.
func (f *Feed) draw(b *net.Batch, k int, l Lesson, r *rand.Rand) {
	v := f.View(l, r)
	f.see(b, k, l, v, r)
	f.teach(b, k, f.bins(v, l.Box), r)
}

// see shows a lesson in a view, some of it made harder.
func (f *Feed) see(b *net.Batch, k int, l Lesson, v policy.View, r *rand.Rand) {
	class := l.Class
	if r.Float64() < shareUnknown {
		class = ""
	}
	f.Show(b, k, l.Scene, r.IntN(len(l.Scene.Grids)), v, class)
	if r.Float64() < shareNoisy {
		noise(cellsOf(f.Config, b, k), r)
	}
	if r.Float64() < shareBlank {
		clear(labelsOf(f.Config, b, k))
	}
}

// teach fills in the truth, the tokens that the teacher says before each, and the IoU of the box that they come to.
func (f *Feed) teach(b *net.Batch, k int, truth reasoning.Box, r *rand.Rand) {
	off, told := 0.0, truth
	switch at := r.Float64(); {
	case at < shareWild:
		off = 1 + 8*r.Float64()
	case at < shareWild+shareJittered:
		off = 1
	case at < shareWild+shareJittered+shareSquare:
		middle, half := float64(f.Config.Bins)/2, 2*math.Exp(r.Float64()*math.Log(20))
		told = reasoning.Box{middle - half, middle - half, middle + half, middle + half}
	}
	var said reasoning.Box
	for t, bin := range truth {
		b.Truth[k*b.Length+t] = float32(bin)
		said[t] = max(0, min(float64(f.Config.Bins-1), math.Round(told[t]+off*r.NormFloat64())))
		b.Tokens[k*b.Length+t] = int32(said[t])
	}
	b.Quality[k] = float32(said.IoU(truth))
}

// bins are a box in a view, in bins that need not be whole.
func (f *Feed) bins(v policy.View, box reasoning.Box) reasoning.Box {
	var out reasoning.Box
	for t, at := range v.BoxTo(box) {
		out[t] = f.bin(at)
	}
	return out
}

func (f *Feed) bin(at float64) float64 {
	return policy.BinOf(at, f.Config.Bins, f.Config.BinPixels())
}

// Show fills in what a window of a batch sees.
func (f *Feed) Show(b *net.Batch, k int, s *Scene, look int, v policy.View, class string) {
	cells := f.Config.Side * f.Config.Side
	s.Grids[look].In(cellsOf(f.Config, b, k), b.Valid[k*cells:][:cells], v)
	policy.LabelsIn(labelsOf(f.Config, b, k), s.Labels, v, class)
	b.Class[k] = int32(slices.Index(f.Classes, class) + 1)
}

func cellsOf(c net.Config, b *net.Batch, k int) []float32 {
	n := c.Side * c.Side * 4 * c.Channels
	return b.Cells[k*n:][:n]
}

func labelsOf(c net.Config, b *net.Batch, k int) []float32 {
	n := c.Side * c.Side * c.Labels
	return b.Labels[k*n:][:n]
}

// noise adds a third of the spread.
func noise(v []float32, r *rand.Rand) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	spread := float32(0.3 * math.Sqrt(sum/float64(len(v))))
	for i := range v {
		v[i] += spread * float32(r.NormFloat64())
	}
}

// somewhere is a point of the place, drawn by lot.
func (l *Lesson) somewhere(r *rand.Rand) (x, y float64) {
	w := l.Mask.Window
	for range 20 {
		if x, y := r.IntN(w.W), r.IntN(w.H); l.Mask.At(x, y) {
			return float64(w.X + x), float64(w.Y + y)
		}
	}
	return l.X, l.Y
}
