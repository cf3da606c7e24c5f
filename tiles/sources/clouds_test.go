//go:build clouds

package sources

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// shelf is as much of S3 as reading and writing objects takes.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPut {
		s.objects[r.URL.Path], _ = io.ReadAll(r.Body)
		return
	}
	data, ok := s.objects[r.URL.Path]
	if !ok {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
		return
	}
	http.ServeContent(w, r, "", time.Unix(1700000000, 0), bytes.NewReader(data))
}

// TestS3: an archive and the cache of tiles in a bucket of S3's kind.
func TestS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	archive, err := os.ReadFile(writePMTiles(t, picture(t, red, tiles.PNG), 2))
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{objects: map[string][]byte{"/bucket/maps/a.pmtiles": archive}}
	server := httptest.NewServer(s)
	defer server.Close()
	query := "?region=us-east-1&use_path_style=true&request_checksum_calculation=when_required&endpoint=" + url.QueryEscape(server.URL)
	src, err := Open(t.Context(), Config{Name: "a", Kind: "pmtiles", URL: "s3://bucket/maps/a.pmtiles" + query})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Tile(t.Context(), here); err != nil {
		t.Error(err)
	}
	b, err := cache.OpenBucket(t.Context(), "s3://bucket"+query)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if e, err := b.Get(t.Context(), "sat/1/2/3"); e != nil || err != nil {
		t.Errorf("what is not there: %v, %v", e, err)
	}
	if err := b.Put(t.Context(), "sat/1/2/3", &cache.Entry{Data: []byte("tile")}); err != nil {
		t.Fatal(err)
	}
	if e, err := b.Get(t.Context(), "sat/1/2/3"); err != nil || e == nil || string(e.Data) != "tile" {
		t.Errorf("%v, %v", e, err)
	}
	http.DefaultClient.CloseIdleConnections()
}
