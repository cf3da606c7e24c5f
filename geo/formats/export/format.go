package export

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/geo/formats"
)

// Format is one row of the table of formats.
type Format struct {
	Name      string // "gpkg", as in ?f= and --format
	Suffix    string // ".gpkg"
	MediaType string
	Title     string // for people
	Seeks     bool   // whether it is made in a file that can be sought, so that a stream gets it only at the end
	open      func(ctx context.Context, out sink, m Meta) (encoder, error)
}

// Formats is the table of those that need nothing but this program.
func Formats() []Format {
	return []Format{
		{"geojson", ".geojson", formats.FeatureCollection.MediaType(), "GeoJSON", false, openGeoJSON(formats.FeatureCollection)},
		{"geojsonl", ".geojsonl", formats.FeatureLines.MediaType(), "GeoJSON, a feature a line", false, openGeoJSON(formats.FeatureLines)},
		{"geojsons", ".geojsons", formats.FeatureSequence.MediaType(), "GeoJSON text sequence", false, openGeoJSON(formats.FeatureSequence)},
		{"gpkg", ".gpkg", "application/geopackage+sqlite3", "GeoPackage", true, openGeoPackage},
		{"kml", ".kml", "application/vnd.google-earth.kml+xml", "KML", false, openKML},
		{"parquet", ".parquet", "application/vnd.apache.parquet", "GeoParquet", false, openGeoParquet},
		{"pmtiles", ".pmtiles", "application/vnd.pmtiles", "PMTiles of vector tiles", true, openPMTiles},
	}
}

// foreignSuffix is what may be asked of ogr2ogr: it becomes part of a file's name.
var foreignSuffix = regexp.MustCompile(`^[a-z0-9]{1,12}(\.zip)?$`)

// ByName is the format of a name, such as "gpkg". A name that is in no table is one for ogr2ogr, which knows formats by
// their suffix: "fgb" or "shp.zip". An error wraps ErrFormat, or ErrNoGDAL where the program is not installed.
func ByName(name string) (Format, error) {
	name = strings.TrimPrefix(strings.ToLower(name), ".")
	known := Formats()
	if i := slices.IndexFunc(known, func(f Format) bool { return f.Name == name }); i >= 0 {
		return known[i], nil
	}
	if !foreignSuffix.MatchString(name) {
		return Format{}, &formats.Error{Op: "export", Subject: fmt.Sprintf("%q", name), Err: ErrFormat, Hint: withoutGDAL()}
	}
	return foreign(name)
}

// ByPath is the format that a file's name ends in.
func ByPath(path string) (Format, error) {
	name := strings.ToLower(filepath.Base(path))
	suffix := filepath.Ext(strings.TrimSuffix(name, ".zip"))
	if suffix == "" {
		return Format{}, &formats.Error{Op: "export", Subject: fmt.Sprintf("%q", path), Err: ErrFormat, Hint: "the file's name needs a suffix; " + withoutGDAL()}
	}
	return ByName(name[strings.LastIndex(name, suffix):])
}

// withoutGDAL is the hint that names what always works.
func withoutGDAL() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return "formats that need no GDAL are " + strings.Join(names, ", ")
}
