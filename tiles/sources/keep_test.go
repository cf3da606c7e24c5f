package sources

import (
	"context"
	"errors"
	"image/color"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// upstream is a server that a test changes while it runs.
type upstream struct {
	*httptest.Server
	asked atomic.Int32
	reply atomic.Pointer[http.HandlerFunc]
}

func (u *upstream) set(h http.HandlerFunc) { u.reply.Store(&h) }

func newUpstream(t *testing.T) *upstream {
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.asked.Add(1)
		(*u.reply.Load())(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

func bucket(t *testing.T) *cache.Bucket {
	t.Helper()
	b, err := cache.OpenBucket(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// reopened is a source as after a restart: nothing in memory.
func reopened(t *testing.T, c Config) *xyz {
	t.Helper()
	src, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	x := src.(*xyz)
	x.backoff = time.Millisecond
	t.Cleanup(func() { _ = x.Close() })
	return x
}

func ask(t *testing.T, x *xyz) (color.Color, error) {
	t.Helper()
	tile, err := x.Tile(t.Context(), here)
	if err != nil {
		return nil, err
	}
	img, err := tile.Image()
	if err != nil {
		t.Fatal(err)
	}
	return img.At(9, 9), nil
}

// TestKept: what a server gave is not fetched again while it is fresh, asked for by its validators when it is not, and given for want of
// a new one when the server fails.
func TestKept(t *testing.T) {
	u := newUpstream(t)
	c := Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Bucket: bucket(t)}
	one, two := picture(t, red, tiles.PNG), picture(t, color.RGBA{0, 0, 255, 255}, tiles.PNG)
	age := "3600"
	u.set(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Cache-Control", "public, max-age="+age)
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(one)
	})
	for range 3 {
		if got, err := ask(t, reopened(t, c)); err != nil || got != red {
			t.Fatal(got, err)
		}
	}
	if n := u.asked.Load(); n != 1 {
		t.Errorf("a fresh tile was fetched %d times", n)
	}

	age, c.Name = "0", "stale" // another name is another folder
	for range 3 {
		if got, err := ask(t, reopened(t, c)); err != nil || got != red {
			t.Fatal(got, err)
		}
	}
	if n := u.asked.Load(); n != 4 {
		t.Errorf("a tile that holds for no time was asked for %d times in 3, want each time", n-1)
	}
	u.set(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", http.StatusInternalServerError) })
	if got, err := ask(t, reopened(t, c)); err != nil || got != red {
		t.Errorf("the server fails: %v, %v, want the old tile", got, err)
	}
	u.set(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(two) })
	if got, err := ask(t, reopened(t, c)); err != nil || got == red {
		t.Errorf("the server has a new tile: %v, %v", got, err)
	}
}

// TestMissesAndErrors: that there is no tile is remembered for a while, a failure never.
func TestMissesAndErrors(t *testing.T) {
	u := newUpstream(t)
	c := Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Bucket: bucket(t)}
	u.set(func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	for range 2 {
		if _, err := ask(t, reopened(t, c)); !errors.Is(err, tiles.ErrNotFound) {
			t.Error(err)
		}
	}
	if n := u.asked.Load(); n != 1 {
		t.Errorf("a miss was asked for %d times", n)
	}
	c.Name = "broken"
	good := picture(t, red, tiles.PNG)
	for _, h := range []http.HandlerFunc{
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good[:len(good)/2]) },
		func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
	} {
		u.set(h)
		if _, err := ask(t, reopened(t, c)); err == nil {
			t.Error("no error")
		}
		u.set(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) })
		x := reopened(t, c)
		if got, err := ask(t, x); err != nil || got != red {
			t.Errorf("after a failure: %v, %v", got, err)
		}
		if err := c.Bucket.Delete(t.Context(), x.key(here, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTerms: what may not be stored is not, ttl goes before what the server says, and a server that wants to be left alone is.
func TestTerms(t *testing.T) {
	u := newUpstream(t)
	good := picture(t, red, tiles.PNG)
	control := "no-store"
	u.set(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", control)
		_, _ = w.Write(good)
	})
	no := false
	c := Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Bucket: bucket(t)}
	forbidden := c
	forbidden.Name, forbidden.MayCache = "forbidden", &no
	long := c
	long.Name, long.TTL = "long", time.Hour
	for name, tt := range map[string]struct {
		c       Config
		control string
		asked   int32
	}{
		"no-store": {c, "no-store", 2}, "may_cache: false": {forbidden, "max-age=99", 2}, "ttl": {long, "max-age=0", 1}, "private": {c, "private, max-age=99", 2},
	} {
		control = tt.control
		before := u.asked.Load()
		for range 2 {
			if _, err := ask(t, reopened(t, tt.c)); err != nil {
				t.Error(name, err)
			}
		}
		if n := u.asked.Load() - before; n != tt.asked {
			t.Errorf("%s: asked %d times, want %d", name, n, tt.asked)
		}
	}
	c.Name = "busy"
	u.set(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "300")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	x := reopened(t, c)
	before := u.asked.Load()
	for range 5 {
		if _, err := ask(t, x); !errors.Is(err, tiles.ErrUpstream) {
			t.Error(err)
		}
	}
	if n := u.asked.Load() - before; n != 1 {
		t.Errorf("a server that asked for five minutes' rest was asked %d times", n)
	}
}

// TestNoHalfTiles: whatever a killed process leaves in the folder, no half tile is given.
func TestNoHalfTiles(t *testing.T) {
	u := newUpstream(t)
	good := picture(t, red, tiles.PNG)
	u.set(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(good)
	})
	dir := t.TempDir()
	b, err := cache.OpenBucket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Bucket: b}
	x := reopened(t, c)
	if _, err := ask(t, x); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(x.key(here, 1)))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole)-1; n += 7 {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := ask(t, reopened(t, c)); err == nil && got != red {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), got)
		}
	}
}

// TestMissing: what a layer shows where its source has no tile.
func TestMissing(t *testing.T) {
	c := Config{Name: "dir", Kind: "dir", Path: writeDir(t, picture(t, red, tiles.PNG))}
	src, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	child := maptile.New(2*here.X+1, 2*here.Y, here.Z+1)
	for policy, want := range map[string]error{"": tiles.ErrNotFound, "404": tiles.ErrNotFound, "204": tiles.ErrEmpty, "blank": nil, "overzoom": nil} {
		tile, err := Shown(src, Config{Missing: policy}).Tile(t.Context(), child)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", policy, err)
		}
		if err != nil {
			continue
		}
		img, err := tile.Image()
		if err != nil || img.Rect.Dx() != 256 {
			t.Fatal(err, img.Rect)
		}
		if _, _, _, alpha := img.At(100, 100).RGBA(); (alpha > 0) != (policy == "overzoom") {
			t.Errorf("%s: %v", policy, img.At(100, 100))
		}
	}
	if _, err := Shown(src, Config{Missing: "overzoom"}).Tile(context.Background(), maptile.New(0, 0, 4)); !errors.Is(err, tiles.ErrNotFound) {
		t.Errorf("nothing above it either: %v", err)
	}
	if _, err := Open(t.Context(), Config{Name: "a", Kind: "xyz", URL: "http://h/{z}/{x}/{y}", Missing: "500"}); !errors.Is(err, tiles.ErrConfig) {
		t.Errorf("an unknown policy: %v", err)
	}
}
