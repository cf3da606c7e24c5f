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

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/pmtiles"
)

// archive is a PMTiles archive of pictures; one of vector tiles is of kind osm, too. It lies in a file, or is read by ranges from a server.
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
		if f.Type == pmtiles.MVT && c.URL == "" {
			return openOSM(ctx, c) // drawn, and passed on as they are
		}
		if f.Type == pmtiles.MVT {
			return nil, configError(c, "it holds vector tiles, which are drawn from a file only: fetch it")
		}
		return nil, configError(c, "its tiles are neither PNG, JPEG nor WebP")
	}
	i.Format = format
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

func openArchive(ctx context.Context, c Config) (*pmtiles.File, error) {
	if c.URL == "" {
		return pmtiles.Open(ctx, c.Path)
	}
	x, err := asker(ctx, c)
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
func asker(ctx context.Context, c Config) (*xyz, error) {
	c.URL += anyTile
	s, err := openXYZ(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.(*xyz), nil
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
	reply, err := r.ask(ctx, 0, 1)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	_, total, _ := strings.Cut(reply.Header.Get("Content-Range"), "/")
	if r.size, err = strconv.ParseInt(total, 10, 64); err != nil {
		return errors.New("the server does not say how large the file is")
	}
	r.etag = reply.Header.Get("ETag")
	return nil
}

// ReadAt reads len(b) bytes. The client's timeout bounds it, since io.ReaderAt has no context.
func (r *ranges) ReadAt(b []byte, at int64) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	r.slots <- struct{}{}
	defer func() { <-r.slots }()
	ctx := context.Background()
	if err := r.limiter.Wait(ctx); err != nil {
		return 0, err
	}
	reply, err := r.ask(ctx, at, len(b))
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	return io.ReadFull(reply.Body, b)
}

func (r *ranges) ask(ctx context.Context, at int64, n int) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address, nil)
	if err != nil {
		return nil, errors.New(r.hide(err.Error()))
	}
	q.Header = r.headers.Clone()
	q.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", at, at+int64(n)-1))
	q.Header.Set("Accept-Encoding", "identity") // a range of the file, not of a packed copy
	reply, err := r.client.Do(q)
	if err != nil {
		return nil, errors.New(r.hide(err.Error()))
	}
	switch {
	case reply.StatusCode != http.StatusPartialContent:
		err = fmt.Errorf("the server answered %s to a range, not 206", reply.Status)
	case r.etag != "" && reply.Header.Get("ETag") != r.etag:
		err = errors.New("the file changed on the server: open it again")
	}
	if err != nil {
		_ = reply.Body.Close()
		return nil, err
	}
	return reply, nil
}
