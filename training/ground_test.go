package training

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/tiles"
)

// shape is an L in a turned frame, with arms of some metres about a place: convex outlines would hide a label that leaves by a corner.
func shape(t *rapid.T) orb.Polygon {
	long, wide := rapid.Float64Range(8, 120).Draw(t, "long"), rapid.Float64Range(3, 8).Draw(t, "wide")
	turn := rapid.Float64Range(0, math.Pi).Draw(t, "turn")
	var ring orb.Ring
	for _, p := range []orb.Point{{0, 0}, {long, 0}, {long, wide}, {wide, wide}, {wide, long}, {0, long}, {0, 0}} {
		const degree = 111320 // metres
		x, y := p[0]*math.Cos(turn)-p[1]*math.Sin(turn), p[0]*math.Sin(turn)+p[1]*math.Cos(turn)
		ring = append(ring, orb.Point{32.59 + x/degree, 0.35 + y/degree})
	}
	return orb.Polygon{ring}
}

func feature(name string, g orb.Geometry) formats.Feature {
	return formats.Feature{Geometry: g, Properties: []formats.Property{{Key: "name", Value: name}}}
}

// TestMovedLabelsStayInside, wherever the map had them, and go where the seed says; labels of other places stay.
func TestMovedLabelsStayInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outline := shape(t)
		b := outline.Bound()
		at := orb.Point{b.Min[0] + rapid.Float64Range(0, 1).Draw(t, "x")*(b.Max[0]-b.Min[0]), b.Min[1] + rapid.Float64Range(0, 1).Draw(t, "y")*(b.Max[1]-b.Min[1])}
		other, house := feature("Another", at), feature("Oak School", outline)
		before := []formats.Feature{feature("Oak School", at), other, house}
		seed := rapid.Uint64().Draw(t, "seed")
		for _, to := range []Move{MoveThird, MoveEdge} {
			got := MoveLabels(before, []formats.Feature{feature("Oak School", outline)}, to, seed)
			again := MoveLabels(before, []formats.Feature{feature("Oak School", outline)}, to, seed)
			p := got[0].Geometry.(orb.Point)
			if !planar.PolygonContains(outline, p) {
				t.Fatalf("%s: %v is outside", to, p)
			}
			if p != again[0].Geometry.(orb.Point) || got[1].Geometry != orb.Geometry(at) || before[0].Geometry.(orb.Point) != at {
				t.Fatalf("%s: not what the seed says, or another label moved", to)
			}
			if _, same := got[2].Geometry.(orb.Polygon); !same {
				t.Fatalf("%s: the house moved", to)
			}
		}
	})
}

// TestMovesAreAsFar as they say: on a square of 30 m a third is 10 m, the edge within 2 % of the way.
func TestMovesAreAsFar(t *testing.T) {
	side := 30 / geo.MetersPerPixel(0, finest)
	c := geo.Project(orb.Point{32.59, 0}, finest)
	corner := func(x, y float64) orb.Point {
		return geo.Unproject(orb.Point{c[0] + x*side/2, c[1] + y*side/2}, finest)
	}
	square := orb.Polygon{{corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1), corner(-1, -1)}}
	places := []formats.Feature{feature("S", square)}
	before := []formats.Feature{feature("S", orb.Point{32.59, 0})}
	directions := map[int]bool{}
	for seed := range uint64(40) {
		p := geo.Project(MoveLabels(before, places, MoveThird, seed)[0].Geometry.(orb.Point), finest)
		dx, dy := p[0]-c[0], p[1]-c[1]
		if d := math.Hypot(dx, dy); math.Abs(d-side/3) > 0.01*side {
			t.Errorf("a third: %.2f of the side", d/side)
		}
		directions[int(math.Atan2(dy, dx)*4/math.Pi+4)] = true
		p = geo.Project(MoveLabels(before, places, MoveEdge, seed)[0].Geometry.(orb.Point), finest)
		if d := max(math.Abs(p[0]-c[0]), math.Abs(p[1]-c[1])); d > side/2 || d < 0.97*side/2 {
			t.Errorf("the edge: %.3f of half a side", 2*d/side)
		}
	}
	if len(directions) < 6 {
		t.Errorf("seeds lead to %d of 8 directions", len(directions))
	}
}

// grain is a source whose pictures are noise down to a zoom; finer ones enlarge it.
type grain struct{ native int }

func (g grain) Info() tiles.Info {
	return tiles.Info{Name: "grain", MinZoom: 17, MaxZoom: 20, TileSize: geo.TileSize, Bounds: orb.Bound{Min: orb.Point{-180, -80}, Max: orb.Point{180, 80}}}
}

func (g grain) Tile(_ context.Context, t maptile.Tile) (*tiles.Tile, error) {
	img := image.NewRGBA(image.Rect(0, 0, geo.TileSize, geo.TileSize))
	for y := range geo.TileSize {
		for x := range geo.TileSize {
			sum, weight := 0.0, 0.0
			for z := g.native - 2; z <= g.native; z++ { // as strong at each octave, smooth between its points
				scale := math.Pow(2, float64(int(t.Z)-z))
				sum += smooth((float64(t.X)*geo.TileSize+float64(x))/scale, (float64(t.Y)*geo.TileSize+float64(y))/scale)
				weight++
			}
			v := uint8(255 * sum / weight)
			img.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	return tiles.DrawnTile(img, tiles.PNG), nil
}

// smooth is noise between 0 and 1 at whole numbers and their bilinear mean between.
func smooth(x, y float64) float64 {
	noise := func(x, y float64) float64 {
		h := (uint64(int64(x))*0x9E3779B97F4A7C15 ^ uint64(int64(y))) * 0xBF58476D1CE4E5B9
		return float64((h^h>>31)*0x94D049BB133111EB>>11) / (1 << 53)
	}
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := x-x0, y-y0
	return (noise(x0, y0)*(1-fx)+noise(x0+1, y0)*fx)*(1-fy) + (noise(x0, y0+1)*(1-fx)+noise(x0+1, y0+1)*fx)*fy
}

func TestGroundZoom(t *testing.T) {
	at := []orb.Point{{32.59, 0.35}}
	for _, c := range []struct {
		native int
		want   string
		zoom   int
	}{{19, "native", 19}, {19, "next", 20}, {18, "native", 18}, {20, "native", 20}, {20, "next", 19}, {18, "17", 17}} {
		if z, err := GroundZoom(t.Context(), grain{c.native}, at, c.want); err != nil || z != c.zoom {
			t.Errorf("%s of %d: %d, %v; want %d", c.want, c.native, z, err, c.zoom)
		}
	}
	for _, far := range []string{"21", "16", "-1"} {
		if _, err := GroundZoom(t.Context(), grain{19}, at, far); !errors.Is(err, ErrZoom) || !strings.Contains(err.Error(), "17 to 20") {
			t.Errorf("zoom %s: %v", far, err)
		}
	}
	if _, err := GroundZoom(t.Context(), grain{19}, at, "near"); err == nil || !strings.Contains(err.Error(), "native") {
		t.Errorf("a zoom that is none: %v", err)
	}
}

func groundTable(iou map[string][]float64, systems ...string) *Table {
	t := &Table{Systems: systems, iou: iou}
	for i := range iou[systems[0]] {
		t.asked = append(t.asked, asked{string(rune('a' + i)), TierName})
	}
	for _, s := range systems {
		t.Outcomes = append(t.Outcomes, Outcome{System: s, Tier: TierName})
	}
	return t
}

func TestKeepBest(t *testing.T) {
	table := groundTable(map[string][]float64{"r": {.5, .5}, "b:20": {.1, .2}, "b:40": {.9, .1}, "b:60": {.2, .3}}, "r", "b:20", "b:40", "b:60")
	if got := table.KeepBest([]string{"b:20", "b:40", "b:60"}); got != "b:40, best of 3" {
		t.Fatal(got)
	}
	if len(table.Systems) != 2 || len(table.Outcomes) != 2 || table.Outcomes[1].System != "b:40, best of 3" {
		t.Errorf("%v, %+v", table.Systems, table.Outcomes)
	}
	if better, _, _ := table.Difference("b:40, best of 3", "r"); math.Abs(better) > 1e-9 {
		t.Errorf("better by %g, want 0", better)
	}
	if got := table.KeepBest([]string{"nobody"}); got != "" || len(table.Systems) != 2 {
		t.Errorf("the best of none is %q", got)
	}
}

func TestGroundRows(t *testing.T) {
	one := groundTable(map[string][]float64{"r": {.6, .4, .8}, "b:20": {.1, .2, .9}, "b:40": {.5, .4, .6}}, "r", "b:20", "b:40")
	two := groundTable(map[string][]float64{"r": {.1}, "b:20": {.7}, "b:40": {.5}}, "r", "b:20", "b:40")
	var rows []GroundRow
	for _, table := range []*Table{one, two} {
		table.KeepBest([]string{"b:20", "b:40"})
		rows = append(rows, NewGroundRow("here", "19", table))
	}
	if c := rows[0].Cells[0]; math.Abs(c.Mean-.6) > 1e-9 || math.Abs(c.Above-2./3) > 1e-9 || c.Better != 0 {
		t.Errorf("%+v", c)
	}
	if got := rows[0].Markdown(); !strings.HasPrefix(got, "| here | 19 | 3 | 60.0 · 67 % | 50.0 · 33 % (40 px) | 10.0 (") {
		t.Error(got)
	}
	all := PoolGrounds("all", "native", rows)
	if c := all.Cells[1]; all.N != 4 || c.System != "b, best of 2" || math.Abs(c.Mean-(.5+.4+.6+.7)/4) > 1e-9 || math.Abs(c.Better-(.1+0+.2-.6)/4) > 1e-9 {
		t.Errorf("%d, %+v", all.N, c)
	}
	head, _, _ := strings.Cut(GroundHead(all), "\n")
	if strings.Count(head, "|") != strings.Count(all.Markdown(), "|") || strings.Contains(all.Markdown(), "px") || !strings.Contains(head, "| b, best of 2 |") {
		t.Errorf("%s\n%s", head, all.Markdown())
	}
}
