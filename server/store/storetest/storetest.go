// Package storetest holds what every store must do.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/server/store"
)

// Open opens the store of a place, a new folder for instance. Opening a place again finds what was kept there.
type Open func(t *testing.T, place string) store.Store

// Run tests a backend.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"Scenes", scenes}, {"SameIDs", sameIDs}, {"MergeAndSplit", mergeAndSplit}, {"LostAndFound", lostAndFound}, {"PeopleWin", peopleWin},
		{"Paging", paging}, {"Filters", filters}, {"Antimeridian", antimeridian}, {"Edits", edits}, {"BadInput", badInput},
		{"Tiles", tileOf}, {"Generations", generations}, {"Catalogue", catalogue}, {"Purge", purge}, {"Concurrent", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, t.TempDir())
			defer s.Close()
			c.test(t, s)
		})
	}
	t.Run("Reopen", func(t *testing.T) { reopen(t, open) })
}

// Zoom is that of the test's outlines.
const Zoom = 17

// Square is an outline of size pixels at an offset from a place in Banepa.
func Square(x, y, size int) store.Feature {
	at := geo.Project(orb.Point{85.521, 27.629}, Zoom)
	fx, fy, s := float64(int(at[0])+x), float64(int(at[1])+y), float64(size)
	return store.Feature{
		Shape: orb.MultiPolygon{{{{fx, fy}, {fx + s, fy}, {fx + s, fy + s}, {fx, fy + s}, {fx, fy}}}}, Zoom: Zoom,
		Name: fmt.Sprintf("%d,%d", x, y), Tier: "class", Class: "school", Function: "education", Score: 0.9, Model: "reader",
		Scenes: []string{"17-1-2"}, Sources: []string{"sat", "plan"}, Reasoning: "it says so",
	}
}

// Ground is the window of size pixels at an offset.
func Ground(x, y, size int) geo.Window {
	b := Square(x, y, size).Shape.Bound()
	return geo.Window{Z: Zoom, X: int(b.Min[0]), Y: int(b.Min[1]), W: size, H: size}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func sync(t *testing.T, s store.Store, ground []geo.Window, f ...store.Feature) []store.Feature {
	t.Helper()
	return must(s.Sync(t.Context(), "schools", ground, f))(t)
}

func all(t *testing.T, s store.Store, q store.Query) (out []store.Feature) {
	t.Helper()
	for {
		p := must(s.Find(t.Context(), q))(t)
		out = append(out, p.Features...)
		if p.Next == "" {
			return out
		}
		if len(p.Features) == 0 || len(out) > 100_000 {
			t.Fatal("paging has no end")
		}
		q.After, q.Offset = p.Next, 0
	}
}

func ids(f []store.Feature) (out []int64) {
	for _, f := range f {
		out = append(out, f.ID)
	}
	return out
}

func scenes(t *testing.T, s store.Store) {
	ctx := t.Context()
	q := store.Question{Phrase: "schools", Recipe: store.Recipe{Layers: []string{"sat@1"}, Mode: "two-stage", VLM: "reader"}}
	w := Ground(0, 0, 768)
	m := geo.NewMask(Ground(100, 50, 70))
	for y := range 60 {
		m.SetRun(y, y/2, 70-y/3)
	}
	at := orb.Point{float64(w.X) + 3.5, float64(w.Y)}
	made := time.Now().Truncate(time.Microsecond)
	sc := store.Scene{Window: w, Made: made, Took: time.Second, Reasoning: "because", Detail: []byte("{}"),
		Instances: []store.Instance{{Mask: m, Score: 0.5, Name: "A", Class: "school", Anchor: &at}, {Mask: m, Score: 0.25}}}
	empty := store.Scene{Window: Ground(512, 0, 768), Made: made}
	for range 2 { // the same again changes nothing
		must(0, s.PutScene(ctx, q, sc))(t)
		must(0, s.PutScene(ctx, q, empty))(t)
	}
	got := must(s.Scenes(ctx, q, []geo.Window{w, empty.Window, Ground(9999, 0, 768)}))(t)
	if len(got) != 2 || len(got[empty.Window].Instances) != 0 {
		t.Fatalf("got %d scenes", len(got))
	}
	g := got[w]
	if !g.Made.Equal(made) || g.Took != time.Second || g.Reasoning != "because" || string(g.Detail) != "{}" || len(g.Instances) != 2 ||
		!g.Instances[0].Mask.Equal(m) || g.Instances[0].Name != "A" || *g.Instances[0].Anchor != at || g.Instances[1].Anchor != nil {
		t.Errorf("got %+v", g)
	}
	sc.Made, sc.Instances = made.Add(time.Hour), nil
	must(0, s.PutScene(ctx, q, sc))(t)
	runs := must(s.Runs(ctx, q, w))(t)
	if len(runs) != 2 || !runs[0].Made.Equal(sc.Made) || runs[0].Instances != 0 || runs[1].Instances != 2 {
		t.Errorf("runs %+v", runs)
	}
	if n := must(s.KnownScenes(ctx, q, w.Bound()))(t); n != 1 {
		t.Errorf("%d scenes known", n)
	}
	q.Recipe.Mode = "no-refinement"
	if got := must(s.Scenes(ctx, q, []geo.Window{w}))(t); len(got) != 0 {
		t.Error("another mode's answer")
	}
}

func sameIDs(t *testing.T, s store.Store) {
	a := sync(t, s, nil, Square(0, 0, 40), Square(100, 0, 40))
	b := sync(t, s, nil, Square(100, 0, 40), Square(0, 0, 40))
	if a[0].ID != b[1].ID || a[1].ID != b[0].ID || b[0].Version != 1 || a[0].ID == a[1].ID || a[0].ID <= 0 {
		t.Fatalf("first %v, then %v", ids(a), ids(b))
	}
	moved := Square(4, 4, 40)
	moved.Name = "new"
	c := sync(t, s, nil, moved)
	f := must(s.Feature(t.Context(), a[0].ID))(t)
	if c[0].ID != a[0].ID || f.Version != 2 || f.Name != "new" || !f.Shape.Equal(moved.Shape) || !f.Created.Equal(a[0].Created) {
		t.Errorf("moved: %+v", f)
	}
	h := must(s.History(t.Context(), f.ID))(t)
	if len(h) != 1 || h[0].Op != "run" || h[0].Was.Name != "0,0" || !h[0].Was.Shape.Equal(a[0].Shape) {
		t.Errorf("history %+v", h)
	}
	other := must(s.Sync(t.Context(), "hospitals", nil, []store.Feature{moved}))(t)
	if other[0].ID == f.ID {
		t.Error("two phrases share a feature")
	}
	if f.AreaM2 < 1000 || f.AreaM2 > 2300 { // 40 px of 1.06 m at 27.6°
		t.Errorf("%g m²", f.AreaM2)
	}
}

func mergeAndSplit(t *testing.T, s store.Store) {
	a := sync(t, s, nil, Square(0, 0, 40), Square(50, 0, 40))
	whole := Square(0, 0, 90)
	b := sync(t, s, nil, whole)
	if b[0].ID != a[0].ID || !slices.Equal(b[0].MergedFrom, []int64{a[1].ID}) {
		t.Fatalf("merged: %+v", b[0])
	}
	if _, err := s.Feature(t.Context(), a[1].ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the merged one: %v", err)
	}
	large := Square(0, 0, 80)
	c := sync(t, s, nil, Square(60, 60, 30), large)
	if c[1].ID != b[0].ID || c[0].ID == b[0].ID {
		t.Errorf("split: %v of %v", ids(c), ids(b))
	}
}

func lostAndFound(t *testing.T, s store.Store) {
	a := sync(t, s, nil, Square(10, 10, 40), Square(1000, 0, 40))
	sync(t, s, []geo.Window{Ground(0, 0, 512)})
	if left := all(t, s, store.Query{Phrase: "schools"}); len(left) != 1 || left[0].ID != a[1].ID {
		t.Fatalf("left %v", ids(left))
	}
	if b := sync(t, s, nil, Square(12, 12, 40)); b[0].ID != a[0].ID {
		t.Errorf("came back as %d, was %d", b[0].ID, a[0].ID)
	}
}

func peopleWin(t *testing.T, s store.Store) {
	ctx := t.Context()
	a := sync(t, s, nil, Square(0, 0, 40), Square(100, 0, 40))
	drawn := Square(0, 0, 60)
	must(s.Change(ctx, a[0].ID, store.Edit{By: "ann"}, func(f *store.Feature) error { f.SetGeometry(drawn.Geometry()); return nil }))(t)
	must(0, s.Delete(ctx, a[1].ID, store.Edit{By: "ann"}))(t)
	sync(t, s, []geo.Window{Ground(-100, -100, 512)}, Square(2, 0, 40), Square(101, 0, 40))
	sync(t, s, []geo.Window{Ground(-100, -100, 512)})
	left := all(t, s, store.Query{Phrase: "schools"})
	if len(left) != 1 || left[0].ID != a[0].ID || !left[0].Edited || left[0].AreaM2 < 3600 {
		t.Fatalf("left %+v", left)
	}
}

func edits(t *testing.T, s store.Store) {
	ctx := t.Context()
	f := Square(0, 0, 30)
	f.Phrase = "schools"
	f.SetGeometry(f.Geometry())
	a := must(s.Create(ctx, f, store.Edit{By: "ann"}))(t)
	back := must(s.Feature(ctx, a.ID))(t)
	want, got := f.Geometry()[0][0][2], back.Geometry()[0][0][2]
	if !back.Edited || back.Version != 1 || max(want[0]-got[0], got[0]-want[0], want[1]-got[1], got[1]-want[1]) > 5e-9 {
		t.Fatalf("%v, want %v", got, want)
	}
	rename := func(name string) func(*store.Feature) error {
		return func(f *store.Feature) error { f.Name = name; return nil }
	}
	b := must(s.Change(ctx, a.ID, store.Edit{By: "bob", Match: 1}, rename("B")))(t)
	if _, err := s.Change(ctx, a.ID, store.Edit{Match: 1}, rename("C")); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a stale change: %v", err)
	}
	if err := s.Delete(ctx, a.ID, store.Edit{Match: 1}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a stale deletion: %v", err)
	}
	c := must(s.Change(ctx, a.ID, store.Edit{By: "eve", Match: b.Version}, func(f *store.Feature) error { f.Verdict = "wrong"; return nil }))(t)
	must(0, s.Delete(ctx, a.ID, store.Edit{By: "eve", Match: c.Version}))(t)
	if _, err := s.Feature(ctx, a.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	d := must(s.Undo(ctx, a.ID, store.Edit{By: "bob"}))(t)
	if d.Name != "B" || d.Verdict != "wrong" || d.Version != 5 {
		t.Errorf("undone: %+v", d)
	}
	var ops []string
	for _, h := range must(s.History(ctx, a.ID))(t) {
		ops = append(ops, h.Op+" "+h.By)
	}
	if want := []string{"undo bob", "delete eve", "verdict eve", "replace bob"}; !slices.Equal(ops, want) {
		t.Errorf("history %q", ops)
	}
}

func badInput(t *testing.T, s store.Store) {
	ctx := t.Context()
	bow := Square(0, 0, 30)
	r := bow.Shape[0][0]
	r[1], r[2] = r[2], r[1]
	sync(t, s, nil, Square(0, 0, 30))
	none := store.Feature{Phrase: "schools", Zoom: Zoom}
	for name, err := range map[string]error{
		"bow tie": second(s.Create(ctx, bow, store.Edit{})),
		"nothing": second(s.Create(ctx, none, store.Edit{})),
		"filter":  second(s.Find(ctx, store.Query{Phrase: "schools", Where: map[string]string{"1=1": "x"}})),
		"limit":   second(s.Find(ctx, store.Query{Phrase: "schools", Limit: store.MaxLimit + 1})),
		"after":   second(s.Find(ctx, store.Query{Phrase: "schools", After: "x"})),
		"undo":    second(s.Undo(ctx, 1, store.Edit{})),
	} {
		if !errors.Is(err, store.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Feature(ctx, 1<<52); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Find(ended, store.Query{Phrase: "schools"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func scattered(n int) []store.Feature {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]store.Feature, n)
	for i := range out {
		out[i] = Square(60*(i%40), 60*(i/40), 10+r.IntN(40))
		out[i].Class = []string{"school", "college", "kindergarten"}[r.IntN(3)]
	}
	return out
}
