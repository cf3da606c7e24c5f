package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/server/search"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/sources"
)

// townNames gives the search the places of a made-up town, some kilometres round its centre: the town itself has no end.
type townNames struct{ config sources.Config }

// Version names the town.
func (n townNames) Version() (string, error) {
	src, err := sources.Open(context.Background(), n.config)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("town %d %s\n%s", n.config.Seed, n.config.Lang, src.Info().Version), nil
}

// Entries reads the names off the town's map.
func (n townNames) Entries(ctx context.Context, each func(search.Entry) error) error {
	src, err := sources.Open(ctx, n.config)
	if err != nil {
		return err
	}
	const zoom, around = 17, 6 * 512 // pixels: 3.5 km, planned in a second
	at := geo.Project(src.Info().Center, zoom)
	labels, err := src.(tiles.Labeler).Labels(ctx, geo.Window{Z: zoom, X: int(at[0]) - around, Y: int(at[1]) - around, W: 2 * around, H: 2 * around})
	if err != nil {
		return err
	}
	for i, l := range labels {
		if l.Text == "" {
			continue
		}
		tags := map[string]string{"name": l.Text}
		if c, ok := taxonomy.ByID(l.Class); ok && len(c.Tags) > 0 {
			for _, tag := range strings.Split(c.Tags[0], "+") {
				if key, value, _ := strings.Cut(tag, "="); value != "*" {
					tags[key] = value
				}
			}
		}
		if err := each(search.Entry{Type: "node", ID: int64(i + 1), Tags: tags, Geometry: orb.Point(l.At)}); err != nil {
			return err
		}
	}
	return nil
}
