package export

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
)

// features per second, by format, with what Close costs.
func BenchmarkWrite(b *testing.B) {
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			w, err := Create(context.Background(), filepath.Join(b.TempDir(), "out"+f.Suffix), f, about())
			if err != nil {
				b.Fatal(err)
			}
			defer w.Discard()
			n := 0
			for b.Loop() {
				feature := building(n)
				if err := w.Write(&feature); err != nil {
					b.Fatal(err)
				}
				n++
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "features/s")
		})
	}
}

// building is the nth of many small polygons, in a spiral of towns: 15 m wide, every one with its own name.
func building(n int) formats.Feature {
	town, in := n/10_000, n%10_000
	angle := float64(town) * 2.4
	lon := 85.5 + 0.02*math.Sqrt(float64(town))*math.Cos(angle) + 0.0002*float64(in%100)
	lat := 27.6 + 0.02*math.Sqrt(float64(town))*math.Sin(angle) + 0.0002*float64(in/100)
	const w, h = 0.00015, 0.00012
	return formats.Feature{Num: uint64(n + 1),
		Geometry: orb.Polygon{{{lon, lat}, {lon + w, lat}, {lon + w, lat + h/2}, {lon + w/2, lat + h/2}, {lon + w/2, lat + h}, {lon, lat + h}, {lon, lat}}},
		Properties: []formats.Property{
			{Key: "name", Value: fmt.Sprint("Building ", n)}, {Key: "query", Value: "building"}, {Key: "tier", Value: "class"},
			{Key: "class", Value: "building"}, {Key: "function", Value: "living"}, {Key: "score", Value: float64(n%1000) / 1000}, {Key: "area_m2", Value: 143.5},
		}}
}

// peak is the most heap that was in use while a function ran, in bytes.
func peak(run func()) uint64 {
	var most atomic.Uint64
	done := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	run()
	close(done)
	<-finished
	return most.Load()
}

// TestMemoryIsBounded writes a great many features, and finds no more memory in use than for some.
func TestMemoryIsBounded(t *testing.T) {
	const n = manyFeatures
	const most = 200 << 20
	for _, f := range Formats() {
		t.Run(f.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out"+f.Suffix)
			start := time.Now()
			used := peak(func() {
				w, err := Create(context.Background(), path, f, about())
				if err != nil {
					t.Fatal(err)
				}
				defer w.Discard()
				for i := range n {
					feature := building(i)
					if err := w.Write(&feature); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
			})
			stat, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d features: %.1f s, %.1f MB, %.1f MB of heap", n, time.Since(start).Seconds(), float64(stat.Size())/1e6, float64(used)/1e6)
			if used > most {
				t.Errorf("%d MB of heap for %d features", used>>20, n)
			}
		})
	}
}
