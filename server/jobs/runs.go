package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"
)

// Start begins a run.
func (q *Queue) Start(ctx context.Context, spec Spec) (run Run, err error) {
	b := spec.Bound
	for _, v := range b {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = [4]float64{}
		}
	}
	if spec.Phrase == "" || !(b[1] < b[3]) || b[0] == b[2] {
		return run, &Error{Op: "start", Subject: "job", Err: ErrInput, Hint: "give a phrase, and a bound of west, south, east, north in degrees"}
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return run, &Error{Op: "start", Subject: "job", Err: err}
	}
	var id int64
	err = q.inTx(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "INSERT INTO runs (spec, state, created, updated) VALUES (?, 'running', ?, ?) RETURNING id",
			string(text), now(), now()).Scan(&id); err != nil {
			return err
		}
		return q.again(ctx, tx, id, "started")
	})
	q.tell()
	if err != nil {
		return run, &Error{Op: "start", Subject: "job", Err: err}
	}
	return q.Show(ctx, id)
}

// again has a run's waiting scenes queued.
func (q *Queue) again(ctx context.Context, tx *sql.Tx, id int64, why string) error {
	if err := note(ctx, tx, id, why, "", ""); err != nil {
		return err
	}
	_, err := q.river.InsertTx(ctx, tx, spreadArgs{Run: id}, nil)
	return err
}

// Cancel gives up what a run still waits for; scenes that others wait for too go on. A run that has ended stays as it is.
func (q *Queue) Cancel(ctx context.Context, id int64) (Run, error) {
	err := q.inTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE runs SET state = 'cancelled', updated = ? WHERE id = ? AND state = 'running'", now(), id)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); n == 0 || err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE run_scenes SET state = 'cancelled' WHERE run = ? AND state = 'waiting'", id); err != nil {
			return err
		}
		return note(ctx, tx, id, "cancelled", "", "")
	})
	q.tell()
	if err != nil {
		return Run{}, fail("cancel", id, err)
	}
	return q.Show(ctx, id)
}

// Remove forgets a run that has ended, with its events; what it found stays. One that is still running is not removed: cancel it first.
func (q *Queue) Remove(ctx context.Context, id int64) error {
	err := q.inTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "DELETE FROM runs WHERE id = ? AND state <> 'running'", id)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); n == 0 || err != nil {
			return errors.Join(err, ErrNotFound)
		}
		for _, table := range []string{"run_scenes", "events"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE run = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
	q.tell()
	return fail("remove", id, err)
}

// Retry does again what failed or was cancelled.
func (q *Queue) Retry(ctx context.Context, id int64) (Run, error) {
	err := q.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE run_scenes SET state = 'waiting', reason = '', begun = 0 WHERE run = ? AND state IN ('failed', 'cancelled')`, id); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, "UPDATE runs SET state = 'running', failed = 0, updated = ? WHERE id = ?", now(), id)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); n == 0 || err != nil {
			return errors.Join(err, ErrNotFound)
		}
		if err := q.again(ctx, tx, id, "retried"); err != nil {
			return err
		}
		return end(ctx, tx, id) // there may be nothing to do
	})
	q.tell()
	if err != nil {
		return Run{}, fail("retry", id, err)
	}
	return q.Show(ctx, id)
}

const runColumns = "SELECT id, spec, state, total, done, failed, counted, created, updated FROM runs "

// Show is one run; ErrNotFound when there is none.
func (q *Queue) Show(ctx context.Context, id int64) (Run, error) {
	list, err := q.runs(ctx, runColumns+"WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Run{}, fail("show", id, err)
	}
	return list[0], nil
}

// List is the runs below an id, 0 for all, the newest first.
func (q *Queue) List(ctx context.Context, before int64, limit int) ([]Run, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	list, err := q.runs(ctx, runColumns+"WHERE id < ? ORDER BY id DESC LIMIT ?", before, limit)
	return list, fail("list before", before, err)
}

func (q *Queue) runs(ctx context.Context, query string, args ...any) (out []Run, err error) {
	rows, err := q.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Run
		var spec []byte
		var created, updated int64
		if err := rows.Scan(&r.ID, &spec, &r.State, &r.Total, &r.Done, &r.Failed, &r.Counted, &created, &updated); err != nil {
			return nil, err
		}
		r.Created, r.Updated = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
		if err := json.Unmarshal(spec, &r.Spec); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Failures are the scenes of a run that could not be done.
func (q *Queue) Failures(ctx context.Context, id int64, limit int) (out []Failure, err error) {
	rows, err := q.db.QueryContext(ctx, "SELECT scene, reason FROM run_scenes WHERE run = ? AND state = 'failed' ORDER BY scene LIMIT ?", id, limit)
	if err != nil {
		return nil, fail("list failures of", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var f Failure
		var scene []byte
		if err := errors.Join(rows.Scan(&scene, &f.Reason), json.Unmarshal(scene, &f.Scene)); err != nil {
			return nil, fail("list failures of", id, err)
		}
		out = append(out, f)
	}
	return out, fail("list failures of", id, rows.Err())
}

// Events yields what happens to a run after an event, 0 for all, as it happens, until the run has ended or the context has.
// The last pair has an error if it was not the run's end.
func (q *Queue) Events(ctx context.Context, id, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if _, err := q.Show(ctx, id); err != nil {
			yield(Event{}, err)
			return
		}
		for {
			told := q.told() // before looking, so that nothing between is missed
			run, list, err := q.look(ctx, id, after)
			if err != nil {
				yield(Event{}, fail("follow", id, err))
				return
			}
			for _, e := range list {
				if after = e.ID; !yield(e, nil) {
					return
				}
			}
			if len(list) == batch {
				continue
			}
			if run.State != Running {
				return
			}
			select {
			case <-ctx.Done():
				yield(Event{}, fail("follow", id, ctx.Err()))
				return
			case <-told:
			case <-time.After(time.Second): // another process may be at work
			}
		}
	}
}

// look reads a run, and then up to batch of its events: if the run has ended, its end is among them or before them.
func (q *Queue) look(ctx context.Context, id, after int64) (Run, []Event, error) {
	run, err := q.Show(ctx, id)
	if err != nil {
		return run, nil, err
	}
	rows, err := q.db.QueryContext(ctx, "SELECT id, at, kind, scene, reason, done, failed, total FROM events WHERE run = ? AND id > ? ORDER BY id LIMIT ?", id, after, batch)
	if err != nil {
		return run, nil, err
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		e := Event{Run: id}
		var at int64
		var scene string
		if err := rows.Scan(&e.ID, &at, &e.Kind, &scene, &e.Reason, &e.Done, &e.Failed, &e.Total); err != nil {
			return run, nil, err
		}
		if e.At = time.UnixMicro(at).UTC(); scene != "" {
			e.Scene = new(Scene)
			if err := json.Unmarshal([]byte(scene), e.Scene); err != nil {
				return run, nil, fmt.Errorf("event %d: %w", e.ID, err)
			}
		}
		out = append(out, e)
	}
	return run, out, rows.Err()
}
