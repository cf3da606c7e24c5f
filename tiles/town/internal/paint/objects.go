package paint

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// cast adds the shadows of a building's wings.
func (c *canvas) cast(b *plan.Building) {
	for k := range b.Parts {
		c.castBuilding(b.Parts[k].Poly, b.Parts[k].Height)
	}
	if len(b.Parts) == 0 {
		c.castBuilding(b.Poly, b.Height)
	}
}

// castBuilding adds a building's shadow: its outline, moved, and what it sweeps over.
func (c *canvas) castBuilding(p []plan.Pt, height float64) {
	by := c.fall(height)
	c.shifted(p, by)
	if height*c.look.length*c.ppm < 0.5 {
		return // the gap that is left is less than a pixel
	}
	for i, a := range p {
		b := p[(i+1)%len(p)]
		quad := [4]plan.Pt{a, b, {X: b.X + by.X, Y: b.Y + by.Y}, {X: a.X + by.X, Y: a.Y + by.Y}}
		if (b.X-a.X)*by.Y-(b.Y-a.Y)*by.X < 0 {
			quad[1], quad[3] = quad[3], quad[1]
		}
		c.shape(quad[:])
	}
}

// castTree adds a crown's shadow.
func (c *canvas) castTree(t *plan.Tree) {
	r := float64(t.R)
	by := c.beside(r * c.look.length / 0.62)
	at := plan.Pt{X: float64(t.X) + by.X, Y: float64(t.Y) + by.Y}
	if _, opacity := c.crown(t); opacity < 1 {
		c.disc(at, r*0.6)
		return
	}
	c.disc(at, r*0.95)
	if c.look.hard && c.ppm >= small { // the trunk's end of it
		c.disc(plan.Pt{X: float64(t.X) + by.X*0.55, Y: float64(t.Y) + by.Y*0.55}, r*0.85)
	}
}

func crownColour(t *plan.Tree) colour {
	k := float32(t.Tone) / 255
	switch t.Kind {
	case 1:
		return colour{44, 64, 42}.mix(colour{58, 74, 46}, k)
	case 2:
		return colour{80, 96, 52}.mix(colour{104, 108, 62}, k)
	case 3:
		if t.Tone > 150 {
			return colour{158, 128, 122}.mix(colour{176, 152, 140}, k)
		}
	}
	// Broad trees are of several kinds, from dark and bluish to olive and yellowish.
	dice := t.Tone*73 + 5
	kind := [6]colour{{56, 76, 40}, {72, 88, 46}, {60, 74, 48}, {84, 92, 54}, {50, 66, 38}, {78, 84, 44}}[dice%6]
	return kind.mix(colour{98, 106, 58}, 0.55*k*k).times(0.88 + 0.24*float32(dice>>3)/31)
}

// mostBump is how many pixels farther a crown's relief looks than the picture.
const mostBump = 2

// bump is the step towards the sun, in the canvas's pixels, over which a crown's relief is felt.
func (c *canvas) bump() int {
	step := math.Max(1, math.Min(mostBump, 0.6*c.ppm))
	return int(math.Round(c.look.y*step))*c.w + int(math.Round(c.look.x*step))
}

// tree paints a crown: a ball of leaves, ragged by noise, lit from the sun's side.
func (c *canvas) tree(t *plan.Tree) {
	centre := c.to(plan.Pt{X: float64(t.X), Y: float64(t.Y)})
	r := t.R * float32(c.ppm)
	ragged, lobed, reaches := float32(0.2), float32(0.1), float32(1.3)
	if c.look.hard {
		ragged, lobed, reaches = 0.3, 0.3, 1.6
	}
	if t.Kind == 1 {
		ragged = 0.12
	}
	reach := int64(r*reaches+1.5) << unitBits
	x0, x1 := max(0, int((centre.x-reach)>>unitBits)), min(c.w-1, int((centre.x+reach)>>unitBits))
	y0, y1 := max(0, int((centre.y-reach)>>unitBits)), min(c.h-1, int((centre.y+reach)>>unitBits))
	body, opacity := c.crown(t)
	bump := c.bump()
	sx, sy, relief, darkest := float32(c.look.x), float32(c.look.y), 0.42*c.look.relief, float32(0.35)
	if c.look.hard {
		body, darkest = body.times(0.8), 0.15
	}
	for y := y0; y <= y1; y++ {
		dy := float32(int64(y)<<unitBits+unit/2-centre.y) / unit
		for x := x0; x <= x1; x++ {
			dx := float32(int64(x)<<unitBits+unit/2-centre.x) / unit
			at := y*c.w + x
			edge := r*(1+ragged*c.grain[at]+lobed*c.mid[at]) + 0.5
			d2 := dx*dx + dy*dy
			if d2 >= edge*edge {
				continue
			}
			d := float32(math.Sqrt(float64(d2)))
			light := -(dx*sx + dy*sy) / (r + 0.3)
			k := 0.9 + 0.72*relief*light + 0.14*c.grain[at] - 0.1*d/(r+0.3)
			// Boughs are lit where their neighbours towards the sun are lower.
			k += 0.3 * (c.grain[at] - c.grain[min(max(at-bump, 0), len(c.grain)-1)])
			c.blend(at, body.times(max(darkest, k)), min(1, edge-d)*opacity)
		}
	}
}

func carColour(tone uint8) colour {
	return [12]colour{
		{206, 206, 204}, {176, 44, 38}, {64, 66, 70}, {190, 192, 194}, {120, 124, 130}, {48, 50, 54}, {222, 222, 220}, {58, 82, 124},
		{150, 152, 154}, {214, 214, 212}, {128, 44, 42}, {88, 92, 96},
	}[tone%12]
}

func carBox(k *plan.Car, from, to, width float32) []plan.Pt {
	at := func(along, side float32) plan.Pt {
		return plan.Pt{X: float64(k.X + k.DX*along - k.DY*side), Y: float64(k.Y + k.DY*along + k.DX*side)}
	}
	a, b, w := k.Length*from, k.Length*to, k.Width*width/2
	return []plan.Pt{at(a, -w), at(b, -w), at(b, w), at(a, w)}
}

func (c *canvas) car(k *plan.Car) {
	c.shape(carBox(k, -0.5, 0.5, 1))
	body := carColour(k.Tone)
	if k.Length > 8 {
		body = body.mix(colour{200, 200, 196}, 0.45)
	}
	c.fill(texture{body, 0.04, 0, colour{}, 0}, 1)
	if c.ppm < 1.9 || k.Length > 8 {
		return
	}
	c.shape(carBox(k, 0.12, 0.26, 0.84))
	c.shape(carBox(k, -0.4, -0.28, 0.8))
	c.fill(texture{colour{40, 46, 54}, 0, 0, colour{}, 0}, 0.85)
	c.shape(carBox(k, -0.27, 0.1, 0.78))
	c.fill(texture{body.mix(colour{255, 255, 255}, 0.18), 0, 0, colour{}, 0}, 0.8)
}
