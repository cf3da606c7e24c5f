package ocr

import (
	"image"
	"image/color"
	"image/draw"
	"io"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town"
)

func open(t testing.TB) *Reader {
	t.Helper()
	home, err := models.Home()
	if err != nil {
		t.Fatal(err)
	}
	f, err := models.Locate(home)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(Options{Runtime: f.Runtime, Detect: f.OCRDetect, Read: f.OCRRead, Keys: f.OCRKeys, Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// bare is a text without spaces, case and punctuation.
func bare(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, s)
}

// townPlan is a map of the town, and its style.
func townPlan(t testing.TB, style, lang string) (tiles.Source, *carto.Style) {
	t.Helper()
	o := town.Options{Seed: 1, Look: town.Easy, Lang: lang}
	if lang == "zh" {
		font, err := carto.FindFont("中文学校")
		if err != nil {
			t.Skip("Chinese maps are not read here:", err)
		}
		o.Fonts = []string{font}
	}
	made, err := town.New(o)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := made.Map(style)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := carto.NewStyle(style, o.Fonts...)
	if err != nil {
		t.Fatal(err)
	}
	return plan, drawn
}

// townMap is the town's labels drawn over its streets and buildings, and those that can be read in the picture.
func townMap(t testing.TB, style, lang string, dx, dy int) (w geo.Window, m *image.RGBA, shown []tiles.Label) {
	t.Helper()
	plan, drawn := townPlan(t, style, lang)
	at := geo.Project(plan.Info().Center, 17)
	w = geo.Window{Z: 17, X: int(at[0]) + dx, Y: int(at[1]) + dy, W: 768, H: 768}
	p, err := tiles.Align(t.Context(), plan, plan, w)
	if err != nil {
		t.Fatal(err)
	}
	around, err := plan.(tiles.Labeler).Labels(t.Context(), w.Pad(carto.Pad))
	if err != nil {
		t.Fatal(err)
	}
	return w, p.Map, drawn.Shown(w, around)
}

// TestReadsMaps: of the labels that a map shows in full at the zoom that is read, 95 of 100 are read letter by letter, where they stand.
func TestReadsMaps(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		for _, style := range []string{"basic", "basic-b"} {
			t.Run(lang+" "+style, func(t *testing.T) { readsMaps(t, style, lang) })
		}
	}
}

func readsMaps(t *testing.T, style, lang string) {
	plan, drawn := townPlan(t, style, lang)
	m, _ := maps(t)
	n, same, near := 0, 0, 0
	for _, at := range []image.Point{{-448, -448}, {2000, 500}, {4000, 4000}} {
		center := geo.Project(plan.Info().Center, 17)
		w := geo.Window{Z: 17, X: int(center[0]) + at.X, Y: int(center[1]) + at.Y, W: 896, H: 896}
		k, s, c := compare(t, plan.(labelled), m, drawn, w)
		n, same, near = n+k, same+s, near+c
	}
	t.Logf("%d labels, %d read (%.1f%%), %d within 3 px", n, same, 100*float64(same)/float64(n), near)
	if float64(same) < 0.95*float64(n) || float64(near) < 0.95*float64(same) || n < 60 {
		t.Error("want at least 60 labels, 95% of them read, and 95% of those within 3 px")
	}
}

func TestInventsNothing(t *testing.T) {
	r := open(t)
	img := image.NewRGBA(image.Rect(0, 0, 768, 768))
	draw.Draw(img, img.Rect, image.NewUniform(color.RGBA{244, 243, 239, 255}), image.Point{}, draw.Src)
	for i := range 40 {
		draw.Draw(img, image.Rect(i*18, i*31%700, i*18+12+i%7, i*31%700+20), image.NewUniform(color.RGBA{226, 221, 213, 255}), image.Point{}, draw.Src)
	}
	lines, err := r.Lines(t.Context(), img, img.Rect)
	if err != nil || len(lines) != 0 {
		t.Errorf("%v, %v", lines, err)
	}
}

// TestReadsNothingWhereNothingIsWritten: maps of streets and buildings without names give no labels.
func TestReadsNothingWhereNothingIsWritten(t *testing.T) {
	r := open(t)
	maps := map[string]func(style string) (tiles.Source, error){
		"town": func(style string) (tiles.Source, error) {
			made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
			if err != nil {
				return nil, err
			}
			return made.Map(style)
		},
		"San Francisco": func(style string) (tiles.Source, error) {
			return osm.Open(t.Context(), osm.Options{Path: sanFrancisco, Style: style})
		},
	}
	for name, open := range maps {
		for _, style := range []string{"basic-unlabelled", "basic-b-unlabelled"} {
			t.Run(name+" "+style, func(t *testing.T) {
				if _, err := os.Stat(sanFrancisco); name != "town" && err != nil {
					t.Skip("the shared data is not here:", err)
				}
				plan, err := open(style)
				if err != nil {
					t.Fatal(err)
				}
				if c, ok := plan.(io.Closer); ok {
					defer c.Close()
				}
				around := plan.Info().Center
				if name != "town" {
					around = orb.Point{-122.4075, 37.7855}
				}
				readsNothing(t, r, plan, around)
			})
		}
	}
}

const sanFrancisco = "../../../shared/data/osm/sf-downtown.osm.pbf"

func readsNothing(t *testing.T, r *Reader, plan tiles.Source, around orb.Point) {
	for _, z := range []int{17, 18} {
		at := geo.Project(around, z)
		for _, off := range []image.Point{{-384, -384}, {800, 500}, {-1200, 900}, {700, -1100}} {
			w := geo.Window{Z: z, X: int(at[0]) + off.X, Y: int(at[1]) + off.Y, W: 768, H: 768}
			img, _, err := tiles.Picture(t.Context(), plan, w)
			if err != nil {
				t.Fatal(err)
			}
			colours := map[color.Color]bool{}
			for i := range w.W {
				colours[img.At(i, i)] = true
			}
			if len(colours) < 5 {
				t.Errorf("zoom %d: the map is empty at %v", z, off)
			}
			read, err := r.Labels(t.Context(), img, w, img.Rect, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range read {
				t.Errorf("zoom %d at %v: %q was read where nothing is written", z, w.Local(l.At), l.Text)
			}
		}
	}
}

func BenchmarkScene(b *testing.B) {
	r := open(b)
	w, img, _ := townMap(b, "basic", "en", 0, 0)
	for b.Loop() {
		if _, err := r.Labels(b.Context(), img, w, img.Rect, nil); err != nil {
			b.Fatal(err)
		}
	}
}
