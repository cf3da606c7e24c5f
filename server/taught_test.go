package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTaughtCorrections: the report is served as it is, also one that is written later, and an empty collection where there is none.
func TestTaughtCorrections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corrections.json")
	s := newServer(t, &seer{}, func(o *Options) { o.Corrections = path })
	if a := get(t, s.URL+"/v1/policy/corrections"); a.StatusCode != 200 || !strings.Contains(string(a.data), `"features":[]`) || a.Header.Get("Content-Type") != "application/geo+json" {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.data)
	}
	if err := os.WriteFile(path, []byte(`{"type":"FeatureCollection","features":[],"corrections":7}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if a := get(t, s.URL+"/v1/policy/corrections"); a.StatusCode != 200 || !strings.Contains(string(a.data), `"corrections":7`) || a.Header.Get("ETag") == "" {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.data)
	}
}
