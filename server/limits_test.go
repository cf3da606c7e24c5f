package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/server/jobs"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/server/store/storetest"
	"github.com/precinct-map/precinct/tiles"
)

// refused is the kind of the problem that an answer is.
func refused(t *testing.T, a answer) string {
	t.Helper()
	var p problem.Problem
	if err := json.Unmarshal(a.data, &p); err != nil || p.Status != a.StatusCode || a.Header.Get("Content-Disposition") != "" {
		t.Fatalf("%d %v %s", a.StatusCode, a.Header, a.data)
	}
	return strings.TrimPrefix(p.Type, problem.Base)
}

// stuck is a source that answers when nobody waits any more.
type stuck struct{ flat }

func (stuck) Tile(ctx context.Context, _ maptile.Tile) (*tiles.Tile, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestTime: a request that takes too long is given up, in the handler and below it, and says so; a tile of outlines comes incomplete instead.
func TestTime(t *testing.T) {
	see := &seer{gate: make(chan struct{})}
	s := newServer(t, see, func(o *Options) {
		o.Limits.Request = 200 * time.Millisecond
		o.Layers = append(o.Layers, stuck{flat{name: "stuck"}})
	})
	defer close(see.gate)
	start := time.Now()
	a := get(t, s.URL+"/tiles/stuck/3/2/1.png")
	if kind := refused(t, a); kind != "gave-up" || a.StatusCode != http.StatusServiceUnavailable || time.Since(start) > 5*time.Second {
		t.Errorf("%s after %v", kind, time.Since(start))
	}
	a = get(t, s.URL+"/aoi/school/"+homePath+".mvt?wait=30")
	if a.StatusCode != 200 || a.Header.Get("X-Precinct-Complete") != "false" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
}

// TestBodies: what is larger than may be is refused before it is read where its length is told, and when it has come where not.
func TestBodies(t *testing.T) {
	s := newServer(t, &seer{}, func(o *Options) { o.Limits.Body, o.Open = 1000, true })
	for _, path := range []string{"/feedback", "/ogc/collections/x/items"} {
		for name, body := range map[string]io.Reader{
			"told":   bytes.NewReader(make([]byte, 2000)),
			"untold": io.MultiReader(strings.NewReader(`{"verdict": "`), strings.NewReader(strings.Repeat("x", 2000))),
		} {
			r, err := http.Post(s.URL+path, "application/geo+json", body)
			if err != nil {
				t.Fatal(err)
			}
			data, _ := io.ReadAll(r.Body)
			r.Body.Close()
			// A collection that is not there is not there whatever is sent to it.
			if kind := refused(t, answer{r, data}); kind != "too-large" && !(name == "untold" && kind == "not-found") {
				t.Errorf("%s, %s: %s", path, name, data)
			}
		}
	}
}

// growing is a store that counts fewer outlines than it has, as one does that somebody adds to.
type growing struct {
	store.Store
	find chan struct{} // when set, pages wait for it
}

func (growing) Count(context.Context, store.Query, int) (int, error) { return 0, nil }

func (g growing) Find(ctx context.Context, q store.Query) (store.Page, error) {
	if g.find != nil {
		select {
		case <-g.find:
		case <-ctx.Done():
			return store.Page{}, ctx.Err()
		}
	}
	return g.Store.Find(ctx, q)
}

// fill puts squares into a store.
func fill(t *testing.T, s store.Store, n int) {
	t.Helper()
	var list []store.Feature
	for i := range n {
		list = append(list, storetest.Square(i%100*60, i/100*60, 40))
	}
	if _, err := s.Sync(t.Context(), "school", nil, list); err != nil {
		t.Fatal(err)
	}
}

// TestExportSize: an export that is too large is refused before a byte is sent; one that becomes too large meanwhile breaks off so that no
// client takes it for whole, in each format.
func TestExportSize(t *testing.T) {
	s := newServer(t, &seer{}, func(o *Options) {
		fill(t, o.Answers.Store, 30)
		o.Limits.Features = 29
	})
	a := get(t, s.URL+"/aoi/school.geojson")
	if kind := refused(t, a); kind != "too-many" || a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(a.data), "bbox") {
		t.Errorf("%d %s", a.StatusCode, a.data)
	}
	s = newServer(t, &seer{}, func(o *Options) {
		fill(t, o.Answers.Store, 1500)
		o.Answers.Store = growing{Store: o.Answers.Store}
		o.Limits.Features = 1499
	})
	for _, format := range []string{"geojson", "geojsonl", "geojsons", "kml", "gpkg", "parquet", "pmtiles"} {
		r, err := http.Get(s.URL + "/aoi/school." + format)
		if err != nil {
			continue // before a byte was sent: noticed too
		}
		data, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err == nil && r.StatusCode == 200 {
			t.Errorf("%s: %d bytes look whole", format, len(data))
		}
		t.Logf("%s: %d, %d bytes, %v", format, r.StatusCode, len(data), err)
	}
}

// TestExportsAtOnce: so many exports at once, each for so long.
func TestExportsAtOnce(t *testing.T) {
	goOn := make(chan struct{})
	s := newServer(t, &seer{}, func(o *Options) {
		o.Answers.Store = growing{o.Answers.Store, goOn}
		o.Limits.Exports, o.Limits.Long, o.Limits.Request = 1, 500*time.Millisecond, 10*time.Millisecond
	})
	first := make(chan answer)
	go func() { first <- get(t, s.URL+"/aoi/school.geojson") }()
	time.Sleep(100 * time.Millisecond)
	a := get(t, s.URL+"/aoi/school.gpkg")
	if kind := refused(t, a); kind != "busy" || a.Header.Get("Retry-After") == "" {
		t.Errorf("%s", kind)
	}
	if kind := refused(t, <-first); kind != "gave-up" {
		t.Errorf("%s", kind)
	}
	close(goOn)
	if a := get(t, s.URL+"/aoi/school.geojson"); a.StatusCode != 200 {
		t.Errorf("the next one: %d %s", a.StatusCode, a.data)
	}
}

// TestJobsAndStreams: a job over a continent is not for strangers to start; streams outlive the time of requests, and end with the server.
func TestJobsAndStreams(t *testing.T) {
	var made *Server
	var s *httptest.Server
	queue, err := jobs.Open(t.Context(), filepath.Join(t.TempDir(), "jobs.sqlite"), jobs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { queue.Close() })
	newServer(t, &seer{}, func(o *Options) {
		o.Jobs, o.Limits.Request, o.Limits.Streams, o.Limits.Scenes = queue, time.Second, 1, 100
		made = New(*o)
		s = httptest.NewUnstartedServer(made)
		s.Config.ReadTimeout, s.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
		s.Start()
		t.Cleanup(s.Close)
	})
	post := func(bound orb.Bound) answer {
		body := fmt.Sprintf(`{"inputs": {"query": "school", "bbox": [%f, %f, %f, %f]}}`, bound.Min[0], bound.Min[1], bound.Max[0], bound.Max[1])
		r, err := http.Post(s.URL+"/ogc/processes/segment/execution", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		data, _ := io.ReadAll(r.Body)
		return answer{r, data}
	}
	if kind := refused(t, post(orb.Bound{Min: orb.Point{-20, 30}, Max: orb.Point{40, 60}})); kind != "too-many" {
		t.Errorf("a continent: %s", kind)
	}
	if a := post(home.Bound()); a.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", a.StatusCode, a.data)
	}
	ended := make(chan error)
	go func() {
		r, err := http.Get(s.URL + "/ogc/jobs/1/events")
		if err == nil {
			_, err = io.ReadAll(r.Body)
			r.Body.Close()
		}
		ended <- err
	}()
	time.Sleep(1500 * time.Millisecond) // more than any time that a request has
	if kind := refused(t, get(t, s.URL+"/ogc/jobs/1/events")); kind != "busy" {
		t.Errorf("a second stream: %s", kind)
	}
	select {
	case err := <-ended:
		t.Fatal("the stream ended with the time of a request: ", err)
	default:
	}
	made.EndStreams()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the stream does not end")
	}
}

// TestBrokenExportIsSeen: whoever counts bytes or reads to the end notices an export that breaks off, also from the log.
func TestBrokenExportIsSeen(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, &seer{}, func(o *Options) {
		fill(t, o.Answers.Store, 1500)
		o.Answers.Store = growing{Store: o.Answers.Store}
		o.Limits.Features, o.Access, o.Log = 1499, AccessCold, textLog(&log)
	})
	r, err := http.Get(s.URL + "/aoi/school.geojson")
	if err == nil {
		_, err = io.ReadAll(r.Body)
		r.Body.Close()
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	if !strings.Contains(log.String(), "aborted=true") || !strings.Contains(log.String(), "an export broke off") {
		t.Errorf("the log: %s", log.String())
	}
}
