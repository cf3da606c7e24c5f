package export

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
)

// write makes a file of features in a folder of its own and returns its path.
func write(t testing.TB, name string, m Meta, features ...formats.Feature) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out."+name)
	f, err := ByPath(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Create(context.Background(), path, f, m)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	for i := range features {
		if err := w.Write(&features[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// left is what a folder holds.
func left(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// each runs a test on every format of the table, and on one of GDAL's where that is installed.
func each(t *testing.T, test func(t *testing.T, f Format)) {
	all := Formats()
	if f, err := ByName("fgb"); err == nil {
		all = append(all, f)
	}
	for _, f := range all {
		t.Run(f.Name, func(t *testing.T) { test(t, f) })
	}
}

func TestStreamsAndFilesAreTheSame(t *testing.T) {
	each(t, func(t *testing.T, f Format) {
		path := write(t, f.Name, about(), awkward()...)
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if names := left(t, filepath.Dir(path)); len(names) != 1 {
			t.Errorf("left in the folder: %q", names)
		}
		var got bytes.Buffer
		m := about()
		m.TempDir = t.TempDir()
		w, err := New(context.Background(), &got, f, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, feature := range awkward() {
			if err := w.Write(&feature); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 || !bytes.Equal(got.Bytes(), want) && f.Name != "gpkg" && f.Name != "fgb" { // those have the hour in them
			t.Errorf("a stream of %d bytes, a file of %d", got.Len(), len(want))
		}
		if names := left(t, m.TempDir); len(names) != 0 {
			t.Errorf("temporary files left: %q", names)
		}
		if w.Write(&formats.Feature{}) == nil || w.Close() == nil {
			t.Error("a closed writer takes more")
		}
	})
}

// TestNothingIsLeft: a file that is not finished has no name and leaves nothing behind, and what stood there stays.
func TestNothingIsLeft(t *testing.T) {
	each(t, func(t *testing.T, f Format) {
		for name, end := range map[string]func(w Writer, cancel func()) error{
			"cancelled": func(w Writer, cancel func()) error {
				cancel()
				return errors.Join(w.Write(&awkward()[0]), w.Close())
			},
			"cancelled before Close": func(w Writer, cancel func()) error {
				cancel()
				return w.Close()
			},
			"discarded": func(w Writer, _ func()) error {
				w.Discard()
				return w.Close()
			},
			"failed": func(w Writer, _ func()) error {
				_ = w.Write(&formats.Feature{Num: 99, Geometry: orb.Polygon{{{0, 0}, {0, 91}, {1, 1}, {0, 0}}}})
				return w.Close()
			},
		} {
			t.Run(name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "out"+f.Suffix)
				if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				w, err := Create(ctx, path, f, about())
				if err != nil {
					t.Fatal(err)
				}
				for _, feature := range awkward() {
					if err := w.Write(&feature); err != nil {
						t.Fatal(err)
					}
				}
				if err := end(w, cancel); err == nil {
					t.Error("no error")
				}
				if names := left(t, filepath.Dir(path)); len(names) != 1 {
					t.Errorf("left in the folder: %q", names)
				}
				if b, err := os.ReadFile(path); string(b) != "before" {
					t.Errorf("what stood there is %q: %v", b, err)
				}
			})
		}
	})
}

// TestGeometriesThatAreNone are refused by every format, wherever in the geometry they hide.
func TestGeometriesThatAreNone(t *testing.T) {
	nan, ring := math.NaN(), box(0, 0, 1, 1)
	each(t, func(t *testing.T, f Format) {
		for _, g := range []orb.Geometry{
			orb.Point{nan, 0}, orb.MultiPoint{{1, 1}, {0, 100}}, orb.LineString{{0, 0}, {nan, nan}, {1, 1}}, orb.Polygon{ring, {{0.1, 0.1}, {0.2, math.Inf(1)}, {0.2, 0.1}}},
			orb.MultiPolygon{{ring}, {{{0, 0}, {nan, 1}, {1, 1}, {0, 0}}}}, orb.Collection{ring, orb.Point{0, -91}},
		} {
			w, err := New(context.Background(), io.Discard, f, Meta{TempDir: t.TempDir(), Fields: []Field{}})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(&formats.Feature{Num: 3, Geometry: g}); !errors.Is(err, formats.ErrGeometry) || !strings.Contains(err.Error(), "feature 3") {
				t.Errorf("%v: %v", g, err)
			}
			w.Discard()
		}
	})
}
