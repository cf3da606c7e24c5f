package sources

import (
	"cmp"
	"context"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/drawn"
)

func openOSM(ctx context.Context, c Config) (tiles.Source, error) {
	o := osm.Options{Name: c.Name, Path: c.Path, Style: c.Style, Fonts: c.Fonts, Lang: c.Lang, Attribution: c.Attribution}
	if c.URL != "" {
		var err error
		if o.Archive, err = openArchive(ctx, c); err != nil {
			return nil, configError(c, "%v", err)
		}
	}
	s, err := osm.Open(ctx, o)
	if err != nil {
		if o.Archive != nil {
			_ = o.Archive.Close()
		}
		return nil, err // a typed nil would be a source
	}
	return s, nil
}

// openDrawn opens a picture of real streets, drawn from a map.
func openDrawn(ctx context.Context, c Config) (tiles.Source, error) {
	if c.URL != "" {
		return nil, configError(c, "a picture is drawn from a file only: fetch it, and give its path")
	}
	s, err := drawn.Open(ctx, drawn.Options{Name: c.Name, Path: c.Path, Seed: c.Seed, Look: c.Look, Attribution: c.Attribution})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// openTown opens a layer of the made-up town under the configuration's name.
func openTown(_ context.Context, c Config) (tiles.Source, error) {
	t, err := town.New(town.Options{Seed: c.Seed, Look: c.Look, Lang: c.Lang, Fonts: c.Fonts})
	if err != nil {
		return nil, err
	}
	var s tiles.Source
	switch c.Layer {
	case "satellite":
		s = t.Satellite()
	case "map":
		if s, err = t.Map(cmp.Or(c.Style, "basic")); err != nil {
			return nil, err
		}
	default:
		return nil, configError(c, "layer %q of a town: use satellite or map", c.Layer)
	}
	info := s.Info()
	info.Name, info.Attribution = c.Name, cmp.Or(c.Attribution, info.Attribution)
	drawn := townLayer{s, s.(tiles.Retina), info}
	if labels, ok := s.(tiles.Labeler); ok {
		return struct {
			townLayer
			tiles.Labeler
		}{drawn, labels}, nil
	}
	return drawn, nil
}

type townLayer struct {
	tiles.Source
	tiles.Retina
	info tiles.Info
}

func (t townLayer) Info() tiles.Info { return t.info }
