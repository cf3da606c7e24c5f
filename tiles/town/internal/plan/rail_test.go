package plan

import (
	"math"
	"testing"
)

// TestRailwaysGoOn: a track ends nowhere: where one leaves its cell, the next cell has the same point, and none crosses what stands.
func TestRailwaysGoOn(t *testing.T) {
	p := New(14, false, homeI, homeJ)
	type end struct{ x, y float64 }
	ends := map[end]int{}
	tracks, stations := 0, 0
	const n = 9
	square(homeI, homeJ, n, func(i, j int) {
		c := p.content(i, j)
		x0, y0 := float64(i)*CellSize, float64(j)*CellSize
		for _, s := range c.Streets {
			if s.Class != "rail" {
				continue
			}
			tracks++
			for _, q := range []Pt{s.Line[0], s.Line[len(s.Line)-1]} {
				ends[end{x0 + q.X, y0 + q.Y}]++
			}
			for k := 1; k < len(s.Line); k++ {
				if d := s.Line[k].sub(s.Line[k-1]); k > 1 && d.normal().dot(s.Line[k-1].sub(s.Line[k-2]).normal()) < 0.99 {
					t.Errorf("cell %d, %d: a track bends sharply at %v", i, j, s.Line[k])
				}
			}
		}
		for _, b := range c.Buildings {
			for _, q := range b.Poly {
				if d := p.rail(x0+q.X, y0+q.Y); d < 0 {
					t.Errorf("cell %d, %d: a building stands on the rails at %v", i, j, q)
				}
			}
		}
		for _, place := range c.Places {
			if place.Class == "station" {
				stations++
				near := math.Inf(1)
				for _, q := range place.Outline {
					near = min(near, p.rail(x0+q.X, y0+q.Y))
				}
				if near < 0 || near > 8 {
					t.Errorf("%s is %.1f m from the rails", place.Name, near)
				}
			}
		}
	})
	if tracks < 20 || stations < 2 {
		t.Errorf("%d tracks and %d stations in %d cells", tracks, stations, (2*n+1)*(2*n+1))
	}
	lone := 0
	for e, k := range ends {
		border := min(e.x-(homeI-n)*CellSize, (homeI+n+1)*CellSize-e.x, e.y-(homeJ-n)*CellSize, (homeJ+n+1)*CellSize-e.y)
		if k == 1 && border > 2*railPart {
			lone++
			t.Errorf("a track ends at %v", e)
		}
	}
}

// TestQuarters: grids, spokes, crooked lanes and roundabouts are all there, and blocks hold most of the ground in each.
func TestQuarters(t *testing.T) {
	p := New(15, false, homeI, homeJ)
	plazas, old, rounds, planned := 0, 0, 0, 0
	square(homeI, homeJ, 8, func(i, j int) {
		l := p.layout(i, j)
		x, y := (float64(i)+0.5)*CellSize, (float64(j)+0.5)*CellSize
		area, plaza := 0.0, false
		for _, piece := range l.Pieces {
			if piece.Poly.area() < 0 {
				t.Errorf("cell %d, %d: a piece runs the wrong way round", i, j)
			}
			area += piece.Poly.area()
			plaza = plaza || piece.Fill == Plaza
		}
		switch {
		case plaza:
			plazas++
		case l.Zone != Rural && p.old(x, y) > 0.5:
			old++
		case l.Zone != Rural:
			planned++
		}
		if p.hasRoundabout(i, j) {
			rounds++
		}
		if share := area / (CellSize * CellSize); l.dry && (share < 0.3 || share > 1.5) {
			t.Errorf("cell %d, %d: blocks hold %.2f of a cell's ground", i, j, share)
		}
	})
	if plazas < 5 || old < 5 || rounds < 5 || planned < 20 {
		t.Errorf("%d squares with spokes, %d crooked, %d roundabouts, %d grids", plazas, old, rounds, planned)
	}
}
