package store_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/server/store/storetest"
)

const benched = 50_000

// BenchmarkCity measures a store of 50,000 outlines of 6 to 30 corners on some 15 × 15 km.
func BenchmarkCity(b *testing.B) {
	s := open(b, b.TempDir())
	defer s.Close()
	r := rand.New(rand.NewPCG(1, 2))
	for row := range 250 {
		var batch []store.Feature
		for col := range benched / 250 {
			batch = append(batch, blob(r, 60*col, 60*row))
		}
		if _, err := s.Sync(b.Context(), "schools", nil, batch); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("Tile", func(b *testing.B) { benchTiles(b, s) })
	b.Run("Generation", func(b *testing.B) { benchGeneration(b, s) })
	b.Run("Find", func(b *testing.B) { benchFind(b, s) })
	b.Run("Sync", func(b *testing.B) { benchSync(b, s) })
}

func blob(r *rand.Rand, x, y int) store.Feature {
	f := storetest.Square(x, y, 50)
	at := f.Shape[0][0][0]
	n := 6 + r.IntN(25)
	ring := make(orb.Ring, 0, n+1)
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		d := 12 + 12*r.Float64()
		ring = append(ring, orb.Point{math.Round(at[0] + 25 + d*cos), math.Round(at[1] + 25 + d*sin)})
	}
	f.Shape = orb.MultiPolygon{{append(ring, ring[0])}}
	return f
}

// cityTiles are those of a zoom that the city lies on.
func cityTiles(z int) (out []maptile.Tile) {
	a, b := storetest.Ground(0, 0, 1), storetest.Ground(200*60, 250*60, 1)
	for t := range a.Union(b).AtZoom(z).Tiles() {
		out = append(out, t)
	}
	return out
}

func benchTiles(b *testing.B, s *store.SQLite) {
	for _, z := range []int{11, 13, 15, 17} {
		tiles := cityTiles(z)
		name := fmt.Sprint("z", z)
		for _, encode := range []bool{false, true} {
			kind := "/read"
			if encode {
				kind = "/encode"
			}
			b.Run(name+kind, func(b *testing.B) {
				n, bytes := 0, 0
				for i := 0; b.Loop(); i++ {
					t := tiles[i*7919%len(tiles)]
					features, err := s.Tile(b.Context(), "schools", t, 20_000)
					if err != nil {
						b.Fatal(err)
					}
					n += len(features)
					if encode {
						bytes += len(encoded(b, t, features))
					}
				}
				b.ReportMetric(float64(n)/float64(b.N), "features/op")
				b.ReportMetric(float64(bytes)/float64(b.N), "B/tile")
			})
		}
	}
}

func encoded(b *testing.B, t maptile.Tile, features []store.Feature) []byte {
	l := formats.Layer{Name: "aoi", Lattice: int(t.Z) + 4}
	for i := range features {
		f := &features[i]
		l.Features = append(l.Features, formats.Feature{Num: uint64(f.ID), Geometry: f.Shape, Properties: []formats.Property{
			{Key: "name", Value: f.Name}, {Key: "query", Value: f.Phrase}, {Key: "tier", Value: f.Tier}, {Key: "class", Value: f.Class},
			{Key: "function", Value: f.Function}, {Key: "score", Value: f.Score}, {Key: "area_m2", Value: f.AreaM2},
		}})
	}
	data, err := formats.EncodeMVT(t, l)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func benchGeneration(b *testing.B, s *store.SQLite) {
	tiles := cityTiles(16)
	for i := 0; b.Loop(); i++ {
		if g, err := s.Generation(b.Context(), "schools", tiles[i*7919%len(tiles)]); err != nil || g == 0 {
			b.Fatal(g, err)
		}
	}
}

func benchFind(b *testing.B, s *store.SQLite) {
	small, large := storetest.Ground(3000, 3000, 2000).Bound(), geo.Window{Z: 3, X: 0, Y: 0, W: 2048, H: 2048}.Bound()
	for name, q := range map[string]store.Query{"all": {}, "small": {Bound: &small}, "world": {Bound: &large}} {
		q.Phrase = "schools"
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if p, err := s.Find(b.Context(), q); err != nil || len(p.Features) != 100 {
					b.Fatal(len(p.Features), err)
				}
			}
		})
	}
}

// benchSync keeps 200 outlines that are there already.
func benchSync(b *testing.B, s *store.SQLite) {
	r := rand.New(rand.NewPCG(1, 2))
	var batch []store.Feature
	for col := range 200 {
		batch = append(batch, blob(r, 60*col, 0))
	}
	for b.Loop() {
		if _, err := s.Sync(b.Context(), "schools", nil, batch); err != nil {
			b.Fatal(err)
		}
	}
}
