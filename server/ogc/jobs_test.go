package ogc_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"testing"

	"github.com/precinct-map/precinct/server/jobs"
	"github.com/precinct-map/precinct/server/ogc"
)

// queue is jobs.Queue as ogc.Jobs: the packages know nothing of each other.
type queue struct{ *jobs.Queue }

func (q queue) Start(ctx context.Context, o ogc.Order) (ogc.Job, error) {
	r, err := q.Queue.Start(ctx, jobs.Spec{Phrase: o.Phrase, Mode: o.Mode, Bound: o.Bound, By: o.By})
	return job(r), jobError(err)
}

func (q queue) Show(ctx context.Context, id int64) (ogc.Job, error) {
	r, err := q.Queue.Show(ctx, id)
	return job(r), jobError(err)
}

func (q queue) Cancel(ctx context.Context, id int64) (ogc.Job, error) {
	r, err := q.Queue.Cancel(ctx, id)
	return job(r), jobError(err)
}

func (q queue) List(ctx context.Context, before int64, limit int) ([]ogc.Job, error) {
	list, err := q.Queue.List(ctx, before, limit)
	out := make([]ogc.Job, len(list))
	for i, r := range list {
		out[i] = job(r)
	}
	return out, jobError(err)
}

func (q queue) Events(ctx context.Context, id, after int64) iter.Seq2[ogc.Event, error] {
	return func(yield func(ogc.Event, error) bool) {
		for e, err := range q.Queue.Events(ctx, id, after) {
			data := map[string]any{"job": e.Run, "at": e.At, "done": e.Done, "failed": e.Failed, "total": e.Total}
			if e.Scene != nil {
				data["scene"] = e.Scene
			}
			if e.Reason != "" {
				data["reason"] = e.Reason
			}
			if !yield(ogc.Event{ID: e.ID, Kind: e.Kind, Data: data}, jobError(err)) {
				return
			}
		}
	}
}

func job(r jobs.Run) ogc.Job {
	state := map[jobs.State]ogc.JobState{jobs.Running: ogc.Running, jobs.Done: ogc.Successful, jobs.Failed: ogc.Failed, jobs.Cancelled: ogc.Dismissed}[r.State]
	if state == ogc.Running && !r.Counted {
		state = ogc.Accepted
	}
	return ogc.Job{ID: r.ID, State: state, Done: r.Done, Failed: r.Failed, Total: r.Total, Counted: r.Counted, Created: r.Created, Updated: r.Updated,
		Order: ogc.Order{Phrase: r.Spec.Phrase, Mode: r.Spec.Mode, Bound: r.Spec.Bound, By: r.Spec.By}}
}

func jobError(err error) error {
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return fmt.Errorf("%w: %w", ogc.ErrNotFound, err)
	case errors.Is(err, jobs.ErrInput):
		return fmt.Errorf("%w: %w", ogc.ErrInput, err)
	}
	return err
}

// withJobs adds a queue whose runs have as many scenes as the bound is degrees wide. Scenes fail on the southern half of the
// earth, and wait for the test to let them go on.
func withJobs(t testing.TB, goOn <-chan struct{}) func(*ogc.Options) {
	t.Helper()
	q, err := jobs.Open(t.Context(), filepath.Join(t.TempDir(), "jobs.db"), jobs.Config{Workers: 2, Tries: 1,
		Scenes: func(s jobs.Spec) iter.Seq[jobs.Scene] {
			return func(yield func(jobs.Scene) bool) {
				for i := 0; float64(i) < s.Bound[2]-s.Bound[0]; i++ {
					if !yield(jobs.Scene{Phrase: s.Phrase, Z: 17, Col: int(s.Bound[0]) + i, Row: int(s.Bound[1])}) {
						return
					}
				}
			}
		},
		Work: func(ctx context.Context, s jobs.Scene) error {
			if s.Row < 0 {
				return jobs.Permanent(errors.New("there is only sea"))
			}
			select {
			case <-goOn:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(o *ogc.Options) { o.Jobs = queue{q} }
}
