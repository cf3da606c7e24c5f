package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
)

// photos is a folder of 7×8 grey tiles of the plots' ground, some missing, named by their column and row.
func (p plots) photos(t *testing.T, missing ...[2]int) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 256, 256))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	var data bytes.Buffer
	if err := png.Encode(&data, img); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for tile := range p.ground.Tiles() {
		at := [2]int{int(tile.X) - p.ground.X/256, int(tile.Y) - p.ground.Y/256}
		if slices.Contains(missing, at) {
			continue
		}
		name := filepath.Join(dir, fmt.Sprint(tile.Z), fmt.Sprint(tile.X), fmt.Sprint(tile.Y)+".png")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// gridded are plots whose ground begins at a tile's corner.
func gridded(t *testing.T) plots {
	p := newPlots(t)
	p.ground.X, p.ground.Y = p.ground.X&^255, p.ground.Y&^255
	return p
}

// file writes outlines as GeoJSON, one a line: those of numbers, and then some as they are given.
func (p plots) file(t *testing.T, numbers []int, more ...string) string {
	t.Helper()
	var lines []string
	for _, n := range numbers {
		text, err := formats.MarshalFeature(&formats.Feature{Geometry: p.outline(n, false), Properties: []formats.Property{{Key: "name", Value: p.name(n)}, {Key: "class", Value: "school"}}}, formats.GeoJSONOptions{})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	path := filepath.Join(t.TempDir(), "my places.geojsonl")
	if err := os.WriteFile(path, []byte(strings.Join(append(lines, more...), "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func (p plots) feature(properties string, shape orb.Geometry) string {
	text, err := formats.MarshalGeometry(shape)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"type":"Feature","properties":%s,"geometry":%s}`, properties, text)
}

func TestOutlinesThatAreNoUse(t *testing.T) {
	t.Chdir(t.TempDir())
	p := gridded(t)
	ring := p.outline(9, false)[0][0]
	crossing := orb.Polygon{{ring[0], ring[2], ring[1], ring[3], ring[0]}}
	path := p.file(t, []int{8, 10}, p.feature(`{"height":3}`, p.outline(11, false)), p.feature(`{"name":"Crossed"}`, crossing), p.feature(`{"name":"Kind","class":"thingamajig"}`, p.outline(12, false)),
		`{"type":"Feature","properties":{"name":"Metres"},"geometry":{"type":"Polygon","coordinates":[[[780000,5950000],[780100,5950000],[780100,5950100],[780000,5950000]]]}}`)
	code, stdout, stderr := call(t, "dataset", "build", "--satellite", "dir:"+p.photos(t), "--map", "town:map", "--outlines", path, "--size", "256", "--tier", "name", "-o", "out", "--attribution", "me")
	if code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	for _, says := range []string{`rows=3 `, "neither a name nor a known class", `rows=4 `, "edges cross", `rows=6 `, "another coordinate system", "thingamajig", "--licence"} {
		if !strings.Contains(stderr, says) {
			t.Errorf("not told: %q in\n%s", says, stderr)
		}
	}
	rows := rowsOf(t, "out")
	if got := slices.Sorted(maps.Keys(rows)); !slices.Equal(got, []string{"Kind", "Place 08", "Place 10"}) {
		t.Errorf("rows of %q", got)
	}
	r := rows["Place 08"]
	if r == nil || r.Region != "my-places" || r.Drawn || !strings.HasPrefix(r.Attribution, "me · ") || !slices.Contains(r.Sources, "outlines my places.geojsonl") || r.Sources[1] != "town map, basic" {
		t.Errorf("%+v", r)
	}
}

// TestPicturesWithHoles: a place where a layer has no picture is left out by name, its neighbours are kept.
func TestPicturesWithHoles(t *testing.T) {
	t.Chdir(t.TempDir())
	p := gridded(t)
	beyond := p.outline(10, false)
	for i := range beyond[0][0] {
		beyond[0][0][i][0] += 0.05
	}
	path := p.file(t, []int{8, 9, 10}, p.feature(`{"name":"Far away"}`, beyond))
	code, stdout, stderr := call(t, "dataset", "build", "--satellite", "dir:"+p.photos(t, [2]int{2, 1}), "--map", "town:map", "--outlines", path, "--size", "256", "--tier", "name", "-o", "out")
	if code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	skipped := map[string]string{}
	text, err := os.ReadFile("out/skipped.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var s struct{ Name, Reason string }
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatal(err)
		}
		skipped[s.Name] = s.Reason
	}
	rows := rowsOf(t, "out")
	for _, name := range []string{p.name(9), "Far away"} {
		if rows[name] != nil || !strings.Contains(skipped[name], "satellite has no picture") {
			t.Errorf("%s: %q", name, skipped[name])
		}
	}
	if rows[p.name(8)] == nil || rows[p.name(10)] == nil || len(rows) != 2 {
		t.Errorf("rows of %q, left out %q", slices.Sorted(maps.Keys(rows)), skipped)
	}
}

func TestOwnGroundIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	p := gridded(t)
	good := p.file(t, []int{8})
	photos := "dir:" + p.photos(t)
	write := func(name, text string) string {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	swiss := write("swiss.geojson", `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2056"}},"features":[]}`)
	type row struct {
		Label string `parquet:"label"`
		Beds  int64  `parquet:"beds"`
	}
	if err := parquet.WriteFile("table.parquet", []row{{"A", 3}}); err != nil {
		t.Fatal(err)
	}
	conf := write("precinct.yaml", "sources:\n- {name: closed, kind: dir, path: "+strings.TrimPrefix(photos, "dir:")+", may_derive: false}\n- {name: unkept, kind: xyz, url: 'http://127.0.0.1:1/{z}/{x}/{y}.png', may_cache: false}\n")
	for name, c := range map[string]struct {
		satellite, plan, outlines string
		more                      []string
		code                      int
		says                      []string
	}{
		"another CRS":            {photos, "town:map", swiss, nil, exitFailed, []string{"EPSG::2056", "ogr2ogr", swiss}},
		"another schema":         {photos, "town:map", "table.parquet", nil, exitFailed, []string{"GeoParquet", "label, beds"}},
		"no such file":           {photos, "town:map", "nowhere.gpkg", nil, exitFailed, []string{"nowhere.gpkg", "no such file"}},
		"no such column":         {photos, "town:map", good, []string{"--name-column", "label"}, exitFailed, []string{`"label"`, "class, name"}},
		"may not derive":         {"closed", "town:map", good, nil, exitFailed, []string{`"closed"`, "may_derive: false", "copied"}},
		"may not cache":          {"unkept", "town:map", good, nil, exitFailed, []string{`"unkept"`, "may_cache: false", "copied"}},
		"no such source":         {"nothing", "town:map", good, nil, exitFailed, []string{`"nothing"`}},
		"no such zoom":           {photos, "town:map", good, []string{"--zoom", "19"}, exitUsage, []string{"zooms 17 to 17", "none of 19"}},
		"far too coarse":         {photos, "town:map", good, []string{"--zoom", "14"}, exitUsage, []string{"zooms 15 to 17 are made of", "none of 14"}},
		"a map without outlines": {photos, "town:map", "map", nil, exitUsage, []string{"kind town", "osm"}},
		"two areas":              {photos, "town:map", good, []string{"--place", "x", "--bbox", "1,2,3,4"}, exitUsage, []string{"--bbox, --place and --geojson"}},
		"a query of a file":      {photos, "town:map", good, []string{"--query", "school"}, exitUsage, []string{"store or feedback"}},
	} {
		args := append([]string{"--config", conf, "dataset", "build", "--satellite", c.satellite, "--map", c.plan, "--outlines", c.outlines, "-o", "out"}, c.more...)
		code, _, stderr := call(t, args...)
		if code != c.code {
			t.Errorf("%s: exit %d: %s", name, code, stderr)
		}
		for _, says := range c.says {
			if !strings.Contains(stderr, says) {
				t.Errorf("%s: %q is not in\n%s", name, says, stderr)
			}
		}
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("a folder was made")
	}
}

// TestMapsOwnOutlines: those of an OSM map, within an area.
func TestMapsOwnOutlines(t *testing.T) {
	t.Chdir(t.TempDir())
	p := gridded(t)
	var features []string
	for _, n := range []int{8, 9, 24} {
		features = append(features, p.feature(fmt.Sprintf(`{"name":%q,"amenity":"school"}`, p.name(n)), p.outline(n, false)))
	}
	if err := os.WriteFile("map.geojson", []byte(`{"type":"FeatureCollection","features":[`+strings.Join(features, ",")+`]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	area := geo.Window{Z: 17, X: p.ground.X, Y: p.ground.Y, W: p.ground.W, H: 2 * plotEdge}.Pad(-1).Bound()
	code, stdout, stderr := call(t, "dataset", "build", "--satellite", "dir:"+p.photos(t), "--map", "osm:map.geojson", "--outlines", "map", "--size", "256", "-o", "out",
		"--bbox", fmt.Sprintf("%v,%v,%v,%v", area.Min[0], area.Min[1], area.Max[0], area.Max[1]), "--licence", "ODbL")
	if code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	set, err := openSet([]string{"out"})
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for r, err := range set.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, r.Problem)
	}
	slices.Sort(asked)
	if got := strings.Join(slices.Compact(asked), ","); got != "Educational,Place 08,Place 09,School" {
		t.Errorf("asked for %s", got)
	}
}
