package server

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/sources"
)

// textLog writes to a buffer that the test reads when the requests are over.
func textLog(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(&locked{w: b}, nil)) }

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func TestShown(t *testing.T) {
	for in, want := range map[string]string{
		"/tiles/a/1/2/3.png":                              "/tiles/a/1/2/3.png",
		"/aoi/school.geojson?bbox=1,2,3,4&key=s3cret":     "/aoi/school.geojson?bbox=1,2,3,4&key=…",
		"/x?KEY=s3cret&k%65y=s3cret&a=b":                  "/x?KEY=…&k%65y=…&a=b",
		"/x?a=1;key=s3cret":                               "/x?a=1&key=…",
		"/x?access_token=s3cret&token=s3cret&sig=s3cret=": "/x?access_token=…&token=…&sig=…",
		"/x?%zz=s3cret":                                   "/x?%zz=…",
		"/x?q=%0Aforged":                                  "/x?q=%0Aforged",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(u); got != want || strings.Contains(got, "s3cret") {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestAccessLog: one line a request, which names the layer and where its tile came from, and no secret.
func TestAccessLog(t *testing.T) {
	const secret = "s3cret-of-anna"
	var log bytes.Buffer
	s := newServer(t, &seer{}, func(o *Options) {
		o.Access, o.Log = AccessCold, textLog(&log)
		o.Keys = []Key{{Name: "anna", Hash: HashKey(secret), Scopes: []Scope{Read}}}
	})
	get(t, s.URL+"/tiles/map/3/2/1.png?key="+secret)
	get(t, s.URL+"/aoi/school/"+homePath+".mvt", "Authorization", "Bearer "+secret)
	get(t, s.URL+"/tiles/map/3/9/1.png", "X-API-Key", secret)
	get(t, s.URL+"/tiles/map/3/2/1.png?key=wrong-"+secret)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if strings.Contains(log.String(), secret) || len(lines) != 4 {
		t.Fatalf("%s", log.String())
	}
	for i, want := range []string{
		`level=INFO msg=request method=GET path="/tiles/map/3/2/1.png?key=…" status=200`, "layer=aoi cache=store key=anna", "status=404", "status=401",
	} {
		if !strings.Contains(lines[i], want) || !strings.Contains(lines[i], " bytes=") || !strings.Contains(lines[i], " ms=") {
			t.Errorf("line %d lacks %s: %s", i, want, lines[i])
		}
	}
}

// TestHotRequestsAreLoggedOnDemand: hot answers are counted, and logged only where every request is to be.
func TestHotRequestsAreLoggedOnDemand(t *testing.T) {
	for access, want := range map[Access]int{AccessOff: 0, AccessCold: 1, AccessAll: 5} {
		var log bytes.Buffer
		s := newServer(t, &seer{}, func(o *Options) { o.Access, o.Log = access, textLog(&log) })
		for range 5 {
			get(t, s.URL+"/tiles/map/3/2/1.png")
		}
		if n := strings.Count(log.String(), "msg=request"); n != want {
			t.Errorf("%s: %d lines, want %d", access, n, want)
		}
		hot := `precinct_tiles_total{layer="map",tier="hot"} 4`
		if metrics := string(get(t, s.URL+"/metrics").data); strings.Contains(metrics, hot) != (access != AccessAll) {
			t.Errorf("%s: %s", access, metrics)
		}
	}
}

// TestTiers: a tile's first answer is from upstream, later ones from memory and from disk, and the counters say so by layer.
func TestTiers(t *testing.T) {
	picture, err := tiles.Encode(mustImage(t, flat{}), tiles.PNG)
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/4/") {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_, _ = w.Write(picture)
	}))
	t.Cleanup(upstream.Close)
	bucket := openBucket(t)
	conf := sources.Config{Name: "far", Kind: "xyz", URL: upstream.URL + "/{z}/{x}/{y}.png", Bucket: bucket}
	s := newServer(t, &seer{}, func(o *Options) {
		o.Access, o.Log = AccessAll, slog.New(slog.DiscardHandler)
		far := o.Metrics.Watch(openSource(t, conf), true)
		o.Layers = append(o.Layers, tiles.Cached(far, o.Answers.Memory), named{o.Metrics.Watch(openSource(t, conf), true), "again"})
	})
	for _, path := range []string{"far/3/2/1", "far/3/2/1", "again/3/2/1", "far/4/2/1"} {
		get(t, s.URL+"/tiles/"+path+".png")
	}
	metrics := string(get(t, s.URL+"/metrics").data)
	for _, want := range []string{
		`precinct_tiles_total{layer="far",tier="upstream"} 1`, `precinct_tiles_total{layer="far",tier="memory"} 1`, `precinct_tiles_total{layer="again",tier="disk"} 1`,
		`precinct_source_seconds_count{layer="far",outcome="tile",tier="upstream"} 1`, `precinct_source_seconds_count{layer="far",outcome="tile",tier="disk"} 1`,
		`precinct_source_seconds_count{layer="far",outcome="failed",tier="upstream"} 1`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("no %s in %s", want, metrics)
		}
	}
}

// named is a source under another name.
type named struct {
	tiles.Source
	name string
}

func (n named) Info() tiles.Info {
	i := n.Source.Info()
	i.Name = n.name
	return i
}

// BenchmarkHot is the whole of a hot answer but for net/http's own part.
func BenchmarkHot(b *testing.B) {
	h := benchServer(b, func(*Options) {})
	r := httptest.NewRequest(http.MethodGet, "/tiles/map/3/2/1.png", nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

// BenchmarkAccess is a cold answer of a tile in memory, with and without its line in the log.
func BenchmarkAccess(b *testing.B) {
	for _, access := range []Access{AccessOff, AccessAll} {
		b.Run(string(access), func(b *testing.B) {
			h := benchServer(b, func(o *Options) {
				o.Access, o.Log = access, slog.New(slog.NewTextHandler(io.Discard, nil))
				o.Keys = []Key{{Name: "bench", Hash: HashKey("bench"), Scopes: Scopes}} // so that nothing is hot
			})
			r := httptest.NewRequest(http.MethodGet, "/tiles/map/3/2/1.png", nil)
			r.Header.Set("X-API-Key", "bench")
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
