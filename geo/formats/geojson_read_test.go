package formats

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

func TestReadGeoJSON(t *testing.T) {
	square := orb.Polygon{loop(0, 0, 1, 0, 1, 1, 0, 1)}
	for _, c := range []struct {
		name, in string
		want     []Feature
	}{
		{"collection", `{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"z":"s","a":1,"f":1.5,"n":null,"o":{"k":[1]}}}]}`,
			[]Feature{{ID: "a", Geometry: orb.Point{1, 2}, Properties: []Property{{"z", "s"}, {"a", int64(1)}, {"f", 1.5}, {"n", nil}, {"o", json.RawMessage(`{"k":[1]}`)}}}}},
		{"empty collection", `{"type":"FeatureCollection","features":[]}`, nil},
		{"feature", `{"type":"Feature","id":12,"geometry":null,"properties":null}`, []Feature{{Num: 12}}},
		{"odd id", `{"type":"Feature","id":-1.5,"geometry":null}`, []Feature{{ID: "-1.5"}}},
		{"geometry with heights, not closed", "\ufeff" + `{"type":"Polygon","coordinates":[[[0,0,9],[1,0,9],[1,1,9],[0,1,9]]]}`, []Feature{{Geometry: square}}},
		{"multipolygon", `{"coordinates":[[[[0,0],[1,0],[1,1],[0,1],[0,0]]]],"type":"MultiPolygon"}`, []Feature{{Geometry: orb.MultiPolygon{square}}}},
		{"no coordinates", `{"type":"Polygon","coordinates":[]}`, []Feature{{}}},
		{"line", `{"type":"LineString","coordinates":[[1,2],[3,4]]}`, []Feature{{Geometry: orb.LineString{{1, 2}, {3, 4}}}}},
		{"members", `{"type":"GeometryCollection","geometries":[{"type":"MultiPoint","coordinates":[[1,2]]},null]}`, []Feature{{Geometry: orb.Collection{orb.MultiPoint{{1, 2}}}}}},
		{"lines", `{"type":"Point","coordinates":[1,2]}` + "\n" + `{"type":"Point","coordinates":[3,4]}` + "\n", []Feature{{Geometry: orb.Point{1, 2}}, {Geometry: orb.Point{3, 4}}}},
		{"sequence", "\x1e" + `{"type":"Point","coordinates":[1,2]}` + "\n\x1e" + `{"type":"Point","coordinates":[3,4]}` + "\n", []Feature{{Geometry: orb.Point{1, 2}}, {Geometry: orb.Point{3, 4}}}},
		{"crs of WGS-84", `{"type":"Point","coordinates":[1,2],"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}}`, []Feature{{Geometry: orb.Point{1, 2}}}},
		{"continuous longitudes", `{"type":"LineString","coordinates":[[179,2],[181,2]]}`, []Feature{{Geometry: orb.LineString{{179, 2}, {181, 2}}}}},
	} {
		got, err := ReadGeoJSON(strings.NewReader(c.in))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v, %v; want %#v", c.name, got, err, c.want)
		}
	}
}

func TestReadGeoJSONErrors(t *testing.T) {
	good := `{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]}}`
	third := func(bad string) string {
		return `{"type":"FeatureCollection","features":[` + good + "," + good + "," + bad + "]}"
	}
	for _, c := range []struct {
		name, in string
		want     error
		says     string
	}{
		{"nothing", " \n", ErrInput, "empty"},
		{"HTML", "<html>", ErrInput, "byte"},
		{"cut off", third(good)[:150], ErrInput, "EOF"},
		{"no type", `{"a":1}`, ErrInput, "type"},
		{"not a feature", third(`{"type":"Point","coordinates":[1,2]}`), ErrInput, "feature 2"},
		{"null feature", third(`null`), ErrInput, "feature 2"},
		{"metres", third(`{"type":"Feature","geometry":{"type":"Point","coordinates":[9520000,3200000]}}`), ErrGeometry, "feature 2"},
		{"one number", third(`{"type":"Feature","geometry":{"type":"LineString","coordinates":[[1],[2,3]]}}`), ErrGeometry, "ogr2ogr"},
		{"null position", third(`{"type":"Feature","geometry":{"type":"LineString","coordinates":[null,[2,3]]}}`), ErrGeometry, "position"},
		{"null number", third(`{"type":"Feature","geometry":{"type":"Point","coordinates":[null,3]}}`), ErrGeometry, "degrees"},
		{"two corners", third(`{"type":"Feature","geometry":{"type":"MultiPolygon","coordinates":[[[[1,2],[3,4],[1,2]]]]}}`), ErrGeometry, "part 0: ring 0"},
		{"wrong depth", third(`{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[1,2],[3,4]]}}`), ErrGeometry, "Polygon"},
		{"no coordinates member", third(`{"type":"Feature","geometry":{"type":"Point"}}`), ErrGeometry, "Point"},
		{"unknown geometry", third(`{"type":"Feature","geometry":{"type":"Circle"}}`), ErrGeometry, `"Circle"`},
		{"other crs", `{"type":"Point","coordinates":[1,2],"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3857"}}}`, ErrGeometry, "3857"},
		{"properties", third(`{"type":"Feature","geometry":null,"properties":[1]}`), ErrInput, "not an object"},
		{"an id", third(`{"type":"Feature","geometry":null,"id":{}}`), ErrInput, "id"},
	} {
		_, err := ReadGeoJSON(strings.NewReader(c.in))
		var typed *Error
		if !errors.Is(err, c.want) || !errors.As(err, &typed) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v saying %q", c.name, err, c.want, c.says)
		}
	}
	_, err := ReadGeoJSON(endless{})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("endless input: %v", err)
	}
	many := strings.Repeat(`{"type":"Feature","geometry":null}`, MaxGeoJSONFeatures+1)
	if _, err := ReadGeoJSON(strings.NewReader(many)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("many features: %v", err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestGeoJSONComesBack(t *testing.T) {
	features := townBlocks(50)
	for _, layout := range []GeoJSONLayout{FeatureCollection, FeatureLines, FeatureSequence} {
		text := written(t, GeoJSONOptions{Layout: layout}, features)
		back, err := ReadGeoJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if again := written(t, GeoJSONOptions{Layout: layout}, back); again != text {
			t.Errorf("%s changes when it is read and written again", layout.MediaType())
		}
	}
}

func FuzzReadGeoJSON(f *testing.F) {
	f.Add(`{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]},"properties":{"a":[1,2]}}]}`)
	f.Add(`{"type":"GeometryCollection","geometries":[{"type":"MultiPolygon","coordinates":[[]]}]}`)
	f.Add("\x1e" + `{"type":"Point","coordinates":[180.5,2]}`)
	f.Fuzz(func(t *testing.T, text string) {
		features, err := ReadGeoJSON(strings.NewReader(text))
		if err != nil {
			return
		}
		for i := range features {
			b, err := MarshalFeature(&features[i], GeoJSONOptions{BBox: true})
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			if !json.Valid(b) {
				t.Fatalf("not JSON: %s", b)
			}
		}
	})
}

func ExampleReadGeoJSON() {
	features, err := ReadGeoJSON(strings.NewReader(`{"type":"Point","coordinates":[85.5216,27.63]}`))
	fmt.Println(features[0].Geometry, err)
	_, err = ReadGeoJSON(strings.NewReader(`{"type":"Point","coordinates":[9520221,3200000]}`))
	fmt.Println(err)
	// Output:
	// [85.5216 27.63] <nil>
	// read GeoJSON feature 0: not a usable geometry: Point: [9520221,3200000] is no longitude and latitude in degrees (coordinates are [longitude, latitude] in degrees; convert others with ogr2ogr -t_srs EPSG:4326)
}
