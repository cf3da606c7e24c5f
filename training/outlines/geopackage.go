package outlines

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/project"
)

// layer is a table of features.
type layer struct {
	table, geometry, key string
	mercator             bool
	several              bool // the file has more of them: their keys are not enough to tell rows apart
}

// readGeoPackage reads all tables of features in the order of their names, their rows by their keys;
// https://www.geopackage.org/spec130/.
func readGeoPackage(ctx context.Context, f *os.File, take taker) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: f.Name()}).EscapedPath()+"?mode=ro&_pragma=cache_size(-16384)")
	if err != nil {
		return err
	}
	defer db.Close()
	layers, err := layersOf(ctx, db)
	if err != nil {
		return err
	}
	for _, l := range layers {
		if err := l.read(ctx, db, take); err != nil {
			return err
		}
	}
	return nil
}

func layersOf(ctx context.Context, db *sql.DB) ([]layer, error) {
	rows, err := db.QueryContext(ctx, `SELECT c.table_name, g.column_name, g.srs_id, s.srs_name, s.organization, s.organization_coordsys_id
		FROM gpkg_contents c JOIN gpkg_geometry_columns g ON g.table_name = c.table_name LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
		WHERE c.data_type = 'features' ORDER BY c.table_name`)
	if err != nil {
		return nil, badFile(ErrFormat, "", "a database that is no GeoPackage: %w", err)
	}
	defer rows.Close()
	var out []layer
	for rows.Next() {
		var l layer
		var srs, code sql.NullInt64
		var name, who sql.NullString
		if err := rows.Scan(&l.table, &l.geometry, &srs, &name, &who, &code); err != nil {
			return nil, err
		}
		epsg := code.Int64
		if !code.Valid {
			epsg = srs.Int64
		}
		if l.mercator = epsg == mercatorCode; !l.mercator && epsg != degreesCode || who.Valid && !strings.EqualFold(who.String, "EPSG") {
			return nil, badFile(ErrCRS, convert, "table %s is in %s", l.table, strings.TrimSpace(fmt.Sprintf("%s %s:%d", name.String, cmp.Or(who.String, "srs_id"), epsg)))
		}
		out = append(out, l)
	}
	if len(out) == 0 && rows.Err() == nil {
		return nil, badFile(ErrFormat, "", "a GeoPackage without a table of features")
	}
	for i := range out {
		out[i].several = len(out) > 1
		err := db.QueryRowContext(ctx, "SELECT name FROM pragma_table_info(?) WHERE pk = 1", out[i].table).Scan(&out[i].key)
		if err != nil && !errors.Is(err, sql.ErrNoRows) { // a view has none
			return nil, err
		}
	}
	return out, rows.Err()
}

// EPSG's codes of the coordinates that are taken.
const (
	degreesCode  = 4326
	mercatorCode = 3857
)

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (l layer) read(ctx context.Context, db *sql.DB, take taker) error {
	query := "SELECT * FROM " + quoted(l.table)
	if l.key != "" {
		query += " ORDER BY " + quoted(l.key)
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := take(ctx, l.record(columns, values)); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (l layer) record(columns []string, values []any) record {
	r := record{values: make(map[string]string, len(columns))}
	for i, column := range columns {
		switch v := values[i].(type) {
		case nil:
		case []byte:
			if column == l.geometry {
				r.geometry, r.err = readGeoPackageShape(v, l.mercator)
			}
		case string:
			r.values[column] = v
		default:
			r.values[column] = fmt.Sprint(v)
		}
	}
	if l.key == "" {
		return r
	}
	if r.id = r.values[l.key]; l.several && r.id != "" {
		r.id = l.table + "/" + r.id
	}
	return r
}

// readGeoPackageShape reads a geometry as the specification's clause 2.1.3 has it: a header, perhaps with bounds, then WKB.
func readGeoPackageShape(b []byte, mercator bool) (orb.Geometry, error) {
	bounds := []int{0, 32, 48, 48, 64}
	const fixed = 8
	if len(b) < fixed || b[0] != 'G' || b[1] != 'P' || int(b[3]>>1&7) >= len(bounds) {
		return nil, fmt.Errorf("%w: its geometry is none of a GeoPackage", ErrRow)
	}
	at := fixed + bounds[b[3]>>1&7]
	if empty := b[3]&0b1_0000 != 0; empty || at > len(b) {
		return nil, nil
	}
	return degrees(b[at:], mercator)
}

// degrees is the outline of WKB in WGS-84.
func degrees(b []byte, mercator bool) (orb.Geometry, error) {
	mp, err := readWKB(b)
	if err != nil {
		return nil, err
	}
	if mercator {
		project.MultiPolygon(mp, project.Mercator.ToWGS84)
	}
	return mp, nil
}
