package formats

import (
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"golang.org/x/image/vector"

	"github.com/precinct-map/precinct/geo"
)

// Style is how outlines are painted.
type Style struct {
	Color func(*Feature) color.NRGBA // its alpha scales the whole feature's; nil for FunctionColor
	Fill  float64                    // opacity of the inside, 0 … 1
	Width float64                    // of the outline, in pixels at scale 1
}

// DefaultStyle covers a third of the ground's colour, and can be read over imagery and over maps.
func DefaultStyle() Style { return Style{Color: FunctionColor, Fill: 0.35, Width: 2} }

// FunctionColor is a colour for what the feature's property "function" says, one of the taxonomy's; indigo for others.
func FunctionColor(f *Feature) color.NRGBA {
	switch f.text("function") {
	case "educational":
		return color.NRGBA{0xf5, 0x9e, 0x0b, 0xff}
	case "medical":
		return color.NRGBA{0xef, 0x44, 0x44, 0xff}
	case "commercial":
		return color.NRGBA{0xec, 0x48, 0x99, 0xff}
	case "residential":
		return color.NRGBA{0x8b, 0x5c, 0xf6, 0xff}
	case "industrial":
		return color.NRGBA{0xa1, 0x62, 0x07, 0xff}
	case "transportation":
		return color.NRGBA{0x0e, 0xa5, 0xe9, 0xff}
	case "public_service":
		return color.NRGBA{0x25, 0x63, 0xeb, 0xff}
	case "business_office":
		return color.NRGBA{0x14, 0xb8, 0xa6, 0xff}
	case "cultural":
		return color.NRGBA{0xc0, 0x26, 0xd3, 0xff}
	case "leisure":
		return color.NRGBA{0x22, 0xc5, 0x5e, 0xff}
	}
	return color.NRGBA{0x63, 0x66, 0xf1, 0xff}
}

// Paint draws a layer's polygons on a transparent picture of a window, scale pixels for each of the lattice's. Polygons are
// filled thinly and outlined crisply along the middle of the border, with a pale line round it that sets it off from dark
// and busy ground. What crosses the window's edge is drawn beyond it, so that neighbouring windows join without a seam.
// Later features lie over earlier ones. Geometries other than polygons are left out.
func Paint(w geo.Window, scale int, l Layer, s Style) *image.RGBA {
	c := canvas{
		plane:   plane{window: w, units: float64(scale), lattice: l.Lattice},
		picture: image.NewRGBA(image.Rect(0, 0, w.W*scale, w.H*scale)),
	}
	if s.Color == nil {
		s.Color = FunctionColor
	}
	width := s.Width * float64(scale)
	halo := width + 1.5*float64(scale)
	for i := range l.Features {
		f := &l.Features[i]
		shape := c.shape(f.Geometry, halo)
		if len(shape) == 0 {
			continue
		}
		ink := s.Color(f)
		c.area = visible(shape, halo, c.picture.Rect)
		c.fill(shape, faded(ink, s.Fill))
		if s.Width > 0 {
			c.stroke(shape, halo, color.NRGBA{0xff, 0xff, 0xff, uint8(0.55 * float64(ink.A))})
			c.stroke(shape, width, ink)
		}
	}
	return c.picture
}

func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(math.Round(float64(c.A) * max(0, min(1, opacity))))
	return c
}

// canvas paints one feature after the other, each on the part of the picture that it covers.
type canvas struct {
	plane
	picture *image.RGBA
	area    image.Rectangle // that the feature covers
	brush   vector.Rasterizer
	shares  []float64 // room of cellCrossings
}

// shape is a feature's polygons in pixels, cut where a line of the given width can no longer reach the picture.
func (c *canvas) shape(g orb.Geometry, width float64) orb.MultiPolygon {
	mp, _ := Polygons(g)
	margin := math.Ceil(width) + 1
	var out orb.MultiPolygon
	for _, p := range mp {
		for east := range c.copies(p.Bound(), margin) {
			placed := make(orb.Polygon, len(p))
			for i, r := range p {
				placed[i] = c.ring(r, east)
			}
			out = append(out, geo.Clip(placed, c.bound(margin))...)
		}
	}
	return out
}

// visible is the pixels that a shape and its outline can touch.
func visible(shape orb.MultiPolygon, width float64, picture image.Rectangle) image.Rectangle {
	b := shape.Bound().Pad(width)
	return image.Rect(
		int(math.Floor(b.Min[0])), int(math.Floor(b.Min[1])),
		int(math.Ceil(b.Max[0])), int(math.Ceil(b.Max[1])),
	).Intersect(picture)
}

func (c *canvas) fill(shape orb.MultiPolygon, ink color.NRGBA) {
	c.brush.Reset(c.area.Dx(), c.area.Dy())
	for _, p := range shape {
		for _, r := range p {
			c.outline(r)
		}
	}
	c.apply(ink)
}

// stroke draws every edge as a rectangle and every corner as a disc, all the same way round: the brush adds them up.
func (c *canvas) stroke(shape orb.MultiPolygon, width float64, ink color.NRGBA) {
	c.brush.Reset(c.area.Dx(), c.area.Dy())
	half := width / 2
	for _, p := range shape {
		for _, r := range p {
			for i, b := range r[1:] {
				a := r[i]
				length := math.Hypot(b[0]-a[0], b[1]-a[1])
				x, y := (b[1]-a[1])/length*half, (a[0]-b[0])/length*half
				c.outline(orb.Ring{{a[0] + x, a[1] + y}, {b[0] + x, b[1] + y}, {b[0] - x, b[1] - y}, {a[0] - x, a[1] - y}})
				c.disc(b, half)
			}
		}
	}
	c.apply(ink)
}

func (c *canvas) disc(center orb.Point, radius float64) {
	const corners = 12 // its sides miss the circle by a thirtieth of the radius
	var r [corners]orb.Point
	for i := range r {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		r[i] = orb.Point{center[0] + radius*cos, center[1] + radius*sin}
	}
	c.outline(r[:])
}

// The brush counts in 512ths of a pixel and drops what is less on every row that an edge crosses: an edge of 256 rows ends
// half a pixel beside its place, and elsewhere in a window that shows less of it, which left seams of up to 43 levels of
// 255. So edges are handed over in short pieces that begin at equal places in all windows.
const cell = 8 // pixels; edges are parted wherever they cross from one cell to the next

// outline gives the brush a ring, closed or open.
func (c *canvas) outline(r orb.Ring) {
	c.brush.MoveTo(c.local(r[0]))
	a := r[0]
	for i := range r {
		b := r[(i+1)%len(r)]
		for _, share := range c.cellCrossings(a, b) {
			c.brush.LineTo(c.local(orb.Point{a[0] + (b[0]-a[0])*share, a[1] + (b[1]-a[1])*share}))
		}
		c.brush.LineTo(c.local(b))
		a = b
	}
	c.brush.ClosePath()
}

// cellCrossings is where an edge crosses into other cells, as shares of its length in order.
func (c *canvas) cellCrossings(a, b orb.Point) []float64 {
	c.shares = c.shares[:0]
	for axis := range 2 {
		from, to := min(a[axis], b[axis]), max(a[axis], b[axis])
		for line := math.Floor(from/cell)*cell + cell; line < to; line += cell {
			c.shares = append(c.shares, (line-a[axis])/(b[axis]-a[axis]))
		}
	}
	slices.Sort(c.shares)
	return c.shares
}

// local is a point in the brush's area.
func (c *canvas) local(p orb.Point) (x, y float32) {
	return float32(p[0] - float64(c.area.Min.X)), float32(p[1] - float64(c.area.Min.Y))
}

func (c *canvas) apply(ink color.NRGBA) {
	if !c.area.Empty() {
		c.brush.Draw(c.picture, c.area, image.NewUniform(ink), image.Point{})
	}
}
