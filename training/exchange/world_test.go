package exchange

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training/dataset"
)

// photo is a picture that differs from any of another seed.
func photo(w, h, seed int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x*3 + seed), uint8(y*5 + seed*7), uint8(seed), 255})
		}
	}
	return encoded(img)
}

func encoded(img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// square is a mask of one square, whose inside has a value.
func square(w, h, x0, y0, edge int, value uint8) []byte {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := y0; y < y0+edge; y++ {
		for x := x0; x < x0+edge; x++ {
			img.Pix[y*img.Stride+x] = value
		}
	}
	return encoded(img)
}

func squareMask(w, h, x0, y0, edge int) *geo.Mask {
	m := geo.NewMask(geo.Window{W: w, H: h})
	for y := y0; y < y0+edge; y++ {
		m.SetRun(y, x0, x0+edge)
	}
	return m
}

// hubRow is SocioSeg's as the hub has it; binaryRow has plain bytes under other names and no tier.
type hubRow struct {
	ID      string     `parquet:"id"`
	Problem string     `parquet:"problem"`
	Map     hubPicture `parquet:"map"`
	Sat     hubPicture `parquet:"sat"`
	Mask    hubPicture `parquet:"mask"`
	Tier    string     `parquet:"tier"`
}

type binaryRow struct {
	ID      string `parquet:"id"`
	Problem string `parquet:"problem"`
	Map     []byte `parquet:"map_image"`
	Sat     []byte `parquet:"sat_image"`
	Mask    []byte `parquet:"mask_label"`
}

func hubRows(n, seed int) []hubRow {
	out := make([]hubRow, n)
	for i := range out {
		out[i] = hubRow{fmt.Sprint("id/", i), fmt.Sprintf("Place %d", i), hubPicture{photo(60, 50, seed+i), ""}, hubPicture{photo(60, 50, seed+i+100), ""},
			hubPicture{square(60, 50, 5+i%20, 8, 12, 1), ""}, []string{"socio_name", "Socio-class", "function"}[i%3]}
	}
	return out
}

func writeParquet[T any](t *testing.T, path string, rows []T) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[T](f, parquet.MaxRowsPerRowGroup(7))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func taken(t *testing.T, path string, o Options) (string, *dataset.Manifest) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "set")
	if o.ShardRows == 0 {
		o.ShardRows = 5
	}
	m, err := Import(t.Context(), dir, path, o, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := set.Verify(t.Context(), func(int, int) {}); err != nil || len(v.Problems) > 0 {
		t.Fatal(v, err)
	}
	return dir, m
}

func rowsOf(t *testing.T, dir string, splits ...string) []*dataset.Row {
	t.Helper()
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []*dataset.Row
	for r, err := range set.Rows(splits...) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}
