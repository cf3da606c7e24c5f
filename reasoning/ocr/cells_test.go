package ocr

import (
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town"
)

func maps(t *testing.T) (m *Maps, cells *atomic.Int32) {
	t.Helper()
	memory, err := cache.New(64<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(memory.Close)
	cells = new(atomic.Int32)
	r := open(t)
	r.options.Observe = func(graph string, _ time.Duration) {
		if graph == "ocr-detect" {
			cells.Add(1)
		}
	}
	return &Maps{Reader: r, Memory: memory}, cells
}

// TestCellsJoin: what a scene is told does not depend on what was read before, no label twice, and a scene pays for new ground only.
func TestCellsJoin(t *testing.T) {
	made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := made.Map("basic")
	if err != nil {
		t.Fatal(err)
	}
	m, cells := maps(t)
	here := reasoning.SceneAt(17, geo.Project(plan.Info().Center, 17))
	east := here
	east.Col++
	first, err := m.Labels(t.Context(), plan, here.Window())
	if err != nil || len(first) == 0 {
		t.Fatal(first, err)
	}
	one := cells.Load()
	second, err := m.Labels(t.Context(), plan, east.Window())
	if err != nil {
		t.Fatal(err)
	}
	two := cells.Load()
	if two >= 2*one {
		t.Errorf("two neighbours read %d times, one %d times: the ground that they share is read twice", two, one)
	}
	if _, err := m.Labels(t.Context(), plan, here.Window()); err != nil || cells.Load() != two {
		t.Errorf("known ground is read again: %d times, %v", cells.Load()-two, err)
	}
	places := map[orb.Point]string{}
	for _, l := range append(first, second...) {
		places[l.At] = l.Text
	}
	both := here.Window()
	both.W += reasoning.CoreSize
	all, err := m.Labels(t.Context(), plan, both)
	if err != nil || len(all) != len(places) {
		t.Errorf("%d labels in both scenes together, %d in each, %v", len(all), len(places), err)
	}
	count := map[string]int{}
	for _, l := range all {
		count[l.Text]++
	}
	known, err := plan.(tiles.Labeler).Labels(t.Context(), both)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, l := range known {
		if count[l.Text] > 0 {
			found++
		}
	}
	if float64(found) < 0.9*float64(len(known)) {
		t.Errorf("%d of %d labels found, want nine of ten: the deeper zoom shows them", found, len(known))
	}
	t.Logf("%d of the map's %d labels found", found, len(known))
}

// TestReadsSanFrancisco: of a real map's labels, hidden ones included.
func TestReadsSanFrancisco(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "data", "osm", "sf-downtown.osm.pbf")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the extract of San Francisco is not here: ", path)
	}
	for _, style := range []string{"basic", "basic-b"} {
		plan, err := osm.Open(t.Context(), osm.Options{Path: path, Style: style})
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := carto.NewStyle(style)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := maps(t)
		n, same, near := 0, 0, 0
		for _, at := range []orb.Point{{-122.4060, 37.7915}, {-122.4150, 37.7760}} {
			w := reasoning.SceneAt(17, geo.Project(at, 17)).Core()
			k, s, c := compare(t, plan, m, drawn, w)
			n, same, near = n+k, same+s, near+c
		}
		t.Logf("%s: %d labels shown, %d read (%.1f%%), %d of them within 3 px", style, n, same, 100*float64(same)/float64(n), near)
		if float64(same) < 0.95*float64(n) || float64(near) < 0.95*float64(same) || n < 100 {
			t.Errorf("%s: want at least 100 labels, 95%% of them read, and 95%% of those within 3 px", style)
		}
	}
}

// labelled is a map that knows its labels.
type labelled interface {
	tiles.Source
	tiles.Labeler
}

// compare counts the labels that a map shows in full at the zoom that is read, those read letter by letter, and those where they stand.
func compare(t *testing.T, plan labelled, m *Maps, drawn *carto.Style, w geo.Window) (n, same, near int) {
	t.Helper()
	deep := geo.Window{Z: w.Z + deeper, X: w.X << deeper, Y: w.Y << deeper, W: w.W << deeper, H: w.H << deeper}
	around, err := plan.Labels(t.Context(), deep.Pad(carto.Pad))
	if err != nil {
		t.Fatal(err)
	}
	read, err := m.Labels(t.Context(), plan, w.Pad(8))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range drawn.Shown(deep, around) {
		n++
		at, best := deep.Local(l.At), math.Inf(1)
		for _, r := range read {
			if bare(r.Text) == bare(l.Text) {
				p := deep.Local(r.At)
				best = min(best, math.Hypot(p[0]-at[0], p[1]-at[1]))
			}
		}
		switch {
		case math.IsInf(best, 1):
			t.Logf("%q was not read; near it: %q", l.Text, nearby(deep, at, read))
			continue
		case best <= 3:
			near++
		}
		same++
	}
	return n, same, near
}

func nearby(w geo.Window, at orb.Point, read []tiles.Label) (out []string) {
	for _, r := range read {
		if p := w.Local(r.At); math.Hypot(p[0]-at[0], p[1]-at[1]) < 40 {
			out = append(out, r.Text)
		}
	}
	return out
}
