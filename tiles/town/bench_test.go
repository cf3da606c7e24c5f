package town_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/town"
)

func BenchmarkSatellite(b *testing.B) {
	benchmark(b, func(t *town.Town) tiles.Source { return t.Satellite() })
}

func BenchmarkMap(b *testing.B) {
	benchmark(b, func(t *town.Town) tiles.Source {
		m, err := t.Map("basic")
		if err != nil {
			b.Fatal(err)
		}
		return m
	})
}

// benchmark draws the tile in the middle again and again: its cells are planned by then.
func benchmark(b *testing.B, layer func(*town.Town) tiles.Source) {
	for _, look := range []string{town.Easy, town.Hard} {
		made, err := town.New(town.Options{Seed: 2027, Look: look})
		if err != nil {
			b.Fatal(err)
		}
		s := layer(made)
		for _, z := range []maptile.Zoom{12, 13, 14, 15, 16, 17, 18, 19} {
			b.Run(fmt.Sprintf("%s/z%d", look, z), func(b *testing.B) {
				tile := maptile.At(s.Info().Center, z)
				for range b.N {
					if _, err := s.Tile(context.Background(), tile); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkPlan draws tiles far apart, so that every one is planned anew.
func BenchmarkPlan(b *testing.B) {
	made, err := town.New(town.Options{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	for _, z := range []maptile.Zoom{12, 14, 17} {
		b.Run(fmt.Sprintf("z%d", z), func(b *testing.B) {
			tile := maptile.At(made.Satellite().Info().Center, z)
			for range b.N {
				tile.X += 2
				if _, err := made.Satellite().Tile(context.Background(), tile); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
