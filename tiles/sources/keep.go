package sources

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// How long answers hold where neither the configuration nor the server says.
const (
	usualTime = 24 * time.Hour
	missTime  = time.Hour
	staleTime = time.Minute // until a server that failed is asked again for a tile of which there is an old one
	leastTime = time.Minute // in memory, of what must not be stored
)

// key names a tile in the bucket. One of twice the size has a row that begins with 0: whoever reads keys as numbers, to count or to purge
// them, finds both.
func (x *xyz) key(t maptile.Tile, scale int) string {
	if scale > 1 {
		return fmt.Sprintf("%s/%d/%d/0%d", x.folder, t.Z, t.X, t.Y)
	}
	return fmt.Sprintf("%s/%d/%d/%d", x.folder, t.Z, t.X, t.Y)
}

// kept is what the bucket has of a tile, nil for nothing.
func (x *xyz) kept(ctx context.Context, key string) *cache.Entry {
	if x.bucket == nil {
		return nil
	}
	e, err := x.bucket.Get(ctx, key)
	if err != nil {
		x.complain("read", err)
		return nil
	}
	return e
}

// keep puts an answer into the bucket. That it cannot is told, once, and costs nobody the tile.
func (x *xyz) keep(ctx context.Context, key string, e *cache.Entry) {
	if x.bucket == nil {
		return
	}
	if err := x.bucket.Put(context.WithoutCancel(ctx), key, e); err != nil {
		x.complain("write", err)
	}
}

func (x *xyz) complain(what string, err error) {
	if x.complained.CompareAndSwap(false, true) {
		x.log.Warn("the cache on disk fails: tiles are fetched anew each time", "source", x.info.Name, "operation", what, "error", err)
	}
}

// answer is a tile from an entry.
func (x *xyz) answer(t maptile.Tile, e *cache.Entry) (*tiles.Tile, error) {
	if e.Missing {
		err := tileError(x.info.Name, t, tiles.ErrNotFound, "")
		err.Until = e.Until
		return nil, err
	}
	tile, err := tiles.EncodedTile(e.Data)
	if err != nil {
		return nil, tileError(x.info.Name, t, err, "the tile in the cache is damaged: purge it")
	}
	return tile.Until(e.Until), nil
}

// stale is an old tile for want of a new one.
func (x *xyz) stale(t maptile.Tile, e *cache.Entry, why error) (*tiles.Tile, error) {
	x.log.Warn("an old tile is given, as the source fails", "source", x.info.Name, "tile", fmt.Sprintf("%d/%d/%d", t.Z, t.X, t.Y), "fetched", e.Fetched, "error", why)
	old := *e
	old.Until = time.Now().Add(staleTime)
	return x.answer(t, &old)
}

// lifetime is until when an answer holds, RFC 9111, and whether it may be stored on disk: the configuration's ttl goes before
// what the server says.
func (x *xyz) lifetime(h http.Header, now time.Time, missing bool) (until time.Time, store bool) {
	usual := usualTime
	if missing {
		usual = missTime
	}
	directives := directives(h.Get("Cache-Control"))
	_, noStore := directives["no-store"]
	_, private := directives["private"]
	switch {
	case x.ttl > 0 && missing:
		return now.Add(min(x.ttl, missTime)), true
	case x.ttl > 0:
		return now.Add(x.ttl), true
	}
	if noStore || private {
		return now.Add(leastTime), false
	}
	if _, ok := directives["no-cache"]; ok {
		return now, true
	}
	for _, name := range []string{"s-maxage", "max-age"} {
		if seconds, err := strconv.Atoi(directives[name]); err == nil && seconds >= 0 {
			age, _ := strconv.Atoi(h.Get("Age"))
			return now.Add(time.Duration(max(0, seconds-age)) * time.Second), true
		}
	}
	if expires, err := http.ParseTime(h.Get("Expires")); err == nil {
		return expires, true
	}
	return now.Add(usual), true
}

// directives are Cache-Control's, lower-cased, with their values.
func directives(header string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		out[strings.ToLower(name)] = strings.Trim(value, `"`)
	}
	return out
}
