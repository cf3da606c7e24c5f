package paint

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// cover is what a flat roof is covered with: sheets or slabs in rows along its walls, each a little other than its
// neighbours, seen from far; seams, ribs, puddles and rust seen from near.
type cover struct {
	row, sheet float64 // of the sheets, in metres: across the ribs and along them
	differ     float32 // how much sheets differ
	rib        float64 // metres from one to the next; 0 for none
	stain      colour
	stained    float32 // the share of noise above which the stain shows, the lower the more
}

func coverOf(b *plan.Building, size float64) cover {
	metal := false
	switch b.Paint {
	case plan.Blue, plan.Green, plan.Rust, plan.Orange, plan.TileRed, plan.TileBrown:
		metal = true
	case plan.White, plan.Light, plan.Grey:
		metal = size > 900 && b.Tone%3 != 0
	}
	if metal {
		return cover{row: 5 + float64(b.Tone%4), sheet: 12 + float64(b.Tone%9), differ: 0.07, rib: 0.9, stain: colour{120, 92, 74}, stained: 0.42}
	}
	return cover{row: 4 + float64(b.Tone%5), sheet: 5 + float64(b.Tone%7), differ: 0.035, stain: colour{92, 88, 82}, stained: 0.24}
}

// clad fills a flat roof.
func (c *canvas) clad(b *plan.Building, col colour) {
	c.shape(b.Poly)
	base := texture{col, 0.045, 0.07, col.times(0.86), 0.7}
	size := (b.Box.X1 - b.Box.X0) * (b.Box.Y1 - b.Box.Y0)
	if c.look.hard && b.Roof == plan.Open {
		c.stained(base, b.Poly)
		return
	}
	if size < 50 || b.Roof == plan.Open {
		c.fill(base, 1)
		return
	}
	v := coverOf(b, size)
	if c.look.hard {
		v.weather(b)
	}
	near := c.ppm > 2.5
	c.along(b.Poly, func(at int, s, t float64, coverage float32) {
		row := math.Floor(t / v.row)
		sheet := math.Floor(s/v.sheet + 0.37*row)
		shade := 1 + v.differ*signed(plan.Hash(uint64(b.Tone), 12, int(row), int(sheet)))
		if near && v.rib > 0 {
			shade += 0.05 * float32(math.Sin(s*2*math.Pi/v.rib))
		} else if near && t-row*v.row < 0.22 {
			shade -= 0.07
		}
		k := base.of(c, at).times(shade)
		if wet := c.mid[at] + 0.3*c.grain[at] - v.stained; wet > 0 {
			k = k.mix(v.stain, min(0.32, 1.6*wet))
		}
		c.blend(at, k, coverage)
	})
}

// along fills the shapes added so far pixel by pixel, each with its metres along an outline's longest walls and across, from
// the outline's first corner, which all pictures agree on.
func (c *canvas) along(p plan.Poly, pixel func(at int, s, t float64, coverage float32)) {
	u := p.Axis()
	ox, oy := p[0].X+float64(c.dx>>unitBits)/c.ppm, p[0].Y+float64(c.dy>>unitBits)/c.ppm
	c.sweep(func(x, y int, coverage float32) {
		px, py := (float64(x)+0.5)/c.ppm-ox, (float64(y)+0.5)/c.ppm-oy
		pixel(y*c.w+x, px*u.X+py*u.Y, py*u.X-px*u.Y, coverage)
	})
}

// worn fills hard ground: asphalt that was laid and mended in strips, or slabs.
func (c *canvas) worn(p plan.Poly, t texture, asphalt bool) {
	if c.ppm < 0.9 {
		c.fill(t, 1)
		return
	}
	long, wide, differ := 6.0, 4.5, float32(0.035)
	if asphalt {
		long, wide, differ = 17, 3.6, 0.05
	}
	near := c.ppm > 2.5
	c.along(p, func(at int, s, across float64, coverage float32) {
		row := math.Floor(across / wide)
		along := s/long + 0.31*row
		h := plan.Hash(uint64(wide*10), 13, int(row), int(math.Floor(along)))
		shade := 1 + differ*signed(h)
		switch {
		case asphalt && h&15 == 0:
			shade -= 0.09 // mended of late
		case near && !asphalt && (across-row*wide < 0.2 || (along-math.Floor(along))*long < 0.2):
			shade -= 0.06
		}
		c.blend(at, t.of(c, at).times(shade), coverage)
	})
}
