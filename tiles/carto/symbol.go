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

func box(x0, y0, x1, y1 float64) []float64 { return []float64{x0, y0, x1, y0, x1, y1, x0, y1} }

// picture is what stands on a class's disc, as polygons: its own, or that of its function.
func picture(class string) [][]float64 {
	switch class {
	case "church":
		return [][]float64{box(-0.8, -4.5, 0.8, 4.5), box(-3, -2.5, -0.8, -1), box(0.8, -2.5, 3, -1)}
	case "parking":
		return [][]float64{box(-2.2, -4, -0.6, 4), box(-0.6, -4, 1.6, -2.7), box(1.4, -3.7, 2.8, 0.1), box(-0.6, -1, 1.6, 0.4)}
	case "cafe", "bar", "restaurant", "fast_food":
		return [][]float64{box(-3.2, -4, -2.4, -1), box(-1.9, -4, -1.1, -1), box(-3.2, -1, -1.1, 0), box(-2.6, 0, -1.7, 4), {1, -4, 2.8, -3, 2.8, 0.5, 1.9, 0.5, 1.9, 4, 1, 4}}
	case "hotel", "hostel":
		return [][]float64{box(-4.2, -2.5, -3.2, 3), box(-3.2, 0, 4.2, 1.6), box(3.2, 1.6, 4.2, 3), box(-2.5, -1.8, -0.6, -0.4), box(-0.2, -1.6, 3.6, -0.4)}
	}
	known, _ := taxonomy.ByID(class)
	switch known.Function {
	case "educational": // a mortarboard
		return [][]float64{{0, -3.5, 5, -1.2, 0, 1.1, -5, -1.2}, {-2.8, 0.8, 0, 2, 2.8, 0.8, 2.8, 2.6, 0, 3.8, -2.8, 2.6}}
	case "medical": // a cross
		return [][]float64{box(-1.3, -4.2, 1.3, 4.2), box(-4.2, -1.3, -1.3, 1.3), box(1.3, -1.3, 4.2, 1.3)}
	case "commercial": // a bag
		return [][]float64{{-3, -1, 3, -1, 3.6, 4, -3.6, 4}, box(-2, -3.8, -1.1, -1), box(1.1, -3.8, 2, -1), box(-1.1, -3.8, 1.1, -2.9)}
	case "residential": // a house
		return [][]float64{{0, -4.2, 4.4, 0, -4.4, 0}, box(-3, 0, 3, 3.8)}
	case "industrial": // saw-tooth roofs and a chimney
		return [][]float64{{-4, 3.5, -4, -0.5, -1.5, 1, -1.5, -0.5, 1, 1, 1, 3.5}, box(1, -4, 3.6, 3.5)}
	case "transportation": // a bus
		return [][]float64{box(-3.2, -3.8, 3.2, -2.8), box(-3.2, -2.8, -2.4, -0.2), box(2.4, -2.8, 3.2, -0.2), box(-3.2, -0.2, 3.2, 2.8), box(-2.8, 2.8, -1.4, 4), box(1.4, 2.8, 2.8, 4)}
	case "public_service", "cultural": // a gable on columns
		return [][]float64{{0, -4.4, 4.4, -1.6, -4.4, -1.6}, box(-3.4, -1, -2.1, 2.2), box(-0.7, -1, 0.7, 2.2), box(2.1, -1, 3.4, 2.2), box(-4.2, 2.6, 4.2, 3.8)}
	case "business_office": // a briefcase
		return [][]float64{box(-4, -1.8, 4, 0.4), box(-4, 0.9, 4, 3.4), box(-1.8, -3.4, 1.8, -2.5), box(-1.8, -2.5, -1, -1.8), box(1, -2.5, 1.8, -1.8)}
	case "leisure": // a tree
		return [][]float64{{0, -4.5, 3.6, 1.6, -3.6, 1.6}, box(-0.7, 1.6, 0.7, 4.2)}
	}
	return [][]float64{box(-1.5, -1.5, 1.5, 1.5)}
}
