package reasoning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// maxSpread is how many scenes beyond a window's own a single look may start, when what it found runs on into them.
const maxSpread = 64

// FindOptions is how a window is looked at.
type FindOptions struct {
	Patience time.Duration         // how long to wait for scenes that are not known; negative for as long as they take
	Progress func(done, total int) // told when a scene ends; may be nil
}

// Findings is what is found in a window so far.
type Findings struct {
	Known      []Scene // scenes of the window that are known, and of the ground that its places run into
	Waiting    []Scene // scenes that are not known yet
	Failed     []Failure
	Holes      []tiles.Hole // within the window, no ground twice
	Generation string       // changes whenever the places may have; for ETags
	Busy       bool         // the queue was full

	places func(geo.Window) []Place
}

// Places joins what the scenes found and gives what touches a window, whole, best first. The joining is done anew at each
// call: who only compares generations does not pay for it.
func (f *Findings) Places(w geo.Window) []Place { return f.places(w) }

// Complete says whether nothing is missing that will come.
func (f *Findings) Complete() bool { return len(f.Waiting) == 0 && len(f.Failed) == 0 }

// Failure is a scene that could not be run.
type Failure struct {
	Scene Scene
	Err   error
}

// Find answers a question for a window of the engine's zoom: it looks at the scenes whose cores share ground with the window, then at
// those into which a found thing runs.
func (e *Engine) Find(ctx context.Context, q Question, w geo.Window, o FindOptions) (*Findings, error) {
	if w.Z != e.Zoom {
		return nil, fmt.Errorf("window %v: want zoom %d", w, e.Zoom)
	}
	if q.Mode == "" {
		q.Mode = TwoStage
	}
	look := &look{engine: e, question: q, options: o, known: map[Scene]*Result{}, asked: map[Scene]bool{}}
	if o.Patience >= 0 {
		look.deadline = time.Now().Add(o.Patience)
	}
	need := Scenes(w)
	for spread := 0; len(need) > 0; {
		if err := look.collect(ctx, need); err != nil {
			return nil, err
		}
		need = look.wanted(w)
		if spread += len(need); spread > maxSpread {
			break
		}
	}
	look.addNeighbours(ctx)
	return look.answer(w), nil
}

// look is one Find on its way.
type look struct {
	engine   *Engine
	question Question
	options  FindOptions
	deadline time.Time
	known    map[Scene]*Result
	asked    map[Scene]bool
	result   Findings
}

// collect waits for scenes, as long as the options allow. Only the context's error ends it.
func (l *look) collect(ctx context.Context, need []Scene) error {
	patience := ctx
	if !l.deadline.IsZero() {
		var cancel context.CancelFunc
		patience, cancel = context.WithDeadline(ctx, l.deadline)
		defer cancel()
	}
	var works []*Work
	var joined []*Work
	defer func() {
		for _, w := range joined {
			l.engine.Leave(w)
		}
	}()
	wait := func(w *Work) error {
		r, err := l.engine.Wait(patience, w)
		switch {
		case err == nil:
			l.known[w.Scene] = r
		case ctx.Err() != nil:
			return ctx.Err()
		case patience.Err() != nil && Abandoned(err):
			l.result.Waiting = append(l.result.Waiting, w.Scene)
		default:
			l.result.Failed = append(l.result.Failed, Failure{w.Scene, err})
		}
		if l.options.Progress != nil {
			l.options.Progress(len(l.known)+len(l.result.Failed), len(l.asked))
		}
		return nil
	}
	for _, s := range need {
		l.asked[s] = true
	}
	maps.Copy(l.known, l.engine.Known(ctx, l.question, need))
	for _, s := range need {
		if l.known[s] != nil {
			continue
		}
		w, err := l.engine.Start(ctx, l.question, s)
		// A caller with all the time in the world waits for its own oldest scene to make room.
		for errors.Is(err, ErrBusy) && l.deadline.IsZero() && len(works) > 0 {
			if err := wait(works[0]); err != nil {
				return err
			}
			works = works[1:]
			w, err = l.engine.Start(ctx, l.question, s)
		}
		switch {
		case errors.Is(err, ErrBusy):
			l.result.Busy = true
			l.result.Waiting = append(l.result.Waiting, s)
		case err != nil:
			return err
		default:
			works, joined = append(works, w), append(joined, w)
		}
	}
	for _, w := range works {
		if err := wait(w); err != nil {
			return err
		}
	}
	return nil
}

// wanted are the scenes, not asked yet, that look at ground of a thing that reaches the window: they may know it better.
func (l *look) wanted(w geo.Window) []Scene {
	want := map[Scene]bool{}
	for _, f := range l.touching(w) {
		for _, s := range SeenBy(f.Mask.Extent()) {
			if !l.asked[s] {
				want[s] = true
			}
		}
	}
	out := make([]Scene, 0, len(want))
	for s := range want {
		out = append(out, s)
	}
	slices.SortFunc(out, compareScenes)
	return out
}

// touching are the found things that reach the window, and those of other scenes that share pixels with them, and so on.
func (l *look) touching(w geo.Window) []Found {
	var in, rest []Found
	for _, r := range l.known {
		for _, f := range r.Found {
			if f.Mask.CountIn(w) > 0 {
				in = append(in, f)
			} else {
				rest = append(rest, f)
			}
		}
	}
	for next := in; len(next) > 0; {
		var joined, left []Found
		for _, f := range rest {
			if slices.ContainsFunc(next, func(g Found) bool { return f.Mask.Overlap(g.Mask) > 0 }) {
				joined = append(joined, f)
			} else {
				left = append(left, f)
			}
		}
		in, rest, next = append(in, joined...), left, joined
	}
	return in
}

// addNeighbours adds what is known around the asked scenes: it costs little and keeps neighbouring tiles in agreement.
func (l *look) addNeighbours(ctx context.Context) {
	var around []Scene
	for s := range l.asked {
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				n := Scene{Z: s.Z, Col: s.Col + dx, Row: s.Row + dy}
				if l.known[n] == nil && !slices.Contains(around, n) {
					around = append(around, n)
				}
			}
		}
	}
	maps.Copy(l.known, l.engine.Known(ctx, l.question, around))
}

func (l *look) answer(w geo.Window) *Findings {
	scenes := make([]Scene, 0, len(l.known))
	for s := range l.known {
		scenes = append(scenes, s)
	}
	slices.SortFunc(scenes, compareScenes)
	h := fnv.New64a()
	for _, s := range scenes {
		if l.asked[s] {
			l.result.Known = append(l.result.Known, s)
		}
		fmt.Fprintf(h, "%s@%d;", s.ID(), l.known[s].Made.UnixNano())
		l.result.Holes = append(l.result.Holes, holesWithin(l.known[s].Record.Holes, s.Core().Intersect(w))...)
	}
	l.result.Generation = fmt.Sprintf("%x", h.Sum64())
	l.result.places = func(w geo.Window) []Place { return l.engine.places(l.question, scenes, l.known, w) }
	slices.SortFunc(l.result.Waiting, compareScenes)
	return &l.result
}

// holesWithin cuts holes to a window: to its core, a scene tells of no ground that its neighbour tells of too.
func holesWithin(holes []tiles.Hole, w geo.Window) []tiles.Hole {
	var out []tiles.Hole
	for _, h := range holes {
		if h.Window = h.Window.Intersect(w); !h.Window.Empty() {
			out = append(out, h)
		}
	}
	return out
}

func compareScenes(a, b Scene) int {
	return cmp.Or(cmp.Compare(a.Z, b.Z), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Col, b.Col))
}
