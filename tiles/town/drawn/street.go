package drawn

import (
	"math"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// road is a street, path or rail.
type road struct {
	e    *osm.Element
	line []plan.Pt
}

// widths are carriageways and pavements by OSM's highway values, in metres.
var widths = map[string][2]float64{
	"motorway": {13, 0.6}, "motorway_link": {6, 0.4}, "trunk": {12, 1}, "trunk_link": {6, 0.6}, "primary": {13, 3}, "primary_link": {6, 1},
	"secondary": {12, 2.8}, "secondary_link": {6, 1}, "tertiary": {10, 2.6}, "tertiary_link": {6, 1}, "unclassified": {8, 2.2},
	"residential": {0, 2.4}, "living_street": {6, 1.5}, "service": {4.4, 0}, "busway": {7, 1}, "road": {7, 1}, "pedestrian": {6, 0},
}

// tunnel says whether a line is not to be seen from above.
func tunnel(tags map[string]string) bool {
	return tags["tunnel"] != "" && tags["tunnel"] != "no" || strings.HasPrefix(tags["layer"], "-") || tags["indoor"] == "yes" || tags["highway"] == "corridor"
}

// streets lays streets between their crossings, paths and rails.
func (c *cell) streets() {
	met := c.crossings()
	if c.near {
		c.aisles()
	}
	for k := range c.roads {
		r := &c.roads[k]
		if len(r.line) < 2 || tunnel(r.e.Tags) {
			continue
		}
		switch {
		case r.e.Kind == carto.Road && r.e.Class != "pedestrian":
			c.street(r, met)
		case r.e.Kind == carto.Rail:
			c.rail(r)
		case c.near:
			c.path(r)
		}
	}
}

func key(p plan.Pt) [2]int { return [2]int{int(math.Round(p.X * 8)), int(math.Round(p.Y * 8))} }

// crossings counts how many ways lead from each corner of the streets, service roads left aside.
func (c *cell) crossings() map[[2]int]int {
	met := map[[2]int]int{}
	for k := range c.roads {
		r := &c.roads[k]
		if r.e.Kind != carto.Road || r.e.Class == "service" || tunnel(r.e.Tags) {
			continue
		}
		for i, p := range r.line {
			if met[key(p)]++; i > 0 && i < len(r.line)-1 {
				met[key(p)]++
			}
		}
	}
	return met
}

// street is cut where others meet it, and at the cell's square.
func (c *cell) street(r *road, met map[[2]int]int) {
	w := c.widthOf(r.e)
	level := 0
	if bridge(r.e.Tags) {
		level = 1
	}
	from := 0
	for i := 1; i < len(r.line); i++ {
		if i < len(r.line)-1 && met[key(r.line[i])] < 3 {
			continue
		}
		piece := r.line[from : i+1]
		starts, ends := met[key(piece[0])] >= 3, met[key(piece[len(piece)-1])] >= 3
		from = i
		for _, s := range c.below(cutLine(piece), level) {
			on := [2]bool{s.on[0] || !starts, s.on[1] || !ends}
			if r.e.Class == "motorway" || r.e.Class == "trunk" {
				on = [2]bool{true, true}
			}
			c.Streets = append(c.Streets, plan.Street{
				Line: s.pts, Box: plan.BoxOf(s.pts), Width: w[0], Walk: w[1], Class: r.e.Class, Level: level, On: on,
			})
			if c.near {
				c.cover.along(s.pts, w[0]+2*w[1]+1, walk)
				c.traffic(r, s, w, level)
			}
		}
	}
	if c.near {
		c.cover.along(r.line, w[0], hard)
	}
}

func bridge(tags map[string]string) bool { return tags["bridge"] != "" && tags["bridge"] != "no" }

// findDecks notes what bridges hide.
func (c *cell) findDecks() {
	for k := range c.roads {
		if r := &c.roads[k]; r.e.Kind == carto.Road && bridge(r.e.Tags) && !tunnel(r.e.Tags) {
			if c.decks == nil {
				c.decks = new(cover)
			}
			w := c.widthOf(r.e)
			c.decks.along(r.line, w[0]+2*w[1], hard)
		}
	}
}

// below takes away what lies under a bridge, unless it is one.
func (c *cell) below(parts []stretch, level int) []stretch {
	if c.decks == nil || level > 0 {
		return parts
	}
	var out []stretch
	for _, s := range parts {
		line := plan.Densify(s.pts, 2)
		if !slices.ContainsFunc(line, func(p plan.Pt) bool { return c.decks.at(p) == hard }) {
			out = append(out, s)
			continue
		}
		from := 0
		for i := 0; i <= len(line); i++ {
			if i < len(line) && c.decks.at(line[i]) != hard {
				continue
			}
			if i-from > 1 {
				out = append(out, stretch{line[from:i], [2]bool{from > 0 || s.on[0], i < len(line) || s.on[1]}})
			}
			from = i + 1
		}
	}
	return out
}

// widthOf is the carriageway and each pavement in the plan's metres.
func (c *cell) widthOf(e *osm.Element) [2]float64 {
	w, ok := widths[e.Class]
	if !ok {
		w = [2]float64{7, 1}
	}
	if e.Class == "residential" {
		w[0] = c.region.street
	}
	if lanes, ok := number(e.Tags["lanes"]); ok && lanes >= 1 && lanes < 9 && e.Class != "service" {
		w[0] = max(lanes*3.3+1, min(w[0], 8))
		if e.Class == "residential" {
			w[0] = max(w[0], c.region.street-1)
		}
	}
	if e.Tags["service"] == "driveway" || e.Tags["service"] == "alley" {
		w[0] = 3.4
	}
	return [2]float64{w[0] * c.k, w[1] * c.k}
}

// path is a strip for feet. Those beside a street are its pavement already.
func (c *cell) path(r *road) {
	switch r.e.Tags["footway"] {
	case "sidewalk", "crossing", "link":
		return
	}
	kind, width := plan.Trail, 1.7
	switch r.e.Class {
	case "track":
		kind, width = plan.Dirt, 2.6
	case "path", "bridleway":
		kind, width = plan.Dirt, 1.3
	case "cycleway":
		width = 2.4
	case "pedestrian":
		width = 5
	}
	level := 0
	if bridge(r.e.Tags) {
		level = 1
	}
	for _, s := range c.below(cutLine(r.line), level) {
		c.stroke(kind, width*c.k, s.pts)
		c.cover.along(s.pts, (width+0.6)*c.k, clear)
	}
}

// rail is two rails on a bed of gravel, or in the street.
func (c *cell) rail(r *road) {
	switch r.e.Class {
	case "subway":
		return
	}
	const gauge = 1.5
	level := 0
	if bridge(r.e.Tags) || r.e.Class == "tram" { // trams run on decks too
		level = 1
	}
	for _, s := range c.below(cutLine(r.line), level) {
		bed := strip(s.pts, 4.2*c.k)
		switch {
		case bridge(r.e.Tags) || r.e.Class == "monorail":
			c.Streets = append(c.Streets, plan.Street{Line: s.pts, Box: plan.BoxOf(s.pts), Width: 4.2 * c.k, Walk: 0.3, Class: "rail", Level: 1, On: [2]bool{true, true}})
		case r.e.Class != "tram" && len(bed) > 3:
			if c.near {
				c.Surfaces = append(c.Surfaces, plan.Surface{Poly: bed, Box: plan.BoxOf(bed), Mat: plan.Gravel, Tone: 20, Dir: plan.Pt{X: 1}})
			} else {
				c.surface(plan.Gravel, bed, 20)
			}
		}
		if c.near {
			tracks := strip(s.pts, gauge*c.k)
			n := len(tracks) / 2
			c.stroke(plan.Fence, 0.18*c.k, tracks[:n])
			c.stroke(plan.Fence, 0.18*c.k, tracks[n:])
			c.cover.along(s.pts, 5*c.k, hard)
		}
	}
}

// parked says how much of a street's edge is taken by cars.
func (c *cell) parked(class string) float64 {
	switch class {
	case "residential", "living_street", "unclassified":
		return 0.55
	case "tertiary", "secondary":
		return 0.3
	}
	return 0
}

// traffic is cars that drive and cars that stand, and where street trees may be.
func (c *cell) traffic(r *road, s stretch, w [2]float64, level int) {
	d := c.diceAt(s.pts[0], 60)
	if whole := c.diceAt(r.line[0], 61); whole.roll() < 0.55 && level == 0 && w[1] > 2*c.k {
		c.leafy = append(c.leafy, leafy{pts: s.pts, beside: w[0]/2 + w[1] - 0.9*c.k})
	}
	step := map[string]float64{"motorway": 38, "trunk": 40, "primary": 36, "secondary": 46, "tertiary": 70, "residential": 150}[r.e.Class] * c.k
	if step == 0 {
		step = 1e9
	}
	line := plan.Densify(s.pts, 2.8*c.k)
	next, stands := d.between(0, step), c.parked(r.e.Class)*d.between(0.3, 1.5)
	oneway := r.e.Tags["oneway"] == "yes" || r.e.Class == "motorway"
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		l := distance(a, b)
		if l == 0 {
			continue
		}
		u := plan.Pt{X: (b.X - a.X) / l, Y: (b.Y - a.Y) / l}
		if next -= l; next < 0 {
			next = step * d.between(0.25, 1.7)
			side := 1.0
			if !oneway && d.roll() < 0.5 {
				side = -1
			}
			c.car(b, u, side*w[0]/4, side, d.between(4, 4.9), d.tone())
		}
		clear := float64(i)*2.8 > 12 && float64(len(line)-i)*2.8 > 12
		for _, side := range [2]float64{1, -1} {
			if i%2 == 0 && clear && w[0] > 6.5*c.k && d.roll() < stands {
				c.car(b, u, side*(w[0]/2-1.15*c.k), side, d.between(3.9, 4.8), d.tone())
			}
		}
	}
}

// car stands or drives beside a street's middle. Which side of the road is driven on is left aside.
func (c *cell) car(p, u plan.Pt, off, side, length float64, tone uint8) {
	at := plan.Pt{X: p.X - u.Y*off, Y: p.Y + u.X*off}
	c.Cars = append(c.Cars, plan.Car{
		X: float32(at.X), Y: float32(at.Y), DX: float32(u.X * side), DY: float32(u.Y * side),
		Length: float32(length * c.k), Width: float32(1.8 * c.k), Tone: tone,
	})
}
