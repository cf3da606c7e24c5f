package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"

	"github.com/precinct-map/precinct/geo"
)

// States of a kept feature. Those that are not shown stay, so that a later run knows them again.
const (
	shown   = "shown"
	lost    = "lost"    // not found any more, or purged
	merged  = "merged"  // part of another
	deleted = "deleted" // by a person
)

// row is a feature as it is kept.
type row struct {
	Feature
	state      string
	collection int64 // above zero, whatever the state
	bound      orb.Bound
}

const columns = `f.id, f.collection, f.state, f.z, f.shape, f.w, f.s, f.e, f.n, f.name, f.tier, f.class, f.function, f.score, f.area,
	f.model, f.verdict, f.created, f.updated, f.edited, f.version, f.reasoning, f.scenes, f.sources, f.merged_from, c.phrase`

const fromFeatures = " FROM features f JOIN collections c ON c.num = abs(f.collection) "

func scanRow(rows *sql.Rows) (r row, err error) {
	var shape, scenes, sources, mergedFrom sql.RawBytes
	var created, updated int64
	if err := rows.Scan(&r.ID, &r.collection, &r.state, &r.Zoom, &shape, &r.bound.Min[0], &r.bound.Min[1], &r.bound.Max[0], &r.bound.Max[1],
		&r.Name, &r.Tier, &r.Class, &r.Function, &r.Score, &r.AreaM2, &r.Model, &r.Verdict, &created, &updated, &r.Edited, &r.Version,
		&r.Reasoning, &scenes, &sources, &mergedFrom, &r.Phrase); err != nil {
		return r, err
	}
	r.collection = max(r.collection, -r.collection)
	r.Created, r.Updated = when(created), when(updated)
	r.Shape, err = readShape(shape, 1)
	return r, errors.Join(err, json.Unmarshal(scenes, &r.Scenes), json.Unmarshal(sources, &r.Sources), json.Unmarshal(mergedFrom, &r.MergedFrom))
}

func rowOf(ctx context.Context, q querier, id int64) (r row, err error) {
	found := false
	err = each(ctx, q, "SELECT "+columns+fromFeatures+"WHERE f.id = ?", []any{id}, func(rows *sql.Rows) (err error) {
		found = true
		r, err = scanRow(rows)
		return err
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	return r, err
}

// tidy rounds the outline to the lattice that it is kept on, and fills in what follows from it.
func (r *row) tidy() error {
	if r.Zoom < 0 || r.Zoom > geo.MaxZoom {
		return fmt.Errorf("%w: zoom %d", ErrInput, r.Zoom)
	}
	world := float64(geo.WorldSize(r.Zoom))
	b := r.Shape.Bound()
	if b.IsEmpty() || !(b.Min[0] >= -world && b.Max[0] <= 2*world && b.Min[1] >= 0 && b.Max[1] <= world) {
		return fmt.Errorf("%w: the outline is empty or not in the world", ErrInput)
	}
	shape, err := readShape(appendShape(nil, r.Shape), 1)
	if err != nil {
		return err
	}
	r.Shape = shape
	b = r.Shape.Bound()
	nw, se := geo.Unproject(b.Min, r.Zoom), geo.Unproject(b.Max, r.Zoom)
	west := geo.WrapLongitude(nw[0])
	r.bound = orb.Bound{Min: orb.Point{west, se[1]}, Max: orb.Point{west + se[0] - nw[0], nw[1]}}
	if r.AreaM2 == 0 {
		r.AreaM2 = orbgeo.Area(r.Geometry())
	}
	return nil
}

// shownFrom is the least zoom at which a tile shows the feature: where it is two units of a vector tile wide or high.
func (r *row) shownFrom() int {
	b := r.Shape.Bound()
	size := max(b.Max[0]-b.Min[0], b.Max[1]-b.Min[1], 1)
	return max(0, r.Zoom-4+1-int(math.Floor(math.Log2(size))))
}

// save writes a row; ID 0 gets one. The caller has called tidy.
func (r *row) save(ctx context.Context, tx *writing) error {
	c, id := r.collection, any(nil)
	if r.state != shown {
		c = -c
	}
	if r.ID != 0 {
		id = r.ID
	}
	err := one(ctx, tx, `INSERT INTO features VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET (collection, state, z, shape, w, s, e, n, name, tier, class, function, score, area, model, verdict, created,
		updated, edited, version, reasoning, scenes, sources, merged_from) = (excluded.collection, excluded.state, excluded.z, excluded.shape,
		excluded.w, excluded.s, excluded.e, excluded.n, excluded.name, excluded.tier, excluded.class, excluded.function, excluded.score,
		excluded.area, excluded.model, excluded.verdict, excluded.created, excluded.updated, excluded.edited, excluded.version,
		excluded.reasoning, excluded.scenes, excluded.sources, excluded.merged_from) RETURNING id`,
		[]any{id, c, r.state, r.Zoom, appendShape(nil, r.Shape), r.bound.Min[0], r.bound.Min[1], r.bound.Max[0], r.bound.Max[1],
			r.Name, r.Tier, r.Class, r.Function, r.Score, r.AreaM2, r.Model, r.Verdict, stamp(r.Created), stamp(r.Updated), r.Edited, r.Version,
			r.Reasoning, list(r.Scenes), list(r.Sources), list(r.MergedFrom)}, &r.ID)
	if err != nil {
		return err
	}
	return r.place(ctx, tx, c)
}

// place puts a row where searches look. One that runs past 180° is there twice, the second time with its id below zero, so
// that a search never has to look beyond the world.
func (r *row) place(ctx context.Context, tx *writing, c int64) error {
	b, least := r.bound, float64(r.shownFrom())/64
	const spot = "INSERT OR REPLACE INTO spots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	if _, err := tx.exec(ctx, spot, r.ID, c, c, b.Min[0], b.Max[0], b.Min[1], b.Max[1], least, least); err != nil {
		return err
	}
	if b.Max[0] > 180 {
		_, err := tx.exec(ctx, spot, -r.ID, c, c, b.Min[0]-360, b.Max[0]-360, b.Min[1], b.Max[1], least, least)
		return err
	}
	_, err := tx.exec(ctx, "DELETE FROM spots WHERE id = ?", -r.ID)
	return err
}

// remember keeps what a row is before something changes it.
func (r *row) remember(ctx context.Context, tx *writing, op, by string, at int64) error {
	was := r.Feature
	was.Shape = nil
	text, err := json.Marshal(was)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)", r.ID, r.Version, op, by, at, string(text), appendShape(nil, r.Shape), r.state)
	return err
}

func list[T any](v []T) string {
	if len(v) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(v) // strings or numbers: it cannot fail
	return string(b)
}
