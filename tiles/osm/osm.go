// Package osm draws maps from OpenStreetMap data: .osm.pbf extracts and GeoJSON, which are held in memory, and vector
// MBTiles and PMTiles, which are read tile by tile. It knows its labels, so that nobody has to read them from the picture.
package osm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/pmtiles"
)

// Attribution is OpenStreetMap's, which its licence asks for.
const Attribution = "© OpenStreetMap contributors"

// MaxZoom is the deepest tile that is drawn.
const MaxZoom = 20

// Options is what to draw and how.
type Options struct {
	Name        string
	Path        string        // .osm.pbf, .geojson, .json, .geojsonl, .mbtiles or .pmtiles
	Archive     *pmtiles.File // in Path's place: an archive of vector tiles, which is closed with the map
	Style       string        // of carto; "" is basic
	Fonts       []string      // of carto
	Lang        string        // of names where the map knows them in it, as in name:en; "" for what is written on the spot
	Attribution string        // "" is the file's own, or OpenStreetMap's
	Tags        bool          // keep tags, for Elements: it takes more memory
}

// data is what a map is drawn from. Both give what matters to a window, features perhaps more.
type data interface {
	near(ctx context.Context, w geo.Window) ([]carto.Feature, error)
	within(ctx context.Context, w geo.Window) ([]tiles.Label, error)
	places(ctx context.Context, w geo.Window) ([]Place, error)
	elements(ctx context.Context, w geo.Window) ([]Element, error)
	describe(i *tiles.Info)
	Close() error
}

// Source draws a map. It implements tiles.Source, tiles.Labeler and tiles.Retina.
type Source struct {
	info  tiles.Info
	style *carto.Style
	data  data
}

var (
	_ tiles.Labeler = (*Source)(nil)
	_ tiles.Retina  = (*Source)(nil)
)

// Open reads a map. What it cannot read wraps tiles.ErrConfig.
func Open(ctx context.Context, o Options) (*Source, error) {
	style, err := carto.NewStyle(cmp.Or(o.Style, "basic"), o.Fonts...)
	if err != nil {
		return nil, err
	}
	d, version, err := read(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &tiles.Error{Op: "open map", Subject: o.Path, Err: fmt.Errorf("%w: %w", tiles.ErrConfig, err),
			Hint: "give an .osm.pbf extract, GeoJSON with OSM's tags as properties, or vector tiles in MBTiles or PMTiles"}
	}
	s := &Source{style: style, data: d, info: tiles.Info{
		Name: cmp.Or(o.Name, "map"), Kind: "osm", TileSize: geo.TileSize, MaxZoom: MaxZoom, CenterZoom: 15, Format: tiles.PNG,
		Version: version + "-" + cmp.Or(o.Style, "basic") + "-" + o.Lang, Legend: style.Legend(), MayDerive: true,
	}}
	d.describe(&s.info)
	s.info.Attribution = cmp.Or(o.Attribution, s.info.Attribution, Attribution)
	return s, nil
}

// read opens a file by its ending. The version changes when the file does.
func read(ctx context.Context, o Options) (data, string, error) {
	if o.Archive != nil {
		d, err := openVectors(ctx, o)
		return d, o.Archive.Version, err
	}
	stat, err := os.Stat(o.Path)
	if err != nil {
		return nil, "", err
	}
	if stat.IsDir() {
		return nil, "", errors.New("it is a folder")
	}
	version := fmt.Sprintf("%x-%x", stat.Size(), stat.ModTime().UnixNano())
	name := strings.ToLower(filepath.Base(o.Path))
	var x *index
	switch {
	case strings.HasSuffix(name, ".pbf"):
		x, err = readPBF(ctx, o)
	case strings.HasSuffix(name, ".geojson"), strings.HasSuffix(name, ".json"), strings.HasSuffix(name, ".geojsonl"):
		x, err = readGeoJSON(o)
	case strings.HasSuffix(name, ".mbtiles"), strings.HasSuffix(name, ".pmtiles"):
		d, err := openVectors(ctx, o)
		return d, version, err
	default:
		return nil, "", fmt.Errorf("%q is none of .osm.pbf, .geojson, .json, .geojsonl, .mbtiles, .pmtiles", filepath.Ext(name))
	}
	if err != nil {
		return nil, "", err
	}
	if len(x.features)+len(x.labels) == 0 {
		return nil, "", errors.New("it holds nothing that a map would show: are OSM's tags missing?")
	}
	return memory{x}, version, nil
}

// Close frees the file.
func (s *Source) Close() error { return s.data.Close() }

// Info describes the map.
func (s *Source) Info() tiles.Info { return s.info }

// Labels are those whose anchor lies in the window, from north to south.
func (s *Source) Labels(ctx context.Context, w geo.Window) ([]tiles.Label, error) {
	return s.data.within(ctx, w)
}

// Tile draws a tile. Beyond the data there is none.
func (s *Source) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	return s.TileAt(ctx, t, 1)
}

// TileAt draws a tile at a multiple of its size.
func (s *Source) TileAt(ctx context.Context, t maptile.Tile, scale int) (*tiles.Tile, error) {
	w := geo.TileWindow(t)
	if !w.Bound().Intersects(s.info.Bounds) || int(t.Z) > MaxZoom {
		return nil, &tiles.Error{Op: "draw tile", Subject: fmt.Sprintf("%s %d/%d/%d", s.info.Name, t.Z, t.X, t.Y), Err: tiles.ErrNotFound}
	}
	img, err := s.draw(ctx, w, scale)
	if err != nil {
		return nil, err
	}
	return tiles.DrawnTile(img, tiles.PNG), nil
}

func (s *Source) draw(ctx context.Context, w geo.Window, scale int) (*image.RGBA, error) {
	features, err := s.data.near(ctx, w)
	if err != nil {
		return nil, err
	}
	var labels []tiles.Label
	if w.Z >= carto.LabelZoom {
		if labels, err = s.data.within(ctx, w.Pad(carto.Pad)); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return s.style.Paint(w, scale, features, labels), nil
}

// memory is a map that is held whole.
type memory struct{ *index }

func (m memory) near(_ context.Context, w geo.Window) ([]carto.Feature, error) {
	return m.index.near(w), nil
}

func (m memory) within(_ context.Context, w geo.Window) ([]tiles.Label, error) {
	return m.index.within(w), nil
}

func (m memory) describe(i *tiles.Info) {
	i.Bounds, i.Center = m.bound, m.bound.Center()
	i.MinZoom = zoomFor(m.bound)
}

func (m memory) Close() error { return nil }

// zoomFor is the zoom at which a bound fills a screen: there is nothing to see further out.
func zoomFor(b orb.Bound) int {
	const screen = 256
	z := 0
	for ; z < 14; z++ {
		w := geo.BoundWindow(b, z+1)
		if w.W > screen || w.H > screen {
			break
		}
	}
	return max(0, z-2)
}
