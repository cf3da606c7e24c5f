package jobs_test

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/precinct-map/precinct/server/jobs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scenes are as many as the bound is wide.
func scenes(s jobs.Spec) iter.Seq[jobs.Scene] {
	return func(yield func(jobs.Scene) bool) {
		for i := range int(s.Bound[2] - s.Bound[0]) {
			if !yield(jobs.Scene{Phrase: s.Phrase, Z: 17, Col: int(s.Bound[0]) + i, Row: 1}) {
				return
			}
		}
	}
}

func spec(from, to float64) jobs.Spec {
	return jobs.Spec{Phrase: "schools", Mode: "two-stage", Bound: [4]float64{from, 0, to, 1}}
}

// log is the scenes that were worked on, in their order.
type log struct {
	mu   sync.Mutex
	cols []int
}

func (l *log) work(_ context.Context, s jobs.Scene) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cols = append(l.cols, s.Col)
	return nil
}

func (l *log) sorted() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(slices.Values(l.cols))
}

func open(t *testing.T, folder string, c jobs.Config) *jobs.Queue {
	t.Helper()
	c.Scenes = scenes
	q, err := jobs.Open(t.Context(), filepath.Join(folder, "jobs.db"), c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func shut(t *testing.T, q *jobs.Queue) {
	t.Helper()
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

func start(t *testing.T, q *jobs.Queue, s jobs.Spec) jobs.Run {
	t.Helper()
	r, err := q.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// follow collects a run's events until it ends.
func follow(t *testing.T, q *jobs.Queue, id, after int64) (out []jobs.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for e, err := range q.Events(ctx, id, after) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func columns(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func TestRun(t *testing.T) {
	var l log
	q := open(t, t.TempDir(), jobs.Config{Workers: 4, Work: l.work})
	defer shut(t, q)
	r := start(t, q, spec(0, 600)) // more than one batch
	events := follow(t, q, r.ID, 0)
	if got := l.sorted(); !slices.Equal(got, columns(0, 600)) {
		t.Errorf("%d scenes worked on", len(got))
	}
	r, err := q.Show(t.Context(), r.ID)
	if err != nil || r.State != jobs.Done || r.Done != 600 || r.Total != 600 || r.Failed != 0 || !r.Counted || r.Spec != spec(0, 600) {
		t.Errorf("%+v, %v", r, err)
	}
	last := events[len(events)-1]
	if len(events) != 603 || events[0].Kind != "started" || last.Kind != "ended" || last.Done != 600 {
		t.Errorf("%d events, the last %+v", len(events), last)
	}
	if rest := follow(t, q, r.ID, events[599].ID); !slices.EqualFunc(rest, events[600:], func(a, b jobs.Event) bool { return a.ID == b.ID }) {
		t.Errorf("resumed: %d events", len(rest))
	}
	again := start(t, q, spec(0, 3)) // what is done may be asked for again
	follow(t, q, again.ID, 0)
	if got := l.sorted(); len(got) != 603 {
		t.Errorf("%d scenes after the second run", len(got))
	}
	list, err := q.List(t.Context(), 0, 10)
	if err != nil || len(list) != 2 || list[0].ID != again.ID {
		t.Errorf("list %+v, %v", list, err)
	}
	if list, err = q.List(t.Context(), again.ID, 10); err != nil || len(list) != 1 {
		t.Errorf("list %+v, %v", list, err)
	}
}

func TestNothingToDo(t *testing.T) {
	q := open(t, t.TempDir(), jobs.Config{Workers: 1, Work: (&log{}).work})
	defer shut(t, q)
	r := start(t, q, spec(5, 5.5))
	if events := follow(t, q, r.ID, 0); events[len(events)-1].Kind != "ended" {
		t.Errorf("%+v", events)
	}
}

func TestRunsShareScenes(t *testing.T) {
	var l log
	folder := t.TempDir()
	idle := open(t, folder, jobs.Config{})
	a, b := start(t, idle, spec(0, 20)), start(t, idle, spec(10, 30))
	shut(t, idle)
	q := open(t, folder, jobs.Config{Workers: 1, Work: func(ctx context.Context, s jobs.Scene) error {
		time.Sleep(20 * time.Millisecond) // longer than it takes to queue the second run
		return l.work(ctx, s)
	}})
	defer shut(t, q)
	follow(t, q, a.ID, 0)
	follow(t, q, b.ID, 0)
	if got := l.sorted(); !slices.Equal(got, columns(0, 30)) {
		t.Errorf("worked on %v", got)
	}
}

func TestSomebodyWaits(t *testing.T) {
	var l log
	q := open(t, t.TempDir(), jobs.Config{Workers: 1, Work: func(ctx context.Context, s jobs.Scene) error {
		time.Sleep(10 * time.Millisecond)
		return l.work(ctx, s)
	}})
	defer shut(t, q)
	start(t, q, spec(0, 200))
	urgent := spec(195, 205) // half of them are in the batch already
	urgent.Urgent = true
	r := start(t, q, urgent)
	follow(t, q, r.ID, 0)
	if got := l.sorted(); len(got) > 150 {
		t.Errorf("%d scenes were worked on before the urgent ones were done", len(got))
	}
}

func TestFailures(t *testing.T) {
	var mu sync.Mutex
	tries := map[int]int{}
	broken := true
	q := open(t, t.TempDir(), jobs.Config{Workers: 2, Tries: 2, Work: func(_ context.Context, s jobs.Scene) error {
		mu.Lock()
		defer mu.Unlock()
		tries[s.Col]++
		switch {
		case s.Col == 1 && broken:
			return jobs.Permanent(errors.New("no tiles here"))
		case s.Col == 2 && broken:
			panic("oh")
		case s.Col == 3 && tries[3] == 1:
			return errors.New("upstream is away")
		}
		return nil
	}})
	defer shut(t, q)
	r := start(t, q, spec(0, 5))
	events := follow(t, q, r.ID, 0)
	failures, err := q.Failures(t.Context(), r.ID, 10)
	if err != nil || len(failures) != 2 || failures[0].Scene.Col != 1 || failures[1].Reason != "panic: oh" {
		t.Errorf("failures %+v, %v", failures, err)
	}
	mu.Lock()
	if tries[1] != 1 || tries[2] != 2 || tries[3] != 2 {
		t.Errorf("tries %v", tries)
	}
	broken = false
	mu.Unlock()
	if last := events[len(events)-1]; last.Failed != 2 || last.Done != 3 {
		t.Errorf("%+v", last)
	}
	if _, err := q.Retry(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	follow(t, q, r.ID, events[len(events)-1].ID)
	if r, err = q.Show(t.Context(), r.ID); err != nil || r.Done != 5 || r.Failed != 0 || r.State != jobs.Done {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCancelAndRetry(t *testing.T) {
	var l log
	q := open(t, t.TempDir(), jobs.Config{Workers: 1, Work: func(ctx context.Context, s jobs.Scene) error {
		time.Sleep(5 * time.Millisecond)
		return l.work(ctx, s)
	}})
	defer shut(t, q)
	r := start(t, q, spec(0, 300))
	for e, err := range q.Events(t.Context(), r.ID, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Done == 5 {
			break
		}
	}
	r, err := q.Cancel(t.Context(), r.ID)
	if err != nil || r.State != jobs.Cancelled {
		t.Fatalf("%+v, %v", r, err)
	}
	last := follow(t, q, r.ID, 0)
	if last[len(last)-1].Kind != "cancelled" || len(l.sorted()) > 100 {
		t.Errorf("%d scenes, the last event %+v", len(l.sorted()), last[len(last)-1])
	}
	if _, err := q.Retry(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	follow(t, q, r.ID, 0)
	if got := slices.Compact(l.sorted()); !slices.Equal(got, columns(0, 300)) {
		t.Errorf("%d scenes in the end", len(got))
	}
}

// TestRemove: what has ended is forgotten, and only that; ids are not given twice.
func TestRemove(t *testing.T) {
	goOn := make(chan struct{})
	q := open(t, t.TempDir(), jobs.Config{Workers: 1, Work: func(ctx context.Context, _ jobs.Scene) error {
		select {
		case <-goOn:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	defer shut(t, q)
	r := start(t, q, spec(0, 3))
	if err := q.Remove(t.Context(), r.ID); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("a running one: %v", err)
	}
	close(goOn)
	follow(t, q, r.ID, 0)
	if err := q.Remove(t.Context(), r.ID); err != nil {
		t.Error(err)
	}
	if _, err := q.Show(t.Context(), r.ID); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("afterwards: %v", err)
	}
	if err := q.Remove(t.Context(), r.ID); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	next := start(t, q, spec(0, 3))
	if events := follow(t, q, next.ID, 0); next.ID == r.ID || events[0].Kind != "started" || events[len(events)-1].Kind != "ended" {
		t.Errorf("the next: %+v, %+v", next, events)
	}
}

func TestRestart(t *testing.T) {
	var l log
	folder := t.TempDir()
	slow := func(ctx context.Context, s jobs.Scene) error {
		select {
		case <-time.After(10 * time.Millisecond):
			return l.work(ctx, s)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	q := open(t, folder, jobs.Config{Workers: 2, Tries: 1, Work: slow})
	r := start(t, q, spec(0, 60))
	for i := 0; len(l.sorted()) < 5 && i < 1000; i++ {
		time.Sleep(5 * time.Millisecond)
	}
	shut(t, q)
	if n := len(l.sorted()); n == 60 || n < 5 {
		t.Fatalf("%d scenes before the restart", n)
	}
	q = open(t, folder, jobs.Config{Workers: 2, Tries: 1, Work: slow})
	defer shut(t, q)
	follow(t, q, r.ID, 0)
	if r, err := q.Show(t.Context(), r.ID); err != nil || r.Done != 60 {
		t.Errorf("%+v, %v", r, err)
	}
	if got := l.sorted(); !slices.Equal(slices.Compact(got), columns(0, 60)) {
		t.Errorf("%d scenes", len(got))
	}
}

func TestBadInput(t *testing.T) {
	q := open(t, t.TempDir(), jobs.Config{})
	defer shut(t, q)
	for _, s := range []jobs.Spec{{}, {Phrase: "x"}, {Phrase: "x", Bound: [4]float64{0, 1, 1, 0}}} {
		if _, err := q.Start(t.Context(), s); !errors.Is(err, jobs.ErrInput) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	_, show := q.Show(t.Context(), 9)
	_, cancel := q.Cancel(t.Context(), 9)
	_, retry := q.Retry(t.Context(), 9)
	for _, err := range []error{show, cancel, retry} {
		if !errors.Is(err, jobs.ErrNotFound) {
			t.Error(err)
		}
	}
	for _, err := range q.Events(t.Context(), 9, 0) {
		if !errors.Is(err, jobs.ErrNotFound) {
			t.Error(err)
		}
	}
}
