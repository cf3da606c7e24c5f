package plan

import (
	"math"
	"reflect"
	"testing"
)

const homeI, homeJ = 30000, 39138

// square yields the cells around one, that many each way.
func square(i, j, n int, do func(i, j int)) {
	for y := j - n; y <= j+n; y++ {
		for x := i - n; x <= i+n; x++ {
			do(wrap(x), wrap(y))
		}
	}
}

// TestNothingReachesFurther holds the plan to what cellsIn assumes: pictures would have seams else.
func TestNothingReachesFurther(t *testing.T) {
	for _, p := range []*Planner{New(11, false, homeI, homeJ), NewHard(11, false, homeI, homeJ)} {
		reachNoFurther(t, p)
	}
}

func reachNoFurther(t *testing.T, p *Planner) {
	t.Helper()
	limit := Box{-reach, -reach, CellSize + reach, CellSize + reach}
	inside := func(b, outer Box) bool {
		return b.X0 >= outer.X0-1 && b.Y0 >= outer.Y0-1 && b.X1 <= outer.X1+1 && b.Y1 <= outer.Y1+1
	}
	square(homeI, homeJ, 5, func(i, j int) {
		c := p.content(i, j)
		if !inside(c.Bound, limit) {
			t.Errorf("cell %d, %d spreads over %v", i, j, c.Bound)
		}
		for _, b := range append(c.Buildings, c.Details...) {
			if shadow := b.Height * 0.5; !inside(Box{b.Box.X0, b.Box.Y0, b.Box.X1 + shadow, b.Box.Y1 + shadow}, c.Bound) {
				t.Errorf("cell %d, %d: the shadow of a building %v, %v m high, leaves %v", i, j, b.Box, b.Height, c.Bound)
			}
		}
		for _, k := range c.Trees {
			x, y, r := float64(k.X), float64(k.Y), 2.2*float64(k.R)
			if !inside(Box{x - r, y - r, x + r, y + r}, c.Bound) {
				t.Errorf("cell %d, %d: a tree at %v, %v leaves %v", i, j, x, y, c.Bound)
			}
		}
		for _, s := range c.Surfaces {
			if !inside(s.Box, c.Bound) {
				t.Errorf("cell %d, %d: a surface %v leaves %v", i, j, s.Box, c.Bound)
			}
		}
	})
}

func TestPlacesStandDryAndFirm(t *testing.T) {
	p := New(12, false, homeI, homeJ)
	kinds := map[string]bool{}
	for _, w := range append(Core.deck().big, Core.deck().small...) {
		kinds[w.class] = true
	}
	square(homeI, homeJ, 6, func(i, j int) {
		layout := p.layout(i, j)
		for _, place := range layout.Places {
			if !place.Outline.Contains(place.At) {
				t.Errorf("%s: its label lies outside", place.Name)
			}
			for _, q := range append(place.Outline, place.At) {
				if d := p.shore(float64(i)*CellSize+q.X, float64(j)*CellSize+q.Y); d < 0 {
					t.Errorf("%s stands in water", place.Name)
				}
				if q != q.snap() {
					t.Errorf("%s: a corner at %v is no whole unit", place.Name, q)
				}
			}
		}
		for _, piece := range layout.Pieces {
			if piece.Place >= 0 && reflect.ValueOf(piece.Poly).Pointer() != reflect.ValueOf(layout.Places[piece.Place].Outline).Pointer() {
				t.Errorf("the ground of %s is not its outline", layout.Places[piece.Place].Name)
			}
		}
	})
}

func TestPlansDoNotDependOnOrder(t *testing.T) {
	a, b := NewHard(13, true, homeI, homeJ), NewHard(13, true, homeI, homeJ)
	square(100, 40000, 1, func(i, j int) { b.content(i, j) })
	for _, cell := range [][2]int{{100, 40000}, {0, 30000}, {Around - 1, 30000}} {
		if x, y := a.content(cell[0], cell[1]), b.makeContent(b.makeLayout(cell[0], cell[1]), cell[0], cell[1]); !reflect.DeepEqual(x, y) {
			t.Errorf("cell %v differs", cell)
		}
	}
}

func TestFieldsGoAroundTheWorld(t *testing.T) {
	f := newFields(1, 5000, 5000)
	const world = CellSize * Around
	for _, y := range []float64{12345.125, 0, world - 3.5} {
		for _, x := range []float64{-100.5, 0, 77.25, -5000.125} {
			if a, b := f.shore(x, y), f.shore(x+world, y); math.Abs(a-b) > 1e-3*math.Abs(a) {
				t.Errorf("shore at %v, %v: %v and %v", x, y, a, b)
			}
			if a, b := f.density(x, y), f.density(x+world, y); math.Abs(a-b) > 1e-9 {
				t.Errorf("density at %v, %v: %v and %v", x, y, a, b)
			}
		}
	}
}

func TestShapes(t *testing.T) {
	p := Poly{{0, 0}, {100, 10}, {110, 80}, {-5, 70}}
	if p.area() <= 0 || Poly([]Pt{p[3], p[2], p[1], p[0]}).area() >= 0 {
		t.Fatal("clockwise outlines must have positive areas")
	}
	u, long, short := p.longAxis()
	if math.Abs(u.X) < 0.9 || long < short {
		t.Errorf("long axis %v, %v by %v", u, long, short)
	}
	left, right := p.clip(u, 50), p.clip(u.times(-1), -50)
	if d := left.area() + right.area() - p.area(); math.Abs(d) > 1e-6 {
		t.Errorf("cutting loses %v m²", d)
	}
	in := p.inset(5)
	for _, q := range in {
		if !p.Contains(q) || p.edgeDistance(q) < 4.9 {
			t.Errorf("%v is not 5 m in", q)
		}
	}
	f := p.fit(u.left())
	if f.w*f.d < 0.6*p.area() || math.Abs(f.u.cross(f.v)-1) > 1e-9 {
		t.Errorf("fitted %v by %v", f.w, f.d)
	}
	for _, q := range f.shrunk(0.5).whole() {
		if !p.Contains(q) {
			t.Errorf("a corner of the fitted rectangle, %v, lies outside", q)
		}
	}
	if g := f.turned(); g.at(0, 0).sub(f.at(0, f.d)).length() > 1e-9 || g.w != f.d {
		t.Error("turned the wrong way")
	}
}

// TestStoreKeepsALimit fills a store beyond its size.
func TestStoreKeepsALimit(t *testing.T) {
	s, made := newStore[int](10), 0
	for k := range 100 {
		s.get(k, 0, func() int { made++; return k })
		if s.get(0, 0, func() int { return 0 }) != 0 {
			t.Fatal("a wrong value")
		}
	}
	if n := len(s.now) + len(s.older); n > 11 {
		t.Errorf("%d values kept", n)
	}
	if made != 99 && made != 100 {
		t.Errorf("made %d values", made)
	}
}
