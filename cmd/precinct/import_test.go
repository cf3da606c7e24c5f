package main

import (
	"slices"
	"strings"
	"testing"
)

func TestPercents(t *testing.T) {
	var got []int
	percents(strings.NewReader("Input file size is 512, 512\n0...10...20...100 - done.\n"), func(n int) { got = append(got, n) })
	if !slices.Equal(got, []int{0, 10, 20, 100}) {
		t.Error(got)
	}
}

// TestImportWithoutGDAL says what is missing and how to get it.
func TestImportWithoutGDAL(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	code, _, said := call(t, "import", "photo.tif", "-o", "photo.mbtiles")
	if code != 1 || !strings.Contains(said, "gdalinfo is not installed") || !strings.Contains(said, "apt install gdal-bin") {
		t.Errorf("exit %d: %s", code, said)
	}
}
