package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
)

const (
	scenesQueue = "scenes"
	spreadQueue = "spread"
	batch       = 500 // scenes that are written at once: others get their turn between
)

// alive are the states in which a job is not made a second time. Completed is not among them, so that what was purged can be
// asked for again.
var alive = []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled}

// spreadArgs is the job that finds out a run's scenes and queues those that wait. It may be run again at any time.
type spreadArgs struct {
	Run int64 `json:"run"`
}

func (spreadArgs) Kind() string { return "spread" }

func (spreadArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: spreadQueue, MaxAttempts: 25, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: alive}}
}

type spreader struct {
	river.WorkerDefaults[spreadArgs]
	queue *Queue
}

func (s *spreader) Work(ctx context.Context, job *river.Job[spreadArgs]) error {
	run, err := s.queue.Show(ctx, job.Args.Run)
	if errors.Is(err, ErrNotFound) {
		return nil // it was cancelled and removed
	}
	if err == nil && !run.Counted {
		err = s.queue.countScenes(ctx, run)
	}
	if err != nil {
		return err
	}
	return s.queue.queueWaiting(ctx, job, run.Spec.Urgent)
}

// countScenes writes down what the run waits for, unless it is cancelled meanwhile.
func (q *Queue) countScenes(ctx context.Context, run Run) error {
	var part []string
	for scene := range q.Scenes(run.Spec) {
		if part = append(part, scene.text()); len(part) == batch {
			if goesOn, err := q.countPart(ctx, run.ID, part, false); !goesOn || err != nil {
				return err
			}
			part = part[:0]
		}
	}
	_, err := q.countPart(ctx, run.ID, part, true)
	q.tell()
	return err
}

func (q *Queue) countPart(ctx context.Context, run int64, part []string, last bool) (goesOn bool, err error) {
	err = q.inTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE runs SET updated = ?, counted = ? WHERE id = ? AND state = 'running'", now(), last, run)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); n == 0 || err != nil {
			return err
		}
		goesOn = true
		for _, scene := range part {
			if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO run_scenes (run, scene, state) VALUES (?, ?, 'waiting')", run, scene); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "UPDATE runs SET total = (SELECT count(*) FROM run_scenes WHERE run = ?1) WHERE id = ?1", run); err != nil || !last {
			return err
		}
		if err := note(ctx, tx, run, "counted", "", ""); err != nil {
			return err
		}
		return end(ctx, tx, run)
	})
	return goesOn, err
}

// queueWaiting makes River's jobs of the scenes that wait and have none. When none is left, its own job is completed in the same
// transaction: see settle.
func (q *Queue) queueWaiting(ctx context.Context, job *river.Job[spreadArgs], urgent bool) error {
	for after := ""; ; {
		var list []string
		err := q.inTx(ctx, func(tx *sql.Tx) (err error) {
			list, err = texts(ctx, tx, "SELECT scene FROM run_scenes WHERE run = ? AND state = 'waiting' AND scene > ? ORDER BY scene LIMIT ?",
				job.Args.Run, after, batch)
			if err == nil && len(list) == 0 {
				_, err = river.JobCompleteTx[*riversqlite.Driver](ctx, tx, job)
				return err
			}
			if err != nil {
				return err
			}
			return q.insertScenes(ctx, tx, list, urgent)
		})
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1]
	}
}

func (q *Queue) insertScenes(ctx context.Context, tx *sql.Tx, list []string, urgent bool) error {
	priority := 3
	if urgent {
		priority = 1
	}
	params := make([]river.InsertManyParams, len(list))
	for i, text := range list {
		params[i] = river.InsertManyParams{Args: sceneArgs{Scene: text}, InsertOpts: &river.InsertOpts{
			Queue: scenesQueue, Priority: priority, MaxAttempts: q.Tries, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: alive},
		}}
	}
	results, err := q.river.InsertManyTx(ctx, tx, params)
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.UniqueSkippedAsDuplicate && r.Job.Priority > priority { // a batch has it already: now somebody waits
			if _, err := tx.ExecContext(ctx, "UPDATE river_job SET priority = ? WHERE id = ? AND priority > ?", priority, r.Job.ID, priority); err != nil {
				return err
			}
		}
	}
	return nil
}

// sceneArgs is the job of one scene.
type sceneArgs struct {
	Scene string `json:"scene" river:"unique"`
}

func (sceneArgs) Kind() string { return "scene" }

type sceneWorker struct {
	river.WorkerDefaults[sceneArgs]
	queue *Queue
}

func (s *sceneWorker) Work(ctx context.Context, job *river.Job[sceneArgs]) error {
	q, text := s.queue, job.Args.Scene
	begun, err := q.begin(ctx, job)
	if err != nil || begun == 0 { // nobody waits for it any more
		return err
	}
	var scene Scene
	err = json.Unmarshal([]byte(text), &scene)
	switch {
	case err != nil:
	case begun > 2*q.Tries: // it takes its workers with it
		err = Permanent(fmt.Errorf("it ended its worker: begun %d times", begun))
	default:
		err = q.guarded(ctx, scene)
	}
	if q.closing.Load() && err != nil && ctx.Err() != nil {
		return river.JobSnooze(0) // interrupted, not tried
	}
	var permanent *river.JobCancelError
	if err != nil && job.Attempt < job.MaxAttempts && !errors.As(err, &permanent) {
		return err
	}
	// The work is done: it is written down even if its time is just over.
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return q.settle(settling, job, err)
}

// guarded turns a panic into an error: one bad scene must not take the others down.
func (q *Queue) guarded(ctx context.Context, scene Scene) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return q.Config.Work(ctx, scene)
}

// begin says how often a scene that somebody waits for was begun, this time included. The job of one that nobody waits for
// is completed, as by settle.
func (q *Queue) begin(ctx context.Context, job *river.Job[sceneArgs]) (begun int, err error) {
	scene := job.Args.Scene
	err = q.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE run_scenes SET begun = begun + 1 WHERE scene = ? AND state = 'waiting'", scene); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, "SELECT coalesce(max(begun), 0) FROM run_scenes WHERE scene = ? AND state = 'waiting'", scene).Scan(&begun)
		if err == nil && begun == 0 {
			_, err = river.JobCompleteTx[*riversqlite.Driver](ctx, tx, job)
		}
		return err
	})
	return begun, err
}

// settle tells all runs that wait for a scene what became of it. River's job is completed with it, in one transaction, and for
// River a scene that failed for good is done too: it marks jobs some time after their work, and a run that began to wait in
// between would find one that does not come any more.
func (q *Queue) settle(ctx context.Context, job *river.Job[sceneArgs], failure error) error {
	state, kind, reason, counter := Done, "scene", "", "done"
	if failure != nil {
		state, kind, reason, counter = Failed, "failed", failure.Error(), "failed"
	}
	err := q.inTx(ctx, func(tx *sql.Tx) error {
		runs, err := texts(ctx, tx, "SELECT CAST(run AS TEXT) FROM run_scenes WHERE scene = ? AND state = 'waiting'", job.Args.Scene)
		if err != nil {
			return err
		}
		for _, text := range runs {
			var run int64
			fmt.Sscan(text, &run)
			if _, err := tx.ExecContext(ctx, "UPDATE run_scenes SET state = ?, reason = ? WHERE run = ? AND scene = ?", state, reason, run, job.Args.Scene); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE runs SET updated = ?, "+counter+" = "+counter+" + 1 WHERE id = ?", now(), run); err != nil {
				return err
			}
			if err := note(ctx, tx, run, kind, job.Args.Scene, reason); err != nil {
				return err
			}
			if err := end(ctx, tx, run); err != nil {
				return err
			}
		}
		_, err = river.JobCompleteTx[*riversqlite.Driver](ctx, tx, job)
		return err
	})
	q.tell()
	return err
}

// end ends a run that waits for nothing.
func end(ctx context.Context, tx *sql.Tx, run int64) error {
	r, err := tx.ExecContext(ctx, `UPDATE runs SET state = CASE WHEN failed > 0 AND done = 0 THEN 'failed' ELSE 'done' END
		WHERE id = ? AND state = 'running' AND counted AND done + failed >= total`, run)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); n == 0 || err != nil {
		return err
	}
	return note(ctx, tx, run, "ended", "", "")
}

func note(ctx context.Context, tx *sql.Tx, run int64, kind, scene, reason string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO events (run, at, kind, scene, reason, done, failed, total)
		SELECT id, ?, ?, ?, ?, done, failed, total FROM runs WHERE id = ?`, now(), kind, scene, reason, run)
	return err
}

// tend mends runs from time to time.
func (q *Queue) tend(ctx context.Context) {
	defer q.tending.Done()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := q.mend(ctx); err != nil && ctx.Err() == nil {
			q.Logger.Warn("jobs are not mended", "error", err)
		}
	}
}

// mend queues again what waits while nothing is queued: a scene loses its job when its workers are killed once too often.
func (q *Queue) mend(ctx context.Context) error {
	return q.inTx(ctx, func(tx *sql.Tx) error {
		runs, err := texts(ctx, tx, `SELECT CAST(id AS TEXT) FROM runs WHERE state = 'running' AND NOT EXISTS (
			SELECT 1 FROM river_job WHERE state IN ('available', 'running') AND kind IN ('scene', 'spread'))`)
		for _, text := range runs {
			var run int64
			fmt.Sscan(text, &run)
			_, insertErr := q.river.InsertTx(ctx, tx, spreadArgs{Run: run}, nil)
			err = errors.Join(err, insertErr)
		}
		return err
	})
}

func (s Scene) text() string {
	b, _ := json.Marshal(s) // strings and numbers: it cannot fail
	return string(b)
}

func now() int64 { return time.Now().UnixMicro() }

func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) (out []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
