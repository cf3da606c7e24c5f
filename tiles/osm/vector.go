package osm

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/mbtiles"
	"github.com/precinct-map/precinct/tiles/pmtiles"
)

// Limits on one vector tile.
const (
	mostTileBytes = 16 << 20 // unpacked
	tilesKept     = 64       // read tiles: a screen's worth
)

// archive is a file of tiles.
type archive interface {
	Tile(ctx context.Context, t maptile.Tile) ([]byte, error)
	Any(ctx context.Context) ([]byte, error)
	Close() error
}

// vectors is a map of vector tiles, read as they are needed. Tiles of OpenMapTiles' schema, Shortbread's, Protomaps', or with
// OSM's own tags.
type vectors struct {
	archive
	info             tiles.Info // what the archive says of itself
	minZoom, maxZoom int
	layers           json.RawMessage // TileJSON's vector_layers
	lang             string
	keep             bool // tags

	mu   sync.Mutex
	kept map[maptile.Tile]*index
	turn []maptile.Tile // of kept, the oldest first
}

func openVectors(ctx context.Context, o Options) (*vectors, error) {
	v := &vectors{lang: o.Lang, keep: o.Tags, kept: map[maptile.Tile]*index{}}
	if o.Archive != nil {
		v.describing(o.Archive)
	} else if err := v.open(ctx, o.Path); err != nil {
		return nil, err
	}
	data, err := v.Any(ctx)
	if err == nil {
		if _, err = decode(data); err != nil {
			err = fmt.Errorf("it holds no vector tiles (%w); pictures are of kind mbtiles", err)
		}
	}
	if err != nil {
		_ = v.Close()
		return nil, err
	}
	return v, nil
}

func (v *vectors) open(ctx context.Context, path string) error {
	if strings.HasSuffix(strings.ToLower(path), ".pmtiles") {
		f, err := pmtiles.Open(ctx, path)
		if err != nil {
			return err
		}
		v.describing(f)
		return nil
	}
	f, err := mbtiles.Open(ctx, path)
	if err != nil {
		return err
	}
	v.archive, v.minZoom, v.maxZoom = f, f.MinZoom, f.MaxZoom
	var more struct {
		Layers json.RawMessage `json:"vector_layers"`
	}
	_ = json.Unmarshal([]byte(f.Meta["json"]), &more) // who wrote none has none
	v.layers = vectorLayers(string(more.Layers))
	v.info = tiles.Info{Bounds: f.Bounds, Center: f.Center, CenterZoom: f.CenterZoom, MinZoom: f.MinZoom, Attribution: f.Meta["attribution"]}
	return nil
}

// describing takes the tiles from an archive, and what it says of itself.
func (v *vectors) describing(f *pmtiles.File) {
	v.archive, v.minZoom, v.maxZoom = f, f.MinZoom, f.MaxZoom
	v.layers = vectorLayers(f.Meta["vector_layers"])
	v.info = tiles.Info{Bounds: f.Bounds, Center: f.Center, CenterZoom: f.CenterZoom, MinZoom: f.MinZoom, Attribution: f.Meta["attribution"]}
}

// vectorLayers is a list of layers as an archive has it, nil when it is none.
func vectorLayers(text string) json.RawMessage {
	var list []map[string]any
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	return json.RawMessage(text)
}

// Vectors are the tiles that the map is drawn from; nil when it is drawn from something else.
func (s *Source) Vectors() tiles.Vectors {
	if v, ok := s.data.(*vectors); ok {
		return stored{v}
	}
	return nil
}

// stored passes vector tiles on.
type stored struct{ v *vectors }

func (s stored) Tile(ctx context.Context, t maptile.Tile) ([]byte, error) {
	return s.v.archive.Tile(ctx, t)
}

func (s stored) Describe() (minZoom, maxZoom int, layers json.RawMessage) {
	return s.v.minZoom, s.v.maxZoom, s.v.layers
}

func (v *vectors) describe(i *tiles.Info) {
	i.Bounds, i.Center, i.CenterZoom, i.MinZoom = v.info.Bounds, v.info.Center, v.info.CenterZoom, v.info.MinZoom
	i.Attribution = v.info.Attribution
}

// around yields the vector tiles under a window with a margin: of its own zoom, or the deepest there is.
func (v *vectors) around(ctx context.Context, w geo.Window, pad int, each func(*index, geo.Window)) error {
	coarse := w.Pad(pad).AtZoom(max(v.minZoom, min(w.Z, v.maxZoom)))
	for t, place := range coarse.Tiles() {
		x, err := v.tile(ctx, t)
		if err != nil {
			return err
		}
		if x != nil {
			each(x, place)
		}
	}
	return nil
}

// near takes areas from the tiles under the window: their outlines, cut beyond its edge, would be seen from the neighbour.
// Lines come from the neighbours too, so that a street's end is not seen either.
func (v *vectors) near(ctx context.Context, w geo.Window) ([]carto.Feature, error) {
	var out []carto.Feature
	pad := carto.LinePad
	if w.Z >= carto.LabelZoom {
		pad = carto.Pad
	}
	err := v.around(ctx, w, pad, func(x *index, place geo.Window) {
		under := place.AtZoom(max(place.Z, w.Z)).Overlaps(w.AtZoom(max(place.Z, w.Z)))
		for _, f := range x.near(w) {
			if f.Geometry.Dimensions() < 2 || under {
				out = append(out, f)
			}
		}
	})
	return out, err
}

func (v *vectors) within(ctx context.Context, w geo.Window) ([]tiles.Label, error) {
	var out []tiles.Label
	raw := false
	err := v.around(ctx, w, 0, func(x *index, _ geo.Window) {
		out, raw = append(out, x.within(w)...), raw || x.labelsAreas
	})
	if err == nil && raw && w.Z >= v.maxZoom {
		var areas []part
		areas, err = v.joined(ctx, w)
		for _, p := range areas {
			if at := w.Local(p.At); p.raw && at[0] >= 0 && at[1] >= 0 && at[0] < float64(w.W) && at[1] < float64(w.H) {
				out = append(out, tiles.Label{Text: p.Name, At: p.At, Class: p.Class, Tags: p.tags})
			}
		}
	}
	return inOrder(out), err
}

// tile is a vector tile's index, nil where the file has none.
func (v *vectors) tile(ctx context.Context, t maptile.Tile) (*index, error) {
	v.mu.Lock()
	x, ok := v.kept[t]
	v.mu.Unlock()
	if ok {
		return x, nil
	}
	data, err := v.archive.Tile(ctx, t)
	switch {
	case errors.Is(err, tiles.ErrNotFound):
	case err != nil:
		return nil, err
	default:
		layers, err := decode(data)
		if err != nil {
			return nil, &tiles.Error{Op: "read vector tile", Subject: fmt.Sprintf("%d/%d/%d", t.Z, t.X, t.Y), Err: fmt.Errorf("%w: %w", tiles.ErrUpstream, err), Hint: "is the file whole?"}
		}
		x = indexTile(layers, t, v.lang, v.keep)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.kept[t]; !ok {
		v.kept[t] = x
		if v.turn = append(v.turn, t); len(v.turn) > tilesKept {
			delete(v.kept, v.turn[0])
			v.turn = v.turn[1:]
		}
	}
	return x, nil
}

// decode reads a tile, packed or not.
func decode(data []byte) (mvt.Layers, error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(io.LimitReader(z, mostTileBytes+1)); err != nil {
			return nil, err
		}
	}
	if len(data) > mostTileBytes {
		return nil, fmt.Errorf("the tile has more than %d MiB", mostTileBytes>>20)
	}
	layers, err := mvt.Unmarshal(data)
	if err != nil {
		return nil, err
	}
	return layers, nil
}

// indexTile indexes a tile in WGS-84. Points in its buffer are its neighbours'.
func indexTile(layers mvt.Layers, t maptile.Tile, lang string, keep bool) *index {
	x := newIndex(lang)
	x.keep, x.tiled = keep, true
	x.raw = len(layers) == 1 && !known[layers[0].Name]
	for _, l := range layers {
		extent := float64(l.Extent)
		if extent == 0 {
			extent = mvt.DefaultExtent
		}
		for _, f := range l.Features {
			if p, ok := f.Geometry.(orb.Point); ok && (p[0] < 0 || p[1] < 0 || p[0] >= extent || p[1] >= extent) {
				continue
			}
			x.addTileFeature(l.Name, f, t, extent)
		}
	}
	return x
}

// addTileFeature never labels an area: a tile holds a part of it only, and schemas give labels as points. Where there is no
// schema, vectors.within labels the joined parts.
func (x *index) addTileFeature(layer string, f *geojson.Feature, t maptile.Tile, extent float64) {
	tags := schemaTags(layer, f.Properties)
	g := placed(f.Geometry, t, extent)
	switch g := g.(type) {
	case orb.Polygon:
		x.addOutline(orb.MultiPolygon{g}, tags, f.ID, false)
	case orb.MultiPolygon:
		x.addOutline(g, tags, f.ID, false)
	default:
		x.addGeometry(g, tags)
	}
}

// placed is a tile's geometry in degrees.
func placed(g orb.Geometry, t maptile.Tile, extent float64) orb.Geometry {
	scale := geo.TileSize / extent
	at := func(p orb.Point) orb.Point {
		return geo.Unproject(orb.Point{(float64(t.X)*extent + p[0]) * scale, (float64(t.Y)*extent + p[1]) * scale}, int(t.Z))
	}
	return project.Geometry(orb.Clone(g), at)
}
