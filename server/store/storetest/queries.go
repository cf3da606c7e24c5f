package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/project"
	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/server/store"
)

func paging(t *testing.T, s store.Store) {
	sync(t, s, nil, scattered(500)...)
	b := Ground(300, 300, 900).Bound()
	every := all(t, s, store.Query{Phrase: "schools", Limit: store.MaxLimit})
	if len(every) != 500 || !slices.IsSorted(ids(every)) {
		t.Fatalf("%d features", len(every))
	}
	var within []int64
	for _, f := range every {
		if f.Geometry().Bound().Intersects(b) {
			within = append(within, f.ID)
		}
	}
	for _, limit := range []int{1, 7, 100, 0} {
		if got := ids(all(t, s, store.Query{Phrase: "schools", Bound: &b, Limit: limit})); !slices.Equal(got, within) {
			t.Errorf("limit %d: %d features, want %d", limit, len(got), len(within))
		}
	}
	if n := must(s.Count(t.Context(), store.Query{Phrase: "schools", Bound: &b}, 1000))(t); n != len(within) {
		t.Errorf("counted %d, want %d", n, len(within))
	}
	if n := must(s.Count(t.Context(), store.Query{Phrase: "schools"}, 1000))(t); n != 500 {
		t.Errorf("counted %d", n)
	}
	if got := ids(all(t, s, store.Query{Phrase: "schools", Offset: 490})); !slices.Equal(got, ids(every)[490:]) {
		t.Errorf("offset: %d", len(got))
	}
	if p := must(s.Find(t.Context(), store.Query{Phrase: "never asked"}))(t); len(p.Features) != 0 {
		t.Error("found what was never asked")
	}
}

func filters(t *testing.T, s store.Store) {
	sync(t, s, nil, scattered(100)...)
	every := all(t, s, store.Query{Phrase: "schools"})
	var colleges []int64
	for _, f := range every {
		if f.Class == "college" {
			colleges = append(colleges, f.ID)
		}
	}
	q := store.Query{Phrase: "schools", Where: map[string]string{"class": "college", "model": "reader"}, Limit: 9}
	if got := ids(all(t, s, q)); !slices.Equal(got, colleges) || len(got) == 0 {
		t.Errorf("%d colleges, want %d", len(got), len(colleges))
	}
	if n := must(s.Count(t.Context(), q, 1000))(t); n != len(colleges) {
		t.Errorf("counted %d", n)
	}
	mid := time.Now()
	time.Sleep(time.Millisecond)
	later := sync(t, s, nil, Square(-500, 0, 20), Square(-600, 0, 20))
	if got := ids(all(t, s, store.Query{Phrase: "schools", From: mid, Limit: 1})); !slices.Equal(got, ids(later)) {
		t.Errorf("since: %v, want %v", got, ids(later))
	}
	b := Ground(-10, -10, 4000).Bound()
	if got := all(t, s, store.Query{Phrase: "schools", To: mid, Bound: &b, Limit: 7}); len(got) != 100 {
		t.Errorf("until: %d", len(got))
	}
}

func antimeridian(t *testing.T, s store.Store) {
	box := orb.Bound{Min: orb.Point{179.99, -17}, Max: orb.Point{180.01, -16.99}}.ToPolygon()
	shape := project.Polygon(box, func(p orb.Point) orb.Point {
		q := geo.Project(p, Zoom)
		return orb.Point{float64(int(q[0])), float64(int(q[1]))}
	})
	f := store.Feature{Shape: orb.MultiPolygon{shape}, Zoom: Zoom}
	a := sync(t, s, nil, f)
	west := store.Feature{Zoom: Zoom, Shape: orb.MultiPolygon{project.Polygon(shape.Clone(), func(p orb.Point) orb.Point {
		return orb.Point{p[0] - float64(geo.WorldSize(Zoom)), p[1]}
	})}}
	if b := sync(t, s, nil, west); b[0].ID != a[0].ID {
		t.Error("the same ground, counted from the other side, is another feature")
	}
	for _, c := range []struct {
		w, e float64
		n    int
	}{{179.5, 179.995, 1}, {-179.999, -179, 1}, {179, -179, 1}, {179, 181, 1}, {-180, 180, 1}, {-179, 179, 0}, {180.005, 180.5, 1}, {-181, -180.5, 0}} {
		b := orb.Bound{Min: orb.Point{c.w, -17.5}, Max: orb.Point{c.e, -16}}
		if got := all(t, s, store.Query{Phrase: "schools", Bound: &b}); len(got) != c.n {
			t.Errorf("%g … %g: %d features", c.w, c.e, len(got))
		}
		if n := must(s.Count(t.Context(), store.Query{Phrase: "schools", Bound: &b}, 9))(t); n != c.n {
			t.Errorf("%g … %g: counted %d", c.w, c.e, n)
		}
	}
	for _, lon := range []float64{179.995, -179.995} {
		got := must(s.Tile(t.Context(), "schools", maptile.At(orb.Point{lon, -16.995}, 14), 10))(t)
		if len(got) != 1 {
			t.Errorf("tile at %g: %d features", lon, len(got))
		}
	}
}

func middle(z maptile.Zoom) maptile.Tile { return maptile.At(orb.Point{85.521, 27.629}, z) }

func tileOf(t *testing.T, s store.Store) {
	kept := sync(t, s, nil, scattered(500)...)
	for z := maptile.Zoom(8); z <= 19; z++ {
		got := must(s.Tile(t.Context(), "schools", middle(z), 1000))(t)
		reach := geo.TileWindow(middle(z)).AtZoom(int(z) + 4).Pad(64).Bound()
		unit := 360 / float64(geo.WorldSize(int(z)+4))
		for _, f := range kept {
			b := f.Geometry().Bound()
			seen := slices.Contains(ids(got), f.ID)
			if seen && !b.Intersects(reach.Pad(2*unit)) || !seen && b.Intersects(reach) && b.Max[0]-b.Min[0] > 4*unit {
				t.Fatalf("zoom %d: feature %d seen: %v", z, f.ID, seen)
			}
		}
		for _, f := range got {
			if f.Zoom != int(z)+4 {
				t.Fatalf("lattice %d at zoom %d", f.Zoom, z)
			}
			want := kept[slices.Index(ids(kept), f.ID)].Geometry().Bound().Center()
			if c := f.Geometry().Bound().Center(); max(c[0]-want[0], want[0]-c[0]) > 1e-9 || f.Name == "" || f.Class == "" {
				t.Fatalf("zoom %d: %v, want %v", z, c, want)
			}
		}
	}
	if got := must(s.Tile(t.Context(), "schools", middle(14), 5))(t); len(got) != 5 || !slices.IsSorted(ids(got)) {
		t.Errorf("limit 5: %v", ids(got))
	}
}

func generations(t *testing.T, s store.Store) {
	of := func(tile maptile.Tile) int64 { return must(s.Generation(t.Context(), "schools", tile))(t) }
	if g := of(middle(17)); g != 0 {
		t.Errorf("before anything: %d", g)
	}
	a := sync(t, s, nil, Square(0, 0, 40))
	far := maptile.At(orb.Point{86.5, 27.6}, 17)
	before := map[maptile.Zoom]int64{}
	for z := maptile.Zoom(0); z <= 18; z++ {
		before[z] = of(middle(z))
		if before[z] == 0 {
			t.Errorf("zoom %d: no generation", z)
		}
	}
	if of(far) != 0 {
		t.Error("a tile far off changed too")
	}
	sync(t, s, nil, Square(0, 0, 40))
	if of(middle(17)) != before[17] {
		t.Error("the same answer changed the tile")
	}
	must(s.Change(t.Context(), a[0].ID, store.Edit{}, func(f *store.Feature) error { f.Name = "B"; return nil }))(t)
	for z, was := range before {
		if of(middle(z)) <= was {
			t.Errorf("zoom %d: not changed", z)
		}
	}
	// A country's outline is noted above the zoom at which it covers thousands of tiles, and changes them all.
	country := store.Feature{Phrase: "schools"}
	country.SetGeometry(orb.MultiPolygon{orb.Bound{Min: orb.Point{80, 26}, Max: orb.Point{88, 30}}.ToPolygon()})
	was := of(middle(16))
	must(s.Create(t.Context(), country, store.Edit{}))(t)
	if of(middle(16)) <= was || of(far) == 0 {
		t.Error("the country's tiles did not change")
	}
}

func catalogue(t *testing.T, s store.Store) {
	ctx := t.Context()
	sync(t, s, nil, scattered(90)...)
	must(s.Sync(ctx, "学校", nil, []store.Feature{Square(0, 0, 40)}))(t)
	list := must(s.Collections(ctx, "", 10))(t)
	if len(list) != 2 || list[0].ID == list[1].ID || list[0].ID > list[1].ID {
		t.Fatalf("%+v", list)
	}
	if rest := must(s.Collections(ctx, list[0].ID, 10))(t); len(rest) != 1 || rest[0] != list[1] {
		t.Errorf("after the first: %+v", rest)
	}
	c := must(s.Collection(ctx, "schools"))(t)
	if byID := must(s.Collection(ctx, c.ID))(t); byID != c || c.Count != 90 {
		t.Errorf("%+v, by id %+v", c, byID)
	}
	st := must(s.Stats(ctx, "schools", nil, 0))(t)
	in := must(s.Stats(ctx, "schools", &c.Extent, 1000))(t)
	if st.Count != 90 || len(st.Classes) != 3 || in.Count != 90 || in.Capped || in.Classes[0].Count != st.Classes[0].Count ||
		max(in.AreaM2-st.AreaM2, st.AreaM2-in.AreaM2) > 1e-3 || st.AreaM2 < 1000 {
		t.Errorf("stats %+v, within the extent %+v", st, in)
	}
	if capped := must(s.Stats(ctx, "schools", &c.Extent, 50))(t); !capped.Capped || capped.Count != 50 {
		t.Errorf("capped: %+v", capped)
	}
}

func purge(t *testing.T, s store.Store) {
	ctx := t.Context()
	q := store.Question{Phrase: "schools"}
	must(0, s.PutScene(ctx, q, store.Scene{Window: Ground(0, 0, 768), Made: time.Now()}))(t)
	must(0, s.PutScene(ctx, q, store.Scene{Window: Ground(5000, 0, 768), Made: time.Now()}))(t)
	a := sync(t, s, nil, Square(10, 10, 40), Square(200, 10, 40), Square(5000, 10, 40))
	must(s.Change(ctx, a[1].ID, store.Edit{}, func(f *store.Feature) error { f.Name = "B"; return nil }))(t)
	b := Ground(0, 0, 1000).Bound()
	scenes, features, err := s.Purge(ctx, "schools", &b)
	if err != nil || scenes != 1 || features != 1 {
		t.Fatalf("%d scenes, %d features, %v", scenes, features, err)
	}
	if left := ids(all(t, s, store.Query{Phrase: "schools"})); !slices.Equal(left, []int64{a[1].ID, a[2].ID}) {
		t.Errorf("left %v", left)
	}
	scenes, features, err = s.Purge(ctx, "schools", nil)
	if err != nil || scenes != 1 || features != 1 {
		t.Errorf("%d scenes, %d features, %v", scenes, features, err)
	}
	if st := must(s.Stats(ctx, "schools", nil, 0))(t); st.Count != 1 {
		t.Errorf("stats after: %+v", st)
	}
}

func reopen(t *testing.T, open Open) {
	place := t.TempDir()
	s := open(t, place)
	a := sync(t, s, nil, scattered(50)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, place)
	defer s.Close()
	if got := ids(all(t, s, store.Query{Phrase: "schools"})); !slices.Equal(got, ids(a)) {
		t.Errorf("%d features of %d", len(got), len(a))
	}
}

// concurrent has many write and read at once: nothing is lost, and no page is half a change.
func concurrent(t *testing.T, s store.Store) {
	const writers, each = 4, 20
	var group errgroup.Group
	for w := range writers {
		group.Go(func() error {
			for i := range each {
				if _, err := s.Sync(t.Context(), "schools", nil, []store.Feature{Square(100*i, 1000*w, 40), Square(100*i+50, 1000*w, 40)}); err != nil {
					return err
				}
			}
			return nil
		})
		group.Go(func() error {
			for range each {
				p, err := s.Find(t.Context(), store.Query{Phrase: "schools", Limit: 1000})
				if err != nil || len(p.Features)%2 != 0 {
					return fmt.Errorf("%d features, %v", len(p.Features), err)
				}
				if _, err := s.Tile(t.Context(), "schools", middle(14), 1000); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := must(s.Count(t.Context(), store.Query{Phrase: "schools"}, 1000))(t); n != 2*writers*each {
		t.Errorf("%d features", n)
	}
}
