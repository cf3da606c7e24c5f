package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed" // the schema
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
	_ "modernc.org/sqlite" // the driver
)

//go:embed schema1.sql
var schema1 string

// migrations bring a file from user_version i to i+1. Those that were released are never changed.
var migrations = [...]string{schema1}

// SQLite is a store in one file.
type SQLite struct {
	write, read *sql.DB  // one connection that writes, many that read
	prepared    sync.Map // of query text to *sql.Stmt on read
	texts       atomic.Int64
	numbers     sync.Map // of phrase to the number of its collection, which never changes
}

var _ Store = (*SQLite)(nil)

// Open opens a store, makes the file if there is none, and brings its schema up to date. The error is an *Error; it wraps
// ErrNewer for a file that this program is too old for.
func Open(ctx context.Context, path string) (*SQLite, error) {
	base := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
	// FULL: an answer costs seconds of a GPU, to sync it some milliseconds.
	write, err := sql.Open("sqlite", base+"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, fail("open store", path, err)
	}
	write.SetMaxOpenConns(1)
	s := &SQLite{write: write}
	if err := s.migrate(ctx); err != nil {
		_ = write.Close()
		return nil, fail("open store", path, err)
	}
	if s.read, err = sql.Open("sqlite", base+"&_pragma=query_only(1)&_pragma=cache_size(-16000)&_pragma=mmap_size(268435456)"); err != nil {
		_ = write.Close()
		return nil, fail("open store", path, err)
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return s, nil
}

// Close ends all use. What was acknowledged is kept with or without it.
func (s *SQLite) Close() error {
	s.prepared.Range(func(_, stmt any) bool { _ = stmt.(*sql.Stmt).Close(); return true })
	return errors.Join(s.read.Close(), s.write.Close())
}

func (s *SQLite) migrate(ctx context.Context) error {
	return s.inTx(ctx, func(w *writing) error {
		var version int
		if err := one(ctx, w, "PRAGMA user_version", nil, &version); err != nil {
			return err
		}
		if version > len(migrations) {
			return &Error{Op: "read", Subject: "its schema", Err: ErrNewer, Hint: "use the Precinct that wrote it, or a newer one"}
		}
		for ; version < len(migrations); version++ {
			if _, err := w.tx.ExecContext(ctx, migrations[version]); err != nil {
				return fmt.Errorf("schema %d: %w", version+1, err)
			}
			if _, err := w.tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

// inTx runs a write: all of it or nothing.
func (s *SQLite) inTx(ctx context.Context, do func(*writing) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(&writing{tx, map[string]*sql.Stmt{}}); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// maxPrepared is how many texts are kept prepared. They hold no values and few are in use, but who mixes filters on purpose can
// make a thousand.
const maxPrepared = 256

// stmt is a query prepared for reading; nil when there are too many.
func (s *SQLite) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if st, ok := s.prepared.Load(text); ok {
		return st.(*sql.Stmt), nil
	}
	if s.texts.Load() >= maxPrepared {
		return nil, nil
	}
	st, err := s.read.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if other, loaded := s.prepared.LoadOrStore(text, st); loaded {
		_ = st.Close()
		return other.(*sql.Stmt), nil
	}
	s.texts.Add(1)
	return st, nil
}

// querier is what reads: the readers, or a write that looks first.
type querier interface {
	query(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

func (s *SQLite) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	st, err := s.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return s.read.QueryContext(ctx, text, args...)
	}
	return st.QueryContext(ctx, args...)
}

// writing is a write on its way, with the statements that it has prepared: one write may run each of them thousands of times.
type writing struct {
	tx       *sql.Tx
	prepared map[string]*sql.Stmt
}

func (w *writing) stmt(ctx context.Context, text string) (st *sql.Stmt, err error) {
	if st = w.prepared[text]; st == nil {
		if st, err = w.tx.PrepareContext(ctx, text); err == nil {
			w.prepared[text] = st
		}
	}
	return st, err
}

func (w *writing) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	st, err := w.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (w *writing) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	st, err := w.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// one reads a row; sql.ErrNoRows when there is none.
func one(ctx context.Context, q querier, text string, args []any, into ...any) error {
	found := false
	err := each(ctx, q, text, args, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(into...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// each reads rows.
func each(ctx context.Context, q querier, text string, args []any, row func(*sql.Rows) error) error {
	rows, err := q.query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// collection is a phrase's number; 0 when it has none.
func collection(ctx context.Context, q querier, phrase string) (num int64, err error) {
	err = one(ctx, q, "SELECT num FROM collections WHERE phrase = ?", []any{phrase}, &num)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return num, err
}

// number is collection, remembered: it is a third of what it costs to say that a tile has not changed.
func (s *SQLite) number(ctx context.Context, phrase string) (int64, error) {
	if n, ok := s.numbers.Load(phrase); ok {
		return n.(int64), nil
	}
	n, err := collection(ctx, s, phrase)
	if n != 0 && err == nil {
		s.numbers.Store(phrase, n)
	}
	return n, err
}

func makeCollection(ctx context.Context, tx *writing, phrase string) (int64, error) {
	num, err := collection(ctx, tx, phrase)
	if num != 0 || err != nil {
		return num, err
	}
	r, err := tx.exec(ctx, "INSERT INTO collections (id, phrase) VALUES (?, ?)", CollectionID(phrase), phrase)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// CollectionID is the id of a phrase's collection: what of it is latin, at most 40 letters, and a short hash.
func CollectionID(phrase string) string {
	var slug strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(phrase)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			slug.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		default:
			if t := slug.String(); t != "" && !strings.HasSuffix(t, "-") {
				slug.WriteByte('-')
			}
		}
		if slug.Len() >= 40 {
			break
		}
	}
	sum := sha256.Sum256([]byte(phrase))
	return strings.TrimPrefix(strings.TrimSuffix(slug.String(), "-")+"-"+hex.EncodeToString(sum[:4]), "-")
}

func fail(op, subject string, err error) error {
	if err == nil {
		return nil
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	return &Error{Op: op, Subject: subject, Err: err}
}

func stamp(t time.Time) int64 { return t.UnixMicro() }

func when(us int64) time.Time { return time.UnixMicro(us).UTC() }
