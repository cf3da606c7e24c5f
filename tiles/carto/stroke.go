package carto

import "math"

// stroke adds a line of a width, in units, with round joins. Each segment is a shape of its own and each join a wedge on its
// outer side, so they add up without overlapping along the line's sides. Capped lines end in half discs.
func (r *raster) stroke(line []point, width float64, capped bool) {
	half := width / 2
	reach := int64(half) + unit
	var before, normal [2]float64
	started := false
	for i := 1; i < len(line); i++ {
		p, q := line[i-1], line[i]
		dx, dy := float64(q.x-p.x), float64(q.y-p.y)
		length := math.Hypot(dx, dy)
		if length == 0 {
			continue
		}
		normal = [2]float64{-dy / length, dx / length}
		if r.near(p, p, reach) {
			switch {
			case started:
				r.join(p, before, normal, half)
			case capped:
				r.arc(p, [2]float64{-normal[0], -normal[1]}, -math.Pi, half)
			}
		}
		if r.near(p, q, reach) {
			n := scaled(normal, half)
			r.quad(p, q, n)
		}
		before, started = normal, true
	}
	if !started {
		return
	}
	if end := line[len(line)-1]; capped && r.near(end, end, reach) {
		r.arc(end, normal, -math.Pi, half)
	}
}

// outline strokes a closed ring.
func (r *raster) outline(ring []point, width float64) {
	if len(ring) < 3 {
		return
	}
	if ring[0] != ring[len(ring)-1] {
		ring = append(ring[:len(ring):len(ring)], ring[0])
	}
	r.stroke(ring, width, false)
	first, last := -1, len(ring)-2
	for i := 1; i < len(ring) && first < 0; i++ {
		if ring[i] != ring[0] {
			first = i
		}
	}
	for last > 0 && ring[last] == ring[0] {
		last--
	}
	if first > 0 && r.near(ring[0], ring[0], int64(width)+unit) {
		r.join(ring[0], unitNormal(ring[last], ring[0]), unitNormal(ring[0], ring[first]), width/2)
	}
}

func unitNormal(p, q point) [2]float64 {
	dx, dy := float64(q.x-p.x), float64(q.y-p.y)
	length := math.Hypot(dx, dy)
	return [2]float64{-dy / length, dx / length}
}

// near says whether the segment's box comes within reach of the raster.
func (r *raster) near(p, q point, reach int64) bool {
	x, y := r.origin.x, r.origin.y
	return max(p.x, q.x) >= x-reach && min(p.x, q.x) <= x+int64(r.w)<<unitBits+reach &&
		max(p.y, q.y) >= y-reach && min(p.y, q.y) <= y+int64(r.h)<<unitBits+reach
}

func (r *raster) quad(p, q, n point) {
	a, b, c, d := p.plus(n), q.plus(n), point{q.x - n.x, q.y - n.y}, point{p.x - n.x, p.y - n.y}
	r.edge(a, b)
	r.edge(b, c)
	r.edge(c, d)
	r.edge(d, a)
}

// join fills the gap on the outer side between two segments that meet at p, given their normals of length 1.
func (r *raster) join(p point, before, after [2]float64, half float64) {
	cross := before[0]*after[1] - before[1]*after[0]
	dot := before[0]*after[0] + before[1]*after[1]
	turn := math.Atan2(cross, dot)
	if cross < 0 {
		r.arc(p, before, turn, half)
	} else {
		r.arc(p, [2]float64{-after[0], -after[1]}, -turn, half)
	}
}

// arc adds the sector of a disc around p from a direction on, through a signed angle.
func (r *raster) arc(p point, from [2]float64, angle, radius float64) {
	const flat = unit / 8 // how far the chords may stay inside the circle
	steps := 1
	if radius > flat {
		steps = int(math.Ceil(math.Abs(angle) / (2 * math.Acos(1-flat/radius))))
	}
	prev := p.plus(scaled(from, radius))
	r.edge(p, prev)
	for i := 1; i <= steps; i++ {
		sin, cos := math.Sincos(angle * float64(i) / float64(steps))
		next := p.plus(scaled([2]float64{from[0]*cos - from[1]*sin, from[0]*sin + from[1]*cos}, radius))
		r.edge(prev, next)
		prev = next
	}
	r.edge(prev, p)
}

func scaled(v [2]float64, by float64) point {
	return point{int64(math.Round(v[0] * by)), int64(math.Round(v[1] * by))}
}

// dashes adds a line broken by a pattern of on and off. Where a dash lies follows from its distance along the line alone, so
// what is far from the raster need not be walked.
func (r *raster) dashes(line []point, width, on, off float64) {
	period, reach := on+off, int64(width)+unit
	begun := 0.0
	for i := 1; i < len(line); i++ {
		p, q := line[i-1], line[i]
		dx, dy := float64(q.x-p.x), float64(q.y-p.y)
		length := math.Hypot(dx, dy)
		if length > 0 && r.near(p, q, reach) {
			at := func(d float64) point {
				return p.plus(point{int64(math.Round(dx * d / length)), int64(math.Round(dy * d / length))})
			}
			// The raster's middle, seen from p along the segment, and how far its corners may be from there.
			mx, my := r.origin.x+int64(r.w)<<unitBits/2-p.x, r.origin.y+int64(r.h)<<unitBits/2-p.y
			middle, around := (float64(mx)*dx+float64(my)*dy)/length, float64(int64(r.w+r.h)<<unitBits+reach)
			from, to := max(0, middle-around), min(length, middle+around)
			for k := math.Floor((begun + from) / period); k*period < begun+to; k++ {
				if a, b := max(0, k*period-begun), min(length, k*period+on-begun); a < b {
					r.stroke([]point{at(a), at(b)}, width, false)
				}
			}
		}
		begun += length
	}
}
