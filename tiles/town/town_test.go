package town_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"log"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/tiles/town/internal/paint"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

func Example() {
	made, err := town.New(town.Options{Seed: 7})
	if err != nil {
		log.Fatal(err)
	}
	satellite := made.Satellite()
	here := maptile.At(satellite.Info().Center, 17)
	tile, err := satellite.Tile(context.Background(), here)
	if err != nil {
		log.Fatal(err)
	}
	picture, err := tile.Image()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(picture.Rect.Size(), satellite.Info().Attribution)
	// Output: (256,256) Precinct's made-up town
}

func newTown(t testing.TB, seed uint64) *town.Town {
	t.Helper()
	made, err := town.New(town.Options{Seed: seed, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// layers are the satellite picture and two maps.
func layers(t testing.TB, made *town.Town) []tiles.Source {
	t.Helper()
	out := []tiles.Source{made.Satellite()}
	for _, style := range []string{"basic", "full"} {
		m, err := made.Map(style)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func pixels(t testing.TB, s tiles.Source, tile maptile.Tile, scale int) *image.RGBA {
	t.Helper()
	got, err := s.(tiles.Retina).TileAt(context.Background(), tile, scale)
	if err != nil {
		t.Fatal(err)
	}
	img, err := got.Image()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestSameSeedSameTown(t *testing.T) {
	a, b, other := newTown(t, 5), newTown(t, 5), newTown(t, 6)
	if a.Satellite().Info().Version == other.Satellite().Info().Version {
		t.Error("towns of two seeds share a version")
	}
	// The second town is asked in another order: what was planned before must not matter.
	for _, z := range []maptile.Zoom{13, 15, 17} {
		tile := maptile.At(a.Satellite().Info().Center, z)
		next := maptile.New(tile.X+1, tile.Y, z)
		for k, s := range layers(t, a) {
			want := pixels(t, s, tile, 1)
			pixels(t, layers(t, b)[k], next, 1)
			if got := pixels(t, layers(t, b)[k], tile, 1); !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%s %v differs between two towns of one seed", s.Info().Name, tile)
			}
			if got := pixels(t, layers(t, other)[k], tile, 1); bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%s %v is the same for two seeds", s.Info().Name, tile)
			}
		}
	}
}

// TestNoSeams paints windows in one piece and compares them with their tiles, here and across the antimeridian.
func TestNoSeams(t *testing.T) {
	planner := plan.New(3, false, 30000, 39138)
	made := newTown(t, 3)
	for _, z := range []int{12, 14, 16, 17, 19} {
		n := geo.WorldSize(z)
		c := geo.Project(made.Satellite().Info().Center, z)
		x, y := int(c[0])/256*256, int(c[1])/256*256
		for _, at := range []image.Point{{x, y}, {-256, y}, {n - 256, y}} {
			if at.X != x && z != 14 && z != 17 {
				continue // for time
			}
			w := geo.Window{Z: z, X: at.X, Y: at.Y, W: 512, H: 512}
			got := paint.Picture(planner, paint.LookOf(3), z, w.X, w.Y, w.W, w.H, 1)
			compare(t, fmt.Sprintf("satellite %v", w), got, stitch(t, made.Satellite(), w))
		}
	}
}

func TestMapHasNoSeams(t *testing.T) {
	made := newTown(t, 3)
	for k, s := range layers(t, made)[1:] {
		for _, z := range []int{14, 16, 17} {
			c := geo.Project(made.Satellite().Info().Center, z)
			w := geo.Window{Z: z, X: int(c[0]) / 256 * 256, Y: int(c[1]) / 256 * 256, W: 512, H: 512}
			compare(t, fmt.Sprintf("map %d %v", k, w), town.Draw(s, w), stitch(t, s, w))
		}
		// Across the antimeridian at a zoom without names: carto orders labels by their longitudes, which differ there.
		w := geo.Window{Z: 13, X: -256, Y: geo.WorldSize(13)/2 - 256, W: 512, H: 512}
		compare(t, fmt.Sprintf("map %d %v", k, w), town.Draw(s, w), stitch(t, s, w))
	}
}

func compare(t *testing.T, what string, got, want *image.RGBA) {
	t.Helper()
	if got.Rect != want.Rect {
		t.Fatalf("%s: %v and %v", what, got.Rect, want.Rect)
	}
	if bytes.Equal(got.Pix, want.Pix) {
		return
	}
	differ, first := 0, image.Point{-1, -1}
	for i := 0; i < len(got.Pix); i += 4 {
		if !bytes.Equal(got.Pix[i:i+4], want.Pix[i:i+4]) {
			if differ == 0 {
				first = image.Pt(i/4%got.Rect.Dx(), i/4/got.Rect.Dx())
			}
			differ++
		}
	}
	t.Errorf("%s: %d pixels differ, the first at %v", what, differ, first)
}

func TestRetina(t *testing.T) {
	made := newTown(t, 1)
	tile := maptile.At(made.Satellite().Info().Center, 16)
	for _, s := range layers(t, made) {
		for _, scale := range []int{2, 3} {
			if got := pixels(t, s, tile, scale).Rect.Dx(); got != 256*scale {
				t.Errorf("%s at %d×: %d pixels", s.Info().Name, scale, got)
			}
		}
	}
	// A satellite picture at 2× is the four tiles of the next zoom.
	c := made.Satellite()
	w := geo.Window{Z: 17, X: int(tile.X) * 512, Y: int(tile.Y) * 512, W: 512, H: 512}
	compare(t, "2×", pixels(t, c, tile, 2), stitch(t, c, w))
}

func TestLabels(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		if _, err := carto.FindFont("学校"); lang == "zh" && err != nil {
			t.Log("no Chinese map here:", err)
			continue
		}
		made, err := town.New(town.Options{Seed: 2, Lang: lang})
		if err != nil {
			t.Fatal(err)
		}
		m, err := made.Map("")
		if err != nil {
			t.Fatal(err)
		}
		whole := geo.BoundWindow(orb.MultiPoint{m.Info().Center}.Bound().Pad(0.012), 17)
		labels, err := m.(tiles.Labeler).Labels(context.Background(), whole)
		if err != nil {
			t.Fatal(err)
		}
		if len(labels) < 20 {
			t.Errorf("%s: only %d labels", lang, len(labels))
		}
		names := map[string]int{}
		for _, l := range labels {
			names[l.Text]++
			if _, ok := taxonomy.ByID(l.Class); !ok {
				t.Errorf("%q is of no known class %q", l.Text, l.Class)
			}
			if !whole.Bound().Contains(l.At) {
				t.Errorf("%q at %v is not in the window", l.Text, l.At)
			}
			if ascii := l.Text[0] < 128; ascii != (lang == "en") {
				t.Errorf("%s: %q", lang, l.Text)
			}
		}
		if len(names) < len(labels)*85/100 {
			t.Errorf("%s: %d labels have only %d names", lang, len(labels), len(names))
		}
	}
}

func TestRefusals(t *testing.T) {
	if _, err := town.New(town.Options{Look: "soft"}); !errors.Is(err, tiles.ErrConfig) || !strings.Contains(fmt.Sprint(err), "easy") {
		t.Errorf("an unknown look: %v", err)
	}
	if _, err := town.New(town.Options{Lang: "tlh"}); !errors.Is(err, tiles.ErrConfig) {
		t.Errorf("a language of no town: %v", err)
	}
	made := newTown(t, 1)
	if _, err := made.Map("sepia"); !errors.Is(err, tiles.ErrConfig) {
		t.Errorf("an unknown style: %v", err)
	}
	for _, s := range layers(t, made) {
		for _, tile := range []maptile.Tile{maptile.New(0, 0, 3), maptile.New(0, 0, 21), maptile.New(1<<14, 0, 14)} {
			if _, err := s.Tile(context.Background(), tile); !errors.Is(err, tiles.ErrNotFound) {
				t.Errorf("%s %v: %v", s.Info().Name, tile, err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := s.Tile(ctx, maptile.New(0, 0, 14)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", s.Info().Name, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	made := newTown(t, 4)
	all := layers(t, made)
	tile := maptile.At(made.Satellite().Info().Center, 17)
	var want [3]*image.RGBA
	for k, s := range layers(t, newTown(t, 4)) {
		want[k] = pixels(t, s, tile, 1)
	}
	var group sync.WaitGroup
	for n := range 12 {
		group.Go(func() {
			k := n % len(all)
			if got := pixels(t, all[k], tile, 1); !bytes.Equal(got.Pix, want[k].Pix) {
				t.Errorf("layer %d differs when drawn at once", k)
			}
		})
	}
	group.Wait()
}
