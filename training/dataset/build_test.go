package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

var ground = geo.Window{Z: 17, X: 1 << 20, Y: 1 << 20, W: 2200, H: 1700}

// filesOf are the names and bytes of a folder.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rowsOf(t *testing.T, dir string) []*Row {
	t.Helper()
	set, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []*Row
	for r, err := range set.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestBuildRoundTrip(t *testing.T) {
	for _, folder := range []bool{false, true} {
		t.Run(fmt.Sprintf("folder %v", folder), func(t *testing.T) {
			dir, g := t.TempDir(), madeUp("here", 1, ground, 260)
			spec := small()
			spec.Folder = folder
			m, err := Build(t.Context(), dir, spec, []*Ground{g}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			rows := rowsOf(t, dir)
			if len(rows) != m.Total() || len(rows) < 300 {
				t.Fatalf("%d rows read, %d written", len(rows), m.Total())
			}
			places, _ := g.Places(t.Context(), ground)
			for _, r := range rows {
				checkRow(t, r, places)
			}
			set, _ := Open(dir)
			v, err := set.Verify(t.Context(), func(int, int) {})
			if err != nil || len(v.Problems) > 0 {
				t.Fatal(v, err)
			}
		})
	}
}

// checkRow holds a row to the places that it was made of.
func checkRow(t *testing.T, r *Row, places []Place) {
	t.Helper()
	plan, sat, mask, err := r.Pictures()
	if err != nil {
		t.Fatal(r.ID, err)
	}
	want := geo.NewMask(r.Window)
	ids := strings.Split(r.Place, ",")
	for _, p := range places {
		if slices.Contains(ids, p.ID) {
			want.Or(geo.Rasterize(r.Window, onLattice(p.Shape, r.Window.Z)))
			if r.Tier == Name && p.Name != r.Problem || r.Tier == Class && p.Class != r.Class {
				t.Fatalf("%s: %q answers %q", r.ID, p.Name, r.Problem)
			}
		}
	}
	if !mask.Equal(want) || mask.Count() == 0 {
		t.Fatalf("%s: its mask is not its places'", r.ID)
	}
	x, y := r.Window.W/2, r.Window.H/3
	if sat.At(x, y) != painted(r.Window, 3).At(x, y) || plan.At(x, y) != painted(r.Window, 5).At(x, y) {
		t.Fatalf("%s: its pictures are not of its ground", r.ID)
	}
	for _, l := range r.Labels {
		if l.X < 0 || l.X > float64(r.Window.W) || l.Y < 0 || l.Y > float64(r.Window.H) {
			t.Fatalf("%s: label %v lies outside", r.ID, l)
		}
	}
}

func TestSameBytes(t *testing.T) {
	for _, folder := range []bool{false, true} {
		a, b := t.TempDir(), t.TempDir()
		spec := small()
		spec.Folder = folder
		for k, dir := range []string{a, b} {
			if _, err := Build(t.Context(), dir, spec, []*Ground{madeUp("here", 1, ground, 260), madeUp("there", 2, ground, 90)}, Options{Workers: 1 + 3*k}); err != nil {
				t.Fatal(err)
			}
		}
		if !maps.Equal(filesOf(t, a), filesOf(t, b)) {
			t.Error("the same order gave other bytes")
		}
	}
}

// TestCutOff ends builds at random moments, and with a full disk, and goes on: the result is that of one that was never cut off.
func TestCutOff(t *testing.T) {
	for _, folder := range []bool{false, true} {
		spec := small()
		spec.Folder = folder
		whole, cut := t.TempDir(), t.TempDir()
		if _, err := Build(t.Context(), whole, spec, []*Ground{madeUp("here", 1, ground, 260)}, Options{}); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(3, 4))
		ended := 0
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			g := madeUp("here", 1, ground, 260)
			pair, left, full := g.Pair, r.IntN(40), r.IntN(2) == 0
			g.Pair = func(c context.Context, w geo.Window) (*tiles.Pair, error) {
				if left--; left < 0 && full {
					return nil, fmt.Errorf("write: %w", syscall.ENOSPC)
				} else if left < 0 {
					cancel()
				}
				return pair(c, w)
			}
			_, err := Build(ctx, cut, spec, []*Ground{g}, Options{Workers: 1})
			cancel()
			if err == nil {
				break
			}
			if ended++; full && !strings.Contains(err.Error(), "make room") && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		if ended < 3 {
			t.Fatalf("only %d builds were cut off", ended)
		}
		if !maps.Equal(filesOf(t, whole), filesOf(t, cut)) {
			t.Error("a build that was cut off gave other bytes")
		}
	}
}

func TestRefuses(t *testing.T) {
	build := func(dir string, change func(*Spec), grounds ...*Ground) error {
		spec := small()
		change(&spec)
		_, err := Build(t.Context(), dir, spec, grounds, Options{})
		return err
	}
	same := func(*Spec) {}
	here := madeUp("here", 1, ground, 60)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.tex"), []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	made := t.TempDir()
	if err := build(made, same, here); err != nil {
		t.Fatal(err)
	}
	half := t.TempDir()
	if err := build(half, same, holedGround(here, fmt.Errorf("no network"))); err == nil {
		t.Fatal("a source that fails is no data set")
	}
	out := madeUp("out", 9, ground, 60)
	out.LeftOut = true
	for name, c := range map[string]struct {
		err   error
		wants error
	}{
		"another's folder":         {build(full, same, here), ErrOther},
		"another order":            {build(made, func(s *Spec) { s.Seed++ }, here), ErrOther},
		"other outlines, half way": {build(half, same, madeUp("here", 2, ground, 60)), ErrOther},
		"no tier":                  {build(t.TempDir(), func(s *Spec) { s.Tiers = nil }, here), ErrSpec},
		"tiny pictures":            {build(t.TempDir(), func(s *Spec) { s.Size = 3 }, here), ErrSpec},
		"nothing there":            {build(t.TempDir(), same, madeUp("empty", 1, ground, 0)), ErrEmpty},
		"only specks":              {build(t.TempDir(), func(s *Spec) { s.Filters.MinPixels = 1e6 }, here), ErrEmpty},
		"left out and learned":     {build(t.TempDir(), same, here, out), ErrSpec},
	} {
		if !errors.Is(c.err, c.wants) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}

// holedGround is a ground whose pictures fail, or have a hole.
func holedGround(g *Ground, err error) *Ground {
	out := *g
	out.Pair = func(ctx context.Context, w geo.Window) (*tiles.Pair, error) {
		if err != nil {
			return nil, err
		}
		p, e := g.Pair(ctx, w)
		p.Holes = []tiles.Hole{{Layer: "satellite", Window: geo.Window{Z: w.Z, X: w.X, Y: w.Y, W: w.W / 2, H: w.H}, Reason: "no such tile"}}
		return p, e
	}
	return &out
}

// TestHoles has imagery for half of what is asked: what it does not show is left out and told.
func TestHoles(t *testing.T) {
	g := madeUp("here", 1, ground, 260)
	pair := g.Pair
	g.Pair = func(ctx context.Context, w geo.Window) (*tiles.Pair, error) {
		if w.X < ground.X+ground.W/2 {
			return holedGround(madeUp("here", 1, ground, 260), nil).Pair(ctx, w)
		}
		return pair(ctx, w)
	}
	for most, want := range map[float64]string{0.3: "satellite has no picture there: no such tile", 0.5: "satellite has no picture of all of it"} {
		dir, spec := t.TempDir(), small()
		spec.Filters.MaxHole = most
		m, err := Build(t.Context(), dir, spec, []*Ground{g}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if n := m.Skipped[want]; n < 100 || m.Total() < 100 {
			t.Errorf("at most %g: %d rows, %d left out: %v", most, m.Total(), n, m.Skipped)
		}
		told, _ := os.ReadFile(filepath.Join(dir, "skipped.jsonl"))
		if !bytes.Contains(told, []byte(`"name":"Place `)) {
			t.Errorf("what was left out is not told: %.200s", told)
		}
		set, _ := Open(dir)
		if v, err := set.Verify(t.Context(), func(int, int) {}); err != nil || len(v.Problems) > 0 {
			t.Error(v, err)
		}
	}
}

// TestMaxPerClass: a picture full of schools is asked for a few.
func TestMaxPerClass(t *testing.T) {
	spec := small()
	spec.Filters.MaxPerClass = 1
	dir := t.TempDir()
	if _, err := Build(t.Context(), dir, spec, []*Ground{madeUp("here", 1, ground, 400)}, Options{}); err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for _, r := range rowsOf(t, dir) {
		if r.Tier == Name {
			asked[r.Window.String()+r.Class]++
		}
	}
	for key, n := range asked {
		if n > 1 {
			t.Errorf("%s: %d names", key, n)
		}
	}
}

// TestSplitsShareNoGround holds for any size, ground and zoom, also where grounds overlap.
func TestSplitsShareNoGround(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := geo.Window{Z: rapid.IntRange(14, 20).Draw(t, "z"), W: rapid.IntRange(200, 4000).Draw(t, "w"), H: rapid.IntRange(200, 4000).Draw(t, "h")}
		w.X, w.Y = rapid.IntRange(0, geo.WorldSize(w.Z)/2).Draw(t, "x"), rapid.IntRange(geo.WorldSize(w.Z)/4, geo.WorldSize(w.Z)/2).Draw(t, "y")
		grounds := []*Ground{madeUp("a", 1, w, rapid.IntRange(1, 150).Draw(t, "places"))}
		if rapid.Bool().Draw(t, "two") {
			o := w.AtZoom(w.Z - rapid.IntRange(0, 1).Draw(t, "coarser"))
			o.X, o.Y = o.X+rapid.IntRange(-300, 300).Draw(t, "dx"), o.Y+rapid.IntRange(-300, 300).Draw(t, "dy")
			grounds = append(grounds, madeUp("b", 2, o, 40))
		}
		spec := small()
		spec.Size, spec.Seed = rapid.IntRange(40, 300).Draw(t, "size"), rapid.Uint64().Draw(t, "seed")
		p, err := makePlan(context.Background(), spec, grounds, func(int, int) {})
		if errors.Is(err, ErrEmpty) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var v Verified
		check, places := groundCheck{}, map[string]string{}
		for n, b := range p.blocks {
			samples, err := p.survey(context.Background(), b, func(Skip) {})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range samples {
				if s.window.W != spec.Size || s.window.H != spec.Size {
					t.Fatalf("window %v", s.window)
				}
				check.add(&v, &Row{ID: s.problem, Window: s.window, Split: Splits[p.splits[n]]})
				if was, ok := places[s.ids()]; s.tier == Name && ok && was != Splits[p.splits[n]] {
					t.Fatalf("%s is asked for by name in %s and %s", s.problem, was, Splits[p.splits[n]])
				}
				places[s.ids()] = Splits[p.splits[n]]
			}
		}
		if len(v.Problems) > 0 {
			t.Fatal(v.Problems)
		}
	})
}

// TestShares holds the splits to their ratio, and each class of fifty samples or more to the same share in all.
func TestShares(t *testing.T) {
	grounds := []*Ground{madeUp("here", 1, geo.Window{Z: 17, X: 1 << 20, Y: 1 << 20, W: 4000, H: 3000}, 1500)}
	p, err := makePlan(t.Context(), small(), grounds, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]map[string]float64{}
	for n, b := range p.blocks {
		for _, c := range b.counts {
			key := p.strata[c.stratum]
			if by[key] == nil {
				by[key] = map[string]float64{}
			}
			by[key][Splits[p.splits[n]]] += float64(c.n)
		}
	}
	want := map[string]float64{"train": 0.6, "val": 0.1, "test": 0.3}
	checked := 0
	for key, n := range by {
		total := n["train"] + n["val"] + n["test"]
		if total < 50 {
			continue
		}
		checked++
		for split, share := range want {
			if got := n[split] / total; got < share-0.02 || got > share+0.02 {
				t.Errorf("%s: %.3f of %g are in %s", key, got, total, split)
			}
			all := by[""]
			if d := n[split]/all[split] - total/float64(p.samples); d < -0.02 || d > 0.02 {
				t.Errorf("%s: its share in %s is off by %.3f", key, split, d)
			}
		}
	}
	if checked < 8 {
		t.Errorf("only %d strata were large enough", checked)
	}
}
