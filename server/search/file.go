package search

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/osm"
)

// mostTiles is how many vector tiles are looked through: a country's.
const mostTiles = 1 << 20

// File is a map extract: .osm.pbf, GeoJSON with OSM's tags as properties, or vector tiles in MBTiles or PMTiles. It implements Source.
type File string

// Version is the file's path, size and time.
func (f File) Version() (string, error) {
	stat, err := os.Stat(string(f))
	if err != nil {
		return "", &Error{"read map", string(f), fmt.Errorf("%w: %w", ErrSource, err), "is the path right?"}
	}
	path, err := filepath.Abs(string(f))
	return fmt.Sprintf("%s\n%x-%x", path, stat.Size(), stat.ModTime().UnixNano()), err
}

// Entries reads the file.
func (f File) Entries(ctx context.Context, each func(Entry) error) error {
	var err error
	switch name := strings.ToLower(string(f)); {
	case strings.HasSuffix(name, ".pbf"):
		err = readPBF(ctx, string(f), each)
	case strings.HasSuffix(name, ".geojson"), strings.HasSuffix(name, ".json"), strings.HasSuffix(name, ".geojsonl"):
		err = readGeoJSON(string(f), each)
	default:
		err = readTiles(ctx, string(f), each)
	}
	if err != nil && ctx.Err() == nil {
		return &Error{"read map", string(f), fmt.Errorf("%w: %w", ErrSource, err), "give an .osm.pbf extract, GeoJSON with OSM's tags as properties, or vector tiles in MBTiles or PMTiles"}
	}
	return err
}

// readGeoJSON takes properties for tags, and ids as QGIS and osmium write them: "way/123", "@id", "osm_id".
func readGeoJSON(path string, each func(Entry) error) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	features, err := formats.ReadGeoJSON(in)
	if err != nil {
		return err
	}
	for _, f := range features {
		tags := map[string]string{}
		for _, p := range f.Properties {
			switch v := p.Value.(type) {
			case nil, map[string]any, []any:
			case string:
				tags[p.Key] = v
			default:
				tags[p.Key] = fmt.Sprint(v)
			}
		}
		if f.Geometry == nil || !wanted(tags) {
			continue
		}
		e := Entry{Tags: tags, Geometry: f.Geometry}
		for _, id := range []string{f.ID, tags["@id"], tags["id"]} {
			kind, n, _ := strings.Cut(id, "/")
			if v, err := strconv.ParseInt(n, 10, 64); err == nil && (kind == "node" || kind == "way" || kind == "relation") {
				e.Type, e.ID = kind, v
			}
		}
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

// readTiles walks the deepest tiles. A street or area is one entry in each tile that it crosses; the index joins them.
func readTiles(ctx context.Context, path string, each func(Entry) error) error {
	src, err := osm.Open(ctx, osm.Options{Path: path, Tags: true})
	if err != nil {
		return err
	}
	defer src.Close()
	const zoom = 14 // of most schemas
	b := src.Info().Bounds
	all := geo.BoundWindow(b, zoom)
	if n := math.Ceil(float64(all.W)/geo.TileSize) * math.Ceil(float64(all.H)/geo.TileSize); n > mostTiles {
		return fmt.Errorf("it covers %.0f tiles, more than %d: cut the part that you need", n, mostTiles)
	}
	for _, w := range all.Tiles() {
		if err := readTile(ctx, src, w.AtZoom(osm.MaxZoom), each); err != nil {
			return err
		}
	}
	return nil
}

func readTile(ctx context.Context, src *osm.Source, w geo.Window, each func(Entry) error) error {
	labels, err := src.Labels(ctx, w)
	if err != nil {
		return err
	}
	for _, l := range labels {
		if l.Text != "" && wanted(l.Tags) {
			if err := each(Entry{Tags: l.Tags, Geometry: l.At}); err != nil {
				return err
			}
		}
	}
	elements, err := src.Elements(ctx, w)
	if err != nil {
		return err
	}
	for _, e := range elements {
		switch e.Kind {
		case carto.Road, carto.Path, carto.Rail, carto.Water:
		default:
			continue // areas have their names as labels
		}
		if _, area := e.Geometry.(orb.MultiPolygon); e.Tags["name"] != "" && !area {
			if err := each(Entry{Tags: e.Tags, Geometry: e.Geometry}); err != nil {
				return err
			}
		}
	}
	return nil
}
