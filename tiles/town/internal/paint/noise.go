package paint

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// makeNoise fills the three kinds of noise, each in -1 … 1. What is finer than a pixel is white noise or left out.
func (c *canvas) makeNoise() {
	n := c.w * c.h
	c.grain, c.mid, c.wide = make([]float32, n), make([]float32, n), make([]float32, n)
	c.addNoise(c.grain, 1, 0.5, 0.65)
	c.addNoise(c.grain, 2, 2, 0.5)
	c.addNoise(c.mid, 3, 4, 0.45)
	c.addNoise(c.mid, 4, 16, 0.6)
	c.addNoise(c.wide, 5, 64, 0.4)
	c.addNoise(c.wide, 6, 256, 0.4)
	c.addNoise(c.wide, 7, 2048, 0.4)
}

// addNoise adds value noise on a lattice of so many metres. Lattices repeat around the world.
func (c *canvas) addNoise(to []float32, purpose uint64, step float64, amount float32) {
	pixels := step * c.ppm
	if pixels < 1 {
		if purpose == 1 {
			c.white(to, amount)
		}
		return
	}
	mask := int(plan.CellSize*plan.Around/step) - 1
	x0, y0 := int(math.Floor(float64(c.x0)/pixels)), int(math.Floor(float64(c.y0)/pixels))
	cols, rows := int(float64(c.w)/pixels)+3, int(float64(c.h)/pixels)+3
	grid := make([]float32, cols*rows)
	for y := range rows {
		for x := range cols {
			grid[y*cols+x] = amount * signed(plan.Hash(77, purpose, (x0+x)&mask, (y0+y)&mask))
		}
	}
	cell, part := make([]int, c.w), make([]float32, c.w)
	for x := range c.w {
		cell[x], part[x] = lattice(c.x0+x, pixels)
		cell[x] -= x0
	}
	for y := range c.h {
		row, v := lattice(c.y0+y, pixels)
		top := grid[(row-y0)*cols:]
		bottom := top[cols:]
		for x := range c.w {
			k, u := cell[x], part[x]
			a, b := top[k]+(top[k+1]-top[k])*u, bottom[k]+(bottom[k+1]-bottom[k])*u
			to[y*c.w+x] += a + (b-a)*v
		}
	}
}

// lattice is the lattice cell of a pixel's middle and how far in it lies, eased. It asks for the pixel's place in the world
// and not in the picture: a fraction must come out the same in every picture.
func lattice(at int, pixels float64) (cell int, part float32) {
	g := (float64(at) + 0.5) / pixels
	f := math.Floor(g)
	t := g - f
	return int(f), float32(t * t * (3 - 2*t))
}

func (c *canvas) white(to []float32, amount float32) {
	world := int(plan.CellSize * plan.Around * c.ppm)
	for y := range c.h {
		for x := range c.w {
			to[y*c.w+x] += amount * signed(plan.Hash(77, 9, wrap(c.x0+x, world), wrap(c.y0+y, world)))
		}
	}
}

func signed(h uint64) float32 { return float32(int64(h)>>40) / (1 << 23) }

func wrap(v, n int) int { return (v%n + n) % n }
