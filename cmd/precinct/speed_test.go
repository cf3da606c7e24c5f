package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/tiles/sources"
)

// oneBox is a model that takes no time and names one box, so that what is measured is ours and the segmenter's.
type oneBox struct{}

func (oneBox) Name() string { return "one box" }

func (oneBox) Dialect() reasoning.Dialect {
	d, _ := reasoning.ParseDialect("")
	return d
}

func (oneBox) Complete(context.Context, reasoning.Request) ([]reasoning.Completion, error) {
	box := reasoning.Box{300, 300, 420, 400}
	return []reasoning.Completion{{Text: reasoning.FormatAnswer("", []reasoning.Prompt{{Box: &box}})}}, nil
}

// TestSpeed prints the ratios that docs/performance.md quotes, and fails where one is missed. It runs by `make bench` alone: a busy
// machine would make it lie.
func TestSpeed(t *testing.T) {
	if os.Getenv("PRECINCT_BENCH") == "" {
		t.Skip("run `make bench`")
	}
	needBanepa(t)
	var first, second, rest, readerFirst, readerSecond []float64
	for row := range 4 {
		s := newSpeed(t, reasoning.Scene{Z: 19, Col: 193345, Row: 110121 + row})
		whole, model := s.ask("school", reasoning.TwoStage)
		again, _ := s.ask("temple", reasoning.TwoStage)
		readerFirst, readerSecond, rest = append(readerFirst, whole), append(readerSecond, again), append(rest, 1-model/whole)
		s.a.close()

		s = newSpeed(t, s.scene)
		s.a.engine.Pipeline.VLM = oneBox{}
		whole, _ = s.ask("school", reasoning.NoRefinement)
		again, _ = s.ask("hotel", reasoning.NoRefinement)
		first, second = append(first, whole), append(second, again)
		s.a.close()
	}
	check := func(name string, v, limit float64, above bool) {
		t.Logf("%-64s %6.2f, wanted %v", name, v, limit)
		if (v >= limit) != above {
			t.Errorf("%s: %.3f misses %v", name, v, limit)
		}
	}
	t.Logf("one box: first phrase %.0f ms, second %.0f ms", 1e3*median(first), 1e3*median(second))
	t.Logf("reader, two stages: first phrase %.0f ms, second %.0f ms, ratio %.1f", 1e3*median(readerFirst), 1e3*median(readerSecond), median(readerFirst)/median(readerSecond))
	check("first phrase : second phrase with one box on a known scene", median(first)/median(second), 8, true)
	check("share of a new scene's time that is not the segmenter's graphs", median(rest), 0.10, false)
	check("peak memory of segment, two encodes at once, GB", peakMemory(t), 1.5, false)
}

// speed is a fresh program with warm sessions and nothing in memory.
type speed struct {
	t     *testing.T
	a     *app
	scene reasoning.Scene
	serve *server.Server
}

func newSpeed(t *testing.T, scene reasoning.Scene) *speed {
	t.Helper()
	conf := defaults()
	conf.Sources = []sources.Config{
		{Name: "satellite", Kind: "dir", Path: filepath.Join(banepa, "labelled")}, {Name: "map", Kind: "osm", Path: filepath.Join(banepa, "map.geojson")},
	}
	conf.Pair = pairConfig{Satellite: "satellite", Map: "map", Zoom: 19}
	a, err := open(t.Context(), conf, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &speed{t, a, scene, server.New(server.Options{Answers: &server.Answers{Engine: a.engine, Memory: a.memory}, Metrics: a.metrics})}
	// The graphs' first run allocates; it is on ground that is not measured.
	warm := *s
	warm.scene = reasoning.Scene{Z: 19, Col: 193344, Row: 110123}
	warm.ask("school", reasoning.TwoStage)
	return s
}

// ask gives the seconds of one scene's answer, and those that the segmenter's graphs ran.
func (s *speed) ask(phrase string, mode reasoning.Mode) (whole, model float64) {
	before, start := s.modelSeconds(), time.Now()
	work, err := s.a.engine.Start(s.t.Context(), reasoning.Question{Phrase: phrase, Mode: mode}, s.scene)
	if err != nil {
		s.t.Fatal(err)
	}
	defer s.a.engine.Leave(work)
	if _, err := s.a.engine.Wait(s.t.Context(), work); err != nil {
		s.t.Fatal(err)
	}
	return time.Since(start).Seconds(), s.modelSeconds() - before
}

func (s *speed) modelSeconds() float64 {
	w := httptest.NewRecorder()
	s.serve.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	sum := 0.0
	for _, line := range strings.Split(w.Body.String(), "\n") {
		if name, value, _ := strings.Cut(line, " "); strings.HasPrefix(name, "precinct_segmenter_seconds_sum") {
			var v float64
			if _, err := fmt.Sscan(value, &v); err != nil {
				s.t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// peakMemory runs the program itself, whose two workers encode at once.
func peakMemory(t *testing.T) float64 {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "precinct")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(bin, "segment", "--satellite", "dir:"+filepath.Join(banepa, "labelled"), "--map", "osm:"+filepath.Join(banepa, "map.geojson"),
		"--bbox", banepaBBox, "--zoom", "19", "--query", "school", "-o", os.DevNull)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1e6 // kilobytes on Linux
}
