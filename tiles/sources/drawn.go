package sources

import (
	"context"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/osm"
)

func openOSM(ctx context.Context, c Config) (tiles.Source, error) {
	s, err := osm.Open(ctx, osm.Options{Name: c.Name, Path: c.Path, Style: c.Style, Fonts: c.Fonts, Lang: c.Lang, Attribution: c.Attribution})
	if err != nil {
		return nil, err // a typed nil would be a source
	}
	return s, nil
}
