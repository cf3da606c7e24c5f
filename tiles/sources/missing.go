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
		return &shown{src, c.Missing}
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
	if !errors.Is(err, tiles.ErrNotFound) {
		return tile, err
	}
	switch s.missing {
	case "204":
		return nil, tileError(s.Info().Name, t, tiles.ErrEmpty, "")
	case "overzoom":
		return s.enlarged(ctx, t, err)
	}
	edge := s.Info().TileSize
	return tiles.DrawnTile(image.NewRGBA(image.Rect(0, 0, edge, edge)), tiles.PNG), nil
}

// enlarged is a tile's part of the nearest parent that there is.
func (s *shown) enlarged(ctx context.Context, t maptile.Tile, missing error) (*tiles.Tile, error) {
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
		edge := max(1, img.Rect.Dx()>>up)
		at := image.Pt(int(t.X-parent.X<<up)*edge, int(t.Y-parent.Y<<up)*edge)
		out := image.NewRGBA(img.Rect)
		xdraw.CatmullRom.Scale(out, out.Rect, img, image.Rectangle{at, at.Add(image.Pt(edge, edge))}, draw.Src, nil)
		return tiles.DrawnTile(out, tile.Format()), nil
	}
	return nil, missing
}
