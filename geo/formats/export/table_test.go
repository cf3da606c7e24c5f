package export

import (
	"database/sql"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo/formats"
)

// found is a feature as a file has it.
type found struct {
	num      uint64
	geometry orb.Geometry
	name     string
	score    float64 // NaN for null
}

// anyFeatures is features of all kinds of geometry with a name of any letters and a score.
func anyFeatures() *rapid.Generator[[]formats.Feature] {
	point := rapid.Custom(func(t *rapid.T) orb.Point {
		return orb.Point{rapid.Float64Range(-179, 179).Draw(t, "lon"), rapid.Float64Range(-89, 88).Draw(t, "lat")}
	})
	geometry := rapid.Custom(func(t *rapid.T) orb.Geometry {
		p, q := point.Draw(t, "p"), point.Draw(t, "q")
		square := orb.Polygon{box(p[0], p[1], p[0]+0.5, p[1]+0.5), reversed(box(p[0]+0.1, p[1]+0.1, p[0]+0.2, p[1]+0.2))}
		return rapid.SampledFrom([]orb.Geometry{nil, p, orb.MultiPoint{p, q}, orb.LineString{p, q}, square,
			orb.MultiPolygon{square, {box(q[0], q[1], q[0]+0.25, q[1]+0.25)}}, orb.Collection{p, square}}).Draw(t, "geometry")
	})
	return rapid.Custom(func(t *rapid.T) []formats.Feature {
		var out []formats.Feature
		for i := range rapid.IntRange(0, 20).Draw(t, "n") {
			f := formats.Feature{Num: uint64(3*i + 1), Geometry: geometry.Draw(t, "geometry")}
			f.Properties = append(f.Properties, formats.Property{Key: "name", Value: rapid.StringN(1, 20, -1).Draw(t, "name")})
			if rapid.Bool().Draw(t, "has score") {
				f.Properties = append(f.Properties, formats.Property{Key: "score", Value: rapid.Float64Range(-1, 1).Draw(t, "score")})
			}
			out = append(out, f)
		}
		return out
	})
}

// TestTablesComeBack: what was written is read, bit for bit, but for KML's decimals and the letters that XML cannot have.
func TestTablesComeBack(t *testing.T) {
	m := about()
	m.Fields = []Field{{"name", Text}, {"score", Real}}
	for name, read := range map[string]func(path string) ([]found, error){"gpkg": readGeoPackage, "parquet": readParquet, "kml": readKML} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				features := anyFeatures().Draw(r, "features")
				got, err := read(write(t, name, m, features...))
				if err != nil {
					r.Fatal(err)
				}
				if len(got) != len(features) {
					r.Fatalf("%d of %d features", len(got), len(features))
				}
				for i, f := range features {
					want := found{num: f.Num, geometry: f.Geometry, name: f.Properties[0].Value.(string), score: math.NaN()}
					if len(f.Properties) > 1 {
						want.score = f.Properties[1].Value.(float64)
					}
					compareFound(r, name, got[i], want)
				}
			})
		})
	}
}

func compareFound(r *rapid.T, format string, got, want found) {
	if format == "gpkg" {
		want.geometry = multiple(want.geometry)
	}
	if format == "kml" {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(want.name))
		_ = xml.Unmarshal([]byte("<a>"+b.String()+"</a>"), &want.name)
		want.geometry = nil // KML's are compared by the end-to-end tests
	}
	same := want.geometry == nil && got.geometry == nil || want.geometry != nil && got.geometry != nil && orb.Equal(got.geometry, want.geometry)
	if !same || got.num != want.num || got.name != want.name || got.score != want.score && !(math.IsNaN(got.score) && math.IsNaN(want.score)) {
		r.Fatalf("%s has %+v, want %+v", format, got, want)
	}
}

func readGeoPackage(path string) (out []found, err error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT fid, geom, name, score, minx FROM aoi LEFT JOIN rtree_aoi_geom ON id = fid ORDER BY fid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f found
		var blob []byte
		var score, west sql.NullFloat64
		if err := rows.Scan(&f.num, &blob, &f.name, &score, &west); err != nil {
			return nil, err
		}
		if f.score = math.NaN(); score.Valid {
			f.score = score.Float64
		}
		if blob != nil {
			const head = 8 + 4*8
			if f.geometry, err = wkb.Unmarshal(blob[head:]); err != nil {
				return nil, err
			}
			edge := math.Float64frombits(binary.LittleEndian.Uint64(blob[8:]))
			if edge != f.geometry.Bound().Min[0] || math.Abs(west.Float64-edge) > 1e-4 { // the index has 32 bits
				return nil, errors.New("the bounds are not the geometry's")
			}
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

func readParquet(path string) ([]found, error) {
	type row struct {
		FID      *uint64  `parquet:"fid"`
		Name     *string  `parquet:"name"`
		Score    *float64 `parquet:"score"`
		Geometry []byte   `parquet:"geometry,optional"`
		BBox     *struct {
			XMin float64 `parquet:"xmin"`
		} `parquet:"bbox"`
	}
	rows, err := parquet.ReadFile[row](path)
	if err != nil {
		return nil, err
	}
	var out []found
	for _, r := range rows {
		f := found{num: *r.FID, name: *r.Name, score: math.NaN()}
		if r.Score != nil {
			f.score = *r.Score
		}
		if len(r.Geometry) > 0 {
			if f.geometry, err = wkb.Unmarshal(r.Geometry); err != nil {
				return nil, err
			}
			if r.BBox == nil || r.BBox.XMin != f.geometry.Bound().Min[0] {
				return nil, errors.New("the bounds are not the geometry's")
			}
		}
		out = append(out, f)
	}
	return out, nil
}

func readKML(path string) ([]found, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var document struct {
		Placemarks []struct {
			Name string `xml:"name"`
			Data []struct {
				Name  string `xml:"name,attr"`
				Value string `xml:",chardata"`
			} `xml:"ExtendedData>SchemaData>SimpleData"`
		} `xml:"Document>Folder>Placemark"`
	}
	if err := xml.NewDecoder(file).Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var out []found
	for _, p := range document.Placemarks {
		f := found{name: p.Name, score: math.NaN()}
		for _, d := range p.Data {
			switch d.Name {
			case "fid":
				f.num, err = strconv.ParseUint(d.Value, 10, 64)
			case "score":
				f.score, err = strconv.ParseFloat(d.Value, 64)
			}
			if err != nil {
				return nil, err
			}
		}
		out = append(out, f)
	}
	return out, nil
}

func TestNumbersTwice(t *testing.T) {
	f, err := ByName("gpkg")
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(t.Context(), io.Discard, f, Meta{Fields: []Field{}, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := w.Write(&formats.Feature{Num: 5}); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&formats.Feature{Num: 5}); !errors.Is(err, formats.ErrProperty) || !strings.Contains(err.Error(), "feature 5") {
		t.Errorf("the error is %v", err)
	}
}
