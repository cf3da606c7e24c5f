// Package jobs runs a phrase over a bound in the background, scene by scene, and survives restarts: River on SQLite does the
// work, and tables of our own beside River's keep what a run waits for, how far it is, and what happened. It knows neither
// pictures nor models: which scenes a run has and what a scene's work is are functions that it is given.
package jobs

import (
	"context"
	"database/sql"
	_ "embed" // the schema
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver
)

// Spec is what a run is asked to do.
type Spec struct {
	Phrase string     `json:"phrase"`
	Mode   string     `json:"mode"`
	Bound  [4]float64 `json:"bound"` // west, south, east, north in degrees
	By     string     `json:"by,omitempty"`
	Urgent bool       `json:"urgent,omitempty"` // a person waits: before all batches
}

// Scene is one unit of work. Runs that need the same scene share it.
type Scene struct {
	Phrase string `json:"phrase"`
	Mode   string `json:"mode"`
	Z      int    `json:"z"`
	Col    int    `json:"col"`
	Row    int    `json:"row"`
}

// State is how a run, or a scene of it, stands.
type State string

// The states. A run that ended with failed scenes is Failed when nothing else came of it, and Done otherwise.
const (
	Waiting   State = "waiting" // scenes only
	Running   State = "running" // runs only
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Run is a run and how far it is.
type Run struct {
	ID               int64
	Spec             Spec
	State            State
	Total            int // grows until Counted
	Done, Failed     int
	Counted          bool // all scenes are known
	Created, Updated time.Time
}

// Failure is a scene that could not be done, and why.
type Failure struct {
	Scene  Scene
	Reason string
}

// Event is something that happened to a run. Its ids rise; SSE sends them so that Last-Event-ID can be resumed from.
type Event struct {
	ID                  int64
	Run                 int64
	At                  time.Time
	Kind                string // started, counted, scene, failed, retried, ended, cancelled
	Scene               *Scene // of scene and failed
	Reason              string // of failed
	Done, Failed, Total int
}

// Config is what a queue works with. Without workers it only starts, lists and cancels.
type Config struct {
	Workers int // scenes at once
	Scenes  func(Spec) iter.Seq[Scene]
	Work    func(context.Context, Scene) error // may be called again for a scene that it has done
	Timeout time.Duration                      // of one scene; 100 s when zero, and always below two minutes
	Tries   int                                // of a scene; 3 when zero
	Logger  *slog.Logger
}

// rescueAfter is when a scene whose worker was killed is given to another.
const rescueAfter = 2 * time.Minute

// Sentinels of the package; test with errors.Is.
var (
	ErrNotFound = errors.New("no such job")
	ErrInput    = errors.New("not usable")
)

// Error says what was asked, what went wrong and what to do.
type Error struct {
	Op      string
	Subject string
	Err     error
	Hint    string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

func fail(op string, id int64, err error) error {
	if e := (*Error)(nil); err == nil || errors.As(err, &e) {
		return err
	}
	return &Error{Op: op, Subject: fmt.Sprint("job ", id), Err: err}
}

// Permanent says that trying again is of no use.
func Permanent(err error) error { return river.JobCancel(err) }

// Queue is the jobs in one file. It is safe for concurrent use, and several processes may open the same file.
type Queue struct {
	Config

	db      *sql.DB
	river   *river.Client[*sql.Tx]
	closing atomic.Bool
	stop    context.CancelFunc
	tending sync.WaitGroup

	mu   sync.Mutex
	news chan struct{} // closed and made anew when something happened
}

//go:embed schema1.sql
var schema1 string

// migrations bring a file from user_version i to i+1, River's own tables aside.
var migrations = [...]string{schema1}

// Open opens the jobs of a file, makes it if there is none, and starts the workers.
func Open(ctx context.Context, path string, c Config) (*Queue, error) {
	if c.Timeout == 0 {
		c.Timeout = 100 * time.Second
	}
	if c.Tries == 0 {
		c.Tries = 3
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, &Error{Op: "open jobs", Subject: path, Err: err}
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; River's statements are short
	q := &Queue{Config: c, db: db, news: make(chan struct{})}
	if err := q.start(ctx); err != nil {
		_ = db.Close()
		return nil, &Error{Op: "open jobs", Subject: path, Err: err}
	}
	return q, nil
}

func (q *Queue) start(ctx context.Context) error {
	if err := q.migrate(ctx); err != nil {
		return err
	}
	config := &river.Config{
		Logger: q.Logger, JobTimeout: q.Timeout, RescueStuckJobsAfter: rescueAfter, MaxAttempts: q.Tries,
		// River fetches no more jobs than it has workers free: by its default of 100 ms, four workers pass 40 known scenes a second.
		FetchCooldown: 10 * time.Millisecond, FetchPollInterval: 250 * time.Millisecond,
	}
	if q.Workers > 0 {
		config.Workers = river.NewWorkers()
		river.AddWorker(config.Workers, &spreader{queue: q})
		river.AddWorker(config.Workers, &sceneWorker{queue: q})
		config.Queues = map[string]river.QueueConfig{scenesQueue: {MaxWorkers: q.Workers}, spreadQueue: {MaxWorkers: 1}}
	}
	var err error
	if q.river, err = river.NewClient(riversqlite.New(q.db), config); err != nil || q.Workers == 0 {
		return err
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	q.stop = stop
	if err := q.river.Start(life); err != nil {
		stop()
		return err
	}
	q.tending.Add(1)
	go q.tend(life)
	return nil
}

func (q *Queue) migrate(ctx context.Context) error {
	migrator, err := rivermigrate.New(riversqlite.New(q.db), &rivermigrate.Config{Logger: q.Logger})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	return q.inTx(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return fmt.Errorf("%w: a newer Precinct wrote it", ErrInput)
		}
		for ; version < len(migrations); version++ {
			if _, err := tx.ExecContext(ctx, migrations[version]+fmt.Sprintf("PRAGMA user_version = %d;", version+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close lets nobody wait: what runs is cancelled and goes back to the queue.
func (q *Queue) Close() error {
	q.closing.Store(true)
	var err error
	if q.Workers > 0 {
		limited, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = q.river.StopAndCancel(limited)
		q.stop()
		q.tending.Wait()
	}
	q.tell()
	return errors.Join(err, q.db.Close())
}

func (q *Queue) inTx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := q.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// tell wakes those who wait for events.
func (q *Queue) tell() {
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.news)
	q.news = make(chan struct{})
}

func (q *Queue) told() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.news
}
