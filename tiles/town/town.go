// Package town is an endless made-up town: streets, houses, trees, water and places with names, all of it decided by a
// seed and the coordinates alone. It shows as a satellite picture and as a map of the same ground; package truth knows the
// exact outlines of its places. A pixel is the same in whatever window it is asked; from one kind of processor to another,
// whose arithmetic may round otherwise, a few may differ by a shade.
package town

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/town/internal/paint"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// Attribution goes below every picture.
const Attribution = "Precinct's made-up town"

// The zooms that are drawn.
const (
	MinZoom = 12
	MaxZoom = 20
)

// generation changes whenever the same seed gives another town: it keeps caches honest.
const generation = 3

// Visitors arrive in the South Atlantic, where no real town can be mistaken for ours. At 33° south a planned metre is one
// on the ground, and the sun, which stands in the north-west of the demo's pictures, may stand there in truth.
const homeI, homeJ = 30000, 39138

// Options is what a town is made from.
type Options struct {
	Seed  uint64
	Look  string   // Hard, also when empty, or Easy
	Lang  string   // of names: "en", also when empty, or "zh"
	Fonts []string // for the map, as carto.NewStyle takes them; where "zh" finds no Chinese characters in them, Map looks for an installed font
}

// Town is one town. It is safe for concurrent use.
type Town struct {
	options Options
	plan    *plan.Planner
	look    *paint.Look
	faults  faults
	center  orb.Point
}

// New makes a town. Errors wrap tiles.ErrConfig.
func New(o Options) (*Town, error) {
	o.Lang = cmp.Or(o.Lang, "en")
	if o.Lang != "en" && o.Lang != "zh" {
		return nil, &tiles.Error{Op: "open source", Subject: "town", Err: fmt.Errorf("%w: language %q", tiles.ErrConfig, o.Lang),
			Hint: `the town speaks "en" and "zh"`}
	}
	o.Look = cmp.Or(o.Look, Hard)
	look, err := paint.NamedLook(o.Look, o.Seed)
	if err != nil {
		return nil, &tiles.Error{Op: "open source", Subject: "town", Err: fmt.Errorf("%w: %w", tiles.ErrConfig, err), Hint: paint.LookHint}
	}
	newPlan := plan.New
	if o.Look == Hard {
		newPlan = plan.NewHard
	}
	t := &Town{options: o, plan: newPlan(o.Seed, o.Lang == "zh", homeI, homeJ), look: look}
	if o.Look == Hard {
		t.faults = faultsOf(o.Seed)
	}
	t.center = t.lively()
	return t, nil
}

// Plan is for the packages below this one: no other can name a plan.Key.
func (t *Town) Plan(plan.Key) *plan.Planner { return t.plan }

// lively is a spot between a school and a hospital, with as many kinds of places around it as can be had.
func (t *Town) lively() orb.Point {
	const around = 3 * plan.CellSize
	x, y := (homeI+0.5)*plan.CellSize, (homeJ+0.5)*plan.CellSize
	type spot struct {
		plan.Pt
		class string
	}
	var spots []spot
	for _, cell := range t.plan.Layouts(plan.Box{X0: x - around, Y0: y - around, X1: x + around, Y1: y + around}) {
		for _, p := range cell.Plan.Places {
			at := plan.Pt{X: p.At.X + float64(cell.I)*plan.CellSize, Y: p.At.Y + float64(cell.J)*plan.CellSize}
			spots = append(spots, spot{at, p.Class})
		}
	}
	best, score := plan.Pt{X: x, Y: y}, -1.0
	for _, a := range spots {
		for _, b := range spots {
			apart := math.Hypot(a.X-b.X, a.Y-b.Y)
			if a.class != "hospital" || b.class != "school" || apart > 600 {
				continue
			}
			at, near := plan.Pt{X: (a.X + b.X) / 2, Y: (a.Y + b.Y) / 2}, map[string]bool{}
			for _, s := range spots {
				if math.Abs(s.X-at.X) < 360 && math.Abs(s.Y-at.Y) < 300 {
					near[s.class] = true
				}
			}
			if n := float64(len(near)) - apart/400; n > score {
				best, score = at, n
			}
		}
	}
	return geo.Unproject(orb.Point{math.Round(best.X) * plan.UnitsPerMetre, math.Round(best.Y) * plan.UnitsPerMetre}, plan.UnitZoom)
}

func (t *Town) info(name string, f tiles.Format) tiles.Info {
	return tiles.Info{
		Name: name, Kind: "town", Attribution: Attribution, TileSize: geo.TileSize, MinZoom: MinZoom, MaxZoom: MaxZoom,
		Bounds: orb.Bound{Min: orb.Point{-180, -geo.MaxLatitude}, Max: orb.Point{180, geo.MaxLatitude}},
		Center: t.center, CenterZoom: 16, Format: f, MayDerive: true,
		Version: fmt.Sprintf("town%d-%d-%s-%s", generation, t.options.Seed, t.options.Lang, t.options.Look),
	}
}

// Satellite is the town from above. The source implements tiles.Retina.
func (t *Town) Satellite() tiles.Source { return &satellite{t} }

type satellite struct{ town *Town }

var _ tiles.Retina = (*satellite)(nil)

func (s *satellite) Info() tiles.Info { return s.town.info("satellite", tiles.JPEG) }

func (s *satellite) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	return s.TileAt(ctx, t, 1)
}

func (s *satellite) TileAt(ctx context.Context, t maptile.Tile, scale int) (*tiles.Tile, error) {
	w, err := window(ctx, "satellite", t)
	if err != nil {
		return nil, err
	}
	img := paint.Picture(s.town.plan, s.town.look, w.Z, w.X, w.Y, w.W, w.H, max(1, scale))
	return tiles.DrawnTile(img, tiles.JPEG), nil
}

// window checks a tile's address.
func window(ctx context.Context, layer string, t maptile.Tile) (geo.Window, error) {
	if err := ctx.Err(); err != nil {
		return geo.Window{}, err
	}
	if t.Z < MinZoom || t.Z > MaxZoom || t.X>>t.Z != 0 || t.Y>>t.Z != 0 {
		return geo.Window{}, &tiles.Error{Op: "draw tile", Subject: fmt.Sprintf("town's %s %d/%d/%d", layer, t.Z, t.X, t.Y),
			Err: tiles.ErrNotFound, Hint: fmt.Sprintf("the town has zooms %d to %d", MinZoom, MaxZoom)}
	}
	return geo.TileWindow(t), nil
}

// sample is some Chinese that names are made of: a font with these has the others.
const sample = "第三中学人民医院路银杏"

// Map is the town as a map in one of carto's styles; "" is basic. The source implements tiles.Labeler and tiles.Retina.
// Errors wrap tiles.ErrConfig.
func (t *Town) Map(style string) (tiles.Source, error) {
	style = cmp.Or(style, "basic")
	s, err := carto.NewStyle(style, t.options.Fonts...)
	if err != nil {
		return nil, err
	}
	if t.options.Lang == "zh" && !s.CanWrite(sample) {
		font, err := carto.FindFont(sample)
		if err != nil {
			return nil, err
		}
		if s, err = carto.NewStyle(style, append(slices.Clone(t.options.Fonts), font)...); err != nil {
			return nil, err
		}
	}
	m := &townMap{town: t, style: s, info: t.info("map", tiles.PNG)}
	m.info.Version += "-" + style
	m.info.Legend = s.Legend()
	return m, nil
}
