package outlines

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	_ "modernc.org/sqlite" // the driver

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training/dataset"
)

// Set is places on disk. It is safe for concurrent use. Close removes it.
type Set struct {
	dir    string
	db     *sql.DB
	insert insertion

	n        int
	bounds   orb.Bound
	version  string
	problems []Problem
	left     map[error]int
	unknown  map[string]int
}

// The numbers of an R-tree have 32 bits, rounded outward; what else a place has lies beside them.
const schema = `CREATE VIRTUAL TABLE places USING rtree(row, w, e, s, n, +id, +name, +class, +x, +y, +shape)`

const within = `SELECT row, id, name, class, x, y, shape FROM places WHERE w <= ? AND e >= ? AND s <= ? AND n >= ? ORDER BY row`

func newSet() (*Set, error) {
	dir, err := os.MkdirTemp("", "precinct-outlines-")
	if err != nil {
		return nil, err
	}
	s := &Set{dir: dir, left: map[error]int{}, unknown: map[string]int{}}
	// Nobody else's and gone when it is closed: no journal, no waiting for the disk.
	s.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(dir, "places")}).EscapedPath()+
		"?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-32768)")
	if err == nil {
		s.db.SetMaxOpenConns(1)
		_, err = s.db.Exec(schema)
	}
	if err == nil {
		s.insert, err = newInsertion(s.db)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// insertion writes in one transaction.
type insertion struct {
	tx        *sql.Tx
	add, near *sql.Stmt
}

func newInsertion(db *sql.DB) (i insertion, err error) {
	if i.tx, err = db.Begin(); err != nil {
		return i, err
	}
	if i.add, err = i.tx.Prepare("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"); err != nil {
		return i, err
	}
	i.near, err = i.tx.Prepare(within)
	return i, err
}

func (s *Set) add(ctx context.Context, row int, p dataset.Place) error {
	body, err := wkb.Marshal(p.Shape, binary.LittleEndian)
	if err != nil {
		return err
	}
	b := p.Shape.Bound()
	if _, err := s.insert.add.ExecContext(ctx, row, b.Min[0], b.Max[0], b.Min[1], b.Max[1], p.ID, p.Name, p.Class, p.At[0], p.At[1], body); err != nil {
		return err
	}
	if s.n++; s.n == 1 {
		s.bounds = b
	}
	s.bounds = s.bounds.Union(b)
	return nil
}

// again is an error where the set has the place already.
func (s *Set) again(ctx context.Context, p dataset.Place) error {
	b := p.Shape.Bound()
	rows, err := s.insert.near.QueryContext(ctx, b.Max[0], b.Min[0], b.Max[1], b.Min[1])
	if err != nil {
		return err
	}
	return scan(rows, func(row int, q dataset.Place) error {
		if same(p.Shape, q.Shape) {
			return fmt.Errorf("%w: row %d", ErrAgain, row)
		}
		return nil
	})
}

// ready ends writing: from here on many may read.
func (s *Set) ready() error {
	if err := s.insert.tx.Commit(); err != nil {
		return err
	}
	s.insert = insertion{}
	s.db.SetMaxOpenConns(runtime.GOMAXPROCS(0))
	return nil
}

// Places are those whose bound meets a window, whole, in the order of their rows.
func (s *Set) Places(ctx context.Context, w geo.Window) ([]dataset.Place, error) {
	b := w.Bound()
	rows, err := s.db.QueryContext(ctx, within, b.Max[0], b.Min[0], b.Max[1], b.Min[1])
	if err != nil {
		return nil, err
	}
	var out []dataset.Place
	err = scan(rows, func(_ int, p dataset.Place) error {
		if p.Shape.Bound().Intersects(b) {
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

func scan(rows *sql.Rows, take func(row int, p dataset.Place) error) error {
	defer rows.Close()
	for rows.Next() {
		var row int
		var p dataset.Place
		var body sql.RawBytes
		if err := rows.Scan(&row, &p.ID, &p.Name, &p.Class, &p.At[0], &p.At[1], &body); err != nil {
			return err
		}
		shape, err := wkb.Unmarshal(body)
		if err != nil {
			return err
		}
		p.Shape, _ = shape.(orb.MultiPolygon)
		if err := take(row, p); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Bounds is all the ground of the places, WGS-84.
func (s *Set) Bounds() orb.Bound { return s.bounds }

// Version is a hash of what the set was made from, in hexadecimal digits.
func (s *Set) Version() string { return s.version }

// Len is how many places there are.
func (s *Set) Len() int { return s.n }

// Problems are rows that were left out, the first hundred of each reason in the order of the file.
func (s *Set) Problems() []Problem { return s.problems }

// LeftOut is how many rows were left out for one of Reasons.
func (s *Set) LeftOut(reason error) int { return s.left[reason] }

// Close removes the set from the disk.
func (s *Set) Close() error {
	var err error
	if s.insert.tx != nil {
		_ = s.insert.tx.Rollback()
	}
	if s.db != nil {
		err = s.db.Close()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
