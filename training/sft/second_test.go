package sft

import (
	"bytes"
	"context"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/reasoning/onnx"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
)

// brush is a segmenter that paints the box that it is given.
type brush struct{ eye }

func (b brush) Restore(size image.Point, _ reasoning.Features) (reasoning.Embedding, error) {
	return painted(size), nil
}

type painted image.Point

func (painted) Bytes() int { return 0 }

func (p painted) Masks(_ context.Context, q reasoning.Prompt) ([]reasoning.Candidate, error) {
	return []reasoning.Candidate{{Mask: paint(*q.Box, p), Score: 1}}, nil
}

func paint(b reasoning.Box, size painted) *geo.Mask {
	m := geo.NewMask(geo.Window{W: size.X, H: size.Y})
	r := image.Rect(int(b[0]+.5), int(b[1]+.5), int(b[2]+.5), int(b[3]+.5)).Intersect(image.Rectangle{Max: image.Point(size)})
	for y := r.Min.Y; y < r.Max.Y; y++ {
		m.SetRun(y, r.Min.X, r.Max.X)
	}
	return m
}

// same says in every window the same box: 24 px each way of the label, which at a scale of 1 is right for a place of 48 px.
type same struct{ bins int }

func (s same) Answer(_ *net.Batch, noise []float32) (net.Answer, error) {
	n := len(noise) / net.MaxTokens / s.bins
	a := net.Answer{Logits: make([]float32, len(noise)), Quality: make([]float32, 2*n)}
	for k := range n {
		for t, bin := range []int{s.bins/2 - 6, s.bins/2 - 6, s.bins/2 + 6, s.bins/2 + 6} {
			a.Logits[(k*net.MaxTokens+t)*s.bins+bin] = 50
		}
		a.Quality[2*k] = 0.5
	}
	return a, nil
}

// squares is a picture of square places of some sizes, which its embedding shows: where same is right, and where it is not.
func squares(t *testing.T) (*lessons.Class, *policy.Projection, reasoning.Features) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	f := reasoning.Features{Channels: 2, Rows: 64, Columns: 64, ScaleX: 64. / 768, ScaleY: 64. / 768, Data: make([]float32, 2*64*64)}
	s := &lessons.Scene{ID: "one", Region: "here", Size: image.Pt(768, 768), Kept: func() (image.Point, reasoning.Features, error) { return image.Pt(768, 768), f, nil }}
	c := &lessons.Class{Scenes: []*lessons.Scene{s}}
	for n := range 16 {
		x, y := 96+192*(n%4), 96+192*(n/4)
		half := []int{12, 24, 24, 60}[r.IntN(4)]
		box := reasoning.Box{float64(x - half), float64(y - half), float64(x + half), float64(y + half)}
		mask := paint(box, painted(s.Size))
		for row := range 64 {
			for column := range 64 {
				if mask.At(column*12+6, row*12+6) {
					f.Data[row*64+column] = 2
				}
			}
		}
		s.Labels = append(s.Labels, policy.Label{X: float64(x), Y: float64(y), Class: "school"})
		c.Lessons = append(c.Lessons, lessons.Lesson{Scene: s, Class: "school", X: float64(x), Y: float64(y), Box: box, Mask: mask.Crop(mask.Extent())})
		c.Weights = append(c.Weights, 1)
	}
	p := &policy.Projection{In: 2, Out: 2, Mean: []float32{0, 0}, Basis: []float32{1, 0, 0, 1}}
	g, err := p.Grid(f, s.Size)
	if err != nil {
		t.Fatal(err)
	}
	s.Grids = []*policy.Grid{g}
	return c, p, f
}

func trainSecond(t *testing.T, dir string, trainer *net.Trainer, origin string, until int) {
	t.Helper()
	c, p, _ := squares(t)
	_, err := Run(t.Context(), trainer, Options{Dir: dir, Seed: 3, Classes: []string{"school"}, Segmenter: "eye@1", Projection: p, Train: c, Val: c, MinScale: 0.5, MaxScale: 2,
		Second: &Second{Segmenter: brush{}, Origin: origin, speaker: same{trainer.Config().Bins}},
		enough: func(step int) bool { return step >= until }})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSecondPieces: a training of both stages in two pieces is, bit for bit, that in one.
func TestSecondPieces(t *testing.T) {
	b, err := net.OpenBackend(net.GoBackend)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	whole, cut := t.TempDir(), t.TempDir()
	for dir, pieces := range map[string][]int{whole: {9}, cut: {2, 9}} {
		trainer, err := net.NewTrainer(b, small(), net.SFTRecipe(5), 7)
		if err != nil {
			t.Fatal(err)
		}
		origin := "policy-0"
		for _, until := range pieces {
			trainSecond(t, dir, trainer, origin, until)
			if trainer, err = net.LoadTrainer(b, dir); err != nil {
				t.Fatal(err)
			}
			origin = ""
		}
		if m, err := policy.ReadMeta(dir); err != nil || m.Stages != 2 {
			t.Errorf("%+v, %v", m, err)
		}
	}
	x, _ := os.ReadFile(filepath.Join(whole, policy.FileName))
	y, _ := os.ReadFile(filepath.Join(cut, policy.FileName))
	if len(x) == 0 || !bytes.Equal(x, y) {
		t.Error("the policies differ")
	}
}

// TestSecondServed: a net that was overfitted on boxes of which some are right mends those that are not, keeps those that are, and is served so;
// a policy that was taught stage 1 alone keeps all.
func TestSecondServed(t *testing.T) {
	home, err := models.Home()
	if err != nil {
		t.Fatal(err)
	}
	files, err := models.Locate(home)
	if err != nil {
		t.Skip(err)
	}
	plugin, err := models.Plugin(home)
	if err != nil {
		t.Skip(err)
	}
	if _, err := onnx.StartRuntime(files.Runtime); err != nil {
		t.Fatal(err)
	}
	b, err := net.OpenBackend(net.XLA(plugin))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	shape := small()
	shape.Width = 32
	trainer, err := net.NewTrainer(b, shape, net.SFTRecipe(500), 7)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	trainSecond(t, dir, trainer, "policy-0", 1000)
	c, p, f := squares(t)
	w := geo.Window{Z: 17, X: 1 << 20, Y: 1 << 20, W: 768, H: 768}
	pair := &tiles.Pair{Window: w, Satellite: image.NewRGBA(image.Rect(0, 0, 768, 768)), Labelled: true}
	q := reasoning.Request{Stage: reasoning.Refine, Phrase: "school", Pair: pair, N: 1, Coarse: geo.NewMask(w)}
	for _, l := range c.Lessons {
		pair.Labels = append(pair.Labels, tiles.Label{At: w.LonLat([2]float64{l.X, l.Y}), Class: "school"})
		box := reasoning.Box{l.X - 24, l.Y - 24, l.X + 24, l.Y + 24}
		q.Boxes, q.Masks = append(q.Boxes, box), append(q.Masks, paint(box, painted{768, 768}))
	}
	refine := func(dir string) ([]reasoning.Prompt, reasoning.Completion) {
		served, err := policy.Open(policy.Options{Path: dir, Segmenter: eye{f}, Device: "cpu"})
		if err != nil {
			t.Fatal(err)
		}
		defer served.Close()
		answers, err := served.Complete(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		prompts, problems := reasoning.ReadPrompts(answers[0].Text)
		if len(prompts) != len(q.Boxes) || len(problems) > 0 {
			t.Fatalf("%d prompts for %d boxes: %v", len(prompts), len(q.Boxes), problems)
		}
		return prompts, answers[0]
	}
	prompts, said := refine(dir)
	good, bad, kept, mended := 0, 0, 0, 0
	for i, l := range c.Lessons {
		before, after := q.Boxes[i].IoU(l.Box), prompts[i].Box.IoU(l.Box)
		if before == 1 {
			good++
			if *prompts[i].Box == q.Boxes[i] {
				kept++
			}
			continue
		}
		bad++
		if after > before+0.2 {
			mended++
		}
	}
	if good < 4 || bad < 4 || kept < good-1 || mended < bad-1 || len(said.Confidence) != len(prompts) {
		t.Errorf("of %d boxes that are right %d are kept, of %d others %d are mended: %s", good, kept, bad, mended, said.Text)
	}

	meta, err := policy.Meta{Classes: []string{"school"}, Projection: p, Segmenter: "eye@1"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	before := t.TempDir()
	if err := trainer.Freeze().WriteONNX(before, meta); err != nil {
		t.Fatal(err)
	}
	prompts, _ = refine(before)
	for i := range prompts {
		if *prompts[i].Box != q.Boxes[i] || len(prompts[i].Points) > 0 {
			t.Errorf("a policy of one stage makes %v of box %v", prompts[i], q.Boxes[i])
		}
	}
}
