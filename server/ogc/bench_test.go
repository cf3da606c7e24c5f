package ogc_test

import (
	"testing"

	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/server/store/storetest"
)

// BenchmarkItems asks a collection of 50,000 outlines for pages, as map programs do.
func BenchmarkItems(b *testing.B) {
	w := newWorld(b)
	for i := range 50 {
		list := make([]store.Feature, 1000)
		for j := range list {
			list[j] = storetest.Square(10_000+j*60, i*60, 40)
		}
		w.sync("schools", list...)
	}
	for _, query := range []string{"limit=100", "limit=10000", "limit=100&class=college", "limit=100&bbox=85.67,27.60,85.75,27.63", "limit=100&bbox=85,27,86,28", "limit=100&offset=40000"} {
		b.Run(query, func(b *testing.B) {
			var bytes int
			for b.Loop() {
				r := w.get(w.itemsPath() + "?" + query)
				if r.StatusCode != 200 {
					b.Fatal(string(r.body))
				}
				bytes = len(r.body)
			}
			b.ReportMetric(float64(bytes)/1000, "kB")
		})
	}
	b.Run("unchanged", func(b *testing.B) {
		path := w.itemsPath() + "?limit=10000"
		tag := "If-None-Match: " + w.get(path).Header.Get("ETag")
		for b.Loop() {
			if err := w.status(path, 304, tag); err != nil {
				b.Fatal(err)
			}
		}
	})
}
