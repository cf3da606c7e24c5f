package tiles_test

import (
	"bytes"
	"testing"

	"github.com/paulmach/orb/maptile"
	"golang.org/x/image/webp"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/town"
)

// TestWebPIsRead: whatever a tile shows, its WebP can be read, and is the same or nearly so. The encoder alone fails at two of these.
func TestWebPIsRead(t *testing.T) {
	made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	sat := made.Satellite()
	for _, z := range []maptile.Zoom{16, 18} {
		at := maptile.At(sat.Info().Center, z)
		for range 24 {
			at.X++
			tile, err := sat.Tile(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			img, err := tile.Image()
			if err != nil {
				t.Fatal(err)
			}
			data, err := tiles.Encode(img, tiles.WebP)
			if err != nil {
				t.Fatal(err)
			}
			back, err := webp.Decode(bytes.NewReader(data))
			if err != nil {
				t.Errorf("%v: %v", at, err)
				continue
			}
			r, g, b, _ := back.At(100, 100).RGBA()
			want := img.RGBAAt(100, 100)
			if far(r, want.R) || far(g, want.G) || far(b, want.B) {
				t.Errorf("%v: %d %d %d, want %v", at, r>>8, g>>8, b>>8, want)
			}
		}
	}
}

func far(a uint32, b uint8) bool { return int(a>>8)-int(b) > 3 || int(b)-int(a>>8) > 3 }
