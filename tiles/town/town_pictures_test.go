package town_test

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"strconv"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/town"
)

// TestPictures writes pictures for people to look at: PRECINCT_TOWN_PICTURES=/tmp/town go test -run Pictures,
// around the centre or around PRECINCT_TOWN_AT=lon,lat, with PRECINCT_TOWN_SEED, _LANG and _FONT.
func TestPictures(t *testing.T) {
	dir := os.Getenv("PRECINCT_TOWN_PICTURES")
	if dir == "" {
		t.Skip("PRECINCT_TOWN_PICTURES names no folder")
	}
	seed, _ := strconv.ParseUint(os.Getenv("PRECINCT_TOWN_SEED"), 10, 64)
	o := town.Options{Seed: cmp.Or(seed, 1), Lang: os.Getenv("PRECINCT_TOWN_LANG")}
	if font := os.Getenv("PRECINCT_TOWN_FONT"); font != "" {
		o.Fonts = []string{font}
	}
	made, err := town.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Log("centre", made.Satellite().Info().Center)
	layers := map[string]tiles.Source{"satellite": made.Satellite()}
	for _, style := range []string{"basic", "full"} {
		if layers[style], err = made.Map(style); err != nil {
			t.Fatal(err)
		}
	}
	for name, s := range layers {
		for z := town.MinZoom; z <= town.MaxZoom; z++ {
			at := s.Info().Center
			if _, err := fmt.Sscanf(os.Getenv("PRECINCT_TOWN_AT"), "%f,%f", &at[0], &at[1]); err != nil {
				at = s.Info().Center
			}
			c := geo.Project(at, z)
			const size = 768
			w := geo.Window{Z: z, X: int(c[0]) - size/2, Y: int(c[1]) - size/2, W: size, H: size}
			save(t, fmt.Sprintf("%s/%s-%d.png", dir, name, z), stitch(t, s, w))
		}
	}
}

func save(t *testing.T, name string, img image.Image) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// stitch is a window put together from tiles.
func stitch(t testing.TB, s tiles.Source, w geo.Window) *image.RGBA {
	t.Helper()
	out := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
	for tile, at := range w.Tiles() {
		got, err := s.Tile(context.Background(), tile)
		if err != nil {
			t.Fatal(err)
		}
		img, err := got.Image()
		if err != nil {
			t.Fatal(err)
		}
		draw.Draw(out, img.Rect.Add(image.Pt(at.X-w.X, at.Y-w.Y)), img, image.Point{}, draw.Src)
	}
	return out
}
