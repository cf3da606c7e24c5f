package corrections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/lessons"
	"github.com/precinct-map/precinct/training/net"
)

// small is a net of few numbers that sees what the served policy sees.
func small() net.Config {
	c := net.DefaultConfig(2)
	c.Channels, c.Width, c.Heads, c.Encoder = 2, 16, 2, 1
	return c
}

// town is n places on one picture.
func town(t *testing.T, n int) []lessons.Lesson {
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
	s := &lessons.Scene{ID: "one", Region: "here", Size: g.Size, Window: geo.Window{Z: 17, X: 1 << 20, Y: 1 << 19, W: 768, H: 768}, Grids: []*policy.Grid{g}}
	var out []lessons.Lesson
	for k := range n {
		out = append(out, place(s, 40+70*(k%10), 40+70*(k/10)))
	}
	return out
}

// place is a school of 30 × 40 pixels at a corner.
func place(s *lessons.Scene, x, y int) lessons.Lesson {
	m := geo.NewMask(geo.Window{X: x, Y: y, W: 30, H: 40})
	for row := range 40 {
		m.SetRun(row, 0, 30)
	}
	s.Labels = append(s.Labels, policy.Label{X: float64(x + 15), Y: float64(y + 20), Class: "school"})
	s.Text = append(s.Text, fmt.Sprintf("School %d %d", x, y))
	return lessons.Lesson{Scene: s, Label: len(s.Labels) - 1, Class: "school", X: float64(x + 15), Y: float64(y + 20), Box: reasoning.Box{float64(x), float64(y), float64(x + 30), float64(y + 40)}, Mask: m}
}

// TestPlaces: what two pictures show of one ground is one place, and the order is the seed's and not the files'.
func TestPlaces(t *testing.T) {
	all := town(t, 20)
	next := *all[0].Scene
	next.Window.X, next.Labels, next.Text = next.Window.X+10, nil, nil
	again := place(&next, 40-10+2, 40) // the first one's ground, two pixels aside
	elsewhere := next
	elsewhere.Region = "there"
	all = append(all, again, place(&elsewhere, 40, 40))
	places := Places(all, 7)
	if len(places) != 21 {
		t.Fatalf("%d places", len(places))
	}
	turned := make([]lessons.Lesson, len(all))
	for i, l := range all {
		turned[len(all)-1-i] = l
	}
	for i, p := range Places(turned, 7) {
		if !same(p[0], places[i][0]) {
			t.Fatal("the lot depends on the order of the files")
		}
	}
	for n, want := range map[int]int{1: 0, 2: 1, 5: 1, 10: 2, 21: 4} {
		taught, held := HoldOut(places[:n])
		if len(held) != want || len(taught) != n-want {
			t.Errorf("of %d places %d are held out", n, len(held))
		}
	}
}

func teach(t *testing.T, dir string, taught, held [][]lessons.Lesson, base *lessons.Class, steps int) (*net.Trainer, Taught, error) {
	t.Helper()
	b, err := net.OpenBackend(net.GoBackend)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	trainer, err := net.NewTrainer(b, small(), net.SFTRecipe(1), 7)
	if err != nil {
		t.Fatal(err)
	}
	return Teach(t.Context(), trainer, Options{Dir: dir, Backend: b, Classes: []string{"school"}, Seed: 3, Steps: steps, Rate: 2e-3, Taught: taught, Held: held, Base: base, Share: 0.5})
}

// TestTeach: what is kept is the best that was seen on places that were held out, and nothing where there was none better.
func TestTeach(t *testing.T) {
	places := Places(town(t, 10), 1)
	taught, held := HoldOut(places)
	dir := t.TempDir()
	best, done, err := teach(t, dir, taught, held, &lessons.Class{Lessons: First(places), Weights: []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if done.Steps != 3 || done.Ended == "" || best.Steps() != done.Best || done.Best > 0 != (done.After > done.Before) {
		t.Errorf("%+v, and the kept weights are of step %d", done, best.Steps())
	}
	line, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	var l Look
	if err := errors.Join(err, json.Unmarshal(line, &l)); err != nil || l.Step != 3 || !(l.Loss > 0) {
		t.Errorf("%s: %v", line, err)
	}
	// One alone: the last weights are kept, for there is nothing to compare them by.
	if best, done, err = teach(t, t.TempDir(), places[:1], nil, nil, 2); err != nil || best.Steps() != 2 || done.Best != 2 || done.After != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	if _, _, err := teach(t, t.TempDir(), nil, nil, nil, 2); !errors.Is(err, ErrNone) {
		t.Errorf("of nothing it learns: %v", err)
	}
	// No room for the weights: nothing is said to be taught.
	full := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(full, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := teach(t, filepath.Join(full, "run"), taught, held, nil, 2); err == nil || !strings.Contains(err.Error(), "disk") {
		t.Errorf("%v", err)
	}
}

// TestShares: corrections are half of what is shown beside a base a thousand times as large.
func TestShares(t *testing.T) {
	all := town(t, 40)
	base := &lessons.Class{}
	for range 1000 {
		base.Lessons, base.Weights = append(base.Lessons, all[0]), append(base.Weights, 3)
	}
	l := &teacher{options: Options{Taught: Places(all, 1), Base: base, Share: 0.5}}
	mixed := l.mixed()
	sum, own := 0.0, 0.0
	for i, w := range mixed.Weights {
		if sum += w; i >= 1000 {
			own += w
		}
	}
	if len(mixed.Lessons) != 1040 || sum < 0.999 || sum > 1.001 || own/sum < 0.499 || own/sum > 0.501 {
		t.Errorf("%d lessons, corrections %.3f of %.3f", len(mixed.Lessons), own, sum)
	}
}

// TestReport: the file is GeoJSON with the outlines on their ground, and has the figures.
func TestReport(t *testing.T) {
	l := town(t, 1)[0]
	r := Report{Corrections: 5, HeldOut: 1, Kept: After, Scores: map[string]Score{Before: ScoreOf([]float64{0.4}), After: ScoreOf([]float64{0.6})}}
	r.Places = []Place{{ID: "one#0", Name: "A", IoU: map[string]float64{Before: 0.4, After: 0.6},
		Shapes: map[string]orb.MultiPolygon{Corrected: onGround(l.Mask, l.Scene.Window), Before: {}, After: onGround(l.Mask, l.Scene.Window)}}}
	dir := t.TempDir()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	c, err := geojson.UnmarshalFeatureCollection(data)
	if err != nil || len(c.Features) != 3 {
		t.Fatalf("%v: %s", err, data)
	}
	w := c.Features[0].Geometry.Bound()
	if at := geo.BoundWindow(w, 17); at.X < 1<<20+39 || at.X > 1<<20+41 || at.W < 29 || at.W > 32 || at.H < 39 || at.H > 42 {
		t.Errorf("the outline lies at %v", at)
	}
	if c.ExtraMembers["kept"] != After || c.ExtraMembers["held_out"] != 1. {
		t.Errorf("%v", c.ExtraMembers)
	}
	if r.Worse() {
		t.Error("0.6 is worse than 0.4")
	}
	r.Scores[After] = ScoreOf([]float64{0.3})
	if !r.Worse() {
		t.Error("0.3 is not worse than 0.4")
	}
	if err := r.Write(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "disk") {
		t.Errorf("%v", err)
	}
}

// blind is a segmenter that takes no embedding back.
type blind struct{}

func (blind) Name() string { return "blind" }
func (blind) Embed(context.Context, string, *image.RGBA) (reasoning.Embedding, error) {
	return nil, nil
}

func TestJudgeNeedsEmbeddings(t *testing.T) {
	if _, err := NewJudge(nil, blind{}, nil); !errors.Is(err, reasoning.ErrSegmenter) {
		t.Errorf("%v", err)
	}
}
