package drawn

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/planar"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// cellZoom is the zoom whose pixels are the plan's metres.
const cellZoom = 17

// margin is how far around its square a cell looks, in the plan's metres.
const margin = 64

// cell is a square of ground being made. Everything is in the plan's metres from its corner; a plan's metre is so many real ones
// as the latitude makes it, and k of them are one.
type cell struct {
	*plan.Content
	source *Source
	x, y   float64
	k      float64
	near   bool
	region *region
	cover  *cover
	decks  *cover // hard where a bridge hides the ground, nil without bridges
	areas  []area
	roads  []road
	coast  []orb.LineString
	leafy  []leafy // where the map knows of trees
}

// area is a patch of ground to paint, whole but for what lies far outside.
type area struct {
	look look
	poly plan.Poly
	size float64 // square degrees
}

// cell makes the plan of a cell: in full, or what small zooms show.
func (s *Source) cell(ctx context.Context, i, j int, detailed bool) (*plan.Content, error) {
	const edge = plan.CellSize
	w := geo.Window{Z: cellZoom, X: i * edge, Y: j * edge, W: edge, H: edge}
	elements, err := s.data.Elements(ctx, w.Pad(margin))
	if err != nil {
		return nil, err
	}
	centre := w.Bound().Center()
	// In steps, so that neighbours build alike but for one row of cells in some eighty kilometres.
	k := math.Round(64/geo.MetersPerPixel(centre[1], cellZoom)) / 64
	c := &cell{
		Content: &plan.Content{Layout: &plan.Layout{Places: blurs[:]}}, source: s, x: float64(i) * edge, y: float64(j) * edge,
		k: k, near: detailed, region: regionOf(centre),
	}
	if c.near {
		c.cover = new(cover)
	}
	for k := range elements {
		c.sort(&elements[k], w.Pad(margin).Bound())
	}
	if c.near {
		c.findDecks()
	}
	c.lots(elements)
	if err := c.ground(ctx); err != nil {
		return nil, err
	}
	if err := c.water(ctx, elements, w); err != nil {
		return nil, err
	}
	c.streets()
	c.buildings(elements)
	if c.near {
		c.homes()
		c.green()
	}
	c.finish()
	return c.Content, nil
}

// sort puts areas and lines where they belong; buildings and water come later.
func (c *cell) sort(e *osm.Element, around orb.Bound) {
	switch g := e.Geometry.(type) {
	case orb.Point:
		if e.Class == "tree" {
			c.leafy = append(c.leafy, leafy{pts: []plan.Pt{c.place(g)}})
		}
	case orb.LineString:
		c.sortLine(e, g)
	case orb.MultiLineString:
		for _, l := range g {
			c.sortLine(e, l)
		}
	case orb.MultiPolygon:
		c.sortArea(e, g, around)
	}
}

func (c *cell) sortLine(e *osm.Element, line orb.LineString) {
	switch {
	case e.Class == "coastline":
		c.coast = append(c.coast, line)
	case e.Class == "tree_row" || e.Class == "hedge":
		c.leafy = append(c.leafy, leafy{pts: c.line(line), hedge: e.Class == "hedge"})
	case e.Kind == carto.Road || e.Kind == carto.Path || e.Kind == carto.Rail:
		c.roads = append(c.roads, road{e, c.line(line)})
	}
}

func (c *cell) line(line orb.LineString) []plan.Pt {
	out := make([]plan.Pt, 0, len(line))
	for _, p := range line {
		if q := c.place(p); len(out) == 0 || distance(q, out[len(out)-1]) > 0.05 {
			out = append(out, q)
		}
	}
	return out
}

// most is how many corners an outline may have to be taken whole; of larger ones only what is near.
const most = 600

func (c *cell) sortArea(e *osm.Element, mp orb.MultiPolygon, around orb.Bound) {
	l, ok := lookOf(e)
	if !ok {
		return
	}
	for _, p := range mp {
		n := 0
		for _, r := range p {
			n += len(r)
		}
		size := math.Abs(planar.Area(p)) // before it is clipped: the order must not depend on the cell
		if n > most {
			p = clip.Polygon(around, orb.Clone(p).(orb.Polygon))
		}
		poly := c.whole(p)
		if poly == nil {
			continue
		}
		if n > most {
			l.campus = false
		} else if l.ragged {
			c.ragged(poly)
		}
		c.areas = append(c.areas, area{l, poly, size})
	}
}

// ragged moves corners a little: no lawn ends exactly where a map says.
func (c *cell) ragged(p plan.Poly) {
	for i, q := range p {
		d := c.diceAt(q, 40)
		p[i] = plan.Pt{X: q.X + d.between(-1.6, 1.6)*c.k, Y: q.Y + d.between(-1.6, 1.6)*c.k}
	}
}

// ground paints the areas, the wide before the narrow.
func (c *cell) ground(ctx context.Context) error {
	slices.SortStableFunc(c.areas, func(a, b area) int {
		return cmp.Or(cmp.Compare(a.look.rank, b.look.rank), cmp.Compare(b.size, a.size), cmp.Compare(a.poly[0].X, b.poly[0].X), cmp.Compare(a.poly[0].Y, b.poly[0].Y))
	})
	for k := range c.areas {
		a := &c.areas[k]
		d := c.diceAt(a.poly[0], 41)
		if a.look.pier {
			c.pier(a.poly)
			continue
		}
		c.surface(a.look.mat, a.poly, d.tone())
		if c.near {
			c.cover.mark(a.poly, a.look.cover)
			if err := c.fill(ctx, a, &d); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill puts on a patch of ground what belongs there.
func (c *cell) fill(ctx context.Context, a *area, d *dice) error {
	switch {
	case a.look.campus:
		return c.campus(ctx, a)
	case a.look.what == "oval":
		c.infield(a.poly)
		return nil
	case a.look.what == "parking":
		aisles, err := c.hasAisles(ctx, a.poly)
		if aisles || err != nil {
			return err
		}
	}
	if a.look.what != "" {
		c.furnish(a.look.what, a.poly, d.seed)
	}
	return nil
}

// surface adds a patch of ground, in the far plan as what it blurs into.
func (c *cell) surface(m plan.Mat, p plan.Poly, tone uint8) {
	if p = cut(p); len(p) < 3 {
		return
	}
	if !c.near {
		fill, place := blurOf(m)
		c.Pieces = append(c.Pieces, plan.Piece{Poly: p, Box: plan.BoxOf(p), Fill: fill, Place: place})
		return
	}
	c.Surfaces = append(c.Surfaces, plan.Surface{Poly: p, Box: plan.BoxOf(p), Mat: m, Tone: tone, Dir: plan.Pt{X: 1}})
}

// furnish has the town's planner put something on a piece of ground. It is asked in the coordinates of the ground's own cell, so
// that two cells that share the ground get the same.
func (c *cell) furnish(what string, p plan.Poly, seed uint64) {
	ox, oy := math.Floor(p[0].X/plan.CellSize)*plan.CellSize, math.Floor(p[0].Y/plan.CellSize)*plan.CellSize
	move := func(pts []plan.Pt, dx, dy float64) []plan.Pt {
		out := make([]plan.Pt, len(pts))
		for i, q := range pts {
			out[i] = plan.Pt{X: q.X + dx, Y: q.Y + dy}
		}
		return out
	}
	made := plan.Furnish(what, move(p, -ox, -oy), seed)
	for _, s := range made.Surfaces {
		if s.Poly = cut(move(s.Poly, ox, oy)); len(s.Poly) > 2 {
			s.Box = plan.BoxOf(s.Poly)
			c.Surfaces = append(c.Surfaces, s)
			c.cover.mark(s.Poly, hard)
		}
	}
	for _, l := range made.Lines {
		for _, part := range c.below(cutLine(move(l.Pts, ox, oy)), 0) {
			c.stroke(l.Kind, l.Width, part.pts)
		}
	}
	for _, b := range made.Details {
		b.Poly = move(b.Poly, ox, oy)
		if b.Box = plan.BoxOf(b.Poly); inSquare(plan.Pt{X: b.Box.X0, Y: b.Box.Y0}) {
			c.Details = append(c.Details, b)
		}
	}
	for _, k := range made.Cars {
		k.X, k.Y = k.X+float32(ox), k.Y+float32(oy)
		if at := (plan.Pt{X: float64(k.X), Y: float64(k.Y)}); inSquare(at) && (c.decks == nil || c.decks.at(at) != hard) {
			c.Cars = append(c.Cars, k)
		}
	}
}

func (c *cell) stroke(kind plan.LineKind, width float64, pts []plan.Pt) {
	c.Lines = append(c.Lines, plan.Line{Pts: pts, Box: plan.BoxOf(pts).Grow(width), Width: width, Kind: kind})
}

func inSquare(p plan.Pt) bool {
	return p.X >= square.X0 && p.Y >= square.Y0 && p.X < square.X1 && p.Y < square.Y1
}

// finish says how far the cell's things reach.
func (c *cell) finish() {
	b := square.Grow(16)
	for k := range c.Buildings {
		h := &c.Buildings[k]
		o := h.Box.Grow(h.Height)
		b = plan.Box{X0: min(b.X0, o.X0), Y0: min(b.Y0, o.Y0), X1: max(b.X1, o.X1), Y1: max(b.Y1, o.Y1)}
	}
	c.Bound = b
}
