package sources

import (
	"context"
	"errors"
	"image"
	"image/draw"

	"github.com/paulmach/orb/maptile"
	xdraw "golang.org/x/image/draw"

	"github.com/precinct-map/precinct/tiles"
)

// mostOverzoom is how many zooms up a parent is looked for.
const mostOverzoom = 8

// missings are what a layer may show where its source has no tile.
var missings = []string{"", "404", "204", "blank", "overzoom"}

// Shown is a source as people see it: what it shows where it has no tile follows c.Missing. Reasoning works with the source itself, which
// never makes up a picture.
func Shown(src tiles.Source, c Config) tiles.Source {
	switch c.Missing {
	case "204", "blank", "overzoom":
		s := &shown{src, c.Missing}
		if large, ok := src.(tiles.Retina); ok {
			return shownLarge{s, large}
		}
		return s
	}
	return src
}

type shown struct {
	tiles.Source
	missing string
}

// Unwrap is the source itself.
func (s *shown) Unwrap() tiles.Source { return s.Source }

func (s *shown) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	tile, err := s.Source.Tile(ctx, t)
	return s.instead(ctx, t, 1, tile, err)
}

// shownLarge is shown of a source that has larger tiles.
type shownLarge struct {
	*shown
	large tiles.Retina
}

func (s shownLarge) TileAt(ctx context.Context, t maptile.Tile, scale int) (*tiles.Tile, error) {
	tile, err := s.large.TileAt(ctx, t, scale)
	return s.instead(ctx, t, scale, tile, err)
}

// instead is what is shown where the source's answer is that it has none.
func (s *shown) instead(ctx context.Context, t maptile.Tile, scale int, tile *tiles.Tile, err error) (*tiles.Tile, error) {
	if !errors.Is(err, tiles.ErrNotFound) {
		return tile, err
	}
	edge := s.Info().TileSize * scale
	switch s.missing {
	case "204":
		return nil, tileError(s.Info().Name, t, tiles.ErrEmpty, "")
	case "overzoom":
		return s.enlarged(ctx, t, edge, err)
	}
	return tiles.DrawnTile(image.NewRGBA(image.Rect(0, 0, edge, edge)), tiles.PNG), nil
}

// enlarged is a tile's part of the nearest parent that there is, edge pixels a side.
func (s *shown) enlarged(ctx context.Context, t maptile.Tile, edge int, missing error) (*tiles.Tile, error) {
	parent := t
	for up := 1; up <= mostOverzoom && parent.Z > 0; up++ {
		parent = parent.Parent()
		tile, err := s.Source.Tile(ctx, parent)
		if errors.Is(err, tiles.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		img, err := tile.Image()
		if err != nil {
			return nil, err
		}
		part := max(1, img.Rect.Dx()>>up)
		at := image.Pt(int(t.X-parent.X<<up)*part, int(t.Y-parent.Y<<up)*part)
		out := image.NewRGBA(image.Rect(0, 0, edge, edge))
		xdraw.CatmullRom.Scale(out, out.Rect, img, image.Rectangle{at, at.Add(image.Pt(part, part))}, draw.Src, nil)
		return tiles.DrawnTile(out, tile.Format()), nil
	}
	return nil, missing
}
