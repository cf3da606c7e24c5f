package reasoning

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"go.uber.org/goleak"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

type blank string

func (b blank) Info() tiles.Info { return tiles.Info{Name: string(b), MaxZoom: 20} }
func (b blank) Tile(context.Context, maptile.Tile) (*tiles.Tile, error) {
	return nil, tiles.ErrNotFound
}

// ground is a world of squares for a VLM that sees them all: what a scene's window shows of them it answers.
type ground struct {
	squares []geo.Window
	runs    atomic.Int32
	fail    atomic.Bool
	gate    chan struct{} // when set, every answer waits for it
}

func (*ground) Name() string     { return "ground" }
func (*ground) Dialect() Dialect { return dialects[0] }
func (g *ground) Complete(ctx context.Context, r Request) ([]Completion, error) {
	g.runs.Add(1)
	if g.gate != nil {
		select {
		case <-g.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if g.fail.Load() {
		return nil, fmt.Errorf("%w: down", ErrVLM)
	}
	var prompts []Prompt
	w := r.Pair.Window
	for _, s := range g.squares {
		if part := s.Intersect(w); !part.Empty() {
			x, y := float64(part.X-w.X), float64(part.Y-w.Y)
			prompts = append(prompts, Prompt{Box: &Box{x, y, x + float64(part.W), y + float64(part.H)}})
		}
	}
	return []Completion{{Text: FormatAnswer("", prompts)}}, nil
}

func testEngine(t *testing.T, g *ground, change func(*Config)) *Engine {
	t.Helper()
	memory, err := cache.New(64<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Satellite: blank("sat"), Map: blank("map"), Zoom: 17, Memory: memory,
		Pipeline: &Pipeline{VLM: g, Segmenter: &boxSegmenter{}},
		Align: func(_ context.Context, _, _ tiles.Source, w geo.Window) (*tiles.Pair, error) {
			r := image.Rect(0, 0, w.W, w.H)
			return &tiles.Pair{Window: w, Satellite: image.NewRGBA(r), Map: image.NewRGBA(r), Labelled: true}, nil
		},
	}
	if change != nil {
		change(&c)
	}
	e := NewEngine(c)
	t.Cleanup(func() {
		e.Close()
		memory.Close()
		goleak.VerifyNone(t)
	})
	return e
}

var (
	testScene = Scene{Z: 17, Col: 100, Row: 200}
	asked     = Question{Phrase: "school", Mode: NoRefinement}
	forever   = FindOptions{Patience: -1}
)

func TestHundredCallersOneRun(t *testing.T) {
	c := testScene.Core()
	g := &ground{squares: []geo.Window{{Z: 17, X: c.X + 200, Y: c.Y + 200, W: 60, H: 40}}}
	e := testEngine(t, g, nil)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			a, err := e.Find(context.Background(), asked, c.Pad(-100), forever)
			if err != nil || len(a.Places(c)) != 1 || !a.Complete() {
				t.Errorf("%v, %v", a, err)
			}
		})
	}
	all.Wait()
	if n := g.runs.Load(); n != 1 {
		t.Errorf("%d runs for 100 callers", n)
	}
}

// A place on the corner of four scenes comes out once, whole and the same, whichever scene is asked.
func TestPlaceAcrossScenes(t *testing.T) {
	c := testScene.Core()
	square := geo.Window{Z: 17, X: c.X + c.W - 90, Y: c.Y + c.H - 70, W: 160, H: 150}
	g := &ground{squares: []geo.Window{square}}
	e := testEngine(t, g, nil)
	var ids []string
	for _, w := range []geo.Window{square, {Z: 17, X: square.X, Y: square.Y, W: 10, H: 10}, {Z: 17, X: square.X + 150, Y: square.Y + 140, W: 5, H: 5}} {
		a, err := e.Find(context.Background(), asked, w, forever)
		if err != nil {
			t.Fatal(err)
		}
		places := a.Places(w)
		if len(places) != 1 {
			t.Fatalf("%d places in %v", len(places), w)
		}
		if m := geo.Rasterize(square.Pad(9), places[0].Shape); m.Count() != square.W*square.H {
			t.Errorf("place of %d px, want %d", m.Count(), square.W*square.H)
		}
		ids = append(ids, places[0].ID)
	}
	if ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("ids differ: %v", ids)
	}
}

func TestPatience(t *testing.T) {
	g := &ground{gate: make(chan struct{})}
	e := testEngine(t, g, nil)
	a, err := e.Find(context.Background(), asked, testScene.Core(), FindOptions{})
	if err != nil || a.Complete() || len(a.Waiting) != 1 {
		t.Fatalf("without patience: %+v, %v", a, err)
	}
	close(g.gate)
	a, err = e.Find(context.Background(), asked, testScene.Core(), forever)
	if err != nil || !a.Complete() {
		t.Fatalf("with patience: %+v, %v", a, err)
	}
	// What is known needs no patience, and the stored places need no scene.
	if a, err = e.Find(context.Background(), asked, testScene.Core(), FindOptions{}); err != nil || !a.Complete() {
		t.Fatalf("again: %+v, %v", a, err)
	}
	if n := g.runs.Load(); n != 1 {
		t.Errorf("%d runs", n)
	}
}

func TestLeaverCancelsNothing(t *testing.T) {
	g := &ground{gate: make(chan struct{})}
	e := testEngine(t, g, nil)
	ctx, leave := context.WithCancel(context.Background())
	left, stayed := make(chan error), make(chan error)
	find := func(ctx context.Context, done chan error) {
		_, err := e.Find(ctx, asked, testScene.Core(), forever)
		done <- err
	}
	go find(ctx, left)
	go find(context.Background(), stayed)
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the leaver got %v", err)
	}
	close(g.gate)
	if err := <-stayed; err != nil {
		t.Errorf("who stayed got %v", err)
	}
}

func TestFailureIsNotKept(t *testing.T) {
	g := &ground{}
	g.fail.Store(true)
	e := testEngine(t, g, nil)
	a, err := e.Find(context.Background(), asked, testScene.Core(), forever)
	if err != nil || len(a.Failed) != 1 || !errors.Is(a.Failed[0].Err, ErrVLM) {
		t.Fatalf("%+v, %v", a, err)
	}
	g.fail.Store(false)
	if a, err = e.Find(context.Background(), asked, testScene.Core(), forever); err != nil || !a.Complete() {
		t.Fatalf("later: %+v, %v", a, err)
	}
}

func TestQueueIsBounded(t *testing.T) {
	g := &ground{gate: make(chan struct{})}
	e := testEngine(t, g, func(c *Config) { c.Queue, c.Workers = 2, 1 })
	defer close(g.gate)
	at := func(i int) Scene { return Scene{Z: 17, Col: i, Row: 5} }
	if _, err := e.Start(t.Context(), asked, at(0)); err != nil {
		t.Fatal(err)
	}
	for g.runs.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	forgotten, _ := e.Start(t.Context(), asked, at(1))
	e.Leave(forgotten)
	if _, err := e.Start(t.Context(), asked, at(2)); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Start(t.Context(), asked, at(3)); err != nil { // takes the forgotten one's place
		t.Fatal(err)
	}
	if _, err := e.Wait(t.Context(), forgotten); !errors.Is(err, ErrBusy) {
		t.Errorf("the forgotten scene got %v", err)
	}
	if _, err := e.Start(t.Context(), asked, at(4)); !errors.Is(err, ErrBusy) {
		t.Errorf("a full queue said %v", err)
	}
}

func TestPanicIsAnError(t *testing.T) {
	e := testEngine(t, &ground{}, func(c *Config) {
		c.Align = func(context.Context, tiles.Source, tiles.Source, geo.Window) (*tiles.Pair, error) {
			panic("bad picture")
		}
	})
	a, err := e.Find(context.Background(), asked, testScene.Core(), forever)
	if err != nil || len(a.Failed) != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
}

func TestSceneGrid(t *testing.T) {
	for id, ok := range map[string]bool{"17-100-200": true, "17-100": false, "17-100-200-3": false, "x": false, "17-100-200 ": false, "99-1-1": false} {
		if s, err := ParseScene(id); (err == nil) != ok || ok && s.ID() != id {
			t.Errorf("ParseScene(%q) = %v, %v", id, s, err)
		}
	}
	if n := len(Scenes(testScene.Core())); n != 1 {
		t.Errorf("a core needs %d scenes", n)
	}
	if n := len(SeenBy(testScene.Core())); n != 9 {
		t.Errorf("a core is seen by %d scenes", n)
	}
	b := orb.Bound{Min: orb.Point{85.5190, 27.6294}, Max: orb.Point{85.5231, 27.6343}}
	if n, want := CountScenes(b, 19), len(Scenes(geo.BoundWindow(b, 19))); n != want {
		t.Errorf("%d scenes counted, %d listed", n, want)
	}
}
