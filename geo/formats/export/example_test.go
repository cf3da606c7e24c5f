package export_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/formats/export"
)

// A file's format is its name's suffix. Nothing has the name before all is written.
func ExampleCreate() {
	path := filepath.Join(os.TempDir(), "schools.gpkg")
	defer os.Remove(path)
	format, err := export.ByPath(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := export.Create(context.Background(), path, format, export.Meta{
		Title: "Schools in Banepa", Attribution: "© OpenStreetMap contributors", License: "ODbL-1.0", Model: "reader",
		Fields: []export.Field{{Name: "name"}, {Name: "score", Kind: export.Real}, {Name: "updated", Kind: export.Moment}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Discard() // nothing once the file is closed; else there shall be none
	err = w.Write(&formats.Feature{
		Num: 1, Geometry: orb.Polygon{{{85.52, 27.63}, {85.53, 27.63}, {85.53, 27.64}, {85.52, 27.63}}},
		Properties: []formats.Property{{Key: "name", Value: "Azad School"}, {Key: "score", Value: 0.8}},
	})
	if err == nil {
		err = w.Close()
	}
	fmt.Println(format.MediaType, err)
	// Output: application/geopackage+sqlite3 <nil>
}

// A stream takes any format; PMTiles and GeoPackage reach it when they are whole.
func ExampleNew() {
	format, err := export.ByName("geojsonl")
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := export.New(context.Background(), os.Stdout, format, export.Meta{Attribution: "© OpenStreetMap contributors"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Discard()
	for i := range 2 {
		if err := w.Write(&formats.Feature{Num: uint64(i + 1), Geometry: orb.Point{float64(i), 0}}); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[0,0]},"properties":{},"name":"aoi","attribution":"© OpenStreetMap contributors"}
	// {"type":"Feature","id":2,"geometry":{"type":"Point","coordinates":[1,0]},"properties":{}}
}

func ExampleFormats() {
	for _, f := range export.Formats() {
		fmt.Println(f.Name, f.MediaType)
	}
	// Output:
	// geojson application/geo+json
	// geojsonl application/x-ndjson
	// geojsons application/geo+json-seq
	// gpkg application/geopackage+sqlite3
	// kml application/vnd.google-earth.kml+xml
	// parquet application/vnd.apache.parquet
	// pmtiles application/vnd.pmtiles
}
