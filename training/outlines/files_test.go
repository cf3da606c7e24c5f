package outlines

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"github.com/paulmach/orb/project"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/formats/export"
)

// parquetRows writes a Parquet file with some metadata.
func parquetRows(t *testing.T, geo string, shape []byte) string {
	t.Helper()
	type row struct {
		Name     string `parquet:"name"`
		Geometry []byte `parquet:"geometry"`
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var o []parquet.WriterOption
	if geo != "" {
		o = append(o, parquet.KeyValueMetadata("geo", geo))
	}
	w := parquet.NewGenericWriter[row](f, o...)
	if _, err := w.Write([]row{{"A", shape}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParquetOfOtherSchemas(t *testing.T) {
	body, err := wkb.Marshal(project.Polygon(square(7, 47, 0.001), project.WGS84.ToMercator), binary.BigEndian)
	if err != nil {
		t.Fatal(err)
	}
	about := func(encoding, crs string) string {
		return fmt.Sprintf(`{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":%q%s}}}`, encoding, crs)
	}
	for name, c := range map[string]struct {
		geo    string
		reason error
		says   string
	}{
		"no metadata":     {"", ErrFormat, "columns name, geometry"},
		"no column":       {`{"primary_column":"shape","columns":{"shape":{"encoding":"WKB"}}}`, ErrFormat, `"shape" (it has the columns name, geometry)`},
		"other CRS":       {about("WKB", `,"crs":{"name":"CH1903+ / LV95","id":{"authority":"EPSG","code":2056}}`), ErrCRS, "CH1903+ / LV95 EPSG:2056"},
		"unnamed CRS":     {about("WKB", `,"crs":{"name":"my own"}`), ErrCRS, "my own"},
		"unknown CRS":     {about("WKB", `,"crs":null`), ErrCRS, "null"},
		"native encoding": {about("polygon", ""), ErrFormat, `"polygon"`},
		"metres":          {about("WKB", ""), ErrEmpty, "likely of another coordinate system"},
	} {
		if _, err := Open(t.Context(), parquetRows(t, c.geo, body), Options{}); !errors.Is(err, c.reason) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := open(t, parquetRows(t, about("WKB", `,"crs":{"id":{"authority":"EPSG","code":3857}}`), body), Options{})
	if b := s.Bounds(); math.Abs(b.Min[0]-7) > 1e-9 || math.Abs(b.Max[1]-47.001) > 1e-9 {
		t.Errorf("reprojected to %v", b)
	}
}

// TestWKB: what writers other than orb make, and bytes that are none.
func TestWKB(t *testing.T) {
	le := binary.LittleEndian
	polygon := func(kind uint32, sides int) []byte {
		b := le.AppendUint32([]byte{1}, kind)
		if kind&0x2000_0000 != 0 {
			b = le.AppendUint32(b, 4326)
		}
		b = le.AppendUint32(le.AppendUint32(b, 1), 4)
		for i := range 4 {
			for k := range sides {
				b = le.AppendUint64(b, math.Float64bits([]float64{float64(i % 3), float64(i % 3 * i), 99, 98}[k]))
			}
		}
		return b
	}
	want := orb.MultiPolygon{{{{0, 0}, {1, 1}, {2, 4}, {0, 0}}}}
	for kind, sides := range map[uint32]int{3: 2, 1003: 3, 2003: 3, 3003: 4, 0x8000_0003: 3, 0x4000_0003: 3, 0xC000_0003: 4, 0x2000_0003: 2, 0xA000_0003: 3} {
		b := polygon(kind, sides)
		if got, err := readWKB(b); err != nil || !got.Equal(want) {
			t.Errorf("type %#x: %v, %v", kind, got, err)
		}
		if _, err := readWKB(b[:len(b)-1]); !errors.Is(err, ErrRow) {
			t.Errorf("type %#x, cut off: %v", kind, err)
		}
	}
	if _, err := readWKB([]byte{1, 1, 0, 0, 0}); !errors.Is(err, ErrNoShape) || !strings.Contains(err.Error(), "Point") {
		t.Errorf("a point: %v", err)
	}
	rapid.Check(t, func(t *rapid.T) {
		_, _ = readWKB(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) // no panic, no endless memory
	})
}

// TestPlacesOfAWindow are those that a look at all of them finds.
func TestPlacesOfAWindow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(rt, "places")
		var shapes []orb.Polygon
		s, err := Collect(context.Background(), "places", func(yield func(Row, error) bool) {
			for i := range n {
				p := square(rapid.Float64Range(-179, 179).Draw(rt, "x"), rapid.Float64Range(-80, 80).Draw(rt, "y"), rapid.Float64Range(0.0001, 0.9).Draw(rt, "edge"))
				shapes = append(shapes, p)
				if !yield(Row{ID: fmt.Sprint(i), Name: "A", Shape: p}, nil) {
					return
				}
			}
		})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		again := map[string]bool{}
		for _, p := range s.Problems() {
			again[p.ID] = true
		}
		for range 5 {
			w := geo.Window{Z: 12, X: rapid.IntRange(0, 1<<20).Draw(rt, "wx"), Y: rapid.IntRange(1<<17, 1<<19).Draw(rt, "wy"), W: rapid.IntRange(1, 1<<19).Draw(rt, "w"), H: rapid.IntRange(1, 1<<19).Draw(rt, "h")}
			var want, got []string
			for i, p := range shapes {
				if id := fmt.Sprint(i); p.Bound().Intersects(w.Bound()) && !again[id] {
					want = append(want, id)
				}
			}
			places, err := s.Places(context.Background(), w)
			if err != nil {
				rt.Fatal(err)
			}
			for _, p := range places {
				got = append(got, p.ID)
			}
			if !slices.Equal(got, want) {
				rt.Fatalf("%v holds %v, not %v", w, want, got)
			}
		}
	})
}

func TestCollectKeepsOneRowAPlace(t *testing.T) {
	rows := []Row{{ID: "1", Name: "A", Shape: square(7, 47, 0.001)}, {ID: "2", Name: "A", Shape: square(7.0002, 47, 0.001)}, {ID: "3", Name: "B", Shape: square(7.0006, 47, 0.001)}}
	collect := func() *Set {
		s, err := Collect(t.Context(), "rows", func(yield func(Row, error) bool) {
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	s := collect()
	if got := list(t, s); got != "1|A| 3|B|" || s.LeftOut(ErrAgain) != 1 || !strings.Contains(s.Problems()[0].Err.Error(), "row 1") {
		t.Errorf("%s, %v", got, s.Problems())
	}
	if again := collect(); again.Version() != s.Version() {
		t.Error("the same rows have another version")
	}
	rows[0].Name = "C"
	if other := collect(); other.Version() == s.Version() {
		t.Error("other rows have the same version")
	}
}

func TestGeoPackageOfOtherSystems(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.gpkg")
	format, _ := export.ByName("gpkg")
	w, err := export.Create(t.Context(), path, format, export.Meta{Name: "places"})
	if err != nil {
		t.Fatal(err)
	}
	f := formats.Feature{Num: 1, Geometry: square(7, 47, 0.001), Properties: []formats.Property{{Key: "name", Value: "A"}}}
	if err := errors.Join(w.Write(&f), w.Close()); err != nil {
		t.Fatal(err)
	}
	body, err := wkb.Marshal(project.Polygon(square(7, 47, 0.001), project.WGS84.ToMercator), binary.BigEndian)
	if err != nil {
		t.Fatal(err)
	}
	system := func(code int, name string) {
		t.Helper()
		db := openSQLite(t, path)
		defer db.Close()
		for _, q := range []string{
			fmt.Sprintf("UPDATE gpkg_geometry_columns SET srs_id = %d", code),
			fmt.Sprintf("INSERT OR REPLACE INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition) VALUES ('%s', %d, 'EPSG', %d, '')", name, code, code),
		} {
			if _, err := db.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
	}
	db := openSQLite(t, path) // with a table of its own: ours has triggers of functions that SQLite lacks
	_, err = db.Exec(`CREATE TABLE flat (fid INTEGER PRIMARY KEY, name TEXT, shape BLOB); INSERT INTO flat VALUES (7, 'A', ?);
		UPDATE gpkg_contents SET table_name = 'flat'; UPDATE gpkg_geometry_columns SET table_name = 'flat', column_name = 'shape'`,
		append([]byte{'G', 'P', 0, 0, 0, 0, 0, 0}, body...))
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	system(2056, "CH1903+ / LV95")
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, ErrCRS) || !strings.Contains(err.Error(), "CH1903+ / LV95 EPSG:2056") || !strings.Contains(err.Error(), "table flat") {
		t.Error(err)
	}
	system(3857, "Pseudo-Mercator")
	if b := open(t, path, Options{}).Bounds(); math.Abs(b.Min[0]-7) > 1e-9 || math.Abs(b.Max[1]-47.001) > 1e-9 {
		t.Errorf("reprojected to %v", b)
	}
}
