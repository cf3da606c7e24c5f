package tiles

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles/cache"
)

// Cached is a source whose tiles are kept in memory, each made once whatever the callers, and so is that there is none, as long as
// Error.Until says. What the source can do beyond tiles it still can.
func Cached(src Source, m *cache.Memory) Source {
	c := cached{src, m}
	labeler, labels := src.(Labeler)
	retina, scales := src.(Retina)
	switch {
	case labels && scales:
		return struct {
			cached
			Labeler
			Retina
		}{c, labeler, retina}
	case labels:
		return struct {
			cached
			Labeler
		}{c, labeler}
	case scales:
		return struct {
			cached
			Retina
		}{c, retina}
	}
	return c
}

type cached struct {
	source Source
	memory *cache.Memory
}

// Unwrap is the source itself.
func (c cached) Unwrap() Source { return c.source }

func (c cached) Info() Info { return c.source.Info() }

func (c cached) Tile(ctx context.Context, t maptile.Tile) (*Tile, error) {
	i := c.source.Info()
	key := fmt.Sprintf("%s|%s|%d/%d/%d", i.Name, i.Version, t.Z, t.X, t.Y)
	if old, ok := cache.Peek[*Tile](c.memory, "tile", key); ok && !old.until.IsZero() && time.Now().After(old.until) {
		cache.Drop(c.memory, "tile", key)
	}
	tile, err := cache.Get(ctx, c.memory, "tile", key, func(ctx context.Context) (*Tile, error) {
		tile, err := c.source.Tile(ctx, t)
		var e *Error
		if errors.As(err, &e) && errors.Is(err, ErrNotFound) && time.Now().Before(e.Until) {
			return &Tile{missing: err, until: e.Until}, nil
		}
		return tile, err
	})
	if err == nil && tile.missing != nil {
		return nil, tile.missing
	}
	return tile, err
}
