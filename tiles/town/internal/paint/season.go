package paint

import "github.com/precinct-map/precinct/tiles/town/internal/plan"

// flora is what a season makes of what grows.
type flora struct {
	grass  colour  // what green turns to
	turn   float32 // how far
	leaves [4]colour
	turned float32 // the share of broad crowns that have one of these colours
	bare   bool    // broad crowns are twigs
	snow   float32 // how much of the ground it covers
}

func floraOf(s Season) flora {
	switch s {
	case Spring:
		return flora{grass: colour{104, 130, 64}, turn: 0.4, leaves: [4]colour{{112, 132, 62}, {124, 138, 76}, {98, 124, 58}, {146, 146, 110}}, turned: 0.5}
	case Autumn:
		return flora{grass: colour{128, 122, 76}, turn: 0.4, leaves: [4]colour{{172, 128, 52}, {150, 92, 48}, {134, 112, 52}, {124, 66, 46}}, turned: 0.72}
	case Winter:
		return flora{grass: colour{126, 118, 86}, turn: 0.6, leaves: [4]colour{{112, 100, 84}, {104, 92, 78}, {120, 106, 88}, {98, 90, 78}}, turned: 1, bare: true}
	case Snow:
		return flora{grass: colour{130, 122, 96}, turn: 0.7, leaves: [4]colour{{92, 84, 74}, {84, 76, 68}, {100, 90, 78}, {80, 74, 68}}, turned: 1, bare: true, snow: 0.66}
	case Dry:
		return flora{grass: colour{172, 150, 102}, turn: 0.72, leaves: [4]colour{{104, 102, 62}, {118, 108, 70}, {96, 98, 60}, {134, 116, 76}}, turned: 0.6}
	}
	return flora{}
}

// snowWhite is snow's colour in sunlight.
func snowWhite() colour { return colour{226, 230, 236} }

// green is how much a colour is that of leaves, from 0 to 1.
func (c colour) green() float32 { return max(0, min(1, (2*c.g-c.r-c.b)/36)) }

// grown is a colour of grass, crops or undergrowth in the season.
func (c *canvas) grown(k colour, share float32) colour {
	if c.flora.turn == 0 {
		return k
	}
	// Dark stays dark: the season changes the hue of a wood's floor and not its shade.
	target := c.flora.grass.times((k.r + 2*k.g + k.b) / (c.flora.grass.r + 2*c.flora.grass.g + c.flora.grass.b))
	return k.mix(target.mix(c.flora.grass, 0.45), c.flora.turn*share*k.green())
}

// season is a ground's texture at this time of the year; share is how much it follows, less where it is tended.
func (c *canvas) season(t texture, share float32) texture {
	t.colour, t.other = c.grown(t.colour, share), c.grown(t.other, share)
	return c.snowed(t, 1)
}

// snowed lays snow on a texture, in patches; share is how much of it is left lying there.
func (c *canvas) snowed(t texture, share float32) texture {
	if c.flora.snow == 0 {
		return t
	}
	k := c.flora.snow * share
	below := t.colour
	t.colour = below.mix(snowWhite(), k)
	t.other = below.mix(snowWhite(), k*0.2)
	t.shift, t.grain, t.mid = 0.9, t.grain*(1-0.6*k), t.mid*(1-0.6*k)
	return t
}

// tended is how much a material follows the season: sports grounds are watered and mown.
func tended(m plan.Mat) float32 {
	switch m {
	case plan.Turf:
		return 0.35
	case plan.Crop:
		return 0.7
	}
	return 1
}

// lying is how much of the snow stays on a material.
func lying(m plan.Mat) float32 {
	switch m {
	case plan.Asphalt, plan.Concrete, plan.Paving:
		return 0.2
	case plan.Track, plan.Rubber, plan.Court, plan.Gravel:
		return 0.6
	case plan.Pool:
		return 0
	}
	return 1
}

// crown is a tree's colour in the season, and how much of the ground it hides.
func (c *canvas) crown(t *plan.Tree) (body colour, opacity float32) {
	body, opacity = crownColour(t), 1
	f := &c.flora
	if f.turned == 0 {
		return body, 1
	}
	dice := uint8(t.Tone*37 + 11)
	switch {
	case t.Kind == 1 || t.Kind == 2 && dice%3 == 0:
		return body.mix(snowWhite(), 0.22*f.snow), 1
	case float32(dice) < f.turned*256:
		body = body.mix(f.leaves[dice%4], 0.85)
		if f.bare {
			opacity = 0.5
		}
	}
	return body.mix(snowWhite(), 0.15*f.snow), opacity
}
