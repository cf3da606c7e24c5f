package main

import (
	"os"
	"strings"
	"testing"
)

// TestUpstreamKey: one way out for all sources of a configuration, and a map from elsewhere is an archive.
func TestUpstreamKey(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(yaml string) {
		if err := os.WriteFile("precinct.yaml", []byte(yaml), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("upstream: {concurrency: 3}\nsources: [{name: sat, kind: xyz, url: 'http://h/{z}/{x}/{y}'}, {name: plan, kind: osm, path: 'https://h/city.pmtiles'}]\n")
	c, err := (&global{}).load()
	if err != nil {
		t.Fatal(err)
	}
	if c.Upstream.Concurrency != 3 || c.Sources[0].Upstream == nil || c.Sources[0].Upstream != c.Sources[1].Upstream {
		t.Errorf("%+v", c.Upstream)
	}
	if s := c.Sources[1]; s.Kind != "pmtiles" || s.URL != "https://h/city.pmtiles" || s.Path != "" {
		t.Errorf("%+v", s)
	}
	t.Setenv("PRECINCT_UPSTREAM_CONCURRENCY", "5")
	if c, err := (&global{}).load(); err != nil || c.Upstream.Concurrency != 5 {
		t.Errorf("%d, %v", c.Upstream.Concurrency, err)
	}
	t.Setenv("PRECINCT_UPSTREAM_CONCURRENCY", "-1")
	if _, err := (&global{}).load(); err == nil || !strings.Contains(err.Error(), "upstream.concurrency") {
		t.Error(err)
	}
}
