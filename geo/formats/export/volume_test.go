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

// BenchmarkWrite is features a second and bytes a feature by format. It counts Close, which b.Loop would leave out.
func BenchmarkWrite(b *testing.B) {
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "out"+f.Suffix)
			w, err := Create(context.Background(), path, f, about())
			if err != nil {
				b.Fatal(err)
			}
			defer w.Discard()
			b.ResetTimer()
			for i := range b.N {
				feature := building(i)
				if err := w.Write(&feature); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "features/s")
			if stat, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(stat.Size())/float64(b.N), "B/feature")
			}
		})
	}
}

// building is the nth of many small polygons, in a spiral of towns: some 15 m wide, each turned its own way, as no two places
// are alike to a packer.
func building(n int) formats.Feature {
	town, in := n/10_000, n%10_000
	angle := float64(town) * 2.4
	lon := 85.5 + 0.02*math.Sqrt(float64(town))*math.Cos(angle) + 0.0002*float64(in%100)
	lat := 27.6 + 0.02*math.Sqrt(float64(town))*math.Sin(angle) + 0.0002*float64(in/100)
	sin, cos := math.Sincos(float64(n) * 0.7)
	ring := orb.Ring{{0, 0}, {15, 0}, {15, 6}, {7, 6}, {7, 12}, {0, 12}, {0, 0}}
	for i, p := range ring {
		ring[i] = orb.Point{lon + 1e-5*(p[0]*cos-p[1]*sin), lat + 0.9e-5*(p[0]*sin+p[1]*cos)}
	}
	return formats.Feature{Num: uint64(n + 1), Geometry: orb.Polygon{ring}, Properties: []formats.Property{
		{Key: "name", Value: fmt.Sprint("Building ", n)}, {Key: "query", Value: "building"}, {Key: "tier", Value: "class"},
		{Key: "class", Value: "building"}, {Key: "function", Value: "living"},
		{Key: "score", Value: 0.5 + 0.5*sin}, {Key: "area_m2", Value: 130 + 10*cos},
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
