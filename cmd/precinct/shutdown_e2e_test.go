//go:build e2e

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestShutdown: a server that is told to end says so at /readyz while it still answers, finishes what is in flight, lets listeners to events go,
// and does not wait for more.
func TestShutdown(t *testing.T) {
	bin, dir := program(t), t.TempDir()
	conf := filepath.Join(dir, "precinct.yaml")
	yaml := "sources: [{name: sat, kind: town, layer: satellite}, {name: plan, kind: town, layer: map}]\npair: {satellite: sat, map: plan}\nlimits: {notice: 2s, drain: 60s}\nworkers: 1\n"
	if err := os.WriteFile(conf, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	c, address := serving(t, bin, conf)
	defer killed(c)
	status := func(path string) int {
		r, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(address + path)
		if err != nil {
			return 0
		}
		r.Body.Close()
		return r.StatusCode
	}
	if got := status("readyz"); got != 200 {
		t.Fatal(got)
	}
	r, err := http.Post(address+"ogc/processes/segment/execution", "application/json", strings.NewReader(`{"inputs": {"query": "school", "bbox": [8.54, 47.37, 8.56, 47.38]}}`))
	if err != nil || r.StatusCode != 201 {
		t.Fatal(err, r)
	}
	r.Body.Close()
	answers := make(chan int, 2)
	for _, path := range []string{"ogc/jobs/1/events", "aoi/park/17/68640/45900.mvt?wait=50"} {
		go func() {
			r, err := http.Get(address + path)
			if err != nil {
				answers <- 0
				return
			}
			_, err = io.Copy(io.Discard, r.Body)
			r.Body.Close()
			if err != nil {
				answers <- 1
				return
			}
			answers <- r.StatusCode
		}()
	}
	time.Sleep(500 * time.Millisecond)
	begun := time.Now()
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if ready, tile := status("readyz"), status("tiles/plan/15/15000/19000.png"); ready != 503 || tile != 200 {
		t.Errorf("/readyz %d, a tile %d; want 503 and 200", ready, tile)
	}
	for range 2 {
		if got := <-answers; got != 200 {
			t.Errorf("what was in flight: %d", got)
		}
	}
	_ = c.Wait()
	took := time.Since(begun)
	t.Logf("%.1f s", took.Seconds())
	if c.ProcessState.ExitCode() != exitInterrupted || took > 45*time.Second || took < 2*time.Second {
		t.Errorf("exit %d after %v", c.ProcessState.ExitCode(), took)
	}
}
