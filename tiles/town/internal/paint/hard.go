package paint

import (
	"fmt"
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// The looks that can be asked for by name.
const (
	Hard = "hard"
	Easy = "easy"

	LookHint = "docs/sources.md shows both looks"
)

// NamedLook is how a seed's pictures look; an empty name is Hard's.
func NamedLook(name string, seed uint64) (*Look, error) {
	switch name {
	case "", Hard:
		return HardLook(seed), nil
	case Easy:
		return LookOf(seed), nil
	}
	return nil, fmt.Errorf(`no look %q: use "hard" or "easy"`, name)
}

// HardLook is the look that a seed decides where pictures are to be as hard as the world's: a low sun with nearly black shadows,
// weathered roofs, worn ground, and sensors from good to poor. docs/sources.md has its statistics beside real ground's.
func HardLook(seed uint64) *Look {
	l := clearLook()
	n := 0
	unit := func() float64 {
		n++
		return float64(plan.Hash(seed, 4101, n, 0)>>11) / (1 << 53)
	}
	between := func(low, high float64) float64 { return low + (high-low)*unit() }
	l.hard = true
	l.season = [10]Season{Summer, Summer, Summer, Summer, Spring, Autumn, Winter, Dry, Dry, Dry}[int(10*unit())]

	azimuth := between(-70, 70) * math.Pi / 180
	elevation := between(27, 56)
	l.x, l.y = math.Sin(azimuth), math.Cos(azimuth)
	if unit() < 0.5 {
		l.y = -l.y
	}
	l.length = 1 / math.Tan(elevation*math.Pi/180)
	l.relief = 1.1 + 0.4*float32(l.length)
	hazy := float32(math.Pow(unit(), 3))
	l.core = colour{0.8, 0.77, 0.7}
	l.depth, l.soft = 1-0.3*hazy, between(0, 0.35)

	l.grade(between)
	l.haze = colour{1, 2, 5}.mix(colour{44, 48, 54}, hazy)
	if unit() < 0.12 {
		l.saturation = 0 // panchromatic
	}
	l.soil, l.unpaved = colour{170, 146, 114}.mix(colour{188, 118, 78}, float32(unit())), unit() < 0.35
	l.spread, l.noise = between(0.05, 0.45), float32(math.Max(0, between(-1.5, 4)))
	if unit() < 0.75 {
		l.quality = int(between(40, 90))
	}
	l.coarse = [8]int{0, 0, 0, 0, 18, 18, 17, 16}[int(8*unit())]
	lean, towards := math.Max(0, between(-0.06, 0.28)), between(0, 2*math.Pi)
	l.leanX, l.leanY = lean*math.Cos(towards), lean*math.Sin(towards)
	return &l
}

// grade is what is made of the light: white balance, exposure, contrast and the curve of the tones.
func (l *Look) grade(between func(low, high float64) float64) {
	warm := float32(between(-0.06, 0.08))
	bright := float32(between(0.94, 1.18))
	l.gain = colour{bright * (1 + warm), bright * (1 + float32(between(-0.03, 0.02))), bright * (1 - warm)}
	l.saturation, l.contrast = float32(between(0.95, 1.5)), float32(between(0.95, 1.1))
	l.curve = newCurve(between(0.95, 1.45))
}

// curve is a table of tones, past white too: the sensor keeps some of what would burn out.
type curve [321]float32

func newCurve(gamma float64) *curve {
	c := new(curve)
	for i := range c {
		const knee = 0.7
		y := math.Pow(float64(i)/255, gamma)
		if y > knee {
			y = knee + (1-knee)*(1-math.Exp((knee-y)/(1-knee)))
		}
		c[i] = float32(255 * y)
	}
	return c
}

// at is what becomes of a tone.
func (c *curve) at(v float32) float32 {
	if c == nil {
		return v
	}
	v = max(0, min(319.99, v))
	i := int(v)
	return c[i] + (c[i+1]-c[i])*(v-float32(i))
}

// bareness is how much of a material is worn down to the soil.
func (l *Look) bareness(m plan.Mat) float32 {
	if !l.hard {
		return 0
	}
	dry := float32(0)
	if l.season == Dry || l.season == Winter {
		dry = 0.16
	}
	switch m {
	case plan.Meadow, plan.Lawn:
		return 0.3 + dry
	case plan.Garden:
		return 0.42 + dry
	case plan.Crop, plan.Turf:
		return 0.12 + dry
	}
	return 0
}

// patched is a colour with bare soil where the noise is high: pale where it is dry, reddish from one spot to the next.
func (c *canvas) patched(k colour, at int) colour {
	n := 0.5 + 0.45*c.mid[at] + 0.36*c.wide[at] + 0.06*c.grain[at] - (1 - c.bare)
	if n <= 0 {
		return k
	}
	soil := c.look.soil.mix(c.look.soil.times(1.12).mix(colour{196, 180, 152}, 0.5), max(0, min(1, 0.5+0.8*c.wide[at]-0.4*c.grain[at])))
	return k.mix(soil, min(1, 7*n))
}

// roofColour is a roof's colour, in the hard look of more and farther tones.
func (c *canvas) roofColour(b *plan.Building) colour {
	k := roofColour(b)
	if !c.look.hard {
		return k
	}
	// The corner spreads what a tone of 256 would not: neighbours of one paint differ.
	h := plan.Hash(uint64(b.Tone), 31, int(b.Box.X0*8), int(b.Box.Y0*8))
	switch h % 16 {
	case 0:
		k = colour{52, 50, 50} // fresh bitumen
	case 1:
		k = colour{236, 236, 232} // coated against heat
	case 2:
		k = colour{120, 72, 52} // rust
	case 3:
		k = colour{176, 178, 180} // bare sheet
	}
	grey := 0.3*k.r + 0.59*k.g + 0.11*k.b
	far := 0.9 + 0.25*signed(h<<8)
	return k.times(max(0.2, 1+far*(grey-128)/160)).times(1 + 0.16*signed(h<<24))
}

// weather makes a roof's sheets differ more and stains them sooner.
func (v *cover) weather(b *plan.Building) {
	v.differ *= 2.2
	v.stained -= 0.28 * float32(b.Tone%8) / 7
	if v.rib > 0 {
		v.stain = colour{112, 66, 44}
	} else {
		v.stain = colour{58, 55, 52}
	}
}

// stained fills a slope, with moss or rust where water stays.
func (c *canvas) stained(t texture, pts []plan.Pt) {
	stain := t.colour.times(0.62).mix(colour{70, 56, 44}, 0.4)
	dx, dy := pts[1].X-pts[0].X, pts[1].Y-pts[0].Y
	l := math.Hypot(dx, dy)
	k := 2 * math.Pi / 0.75 / c.ppm / math.Max(l, 1e-9)
	ox, oy := float64(c.dx>>unitBits), float64(c.dy>>unitBits)
	near := c.ppm >= 3
	c.sweep(func(x, y int, coverage float32) {
		at := y*c.w + x
		col := t.of(c, at)
		if wet := c.mid[at] + 0.4*c.grain[at] - 0.15; wet > 0 {
			col = col.mix(stain, min(0.6, 1.8*wet))
		}
		if near {
			col = col.times(1 + 0.05*float32(math.Sin(((float64(y)-oy)*dx-(float64(x)-ox)*dy)*k)))
		}
		c.blend(at, col, coverage)
	})
}

// low is the height in metres of roofs up to which higher neighbours throw their shadows onto them.
const low = 9

// shadowsOnRoofs darkens low roofs where higher buildings stand between them and the sun.
func (c *canvas) shadowsOnRoofs(cells []plan.Cell[*plan.Content]) {
	if c.ppm < small {
		return
	}
	roof := make([]bool, c.w*c.h)
	buildings := func(k *plan.Content) []plan.Building { return k.Buildings }
	eachCell(c, cells, buildings, func(b *plan.Building) {
		if b.Height < low && c.sees(b.Box) {
			c.shape(b.Poly)
		}
	})
	c.sweep(func(x, y int, coverage float32) { roof[y*c.w+x] = coverage > 0.5 })
	eachCell(c, cells, buildings, func(b *plan.Building) {
		if above := b.Height - 0.7*low; b.Height >= low && c.sees(b.Box.Grow(c.casts(above))) {
			c.castBuilding(b.Poly, above)
		}
	})
	c.sweep(func(x, y int, coverage float32) {
		if at := y*c.w + x; roof[at] {
			c.darken(at, coverage*c.look.depth)
		}
	})
}
