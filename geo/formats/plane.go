package formats

import (
	"iter"
	"math"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// plane is where a layer is drawn: a window of the world in units of its own, from the window's upper left corner.
type plane struct {
	window  geo.Window
	units   float64 // a lattice pixel of the window's zoom
	lattice int     // of the layer's geometries, as in Layer
	whole   bool    // whether coordinates are rounded to whole units
}

// place is a layer's point on the plane. Rounding is done once, before the window's corner is taken off, so that every
// window of the zoom has the same point; the factor of lattices is a power of two and exact.
func (pl plane) place(p orb.Point) orb.Point {
	factor := pl.units
	if pl.lattice == 0 {
		p = geo.Project(p, pl.window.Z)
	} else {
		factor = math.Ldexp(factor, pl.window.Z-pl.lattice)
	}
	x, y := p[0]*factor, p[1]*factor
	if pl.whole {
		x, y = math.Floor(x+0.5), math.Floor(y+0.5)
	}
	return orb.Point{x - float64(pl.window.X)*pl.units, y - float64(pl.window.Y)*pl.units}
}

// bound is the window with a margin, on the plane.
func (pl plane) bound(margin float64) orb.Bound {
	return orb.Bound{
		Min: orb.Point{-margin, -margin},
		Max: orb.Point{float64(pl.window.W)*pl.units + margin, float64(pl.window.H)*pl.units + margin},
	}
}

// copies yields how far east the world must be moved for a geometry of a bound to meet the window and its margin: 0 for
// nearly all that do, a world's width across the antimeridian.
func (pl plane) copies(b orb.Bound, margin float64) iter.Seq[float64] {
	return func(yield func(float64) bool) {
		if b.IsEmpty() {
			return
		}
		p, q := pl.place(b.Min), pl.place(b.Max)
		north, south := min(p[1], q[1]), max(p[1], q[1])
		here := pl.bound(margin)
		if south < here.Min[1] || north > here.Max[1] {
			return
		}
		world := float64(geo.WorldSize(pl.window.Z)) * pl.units
		if !(p[0] >= -10*world && q[0] <= 11*world) { // no place, or no number: its copies have no end
			return
		}
		last := math.Floor((here.Max[0] - p[0]) / world)
		for k := math.Ceil((here.Min[0] - q[0]) / world); k <= last; k++ {
			if !yield(k * world) {
				return
			}
		}
	}
}

// ring is a ring on the plane, moved east, without points that fall on the one before.
func (pl plane) ring(r orb.Ring, east float64) orb.Ring {
	out := make(orb.Ring, 0, len(r))
	for _, p := range r {
		p = pl.place(p)
		p[0] += east
		if n := len(out); n == 0 || out[n-1] != p {
			out = append(out, p)
		}
	}
	return out
}

// Polygons is the polygons of a geometry; ok is false for geometries that are none.
func Polygons(g orb.Geometry) (mp orb.MultiPolygon, ok bool) {
	switch g := g.(type) {
	case orb.MultiPolygon:
		return g, true
	case orb.Polygon:
		return orb.MultiPolygon{g}, true
	case orb.Ring:
		return orb.MultiPolygon{{g}}, true
	case orb.Bound:
		return orb.MultiPolygon{g.ToPolygon()}, true
	}
	return nil, false
}
