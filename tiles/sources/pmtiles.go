package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/pmtiles"
)

// archive is a PMTiles archive of pictures; one of vector tiles is of kind osm, too. It lies in a file, or is read by ranges from a server
// or a bucket.
type archive struct {
	info tiles.Info
	*pmtiles.File
}

var archived = map[pmtiles.Type]tiles.Format{pmtiles.PNG: tiles.PNG, pmtiles.JPEG: tiles.JPEG, pmtiles.WebP: tiles.WebP}

func openPMTiles(ctx context.Context, c Config) (tiles.Source, error) {
	f, err := openArchive(ctx, c)
	if err != nil {
		return nil, configError(c, "%v", err)
	}
	i := c.info()
	format, ok := archived[f.Type]
	if !ok {
		_ = f.Close()
		if f.Type == pmtiles.MVT {
			return openOSM(ctx, c) // drawn, and passed on as they are
		}
		return nil, configError(c, "its tiles are neither PNG, JPEG nor WebP")
	}
	i.Format, i.Version = format, f.Version
	i.MinZoom, i.MaxZoom = cmp.Or(c.MinZoom, f.MinZoom), cmp.Or(c.MaxZoom, f.MaxZoom)
	if len(c.Bounds) == 0 {
		i.Bounds, i.Center, i.CenterZoom = f.Bounds, f.Center, f.CenterZoom
	}
	i.Attribution = cmp.Or(c.Attribution, f.Meta["attribution"])
	data, err := f.Any(ctx)
	if err != nil {
		_ = f.Close()
		return nil, configError(c, "%v", err)
	}
	if tile, err := tiles.EncodedTile(data); err == nil && c.TileSize == 0 {
		if img, err := tile.Image(); err == nil && img.Rect.Dx() == 512 {
			i.TileSize = 512
		}
	}
	return &archive{i, f}, nil
}

// openArchive opens a file, one on a server, or one in a bucket.
func openArchive(ctx context.Context, c Config) (*pmtiles.File, error) {
	switch scheme, _, _ := strings.Cut(c.URL, "://"); scheme {
	case "":
		return pmtiles.Open(ctx, c.Path)
	case "http", "https":
		return openRanges(ctx, c)
	}
	return openObject(ctx, c)
}

func openRanges(ctx context.Context, c Config) (*pmtiles.File, error) {
	x, err := asker(c)
	if err != nil {
		return nil, err
	}
	r := &ranges{xyz: x, address: strings.TrimSuffix(x.url.text, anyTile)}
	if err := r.probe(ctx); err != nil {
		_ = r.Close()
		return nil, err
	}
	f, err := pmtiles.New(r, r.size)
	if err != nil {
		_ = r.Close()
		return nil, errors.New(x.hide(err.Error()))
	}
	f.Version = fmt.Sprintf("%x-%s", r.size, r.etag)
	return f, nil
}

func (a *archive) Info() tiles.Info { return a.info }

func (a *archive) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	data, err := a.File.Tile(ctx, t)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, tiles.ErrNotFound):
		return nil, tileError(a.info.Name, t, err, "")
	case err != nil:
		return nil, tileError(a.info.Name, t, err, "is the archive whole, and the same as when it was opened?")
	}
	tile, err := tiles.EncodedTile(data)
	if err != nil {
		return nil, tileError(a.info.Name, t, err, "the tile in the archive is damaged")
	}
	return tile, nil
}

// anyTile makes a template of an address that is none, so that xyz asks for it: a fragment is never sent.
const anyTile = "#{z}{x}{y}"

// asker is an xyz for its client, headers and secrets alone.
func asker(c Config) (*xyz, error) {
	c.URL += anyTile
	return newXYZ(c)
}

// ranges reads parts of a file on a server. Its directories hold only for the file they were read from, so an answer from
// another version (by its ETag, RFC 9110 section 8.8.3) is an error.
type ranges struct {
	*xyz
	address string
	etag    string
	size    int64
}

// probe asks for the first byte to learn the size and the version.
func (r *ranges) probe(ctx context.Context) error {
	h, err := r.read(ctx, make([]byte, 1), 0)
	if err != nil {
		return err
	}
	_, total, _ := strings.Cut(h.Get("Content-Range"), "/")
	if r.size, err = strconv.ParseInt(total, 10, 64); err != nil {
		return errors.New("the server does not say how large the file is")
	}
	r.etag = h.Get("ETag")
	return nil
}

// ReadAt reads len(b) bytes. The client's timeout bounds it, since io.ReaderAt has no context.
func (r *ranges) ReadAt(b []byte, at int64) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if _, err := r.read(context.Background(), b, at); err != nil {
		return 0, err
	}
	return len(b), nil
}

// read fills b, and gives what the server said of it.
func (r *ranges) read(ctx context.Context, b []byte, at int64) (h http.Header, err error) {
	failed, err := r.persist(ctx, func() (failed *tryError) {
		h, failed = r.ask(ctx, b, at)
		return failed
	})
	if failed != nil {
		err = failed.err
	}
	return h, err
}

func (r *ranges) ask(ctx context.Context, b []byte, at int64) (http.Header, *tryError) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address, nil)
	if err != nil {
		return nil, r.upstream(err, "check the url", false)
	}
	q.Header = r.headers.Clone()
	q.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", at, at+int64(len(b))-1))
	q.Header.Set("Accept-Encoding", "identity") // a range of the file, not of a packed copy
	reply, err := r.client.Do(q)
	if err != nil {
		hint, again := advise(err)
		return nil, r.upstream(err, hint, again)
	}
	defer reply.Body.Close()
	switch {
	case busy(reply.StatusCode):
		return nil, r.overloaded(reply, time.Now())
	case reply.StatusCode != http.StatusPartialContent:
		return nil, r.upstream(fmt.Errorf("the server answered %s to a range, not 206", reply.Status), "", false)
	case r.etag != "" && reply.Header.Get("ETag") != r.etag:
		return nil, r.upstream(errors.New("the file changed on the server: open it again"), "", false)
	}
	r.host.fine()
	if _, err := io.ReadFull(reply.Body, b); err != nil {
		hint, again := advise(err)
		return nil, r.upstream(err, hint, again)
	}
	return reply.Header, nil
}
