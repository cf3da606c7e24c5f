package server

import (
	"context"
	"fmt"
	"image"
	"image/draw"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb/maptile"
	xdraw "golang.org/x/image/draw"

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
	layer, err := s.layer(param(c, "layer"))
	if err != nil {
		return err
	}
	format, ok := tiles.ParseFormat(a.suffix)
	if !ok {
		return notFound("format %q is not served: use png, jpg or webp", short(a.suffix))
	}
	i := layer.Info()
	key := fmt.Sprintf("%s|%s|%d/%d/%d@%d.%s", i.Name, i.Version, a.tile.Z, a.tile.X, a.tile.Y, a.scale, format)
	data, err := cache.Get(c.Request().Context(), s.Memory, "encoded", key, func(ctx context.Context) (encoded, error) {
		t, err := scaled(ctx, layer, a.tile, a.scale)
		if err != nil {
			return nil, err
		}
		return t.Encoded(format)
	})
	if err != nil {
		return err
	}
	return reply(c, body{data: data, media: format.MediaType(), caching: cacheTiles,
		keep: func(data []byte, encoding string) { s.hot.keep(c, data, encoding, -1) }})
}

// scaled is a tile at a multiple of 256 px: drawn so, or put together from the next zoom, or enlarged.
func scaled(ctx context.Context, src tiles.Source, t maptile.Tile, scale int) (*tiles.Tile, error) {
	i := src.Info()
	if scale == 1 || i.TileSize >= 256*scale {
		return src.Tile(ctx, t)
	}
	if r, ok := src.(tiles.Retina); ok {
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
