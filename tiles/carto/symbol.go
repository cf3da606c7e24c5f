package carto

import (
	"image/color"
	"math"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// symbol draws a place's sign: a picture on a disc, or in plainer styles a square.
func (c *canvas) symbol(l *label) {
	colour := c.symbolColour(l.class)
	if c.style.look.square {
		c.square(l, 5.5, c.style.look.halo)
		c.square(l, 4.2, colour)
		c.square(l, 1.4, c.style.look.halo)
		return
	}
	c.disc(l, symbolSize, c.style.look.halo)
	c.disc(l, symbolSize-1, colour)
	for _, shape := range picture(l.class) {
		c.shape(l, shape)
	}
	c.fill(c.img, rgb(0xffffff))
}

// dot marks a place whose name has no room.
func (c *canvas) dot(l *label) {
	c.disc(l, 3, c.style.look.halo)
	c.disc(l, 2.2, c.symbolColour(l.class))
}

func (c *canvas) symbolColour(class string) color.NRGBA {
	known, _ := taxonomy.ByID(class)
	if colour, ok := c.style.look.symbols[known.Function]; ok {
		return colour
	}
	return c.style.look.symbols[""]
}

func (l *label) centre() point { return point{int64(l.x) << unitBits, int64(l.y) << unitBits} }

func (c *canvas) disc(l *label, radius float64, colour color.NRGBA) {
	if r := c.px(radius); c.raster.near(l.centre(), l.centre(), int64(r)+unit) {
		c.arc(l.centre(), [2]float64{1, 0}, 2*math.Pi, r)
		c.fill(c.img, colour)
	}
}

func (c *canvas) square(l *label, half float64, colour color.NRGBA) {
	c.shape(l, []float64{-half, -half, half, -half, half, half, -half, half})
	c.fill(c.img, colour)
}

// shape adds a polygon given as x, y, x, y, … in lattice pixels around the anchor.
func (c *canvas) shape(l *label, xy []float64) {
	ring := make([]point, len(xy)/2)
	for i := range ring {
		ring[i] = l.centre().plus(scaled([2]float64{xy[2*i], xy[2*i+1]}, c.px(1)))
	}
	c.polygon(ring)
}
