package jobs

import (
	"context"
	"iter"
	"path/filepath"
	"testing"
	"time"
)

// A scene that waits without a job is queued again.
func TestMend(t *testing.T) {
	q, err := Open(t.Context(), filepath.Join(t.TempDir(), "jobs.db"), Config{Workers: 1,
		Scenes: func(Spec) iter.Seq[Scene] { return func(yield func(Scene) bool) { yield(Scene{Phrase: "schools"}) } },
		Work:   func(context.Context, Scene) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	run, err := q.Start(t.Context(), Spec{Phrase: "schools", Bound: [4]float64{0, 0, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	ended := func() (last Event) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for e, err := range q.Events(ctx, run.ID, 0) {
			if err != nil {
				t.Fatal(err)
			}
			last = e
		}
		return last
	}
	ended()
	if _, err := q.db.Exec("UPDATE run_scenes SET state = 'waiting'; UPDATE runs SET state = 'running', done = 0"); err != nil {
		t.Fatal(err)
	}
	if err := q.mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := ended(); e.Kind != "ended" || e.Done != 1 {
		t.Errorf("%+v", e)
	}
}
