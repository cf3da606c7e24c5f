package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
)

// few is how many hits of a bound are sorted. More of them lie dense enough to be met on a walk through the ids.
const few = 5_000

var filters = []string{"class", "function", "model", "name", "tier", "verdict"}

// clause is a part of a query and its values.
type clause struct {
	text strings.Builder
	args []any
}

func (c *clause) add(text string, args ...any) {
	c.text.WriteString(text)
	c.args = append(c.args, args...)
}

// halves are a bound as one or two that lie within ±180°.
func halves(b orb.Bound) []orb.Bound {
	if b.Min[0] > b.Max[0] {
		b.Max[0] += 360
	}
	if b.Max[0]-b.Min[0] >= 360 {
		b.Min[0], b.Max[0] = -180, 180
		return []orb.Bound{b}
	}
	west := geo.WrapLongitude(b.Min[0])
	b.Max[0] += west - b.Min[0]
	b.Min[0] = west
	if b.Max[0] <= 180 {
		return []orb.Bound{b}
	}
	east := b
	east.Min[0], east.Max[0] = -180, b.Max[0]-360
	b.Max[0] = 180
	return []orb.Bound{b, east}
}

// matches adds the conditions on a feature's row, the bound's included: the R-tree's numbers are rounded outward.
func (q *Query) matches(c *clause, collection int64) {
	c.add("f.collection = ?", collection)
	for _, key := range filters {
		if v, ok := q.Where[key]; ok {
			c.add(" AND f."+key+" = ?", v)
		}
	}
	if !q.From.IsZero() {
		c.add(" AND f.updated >= ?", stamp(q.From))
	}
	if !q.To.IsZero() {
		c.add(" AND f.updated <= ?", stamp(q.To))
	}
	if q.Bound == nil {
		return
	}
	sep := " AND ("
	for _, h := range halves(*q.Bound) {
		c.add(sep+"f.n >= ? AND f.s <= ? AND (f.w <= ? AND f.e >= ? OR f.w <= ? AND f.e >= ?)",
			h.Min[1], h.Max[1], h.Max[0], h.Min[0], h.Max[0]+360, h.Min[0]+360)
		sep = " OR "
	}
	c.add(")")
}

// hits adds a query for at most limit ids, through the R-tree if there is a bound.
func (q *Query) hits(c *clause, collection int64, limit int) {
	if q.Bound == nil {
		c.add("SELECT f.id FROM features f WHERE ")
		q.matches(c, collection)
		c.add(" LIMIT ?", limit)
		return
	}
	for i, h := range halves(*q.Bound) {
		if i > 0 {
			c.add(" UNION ")
		}
		c.add("SELECT DISTINCT id FROM (SELECT f.id FROM spots r CROSS JOIN features f ON f.id = abs(r.id) WHERE ")
		c.add("r.c0 = ? AND r.x0 <= ? AND r.x1 >= ? AND r.y0 <= ? AND r.y1 >= ? AND ", collection, h.Max[0], h.Min[0], h.Max[1], h.Min[1])
		q.matches(c, collection)
		c.add(" LIMIT ?)", limit)
	}
}

func (q *Query) check() error {
	for key := range q.Where {
		if !slices.Contains(filters, key) {
			return &Error{Op: "filter features by", Subject: strconv.Quote(key), Err: ErrInput, Hint: "filter by one of " + strings.Join(filters, ", ")}
		}
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	if q.Limit < 0 || q.Limit > MaxLimit || q.Offset < 0 || q.Offset > MaxOffset {
		return &Error{Op: "find", Subject: q.Phrase, Err: ErrInput, Hint: fmt.Sprintf("limit is at most %d, offset at most %d; follow next", MaxLimit, MaxOffset)}
	}
	if q.Bound != nil {
		for _, v := range []float64{q.Bound.Min[0], q.Bound.Min[1], q.Bound.Max[0], q.Bound.Max[1]} {
			if math.IsNaN(v) || math.Abs(v) > 1e6 {
				return &Error{Op: "find", Subject: q.Phrase, Err: ErrInput, Hint: "bounds are degrees"}
			}
		}
	}
	return nil
}

// page adds the whole query for a page. narrow says that the bound has few hits.
func (q *Query) page(c *clause, collection int64, narrow bool) error {
	byTime := !q.From.IsZero() || !q.To.IsZero()
	c.add("SELECT " + columns + fromFeatures + "WHERE ")
	if narrow {
		c.add("f.id IN (")
		q.hits(c, collection, few)
		c.add(")")
	} else {
		q.matches(c, collection)
	}
	var updated, id int64
	if q.After != "" {
		if n, err := fmt.Sscanf(q.After, "%d.%d", &updated, &id); n != 2 || err != nil {
			return &Error{Op: "find features after", Subject: strconv.Quote(q.After), Err: ErrInput, Hint: "follow the link next as it is given"}
		}
	}
	switch {
	case byTime:
		c.add(" AND (f.updated, f.id) > (?, ?) ORDER BY f.updated, f.id", updated, id)
	default:
		c.add(" AND f.id > ? ORDER BY f.id", id)
	}
	c.add(" LIMIT ? OFFSET ?", q.Limit+1, q.Offset)
	return nil
}

// Find gives a page of features.
func (s *SQLite) Find(ctx context.Context, q Query) (Page, error) {
	if err := q.check(); err != nil {
		return Page{}, err
	}
	num, err := s.number(ctx, q.Phrase)
	if num == 0 || err != nil {
		return Page{}, fail("find", q.Phrase, err)
	}
	narrow := false
	if q.Bound != nil {
		n, err := s.dense(ctx, &q, num)
		if err != nil {
			return Page{}, fail("find", q.Phrase, err)
		}
		narrow = n < few
	}
	var c clause
	if err := q.page(&c, num, narrow); err != nil {
		return Page{}, err
	}
	var p Page
	err = each(ctx, s, c.text.String(), c.args, func(rows *sql.Rows) error {
		r, err := scanRow(rows)
		p.Features = append(p.Features, r.Feature)
		return err
	})
	if len(p.Features) > q.Limit {
		p.Features = p.Features[:q.Limit]
		last := p.Features[q.Limit-1]
		p.Next = fmt.Sprintf("%d.%d", stamp(last.Updated), last.ID)
	}
	return p, fail("find", q.Phrase, err)
}

// dense counts up to few entries of the R-tree in a bound: no fewer than there are features.
func (s *SQLite) dense(ctx context.Context, q *Query, collection int64) (n int, err error) {
	for _, h := range halves(*q.Bound) {
		var part int
		err = errors.Join(err, one(ctx, s, `SELECT count(*) FROM (SELECT 1 FROM spots r
			WHERE r.c0 = ? AND r.x0 <= ? AND r.x1 >= ? AND r.y0 <= ? AND r.y1 >= ? LIMIT ?)`,
			[]any{collection, h.Max[0], h.Min[0], h.Max[1], h.Min[1], few}, &part))
		n += part
	}
	return n, err
}

func (s *SQLite) count(ctx context.Context, q *Query, collection int64, limit int) (n int, err error) {
	var c clause
	c.add("SELECT count(*) FROM (")
	q.hits(&c, collection, limit)
	c.add(")")
	err = one(ctx, s, c.text.String(), c.args, &n)
	return min(n, limit), err
}

// Feature is one feature.
func (s *SQLite) Feature(ctx context.Context, id int64) (Feature, error) {
	r, err := rowOf(ctx, s, id)
	if err == nil && r.state != shown {
		err = ErrNotFound
	}
	if err != nil {
		return Feature{}, fail("read feature", strconv.FormatInt(id, 10), err)
	}
	return r.Feature, nil
}

// tileQuery reads what a tile encodes and no more; half of a search's time is in reading columns.
const tileQuery = `SELECT f.id, f.z, f.shape, f.name, f.tier, f.class, f.function, f.score, f.area, f.version
	FROM spots r CROSS JOIN features f ON f.id = abs(r.id)
	WHERE r.c0 = ? AND r.x0 <= ? AND r.x1 >= ? AND r.y0 <= ? AND r.y1 >= ? AND r.l0 <= ? LIMIT ?`

// Tile is what reaches a tile or its buffer and is large enough to be seen there.
func (s *SQLite) Tile(ctx context.Context, phrase string, t maptile.Tile, limit int) ([]Feature, error) {
	num, err := s.number(ctx, phrase)
	if num == 0 || err != nil {
		return nil, fail("read tile of", phrase, err)
	}
	var out []Feature
	lattice := int(t.Z) + 4
	b := geo.TileWindow(t).AtZoom(lattice).Pad(65).Bound()
	b.Min[1], b.Max[1] = max(b.Min[1], -90), min(b.Max[1], 90)
	for _, h := range halves(b) {
		err := each(ctx, s, tileQuery, []any{num, h.Max[0], h.Min[0], h.Max[1], h.Min[1], float64(t.Z) / 64, limit}, func(rows *sql.Rows) error {
			f := Feature{Phrase: phrase, Zoom: lattice}
			var shape sql.RawBytes
			var z int
			err := rows.Scan(&f.ID, &z, &shape, &f.Name, &f.Tier, &f.Class, &f.Function, &f.Score, &f.AreaM2, &f.Version)
			if err == nil {
				f.Shape, err = readShape(shape, math.Ldexp(1, lattice-z))
			}
			out = append(out, f)
			return err
		})
		if err != nil {
			return nil, fail("read tile of", phrase, err)
		}
	}
	slices.SortFunc(out, func(a, b Feature) int { return int(a.ID - b.ID) })
	out = slices.CompactFunc(out, func(a, b Feature) bool { return a.ID == b.ID })
	return out[:min(len(out), limit)], nil
}
