package lessons

import (
	"bytes"
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/net"
)

// brush is a segmenter that paints a prompt's box, and a square of 12 px round each of its points.
type brush struct{ calls *int }

func (b brush) Restore(size image.Point, _ reasoning.Features) (reasoning.Embedding, error) {
	return painted{b.calls, size}, nil
}

type painted struct {
	calls *int
	size  image.Point
}

func (painted) Bytes() int { return 0 }

func (p painted) Masks(_ context.Context, q reasoning.Prompt) ([]reasoning.Candidate, error) {
	*p.calls++
	m := geo.NewMask(geo.Window{W: p.size.X, H: p.size.Y})
	fill := func(x0, y0, x1, y1 float64) {
		r := image.Rect(int(x0+.5), int(y0+.5), int(x1+.5), int(y1+.5)).Intersect(image.Rectangle{Max: p.size})
		for y := r.Min.Y; y < r.Max.Y; y++ {
			m.SetRun(y, r.Min.X, r.Max.X)
		}
	}
	fill(q.Box[0], q.Box[1], q.Box[2], q.Box[3])
	for _, at := range q.Points {
		fill(at[0]-6, at[1]-6, at[0]+6, at[1]+6)
	}
	return []reasoning.Candidate{{Mask: m, Score: 1}}, nil
}

// same says in every window the same box: 48 px each way of the label.
type same struct{ bins int }

func (s same) Answer(b *net.Batch, noise []float32) (net.Answer, error) {
	n := len(noise) / net.MaxTokens / s.bins
	a := net.Answer{Logits: make([]float32, len(noise)), Quality: make([]float32, 2*n)}
	for k := range n {
		for t, bin := range []int{s.bins/2 - 12, s.bins/2 - 12, s.bins/2 + 12, s.bins/2 + 12} {
			a.Logits[(k*net.MaxTokens+t)*s.bins+bin] = 50
		}
		a.Quality[2*k] = 0.5
	}
	return a, nil
}

func secondFeed(t *testing.T) *Feed {
	t.Helper()
	c, _ := read(t)
	config := net.DefaultConfig(2)
	config.Channels = 2
	return &Feed{Class: c, Config: config, Classes: []string{"school"}, Seed: 3, Size: 16, MinScale: 0.5, MaxScale: 1.2, Share: 1}
}

func (f *Feed) readSecond(t *testing.T, o Seconds) (out []Second, calls int) {
	t.Helper()
	out, err := f.ReadSecond(t.Context(), same{f.Config.Bins}, &Drawer{Segmenter: brush{&calls}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return out, calls
}

// TestSecond: what is kept of a place is what the segmenter made of stage 1's boxes, and the file gives it back.
func TestSecond(t *testing.T) {
	f := secondFeed(t)
	o := Seconds{Path: filepath.Join(t.TempDir(), "stage2.jsonl"), Origin: "policy-1", Places: 20, Seed: 4}
	second, calls := f.readSecond(t, o)
	if len(second) != 40 || calls != 40*6 {
		t.Fatalf("%d lessons of 20 places, %d masks", len(second), calls)
	}
	bad := 0
	for _, s := range second {
		truth := s.Lesson.Mask
		full := s.Coarse.Crop(geo.Window{W: s.Lesson.Scene.Size.X, H: s.Lesson.Scene.Size.Y})
		if got, want := s.Tries[tryKept].IoU, full.IoU(truth); got != want || s.Tries[tryKept].Box != s.Box {
			t.Errorf("of stage 1's box an IoU of %g is kept, its mask has %g", got, want)
		}
		if s.Tries[tryTrue].IoU != 1 || s.Tries[tryTrue].Box != s.Lesson.Box || s.Tries[tryTruePoints].Points == nil || s.Tries[tryKeptPoints].Box != s.Box {
			t.Errorf("tries %+v", s.Tries)
		}
		missed := truth.Clone()
		missed.AndNot(full)
		for i, p := range s.Points {
			x, y := int(p[0])-truth.Window.X, int(p[1])-truth.Window.Y
			if !truth.At(x, y) || i == 1 && missed.Count()*20 >= truth.Count() && !missed.At(x, y) {
				t.Errorf("point %d at %v: in the place %v, in what is missed %v", i, p, truth.At(x, y), missed.At(x, y))
			}
		}
		if s.Best().IoU < 0.5 {
			bad++
		}
	}
	if bad > 0 {
		t.Errorf("%d lessons whose best try is bad, and the true box gives the place", bad)
	}
	again, calls := f.readSecond(t, o)
	if calls != 0 || !reflect.DeepEqual(again, second) {
		t.Errorf("read again, %d masks are drawn, and the lessons are others", calls)
	}
	o.Origin = "" // a run that goes on, whose weights are others meanwhile
	if going, _ := f.readSecond(t, o); !reflect.DeepEqual(going, second) {
		t.Error("a run that goes on has other lessons")
	}
	none := Seconds{Path: o.Path + ".none"}
	if _, err := f.ReadSecond(t.Context(), same{f.Config.Bins}, &Drawer{Segmenter: brush{&calls}}, none); !errors.Is(err, ErrSecond) {
		t.Errorf("a run that goes on without lessons: %v", err)
	}
	o.Origin = "policy-2"
	if _, err := f.ReadSecond(t.Context(), same{f.Config.Bins}, &Drawer{Segmenter: brush{&calls}}, o); !errors.Is(err, ErrSecond) {
		t.Errorf("lessons of other weights are taken: %v", err)
	}
}

// TestSecondCutOff: a file that was cut within a line is gone on with, to the same bytes.
func TestSecondCutOff(t *testing.T) {
	f := secondFeed(t)
	o := Seconds{Path: filepath.Join(t.TempDir(), "stage2.jsonl"), Origin: "policy-1", Places: 10, Seed: 4}
	second, all := f.readSecond(t, o)
	whole, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.Path, whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	again, calls := f.readSecond(t, o)
	if calls == 0 || calls >= all || !reflect.DeepEqual(again, second) {
		t.Errorf("%d masks of %d are drawn, or the lessons are others", calls, all)
	}
	if now, _ := os.ReadFile(o.Path); !bytes.Equal(now, whole) {
		t.Error("the file is another")
	}
	if err := os.WriteFile(o.Path, append(whole, "{broken}\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadSecond(t.Context(), same{f.Config.Bins}, &Drawer{Segmenter: brush{&calls}}, o); !errors.Is(err, ErrSecond) {
		t.Errorf("a broken line is taken: %v", err)
	}
}

// TestSecondBatch: a step's batch is always the same; its windows show the coarse mask where stage 1's box is, in any turn, and the IoU is
// one that a try had.
func TestSecondBatch(t *testing.T) {
	f := secondFeed(t)
	f.Second, _ = f.readSecond(t, Seconds{Path: filepath.Join(t.TempDir(), "stage2.jsonl"), Origin: "policy-1", Seed: 4})
	known := map[float32]bool{}
	for i := range f.Second {
		s := &f.Second[i]
		for _, try := range s.Tries {
			known[float32(try.IoU)] = true
		}
		// Stage 1 was right: then the mask is the target's box.
		s.Box, s.Coarse = s.Lesson.Box, s.Lesson.Mask
		s.Tries[tryKept] = Try{Box: s.Box, IoU: 1}
	}
	known[1] = true
	lengths := map[int]int{}
	for step := range 12 {
		b, again := f.Batch(step), f.Batch(step)
		if !reflect.DeepEqual(b, again) {
			t.Fatal("the batch of a step is not always the same")
		}
		lengths[b.Length]++
		for k := range b.Windows {
			if b.Stage[k] != 2 || !known[b.Quality[k]] {
				t.Errorf("stage %d, an IoU of %g that no try had", b.Stage[k], b.Quality[k])
			}
			truth := b.Truth[k*b.Length:][:b.Length]
			at := func(bin int) float64 { return (float64(truth[bin]) - 64) * 4 }
			for q := range 24 * 24 {
				u, v := (float64(q%24)-11.5)*12, (float64(q/24)-11.5)*12
				share := b.Coarse[(k*144+(q/24/2)*12+q%24/2)*8+(q/24%2)*2+q%24%2]
				inside := u > at(0)+8 && u < at(2)-8 && v > at(1)+8 && v < at(3)-8
				outside := u < at(0)-8 || u > at(2)+8 || v < at(1)-8 || v > at(3)+8
				if inside && share < 1 || outside && share > 0 {
					t.Fatalf("step %d window %d: of the quarter at %g %g %g is the mask, and the place is %v", step, k, u, v, share, truth)
				}
			}
			for i := 4; i < b.Length; i += 2 {
				if at(i) < at(0)-4 || at(i) > at(2)+4 || at(i+1) < at(1)-4 || at(i+1) > at(3)+4 {
					t.Errorf("a point at %g %g, and the place is %v", at(i), at(i+1), truth)
				}
			}
		}
	}
	if lengths[net.BoxTokens] == 0 || lengths[net.MaxTokens] == 0 {
		t.Errorf("batches by length: %v", lengths)
	}
	f.Share = 0
	if b := f.Batch(1); b.Stage[0] != 1 || b.Coarse != nil {
		t.Error("stage 2 is drawn though its share is none")
	}
}

// TestScoreSecond: what is kept counts as it was, what is changed as it is drawn.
func TestScoreSecond(t *testing.T) {
	f := secondFeed(t)
	second, calls := f.readSecond(t, Seconds{Path: filepath.Join(t.TempDir(), "stage2.jsonl"), Origin: "policy-1", Places: 10, Seed: 4})
	var mended []policy.Mended
	first := 0.0
	for i := range second {
		s := &second[i]
		first += s.Tries[tryKept].IoU / float64(len(second))
		mended = append(mended, policy.Mended{Prompt: reasoning.Prompt{Box: &s.Lesson.Box}, Expected: 0.75})
	}
	all, bad, err := ScoreSecond(t.Context(), &Drawer{Segmenter: brush{&calls}}, second, mended)
	if err != nil || all.N != len(second) || all.Second != 1 || all.Changed != 1 || all.Misread != 0.25 || all.Worse != 0 || bad.First >= badBelow {
		t.Errorf("%+v, %+v, %v", all, bad, err)
	}
	for i := range mended {
		mended[i].Kept = true
	}
	if all, _, _ = ScoreSecond(t.Context(), &Drawer{Segmenter: brush{&calls}}, second, mended); all.Second != all.First || all.Changed != 0 || all.First-first > 1e-9 {
		t.Errorf("all kept: %+v, stage 1 had %g", all, first)
	}
}
