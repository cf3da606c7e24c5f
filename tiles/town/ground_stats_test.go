package town_test

import (
	"image"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "image/jpeg" // what grounds may be in
	_ "image/png"
)

// tally is what pictures are made of: their luminance and colourfulness, pixel by pixel.
type tally struct {
	n, dark, bright          int
	sum, squares, saturation float64
}

// add counts a picture's pixels; those that are black or clear are holes.
func (t *tally) add(img image.Image) {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r16, g16, b16, a := img.At(x, y).RGBA()
			if a == 0 || r16+g16+b16 == 0 {
				continue
			}
			r, g, b := float64(r16>>8), float64(g16>>8), float64(b16>>8)
			v := 0.299*r + 0.587*g + 0.114*b // ITU-R BT.601
			t.n++
			t.sum, t.squares = t.sum+v, t.squares+v*v
			if v < 40 {
				t.dark++
			}
			if v > 200 {
				t.bright++
			}
			most := max(r, g, b)
			t.saturation += (most - min(r, g, b)) / max(most, 1)
		}
	}
}

func (t *tally) mean() float64   { return t.sum / float64(t.n) }
func (t *tally) spread() float64 { return math.Sqrt(t.squares/float64(t.n) - t.mean()*t.mean()) }
func (t *tally) darkness() float64 {
	return float64(t.dark) / float64(t.n)
}
func (t *tally) brightness() float64 { return float64(t.bright) / float64(t.n) }
func (t *tally) colour() float64     { return t.saturation / float64(t.n) }

// grounds is where real grounds lie, when they are here.
const grounds = "../../../shared/data/ground"

// groundTally counts a real ground's tiles of one zoom.
func groundTally(t *testing.T, folder, zoom string) *tally {
	t.Helper()
	sum := &tally{}
	err := filepath.WalkDir(filepath.Join(folder, "labelled", zoom), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		img, _, err := image.Decode(f)
		if err != nil {
			return nil // tiles.json and the like
		}
		sum.add(img)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestMeasureGrounds writes what the real grounds are like: go test -v -run MeasureGrounds.
func TestMeasureGrounds(t *testing.T) {
	folders, _ := filepath.Glob(grounds + "/*/labelled/*")
	if len(folders) == 0 || !testing.Verbose() {
		t.Skip("the real grounds are not here, or nobody reads")
	}
	for _, f := range folders {
		k := groundTally(t, filepath.Dir(filepath.Dir(f)), filepath.Base(f))
		t.Logf("%-18s z%s luminance %.0f ± %.1f, below 40 %.1f %%, above 200 %.1f %%, saturation %.3f", filepath.Base(filepath.Dir(filepath.Dir(f))), filepath.Base(f),
			k.mean(), k.spread(), 100*k.darkness(), 100*k.brightness(), k.colour())
	}
}
