package paint

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

func meadow() texture {
	return texture{colour{104, 112, 68}, 0.10, 0.13, colour{132, 124, 84}, 0.8}
}

func cropColour(tone uint8) colour {
	return [8]colour{
		{124, 130, 76}, {162, 148, 106}, {98, 116, 64}, {178, 162, 118}, {130, 112, 88}, {88, 106, 60}, {136, 138, 88}, {150, 134, 100},
	}[tone%8]
}

// material is what a surface looks like.
func material(s *plan.Surface) texture {
	shade := 0.94 + 0.12*float32(s.Tone)/255
	soft := func(r, g, b, grain, mid float32, other colour, shift float32) texture {
		return texture{colour{r, g, b}.times(shade), grain, mid, other, shift}
	}
	hard := func(r, g, b float32) texture {
		return texture{colour{r, g, b}.times(shade), 0.065, 0.075, colour{r * 0.84, g * 0.83, b * 0.8}, 0.75}
	}
	pick := func(cs ...colour) texture { return texture{cs[int(s.Tone)%len(cs)], 0.05, 0.04, colour{}, 0} }
	switch s.Mat {
	case plan.Lawn:
		return soft(92, 106, 65, 0.10, 0.11, colour{136, 126, 88}, 0.45+0.6*float32(s.Tone%16)/15)
	case plan.Garden:
		return soft(92, 104, 64, 0.13, 0.16, colour{134, 120, 90}, 0.5+0.45*float32(s.Tone%8)/7)
	case plan.Crop:
		base := cropColour(s.Tone)
		return texture{base, 0.07, 0.09, base.mix(colour{126, 112, 80}, 0.3).times(0.88), 1}
	case plan.Forest:
		return soft(50, 64, 38, 0.16, 0.15, colour{62, 66, 42}, 0.6)
	case plan.Soil:
		return soft(150, 130, 104, 0.09, 0.11, colour{124, 106, 84}, 0.9)
	case plan.Sand:
		return soft(206, 190, 156, 0.06, 0.05, colour{184, 166, 132}, 0.6)
	case plan.Asphalt:
		return hard(104, 104, 106)
	case plan.Concrete:
		return hard(154, 150, 143)
	case plan.Paving:
		return hard(176, 168, 156)
	case plan.Gravel:
		return soft(156, 148, 134, 0.10, 0.07, colour{136, 128, 112}, 0.7)
	case plan.Turf:
		return texture{colour{90, 118, 66}, 0.07, 0.08, colour{120, 122, 78}, 0.7}
	case plan.Track:
		return texture{colour{172, 92, 70}, 0.04, 0.05, colour{158, 84, 66}, 0.7}
	case plan.Rubber:
		return pick(colour{190, 112, 74}, colour{88, 130, 164}, colour{178, 92, 82}, colour{104, 148, 98}, colour{204, 158, 84})
	case plan.Court:
		return pick(colour{76, 114, 152}, colour{78, 124, 92}, colour{166, 92, 70}, colour{112, 112, 114})
	case plan.Pool:
		return pool(s.Tone)
	case plan.Bed:
		return soft(112, 110, 70, 0.22, 0.14, colour{136, 104, 88}, 0.7)
	case plan.Bark:
		return soft(118, 92, 68, 0.14, 0.08, colour{104, 82, 60}, 0.6)
	}
	return meadow()
}

func pool(tone uint8) texture {
	switch tone {
	case 255:
		return texture{colour{66, 88, 78}, 0.03, 0.08, colour{82, 98, 76}, 0.8}
	case 200:
		return texture{colour{78, 92, 84}, 0.05, 0.05, colour{96, 92, 72}, 0.7}
	}
	return texture{colour{104, 178, 192}, 0.035, 0.04, colour{84, 160, 186}, 0.6}
}

// base covers everything with rough grass.
func (c *canvas) base() {
	t := c.season(meadow(), 1)
	c.bare = c.look.bareness(plan.Meadow)
	for at := range c.w * c.h {
		k := t.of(c, at)
		c.rgb[3*at], c.rgb[3*at+1], c.rgb[3*at+2] = k.r, k.g, k.b
	}
	c.bare = 0
}

// covered is what a surface looks like in the season.
func (c *canvas) covered(s *plan.Surface) texture {
	t := material(s)
	if s.Mat == plan.Soil && c.look.hard {
		t.colour, t.other = c.look.soil, c.look.soil.times(0.84)
	}
	switch s.Mat {
	case plan.Lawn, plan.Meadow, plan.Garden, plan.Crop, plan.Forest, plan.Turf, plan.Bed:
		share := tended(s.Mat)
		t.colour, t.other = c.grown(t.colour, share), c.grown(t.other, share)
	}
	return c.snowed(t, lying(s.Mat))
}

// stripes is how wide the rows of a material are, in metres, and how much they show.
func stripes(s *plan.Surface) (width float64, depth float32) {
	switch s.Mat {
	case plan.Turf:
		return 12, 0.045
	case plan.Crop:
		return 3 + float64(s.Tone>>4)/4, 0.05 + 0.05*float32(s.Tone>>5)/7
	}
	return 0, 0
}

func (c *canvas) surface(s *plan.Surface) {
	c.shape(s.Poly)
	t := c.covered(s)
	if s.Mat == plan.Asphalt || s.Mat == plan.Concrete || s.Mat == plan.Paving {
		c.worn(s.Poly, t, s.Mat == plan.Asphalt)
		return
	}
	c.bare = c.look.bareness(s.Mat)
	defer func() { c.bare = 0 }()
	width, depth := stripes(s)
	if width*c.ppm < 2.5 {
		c.fill(t, 1)
		return
	}
	// Rows are counted from the cell's corner, so that tiles agree on where they run.
	k := 2 * math.Pi / width / c.ppm
	stepX, stepY := s.Dir.X*k, s.Dir.Y*k
	ox, oy := float64(c.dx>>unitBits), float64(c.dy>>unitBits)
	c.sweep(func(x, y int, coverage float32) {
		at := y*c.w + x
		wave := math.Sin((float64(x)-ox)*stepX + (float64(y)-oy)*stepY)
		edge := float32(math.Max(-1, math.Min(1, wave*3)))
		c.blend(at, t.of(c, at).times(1+depth*edge), coverage)
	})
}

// water is darker and bluer in the middle: the shore is drawn over it in thin layers.
func (c *canvas) water(cells []plan.Cell[*plan.Layout]) {
	shores := func(width float64) {
		for _, cell := range cells {
			c.enter(cell.I, cell.J)
			for _, line := range cell.Plan.Shores {
				c.stroke(line, width, plan.Pt{})
			}
		}
	}
	shores(13)
	c.fill(c.season(texture{colour{84, 96, 58}, 0.12, 0.15, colour{112, 108, 74}, 0.6}, 1), 0.8)
	shores(5)
	c.fill(texture{colour{138, 126, 98}, 0.10, 0.1, colour{112, 106, 80}, 0.8}, 0.9)
	area := func() {
		for _, cell := range cells {
			c.enter(cell.I, cell.J)
			for _, p := range cell.Plan.Water {
				c.shape(p)
			}
		}
	}
	area()
	wet := make([]bool, c.w*c.h)
	t := texture{colour{56, 80, 84}, 0.018, 0.03, colour{66, 88, 80}, 0.9}
	c.sweep(func(x, y int, coverage float32) {
		at := y*c.w + x
		wet[at] = coverage > 0.5
		c.blend(at, t.of(c, at), coverage)
	})
	for _, s := range [...]float64{26, 15, 7} {
		shores(s)
		shallow := texture{colour{92, 108, 88}, 0.02, 0.04, colour{98, 108, 84}, 0.8}
		c.sweep(func(x, y int, coverage float32) {
			if at := y*c.w + x; wet[at] {
				c.blend(at, shallow.of(c, at), coverage*0.2)
			}
		})
	}
}
