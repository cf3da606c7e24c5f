// Package geo is pixels and shapes on one lattice: the global Web Mercator pixels of a zoom, counted in tiles of 256 px.
// A Window is an integer rectangle of that lattice, and every Mask knows its Window, so pixels never travel without their
// georeference. The package is pure: no context, no log, no input or output.
package geo

import (
	"fmt"
	"iter"
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
)

// TileSize is the edge of a tile in lattice pixels. Pictures may be larger (512 px, @2x); the lattice stays at 256.
const TileSize = 256

// MaxZoom is the deepest lattice used: below it a pixel is a millimetre and integers stay far from overflow.
const MaxZoom = 30

// MaxLatitude is where Web Mercator's square world ends, in degrees.
const MaxLatitude = 85.05112877980659

const earthRadius = 6378137.0 // metres, EPSG:3857's sphere

// WorldSize is the width, and height, of the whole world in pixels at zoom z.
func WorldSize(z int) int { return TileSize << z }

// Project gives the global pixel (fractional, x from 180° W, y from the north) of a longitude and latitude in degrees at
// zoom z. Latitudes beyond MaxLatitude are clamped; longitudes are not wrapped, so 181° lies past the world's east edge.
// The formula is EPSG:3857's spherical Mercator (EPSG Guidance Note 7-2, 3.2.1.2).
func Project(p orb.Point, z int) orb.Point {
	lat := math.Max(-MaxLatitude, math.Min(MaxLatitude, p[1]))
	world := float64(WorldSize(z))
	sin := math.Sin(lat * math.Pi / 180)
	return orb.Point{
		(p[0] + 180) / 360 * world,
		(0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)) * world,
	}
}

// Unproject is Project's inverse: the longitude and latitude in degrees of a global pixel at zoom z.
func Unproject(p orb.Point, z int) orb.Point {
	world := float64(WorldSize(z))
	return orb.Point{
		p[0]/world*360 - 180,
		math.Atan(math.Sinh(math.Pi*(1-2*p[1]/world))) * 180 / math.Pi,
	}
}

// MetersPerPixel is the ground length of a pixel at zoom z and a latitude in degrees, on EPSG:3857's sphere.
func MetersPerPixel(lat float64, z int) float64 {
	return 2 * math.Pi * earthRadius * math.Cos(lat*math.Pi/180) / float64(WorldSize(z))
}

// Window is the rectangle of global pixels x in [X, X+W), y in [Y, Y+H) at zoom Z. X may run past the world's edges: a
// window across the antimeridian stays one rectangle, and who fetches its tiles wraps them.
type Window struct {
	Z          int
	X, Y, W, H int
}

// TileWindow is the window of one tile.
func TileWindow(t maptile.Tile) Window {
	return Window{Z: int(t.Z), X: int(t.X) * TileSize, Y: int(t.Y) * TileSize, W: TileSize, H: TileSize}
}

// BoundWindow is the smallest window at zoom z that covers a WGS-84 bound. A bound whose west exceeds its east crosses
// the antimeridian.
func BoundWindow(b orb.Bound, z int) Window {
	if b.Min[0] > b.Max[0] {
		b.Max[0] += 360
	}
	nw := Project(orb.Point{b.Min[0], b.Max[1]}, z)
	se := Project(orb.Point{b.Max[0], b.Min[1]}, z)
	// A hundredth of a pixel of slack: bounds given with seven decimals should not drag in another row of tiles.
	const slack = 0.01
	x0, y0 := int(math.Floor(nw[0]+slack)), int(math.Floor(nw[1]+slack))
	x1, y1 := int(math.Ceil(se[0]-slack)), int(math.Ceil(se[1]-slack))
	return Window{Z: z, X: x0, Y: y0, W: max(1, x1-x0), H: max(1, y1-y0)}
}

// String is the window as z/x/y+WxH, for keys and messages.
func (w Window) String() string { return fmt.Sprintf("%d/%d/%d+%dx%d", w.Z, w.X, w.Y, w.W, w.H) }

// Empty says whether the window holds no pixel.
func (w Window) Empty() bool { return w.W <= 0 || w.H <= 0 }

// Bound is the window's extent in WGS-84 degrees.
func (w Window) Bound() orb.Bound {
	nw := Unproject(orb.Point{float64(w.X), float64(w.Y)}, w.Z)
	se := Unproject(orb.Point{float64(w.X + w.W), float64(w.Y + w.H)}, w.Z)
	return orb.Bound{Min: orb.Point{nw[0], se[1]}, Max: orb.Point{se[0], nw[1]}}
}

// Center is the middle of the window in global pixels.
func (w Window) Center() orb.Point {
	return orb.Point{float64(w.X) + float64(w.W)/2, float64(w.Y) + float64(w.H)/2}
}

// Local is a longitude and latitude in pixels of this window, from its upper left corner.
func (w Window) Local(lonlat orb.Point) orb.Point {
	p := Project(lonlat, w.Z)
	return orb.Point{p[0] - float64(w.X), p[1] - float64(w.Y)}
}

// LonLat is the longitude and latitude of a point given in pixels of this window.
func (w Window) LonLat(local orb.Point) orb.Point {
	return Unproject(orb.Point{local[0] + float64(w.X), local[1] + float64(w.Y)}, w.Z)
}

// Contains says whether the global pixel (x, y) lies inside.
func (w Window) Contains(x, y int) bool {
	return x >= w.X && x < w.X+w.W && y >= w.Y && y < w.Y+w.H
}

// Intersect is the ground that both windows cover; empty when they do not meet. Both must be of one zoom.
func (w Window) Intersect(o Window) Window {
	if w.Z != o.Z {
		panic(fmt.Sprintf("geo: intersect of windows of zoom %d and %d", w.Z, o.Z))
	}
	x0, y0 := max(w.X, o.X), max(w.Y, o.Y)
	x1, y1 := min(w.X+w.W, o.X+o.W), min(w.Y+w.H, o.Y+o.H)
	return Window{Z: w.Z, X: x0, Y: y0, W: max(0, x1-x0), H: max(0, y1-y0)}
}

// Overlaps says whether the windows share a pixel.
func (w Window) Overlaps(o Window) bool { return !w.Intersect(o).Empty() }

// Union is the smallest window that holds both. An empty window adds nothing.
func (w Window) Union(o Window) Window {
	if w.Empty() {
		return o
	}
	if o.Empty() {
		return w
	}
	if w.Z != o.Z {
		panic(fmt.Sprintf("geo: union of windows of zoom %d and %d", w.Z, o.Z))
	}
	x0, y0 := min(w.X, o.X), min(w.Y, o.Y)
	x1, y1 := max(w.X+w.W, o.X+o.W), max(w.Y+w.H, o.Y+o.H)
	return Window{Z: w.Z, X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
}

// Pad grows the window by n pixels on each side, or shrinks it when n is negative.
func (w Window) Pad(n int) Window {
	return Window{Z: w.Z, X: w.X - n, Y: w.Y - n, W: max(0, w.W+2*n), H: max(0, w.H+2*n)}
}

// AtZoom is the smallest window at zoom z that covers the same ground.
func (w Window) AtZoom(z int) Window {
	if z >= w.Z {
		s := uint(z - w.Z)
		return Window{Z: z, X: w.X << s, Y: w.Y << s, W: w.W << s, H: w.H << s}
	}
	s := uint(w.Z - z)
	x0, y0 := w.X>>s, w.Y>>s
	x1, y1 := (w.X+w.W+1<<s-1)>>s, (w.Y+w.H+1<<s-1)>>s
	return Window{Z: z, X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
}

// Tiles yields the tiles of the window's own zoom that it touches, row by row, with each tile's place on the unwrapped
// lattice. Tiles past the antimeridian are wrapped onto the world; rows beyond the poles are left out.
func (w Window) Tiles() iter.Seq2[maptile.Tile, Window] {
	return func(yield func(maptile.Tile, Window) bool) {
		if w.Empty() {
			return
		}
		n := 1 << w.Z
		for ty := floorDiv(w.Y, TileSize); ty*TileSize < w.Y+w.H; ty++ {
			if ty < 0 || ty >= n {
				continue
			}
			for tx := floorDiv(w.X, TileSize); tx*TileSize < w.X+w.W; tx++ {
				t := maptile.New(uint32(((tx%n)+n)%n), uint32(ty), maptile.Zoom(w.Z))
				place := Window{Z: w.Z, X: tx * TileSize, Y: ty * TileSize, W: TileSize, H: TileSize}
				if !yield(t, place) {
					return
				}
			}
		}
	}
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
