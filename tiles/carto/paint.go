package carto

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// canvas is one picture being painted.
type canvas struct {
	*raster
	img    *image.RGBA
	style  *Style
	window geo.Window
	scale  int
	near   orb.Bound // ground whose lines may reach into the picture
	pixel  float64   // degrees of longitude
	buf    []point
}

func (s *Style) newCanvas(w geo.Window, scale int) *canvas {
	c := &canvas{
		raster: s.rasters.Get().(*raster), img: image.NewRGBA(image.Rect(0, 0, w.W*scale, w.H*scale)), style: s, window: w, scale: scale,
		near: w.Pad(LinePad).Bound(), pixel: 360 / float64(geo.WorldSize(w.Z)),
	}
	c.reset(w.W*scale, w.H*scale, point{int64(w.X*scale) << unitBits, int64(w.Y*scale) << unitBits})
	draw.Draw(c.img, c.img.Rect, image.NewUniform(s.look.paper), image.Point{}, draw.Src)
	return c
}

// px is a length in lattice pixels as units.
func (c *canvas) px(n float64) float64 { return n * float64(c.scale) * unit }

func (c *canvas) project(p orb.Point) point {
	q := geo.Project(p, c.window.Z)
	k := float64(c.scale) * unit
	return point{toUnits(q[0] * k), toUnits(q[1] * k)}
}

// toUnits rounds; what is no place on Earth at any zoom, NaN included, becomes 0.
func toUnits(v float64) int64 {
	if !(math.Abs(v) < 1<<50) {
		return 0
	}
	return int64(math.Round(v))
}

// projectLine gives a line's points in units. The result is overwritten by the next call.
func (c *canvas) projectLine(line []orb.Point) []point {
	c.buf = c.buf[:0]
	for _, p := range line {
		c.buf = append(c.buf, c.project(p))
	}
	return c.buf
}

// projectRing is projectLine for rings: of points that lie off the picture on one and the same side, it keeps the ends.
// The shape within the picture stays the same to the last bit, and a coastline costs what is seen of it.
func (c *canvas) projectRing(ring orb.Ring) []point {
	c.buf = c.buf[:0]
	n := len(ring)
	if n > 1 && ring[0] == ring[n-1] {
		n--
	}
	for i, prev := 0, 0; i < n; i++ {
		here := c.side(ring[i])
		if i > 0 && i < n-1 && here&prev&c.side(ring[i+1]) != 0 {
			continue
		}
		prev = here
		c.buf = append(c.buf, c.project(ring[i]))
	}
	return c.buf
}

// side says where a point lies off the picture, one bit a side.
func (c *canvas) side(p orb.Point) int {
	s := 0
	if p[0] < c.near.Min[0] {
		s = 1
	} else if p[0] > c.near.Max[0] {
		s = 2
	}
	if p[1] < c.near.Min[1] {
		s |= 4
	} else if p[1] > c.near.Max[1] {
		s |= 8
	}
	return s
}

// paintAreas fills the polygons layer by layer. Each layer is one fill, whatever the order of its features.
func (c *canvas) paintAreas(features []Feature) {
	layers := make([][]orb.Polygon, len(c.style.look.areas))
	for i := range features {
		layer, ok := c.style.look.areaOf(&features[i], c.window.Z)
		if !ok {
			continue
		}
		eachPolygon(features[i].Geometry, func(p orb.Polygon) {
			if len(p) > 0 && c.visible(p[0].Bound()) {
				layers[layer] = append(layers[layer], p)
			}
		})
	}
	c.paintStreams(features)
	for i, polygons := range layers {
		c.paintLayer(c.style.look.areas[i], polygons)
	}
}

func (c *canvas) paintLayer(a area, polygons []orb.Polygon) {
	for _, p := range polygons {
		for j, ring := range p {
			pts := c.projectRing(ring)
			if outward := ring.Orientation() == orb.CCW; outward != (j == 0) {
				slices.Reverse(pts)
			}
			c.polygon(pts)
		}
	}
	c.fill(c.img, a.fill)
	if a.edge.A == 0 || c.window.Z < a.edgeZoom {
		return
	}
	for _, p := range polygons {
		for _, ring := range p {
			c.outline(c.projectRing(ring), c.px(1))
		}
	}
	c.fill(c.img, a.edge)
}

// visible says whether a bound meets the picture and is not too small to see.
func (c *canvas) visible(b orb.Bound) bool {
	return b.Intersects(c.near) && max(b.Max[0]-b.Min[0], b.Max[1]-b.Min[1]) > 0.7*c.pixel
}

func (c *canvas) paintStreams(features []Feature) {
	for i := range features {
		if f := &features[i]; f.Kind == Water {
			width := map[string]float64{"river": 5, "canal": 4}[f.Class]
			c.eachLine(f.Geometry, func(line orb.LineString) {
				c.stroke(c.projectLine(line), c.px(widthAt(max(width, 2), c.window.Z)), true)
			})
		}
	}
	c.fill(c.img, c.style.look.water())
}

func eachPolygon(g orb.Geometry, do func(orb.Polygon)) {
	switch g := g.(type) {
	case orb.Polygon:
		do(g)
	case orb.Ring:
		do(orb.Polygon{g})
	case orb.MultiPolygon:
		for _, p := range g {
			do(p)
		}
	case orb.Collection:
		for _, part := range g {
			eachPolygon(part, do)
		}
	}
}

func eachLine(g orb.Geometry, do func(orb.LineString)) {
	switch g := g.(type) {
	case orb.LineString:
		if len(g) > 1 {
			do(g)
		}
	case orb.MultiLineString:
		for _, l := range g {
			eachLine(l, do)
		}
	case orb.Collection:
		for _, part := range g {
			eachLine(part, do)
		}
	}
}

// eachLine yields the lines that come near the picture.
func (c *canvas) eachLine(g orb.Geometry, do func(orb.LineString)) {
	eachLine(g, func(line orb.LineString) {
		if line.Bound().Intersects(c.near) {
			do(line)
		}
	})
}

// paintLines draws streets and rails, level by level, and in a level first all casings, so that streets run into each other.
func (c *canvas) paintLines(features []Feature) {
	levels := map[int][]*Feature{}
	for i := range features {
		if f := &features[i]; f.Kind == Road || f.Kind == Path || f.Kind == Rail {
			levels[f.Level] = append(levels[f.Level], f)
		}
	}
	order := make([]int, 0, len(levels))
	for l := range levels {
		order = append(order, l)
	}
	slices.Sort(order)
	for _, l := range order {
		c.paintPaths(levels[l])
		c.paintRoads(levels[l], l)
		c.paintRails(levels[l])
	}
}

func (c *canvas) paintRoads(features []*Feature, level int) {
	byRank := make([][]*Feature, len(roads))
	for _, f := range features {
		if rank := roadRank(f.Class); f.Kind == Road && c.window.Z >= roads[rank].zoom {
			byRank[rank] = append(byRank[rank], f)
		}
	}
	for _, casing := range []bool{true, false} {
		for rank, fs := range byRank {
			extra := 0.0
			if casing {
				extra = c.px(casingWidth(c.window.Z))
			}
			for _, f := range fs {
				width := c.px(roadWidth(f.Class, c.window.Z)) + extra
				c.eachLine(f.Geometry, func(l orb.LineString) { c.stroke(c.projectLine(l), width, !casing || level <= 0) })
			}
			colour := c.style.look.roads[roads[rank].tone]
			c.fill(c.img, onLevel(colour.pick(casing), level))
		}
	}
}

// onLevel fades what runs underground.
func onLevel(c color.NRGBA, level int) color.NRGBA {
	if level < 0 {
		c.A /= 2
	}
	return c
}

func (c *canvas) paintPaths(features []*Feature) {
	for _, f := range features {
		if f.Kind != Path || c.window.Z < pathZoom(f.Class) {
			continue
		}
		on, off := 4.0, 2.5
		if f.Class == "steps" {
			on, off = 1.5, 1.5
		}
		c.eachLine(f.Geometry, func(l orb.LineString) { c.dashes(c.projectLine(l), c.px(1.5), c.px(on), c.px(off)) })
	}
	c.fill(c.img, c.style.look.path)
}

// paintRails draws a thin line with ties across.
func (c *canvas) paintRails(features []*Feature) {
	rails := func(draw func([]point)) {
		for _, f := range features {
			if f.Kind == Rail && c.window.Z >= railZoom {
				c.eachLine(f.Geometry, func(l orb.LineString) { draw(c.projectLine(l)) })
			}
		}
	}
	rails(func(line []point) { c.stroke(line, c.px(1.2), true) })
	if c.window.Z >= 15 {
		rails(func(line []point) { c.dashes(line, c.px(4.5), c.px(1.2), c.px(6)) })
	}
	c.fill(c.img, c.style.look.rail)
}
