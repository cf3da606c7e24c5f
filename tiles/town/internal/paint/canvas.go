// Package paint draws the made-up town as a satellite would see it, in the season, sun and sensor of its Look. A pixel depends
// on the ground around it, never on the picture it was asked in.
package paint

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// canvas is one picture being painted, in floating point until the end.
type canvas struct {
	raster
	look             *Look
	flora            flora
	x0, y0           int     // the picture's corner, in pixels from the world's
	ppm              float64 // pixels a metre
	rgb              []float32
	grain, mid, wide []float32 // noise for every pixel: sand, tufts, fields
	dx, dy           int64     // of the cell being painted, in units
	box              plan.Box  // the picture, in metres of the cell being painted
	buf              []point
	bare             float32 // the share of what is filled next that is worn down to the soil, in patches
}

// colour has channels of 0 to 255.
type colour struct{ r, g, b float32 }

func (c colour) times(k float32) colour { return colour{c.r * k, c.g * k, c.b * k} }

func (c colour) mix(o colour, t float32) colour {
	return colour{c.r + (o.r-c.r)*t, c.g + (o.g-c.g)*t, c.b + (o.b-c.b)*t}
}

// texture is a colour that varies: lightness with grain and mid, and towards another colour with wide and mid.
type texture struct {
	colour
	grain, mid float32
	other      colour
	shift      float32
}

func newCanvas(l *Look, x0, y0, w, h int, ppm float64) *canvas {
	c := &canvas{look: l, flora: floraOf(l.season), x0: x0, y0: y0, ppm: ppm, rgb: make([]float32, 3*w*h)}
	c.reset(w, h)
	c.makeNoise()
	return c
}

// enter moves to a cell's coordinates.
func (c *canvas) enter(i, j int) {
	size := plan.CellSize * c.ppm
	ox, oy := float64(i)*size-float64(c.x0), float64(j)*size-float64(c.y0)
	c.dx, c.dy = int64(ox)<<unitBits, int64(oy)<<unitBits
	// A pixel more on each side: rounding may move an edge across the picture's.
	c.box = plan.Box{X0: -ox / c.ppm, Y0: -oy / c.ppm, X1: (float64(c.w) - ox) / c.ppm, Y1: (float64(c.h) - oy) / c.ppm}.Grow(1 / c.ppm)
}

func (c *canvas) to(p plan.Pt) point {
	k := c.ppm * unit
	return point{int64(math.Round(p.X*k)) + c.dx, int64(math.Round(p.Y*k)) + c.dy}
}

// shape adds an outline to what is filled next.
func (c *canvas) shape(pts []plan.Pt) { c.shifted(pts, plan.Pt{}) }

func (c *canvas) shifted(pts []plan.Pt, by plan.Pt) {
	c.buf = c.buf[:0]
	for _, p := range pts {
		c.buf = append(c.buf, c.to(plan.Pt{X: p.X + by.X, Y: p.Y + by.Y}))
	}
	c.polygon(c.buf)
}

// stroke adds a strip along a line, round at its bends.
func (c *canvas) stroke(pts []plan.Pt, width float64, by plan.Pt) {
	half := width / 2
	for i := 1; i < len(pts); i++ {
		a, b := pts[i-1], pts[i]
		a.X, a.Y, b.X, b.Y = a.X+by.X, a.Y+by.Y, b.X+by.X, b.Y+by.Y
		l := math.Hypot(b.X-a.X, b.Y-a.Y)
		if l == 0 {
			continue
		}
		nx, ny := -(b.Y-a.Y)/l*half, (b.X-a.X)/l*half
		c.shape([]plan.Pt{{X: a.X - nx, Y: a.Y - ny}, {X: b.X - nx, Y: b.Y - ny}, {X: b.X + nx, Y: b.Y + ny}, {X: a.X + nx, Y: a.Y + ny}})
		if i > 1 && half*c.ppm > 0.7 {
			c.disc(a, half)
		}
	}
}

// disc adds a circle.
func (c *canvas) disc(at plan.Pt, r float64) {
	n := 8
	switch {
	case r*c.ppm > 5:
		n = 14
	case r*c.ppm < 0.8:
		n = 5
	}
	pts := make([]plan.Pt, n)
	for i := range pts {
		s, k := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		pts[i] = plan.Pt{X: at.X + r*k, Y: at.Y + r*s}
	}
	c.shape(pts)
}

func (c *canvas) blend(at int, o colour, t float32) {
	p := c.rgb[3*at : 3*at+3 : 3*at+3]
	p[0] += (o.r - p[0]) * t
	p[1] += (o.g - p[1]) * t
	p[2] += (o.b - p[2]) * t
}

// of is the texture's colour at a pixel.
func (t *texture) of(c *canvas, at int) colour {
	k := 1 + t.grain*c.grain[at] + t.mid*c.mid[at]
	m := max(0, min(1, t.shift*(0.5+0.45*c.wide[at]+0.35*c.mid[at])))
	if c.bare > 0 {
		return c.patched(t.colour.mix(t.other, m), at).times(k)
	}
	return colour{(t.r + (t.other.r-t.r)*m) * k, (t.g + (t.other.g-t.g)*m) * k, (t.b + (t.other.b-t.b)*m) * k}
}

// fill paints the shapes added since the last fill.
func (c *canvas) fill(t texture, opacity float32) {
	c.sweep(func(x, y int, coverage float32) {
		at := y*c.w + x
		c.blend(at, t.of(c, at), coverage*opacity)
	})
}

// shade darkens what lies below the shapes, and makes it bluer: the sky still lights it.
func (c *canvas) shade(depth float32) {
	depth *= c.look.depth
	c.sweep(func(x, y int, coverage float32) { c.darken(y*c.w+x, coverage*depth) })
}

func (c *canvas) darken(at int, k float32) {
	p := c.rgb[3*at:]
	p[0] *= 1 - k*c.look.core.r
	p[1] *= 1 - k*c.look.core.g
	p[2] *= 1 - k*c.look.core.b
}

// shadeSoftly is shade with edges that run out.
func (c *canvas) shadeSoftly() {
	kernel := gaussian(c.look.soft * c.ppm)
	if kernel == nil {
		c.shade(1)
		return
	}
	mask := make([]float32, c.w*c.h)
	c.sweep(func(x, y int, coverage float32) { mask[y*c.w+x] = coverage })
	smooth(mask, c.w, c.h, 1, kernel)
	for at, k := range mask {
		if k > 0 {
			c.darken(at, k*c.look.depth)
		}
	}
}

// fall is where the shadow of a point so high falls, in metres from it.
func (c *canvas) fall(height float64) plan.Pt {
	return plan.Pt{X: c.look.x * height * c.look.length, Y: c.look.y * height * c.look.length}
}

// beside is so many metres away from the sun.
func (c *canvas) beside(metres float64) plan.Pt {
	return plan.Pt{X: c.look.x * metres, Y: c.look.y * metres}
}

func (c *canvas) sees(b plan.Box) bool { return b.Meets(c.box) }

func clamp(v float32) uint8 { return uint8(max(0, min(255, v+0.5))) }
