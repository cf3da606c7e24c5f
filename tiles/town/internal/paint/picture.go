package paint

import (
	"image"
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// nearest is how many pixels a metre must have for houses, trees and cars to be drawn one by one: zoom 14.
const nearest = 0.125

// small is how many pixels a metre must have for cars, for what stands on roofs and for paint on the ground to show.
const small = 0.45

// Ground is where a picture's cells come from: those that matter to a rectangle, in an order that does not depend on it.
type Ground interface {
	Layouts(plan.Box) []plan.Cell[*plan.Layout]
	Contents(plan.Box) []plan.Cell[*plan.Content]
}

// Detailed says whether a picture of a zoom and scale takes its Ground's contents, or its layouts only.
func Detailed(z, scale int) bool { return math.Ldexp(float64(scale), z-17) >= nearest }

// Picture is the ground as seen from above: w×h pixels of zoom z, each scale×scale, from pixel (x, y) of the world on. Past
// the world's edges it goes on at the other side.
func Picture(p Ground, l *Look, z, x, y, w, h, scale int) *image.RGBA {
	if times := l.enlarges(z, scale); times > 1 {
		return enlarged(p, l, x*scale, y*scale, w*scale, h*scale, times)
	}
	ppm := math.Ldexp(float64(scale), z-17)
	f := l.frame(x*scale, y*scale, w*scale, h*scale, ppm)
	c := newCanvas(l, f.outer.Min.X, f.outer.Min.Y, f.outer.Dx(), f.outer.Dy(), ppm)
	b := plan.Box{
		X0: float64(c.x0) / ppm, Y0: float64(c.y0) / ppm, X1: float64(c.x0+c.w) / ppm, Y1: float64(c.y0+c.h) / ppm,
	}.Grow(l.Reach(tallest))
	c.base()
	if ppm < nearest {
		c.far(p.Layouts(b))
		return c.finish(f)
	}
	contents := p.Contents(b)
	layouts := make([]plan.Cell[*plan.Layout], len(contents))
	for k, cell := range contents {
		layouts[k] = plan.Cell[*plan.Layout]{I: cell.I, J: cell.J, Plan: cell.Plan.Layout}
	}
	eachCell(c, contents, func(k *plan.Content) []plan.Surface { return k.Surfaces }, func(s *plan.Surface) {
		if c.sees(s.Box) {
			c.surface(s)
		}
	})
	c.water(layouts)
	c.streets(layouts)
	c.lines(contents, plan.Trail, plan.Yellow)
	if l.hard { // in the shade cars are dark too
		c.carShadows(contents)
		c.shade(1)
		c.cars(contents)
	}
	c.shadows(contents)
	if !l.hard {
		c.cars(contents)
	}
	c.lines(contents, plan.Fence, plan.Hedge)
	c.roofs(contents)
	eachCell(c, contents, func(k *plan.Content) []plan.Tree { return k.Trees }, func(t *plan.Tree) {
		if r := float64(t.R)*1.7 + 1; c.sees(around(t.X, t.Y, r+2/ppm)) {
			c.tree(t)
		}
	})
	return c.finish(f)
}

// casts is how far a shadow may reach from what is so high, at least the height.
func (c *canvas) casts(height float64) float64 { return height * math.Max(1, c.look.length) }

// ofLine is the season's texture of a kind of line.
func (c *canvas) ofLine(k plan.LineKind) texture {
	t := lineTexture(k)
	if k == plan.Hedge {
		t = c.season(t, 0.5)
	}
	return t
}

func around(x, y float32, r float64) plan.Box {
	return plan.Box{X0: float64(x) - r, Y0: float64(y) - r, X1: float64(x) + r, Y1: float64(y) + r}
}

// eachCell goes through one kind of things, cell by cell.
func eachCell[T any](c *canvas, cells []plan.Cell[*plan.Content], list func(*plan.Content) []T, do func(*T)) {
	for _, cell := range cells {
		c.enter(cell.I, cell.J)
		things := list(cell.Plan)
		for k := range things {
			do(&things[k])
		}
	}
}

// thin is the width in pixels up to which a line is not worth its time.
const thin = 0.06

func (c *canvas) lines(cells []plan.Cell[*plan.Content], from, to plan.LineKind) {
	list := func(k *plan.Content) []plan.Line { return k.Lines }
	if from >= plan.Fence && c.ppm > 2*nearest { // farther off their shadows are a tenth of a pixel wide
		eachCell(c, cells, list, func(l *plan.Line) {
			if l.Kind >= from && l.Kind <= to && l.Width*c.ppm > thin && c.sees(l.Box.Grow(3)) {
				c.stroke(l.Pts, l.Width, c.beside(0.9))
			}
		})
		c.shade(0.8)
	}
	for kind := from; kind <= to; kind++ {
		if kind == plan.Mark && c.ppm < small {
			continue
		}
		eachCell(c, cells, list, func(l *plan.Line) {
			if l.Kind == kind && l.Width*c.ppm > thin && c.sees(l.Box) {
				c.stroke(l.Pts, l.Width, plan.Pt{})
			}
		})
		c.fill(c.ofLine(kind), 0.95)
	}
}

func (c *canvas) shadows(cells []plan.Cell[*plan.Content]) {
	eachCell(c, cells, func(k *plan.Content) []plan.Building { return k.Buildings }, func(b *plan.Building) {
		if c.sees(b.Box.Grow(c.casts(b.Height))) {
			c.cast(b)
		}
	})
	eachCell(c, cells, func(k *plan.Content) []plan.Tree { return k.Trees }, func(t *plan.Tree) {
		if c.sees(around(t.X, t.Y, c.casts(2.2*float64(t.R))+1)) {
			c.castTree(t)
		}
	})
	if c.ppm < small {
		c.shadeSoftly()
		return
	}
	eachCell(c, cells, func(k *plan.Content) []plan.Building { return k.Details }, func(b *plan.Building) {
		if c.sees(b.Box.Grow(c.casts(b.Height))) {
			c.castBuilding(b.Poly, b.Height)
		}
	})
	if !c.look.hard {
		c.carShadows(cells)
	}
	c.shadeSoftly()
}

func (c *canvas) carShadows(cells []plan.Cell[*plan.Content]) {
	if c.ppm < small {
		return
	}
	eachCell(c, cells, func(k *plan.Content) []plan.Car { return k.Cars }, func(k *plan.Car) {
		if c.sees(around(k.X, k.Y, float64(k.Length)+2)) {
			c.shifted(carBox(k, -0.5, 0.5, 1), c.beside(0.8))
		}
	})
}

func (c *canvas) cars(cells []plan.Cell[*plan.Content]) {
	if c.ppm < small {
		return
	}
	eachCell(c, cells, func(k *plan.Content) []plan.Car { return k.Cars }, func(k *plan.Car) {
		if c.sees(around(k.X, k.Y, float64(k.Length))) {
			c.car(k)
		}
	})
}

// roofs paints buildings, then, over a shadow of their own, what stands on them.
func (c *canvas) roofs(cells []plan.Cell[*plan.Content]) {
	lean := math.Hypot(c.look.leanX, c.look.leanY)
	paint := func(from, below float64) {
		eachCell(c, cells, func(k *plan.Content) []plan.Building { return k.Buildings }, func(b *plan.Building) {
			if b.Height >= from && b.Height < below && c.sees(b.Box.Grow(lean*b.Height)) {
				c.walls(b)
				c.roof(b)
			}
		})
	}
	if c.look.hard {
		paint(0, low)
		c.shadowsOnRoofs(cells)
		paint(low, math.Inf(1))
	} else {
		paint(math.Inf(-1), math.Inf(1))
	}
	if c.ppm < small {
		return
	}
	details := func(do func(*plan.Building)) {
		for _, cell := range cells {
			c.enter(cell.I, cell.J)
			for k := range cell.Plan.Details {
				b := &cell.Plan.Details[k]
				if !c.sees(b.Box.Grow(c.casts(b.Height) + lean*highest)) {
					continue
				}
				if base := c.below(b, cell.Plan.Buildings); base != nil {
					b = c.lifted(b, base.Height)
				}
				do(b)
			}
		}
	}
	details(func(b *plan.Building) { c.castBuilding(b.Poly, b.Height) })
	c.shade(0.7)
	details(func(b *plan.Building) { c.roof(b) })
}

// below is the building on whose roof something stands, where that roof is seen off its ground; else nil.
func (c *canvas) below(b *plan.Building, buildings []plan.Building) *plan.Building {
	at := plan.Pt{X: (b.Box.X0 + b.Box.X1) / 2, Y: (b.Box.Y0 + b.Box.Y1) / 2}
	for k := range buildings {
		if h := &buildings[k]; c.leans(h) && h.Box.Meets(b.Box) && h.Poly.Contains(at) {
			return h
		}
	}
	return nil
}

// far paints pieces of ground in the colours that their houses and gardens blur into.
func (c *canvas) far(cells []plan.Cell[*plan.Layout]) {
	for _, cell := range cells {
		c.enter(cell.I, cell.J)
		for k := range cell.Plan.Pieces {
			piece := &cell.Plan.Pieces[k]
			if !c.sees(piece.Box) {
				continue
			}
			class := ""
			if piece.Place >= 0 {
				class = cell.Plan.Places[piece.Place].Class
			}
			c.shape(piece.Poly)
			c.fill(c.season(blur(piece, class), 1), 1)
		}
	}
	c.water(cells)
	for _, cell := range cells {
		c.enter(cell.I, cell.J)
		for k := range cell.Plan.Streets {
			// Side streets hide below trees and are what the eye makes of the rest.
			if s := &cell.Plan.Streets[k]; s.Width > 8.5 && c.sees(s.Box.Grow(s.Width)) {
				c.stroke(s.Line, s.Width+s.Walk, plan.Pt{})
			}
		}
	}
	c.fill(texture{colour{122, 120, 116}, 0.06, 0, colour{}, 0}, 0.75)
}

func blur(p *plan.Piece, class string) texture {
	switch class {
	case "":
	case "park", "cemetery", "sports_pitch", "playground", "nursing_home":
		return texture{colour{74, 92, 54}, 0.2, 0, colour{90, 100, 64}, 0.7}
	case "school", "kindergarten", "university", "sports_centre", "hospital", "church":
		return texture{colour{98, 106, 80}, 0.3, 0, colour{108, 106, 86}, 0.7}
	case "farm", "construction":
		return texture{colour{134, 118, 94}, 0.2, 0, colour{122, 112, 84}, 0.7}
	default:
		return texture{colour{126, 126, 122}, 0.3, 0, colour{116, 116, 114}, 0.7}
	}
	switch p.Fill {
	case plan.Fields:
		k := cropColour(uint8(p.Poly[0].X*13 + p.Poly[1].Y*7))
		return texture{k, 0.07, 0, k.times(0.86), 0.8}
	case plan.Woods:
		return texture{colour{52, 66, 40}, 0.22, 0, colour{62, 74, 46}, 0.6}
	case plan.Waterside:
		return texture{colour{80, 94, 56}, 0.25, 0, colour{96, 100, 66}, 0.6}
	case plan.Houses:
		return texture{colour{86, 92, 66}, 0.4, 0, colour{102, 92, 74}, 0.8}
	case plan.Flats:
		return texture{colour{92, 98, 78}, 0.4, 0, colour{108, 108, 94}, 0.8}
	case plan.Halls:
		return texture{colour{124, 124, 122}, 0.3, 0, colour{114, 112, 110}, 0.7}
	}
	return texture{colour{110, 104, 94}, 0.38, 0, colour{118, 104, 92}, 0.8}
}
