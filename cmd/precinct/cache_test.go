package main

import (
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/precinct-map/precinct/tiles"
)

// TestCacheCommands: a warm-up that meets failures keeps the rest and goes on from there; what it kept is counted and purged.
func TestCacheCommands(t *testing.T) {
	data, err := tiles.Encode(image.NewRGBA(image.Rect(0, 0, 256, 256)), tiles.PNG)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	var broken atomic.Bool
	broken.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch {
		case strings.HasPrefix(r.URL.Path, "/3/") && broken.Load():
			http.Error(w, "no", http.StatusForbidden)
		case r.URL.Path == "/2/3/1.png":
			http.NotFound(w, r)
		default:
			_, _ = w.Write(data)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	t.Chdir(dir)
	yaml := fmt.Sprintf("cache: %q\nsources: [{name: sat, kind: xyz, url: %q, max_zoom: 4}, {name: plan, kind: town}]\n",
		filepath.Join(dir, "tiles"), server.URL+"/{z}/{x}/{y}.png")
	if err := os.WriteFile("precinct.yaml", []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	warm := []string{"cache", "warm", "--source", "sat", "--bbox=-180,-80,180,80", "--zoom", "1-3"}
	if code, _, errs := call(t, warm...); code != 1 || !strings.Contains(errs, "64 of 84 tiles") {
		t.Errorf("exit %d: %s", code, errs)
	}
	broken.Store(false)
	before := asked.Load()
	if code, _, errs := call(t, warm...); code != 0 || !strings.Contains(errs, "83 tiles are in the cache") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if n := asked.Load() - before; n != 64 {
		t.Errorf("going on asked for %d tiles, want the 64 that failed", n)
	}
	_, out, _ := call(t, "cache", "stats")
	for _, want := range []string{"1     4", "2     16", "3     64"} {
		if !strings.Contains(out, want) {
			t.Errorf("stats lack %q: %s", want, out)
		}
	}
	if code, _, errs := call(t, "cache", "purge", "--source", "sat", "--zoom", "3", "--bbox", "0,0,179,80"); code != 0 || !strings.Contains(errs, "16 tiles forgotten") {
		t.Errorf("exit %d: %s", code, errs)
	}
	for says, args := range map[string][]string{
		"has sat, plan": {"cache", "warm", "--source", "other", "--bbox=0,0,1,1"}, "needs no cache": {"cache", "warm", "--source", "plan", "--bbox=0,0,1,1"},
		"--bbox": {"cache", "warm", "--source", "sat"}, "--zoom": {"cache", "purge", "--source", "sat", "--zoom", "9-3"},
	} {
		if code, _, errs := call(t, args...); code != exitUsage || !strings.Contains(errs, says) {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

// TestNoCache: where nothing may be kept, the commands say so and keep nothing.
func TestNoCache(t *testing.T) {
	t.Chdir(t.TempDir())
	for yaml, says := range map[string]string{
		"cache: 'off'\nsources: [{name: sat, kind: xyz, url: 'http://h.invalid/{z}/{x}/{y}.png'}]\n":                  "cache: off",
		"cache: here\nsources: [{name: sat, kind: xyz, url: 'http://h.invalid/{z}/{x}/{y}.png', may_cache: false}]\n": "may_cache is false",
	} {
		if err := os.WriteFile("precinct.yaml", []byte(yaml), 0o644); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := call(t, "cache", "warm", "--source", "sat", "--bbox=0,0,1,1", "--zoom", "1"); code != exitUsage || !strings.Contains(errs, says) {
			t.Errorf("exit %d: %s", code, errs)
		}
		if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
			t.Errorf("it made something: %v, %v", entries, err)
		}
	}
}
