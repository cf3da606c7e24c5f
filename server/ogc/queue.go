package ogc

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/precinct-map/precinct/server/jobs"
)

// Queue is a queue of jobs as Jobs.
type Queue struct {
	*jobs.Queue
	Mode string            // of orders that name none
	Fits func(Order) error // says why an order is too large; nil takes all
}

// Start is Jobs'.
func (q Queue) Start(ctx context.Context, o Order) (Job, error) {
	if o.Mode == "" {
		o.Mode = q.Mode
	}
	if q.Fits != nil {
		if err := q.Fits(o); err != nil {
			return Job{}, err
		}
	}
	r, err := q.Queue.Start(ctx, jobs.Spec{Phrase: o.Phrase, Mode: o.Mode, Bound: o.Bound, By: o.By})
	return jobOf(r), jobError(err)
}

// Show is Jobs'.
func (q Queue) Show(ctx context.Context, id int64) (Job, error) {
	r, err := q.Queue.Show(ctx, id)
	return jobOf(r), jobError(err)
}

// Cancel is Jobs'.
func (q Queue) Cancel(ctx context.Context, id int64) (Job, error) {
	r, err := q.Queue.Cancel(ctx, id)
	return jobOf(r), jobError(err)
}

// Remove is Jobs'.
func (q Queue) Remove(ctx context.Context, id int64) error { return jobError(q.Queue.Remove(ctx, id)) }

// List is Jobs'.
func (q Queue) List(ctx context.Context, before int64, limit int) ([]Job, error) {
	list, err := q.Queue.List(ctx, before, limit)
	out := make([]Job, len(list))
	for i, r := range list {
		out[i] = jobOf(r)
	}
	return out, jobError(err)
}

// Events is Jobs'.
func (q Queue) Events(ctx context.Context, id, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for e, err := range q.Queue.Events(ctx, id, after) {
			data := map[string]any{"job": e.Run, "at": e.At, "done": e.Done, "failed": e.Failed, "total": e.Total}
			if e.Scene != nil {
				data["scene"] = fmt.Sprintf("%d-%d-%d", e.Scene.Z, e.Scene.Col, e.Scene.Row)
			}
			if e.Reason != "" {
				data["reason"] = e.Reason
			}
			if !yield(Event{ID: e.ID, Kind: e.Kind, Data: data}, jobError(err)) {
				return
			}
		}
	}
}

func jobOf(r jobs.Run) Job {
	state := map[jobs.State]JobState{jobs.Running: Running, jobs.Done: Successful, jobs.Failed: Failed, jobs.Cancelled: Dismissed}[r.State]
	if state == Running && !r.Counted {
		state = Accepted
	}
	return Job{ID: r.ID, State: state, Done: r.Done, Failed: r.Failed, Total: r.Total, Counted: r.Counted, Created: r.Created, Updated: r.Updated,
		Order: Order{Phrase: r.Spec.Phrase, Mode: r.Spec.Mode, Bound: r.Spec.Bound, By: r.Spec.By}}
}

func jobError(err error) error {
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, jobs.ErrInput):
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return err
}
