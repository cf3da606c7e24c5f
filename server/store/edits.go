package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/precinct-map/precinct/geo"
)

// Create keeps what a person drew.
func (s *SQLite) Create(ctx context.Context, f Feature, _ Edit) (Feature, error) {
	r := row{Feature: f, state: shown}
	r.ID, r.Version, r.Edited, r.AreaM2 = 0, 1, true, 0
	r.Created = time.Now().UTC().Truncate(time.Microsecond)
	r.Updated = r.Created
	err := s.inTx(ctx, func(tx *writing) (err error) {
		if err := r.drawn(); err != nil {
			return err
		}
		if r.collection, err = makeCollection(ctx, tx, f.Phrase); err != nil {
			return err
		}
		return r.store(ctx, tx)
	})
	return r.Feature, fail("create feature of", f.Phrase, err)
}

// drawn checks an outline that a person gave.
func (r *row) drawn() error {
	if err := r.tidy(); err != nil {
		return err
	}
	if err := geo.Valid(r.Shape); err != nil {
		return errors.Join(ErrInput, err)
	}
	return nil
}

// store saves a row and notes its ground, and that which it had before.
func (r *row) store(ctx context.Context, tx *writing, before ...*row) error {
	if err := r.save(ctx, tx); err != nil {
		return err
	}
	c := changes{collection: r.collection, at: stamp(r.Updated)}
	c.add(r.bound)
	for _, b := range before {
		c.add(b.bound)
	}
	return c.note(ctx, tx)
}

// alter changes a row of the version that an edit matches.
func (s *SQLite) alter(ctx context.Context, id int64, e Edit, op string, gone bool, change func(*writing, *row) (string, error)) (Feature, error) {
	var r row
	err := s.inTx(ctx, func(tx *writing) (err error) {
		if r, err = rowOf(ctx, tx, id); err != nil {
			return err
		}
		if r.state != shown && !gone {
			return ErrNotFound
		}
		if e.Match != 0 && e.Match != r.Version {
			return &Error{Op: op, Subject: "feature " + strconv.FormatInt(id, 10), Err: ErrConflict, Hint: "read it again and change that"}
		}
		before := r
		before.Shape = r.Shape.Clone()
		if what, err := change(tx, &r); err != nil {
			return err
		} else if what != "" {
			op = what
		}
		r.Version, r.Updated = before.Version+1, time.Now().UTC().Truncate(time.Microsecond)
		if err := before.remember(ctx, tx, op, e.By, stamp(r.Updated)); err != nil {
			return err
		}
		return r.store(ctx, tx, &before)
	})
	return r.Feature, fail(op, "feature "+strconv.FormatInt(id, 10), err)
}

// Change replaces a feature by what the function makes of it.
func (s *SQLite) Change(ctx context.Context, id int64, e Edit, change func(*Feature) error) (Feature, error) {
	return s.alter(ctx, id, e, "replace", false, func(_ *writing, r *row) (string, error) {
		next := r.Feature
		next.Shape = r.Shape.Clone()
		if err := change(&next); err != nil {
			return "", err
		}
		r.Verdict = next.Verdict
		moved := next.Zoom != r.Zoom || !next.Shape.Equal(r.Shape)
		if !moved && next.Name == r.Name && next.Class == r.Class && next.Function == r.Function {
			return "verdict", nil
		}
		r.Name, r.Class, r.Function, r.Edited = next.Name, next.Class, next.Function, true
		if !moved {
			return "", nil
		}
		r.Shape, r.Zoom, r.AreaM2 = next.Shape, next.Zoom, 0
		return "", r.drawn()
	})
}

// Delete takes a feature away; later runs do not bring it back.
func (s *SQLite) Delete(ctx context.Context, id int64, e Edit) error {
	_, err := s.alter(ctx, id, e, "delete", false, func(_ *writing, r *row) (string, error) {
		r.state = deleted
		return "", nil
	})
	return err
}

// Undo gives a feature back what it was before its last change.
func (s *SQLite) Undo(ctx context.Context, id int64, e Edit) (Feature, error) {
	return s.alter(ctx, id, e, "undo", true, func(tx *writing, r *row) (string, error) {
		var state string
		var c Change
		err := each(ctx, tx, historyQuery+" LIMIT 1", []any{id}, func(rows *sql.Rows) (err error) {
			c, state, err = scanChange(rows)
			return err
		})
		if err == nil && state == "" {
			err = &Error{Op: "undo", Subject: "feature " + strconv.FormatInt(id, 10), Err: ErrInput, Hint: "it has never been changed; delete it instead"}
		}
		if err != nil {
			return "", err
		}
		r.Feature, r.state = c.Was, state
		return "", errors.Join(r.tidy(), err)
	})
}

const historyQuery = "SELECT version, op, who, at, was, shape, state FROM history WHERE feature = ? ORDER BY version DESC"

func scanChange(rows *sql.Rows) (c Change, state string, err error) {
	var at int64
	var was, shape sql.RawBytes
	if err := rows.Scan(&c.Version, &c.Op, &c.By, &at, &was, &shape, &state); err != nil {
		return c, "", err
	}
	c.At = when(at)
	if err := json.Unmarshal(was, &c.Was); err != nil {
		return c, "", err
	}
	c.Was.Shape, err = readShape(shape, 1)
	return c, state, err
}

// History is what a feature was before each change, the newest first.
func (s *SQLite) History(ctx context.Context, id int64) (out []Change, err error) {
	err = each(ctx, s, historyQuery, []any{id}, func(rows *sql.Rows) error {
		c, _, err := scanChange(rows)
		out = append(out, c)
		return err
	})
	return out, fail("read history of feature", strconv.FormatInt(id, 10), err)
}
