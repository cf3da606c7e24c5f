package sources

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

func memory(t *testing.T) *cache.Memory {
	t.Helper()
	m, err := cache.New(8<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// TestMissesWithoutDisk: that there is no tile is remembered also where nothing is kept on disk, whatever the layer shows in its place, as
// long as the server says and until the memory is cleared; a failure never.
func TestMissesWithoutDisk(t *testing.T) {
	u := newUpstream(t)
	missing := func(age string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", age)
			http.NotFound(w, r)
		}
	}
	for _, policy := range []string{"404", "204", "blank"} {
		u.set(missing("max-age=60"))
		c := Config{Name: policy, Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Missing: policy}
		m := memory(t)
		src := Shown(tiles.Cached(reopened(t, c), m), c)
		want := map[string]error{"404": tiles.ErrNotFound, "204": tiles.ErrEmpty, "blank": nil}[policy]
		before := u.asked.Load()
		for range 3 {
			if _, err := src.Tile(t.Context(), here); !errors.Is(err, want) {
				t.Errorf("%s: %v", policy, err)
			}
		}
		if n := u.asked.Load() - before; n != 1 {
			t.Errorf("%s: a miss was asked for %d times", policy, n)
		}
		m.Clear()
		good := picture(t, red, tiles.PNG)
		u.set(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) })
		if _, err := src.Tile(t.Context(), here); err != nil {
			t.Errorf("%s: after a purge: %v", policy, err)
		}
	}
	for _, h := range []http.HandlerFunc{missing("max-age=0"), missing("no-cache"), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }} {
		u.set(h)
		src := tiles.Cached(reopened(t, Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png"}), memory(t))
		before := u.asked.Load()
		for range 2 {
			if _, err := src.Tile(t.Context(), here); err == nil {
				t.Error("no error")
			}
		}
		if n := u.asked.Load() - before; n != 2 {
			t.Errorf("what does not hold was asked for %d times in 2", n)
		}
	}
}

// TestHostsRest: a host that asks to be left alone is, by all sources that ask it, and by no others.
func TestHostsRest(t *testing.T) {
	busy, other := newUpstream(t), newUpstream(t)
	good := picture(t, red, tiles.PNG)
	busy.set(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	other.set(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) })
	way := NewUpstream(0)
	open := func(name, at string) *xyz {
		return reopened(t, Config{Name: name, Kind: "xyz", URL: at + "/" + name + "/{z}/{x}/{y}.png", Upstream: way})
	}
	one, two, far := open("one", busy.URL), open("two", busy.URL), open("far", other.URL)
	for _, x := range []*xyz{one, two, one} {
		if _, err := ask(t, x); !errors.Is(err, tiles.ErrUpstream) {
			t.Error(err)
		}
	}
	if _, err := ask(t, two); err == nil || !strings.Contains(err.Error(), "left alone") {
		t.Error(err)
	}
	if n := busy.asked.Load(); n != 1 {
		t.Errorf("a host that asked for two minutes' rest was asked %d times", n)
	}
	if _, err := ask(t, far); err != nil {
		t.Errorf("another host: %v", err)
	}
}

// TestPausesGrow: without a word of the host's, pauses double with failures in a row, are bounded, end with an answer, and several
// failures at once count as one.
func TestPausesGrow(t *testing.T) {
	h := NewUpstream(0).host("https://{s}.example.org/{z}")
	now := time.Now()
	const first = 300 * time.Millisecond
	for _, want := range []time.Duration{first, 2 * first, 4 * first, 8 * first, 16 * first, longestPause, longestPause} {
		for range 3 {
			h.failed(now, 0, first)
		}
		if got := h.until.Sub(now); got != want {
			t.Errorf("left alone for %v, want %v", got, want)
		}
		now = h.until
	}
	h.fine()
	if h.failed(now, 0, first); h.until.Sub(now) != first {
		t.Errorf("after an answer: %v", h.until.Sub(now))
	}
	if h.failed(now, time.Minute, first); h.until.Sub(now) != time.Minute {
		t.Errorf("told for how long: %v", h.until.Sub(now))
	}
	way := NewUpstream(0)
	for _, same := range []string{"https://{s}.example.org/{z}", "http://user@{s}.EXAMPLE.org?q", "https://{s}.example.org#"} {
		if way.host(same) != way.host("https://{s}.example.org/") {
			t.Errorf("%s is another host", same)
		}
	}
	if way.host("https://example.org:81/") == way.host("https://example.org/") {
		t.Error("ports are no matter")
	}
}

// TestTogether: all sources together ask for no more at once than the configuration allows, and who waits may leave.
func TestTogether(t *testing.T) {
	u := newUpstream(t)
	good := picture(t, red, tiles.PNG)
	var now, most atomic.Int32
	release := make(chan struct{})
	u.set(func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		<-release
		_, _ = w.Write(good)
	})
	way := NewUpstream(3)
	var all sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		x := reopened(t, Config{Name: name, Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Upstream: way})
		for n := range 5 {
			all.Go(func() {
				if _, err := x.Tile(t.Context(), maptile.New(uint32(n), 0, 3)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	for now.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	x := reopened(t, Config{Name: "e", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Upstream: way})
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := x.Tile(short, here); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who left: %v", err)
	}
	close(release)
	all.Wait()
	if n := most.Load(); n != 3 {
		t.Errorf("%d at once, want 3", n)
	}
}

// TestRetinaPlaceholder: where the address has {r}, a tile of twice the size is the server's own, kept beside the other.
func TestRetinaPlaceholder(t *testing.T) {
	u := newUpstream(t)
	one, two := picture(t, red, tiles.PNG), bigPicture(t)
	u.set(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		switch r.URL.Path {
		case "/3/5/3.png":
			_, _ = w.Write(one)
		case "/3/5/3@2x.png":
			_, _ = w.Write(two)
		default:
			http.NotFound(w, r)
		}
	})
	c := Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}{r}.png", Bucket: bucket(t)}
	for range 2 {
		src, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		big := tiles.Cached(src, memory(t)).(tiles.Retina)
		for scale, want := range map[int]int{1: 256, 2: 512} {
			tile, err := big.TileAt(t.Context(), here, scale)
			if err != nil {
				t.Fatal(err)
			}
			if img, err := tile.Image(); err != nil || img.Rect.Dx() != want {
				t.Errorf("@%dx has %v, %v", scale, img.Rect, err)
			}
		}
		if err := src.(retinal).Close(); err != nil {
			t.Error(err)
		}
	}
	if n := u.asked.Load(); n != 2 {
		t.Errorf("asked %d times, want once for each size", n)
	}
	for policy, want := range map[string]int{"blank": 512, "overzoom": 512} {
		c.Missing = policy
		src, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		tile, err := Shown(src, c).(tiles.Retina).TileAt(t.Context(), maptile.New(2*here.X, 2*here.Y, 4), 2)
		if err != nil {
			t.Fatal(policy, err)
		}
		if img, err := tile.Image(); err != nil || img.Rect.Dx() != want {
			t.Errorf("%s in place of a large tile: %v, %v", policy, img.Rect, err)
		}
	}
	plain, err := Open(t.Context(), Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := plain.(tiles.Retina); ok {
		t.Error("a server without {r} is asked for large tiles")
	}
}

// TestBounds: nobody's server is asked for what lies outside of the bounds that the configuration gives, also across the antimeridian.
func TestBounds(t *testing.T) {
	u := newUpstream(t)
	good := picture(t, red, tiles.PNG)
	u.set(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) })
	for _, tt := range []struct {
		bounds []float64
		inside map[maptile.Tile]bool
	}{
		{[]float64{50, 10, 60, 20}, map[maptile.Tile]bool{here: true, maptile.New(6, 3, 3): false, maptile.New(5, 2, 3): false}},
		{[]float64{170, -20, -170, 20}, map[maptile.Tile]bool{maptile.New(7, 3, 3): true, maptile.New(0, 3, 3): true, here: false}},
	} {
		x := reopened(t, Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Bounds: tt.bounds})
		for tile, want := range tt.inside {
			before := u.asked.Load()
			_, err := x.Tile(t.Context(), tile)
			if asked := u.asked.Load() > before; asked != want || (err == nil) != want || err != nil && !errors.Is(err, tiles.ErrNotFound) {
				t.Errorf("%v of %v: asked %v, %v", tile, tt.bounds, asked, err)
			}
		}
	}
}

// TestRangesPersist: a part of an archive that fails once is asked for again.
func TestRangesPersist(t *testing.T) {
	path := writePMTiles(t, picture(t, red, tiles.PNG), 2)
	u := newUpstream(t)
	u.set(func(w http.ResponseWriter, r *http.Request) {
		if u.asked.Load()%2 == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		http.ServeFile(w, r, path)
	})
	src, err := Open(t.Context(), Config{Name: "a", Kind: "pmtiles", URL: u.URL + "/a.pmtiles"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Tile(t.Context(), here); err != nil {
		t.Error(err)
	}
	if err := src.(*archive).Close(); err != nil {
		t.Error(err)
	}
}
