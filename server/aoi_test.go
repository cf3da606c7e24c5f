package server

import (
	"fmt"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/reasoning"
)

func TestOutlines(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	a := get(t, s.URL+"/aoi/school/"+homePath+".mvt")
	layers, err := mvt.Unmarshal(a.data)
	if err != nil || a.Header.Get("X-Precinct-Complete") != "true" || a.Header.Get("Content-Type") != "application/vnd.mapbox-vector-tile" {
		t.Fatal(err, a.Header)
	}
	names := map[string]*mvt.Layer{}
	for _, l := range layers {
		names[l.Name] = l
	}
	aoi := names["aoi"]
	if aoi == nil || aoi.Version != 2 || aoi.Extent != 4096 || len(aoi.Features) != 1 {
		t.Fatalf("layers %+v", layers)
	}
	p := aoi.Features[0].Properties
	if p["query"] != "school" || p["class"] != "school" || p["function"] != "educational" || p["tier"] != "class" || p["area_m2"].(float64) < 1000 {
		t.Errorf("properties %v", p)
	}
	if aoi.Features[0].ID == nil {
		t.Error("no id")
	}
	next, err := mvt.Unmarshal(get(t, fmt.Sprintf("%s/aoi/school/17/%d/%d.mvt", s.URL, home.X+1, home.Y)).data)
	if err != nil || len(layers)+len(next) != 3 { // the outline in both tiles, its label in one
		t.Errorf("%d layers here, %d next to it, %v", len(layers), len(next), err)
	}

	a = get(t, s.URL+"/aoi/school/"+homePath+"@2x.png")
	img, err := png.Decode(strings.NewReader(string(a.data)))
	if err != nil || img.Bounds().Dx() != 512 {
		t.Fatal(err)
	}
	if _, _, _, alpha := img.At(10, 10).RGBA(); alpha != 0 {
		t.Error("ground beside the outline is painted")
	}
	if _, _, _, alpha := img.At(400, 200).RGBA(); alpha == 0 {
		t.Error("the outline is not painted")
	}

	a = get(t, s.URL+"/aoi/school/"+homePath+".geojson")
	found, err := formats.ReadGeoJSON(strings.NewReader(string(a.data)))
	if err != nil || len(found) != 1 || !strings.Contains(string(a.data), `"attribution":"© satellite; © map"`) {
		t.Fatalf("%v in %s", err, a.data)
	}
	w := geo.TileWindow(home)
	if b := found[0].Geometry.Bound(); b.Max[0] <= w.Bound().Max[0] {
		t.Error("the feature is cut at the tile's edge")
	}
	for _, key := range []string{"id", "name", "query", "tier", "class", "function", "score", "area_m2", "scene_ids", "model", "reasoning", "sources", "created", "updated"} {
		if found[0].Get(key) == nil {
			t.Errorf("no property %s", key)
		}
	}
	if none := get(t, s.URL+"/aoi/nothing/"+homePath+".mvt"); none.StatusCode != 200 || len(none.data) != 0 || none.Header.Get("ETag") == "" {
		t.Errorf("known to be empty: %d", none.StatusCode)
	}
}

// TestOneInference: a hundred clients that ask the same at once on a cold server cost one run of each scene.
func TestOneInference(t *testing.T) {
	see := &seer{gate: make(chan struct{})}
	s := newServer(t, see, nil)
	u := s.URL + "/aoi/school/" + homePath + ".mvt"
	var clients sync.WaitGroup
	bodies := make([]string, 100)
	for i := range bodies {
		clients.Add(1)
		go func() {
			defer clients.Done()
			a := get(t, u)
			bodies[i] = string(a.data)
		}()
	}
	time.Sleep(100 * time.Millisecond)
	close(see.gate)
	clients.Wait()
	if len(slices.Compact(bodies)) != 1 || bodies[0] == "" {
		t.Error("the clients got different answers")
	}
	metrics := string(get(t, s.URL+"/metrics").data)
	runs := see.runs.Load()
	if !strings.Contains(metrics, fmt.Sprintf("precinct_scenes_total{outcome=\"done\"} %d\n", runs)) || runs > 4 {
		t.Errorf("%d runs; metrics:\n%s", runs, metrics)
	}
	before := runs
	if get(t, u); see.runs.Load() != before {
		t.Error("asking again ran again")
	}
}

// TestNotYet: who will not wait gets what there is, and says so.
func TestNotYet(t *testing.T) {
	see := &seer{gate: make(chan struct{})}
	s := newServer(t, see, nil)
	u := s.URL + "/aoi/school/" + homePath
	a := get(t, u+".mvt?wait=0")
	if a.StatusCode != 200 || len(a.data) != 0 || a.Header.Get("X-Precinct-Complete") != "false" || a.Header.Get("Cache-Control") != "no-store" ||
		a.Header.Get("ETag") != "" || a.Header.Get("X-Precinct-Reason") == "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a = get(t, u+".png?wait=0"); a.StatusCode != 200 || len(a.data) == 0 {
		t.Errorf("a transparent picture: %d", a.StatusCode)
	}
	if a = get(t, u+".mvt?wait=0&strict=1"); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("strict: %d %v", a.StatusCode, a.Header)
	}
	low := maptile.At(home.Center(), 12)
	if a = get(t, fmt.Sprintf("%s/aoi/school/12/%d/%d.mvt", s.URL, low.X, low.Y)); a.StatusCode != 200 || a.Header.Get("X-Precinct-Complete") != "true" {
		t.Errorf("below the lowest zoom: %d %v", a.StatusCode, a.Header)
	}
	close(see.gate)
	if a = get(t, u+".mvt"); len(a.data) == 0 || a.Header.Get("X-Precinct-Complete") != "true" {
		t.Errorf("afterwards: %d bytes, %v", len(a.data), a.Header)
	}
	if a = get(t, fmt.Sprintf("%s/aoi/school/12/%d/%d.mvt", s.URL, low.X, low.Y)); len(a.data) == 0 {
		t.Error("below the lowest zoom, what was found before is not shown")
	}
}

func TestFullQueue(t *testing.T) {
	see := &seer{gate: make(chan struct{})}
	s := newServer(t, see, nil)
	var clients sync.WaitGroup
	for i := range 12 { // two run and eight wait, by the options above
		clients.Add(1)
		go func() {
			defer clients.Done()
			get(t, fmt.Sprintf("%s/aoi/school/17/%d/%d.mvt", s.URL, home.X+uint32(20*i), home.Y))
		}()
	}
	time.Sleep(100 * time.Millisecond)
	a := get(t, fmt.Sprintf("%s/aoi/school/17/%d/%d.mvt?wait=0&strict=1", s.URL, home.X+1000, home.Y))
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.StatusCode, a.data)
	}
	close(see.gate)
	clients.Wait()
}

// TestModelFails: a client gets an empty tile that says why, or with strict the error; the next one is asked anew.
func TestModelFails(t *testing.T) {
	see := &seer{err: fmt.Errorf("%w: connection refused", reasoning.ErrVLM)}
	s := newServer(t, see, nil)
	u := s.URL + "/aoi/school/" + homePath + ".mvt"
	a := get(t, u)
	if a.StatusCode != 200 || a.Header.Get("X-Precinct-Complete") != "false" || !strings.Contains(a.Header.Get("X-Precinct-Reason"), "connection refused") {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a = get(t, u+"?strict=1"); a.StatusCode != 502 {
		t.Errorf("strict: %d %s", a.StatusCode, a.data)
	}
	if a = get(t, s.URL+"/tiles/map/3/2/1.png"); a.StatusCode != 200 {
		t.Error("the layers went with it")
	}
}
