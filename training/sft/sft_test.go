package sft

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"math"
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

// eye is a segmenter whose embedding of a picture is given.
type eye struct{ f reasoning.Features }

func (eye) Name() string { return "eye@1 on paper" }

func (e eye) Embed(context.Context, string, *image.RGBA) (reasoning.Embedding, error) { return e, nil }

func (eye) Masks(context.Context, reasoning.Prompt) ([]reasoning.Candidate, error) { return nil, nil }
func (eye) Bytes() int                                                             { return 0 }
func (e eye) Features() reasoning.Features                                         { return e.f }

// small is a net of few numbers that sees what the served policy sees.
func small() net.Config {
	c := net.DefaultConfig(3)
	c.Channels, c.Width, c.Heads, c.Encoder = 2, 16, 2, 1
	return c
}

// class is one picture with a few places in it, as lessons, and the picture's features.
func class(t *testing.T) (*lessons.Class, *policy.Projection, reasoning.Features) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	f := reasoning.Features{Channels: 2, Rows: 64, Columns: 64, ScaleX: 64. / 768, ScaleY: 64. / 768, Data: make([]float32, 2*64*64)}
	for i := range f.Data {
		f.Data[i] = float32(r.NormFloat64())
	}
	p := &policy.Projection{In: 2, Out: 2, Mean: []float32{0, 0}, Basis: []float32{1, 0, 0, 1}}
	g, err := p.Grid(f, image.Pt(768, 768))
	if err != nil {
		t.Fatal(err)
	}
	s := &lessons.Scene{ID: "one", Region: "here", Size: g.Size, Grids: []*policy.Grid{g}}
	c := &lessons.Class{Scenes: []*lessons.Scene{s}}
	for n := range 6 {
		box := geo.Window{X: 100 + 90*n, Y: 200 + 50*n, W: 40 + 10*n, H: 60}
		m := geo.NewMask(box)
		for y := range box.H {
			m.SetRun(y, 0, box.W)
		}
		x, y := float64(box.X+box.W/2), float64(box.Y+box.H/2)
		s.Labels = append(s.Labels, policy.Label{X: x, Y: y, Class: "school"})
		c.Lessons = append(c.Lessons, lessons.Lesson{Scene: s, Class: "school", X: x, Y: y, Box: reasoning.Box{float64(box.X), float64(box.Y), float64(box.X + box.W), float64(box.Y + box.H)}, Mask: m})
		c.Weights = append(c.Weights, 1)
	}
	return c, p, f
}

func train(t *testing.T, dir string, trainer *net.Trainer, until int) bool {
	t.Helper()
	c, p, _ := class(t)
	done, err := Run(t.Context(), trainer, Options{Dir: dir, Seed: 3, Classes: []string{"school", "park"}, Segmenter: "eye@1", Projection: p, Train: c, Val: c, MinScale: 0.5, MaxScale: 2,
		enough: func(step int) bool { return step >= until }})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestPieces: a training in two pieces is, bit for bit, that in one.
func TestPieces(t *testing.T) {
	b, err := net.OpenBackend(net.GoBackend)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	recipe := net.SFTRecipe(4)
	whole, cut := t.TempDir(), t.TempDir()
	one, err := net.NewTrainer(b, small(), recipe, 7)
	if err != nil {
		t.Fatal(err)
	}
	if !train(t, whole, one, 9) {
		t.Error("it does not say that it is done")
	}
	first, err := net.NewTrainer(b, small(), recipe, 7)
	if err != nil {
		t.Fatal(err)
	}
	if train(t, cut, first, 2) {
		t.Error("it says that it is done after two of four steps")
	}
	second, err := net.LoadTrainer(b, cut)
	if err != nil {
		t.Fatal(err)
	}
	if !train(t, cut, second, 9) {
		t.Error("it does not say that it is done")
	}
	x, _ := os.ReadFile(filepath.Join(whole, policy.FileName))
	y, _ := os.ReadFile(filepath.Join(cut, policy.FileName))
	if len(x) == 0 || !bytes.Equal(x, y) {
		t.Error("the policies differ")
	}
	lines, _ := os.ReadFile(filepath.Join(whole, "metrics.jsonl"))
	var m Metrics
	if err := json.Unmarshal(bytes.TrimSpace(lines), &m); err != nil || m.Step != 4 || m.Val["1"].N != 6 || !(m.Loss > 0) {
		t.Errorf("metrics %s: %v", lines, err)
	}
}

// TestServed: what is taught is what is served. The policy in ONNX Runtime gives to labels the boxes that the trainer gives to lessons.
func TestServed(t *testing.T) {
	home, err := models.Home()
	if err != nil {
		t.Fatal(err)
	}
	files, err := models.Locate(home)
	if err != nil {
		t.Skip(err)
	}
	if _, err := onnx.StartRuntime(files.Runtime); err != nil {
		t.Fatal(err)
	}
	b, err := net.OpenBackend(net.GoBackend)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	trainer, err := net.NewTrainer(b, small(), net.SFTRecipe(1), 7)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	train(t, dir, trainer, 9)
	c, _, f := class(t)
	p, err := policy.Open(policy.Options{Path: dir, Segmenter: eye{f}, Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	w := geo.Window{Z: 17, X: 1 << 20, Y: 1 << 20, W: 768, H: 768}
	pair := &tiles.Pair{Window: w, Satellite: image.NewRGBA(image.Rect(0, 0, 768, 768)), Labelled: true}
	for _, l := range c.Lessons {
		pair.Labels = append(pair.Labels, tiles.Label{At: w.LonLat([2]float64{l.X, l.Y}), Class: "school"})
	}
	feed := &lessons.Feed{Class: c, Config: small(), Classes: []string{"school", "park"}, Size: BatchSize}
	for _, scale := range []float64{0.5, 1, 2} {
		served, err := p.Boxes(t.Context(), pair, "school", scale)
		if err != nil {
			t.Fatal(err)
		}
		taught, _, err := feed.Boxes(trainer, c.Lessons, scale)
		if err != nil || len(served) != len(taught) {
			t.Fatalf("%d and %d boxes, %v", len(served), len(taught), err)
		}
		for i := range taught {
			for side := range 4 {
				if math.Abs(taught[i][side]-served[i][side]) > 0.05 {
					t.Errorf("scale %g, label %d: taught %v, served %v", scale, i, taught[i], served[i])
					break
				}
			}
		}
	}
}
