package paint

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

func roofColour(b *plan.Building) colour {
	c := [...]colour{
		plan.TileRed: {146, 92, 76}, plan.TileBrown: {122, 96, 80}, plan.Slate: {104, 106, 114}, plan.Grey: {142, 141, 138},
		plan.Light: {188, 186, 180}, plan.White: {214, 213, 208}, plan.Beige: {184, 170, 146}, plan.Blue: {96, 124, 154},
		plan.Green: {104, 130, 112}, plan.Copper: {118, 156, 140}, plan.Gold: {186, 150, 76}, plan.Dark: {86, 84, 84},
		plan.Rust: {142, 92, 72}, plan.Orange: {202, 122, 66},
	}[b.Paint]
	k := float32(b.Tone)/255 - 0.5
	return colour{c.r * (1 + 0.22*k), c.g * (1 + 0.2*k), c.b * (1 + 0.17*k)}
}

// roofed is a roof's colour with what lies on it: snow slides off some and stays on others.
func (c *canvas) roofed(b *plan.Building) colour {
	col := c.roofColour(b)
	if c.flora.snow == 0 || b.Roof == plan.Glass {
		return col
	}
	return col.mix(snowWhite(), c.flora.snow*(0.45+0.5*float32(b.Tone%64)/64))
}

// roof paints a building from above.
func (c *canvas) roof(b *plan.Building) {
	if len(b.Parts) > 0 {
		for k := range b.Parts {
			c.walls(&b.Parts[k])
			c.roof(&b.Parts[k])
		}
		return
	}
	col := c.roofed(b)
	if c.leans(b) {
		b = c.lifted(b, b.Height)
	}
	switch {
	case c.look.hard && c.ppm < 0.3 && len(b.Poly) == 4: // a slope is a pixel or two
		c.shape(b.Poly)
		c.fill(texture{col.times(0.94), 0.1, 0.1, colour{}, 0}, 1)
	case b.Roof == plan.Gable && len(b.Poly) == 4:
		c.gable(b.Poly, col, 0)
	case b.Roof == plan.Hip && len(b.Poly) == 4:
		c.gable(b.Poly, col, 0.5)
	case b.Roof == plan.Saw && len(b.Poly) == 4:
		c.saw(b.Poly, col)
	case b.Roof == plan.Dome:
		c.dome(b.Poly, col)
	case b.Roof == plan.Glass:
		c.shape(b.Poly)
		c.fill(texture{colour{112, 138, 152}, 0.1, 0.08, colour{150, 172, 182}, 0.7}, 1)
	default:
		c.flat(b, col)
	}
}

// leans says whether a building's roof is seen beside its ground by a pixel's third or more.
func (c *canvas) leans(b *plan.Building) bool {
	return math.Hypot(c.look.leanX, c.look.leanY)*b.Height*c.ppm > 0.3
}

// lifted is a building's roof where a camera off to the side sees it.
func (c *canvas) lifted(b *plan.Building, height float64) *plan.Building {
	up := *b
	up.Poly = make(plan.Poly, len(b.Poly))
	for k, p := range b.Poly {
		up.Poly[k] = plan.Pt{X: p.X + c.look.leanX*height, Y: p.Y + c.look.leanY*height}
	}
	up.Box = plan.BoxOf(up.Poly)
	return &up
}

// walls paints the sides that show below a roof that leans, the sunny ones lighter.
func (c *canvas) walls(b *plan.Building) {
	if b.Roof == plan.Open || len(b.Parts) > 0 || !c.leans(b) {
		return
	}
	up := c.lifted(b, b.Height)
	wall := c.roofColour(b).mix(colour{176, 168, 154}, 0.65)
	for k, p := range b.Poly {
		q := b.Poly[(k+1)%len(b.Poly)]
		c.shape([]plan.Pt{p, q, up.Poly[(k+1)%len(b.Poly)], up.Poly[k]})
		c.fill(texture{wall.times(0.8 - 0.3*c.facing(p, q)), 0.08, 0.05, colour{}, 0}, 1)
	}
}

// flat has a rim that stands up all around, seen when near enough.
func (c *canvas) flat(b *plan.Building, col colour) {
	c.clad(b, col)
	if c.ppm < 0.9 || b.Roof == plan.Open || b.Box.X1-b.Box.X0 < 5 {
		return
	}
	for i, p := range b.Poly {
		q := b.Poly[(i+1)%len(b.Poly)]
		// The rim on the sunny side throws a shadow onto the roof.
		if c.facing(p, q) > 0.15 {
			c.stroke([]plan.Pt{p, q}, 2.6, c.beside(0.5))
		}
	}
	c.clipTo(b.Poly, func(at int, t float32) { c.blend(at, col.times(0.62), t*0.6) })
	for i, p := range b.Poly {
		c.stroke([]plan.Pt{p, b.Poly[(i+1)%len(b.Poly)]}, 0.8, plan.Pt{})
	}
	c.clipTo(b.Poly, func(at int, t float32) { c.blend(at, col.times(1.1), t*0.8) })
}

// clipTo yields the shapes added so far where they lie in an outline.
func (c *canvas) clipTo(p plan.Poly, do func(at int, t float32)) {
	k := plan.Pt{X: -float64(c.dx) / unit, Y: -float64(c.dy) / unit}
	c.sweep(func(x, y int, coverage float32) {
		if p.Contains(plan.Pt{X: (float64(x) + 0.5 + k.X) / c.ppm, Y: (float64(y) + 0.5 + k.Y) / c.ppm}) {
			do(y*c.w+x, coverage)
		}
	})
}

// facing is how much the outside of an edge of a clockwise outline looks at the sun, from -1 to 1.
func (c *canvas) facing(a, b plan.Pt) float32 {
	dx, dy := b.X-a.X, b.Y-a.Y
	l := math.Hypot(dx, dy)
	if l == 0 {
		return 0
	}
	return float32((-dy*c.look.x + dx*c.look.y) / l)
}

func mid(a, b plan.Pt, t float64) plan.Pt {
	return plan.Pt{X: a.X + (b.X-a.X)*t, Y: a.Y + (b.Y-a.Y)*t}
}

// gable paints two slopes, and with a hip the two ends as well: hip is how far, in half depths, the ridge stops short.
func (c *canvas) gable(p plan.Poly, col colour, hip float64) {
	r0, r1 := mid(p[3], p[0], 0.5), mid(p[1], p[2], 0.5)
	long, deep := math.Hypot(r1.X-r0.X, r1.Y-r0.Y), math.Hypot(p[3].X-p[0].X, p[3].Y-p[0].Y)
	if hip > 0 && long > 0 {
		t := math.Min(0.46, hip*deep/long)
		r0, r1 = mid(r0, r1, t), mid(r0, r1, 1-t)
		c.slope(col, p[3], p[0], r0)
		c.slope(col, p[1], p[2], r1)
	}
	c.slope(col, p[0], p[1], r1, r0)
	c.slope(col, p[2], p[3], r0, r1)
	if c.ppm > 1.4 {
		c.stroke([]plan.Pt{r0, r1}, 0.45, plan.Pt{})
		c.fill(texture{col.times(1.12), 0.05, 0, colour{}, 0}, 0.5)
	}
}

// slope paints one side of a roof, whose eaves are its first edge: tiles lie in courses along it.
func (c *canvas) slope(col colour, pts ...plan.Pt) {
	c.shape(pts)
	lit := col.times(1 + 0.22*c.look.relief*c.facing(pts[0], pts[1]))
	t := texture{lit, 0.075, 0.06, lit.times(0.86), 0.6}
	if c.look.hard {
		c.stained(t, pts)
		return
	}
	if c.ppm < 3 {
		c.fill(t, 1)
		return
	}
	dx, dy := pts[1].X-pts[0].X, pts[1].Y-pts[0].Y
	l := math.Hypot(dx, dy)
	const course = 0.75
	k := 2 * math.Pi / course / c.ppm / math.Max(l, 1e-9)
	ox, oy := float64(c.dx>>unitBits), float64(c.dy>>unitBits)
	c.sweep(func(x, y int, coverage float32) {
		at := y*c.w + x
		wave := float32(math.Sin(((float64(y)-oy)*dx - (float64(x)-ox)*dy) * k))
		c.blend(at, t.of(c, at).times(1+0.035*wave), coverage)
	})
}

// saw is a factory's roof: slopes towards the sun, glass away from it.
func (c *canvas) saw(p plan.Poly, col colour) {
	long := math.Hypot(p[1].X-p[0].X, p[1].Y-p[0].Y)
	n := math.Max(2, math.Round(long/9))
	for k := 0.0; k < n; k++ {
		a, b, e := k/n, (k+0.68)/n, (k+1)/n
		c.slope(col, mid(p[0], p[1], a), mid(p[0], p[1], b), mid(p[3], p[2], b), mid(p[3], p[2], a))
		c.slope(col.times(0.62), mid(p[0], p[1], b), mid(p[0], p[1], e), mid(p[3], p[2], e), mid(p[3], p[2], b))
	}
}

// dome shades a round roof as a ball.
func (c *canvas) dome(p plan.Poly, col colour) {
	c.shape(p)
	var centre plan.Pt
	for _, q := range p {
		centre.X, centre.Y = centre.X+q.X/float64(len(p)), centre.Y+q.Y/float64(len(p))
	}
	r := float32(math.Hypot(p[0].X-centre.X, p[0].Y-centre.Y)*c.ppm) + 0.5
	at := c.to(centre)
	sx, sy := float32(c.look.x), float32(c.look.y)
	c.sweep(func(x, y int, coverage float32) {
		dx := float32(int64(x)<<unitBits+unit/2-at.x) / unit / r
		dy := float32(int64(y)<<unitBits+unit/2-at.y) / unit / r
		light := -(dx*sx + dy*sy)
		c.blend(y*c.w+x, col.times(1+0.42*light), coverage)
	})
}
