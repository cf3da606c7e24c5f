package sources

import (
	"cmp"
	"context"
	"errors"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/mbtiles"
)

// pictureFile is an MBTiles file of pictures. One of vector tiles is of kind osm, too.
type pictureFile struct {
	info tiles.Info
	*mbtiles.File
}

func openMBTiles(ctx context.Context, c Config) (tiles.Source, error) {
	f, err := mbtiles.Open(ctx, c.Path)
	if err != nil {
		return nil, configError(c, "%v", err)
	}
	if f.Meta["format"] == "pbf" { // vector tiles are drawn, and passed on as they are
		_ = f.Close()
		return openOSM(ctx, c)
	}
	p := &pictureFile{File: f}
	if p.info, err = p.describe(ctx, c); err != nil {
		_ = f.Close()
		return nil, configError(c, "%s: %v", c.Path, err)
	}
	return p, nil
}

// describe takes from the file what the configuration does not say.
func (p *pictureFile) describe(ctx context.Context, c Config) (tiles.Info, error) {
	i := c.info()
	if f, ok := tiles.ParseFormat(p.Meta["format"]); ok {
		i.Format = f
	}
	i.MinZoom, i.MaxZoom = cmp.Or(c.MinZoom, p.MinZoom), cmp.Or(c.MaxZoom, p.MaxZoom)
	if len(c.Bounds) == 0 {
		i.Bounds, i.Center, i.CenterZoom = p.Bounds, p.Center, p.CenterZoom
	}
	i.Attribution = cmp.Or(c.Attribution, p.Meta["attribution"])
	data, err := p.Any(ctx)
	if err != nil {
		return i, err
	}
	if tile, err := tiles.EncodedTile(data); err == nil && c.TileSize == 0 {
		if img, err := tile.Image(); err == nil && img.Rect.Dx() == 512 {
			i.TileSize = 512
		}
	}
	return i, nil
}

func (p *pictureFile) Info() tiles.Info { return p.info }

func (p *pictureFile) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	data, err := p.File.Tile(ctx, t)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, tiles.ErrNotFound):
		return nil, tileError(p.info.Name, t, err, "")
	case err != nil:
		return nil, tileError(p.info.Name, t, err, "is the file whole?")
	}
	tile, err := tiles.EncodedTile(data)
	if err != nil {
		return nil, tileError(p.info.Name, t, err, "the tile in the file is damaged")
	}
	return tile, nil
}
