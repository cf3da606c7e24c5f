package outlines

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/formats/export"
)

func square(x, y, edge float64) orb.Polygon {
	return orb.Polygon{{{x, y}, {x + edge, y}, {x + edge, y + edge}, {x, y + edge}, {x, y}}}
}

func put(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func feature(id, properties, geometry string) string {
	return fmt.Sprintf(`{"type":"Feature",%s"properties":%s,"geometry":%s}`, id, properties, geometry)
}

func openSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func polygonText(p orb.Polygon) string {
	data, err := formats.MarshalGeometry(p)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func open(t testing.TB, path string, o Options) *Set {
	t.Helper()
	s, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", s.dir, err)
		}
	})
	return s
}

// around is a window that shows some degrees.
func around(b orb.Bound) geo.Window { return geo.BoundWindow(b, 17) }

// list tells the places of a set, all of them.
func list(t testing.TB, s *Set) string {
	t.Helper()
	places, err := s.Places(t.Context(), around(s.Bounds()))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range places {
		if !planar.MultiPolygonContains(p.Shape, p.At) {
			t.Errorf("%s is labelled outside of it", p.ID)
		}
		out = append(out, fmt.Sprintf("%s|%s|%s", p.ID, p.Name, p.Class))
	}
	return strings.Join(out, " ")
}

var three = []string{
	feature(`"id":"a",`, `{"name":"Old School","class":"school"}`, polygonText(square(7, 47, 0.001))),
	feature(`"id":12,`, `{"name":"Stadtpark","class":"Park"}`, polygonText(square(7.01, 47, 0.001))),
	feature(``, `{"name":"St. Mary","amenity":"hospital","beds":12,"x":{"y":1}}`, polygonText(square(7.02, 47, 0.001))),
}

const threeAs = "a|Old School|school 12|Stadtpark|park 3|St. Mary|hospital"

func TestGeoJSON(t *testing.T) {
	collection := `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[` + strings.Join(three, ",") + `],"more":{"a":[1]}}`
	for name, text := range map[string]string{
		"collection":      collection,
		"byte order mark": "\ufeff" + collection,
		"type comes last": `{"features":[` + strings.Join(three, ",") + `],"type":"FeatureCollection"}`,
		"lines":           strings.Join(three, "\n"),
		"RFC 8142":        "\x1e" + strings.Join(three, "\n\x1e") + "\n",
	} {
		if got := list(t, open(t, put(t, "places.json", text), Options{})); got != threeAs {
			t.Errorf("%s: %s", name, got)
		}
	}
	other := strings.ReplaceAll(strings.ReplaceAll(collection, `"name":"St`, `"label":"St`), `"class"`, `"kind"`)
	if got := list(t, open(t, put(t, "x", other), Options{NameColumn: "label", ClassColumn: "kind"})); got != "a||school 12|Stadtpark|park 3|St. Mary|hospital" {
		t.Errorf("other columns: %s", got)
	}
}

// TestRowsAreLeftOut each for its reason, and named by its number.
func TestRowsAreLeftOut(t *testing.T) {
	good := polygonText(square(7, 47, 0.001))
	rows := []struct {
		feature string
		reason  error
		says    string
	}{
		{feature("", `{"name":"A"}`, good), nil, ""},
		{feature("", `{"height":3}`, good), ErrNameless, ""},
		{feature("", `{"class":"thingamajig"}`, good), ErrNameless, "thingamajig"},
		{feature("", `{"name":"B"}`, `{"type":"Polygon","coordinates":[[[7,47],[7.1,47.1],[7.1,47],[7,47.1],[7,47]]]}`), ErrShape, "edges cross at (7.05, 47.05)"},
		{feature("", `{"name":"C"}`, `{"type":"Polygon","coordinates":[[[780000,5950000],[780100,5950000],[780100,5950100],[780000,5950000]]]}`), ErrOutside, "ogr2ogr -t_srs EPSG:4326"},
		{feature("", `{"name":"D"}`, `{"type":"Polygon","coordinates":[[[7,86],[7.1,86],[7.1,87],[7,86]]]}`), ErrOutside, "(7, 86)"},
		{feature("", `{"name":"E"}`, `{"type":"Point","coordinates":[7,47]}`), ErrNoShape, "Point"},
		{feature("", `{"name":"F"}`, `null`), ErrNoShape, "empty"},
		{feature("", `{"name":"G"}`, `{"type":"Polygon","coordinates":[]}`), ErrNoShape, "empty"},
		{feature("", `{"name":"H"}`, `{"type":"Polygon","coordinates":[[[7],[8]]]}`), ErrShape, "no position"},
		{feature("", `[]`, good), ErrRow, "properties"},
		{feature("", `{"name":"I","class":"thingamajig"}`, polygonText(square(7.1, 47, 0.001))), nil, ""},
	}
	var text []string
	for _, r := range rows {
		text = append(text, r.feature)
	}
	s := open(t, put(t, "x.geojsonl", strings.Join(text, "\n")), Options{})
	if got := list(t, s); got != "1|A| 12|I|" || s.Len() != 2 {
		t.Errorf("kept: %s", got)
	}
	problems, left := s.Problems(), 0
	for _, reason := range Reasons() {
		left += s.LeftOut(reason)
	}
	if len(problems) != 10 || left != 10 {
		t.Fatalf("%d problems, %d left out", len(problems), left)
	}
	for _, p := range problems {
		want := rows[p.Row-1]
		if want.reason == nil || !errors.Is(p.Err, want.reason) || !strings.Contains(p.Err.Error(), want.says) || p.ID != fmt.Sprint(p.Row) {
			t.Errorf("row %d: %v", p.Row, p.Err)
		}
	}
	if got := s.Unknown(); !slices.Equal(got, []string{"thingamajig"}) {
		t.Errorf("unknown classes: %q", got)
	}
}

// TestFilesAreRefused each with what is wrong with it.
func TestFilesAreRefused(t *testing.T) {
	nameless := feature("", `{"NAME":"A","kind":"school"}`, polygonText(square(7, 47, 0.001)))
	for name, c := range map[string]struct {
		text    string
		options Options
		reason  error
		says    []string
	}{
		"CRS":               {`{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2056"}},"features":[]}`, Options{}, ErrCRS, []string{"EPSG::2056", "ogr2ogr"}},
		"CRS comes last":    {`{"features":[` + three[0] + `],"crs":{"type":"name","properties":{"name":"EPSG:3857"}}}`, Options{}, ErrCRS, []string{"EPSG:3857"}},
		"no usable row":     {nameless + nameless, Options{}, ErrEmpty, []string{"all 2 rows", "row 1", "NAME, kind", "--name-column"}},
		"no rows":           {`{"type":"FeatureCollection","features":[]}`, Options{}, ErrEmpty, []string{"empty"}},
		"no such column":    {three[0], Options{NameColumn: "label"}, ErrColumn, []string{`"label"`, "class, name"}},
		"cut off":           {`{"type":"FeatureCollection","features":[` + three[0] + `,{"type":"Fea`, Options{}, ErrFormat, []string{"after row 1"}},
		"features no list":  {`{"features":{}}`, Options{}, ErrFormat, []string{"no list"}},
		"shapefile":         {"\x00\x00\x27\x0a", Options{}, ErrFormat, []string{"GeoPackage", "ogr2ogr"}},
		"nothing":           {"", Options{}, ErrFormat, []string{"GeoJSON"}},
		"broken Parquet":    {"PAR1 and no more", Options{}, ErrFormat, []string{"damaged"}},
		"broken GeoPackage": {"SQLite format 3\x00 and no more", Options{}, ErrFormat, []string{"GeoPackage"}},
	} {
		path := put(t, "x.bin", c.text)
		_, err := Open(t.Context(), path, c.options)
		if !errors.Is(err, c.reason) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, says := range append(c.says, path) {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v does not say %q", name, err, says)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "precinct-outlines-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestTablesGiveTheSame: what our own export writes.
func TestTablesGiveTheSame(t *testing.T) {
	for _, name := range []string{"gpkg", "parquet", "geojson"} {
		path := filepath.Join(t.TempDir(), "places."+name)
		format, err := export.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		w, err := export.Create(t.Context(), path, format, export.Meta{Name: "places"})
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range []formats.Feature{
			{Geometry: square(7, 47, 0.001), Properties: []formats.Property{{Key: "name", Value: "Old School"}, {Key: "class", Value: "school"}, {Key: "area", Value: 1.5}}},
			{Geometry: orb.Point{7, 47}, Properties: []formats.Property{{Key: "name", Value: "A point"}}},
			{Geometry: orb.MultiPolygon{square(7.01, 47, 0.001), square(7.02, 47, 0.001)}, Properties: []formats.Property{{Key: "name", Value: "Two parts"}}},
		} {
			f.Num = uint64(10 + i)
			if err := w.Write(&f); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		s := open(t, path, Options{})
		if got := list(t, s); got != "10|Old School|school 12|Two parts|" {
			t.Errorf("%s: %s", name, got)
		}
		if s.LeftOut(ErrNoShape) != 1 || s.Problems()[0].Row != 2 || s.Problems()[0].ID != "11" {
			t.Errorf("%s: %+v", name, s.Problems())
		}
		places, _ := s.Places(t.Context(), around(s.Bounds()))
		if got := places[1].Shape; len(got) != 2 || got[1][0][0] != (orb.Point{7.02, 47}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
