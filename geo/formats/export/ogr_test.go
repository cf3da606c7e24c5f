package export

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/precinct-map/precinct/geo/formats"
)

func TestFormatsByName(t *testing.T) {
	t.Setenv("PATH", "")
	for name, want := range map[string]string{
		"geojson": "geojson", "GPKG": "gpkg", ".kml": "kml", "parquet": "parquet", "pmtiles": "pmtiles", "geojsonl": "geojsonl", "geojsons": "geojsons",
	} {
		if f, err := ByName(name); err != nil || f.Name != want {
			t.Errorf("%s is %q: %v", name, f.Name, err)
		}
	}
	for path, want := range map[string]string{"a/b.v2.geojson": "geojson", "X.PMTILES": "pmtiles"} {
		if f, err := ByPath(path); err != nil || f.Name != want {
			t.Errorf("%s is %q: %v", path, f.Name, err)
		}
	}
	for name, want := range map[string]error{
		"fgb": ErrNoGDAL, "shp.zip": ErrNoGDAL, "": ErrFormat, "../x": ErrFormat, "a b": ErrFormat, "-oo": ErrFormat,
	} {
		if _, err := ByName(name); !errors.Is(err, want) || !strings.Contains(err.Error(), "formats that need no GDAL are geojson, geojsonl, geojsons, gpkg, kml, parquet, pmtiles") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := ByPath("a/b"); !errors.Is(err, ErrFormat) {
		t.Errorf("a path without a suffix: %v", err)
	}
	if _, err := ByPath("a/b.shp.zip"); !errors.Is(err, ErrNoGDAL) || !strings.Contains(err.Error(), `"shp.zip"`) {
		t.Errorf("a suffix of two parts: %v", err)
	}
}

// fake puts a program in ogr2ogr's place.
func fake(t *testing.T, script string) Format {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "ogr2ogr"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	f, err := ByName("shp")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestProgramThatWritesSeveralFiles(t *testing.T) {
	f := fake(t, `cp "$3" "$2"; echo dbf > "${2%.shp}.dbf"`)
	path := filepath.Join(t.TempDir(), "out.shp")
	w, err := Create(context.Background(), path, f, about())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(&awkward()[0]), w.Close()); err != nil {
		t.Fatal(err)
	}
	if names := left(t, filepath.Dir(path)); len(names) != 2 || names[0] != "out.dbf" || names[1] != "out.shp" {
		t.Errorf("left: %q", names)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(b, []byte("SQLite format 3")) {
		t.Errorf("the program got %.20q: %v", b, err)
	}
	m := about()
	m.TempDir = t.TempDir()
	var out bytes.Buffer
	if w, err = New(context.Background(), &out, f, m); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, ErrFormat) || out.Len() > 0 || len(left(t, m.TempDir)) > 0 {
		t.Errorf("a stream got %d bytes of several files: %v", out.Len(), err)
	}
}

func TestProgramThatFails(t *testing.T) {
	for name, script := range map[string]string{"says why": "echo no such driver >&2; exit 1", "writes nothing": "echo no such driver"} {
		t.Run(name, func(t *testing.T) {
			f := fake(t, script)
			folder := t.TempDir()
			w, err := Create(context.Background(), filepath.Join(folder, "out.shp"), f, about())
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); !errors.Is(err, ErrGDAL) || !strings.Contains(err.Error(), "no such driver") {
				t.Errorf("the error is %v", err)
			}
			if names := left(t, folder); len(names) != 0 {
				t.Errorf("left: %q", names)
			}
		})
	}
}

func TestProgramIsStopped(t *testing.T) {
	f := fake(t, "exec sleep 60")
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	w, err := Create(ctx, filepath.Join(folder, "out.shp"), f, about())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&formats.Feature{Num: 1}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := w.Close(); !errors.Is(err, context.Canceled) || time.Since(start) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	if names := left(t, folder); len(names) != 0 {
		t.Errorf("left: %q", names)
	}
}
