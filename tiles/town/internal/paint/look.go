package paint

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// Look is what all pictures of one town have in common: the season, the sun, and the sensor that took them. Nobody may write
// to it.
type Look struct {
	season Season
	hard   bool
	ground
	sun
	sensor
}

// ground is what wears through.
type ground struct {
	soil    colour // where grass is gone
	unpaved bool   // lanes are of it
}

// Season is a time of the year.
type Season uint8

// The seasons.
const (
	Summer Season = iota
	Spring
	Autumn
	Winter // bare trees
	Snow
	Dry // yellow grass
	seasons
)

// Season is the look's season.
func (l *Look) Season() Season { return l.season }

// sun is where the light comes from.
type sun struct {
	x, y   float64 // the direction in which shadows fall, to the east and the south, of length 1
	length float64 // how far a metre of height throws its shadow, in metres: the cotangent of the sun's elevation
	depth  float32 // how dark shadows are: 1 in clear air
	core   colour  // what of the light is missing in the deepest
	soft   float64 // how far a shadow's edge runs out, in metres
	relief float32 // how much more than usual the sides of roofs and crowns differ
}

// sensor is what happens between the ground and the picture.
type sensor struct {
	gain         colour // white balance and exposure
	saturation   float32
	contrast     float32
	haze         colour  // added by the air
	curve        *curve  // of the tones; nil is none
	coarse       int     // the deepest zoom whose pixels the sensor has: deeper ones are enlarged; 0 is none
	spread       float64 // standard deviation of the point spread, in metres
	noise        float32 // standard deviation of each pixel's, of 255
	quality      int     // of JPEG compression; 0 is none
	leanX, leanY float64 // by how many metres a metre of height leans away from the middle of the camera's view
}

// tallest is the height in metres up to which pictures wait for shadows from afar: the town's tallest tower.
const tallest = 60

// highest is how high anything that is painted stands: package drawn has taller buildings than the town.
const highest = 120

// Reach is how much farther than the clear look's, in metres, what stands at a height throws its shadow or leans.
func (l *Look) Reach(height float64) float64 {
	clear := clearLook()
	return max(0, (l.length-clear.length)*height, math.Hypot(l.leanX, l.leanY)*height)
}

// clearLook is a summer's afternoon with the sun in the north-west, after processing: a little haze, nothing else.
func clearLook() Look {
	return Look{
		sun:    sun{x: 0.62, y: 0.78, length: 0.62, depth: 1, core: colour{0.62, 0.58, 0.50}, relief: 1},
		sensor: sensor{gain: colour{1.06, 1.06, 1.06}, saturation: 0.92, contrast: 1, haze: colour{2, 3, 6}},
	}
}

// LookOf is the look that a seed decides. Seeds 0 and 1, the default's and the demo's, have a clear summer's.
func LookOf(seed uint64) *Look {
	l := clearLook()
	if seed <= 1 {
		return &l
	}
	n := 0
	unit := func() float64 {
		n++
		return float64(plan.Hash(seed, 4001, n, 0)>>11) / (1 << 53)
	}
	between := func(low, high float64) float64 { return low + (high-low)*unit() }
	// Of the twelve parts of the year, summer takes three, snow one, each other season two.
	l.season = [12]Season{Summer, Summer, Summer, Spring, Spring, Autumn, Autumn, Winter, Winter, Dry, Dry, Snow}[int(12*unit())]

	// Satellites pass in the middle of the morning or soon after noon: the sun is within 65° of the meridian, in the south
	// where it is a northern town, in the north where it is a southern one. In winter it is low.
	azimuth := between(-65, 65) * math.Pi / 180
	elevation := between(42, 66)
	if l.season == Winter || l.season == Snow || l.season == Autumn {
		elevation = between(36, 50)
	}
	l.x, l.y = math.Sin(azimuth), math.Cos(azimuth)
	if unit() < 0.5 {
		l.y = -l.y
	}
	l.length = 1 / math.Tan(elevation*math.Pi/180)
	low := float32(math.Max(0, l.length-0.62))
	l.relief = 1 + 0.35*low

	hazy := float32(math.Pow(unit(), 2))
	l.depth, l.soft = 1-0.3*hazy, between(0, 0.3)+0.5*float64(hazy)
	l.haze = colour{2, 3, 6}.mix(colour{34, 38, 44}, 0.6*hazy)
	l.contrast = float32(between(0.92, 1.1)) * (1 - 0.16*hazy)

	warm := float32(between(-0.05, 0.05)) + 0.06*low
	bright := float32(between(0.98, 1.14)) + 0.1*low
	l.gain = colour{bright * (1 + warm), bright * (1 + float32(between(-0.02, 0.015))), bright * (1 - warm)}
	l.saturation = float32(between(0.72, 1.02))
	l.spread = between(0, 0.26)
	l.noise = float32(math.Max(0, between(-1.5, 4)))
	if unit() < 0.6 {
		l.quality = int(between(52, 90))
	}
	lean, towards := math.Max(0, between(-0.06, 0.16)), between(0, 2*math.Pi)
	l.leanX, l.leanY = lean*math.Cos(towards), lean*math.Sin(towards)
	return &l
}
