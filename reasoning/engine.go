package reasoning

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// ErrBusy says that the queue of scenes is full and everything in it is waited for.
var ErrBusy = errors.New("too many scenes are waiting")

// Question is a phrase, asked in one way.
type Question struct {
	Phrase string // as CleanPhrase gives it
	Mode   Mode   // "" is TwoStage
}

// Result is what one scene answered to one question. It is shared: nobody may write to it.
type Result struct {
	Scene  Scene
	Found  []Found
	Record *Record
	Made   time.Time
}

// Bytes is the memory that the result holds.
func (r *Result) Bytes() int {
	n := r.Record.Bytes() + 256
	for _, f := range r.Found {
		n += f.Mask.Bytes() + len(f.Name) + 128
	}
	return n
}

// Config is what an Engine works with.
type Config struct {
	Satellite, Map tiles.Source
	Zoom           int // of the scenes, counted in 256 px tiles
	Pipeline       *Pipeline
	Memory         *cache.Memory
	Align          func(ctx context.Context, sat, plan tiles.Source, w geo.Window) (*tiles.Pair, error)
	Workers        int     // scenes at once; 2 when zero
	Queue          int     // scenes that may wait; 256 when zero
	Tolerance      float64 // how far outlines may be simplified, lattice pixels; 1 when zero

	Shelf    Shelf                // keeps results beyond the memory; may be nil
	OnTrace  func(Scene, *Trace)  // told of each scene that was run, pictures included; may be nil
	OnResult func(*Result, error) // told of each scene's end, for metrics; may be nil
}

// Shelf keeps results that the memory may forget. What it fails to do it reports itself: an answer is given with or without it.
type Shelf interface {
	// Recall gives those of the scenes that it holds.
	Recall(ctx context.Context, r Recipe, q Question, scenes []Scene) []*Result
	// Keep takes a new one.
	Keep(ctx context.Context, r Recipe, q Question, result *Result)
}

// Recipe is all that a result depends on besides the ground and the phrase.
type Recipe struct {
	Layers    []string // names and versions
	Mode      string
	VLM       string
	Dialect   string
	Prompts   string // version of the templates
	Segmenter string
	Sampling  string
}

// Engine answers questions scene by scene. Each scene is run once whatever the callers; who asked last is served first,
// as a person who pans a map wants what is on the screen. It is safe for concurrent use.
type Engine struct {
	Config

	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu      sync.Mutex
	wake    *sync.Cond
	works   map[string]*Work // waiting and running
	waiting []*Work          // a stack: the last is next
}

// Work is one scene on its way. Wait may be called by many.
type Work struct {
	Scene Scene

	question Question
	ctx      context.Context // of who asked first: its values, not its end
	key      string
	done     chan struct{}
	result   *Result
	err      error
	waiters  int
	running  bool
}

// NewEngine starts the workers; Close stops them.
func NewEngine(c Config) *Engine {
	if c.Workers <= 0 {
		c.Workers = 2
	}
	if c.Queue <= 0 {
		c.Queue = 256
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1
	}
	e := &Engine{Config: c, works: map[string]*Work{}}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.wake = sync.NewCond(&e.mu)
	for range c.Workers {
		e.group.Add(1)
		go e.worker()
	}
	return e
}

// Close cancels what runs, gives up what waits, and returns when the workers have ended.
func (e *Engine) Close() {
	e.cancel()
	e.mu.Lock()
	for _, w := range e.waiting {
		e.finish(w, nil, context.Canceled)
	}
	e.waiting = nil
	e.wake.Broadcast()
	e.mu.Unlock()
	e.group.Wait()
}

// Known gives those of the scenes whose results are in memory or on the shelf.
func (e *Engine) Known(ctx context.Context, q Question, scenes []Scene) map[Scene]*Result {
	out := map[Scene]*Result{}
	var missing []Scene
	for _, s := range scenes {
		if r, ok := cache.Peek[*Result](e.Memory, "result", e.key(q, s)); ok {
			out[s] = r
		} else {
			missing = append(missing, s)
		}
	}
	if e.Shelf == nil || len(missing) == 0 {
		return out
	}
	for _, r := range e.Shelf.Recall(ctx, e.Recipe(q), q, missing) {
		out[r.Scene] = r
		cache.Put(e.Memory, "result", e.key(q, r.Scene), r)
	}
	return out
}

// Start sees to it that a scene is run, or joins the run that is under way. A run sees the values of ctx and outlives it. The caller counts as
// waiting until it calls Leave, once. ErrBusy when the queue is full of scenes that others wait for; one that nobody waits for any more makes room.
func (e *Engine) Start(ctx context.Context, q Question, s Scene) (*Work, error) {
	key := e.key(q, s)
	e.mu.Lock()
	defer e.mu.Unlock()
	if w, ok := e.works[key]; ok {
		e.promote(w)
		w.waiters++
		return w, nil
	}
	w := &Work{Scene: s, question: q, ctx: context.WithoutCancel(ctx), key: key, done: make(chan struct{}), waiters: 1}
	if r, ok := cache.Peek[*Result](e.Memory, "result", key); ok {
		w.result = r
		close(w.done)
		return w, nil
	}
	if e.ctx.Err() != nil {
		return nil, e.ctx.Err()
	}
	if len(e.waiting) >= e.Queue && !e.dropForgotten() {
		return nil, &Error{Op: "start scene", Subject: s.ID(), Err: ErrBusy, Hint: "ask again in a few seconds"}
	}
	e.works[key] = w
	e.waiting = append(e.waiting, w)
	e.wake.Signal()
	return w, nil
}

// Pending counts the scenes that wait and those that run.
func (e *Engine) Pending() (waiting, running int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.waiting), len(e.works) - len(e.waiting)
}

// Wait is the work's result, or the context's error when that ends first; the work goes on.
func (e *Engine) Wait(ctx context.Context, w *Work) (*Result, error) {
	select {
	case <-w.done: // first, since a caller without patience may still find it done
		return w.result, w.err
	default:
	}
	select {
	case <-w.done:
		return w.result, w.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Leave says that a caller of Start no longer waits. The work goes on unless another takes its place in the queue.
func (e *Engine) Leave(w *Work) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.waiters--
}

func (e *Engine) promote(w *Work) {
	for i, o := range e.waiting {
		if o == w {
			e.waiting = append(append(e.waiting[:i:i], e.waiting[i+1:]...), w)
			return
		}
	}
}

// dropForgotten makes room by giving up the oldest waiting scene that nobody waits for.
func (e *Engine) dropForgotten() bool {
	for i, w := range e.waiting {
		if w.waiters == 0 {
			e.waiting = append(e.waiting[:i:i], e.waiting[i+1:]...)
			e.finish(w, nil, &Error{Op: "run scene", Subject: w.Scene.ID(), Err: ErrBusy, Hint: "later requests took its place; ask again"})
			return true
		}
	}
	return false
}

func (e *Engine) worker() {
	defer e.group.Done()
	for {
		e.mu.Lock()
		for len(e.waiting) == 0 && e.ctx.Err() == nil {
			e.wake.Wait()
		}
		if e.ctx.Err() != nil {
			e.mu.Unlock()
			return
		}
		w := e.waiting[len(e.waiting)-1]
		e.waiting = e.waiting[:len(e.waiting)-1]
		w.running = true
		e.mu.Unlock()

		r, err := e.guarded(w)
		e.mu.Lock()
		e.finish(w, r, err)
		e.mu.Unlock()
	}
}

// finish hands a result to the waiters; e.mu is held.
func (e *Engine) finish(w *Work, r *Result, err error) {
	w.result, w.err = r, err
	delete(e.works, w.key)
	if e.OnResult != nil {
		e.OnResult(r, err)
	}
	close(w.done)
}

// guarded turns a panic into an error: one bad scene must not take the server down.
func (e *Engine) guarded(w *Work) (r *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = nil, &Error{Op: "run scene", Subject: w.Scene.ID(), Err: fmt.Errorf("panic: %v", p), Hint: "please report this"}
		}
	}()
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	ctx, span := StartSpan(ctx, "scene", attribute.String("precinct.scene", w.Scene.ID()))
	defer func() { EndSpan(span, err) }()
	return e.run(ctx, w.question, w.Scene)
}

func (e *Engine) run(ctx context.Context, q Question, s Scene) (*Result, error) {
	start := time.Now()
	pair, err := e.Pair(ctx, s)
	if err != nil {
		return nil, err
	}
	trace, err := e.Pipeline.Run(ctx, pair, q.Phrase, q.Mode)
	if err != nil {
		return nil, fmt.Errorf("scene %s: %w", s.ID(), err)
	}
	trace.Seconds = seconds(start)
	if e.OnTrace != nil {
		e.OnTrace(s, trace)
	}
	r := &Result{Scene: s, Record: trace.Record(), Found: e.found(q, s, pair, trace), Made: time.Now()}
	if !passing(pair.Holes) {
		cache.Put(e.Memory, "result", e.key(q, s), r)
		if e.Shelf != nil {
			e.Shelf.Keep(ctx, e.Recipe(q), q, r)
		}
	}
	return r, nil
}

// Pair is the aligned pictures of a scene, from memory when they are there.
func (e *Engine) Pair(ctx context.Context, s Scene) (*tiles.Pair, error) {
	key := s.Window().String() + "|" + e.layers()
	pair, err := cache.Get(ctx, e.Memory, "pair", key, func(ctx context.Context) (*tiles.Pair, error) {
		return e.Align(ctx, e.Satellite, e.Map, s.Window())
	})
	if err == nil && passing(pair.Holes) {
		cache.Drop(e.Memory, "pair", key) // the source may do better next time
	}
	return pair, err
}

// passing says whether a hole is there because a source failed, which may pass, rather than because it has no tile.
func passing(holes []tiles.Hole) bool {
	for _, h := range holes {
		if h.Passing {
			return true
		}
	}
	return false
}

func (e *Engine) layers() string { return strings.Join(e.layerVersions(), "|") }

func (e *Engine) layerVersions() []string {
	s, m := e.Satellite.Info(), e.Map.Info()
	return []string{s.Name, version(s), m.Name, version(m)}
}

// version is a layer's with where its pictures are moved to, if they are.
func version(i tiles.Info) string {
	if (i.Datum == "" || i.Datum == geo.WGS84) && i.Offset == [2]float64{} {
		return i.Version
	}
	return fmt.Sprint(i.Version, i.Datum, i.Offset)
}

// Recipe is what a question's results depend on besides the ground and the phrase.
func (e *Engine) Recipe(q Question) Recipe {
	p, d := e.Pipeline, e.Pipeline.VLM.Dialect()
	return Recipe{
		Layers: e.layerVersions(), Mode: string(q.Mode), VLM: p.VLM.Name(), Dialect: d.Name, Prompts: d.PromptVersion(),
		Segmenter: p.Segmenter.Name(), Sampling: fmt.Sprint(p.Sampling),
	}
}

// key holds all that a result depends on.
func (e *Engine) key(q Question, s Scene) string {
	r := e.Recipe(q)
	return strings.Join(append(r.Layers, s.ID(), q.Phrase, r.Mode, r.VLM, r.Dialect, r.Prompts, r.Segmenter, r.Sampling), "\x00")
}
