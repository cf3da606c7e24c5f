package sources

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
)

// faults are the ways in which a server can answer badly.
func faults(good []byte) []http.HandlerFunc {
	return []http.HandlerFunc{
		func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", http.StatusBadGateway) },
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good[:len(good)/2]) },
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>log in</html>")
		},
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		},
	}
}

// TestThirdFails: of a server that fails three times in ten, every tile is right or an error that names the source, and nothing
// wrong is kept.
func TestThirdFails(t *testing.T) {
	good := picture(t, red, tiles.PNG)
	bad := faults(good)
	u := newUpstream(t)
	u.set(func(w http.ResponseWriter, r *http.Request) {
		if rand.Float64() < 0.3 {
			bad[rand.IntN(len(bad))](w, r)
			return
		}
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(good)
	})
	c := Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Bucket: bucket(t), Concurrency: 16}
	x := reopened(t, c)
	var right sync.Map
	var wrong atomic.Int32
	var all sync.WaitGroup
	for n := range 300 {
		at := maptile.New(uint32(n), 7, 9)
		all.Go(func() {
			tile, err := x.Tile(t.Context(), at)
			if err != nil {
				wrong.Add(1)
				if !strings.Contains(err.Error(), fmt.Sprintf("sat 9/%d/7", at.X)) || !strings.Contains(err.Error(), "(") {
					t.Errorf("it says neither which tile nor what to do: %v", err)
				}
				return
			}
			if img, err := tile.Image(); err != nil || img.RGBAAt(9, 9) != red {
				t.Errorf("%v: %v", at, err)
			}
			right.Store(at, true)
		})
	}
	all.Wait()
	// A redirect is not tried again, so about 6 in 100 fail at once; the others nearly never three times.
	if n := wrong.Load(); n > 60 {
		t.Errorf("%d of 300 tiles failed", n)
	}
	u.set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	again := reopened(t, c)
	for n := range 300 {
		at := maptile.New(uint32(n), 7, 9)
		tile, err := again.Tile(t.Context(), at)
		if _, ok := right.Load(at); ok != (err == nil) {
			t.Errorf("%v: came %v, later %v", at, ok, err)
		}
		if err == nil {
			if img, err := tile.Image(); err != nil || img.RGBAAt(9, 9) != red {
				t.Errorf("%v is kept wrong: %v", at, err)
			}
		}
	}
}

// TestWhatToDo: each way of not being reached says which source it is and what to do, and is tried again only where that may help.
func TestWhatToDo(t *testing.T) {
	var asked atomic.Int32
	answer := func(h http.HandlerFunc) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); h(w, r) })
	}
	drip := func(w http.ResponseWriter, r *http.Request) { // slow-loris: a byte now and then
		for {
			if _, err := w.Write([]byte{0x89}); err != nil || r.Context().Err() != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}
	start := func(h http.HandlerFunc) string {
		s := httptest.NewServer(answer(h))
		t.Cleanup(s.Close)
		return s.URL
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	secure := httptest.NewUnstartedServer(answer(drip))
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	open := start(drip)
	elsewhere := start(drip)
	for name, tt := range map[string]struct {
		url, says string
		asked     int32
	}{
		"certificate":     {secure.URL, "certificate is not trusted", 0},
		"no TLS":          {strings.Replace(open, "http:", "https:", 1), "speaks no TLS", 0},
		"DNS":             {"http://no-such-host.invalid", "name cannot be found", 0},
		"slow-loris":      {open, "too slow", attempts},
		"private address": {start(redirect("http://169.254.169.254/latest")), "leads to http://169.254.169.254", 1},
		"another port":    {start(redirect(elsewhere)), "redirect refused", 1},
		"to a file":       {start(redirect("file:///etc/passwd")), "redirect refused", 1},
	} {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			x := reopened(t, Config{Name: "sat", Kind: "xyz", URL: tt.url + "/{z}/{x}/{y}.png", Timeout: 300 * time.Millisecond})
			_, err := ask(t, x)
			if !errors.Is(err, tiles.ErrUpstream) || !strings.Contains(err.Error(), "sat 3/5/3") || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
			if n := asked.Load(); n != tt.asked {
				t.Errorf("asked %d times, want %d", n, tt.asked)
			}
		})
	}
}

// TestSecretsInPaths: however an address writes a key, no error shows it.
func TestSecretsInPaths(t *testing.T) {
	for _, key := range []string{"s3 cr3t", "s3/cr3t?", "s3ç\"r3t", "plain-s3"} {
		t.Setenv("PRECINCT_TEST_KEY", key)
		u := newUpstream(t)
		for name, h := range map[string]http.HandlerFunc{
			"aborts": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			"echoes": func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "http://h:bad"+r.URL.String())
				w.WriteHeader(302)
			},
			"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		} {
			u.set(h)
			for _, where := range []string{"/$PRECINCT_TEST_KEY/{z}/{x}/{y}.png", "/{z}/{x}/{y}.png?k=$PRECINCT_TEST_KEY"} {
				_, err := ask(t, reopened(t, Config{Name: "sat", Kind: "xyz", URL: u.URL + where}))
				if err == nil || strings.Contains(err.Error(), "s3") || strings.Contains(err.Error(), u.URL) {
					t.Errorf("%s, %q in %s: %v", name, key, where, err)
				}
			}
		}
	}
}

// TestPatience: who has an old tile does not wait for a server that hangs as long as who has none.
func TestPatience(t *testing.T) {
	u := newUpstream(t)
	good := picture(t, red, tiles.PNG)
	u.set(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(good)
	})
	c := Config{Name: "sat", Kind: "xyz", URL: u.URL + "/{z}/{x}/{y}.png", Bucket: bucket(t)}
	if _, err := ask(t, reopened(t, c)); err != nil {
		t.Fatal(err)
	}
	u.set(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	start := time.Now()
	if got, err := ask(t, reopened(t, c)); err != nil || got != red {
		t.Errorf("%v, %v", got, err)
	}
	if took := time.Since(start); took > 2*patience {
		t.Errorf("the old tile came after %v", took)
	}
}

func TestRates(t *testing.T) {
	for s, ok := range map[string]bool{"": true, "10/s": true, "0.5/m": true, "NaN/s": false, "Inf/s": false, "1e300/s": false, "-1/s": false, "0/s": false, "10": false} {
		if _, err := parseRate(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}
