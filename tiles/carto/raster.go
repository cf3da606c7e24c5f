package carto

import (
	"image"
	"image/color"

	"github.com/precinct-map/precinct/tiles/internal/coverage"
)

// unit is one pixel in the rasteriser's coordinates.
const (
	unitBits = coverage.UnitBits
	unit     = coverage.Unit
)

// point is a place on the scaled lattice of the whole world, in units.
type point struct{ x, y int64 }

func (p point) plus(q point) point { return point{p.x + q.x, p.y + q.y} }

// raster fills shapes that are given on the whole world's lattice.
type raster struct {
	coverage.Raster
	w, h   int
	origin point
}

func (r *raster) reset(w, h int, origin point) {
	r.w, r.h, r.origin = w, h, origin
	r.Reset(w, h)
}

// polygon adds a closed shape. Its winding counts: a hole runs the other way round than its shell.
func (r *raster) polygon(ring []point) {
	if len(ring) < 3 {
		return
	}
	prev := ring[len(ring)-1]
	for _, p := range ring {
		r.edge(prev, p)
		prev = p
	}
}

func (r *raster) edge(p, q point) {
	r.Edge(p.x-r.origin.x, p.y-r.origin.y, q.x-r.origin.x, q.y-r.origin.y)
}

// sweep yields the coverage of each touched pixel, 0 to 256, and forgets the shapes.
func (r *raster) sweep(pixel func(x, y, coverage int)) {
	r.Sweep(func(x, y, covered int) {
		if covered > 1 {
			pixel(x, y, covered/2)
		}
	})
}

// fill paints the shapes added since the last fill.
func (r *raster) fill(img *image.RGBA, c color.NRGBA) {
	r.sweep(func(x, y, coverage int) { blend(img.Pix[y*img.Stride+4*x:], c, uint32(coverage)) })
}

// blend lays a colour over an opaque pixel; coverage is 0 to 256.
func blend(pix []byte, c color.NRGBA, coverage uint32) {
	pix = pix[:4:4]
	if c.A != 255 {
		coverage = coverage * uint32(c.A) / 255
	}
	if coverage >= 256 {
		pix[0], pix[1], pix[2] = c.R, c.G, c.B
		return
	}
	rest := 256 - coverage
	pix[0] = uint8((uint32(pix[0])*rest + uint32(c.R)*coverage + 128) >> 8)
	pix[1] = uint8((uint32(pix[1])*rest + uint32(c.G)*coverage + 128) >> 8)
	pix[2] = uint8((uint32(pix[2])*rest + uint32(c.B)*coverage + 128) >> 8)
}
