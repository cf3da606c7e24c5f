package server

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/sources"
)

// ills are the ways in which an upstream answers badly.
func ills(good []byte) []http.HandlerFunc {
	return []http.HandlerFunc{
		func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", http.StatusBadGateway) },
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good[:len(good)/2]) }, // a truncated picture
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>log in</html>")
		},
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		},
		func(w http.ResponseWriter, r *http.Request) { // slow-loris: a byte now and then
			for _, b := range good {
				if _, err := w.Write([]byte{b}); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-time.After(50 * time.Millisecond):
				case <-r.Context().Done():
					return
				}
			}
		},
	}
}

// faulty is a server with a healthy layer and three others: one whose upstream fails three times in ten in every way while ill is set, one whose
// certificate nobody trusts, one whose host does not exist.
func faulty(t *testing.T, ill *atomic.Bool) string {
	good, err := tiles.Encode(mustImage(t, flat{}), tiles.PNG)
	if err != nil {
		t.Fatal(err)
	}
	bad := ills(good)
	fine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) })
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ill.Load() && rand.Float64() < 0.3 {
			bad[rand.IntN(len(bad))](w, r)
			return
		}
		fine(w, r)
	}))
	t.Cleanup(sick.Close)
	sound := httptest.NewServer(fine)
	t.Cleanup(sound.Close)
	untrusted := httptest.NewUnstartedServer(fine)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	s := newServer(t, &seer{}, func(o *Options) {
		for name, at := range map[string]string{"healthy": sound.URL, "sick": sick.URL, "untrusted": untrusted.URL, "nowhere": "http://nowhere.invalid"} {
			src := openSource(t, sources.Config{Name: name, Kind: "xyz", URL: at + "/{z}/{x}/{y}.png", Concurrency: 32, Timeout: 500 * time.Millisecond})
			o.Layers = append(o.Layers, tiles.Cached(o.Metrics.Watch(src, false), o.Answers.Memory))
		}
	})
	return s.URL
}

// TestFaultsStayWhereTheyAre: 32 clients ask a layer, whose upstream begins to fail in every way, and two layers that never worked. A healthy layer
// of the same server keeps the p99 that it had before the faults, and every error says which source failed and what to do.
func TestFaultsStayWhereTheyAre(t *testing.T) {
	var ill atomic.Bool
	server := faulty(t, &ill)
	var next atomic.Uint32
	fetch := func(layer string) (time.Duration, answer) {
		n := next.Add(1)
		start := time.Now()
		a := get(t, fmt.Sprintf("%s/tiles/%s/14/%d/%d.png", server, layer, n%8000, n/8000)) // never a tile twice
		return time.Since(start), a
	}
	var asked, failed atomic.Int32
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for n := range 32 {
		layer := "sick"
		if n < 2 {
			layer = []string{"untrusted", "nowhere"}[n]
		}
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond): // what is measured is the server, not who gets the two cores
				}
				_, a := fetch(layer)
				if layer == "sick" && !ill.Load() {
					continue
				}
				asked.Add(1)
				if checkFault(t, layer, a) {
					failed.Add(1)
				}
			}
		})
	}
	p99 := func(faults bool) time.Duration {
		ill.Store(faults)
		time.Sleep(300 * time.Millisecond)
		var all []time.Duration
		for begun := time.Now(); len(all) < 300 && time.Since(begun) < 3*time.Second; {
			took, a := fetch("healthy")
			if a.StatusCode != 200 {
				t.Errorf("the healthy layer: %d %s", a.StatusCode, a.data)
			}
			all = append(all, took)
		}
		slices.Sort(all)
		return all[len(all)*99/100]
	}
	var quiet, loud []time.Duration
	for range 3 { // in turns, as other programs disturb both alike
		quiet, loud = append(quiet, p99(false)), append(loud, p99(true))
	}
	close(stop)
	clients.Wait()
	slices.Sort(quiet)
	slices.Sort(loud)
	t.Logf("p99 of the healthy layer: %v before, %v beside %d requests to layers with faults, of which %d failed", quiet, loud, asked.Load(), failed.Load())
	if loud[1] > quiet[1]*3/2+40*time.Millisecond {
		t.Errorf("its median p99 was %v, and is %v", quiet[1], loud[1])
	}
	if failed.Load() == 0 || failed.Load() == asked.Load() {
		t.Errorf("%d of %d requests failed", failed.Load(), asked.Load())
	}
}

// checkFault says whether a faulty layer's answer is an error, which must name the source and say what to do; what is none must be whole.
func checkFault(t *testing.T, layer string, a answer) bool {
	if a.StatusCode == 200 {
		tile, err := tiles.EncodedTile(a.data)
		if err == nil {
			_, err = tile.Image()
		}
		if err != nil || layer != "sick" {
			t.Errorf("%s answered %d bytes: %v", layer, len(a.data), err)
		}
		return false
	}
	var p problem.Problem
	if err := json.Unmarshal(a.data, &p); err != nil || a.StatusCode != http.StatusBadGateway || !strings.Contains(p.Detail, layer+" 14/") || p.Hint == "" || strings.Contains(p.Detail, "127.0.0.1") && layer != "sick" {
		t.Errorf("%s: %d %s", layer, a.StatusCode, a.data)
	}
	return true
}
