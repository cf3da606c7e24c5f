package drawn_test

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png"
	"os"
	"testing"

	"github.com/paulmach/orb"
	xdraw "golang.org/x/image/draw"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/drawn"
)

// TestSheet writes docs/town-hard.jpg: an easy town, a hard one, painted streets and real ground at zoom 19, with
// PRECINCT_TOWN_SHEET=../../../docs/town-hard.jpg.
func TestSheet(t *testing.T) {
	path := os.Getenv("PRECINCT_TOWN_SHEET")
	if path == "" {
		t.Skip("PRECINCT_TOWN_SHEET names no file")
	}
	const size, gap = 500, 6
	sheet := image.NewRGBA(image.Rect(0, 0, 2*size+gap, 2*size+gap))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	for k, img := range []image.Image{townSquare(t, town.Easy, 2028, size), townSquare(t, town.Hard, 2028, size), citySquare(t, size), realSquare(t, size)} {
		at := image.Pt(k%2*(size+gap), k/2*(size+gap))
		draw.Draw(sheet, image.Rect(0, 0, size, size).Add(at), img, img.Bounds().Min, draw.Src)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, sheet, &jpeg.Options{Quality: 84}); err != nil {
		t.Fatal(err)
	}
}

func square(t *testing.T, s tiles.Source, at orb.Point, size int) image.Image {
	t.Helper()
	c := geo.Project(at, 19)
	w := geo.Window{Z: 19, X: int(c[0]) - size/2, Y: int(c[1]) - size/2, W: size, H: size}
	out := image.NewRGBA(image.Rect(0, 0, size, size))
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

func townSquare(t *testing.T, look string, seed uint64, size int) image.Image {
	t.Helper()
	made, err := town.New(town.Options{Seed: seed, Look: look})
	if err != nil {
		t.Fatal(err)
	}
	// Off the centre, where small houses stand.
	c := geo.Project(made.Satellite().Info().Center, 19)
	return square(t, made.Satellite(), geo.Unproject(orb.Point{c[0] - 1024, c[1] + 1024}, 19), size)
}

func citySquare(t *testing.T, size int) image.Image {
	t.Helper()
	s, err := drawn.Open(t.Context(), drawn.Options{Path: shared + cities["firenze"].file, Seed: 2034})
	if err != nil {
		t.Skip("the shared data is not here:", err)
	}
	defer s.Close()
	return square(t, s, cities["firenze"].at, size)
}

// realSquare is Kampala, at half the size of its pixels.
func realSquare(t *testing.T, size int) image.Image {
	t.Helper()
	large := image.NewRGBA(image.Rect(0, 0, 1024, 1024))
	for k := range 16 {
		x, y := k%4, k/4
		f, err := os.Open(shared + "../ground/kampala/labelled/20/" + [4]string{"619226", "619227", "619228", "619229"}[x] + "/" + [4]string{"523264", "523265", "523266", "523267"}[y] + ".png")
		if err != nil {
			t.Skip("the real grounds are not here:", err)
		}
		img, _, err := image.Decode(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		draw.Draw(large, image.Rect(0, 0, 256, 256).Add(image.Pt(256*x, 256*y)), img, img.Bounds().Min, draw.Src)
	}
	out := image.NewRGBA(image.Rect(0, 0, 512, 512))
	xdraw.CatmullRom.Scale(out, out.Rect, large, large.Rect, xdraw.Src, nil)
	return out.SubImage(image.Rect(6, 6, 6+size, 6+size))
}
