package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
)

// Changes are noted per tile down to deepest, so that a change makes nobody fetch the whole city again. A change that is on
// more than many tiles of a zoom is noted as being on all below instead.
const (
	deepest = 14
	many    = 64
)

// changes are the grounds that one write changes.
type changes struct {
	collection int64
	at         int64 // microseconds
	bounds     []orb.Bound
}

func (c *changes) add(b orb.Bound) { c.bounds = append(c.bounds, b) }

// note gives the collection a new generation and its ground with it.
func (c *changes) note(ctx context.Context, tx *writing) error {
	if len(c.bounds) == 0 {
		return nil
	}
	all := c.bounds[0]
	for _, b := range c.bounds {
		all = all.Union(b)
	}
	var generation int64
	err := one(ctx, tx, `UPDATE collections SET generation = generation + 1, updated = ?2,
		w = min(coalesce(w, ?3), ?3), s = min(coalesce(s, ?4), ?4), e = max(coalesce(e, ?5), ?5), n = max(coalesce(n, ?6), ?6)
		WHERE num = ?1 RETURNING generation`, []any{c.collection, c.at, all.Min[0], all.Min[1], all.Max[0], all.Max[1]}, &generation)
	if err != nil {
		return err
	}
	const put = "INSERT INTO ground VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET generation = excluded.generation"
	for cell := range c.cells() {
		if _, err := tx.exec(ctx, put, c.collection, cell[0], cell[1], cell[2], generation); err != nil {
			return err
		}
	}
	_, err = tx.exec(ctx, `UPDATE collections SET w = NULL, s = NULL, e = NULL, n = NULL
		WHERE num = ?1 AND NOT EXISTS (SELECT 1 FROM totals WHERE collection = ?1)`, c.collection)
	return err
}

// cells are z, x and y of the tiles that show a change; a change on all below a tile is -1-z, x, y.
func (c *changes) cells() map[[3]int]struct{} {
	cells := map[[3]int]struct{}{}
	for _, b := range c.bounds {
		for z := 0; z <= deepest; z++ {
			w := geo.BoundWindow(b, z).Pad(6) // the buffer of 64 of 4096, and a pixel of slack on either side
			mark, n := z, (w.W/geo.TileSize+2)*(w.H/geo.TileSize+2)
			if n > many {
				z--
				w, mark = geo.BoundWindow(b, z).Pad(6), -1-z
			}
			for t := range w.Tiles() {
				cells[[3]int{mark, int(t.X), int(t.Y)}] = struct{}{}
			}
			if mark < 0 {
				break
			}
		}
	}
	return cells
}

const generationOf = `WITH RECURSIVE up(z, x, y) AS (VALUES (?2, ?3, ?4) UNION ALL SELECT z - 1, x >> 1, y >> 1 FROM up WHERE z > 0)
	SELECT max(coalesce((SELECT generation FROM ground WHERE collection = ?1 AND z = ?2 AND x = ?3 AND y = ?4), 0),
		coalesce((SELECT max(g.generation) FROM up CROSS JOIN ground g ON g.collection = ?1 AND g.z = -1 - up.z AND g.x = up.x AND g.y = up.y), 0))`

// Generation changes whenever what a tile shows may have.
func (s *SQLite) Generation(ctx context.Context, phrase string, t maptile.Tile) (g int64, err error) {
	num, err := s.number(ctx, phrase)
	if num != 0 && err == nil {
		for t.Z > deepest {
			t = t.Parent()
		}
		err = one(ctx, s, generationOf, []any{num, int(t.Z), int(t.X), int(t.Y)}, &g)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return g, fail("read generation of", phrase, err)
}
