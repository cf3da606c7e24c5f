package paint

import (
	"math"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// streets paints pavements below all carriageways, so that crossings are open.
func (c *canvas) streets(cells []plan.Cell[*plan.Layout]) {
	each := func(do func(s *plan.Street)) {
		for _, cell := range cells {
			c.enter(cell.I, cell.J)
			for k := range cell.Plan.Streets {
				if s := &cell.Plan.Streets[k]; c.sees(s.Box.Grow(s.Width/2 + s.Walk + 14)) {
					do(s)
				}
			}
		}
	}
	c.rails(cells, 0)
	each(func(s *plan.Street) {
		if s.Level > 0 && s.Class != "rail" {
			c.stroke(s.Line, s.Width+2*s.Walk+1, c.beside(5))
		}
	})
	c.shade(0.9)
	unpaved := func(s *plan.Street) bool {
		return s.Class == "track" || c.look.unpaved && s.Width < 7.6 && s.Level == 0 && s.Class != "rail"
	}
	each(func(s *plan.Street) {
		if (s.Walk > 0 || s.Level > 0) && s.Class != "rail" && !unpaved(s) {
			c.stroke(s.Line, s.Width+2*s.Walk+float64(s.Level), plan.Pt{})
		}
	})
	c.fill(texture{colour{158, 153, 145}, 0.06, 0.05, colour{142, 136, 126}, 0.8}, 1)
	each(func(s *plan.Street) {
		if unpaved(s) {
			c.stroke(s.Line, s.Width, plan.Pt{})
		}
	})
	lane := texture{colour{150, 132, 104}, 0.1, 0.12, colour{132, 120, 88}, 0.9}
	if c.look.hard {
		lane.colour, lane.other = c.look.soil, c.look.soil.times(0.85)
	}
	c.fill(lane, 0.85)
	each(func(s *plan.Street) {
		if !unpaved(s) && s.Class != "rail" {
			c.stroke(s.Line, c.atLeast(s.Width, 0.9), plan.Pt{})
			if s.Level == 0 {
				c.disc(s.Line[0], s.Width/2)
				c.disc(s.Line[len(s.Line)-1], s.Width/2)
			}
		}
	})
	c.fill(texture{colour{103, 103, 106}, 0.05, 0.05, colour{118, 116, 114}, 0.9}, 1)
	c.rails(cells, 1)
	if c.ppm < 0.9 {
		return
	}
	each(func(s *plan.Street) { c.lanes(s) })
	c.fill(texture{colour{214, 212, 204}, 0.06, 0.1, colour{}, 0}, 0.75)
}

// rails paints the tracks of a level on their ballast, or on a bridge's deck: two where there is room for them.
func (c *canvas) rails(cells []plan.Cell[*plan.Layout], level int) {
	var tracks []*plan.Street
	each := func(do func(s *plan.Street)) {
		for _, cell := range cells {
			c.enter(cell.I, cell.J)
			for k := range cell.Plan.Streets {
				if s := &cell.Plan.Streets[k]; s.Class == "rail" && s.Level == level && c.sees(s.Box.Grow(s.Width/2+14)) {
					tracks = append(tracks, s)
					do(s)
				}
			}
		}
	}
	if level > 0 {
		each(func(s *plan.Street) { c.stroke(s.Line, s.Width+1, c.beside(5)) })
		c.shade(0.9)
		each(func(s *plan.Street) { c.stroke(s.Line, s.Width+1, plan.Pt{}) })
		c.fill(texture{colour{150, 146, 138}, 0.05, 0.05, colour{}, 0}, 1)
	}
	each(func(s *plan.Street) { c.stroke(s.Line, c.atLeast(s.Width-2.5, 0.9), plan.Pt{}) })
	if len(tracks) == 0 {
		return
	}
	c.fill(texture{colour{124, 114, 104}, 0.09, 0.07, colour{106, 98, 90}, 0.8}, 1)
	if c.ppm < 0.9 {
		return
	}
	const gauge, apart = 1.435, 4.4
	lines := func(each func(s *plan.Street, offset float64)) {
		for _, cell := range cells {
			c.enter(cell.I, cell.J)
			for k := range cell.Plan.Streets {
				s := &cell.Plan.Streets[k]
				if s.Class != "rail" || s.Level != level || !c.sees(s.Box.Grow(s.Width)) {
					continue
				}
				if s.Width < 8 {
					each(s, 0)
					continue
				}
				each(s, apart/2)
				each(s, -apart/2)
			}
		}
	}
	lines(func(s *plan.Street, at float64) { c.dashes(s.Line, at, 0, 1e9, 1e9, 0, 2.6) })
	c.fill(texture{colour{98, 88, 80}, 0.1, 0.08, colour{86, 78, 72}, 0.8}, 0.7)
	lines(func(s *plan.Street, at float64) {
		c.dashes(s.Line, at-gauge/2, 0, 1e9, 1e9, 0, 0.25)
		c.dashes(s.Line, at+gauge/2, 0, 1e9, 1e9, 0, 0.25)
	})
	c.fill(texture{colour{172, 166, 160}, 0.06, 0.05, colour{}, 0}, 0.85)
}

// atLeast keeps streets visible in small pictures.
func (c *canvas) atLeast(metres, pixels float64) float64 { return math.Max(metres, pixels/c.ppm) }

// lanes marks the middle, the lanes and the crossings of the wider streets.
func (c *canvas) lanes(s *plan.Street) {
	if s.Width < 8.5 || s.Walk == 0 {
		return
	}
	line, total := s.Line, 0.0
	for i := 1; i < len(line); i++ {
		total += math.Hypot(line[i].X-line[i-1].X, line[i].Y-line[i-1].Y)
	}
	const clear = 15.0
	from, to := clear, total-clear
	if s.On[0] {
		from = 0
	}
	if s.On[1] {
		to = total
	}
	c.dashes(line, 0, from, to, 3, 4, 0.3)
	if s.Width > 13 {
		c.dashes(line, 0.4, from, to, 1e9, 0, 0.25)
		c.dashes(line, -3.7, from, to, 3, 5, 0.28)
		c.dashes(line, 3.7, from, to, 3, 5, 0.28)
	}
	for o := -s.Width/2 + 0.9; o < s.Width/2-0.4 && total > 60 && c.ppm > 1.5; o += 1.3 {
		if !s.On[0] {
			c.dashes(line, o, clear-3, clear, 3, 9, 0.6)
		}
		if !s.On[1] {
			c.dashes(line, o, total-clear, total-clear+3, 3, 9, 0.6)
		}
	}
}

// dashes draws along a line, offset to its side, between two distances from its start.
func (c *canvas) dashes(line []plan.Pt, offset, from, to, on, off, width float64) {
	done := 0.0
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		l := math.Hypot(b.X-a.X, b.Y-a.Y)
		if l == 0 {
			continue
		}
		ux, uy := (b.X-a.X)/l, (b.Y-a.Y)/l
		at := func(d float64) plan.Pt {
			return plan.Pt{X: a.X + ux*(d-done) - uy*offset, Y: a.Y + uy*(d-done) + ux*offset}
		}
		start := math.Max(from, done)
		for k := math.Floor((start - from) / (on + off)); ; k++ {
			d0 := math.Max(from+k*(on+off), start)
			d1 := math.Min(from+k*(on+off)+on, math.Min(to, done+l))
			if from+k*(on+off) >= math.Min(to, done+l) {
				break
			}
			if d1 > d0 {
				c.stroke([]plan.Pt{at(d0), at(d1)}, width, plan.Pt{})
			}
		}
		done += l
	}
}

// line colours, by kind.
func lineTexture(k plan.LineKind) texture {
	switch k {
	case plan.Trail:
		return texture{colour{178, 170, 154}, 0.05, 0.06, colour{164, 154, 136}, 0.7}
	case plan.Dirt:
		return texture{colour{162, 146, 118}, 0.07, 0.08, colour{146, 132, 104}, 0.7}
	case plan.Mark:
		return texture{colour{226, 226, 220}, 0.04, 0.06, colour{}, 0}
	case plan.Yellow:
		return texture{colour{212, 172, 70}, 0.04, 0.06, colour{}, 0}
	case plan.Fence:
		return texture{colour{128, 124, 116}, 0.12, 0.06, colour{}, 0}
	case plan.Wall:
		return texture{colour{186, 178, 164}, 0.06, 0.06, colour{170, 160, 146}, 0.6}
	}
	return texture{colour{56, 76, 40}, 0.3, 0.14, colour{70, 84, 48}, 0.8}
}
