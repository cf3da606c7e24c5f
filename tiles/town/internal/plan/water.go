package plan

import "math"

// waterStep is the grid on which the shore is found; between its points it is drawn straight.
const waterStep = 16

// water finds the shore in the cell's own square. Each square of the grid gives its part of the water; edges that two
// parts share in opposite directions cancel, and what is left runs around the water.
func (l *lay) water() {
	const n = CellSize / waterStep
	if l.dry {
		return
	}
	var depth [n + 1][n + 1]float64
	for y := range depth {
		for x := range depth[y] {
			depth[y][x] = -l.p.shore(float64(l.i*CellSize+x*waterStep), float64(l.j*CellSize+y*waterStep))
		}
	}
	next := map[Pt][]Pt{}
	for y := range n {
		for x := range n {
			part := squarePart(x, y, depth[y][x], depth[y][x+1], depth[y+1][x+1], depth[y+1][x])
			for k, a := range part {
				cancel(next, a, part[(k+1)%len(part)])
			}
		}
	}
	for y := range n + 1 {
		for x := range n + 1 {
			// In the order of the grid, not of the map, as the map's changes from run to run.
			for _, start := range [3]Pt{{float64(x * waterStep), float64(y * waterStep)}, crossing(x, y, 1, 0, &depth), crossing(x, y, 0, 1, &depth)} {
				for len(next[start]) > 0 {
					l.addWater(follow(next, start))
				}
			}
		}
	}
}

// farFromWater looks around a little wider than the cell reaches. Half the diagonal of its grid and the largest margin that
// anything keeps from water make less than what it asks for.
func (l *lay) farFromWater() bool {
	const margin = 192
	for y := -margin; y <= CellSize+margin; y += 128 {
		for x := -margin; x <= CellSize+margin; x += 128 {
			if l.wet(Pt{float64(x), float64(y)}, 150) {
				return false
			}
		}
	}
	return true
}

// squarePart is the wet part of one square of the grid, from the depths at its corners, clockwise.
func squarePart(x, y int, d0, d1, d2, d3 float64) Poly {
	c := [4]Pt{{float64(x), float64(y)}, {float64(x + 1), float64(y)}, {float64(x + 1), float64(y + 1)}, {float64(x), float64(y + 1)}}
	d := [4]float64{d0, d1, d2, d3}
	var out Poly
	for k, a := range c {
		m := (k + 1) % 4
		if d[k] > 0 {
			out = append(out, a.times(waterStep))
		}
		if (d[k] > 0) != (d[m] > 0) {
			out = append(out, onEdge(a, c[m], d[k], d[m]))
		}
	}
	return out.tidy(0)
}

// onEdge is where the shore crosses an edge of the grid: the same from both sides, and never on a corner.
func onEdge(a, b Pt, da, db float64) Pt {
	if a.X > b.X || a.Y > b.Y {
		a, b, da, db = b, a, db, da
	}
	t := max(0.05, min(0.95, da/(da-db)))
	return a.to(b, t).times(waterStep).snap()
}

func crossing(x, y, dx, dy int, depth *[CellSize/waterStep + 1][CellSize/waterStep + 1]float64) Pt {
	if x+dx >= len(depth) || y+dy >= len(depth) {
		return Pt{math.NaN(), 0}
	}
	return onEdge(Pt{float64(x), float64(y)}, Pt{float64(x + dx), float64(y + dy)}, depth[y][x], depth[y+dy][x+dx])
}

func cancel(next map[Pt][]Pt, a, b Pt) {
	for k, c := range next[b] {
		if c == a {
			next[b] = append(next[b][:k], next[b][k+1:]...)
			return
		}
	}
	next[a] = append(next[a], b)
}

// follow takes one ring out.
func follow(next map[Pt][]Pt, start Pt) Poly {
	ring := Poly{start}
	for at := start; ; {
		to := next[at][0]
		next[at] = next[at][1:]
		if to == start {
			return ring
		}
		ring = append(ring, to)
		at = to
	}
}

// addWater keeps a ring, and its edges that are shore: those not along the sides of the cell.
func (l *lay) addWater(ring Poly) {
	var slim Poly
	for k, b := range ring {
		a, c := ring[(k+len(ring)-1)%len(ring)], ring[(k+1)%len(ring)]
		if b.sub(a).cross(c.sub(b)) != 0 {
			slim = append(slim, b)
		}
	}
	if len(slim) < 3 {
		return
	}
	l.Water = append(l.Water, slim)
	side := func(a, b Pt) bool {
		return a.X == b.X && (a.X == 0 || a.X == CellSize) || a.Y == b.Y && (a.Y == 0 || a.Y == CellSize)
	}
	var line []Pt
	for k := 0; k <= len(slim); k++ {
		a, b := slim[k%len(slim)], slim[(k+1)%len(slim)]
		if k == len(slim) || side(a, b) {
			if len(line) > 0 {
				l.Shores = append(l.Shores, append(line, a))
			}
			line = nil
			continue
		}
		line = append(line, a)
	}
}
