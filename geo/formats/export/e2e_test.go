//go:build e2e

package export

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
)

// expected is what testdata/e2e/exports.py compares files with: the features before any writer has seen them.
type expected struct {
	Meta     map[string]string `json:"meta"`
	Many     int               `json:"many"`  // features of many.parquet
	Tiled    int               `json:"tiled"` // of many.pmtiles
	Features []expectedFeature `json:"features"`
}

type expectedFeature struct {
	Num        uint64           `json:"num"`
	Polygons   orb.MultiPolygon `json:"polygons"`
	Properties map[string]any   `json:"properties"`
}

func expectation() expected {
	m := about()
	e := expected{Meta: map[string]string{"name": m.Title, "description": m.Description, "attribution": m.Attribution,
		"license": m.License, "model": m.Model}, Many: 60_000, Tiled: 20_000}
	for _, f := range awkward() {
		mp, _ := formats.Polygons(f.Geometry)
		properties := map[string]any{}
		for _, p := range f.Properties {
			if v, ok := p.Value.(float64); ok && math.IsNaN(v) {
				p.Value = nil
			}
			properties[p.Key] = p.Value
		}
		e.Features = append(e.Features, expectedFeature{f.Num, mp, properties})
	}
	return e
}

// TestOthersReadIt has GDAL, geopandas, a GeoParquet validator and readers of PMTiles and vector tiles read every format.
func TestOthersReadIt(t *testing.T) {
	python := os.Getenv("PRECINCT_E2E_PYTHON")
	if python == "" {
		t.Fatal("PRECINCT_E2E_PYTHON is not set: run `make test-e2e`")
	}
	folder := t.TempDir()
	keep := func(from, name string) {
		if err := os.Rename(from, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"fgb", "gml"}
	if _, err := ByName("fgb"); errors.Is(err, ErrNoGDAL) {
		t.Log("ogr2ogr is not installed: what it would write is not tried")
		names = nil
	}
	for _, f := range Formats() {
		names = append(names, f.Name)
		keep(write(t, f.Name, about()), "empty"+f.Suffix)
	}
	for _, name := range names {
		keep(write(t, name, about(), awkward()...), "awkward."+name)
	}
	e := expectation()
	var many []formats.Feature
	for i := range e.Many {
		many = append(many, building(i))
	}
	keep(write(t, "parquet", about(), many...), "many.parquet")
	m := about()
	m.MaxZoom = 20 // so that there are more tiles than a directory holds
	keep(write(t, "pmtiles", m, many[:e.Tiled]...), "many.pmtiles")
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "expected.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(python, "../../../testdata/e2e/exports.py", folder).CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Fatal(err)
	}
	validGeoPackages(t, folder)
}

// validGeoPackages asks GDAL's checker of GeoPackages, which is not on PyPI: Debian has it in python3-gdal.
func validGeoPackages(t *testing.T, folder string) {
	const checker = "osgeo_utils.samples.validate_gpkg"
	candidates := []string{"python3", "/usr/bin/python3"} // the first may be one that Debian's packages are not for
	i := slices.IndexFunc(candidates, func(python string) bool { return exec.Command(python, "-c", "import "+checker).Run() == nil })
	if i < 0 {
		t.Log("GDAL's validate_gpkg is not installed")
		return
	}
	for _, name := range []string{"awkward.gpkg", "empty.gpkg"} {
		said, err := exec.Command(candidates[i], "-m", checker, "-v", "--extra", "--warning-as-error", filepath.Join(folder, name)).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, said)
		}
	}
}
