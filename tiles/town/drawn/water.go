package drawn

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// rivers are the widths of water lines in metres.
var rivers = map[string]float64{"river": 14, "canal": 9, "stream": 2.4, "drain": 1.8, "ditch": 1.4}

// water is lakes, rivers and the sea. Bays are the sea's, and seldom whole in an extract.
func (c *cell) water(ctx context.Context, elements []osm.Element, w geo.Window) error {
	around := w.Pad(margin).Bound()
	for k := range elements {
		e := &elements[k]
		if e.Kind != carto.Water || tunnel(e.Tags) || e.Tags["intermittent"] == "yes" || e.Tags["natural"] == "bay" {
			continue
		}
		switch g := e.Geometry.(type) {
		case orb.LineString:
			c.river(e, g)
		case orb.MultiLineString:
			for _, l := range g {
				c.river(e, l)
			}
		case orb.MultiPolygon:
			for _, p := range g {
				c.lake(p, around)
			}
		}
	}
	if err := c.sea(ctx, elements, w); err != nil {
		return err
	}
	if c.near {
		for _, p := range c.Water {
			c.wet(p)
		}
	}
	return nil
}

// wet marks water where no tree stands. Islands keep what they have: only shells are marked, and what an island has is marked
// by its own buildings and streets; its trees are few.
func (c *cell) wet(p plan.Poly) {
	if p.Area() > 0 {
		c.cover.mark(p, hard)
		return
	}
	c.cover.mark(p, sparse)
}

func (c *cell) river(e *osm.Element, line orb.LineString) {
	width := rivers[e.Class]
	if v, ok := number(e.Tags["width"]); ok && v > 0.5 {
		width = v
	}
	for _, s := range cutLine(c.line(line)) {
		if p := strip(s.pts, width*c.k); len(p) > 3 {
			if p.Area() < 0 {
				slices.Reverse(p)
			}
			c.Water = append(c.Water, p)
		}
	}
}

// lake is an outline of water; its islands run the other way round.
func (c *cell) lake(p orb.Polygon, around orb.Bound) {
	for k, r := range p {
		for _, l := range clip.LineString(around, orb.LineString(r).Clone()) {
			c.shore(c.line(l))
		}
		if len(r) > most {
			r = clip.Ring(around, r.Clone())
		}
		if poly := c.ring(r, k == 0); poly != nil {
			if poly = cut(poly); poly != nil {
				c.Water = append(c.Water, poly)
			}
		}
	}
}

// tileEdge is how far the edges of vector tiles are apart: there water is cut, and there is no shore.
const tileEdge = 4 * plan.CellSize

func (c *cell) shore(line []plan.Pt) {
	var run []plan.Pt
	flush := func() {
		for _, s := range cutLine(run) {
			c.Shores = append(c.Shores, s.pts)
		}
		run = nil
	}
	onEdge := func(a, b, origin float64) bool {
		edge := math.Round((a+origin)/tileEdge)*tileEdge - origin
		return math.Abs(a-edge) < 0.3 && math.Abs(b-edge) < 0.3
	}
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		if onEdge(a.X, b.X, c.x) || onEdge(a.Y, b.Y, c.y) {
			flush()
			continue
		}
		if run == nil {
			run = append(run, a)
		}
		run = append(run, b)
	}
	flush()
}

// sea closes the coastline, which has land on its left and water on its right, along the cell's sides.
func (c *cell) sea(ctx context.Context, elements []osm.Element, w geo.Window) error {
	var pieces [][]plan.Pt
	var rings []plan.Poly
	for _, l := range joined(c.coast) {
		pts := c.line(l)
		for _, s := range cutLine(pts) {
			switch {
			case onRim(s.pts[0]) && onRim(s.pts[len(s.pts)-1]):
				pieces = append(pieces, s.pts)
			case distance(s.pts[0], s.pts[len(s.pts)-1]) < 0.1 && len(s.pts) > 3:
				rings = append(rings, plan.Poly(s.pts[:len(s.pts)-1]))
			default:
				continue // it is broken off
			}
			c.Shores = append(c.Shores, s.pts)
		}
	}
	whole := plan.Poly{{X: 0, Y: 0}, {X: plan.CellSize, Y: 0}, {X: plan.CellSize, Y: plan.CellSize}, {X: 0, Y: plan.CellSize}}
	if len(pieces) == 0 {
		wet, err := c.atSea(ctx, elements, rings, w)
		if err != nil {
			return err
		}
		if wet {
			c.Water = append(c.Water, whole)
		}
	}
	c.Water = append(c.Water, closed(pieces)...)
	c.Water = append(c.Water, rings...) // islands run anticlockwise, and so are holes
	return nil
}

// joined puts coastlines end to end.
func joined(lines []orb.LineString) []orb.LineString {
	out := slices.Clone(lines)
	for i := 0; i < len(out); i++ {
		for k := 0; k < len(out); k++ {
			if k != i && len(out[i]) > 1 && len(out[k]) > 1 && out[i][len(out[i])-1] == out[k][0] {
				out[i] = append(slices.Clone(out[i]), out[k][1:]...)
				out = slices.Delete(out, k, k+1)
				if k < i {
					i--
				}
				k = -1
			}
		}
	}
	return out
}

// onRim says whether a point lies on the square's rim, where vector tiles cut lines to half a metre.
func onRim(p plan.Pt) bool {
	for side := range 4 {
		if math.Abs(depth(p, side)) < 0.6 {
			return true
		}
	}
	return false
}

// rim is how far around the square's rim a point of the rim lies, clockwise from the north-west.
func rim(p plan.Pt) float64 {
	const n = plan.CellSize
	switch {
	case p.Y < 0.6:
		return p.X
	case p.X > n-0.6:
		return n + p.Y
	case p.Y > n-0.6:
		return 3*n - p.X
	}
	return 4*n - p.Y
}

// closed makes outlines from lines that enter and leave the square, with what is on their right.
func closed(pieces [][]plan.Pt) []plan.Poly {
	const n = plan.CellSize
	corners := [4]plan.Pt{{X: n, Y: 0}, {X: n, Y: n}, {X: 0, Y: n}, {X: 0, Y: 0}}
	used := make([]bool, len(pieces))
	var out []plan.Poly
	for first := range pieces {
		if used[first] {
			continue
		}
		var p plan.Poly
		for at := first; !used[at]; {
			used[at] = true
			p = append(p, pieces[at]...)
			end := rim(p[len(p)-1])
			ahead := func(v float64) float64 { return math.Mod(v-end+8*n, 4*n) }
			next := slices.MinFunc(pieces, func(a, b []plan.Pt) int { return cmp.Compare(ahead(rim(a[0])), ahead(rim(b[0]))) })
			reach := ahead(rim(next[0]))
			for turn := range 8 {
				corner := float64(turn+1) * n
				if d := corner - end; d > 0 && d < reach {
					p = append(p, corners[turn%4])
				}
			}
			at = slices.IndexFunc(pieces, func(q []plan.Pt) bool { return &q[0] == &next[0] })
		}
		out = append(out, p)
	}
	return out
}

// atSea says whether a cell that no coastline crosses is all water: by the nearest coast, unless somebody builds there.
func (c *cell) atSea(ctx context.Context, elements []osm.Element, islands []plan.Poly, w geo.Window) (bool, error) {
	if len(islands) > 0 {
		return islands[0].Area() < 0, nil
	}
	for k := range elements {
		if kind := elements[k].Kind; kind == carto.Building || kind == carto.Road && elements[k].Tags["bridge"] == "" {
			return false, nil
		}
	}
	middle := plan.Pt{X: plan.CellSize / 2, Y: plan.CellSize / 2}
	for _, pad := range []int{512, 4096} {
		far, err := c.source.data.Elements(ctx, w.Pad(pad))
		if err != nil {
			return false, err
		}
		var coast []orb.LineString
		for k := range far {
			if l, ok := far[k].Geometry.(orb.LineString); ok && far[k].Class == "coastline" {
				coast = append(coast, l)
			}
		}
		if side, ok := sideOf(joined(coast), c, middle); ok {
			return side > 0, nil
		}
	}
	return false, nil
}

// sideOf is positive where a point lies on the right of the nearest of lines. At a corner the normals of both its sides count
// (Bærentzen and Aanæs, Signed distance computation using the angle weighted pseudonormal, 2005).
func sideOf(lines []orb.LineString, c *cell, q plan.Pt) (side float64, ok bool) {
	const same = 1e-3
	best := math.Inf(1)
	for _, l := range lines {
		pts := c.line(l)
		for i := 1; i < len(pts); i++ {
			a, b := pts[i-1], pts[i]
			d := toSegment(a, b, q)
			if d > best+same {
				continue
			}
			if d < best-same {
				best, side = d, 0
			}
			side += ((b.X-a.X)*(q.Y-a.Y) - (b.Y-a.Y)*(q.X-a.X)) / max(distance(a, b), 1e-9)
		}
	}
	return side, !math.IsInf(best, 1)
}
