package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb/maptile"
	xdraw "golang.org/x/image/draw"

	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// encoded is a body in the memory.
type encoded []byte

// Bytes is the memory that the body holds.
func (e encoded) Bytes() int { return len(e) }

// tile serves a source layer. A picture in its source's own format and size is passed on as it came.
func (s *Server) tile(c echo.Context) error {
	a, err := parseAddress(c)
	if err != nil {
		return err
	}
	return s.layerPicture(c, param(c, "layer"), a)
}

func (s *Server) layerPicture(c echo.Context, name string, a address) error {
	layer, err := s.layer(name)
	if err != nil {
		return err
	}
	noted(c.Request().Context()).layer = layer.Info().Name
	format, ok := tiles.ParseFormat(a.suffix)
	switch v := tiles.VectorsOf(layer); {
	case ok:
	case (a.suffix == "mvt" || a.suffix == "pbf") && v != nil:
		return s.vectorTile(c, layer.Info(), v, a.tile)
	default:
		return problem.NotFound("format %q is not served of this layer: use png, jpg or webp", short(a.suffix))
	}
	data, err := s.picture(c.Request().Context(), layer, a, format)
	if errors.Is(err, tiles.ErrEmpty) {
		c.Response().Header().Set(echo.HeaderCacheControl, cacheShort)
		return c.NoContent(http.StatusNoContent)
	}
	if err != nil {
		return err
	}
	return reply(c, body{data: data, media: format.MediaType(), caching: cacheTiles,
		keep: func(data []byte, encoding string) { s.hot.keep(c, data, encoding, -1) }})
}

// picture is a tile in a format, as it came where it came so.
func (s *Server) picture(ctx context.Context, layer tiles.Source, a address, format tiles.Format) (encoded, error) {
	i := layer.Info()
	version := i.Version
	if a.scale == 1 || i.TileSize >= 256*a.scale {
		t, err := layer.Tile(ctx, a.tile)
		if err != nil {
			return nil, err
		}
		if data := t.Stored(format); data != nil {
			return data, nil
		}
		version += "|" + strconv.FormatInt(t.Expires().Unix(), 36)
	}
	key := fmt.Sprintf("%s|%s|%d/%d/%d@%d.%s", i.Name, version, a.tile.Z, a.tile.X, a.tile.Y, a.scale, format)
	return cache.Get(ctx, s.Memory, "encoded", key, func(ctx context.Context) (encoded, error) {
		t, err := scaled(ctx, layer, a.tile, a.scale)
		if err != nil {
			return nil, err
		}
		return t.Encoded(format)
	})
}

// scaled is a tile at a multiple of 256 px: drawn so, or put together from the next zoom, or enlarged.
func scaled(ctx context.Context, src tiles.Source, t maptile.Tile, scale int) (*tiles.Tile, error) {
	i := src.Info()
	if scale == 1 || i.TileSize >= 256*scale {
		return src.Tile(ctx, t)
	}
	if r, ok := src.(tiles.Retina); ok {
		noted(ctx).comes(tierSource)
		return r.TileAt(ctx, t, scale)
	}
	if int(t.Z) < i.MaxZoom {
		return quartered(ctx, src, t, i)
	}
	one, err := src.Tile(ctx, t)
	if err != nil {
		return nil, err
	}
	img, err := one.Image()
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(image.Rect(0, 0, i.TileSize*scale, i.TileSize*scale))
	xdraw.CatmullRom.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	return tiles.DrawnTile(out, one.Format()), nil
}

// quartered puts a tile of twice the size together from its four children.
func quartered(ctx context.Context, src tiles.Source, t maptile.Tile, i tiles.Info) (*tiles.Tile, error) {
	out := image.NewRGBA(image.Rect(0, 0, 2*i.TileSize, 2*i.TileSize))
	format := i.Format
	for _, child := range t.Children() {
		part, err := src.Tile(ctx, child)
		if err != nil {
			return nil, err
		}
		img, err := part.Image()
		if err != nil {
			return nil, err
		}
		at := image.Pt(int(child.X-2*t.X)*i.TileSize, int(child.Y-2*t.Y)*i.TileSize)
		draw.Draw(out, img.Rect.Add(at), img, image.Point{}, draw.Src)
	}
	return tiles.DrawnTile(out, format), nil
}

// vectorTile passes on a vector tile as it is stored: packed for who takes gzip.
func (s *Server) vectorTile(c echo.Context, i tiles.Info, v tiles.Vectors, t maptile.Tile) error {
	if low, high, _ := v.Describe(); int(t.Z) < low || int(t.Z) > high {
		return problem.NotFound("layer %s has vector tiles of zooms %d to %d", i.Name, low, high)
	}
	key := fmt.Sprintf("%s|%s|%d/%d/%d", i.Name, i.Version, t.Z, t.X, t.Y)
	data, err := cache.Get(c.Request().Context(), s.Memory, "vector", key, func(ctx context.Context) (encoded, error) {
		noted(ctx).comes(tierSource)
		return v.Tile(ctx, t)
	})
	if err != nil {
		return err
	}
	b := body{data: data, media: "application/vnd.mapbox-vector-tile", caching: cacheTiles, compress: true}
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		if acceptance(c.Request().Header.Get(echo.HeaderAcceptEncoding), "gzip") > 0 {
			b.compress = false
			c.Response().Header().Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
			c.Response().Header().Set(echo.HeaderContentEncoding, "gzip")
		} else if b.data, err = unpack(data); err != nil {
			return fmt.Errorf("layer %s, tile %d/%d/%d: %w: %v", i.Name, t.Z, t.X, t.Y, tiles.ErrUpstream, err)
		}
	}
	encoding := preferred(c.Request().Header.Get(echo.HeaderAcceptEncoding))
	b.keep = func(data []byte, _ string) { s.hot.keep(c, data, encoding, -1) }
	return reply(c, b)
}

// mostVector is the most bytes of an unpacked vector tile.
const mostVector = 32 << 20

func unpack(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, mostVector+1))
	if err == nil && len(out) > mostVector {
		err = fmt.Errorf("it has more than %d MiB", mostVector>>20)
	}
	return out, err
}
