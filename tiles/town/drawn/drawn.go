// Package drawn paints real streets as if seen from above: the buildings, streets, water and grounds of OpenStreetMap, by the
// made-up town's painter. It is for trying Precinct where there is a map and no imagery, and for measuring on real outlines;
// it is not imagery, and says so. Between what the map knows it invents yards, trees, cars, and houses where a street has none, by
// their coordinates alone: a pixel is the same in whatever picture it is asked.
package drawn

import (
	"cmp"
	"context"
	"fmt"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/internal/paint"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// Notice goes below every picture, before the data's own attribution.
const Notice = "drawn from OpenStreetMap, not imagery"

// The zooms that are drawn.
const (
	MinZoom = 12
	MaxZoom = 20
)

// generation changes whenever the same data gives another picture: it keeps caches honest.
const generation = 2

// Options is what is drawn.
type Options struct {
	Name        string // "" is "drawn"
	Path        string // of what package osm reads
	Seed        uint64 // of what is invented, and of season, sun and sensor
	Look        string // "hard", also when empty, or "easy", in which seeds up to 1 are a clear summer's
	Attribution string // of the data; "" is its own
}

// Source draws. It is safe for concurrent use and implements tiles.Retina.
type Source struct {
	info tiles.Info
	data *osm.Source
	seed uint64
	look *paint.Look
	near *store // cells in full
	far  *store // for small zooms
}

var _ tiles.Retina = (*Source)(nil)

// Open opens map data to draw from. Errors wrap tiles.ErrConfig.
func Open(ctx context.Context, o Options) (*Source, error) {
	look, err := paint.NamedLook(o.Look, o.Seed)
	if err != nil {
		return nil, &tiles.Error{Op: "open source", Subject: cmp.Or(o.Name, "drawn"), Err: fmt.Errorf("%w: %w", tiles.ErrConfig, err), Hint: paint.LookHint}
	}
	data, err := osm.Open(ctx, osm.Options{Name: o.Name, Path: o.Path, Attribution: o.Attribution, Tags: true})
	if err != nil {
		return nil, err
	}
	s := &Source{data: data, seed: o.Seed, look: look, near: newStore(160), far: newStore(1500)} // at most some 0.3 and 0.05 MB each in a city
	s.info = data.Info()
	s.info.Name, s.info.Kind, s.info.Format = cmp.Or(o.Name, "drawn"), "drawn", tiles.JPEG
	s.info.Attribution = Notice + " · " + s.info.Attribution
	s.info.MinZoom, s.info.MaxZoom = MinZoom, MaxZoom
	s.info.Version = fmt.Sprintf("drawn%d-%d-%s-%s", generation, o.Seed, cmp.Or(o.Look, paint.Hard), s.info.Version)
	return s, nil
}

// Close frees the file.
func (s *Source) Close() error { return s.data.Close() }

// Info describes the layer.
func (s *Source) Info() tiles.Info { return s.info }

// Places gives the outlines behind the picture, as package osm has them.
func (s *Source) Places(ctx context.Context, w geo.Window) ([]osm.Place, error) {
	return s.data.Places(ctx, w)
}

// Tile draws a tile. Beyond the data there is none.
func (s *Source) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	return s.TileAt(ctx, t, 1)
}

// TileAt draws a tile at a multiple of its size.
func (s *Source) TileAt(ctx context.Context, t maptile.Tile, scale int) (*tiles.Tile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := geo.TileWindow(t)
	if t.Z < MinZoom || t.Z > MaxZoom || !w.Bound().Intersects(s.info.Bounds) {
		return nil, &tiles.Error{Op: "draw tile", Subject: fmt.Sprintf("%s %d/%d/%d", s.info.Name, t.Z, t.X, t.Y), Err: tiles.ErrNotFound,
			Hint: fmt.Sprintf("it has zooms %d to %d where its map has data", MinZoom, MaxZoom)}
	}
	scale = max(1, scale)
	g, err := s.ground(ctx, w, scale)
	if err != nil {
		return nil, err
	}
	return tiles.DrawnTile(paint.Picture(g, s.look, w.Z, w.X, w.Y, w.W, w.H, scale), tiles.JPEG), nil
}

// ground is the cells of one picture, made before it is painted: the painter knows no errors.
type ground []plan.Cell[*plan.Content]

func (g ground) Contents(plan.Box) []plan.Cell[*plan.Content] { return g }

func (g ground) Layouts(plan.Box) []plan.Cell[*plan.Layout] {
	out := make([]plan.Cell[*plan.Layout], len(g))
	for k, c := range g {
		out[k] = plan.Cell[*plan.Layout]{I: c.I, J: c.J, Plan: c.Plan.Layout}
	}
	return out
}

// reach is how far what belongs to a cell may lie outside of its square, shadows included, in the plan's metres.
const reach = 200

// ground makes the cells that matter to a window, from north to south.
func (s *Source) ground(ctx context.Context, w geo.Window, scale int) (ground, error) {
	detailed := paint.Detailed(w.Z, scale)
	b := plan.Metres(w).Grow(s.look.Reach(mostHeight) + s.look.Margin(w.Z, scale))
	kept := s.far
	if detailed {
		kept = s.near
	}
	var out ground
	for j := cellOf(b.Y0 - reach); j <= cellOf(b.Y1+reach); j++ {
		for i := cellOf(b.X0 - reach); i <= cellOf(b.X1+reach); i++ {
			c, err := kept.get(i, j, func() (*plan.Content, error) { return s.cell(ctx, i, j, detailed) })
			if err != nil {
				return nil, err
			}
			x, y := float64(i)*plan.CellSize, float64(j)*plan.CellSize
			if box := c.Bound; (plan.Box{X0: x + box.X0, Y0: y + box.Y0, X1: x + box.X1, Y1: y + box.Y1}).Meets(b) {
				out = append(out, plan.Cell[*plan.Content]{I: i, J: j, Plan: c})
			}
		}
	}
	return out, nil
}
