package drawn

import (
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// Limits in the plan's metres: a larger building is cut at cells, a taller one throws no longer shadow.
const (
	mostSpan   = 240
	mostHeight = 120
)

// squareDegrees is about a square metre, near enough to sort by.
const squareDegrees = 8e-11

// house is a building's outline with what is known of it.
type house struct {
	tags  map[string]string
	class string
	poly  plan.Poly
	size  float64 // square metres
	at    plan.Pt // by which it rolls its dice
}

// houses yields the parts of the buildings among elements.
func (c *cell) houses(elements []osm.Element, each func(h *house)) {
	for k := range elements {
		e := &elements[k]
		if e.Kind != carto.Building {
			continue
		}
		mp, _ := e.Geometry.(orb.MultiPolygon)
		for _, p := range mp {
			if poly := c.whole(p); poly != nil {
				if len(p) == 1 {
					poly = straight(poly)
				}
				each(&house{e.Tags, e.Class, poly, math.Abs(poly.Area()) / (c.k * c.k), poly[0]})
			}
		}
	}
}

// lots puts a yard around each building, along its walls: gardens behind small ones, hard ground around large ones.
func (c *cell) lots(elements []osm.Element) {
	c.houses(elements, func(h *house) {
		d := c.diceAt(h.at, 50)
		if h.size < 30 {
			return
		}
		u := h.poly.Axis()
		out := [2]float64{d.between(1, 3) * c.k, d.between(5, 11) * c.k}
		mat, rank := c.region.yards[d.below(len(c.region.yards))], 1
		if h.size > 500 || h.class != "" && h.class != "house" && h.class != "apartments" {
			out = [2]float64{d.between(3, 8) * c.k, d.between(3, 8) * c.k}
			mat, rank = [...]plan.Mat{plan.Concrete, plan.Paving, plan.Asphalt, plan.Lawn, plan.Concrete}[d.below(5)], 3
		}
		if d.roll() < 0.5 {
			out[0], out[1] = out[1], out[0]
		}
		lot := around(h.poly, u, out[0], out[1])
		l := look{mat: mat, rank: rank, cover: yard}
		if mat == plan.Concrete || mat == plan.Asphalt || mat == plan.Paving {
			l.cover = sparse
		}
		c.areas = append(c.areas, area{l, lot, h.size * squareDegrees})
	})
}

// around is the rectangle along an axis around an outline, grown by a along it and b across.
func around(p plan.Poly, u plan.Pt, a, b float64) plan.Poly {
	v := plan.Pt{X: -u.Y, Y: u.X}
	x0, x1, y0, y1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, q := range p {
		s, t := q.X*u.X+q.Y*u.Y, q.X*v.X+q.Y*v.Y
		x0, x1, y0, y1 = min(x0, s), max(x1, s), min(y0, t), max(y1, t)
	}
	at := func(s, t float64) plan.Pt { return plan.Pt{X: u.X*s + v.X*t, Y: u.Y*s + v.Y*t} }
	return plan.Poly{at(x0-a, y0-b), at(x1+a, y0-b), at(x1+a, y1+b), at(x0-a, y1+b)}
}

// buildings raises what stands in the cell.
func (c *cell) buildings(elements []osm.Element) {
	c.houses(elements, func(h *house) {
		if c.near {
			c.cover.mark(h.poly, hard)
		}
		b := plan.BoxOf(h.poly)
		if b.X1-b.X0 > mostSpan || b.Y1-b.Y0 > mostSpan {
			if h.poly = cut(h.poly); h.poly == nil {
				return
			}
		} else if !inSquare(plan.Pt{X: (b.X0 + b.X1) / 2, Y: (b.Y0 + b.Y1) / 2}) {
			return
		}
		if c.near {
			c.raise(h)
		} else if h.size > 80 {
			fill := plan.Terraces
			if h.size > 900 {
				fill = plan.Halls
			}
			c.Pieces = append(c.Pieces, plan.Piece{Poly: h.poly, Box: plan.BoxOf(h.poly), Fill: fill, Place: -1})
		}
	})
}

// raise puts a roof on a house.
func (c *cell) raise(h *house) {
	d := c.diceAt(h.at, 51)
	height, known := h.height(&d)
	height = min(mostHeight, height*c.k)
	roof := plan.Building{Poly: h.poly, Height: height, Roof: plan.Flat, Tone: d.tone(), Place: -1}
	roof.Paint = c.region.flat[d.below(len(c.region.flat))]
	tiled := c.region.tiles[d.below(len(c.region.tiles))]
	small := h.size < c.region.largest && (!known || height < 17*c.k)
	switch {
	case h.tags["building"] == "roof" || h.tags["building"] == "carport":
		roof.Roof = plan.Open
	case h.tags["roof:shape"] == "dome" && h.size < 900:
		roof.Roof, roof.Paint = plan.Dome, plan.Copper
	case h.tags["building"] == "greenhouse":
		roof.Roof = plan.Glass
	case h.tags["roof:shape"] != "flat" && (small && d.roll() < c.region.pitched || h.tags["roof:shape"] != "" && h.size < 900):
		roof.Paint = tiled
		c.pitch(roof, &d)
		return
	case c.region.halls && h.class != "industrial" && h.class != "warehouse" && d.roll() < 0.6:
		roof.Roof, roof.Paint = plan.Open, tiled
	case h.size > 1500:
		roof.Paint = [...]plan.Paint{plan.White, plan.Light, plan.Grey, plan.Light, plan.Beige}[d.below(5)]
	}
	c.building(roof)
	if roof.Roof == plan.Flat {
		c.plant(h, &d)
	}
}

func (c *cell) building(b plan.Building) {
	b.Box = plan.BoxOf(b.Poly)
	c.Buildings = append(c.Buildings, b)
}

// pitch is a roof with a ridge: over four corners the whole of it, over more the largest rectangle among wings that are lower.
func (c *cell) pitch(b plan.Building, d *dice) {
	b.Roof = plan.Gable
	if d.roll() < 0.45 {
		b.Roof = plan.Hip
	}
	if p := b.Poly; len(p) == 4 {
		if distance(p[0], p[1]) < distance(p[1], p[2]) {
			b.Poly = plan.Poly{p[1], p[2], p[3], p[0]}
		}
		c.building(b)
		return
	}
	base := b
	base.Roof = plan.Open
	c.building(base)
	const deepest = 24 // metres that one ridge spans
	if room := b.Poly.Room(); room != nil && room.Area() > 25*c.k*c.k && distance(room[1], room[2]) < deepest*c.k {
		b.Poly, b.Height = room, 0.5
		c.building(b)
	}
}

// plant puts air conditioners, shafts and skylights on a flat roof.
func (c *cell) plant(h *house, d *dice) {
	u := h.poly.Axis()
	v := plan.Pt{X: -u.Y, Y: u.X}
	b := plan.BoxOf(h.poly)
	for range min(18, int(h.size/190)+1) {
		at := plan.Pt{X: d.between(b.X0, b.X1), Y: d.between(b.Y0, b.Y1)}
		w, l := d.between(0.6, 1.9)*c.k, d.between(0.6, 1.5)*c.k
		if h.size > 700 && d.roll() < 0.25 {
			w, l = w*2.6, l*2
		}
		var p plan.Poly
		inside := true
		for _, s := range [4][2]float64{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
			corner := func(k float64) plan.Pt {
				return plan.Pt{X: at.X + u.X*s[0]*w*k + v.X*s[1]*l*k, Y: at.Y + u.Y*s[0]*w*k + v.Y*s[1]*l*k}
			}
			inside = inside && h.poly.Contains(corner(1.6))
			p = append(p, corner(1))
		}
		paint := [...]plan.Paint{plan.Light, plan.Grey, plan.White, plan.Dark}[d.below(4)]
		if tall := d.between(0.8, 2.4) * c.k; inside {
			c.Details = append(c.Details, plan.Building{Poly: p, Box: plan.BoxOf(p), Height: tall, Roof: plan.Flat, Paint: paint, Tone: d.tone(), Place: -1})
		}
	}
}

// pier is a deck on piles: the painter's water would cover a surface.
func (c *cell) pier(p plan.Poly) {
	if p = cut(p); p != nil && c.near {
		c.building(plan.Building{Poly: p, Height: 1.5, Roof: plan.Open, Paint: plan.Grey, Tone: 90, Place: -1})
	}
}

// height is a building's in metres, and whether the map knows it.
func (h *house) height(d *dice) (float64, bool) {
	if v, ok := number(h.tags["height"]); ok && v > 2 {
		return v, true
	}
	if v, ok := number(h.tags["building:levels"]); ok && v > 0 {
		return v*3.3 + 1, true
	}
	switch {
	case h.size < 40:
		return d.between(2.4, 3.2), false
	case h.size < 400:
		return d.between(5, 10), false
	case h.size < 2000:
		return d.between(7, 15), false
	}
	return d.between(8, 16), false
}

// number reads a height as OSM writes it: "12", "12.5 m", "7;9".
func number(s string) (float64, bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end < 0 {
		end = len(s)
	}
	v, err := strconv.ParseFloat(s[:end], 64)
	return v, err == nil && v < 900
}
