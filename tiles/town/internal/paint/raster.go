package paint

import "github.com/precinct-map/precinct/tiles/internal/coverage"

// A pixel is unit wide in the rasteriser's coordinates.
const (
	unitBits = coverage.UnitBits
	unit     = coverage.Unit
)

// point is a place in the picture, in units.
type point struct{ x, y int64 }

// raster fills shapes in pixels of the picture. Shapes added before a fill count together, and stop at a whole pixel.
type raster struct {
	coverage.Raster
	w, h int
}

func (r *raster) reset(w, h int) {
	r.w, r.h = w, h
	r.Reset(w, h)
}

func (r *raster) polygon(ring []point) {
	if len(ring) < 3 {
		return
	}
	prev := ring[len(ring)-1]
	for _, p := range ring {
		r.Edge(prev.x, prev.y, p.x, p.y)
		prev = p
	}
}

// sweep yields the coverage of each touched pixel, above 0 up to 1, and forgets the shapes.
func (r *raster) sweep(pixel func(x, y int, coverage float32)) {
	r.Sweep(func(x, y, covered int) { pixel(x, y, float32(covered)*(1.0/coverage.Whole)) })
}
