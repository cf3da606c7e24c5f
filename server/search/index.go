package search

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Options says what to index and where to keep it.
type Options struct {
	Folder  string // of the cache; it is made when it is not there
	Sources []Source
}

// Status tells how far an index is.
type Status struct {
	Ready    bool // it answers, perhaps from an older state of the maps
	Building bool
	Done     int // places read while Total is 0, else written
	Total    int
	Err      error // of the last building
}

// Index answers questions. It is safe for concurrent use.
type Index struct {
	cancel context.CancelFunc
	built  chan struct{}

	mu     sync.RWMutex // held for reading by each question, so that no file is closed under it
	db     *sql.DB
	state  sync.Mutex
	status Status
}

// Open opens the index of the sources' present state. Where there is none, it is built in the background, while the one of an
// earlier state answers if there is one; ctx ends the building.
func Open(ctx context.Context, o Options) (*Index, error) {
	if err := os.MkdirAll(o.Folder, 0o755); err != nil {
		return nil, err
	}
	var sources, versions []string
	for _, s := range o.Sources {
		v, err := s.Version()
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(v, "\n")
		sources, versions = append(sources, name), append(versions, v)
	}
	prefix := "search-" + format + "-" + digest(sources) + "-"
	path := filepath.Join(o.Folder, prefix+digest(versions)+".sqlite")
	ctx, cancel := context.WithCancel(ctx)
	x := &Index{cancel: cancel, built: make(chan struct{})}
	if err := x.use(path); err == nil {
		x.status.Ready = true
		close(x.built)
		return x, nil
	}
	old, _ := filepath.Glob(filepath.Join(o.Folder, prefix+"*.sqlite"))
	for _, f := range old {
		if x.use(f) == nil {
			x.status.Ready = true
			break
		}
	}
	x.status.Building = true
	go x.build(ctx, path, o.Sources, old)
	return x, nil
}

func digest(parts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}

func dsn(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// use opens a whole index: files get their names only when they are done.
func (x *Index) use(path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(path)+"?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	var n int
	if err := db.QueryRow(`select count(*) from (select 1 from letter limit 1)`).Scan(&n); err != nil {
		_ = db.Close()
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.db != nil {
		_ = x.db.Close()
	}
	x.db = db
	return nil
}

func (x *Index) build(ctx context.Context, path string, sources []Source, old []string) {
	defer close(x.built)
	err := build(ctx, path, sources, func(done, total int) {
		x.state.Lock()
		x.status.Done, x.status.Total = done, total
		x.state.Unlock()
	})
	if err == nil {
		if err = x.use(path); err == nil {
			for _, f := range old {
				_ = os.Remove(f)
			}
		}
	}
	x.state.Lock()
	defer x.state.Unlock()
	x.status.Building, x.status.Err = false, err
	x.status.Ready = x.status.Ready || err == nil
}

// Status tells how far the index is.
func (x *Index) Status() Status {
	x.state.Lock()
	defer x.state.Unlock()
	return x.status
}

// Wait waits until the index is built, and tells why it could not be.
func (x *Index) Wait(ctx context.Context) error {
	select {
	case <-x.built:
		return x.Status().Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the building and frees the file.
func (x *Index) Close() error {
	x.cancel()
	<-x.built
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.db == nil {
		return nil
	}
	err := x.db.Close()
	x.db = nil
	return err
}
