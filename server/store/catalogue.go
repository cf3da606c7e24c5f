package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/paulmach/orb"
)

const collectionQuery = `SELECT c.id, c.phrase, c.generation, c.updated, coalesce(c.w, 0), coalesce(c.s, 0), coalesce(c.e, 0), coalesce(c.n, 0),
	coalesce((SELECT sum(count) FROM totals t WHERE t.collection = c.num), 0), coalesce((SELECT sum(area) FROM totals t WHERE t.collection = c.num), 0)
	FROM collections c `

const collectionsIn = "WHERE c.id > ? AND c.w IS NOT NULL ORDER BY c.id LIMIT ?"

func scanCollection(rows *sql.Rows) (c Collection, err error) {
	var updated int64
	err = rows.Scan(&c.ID, &c.Phrase, &c.Generation, &updated, &c.Extent.Min[0], &c.Extent.Min[1], &c.Extent.Max[0], &c.Extent.Max[1], &c.Count, &c.AreaM2)
	c.Updated = when(updated)
	return c, err
}

// Collections are the phrases that have results.
func (s *SQLite) Collections(ctx context.Context, after string, limit int) (out []Collection, err error) {
	err = each(ctx, s, collectionQuery+collectionsIn, []any{after, limit}, func(rows *sql.Rows) error {
		c, err := scanCollection(rows)
		out = append(out, c)
		return err
	})
	return out, fail("list", "collections", err)
}

// Collection finds one by its phrase or its id.
func (s *SQLite) Collection(ctx context.Context, name string) (c Collection, err error) {
	for _, key := range []string{"phrase", "id"} {
		found := false
		err = each(ctx, s, collectionQuery+"WHERE c."+key+" = ? AND c.w IS NOT NULL", []any{name}, func(rows *sql.Rows) (err error) {
			found = true
			c, err = scanCollection(rows)
			return err
		})
		if found || err != nil {
			return c, fail("read collection", name, err)
		}
	}
	return c, fail("read collection", name, ErrNotFound)
}

// Count is how many features a query has, at most limit.
func (s *SQLite) Count(ctx context.Context, q Query, limit int) (n int, err error) {
	if err := q.check(); err != nil {
		return 0, err
	}
	num, err := collection(ctx, s, q.Phrase)
	switch {
	case num == 0 || err != nil:
	case q.Bound == nil && len(q.Where) == 0 && q.From.IsZero() && q.To.IsZero():
		err = one(ctx, s, "SELECT coalesce(sum(count), 0) FROM totals WHERE collection = ?", []any{num}, &n)
		n = min(n, limit)
	default:
		n, err = s.count(ctx, &q, num, limit)
	}
	return n, fail("count", q.Phrase, err)
}

// Stats sums up a phrase, or what of it meets a bound, up to a limit.
func (s *SQLite) Stats(ctx context.Context, phrase string, bound *orb.Bound, limit int) (st Stats, err error) {
	q := Query{Phrase: phrase, Bound: bound}
	if err := q.check(); err != nil {
		return st, err
	}
	num, err := collection(ctx, s, phrase)
	if num == 0 || err != nil {
		return st, fail("sum up", phrase, err)
	}
	var c clause
	if bound == nil {
		c.add("SELECT class, count, area FROM totals WHERE collection = ? ORDER BY count DESC, class", num)
	} else {
		c.add("SELECT class, count(*), sum(area) FROM features WHERE id IN (")
		q.hits(&c, num, limit)
		c.add(") GROUP BY class ORDER BY 2 DESC, 1")
	}
	err = each(ctx, s, c.text.String(), c.args, func(rows *sql.Rows) error {
		var k ClassStats
		err := rows.Scan(&k.Class, &k.Count, &k.AreaM2)
		st.Classes = append(st.Classes, k)
		st.Count += k.Count
		st.AreaM2 += k.AreaM2
		return err
	})
	st.Capped = bound != nil && st.Count >= limit
	return st, fail("sum up", phrase, err)
}

// KnownScenes counts the scenes of a question whose middle lies in a bound.
func (s *SQLite) KnownScenes(ctx context.Context, q Question, bound orb.Bound) (n int, err error) {
	num, err := question(ctx, s, q)
	if num == 0 || err != nil {
		return 0, fail("count scenes of", q.Phrase, err)
	}
	for _, h := range halves(bound) {
		var part int
		if err := one(ctx, s, "SELECT count(*) FROM scene_spots WHERE q0 = ? AND x0 <= ? AND x1 >= ? AND y0 <= ? AND y1 >= ?",
			[]any{num, h.Max[0], h.Min[0], h.Max[1], h.Min[1]}, &part); err != nil {
			return 0, fail("count scenes of", q.Phrase, err)
		}
		n += part
	}
	return n, nil
}

// Purge forgets the scenes and outlines of a phrase whose middle lies in a bound.
func (s *SQLite) Purge(ctx context.Context, phrase string, bound *orb.Bound) (scenes, features int, err error) {
	err = s.inTx(ctx, func(tx *writing) error {
		num, err := collection(ctx, tx, phrase)
		if num == 0 || err != nil {
			return err
		}
		if scenes, err = purgeScenes(ctx, tx, num, bound); err != nil {
			return err
		}
		all := orb.Bound{Min: orb.Point{-180, -90}, Max: orb.Point{180.1, 90.1}} // a middle on the east or north border counts
		if bound != nil {
			all = *bound
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		y := syncing{tx: tx, now: now, kept: map[int64]*row{}, changed: changes{collection: num, at: stamp(now)}}
		near, err := y.load(ctx, all)
		if err != nil {
			return err
		}
		for _, k := range near {
			if k.state != shown || k.Edited || !middleIn(k.bound, all) {
				continue
			}
			if err := y.hide(ctx, k, lost); err != nil {
				return err
			}
			features++
		}
		return y.changed.note(ctx, tx)
	})
	return scenes, features, fail("purge", phrase, err)
}

func purgeScenes(ctx context.Context, tx *writing, collection int64, bound *orb.Bound) (int, error) {
	boxes := []orb.Bound{{Min: orb.Point{-181, -91}, Max: orb.Point{181, 91}}}
	if bound != nil {
		boxes = halves(*bound)
	}
	var ids []int64
	for _, h := range boxes {
		err := each(ctx, tx, `SELECT r.num FROM questions q CROSS JOIN scene_spots r ON r.q0 = q.num
			WHERE q.collection = ? AND r.x0 <= ? AND r.x1 >= ? AND r.y0 <= ? AND r.y1 >= ?`,
			[]any{collection, h.Max[0], h.Min[0], h.Max[1], h.Min[1]}, func(rows *sql.Rows) error {
				var id int64
				err := rows.Scan(&id)
				ids = append(ids, id)
				return err
			})
		if err != nil {
			return 0, err
		}
	}
	for _, id := range ids {
		for _, text := range []string{"DELETE FROM scenes WHERE num = ?", "DELETE FROM scene_spots WHERE num = ?"} {
			if _, err := tx.exec(ctx, text, id); err != nil {
				return 0, err
			}
		}
	}
	return len(ids), nil
}
