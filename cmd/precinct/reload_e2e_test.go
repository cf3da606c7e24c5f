//go:build e2e

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestReload: a changed configuration is taken over without dropping a request; one that cannot be used changes nothing.
func TestReload(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "precinct.yaml")
	write := func(sources string) {
		t.Helper()
		yaml := "sources:\n  - {name: sat, kind: town, layer: satellite}\n  - {name: plan, kind: town, layer: map}\n" + sources + "pair: {satellite: sat, map: plan}\n"
		if err := os.WriteFile(conf, []byte(yaml), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	address := start(t, "serve", "--config", conf)
	var asked, dropped atomic.Int64
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			r, err := http.Get(address + "tiles/plan/15/15000/19000.png")
			asked.Add(1)
			if err != nil || r.StatusCode != 200 {
				dropped.Add(1)
				continue
			}
			r.Body.Close()
		}
	}()
	has := func(layer string) bool {
		data, _ := fetch(t, address+"tiles")
		return strings.Contains(string(data), `"`+layer+`"`)
	}
	for _, layer := range []string{"second", "third"} {
		write("  - {name: " + layer + ", kind: town, layer: map, style: full}\n")
		for begun := time.Now(); !has(layer); time.Sleep(50 * time.Millisecond) {
			if time.Since(begun) > 20*time.Second {
				t.Fatalf("%s is not there after 20 s", layer)
			}
		}
		write("  - {name: broken, kind: no-such-kind}\n")
		time.Sleep(time.Second)
		if !has(layer) || has("broken") {
			t.Error("a bad configuration was taken over")
		}
	}
	close(stop)
	<-done
	t.Logf("%d requests", asked.Load())
	if n := dropped.Load(); n > 0 || asked.Load() < 20 {
		t.Errorf("%d of %d requests were dropped", n, asked.Load())
	}
}
