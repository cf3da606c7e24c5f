package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"pgregory.net/rapid"
)

func loop(coordinates ...float64) orb.Ring {
	r := make(orb.Ring, 0, len(coordinates)/2+1)
	for i := 0; i < len(coordinates); i += 2 {
		r = append(r, orb.Point{coordinates[i], coordinates[i+1]})
	}
	return append(r, r[0])
}

func written(t *testing.T, opts GeoJSONOptions, features []Feature, members ...Property) string {
	t.Helper()
	var b strings.Builder
	w := NewGeoJSONWriter(&b, opts)
	for i := range features {
		if err := w.Write(&features[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(members...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGeoJSONGeometries(t *testing.T) {
	for _, c := range []struct {
		name string
		in   orb.Geometry
		want string
	}{
		{"none", nil, `null`},
		{"point", orb.Point{85.5216, 27.63}, `{"type":"Point","coordinates":[85.5216,27.63]}`},
		{"seven decimals", orb.Point{1.23456789, -0.00000001}, `{"type":"Point","coordinates":[1.2345679,0]}`},
		{"small decimals", orb.Point{-0.0000001, 0.05}, `{"type":"Point","coordinates":[-0.0000001,0.05]}`},
		{"points", orb.MultiPoint{{1, 2}, {3, 4}}, `{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}`},
		{"line", orb.LineString{{1, 2}, {3, 4}}, `{"type":"LineString","coordinates":[[1,2],[3,4]]}`},
		{"lines", orb.MultiLineString{{{1, 2}, {3, 4}}}, `{"type":"MultiLineString","coordinates":[[[1,2],[3,4]]]}`},
		{"winding stays", orb.Polygon{loop(0, 0, 4, 0, 0, 4)}, `{"type":"Polygon","coordinates":[[[0,0],[4,0],[0,4],[0,0]]]}`},
		{"winding turns", orb.Polygon{loop(0, 0, 0, 4, 4, 0), loop(1, 1, 2, 1, 1, 2)},
			`{"type":"Polygon","coordinates":[[[0,0],[4,0],[0,4],[0,0]],[[1,1],[1,2],[2,1],[1,1]]]}`},
		{"open ring", orb.Ring{{0, 0}, {4, 0}, {0, 4}}, `{"type":"Polygon","coordinates":[[[0,0],[4,0],[0,4],[0,0]]]}`},
		{"bound", orb.Bound{Max: orb.Point{1, 1}}, `{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}`},
		{"polygons", orb.MultiPolygon{{loop(0, 0, 4, 0, 0, 4)}}, `{"type":"MultiPolygon","coordinates":[[[[0,0],[4,0],[0,4],[0,0]]]]}`},
		{"collection", orb.Collection{orb.Point{1, 2}}, `{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}`},
		{"across the antimeridian", orb.Polygon{loop(179, 0, 181, 0, 181, 1, 179, 1)},
			`{"type":"MultiPolygon","coordinates":[[[[180,1],[179,1],[179,0],[180,0],[180,1]]],[[[-180,0],[-179,0],[-179,1],[-180,1],[-180,0]]]]}`},
	} {
		got, err := MarshalGeometry(c.in)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func TestGeoJSONLayouts(t *testing.T) {
	features := []Feature{
		{ID: "a", Num: 7, Geometry: orb.Point{181, 2}, Properties: []Property{{"name", "Banepa \"Bus\" Park\n\x01"}, {"score", 0.5}}},
		{Num: 8, Properties: []Property{
			{"n", 3}, {"i", int64(-4)}, {"u", uint64(5)}, {"f", float32(0.1)}, {"big", 1e300}, {"nan", math.NaN()}, {"none", nil}, {"yes", true},
			{"when", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, {"list", []string{"x", "\xff学校"}}, {"raw", json.RawMessage(`{"a":1}`)},
		}},
	}
	a := `{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[-179,2]},"properties":{"name":"Banepa \"Bus\" Park\n\u0001","score":0.5}}`
	b := `{"type":"Feature","id":8,"geometry":null,"properties":{"n":3,"i":-4,"u":5,"f":0.1,"big":1e+300,"nan":null,"none":null,"yes":true,` +
		`"when":"2026-01-02T03:04:05Z","list":["x","` + "\ufffd" + `学校"],"raw":{"a":1}}}`
	for _, c := range []struct {
		layout GeoJSONLayout
		want   string
	}{
		{FeatureCollection, `{"type":"FeatureCollection","features":[` + a + ",\n" + b + `],"attribution":"© us"}` + "\n"},
		{FeatureLines, a + "\n" + b + "\n"},
		{FeatureSequence, "\x1e" + a + "\n\x1e" + b + "\n"},
	} {
		if got := written(t, GeoJSONOptions{Layout: c.layout}, features, Property{"attribution", "© us"}); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.layout.MediaType(), got, c.want)
		}
	}
	if got := written(t, GeoJSONOptions{}, nil); got != `{"type":"FeatureCollection","features":[]}`+"\n" {
		t.Errorf("nothing is %s", got)
	}
}

func TestGeoJSONOptions(t *testing.T) {
	across := Feature{ID: "fiji", Geometry: orb.Polygon{loop(179, -17, 181, -17, 180, -16)}}
	got := written(t, GeoJSONOptions{BBox: true}, []Feature{across, {Geometry: orb.MultiPolygon{}}})
	if !strings.Contains(got, `"id":"fiji","bbox":[179,-17,-179,-16],`) || strings.Count(got, "bbox") != 1 {
		t.Error(got)
	}
	swap := func(p orb.Point) orb.Point { return orb.Point{p[1], p[0]} }
	b, err := MarshalFeature(&Feature{Geometry: orb.Point{85.5, 27.6}}, GeoJSONOptions{Project: swap}, Property{"links", []string{}})
	if want := `{"type":"Feature","geometry":{"type":"Point","coordinates":[27.6,85.5]},"properties":{},"links":[]}`; err != nil || string(b) != want {
		t.Errorf("%s, %v; want %s", b, err, want)
	}
}

func TestGeoJSONErrors(t *testing.T) {
	for name, c := range map[string]struct {
		f    Feature
		want error
	}{
		"not a number":   {Feature{ID: "x", Geometry: orb.Point{math.NaN(), 1}}, ErrGeometry},
		"infinite":       {Feature{ID: "x", Geometry: orb.Polygon{loop(0, 0, math.Inf(1), 0, 0, 1)}}, ErrGeometry},
		"beyond a pole":  {Feature{ID: "x", Geometry: orb.LineString{{1, 91}, {2, 3}}}, ErrGeometry},
		"no ring":        {Feature{ID: "x", Geometry: orb.Polygon{{{1, 2}, {1, 2}}}}, ErrGeometry},
		"not JSON":       {Feature{ID: "x", Properties: []Property{{"f", func() {}}}}, ErrProperty},
		"in a member":    {Feature{ID: "x", Geometry: orb.Collection{orb.MultiPoint{{1, -100}}}}, ErrGeometry},
		"pixels, not °":  {Feature{ID: "x", Geometry: orb.MultiPolygon{{loop(1e6, 1e6, 1e6+1, 1e6, 1e6, 1e6+1)}}}, ErrGeometry},
		"a hole of NaNs": {Feature{ID: "x", Geometry: orb.Polygon{loop(0, 0, 1, 0, 0, 1), loop(math.NaN(), 0, 1, 0, 0, 1)}}, ErrGeometry},
	} {
		w := NewGeoJSONWriter(io.Discard, GeoJSONOptions{BBox: true})
		err := w.Write(&c.f)
		var typed *Error
		if !errors.Is(err, c.want) || !errors.As(err, &typed) || !strings.Contains(err.Error(), `feature "x"`) {
			t.Errorf("%s: %v", name, err)
		}
		if again := w.Close(); again != err {
			t.Errorf("%s: closing gives %v", name, again)
		}
	}
	broken := NewGeoJSONWriter(failingWriter{}, GeoJSONOptions{})
	if err := broken.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a broken pipe: %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestDecimalsAreStrconvs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-180, 180).Draw(t, "v")
		want := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.7f", math.Round(v*1e7)/1e7), "0"), ".")
		if want == "-0" {
			want = "0"
		}
		if got := string(appendDecimals(nil, v)); got != want {
			t.Fatalf("%v is written %s, want %s", v, got, want)
		}
	})
}

func FuzzStringsAreJSON(f *testing.F) {
	f.Add("Banepa \"Bus\" Park\n\x01\x7f")
	f.Add("学校\xff\u2028</script>")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); len([]rune(back)) != len([]rune(s)) || strings.ToValidUTF8(back, "") != back || (s == want && back != s) {
			t.Fatalf("%q comes back as %q", s, back)
		}
	})
}

// townBlocks is n small polygons with the properties of a real answer.
func townBlocks(n int) []Feature {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]Feature, n)
	for i := range out {
		at := orb.Point{85.5 + r.Float64()*0.1, 27.6 + r.Float64()*0.1}
		var ring orb.Ring
		for k := range 12 {
			sin, cos := math.Sincos(float64(k) / 12 * 2 * math.Pi)
			d := 0.0003 * (0.7 + 0.3*r.Float64())
			ring = append(ring, orb.Point{at[0] + d*cos, at[1] + d*sin})
		}
		out[i] = Feature{ID: fmt.Sprintf("aoi-%06d", i), Num: uint64(i + 1), Geometry: orb.MultiPolygon{{append(ring, ring[0])}}, Properties: []Property{
			{"name", fmt.Sprintf("School %d", i)}, {"query", "schools in Banepa"}, {"tier", "class"}, {"class", "school"},
			{"function", "educational"}, {"score", math.Round(r.Float64()*1000) / 1000}, {"area_m2", math.Round(r.Float64() * 50000)},
		}}
	}
	return out
}

func BenchmarkGeoJSON10000(b *testing.B) {
	features := townBlocks(10_000)
	var size countingWriter
	b.Run("precinct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			size = 0
			w := NewGeoJSONWriter(&size, GeoJSONOptions{})
			for i := range features {
				if err := w.Write(&features[i]); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(size))
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		fc := geojson.NewFeatureCollection()
		for i := range features {
			f := geojson.NewFeature(features[i].Geometry)
			f.ID = features[i].ID
			for _, p := range features[i].Properties {
				f.Properties[p.Key] = p.Value
			}
			fc.Append(f)
		}
		for b.Loop() {
			size = 0
			if err := json.NewEncoder(&size).Encode(fc); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(size))
	})
}

type countingWriter int64

func (c *countingWriter) Write(b []byte) (int, error) {
	*c += countingWriter(len(b))
	return len(b), nil
}

func ExampleGeoJSONWriter() {
	var b bytes.Buffer
	w := NewGeoJSONWriter(&b, GeoJSONOptions{Layout: FeatureLines})
	_ = w.Write(&Feature{ID: "park", Geometry: orb.Point{85.5216, 27.63}, Properties: []Property{{"name", "Banepa Bus Park"}}})
	_ = w.Close()
	fmt.Print(b.String())
	// Output: {"type":"Feature","id":"park","geometry":{"type":"Point","coordinates":[85.5216,27.63]},"properties":{"name":"Banepa Bus Park"}}
}
