package server

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// TestCaching: one ETag an encoding, 304 for who has it, HEAD as GET, open to other origins.
func TestCaching(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	for _, path := range []string{"/tiles/map.json", "/tiles/map/3/2/1.png", "/aoi/school.json", "/aoi/school/" + homePath + ".mvt", "/aoi/school/" + homePath + ".geojson", "/", "/taxonomy"} {
		tags := map[string]bool{}
		for _, enc := range []string{"identity", "gzip", "br", "zstd"} {
			a := get(t, s.URL+path, "Accept-Encoding", enc, "Origin", "http://elsewhere")
			tag := a.Header.Get("ETag")
			if a.StatusCode != 200 || tag == "" || a.Header.Get("Cache-Control") == "" || a.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s %s: %d %v", path, enc, a.StatusCode, a.Header)
			}
			if got := a.Header.Get("Content-Encoding"); got != "" && (got != enc || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept-Encoding")) {
				t.Errorf("%s %s: sent as %s, Vary %v", path, enc, got, a.Header.Values("Vary"))
			} else if got == "" && strings.HasSuffix(path, ".mvt") && enc != "identity" {
				t.Errorf("%s is not packed as %s", path, enc)
			}
			if unpacked(t, a) == 0 {
				t.Errorf("%s %s: empty", path, enc)
			}
			tags[tag] = true
			if again := get(t, s.URL+path, "Accept-Encoding", enc, "If-None-Match", tag); again.StatusCode != 304 || len(again.data) != 0 {
				t.Errorf("%s %s: %d for who has it", path, enc, again.StatusCode)
			}
		}
		if want := 4; !strings.HasSuffix(path, ".png") && len(tags) != want {
			t.Errorf("%s: %d ETags for 4 encodings", path, len(tags))
		}
		if head := ask(t, http.MethodHead, s.URL+path); head.StatusCode != 200 || len(head.data) != 0 || head.Header.Get("ETag") == "" {
			t.Errorf("HEAD %s: %d", path, head.StatusCode)
		}
	}
}

func unpacked(t *testing.T, a answer) int {
	t.Helper()
	var r io.Reader = strings.NewReader(string(a.data))
	switch a.Header.Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		z, err := zstd.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		r = z
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return len(data)
}
