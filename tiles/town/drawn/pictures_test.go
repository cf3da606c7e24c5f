package drawn_test

import (
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/town/drawn"
)

const shared = "../../../../shared/data/osm/"

// cities are the real data that this is looked at with.
var cities = map[string]struct {
	file string
	at   orb.Point
	also orb.Point // bridges, a coast, a river
}{
	"san-francisco": {"sf-downtown.osm.pbf", orb.Point{-122.4075, 37.7855}, orb.Point{-122.3970, 37.7722}},
	"honolulu":      {"honolulu.mbtiles", orb.Point{-157.8330, 21.2870}, orb.Point{-157.8440, 21.2850}},
	"firenze":       {"firenze.pmtiles", orb.Point{11.2575, 43.7725}, orb.Point{11.2530, 43.7680}},
}

func city(t testing.TB, name string) *drawn.Source {
	t.Helper()
	path := shared + cities[name].file
	if _, err := os.Stat(path); err != nil {
		t.Skip("the shared data is not here:", err)
	}
	s, err := drawn.Open(t.Context(), drawn.Options{Path: path, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestPictures writes pictures for people to look at: PRECINCT_DRAWN_PICTURES=/tmp/drawn go test -run Pictures, of
// PRECINCT_DRAWN_CITY at PRECINCT_DRAWN_AT=lon,lat if these are set.
func TestPictures(t *testing.T) {
	dir := os.Getenv("PRECINCT_DRAWN_PICTURES")
	if dir == "" {
		t.Skip("PRECINCT_DRAWN_PICTURES names no folder")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range cities {
		if only := os.Getenv("PRECINCT_DRAWN_CITY"); only != "" && only != name {
			continue
		}
		s := city(t, name)
		_, _ = fmt.Sscanf(os.Getenv("PRECINCT_DRAWN_AT"), "%f,%f", &c.at[0], &c.at[1])
		zooms := os.Getenv("PRECINCT_DRAWN_ZOOMS")
		if zooms == "" {
			zooms = "13,15,17,19"
		}
		for _, z := range strings.Split(zooms, ",") {
			z := int(z[0]-'0')*10 + int(z[1]-'0')
			at := geo.Project(c.at, z)
			const size = 768
			w := geo.Window{Z: z, X: int(at[0]) - size/2, Y: int(at[1]) - size/2, W: size, H: size}
			out, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, z)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(out, stitch(t, s, w)); err != nil {
				t.Fatal(err)
			}
			_ = out.Close()
		}
	}
}

// stitch puts tiles together.
func stitch(t testing.TB, s tiles.Source, w geo.Window) *image.RGBA {
	t.Helper()
	out := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
	for at, place := range w.Tiles() {
		tile, err := s.Tile(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		img, err := tile.Image()
		if err != nil {
			t.Fatal(err)
		}
		draw.Draw(out, img.Rect.Add(image.Pt(place.X-w.X, place.Y-w.Y)), img, image.Point{}, draw.Src)
	}
	return out
}
