package export

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"modernc.org/sqlite"

	"github.com/precinct-map/precinct/geo/formats"
)

// openGeoPackage writes version 1.3, https://www.geopackage.org/spec130/, which GDAL knows since 3.3. Geometries are multiple
// ones, as the programs that read it like a layer of one type; the primary key is the feature's number where it has one.
func openGeoPackage(ctx context.Context, out sink, m Meta) (encoder, error) {
	return newGeoPackage(ctx, out.path(), m)
}

func newGeoPackage(ctx context.Context, path string, m Meta) (encoder, error) {
	// The file is nobody else's before it is whole: no journal, no waiting for the disk.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+
		"?_pragma=page_size(4096)&_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=locking_mode(exclusive)&_pragma=cache_size(-16384)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	g := &geoPackage{db: db, meta: m, shape: newShape()}
	for _, step := range []string{geoPackageSchema, "BEGIN"} {
		if _, err := db.ExecContext(ctx, step); err != nil {
			_ = db.Close()
			return nil, err
		}
	}
	t, err := newTable(g, m)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return t, nil
}

type geoPackage struct {
	db             *sql.DB
	meta           Meta
	key, geometry  string // columns
	fields         []Field
	insert, locate *sql.Stmt
	shape          shape
	args           []any
	blob           []byte
}

// quoted is a name in SQL.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (k Kind) geoPackage() string {
	return [...]string{"TEXT", "INTEGER", "REAL", "BOOLEAN", "DATETIME"}[k]
}

func (g *geoPackage) begin(fields []Field) error {
	g.key, g.geometry, g.fields = free(fields, "fid"), free(fields, "geom"), fields
	if _, err := g.db.Exec(g.create("GEOMETRY") + "; CREATE VIRTUAL TABLE " + quoted(g.index()) + " USING rtree(id, minx, maxx, miny, maxy)"); err != nil {
		return err
	}
	var err error
	marks := strings.Repeat(", ?", len(fields))
	if g.insert, err = g.db.Prepare("INSERT INTO " + quoted(g.meta.Name) + " VALUES (?, ?" + marks + ")"); err != nil {
		return err
	}
	g.locate, err = g.db.Prepare("INSERT INTO " + quoted(g.index()) + " VALUES (?, ?, ?, ?, ?)")
	g.args = make([]any, 2+len(fields))
	return err
}

// create is the table's definition.
func (g *geoPackage) create(geometryType string) string {
	sql := "CREATE TABLE " + quoted(g.meta.Name) + " (" + quoted(g.key) + " INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, " + quoted(g.geometry) + " " + geometryType
	for _, f := range g.fields {
		sql += ", " + quoted(f.Name) + " " + f.Kind.geoPackage()
	}
	return sql + ")"
}

func (g *geoPackage) index() string { return "rtree_" + g.meta.Name + "_" + g.geometry }

func (g *geoPackage) row(f *formats.Feature, values []any) error {
	shape, err := plain(f)
	if err != nil {
		return err
	}
	shape = multiple(shape)
	g.args[0], g.args[1] = nil, nil
	if f.Num != 0 {
		g.args[0] = int64(f.Num)
	}
	if shape != nil {
		if g.blob, err = appendGeoPackage(g.blob[:0], shape); err != nil {
			return &formats.Error{Op: "export", Subject: subject(f), Err: fmt.Errorf("%w: %w", formats.ErrGeometry, err)}
		}
		g.args[1] = g.blob
	}
	for i, v := range values {
		if t, ok := v.(time.Time); ok {
			v = t.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		g.args[2+i] = v
	}
	result, err := g.insert.Exec(g.args...)
	if err != nil {
		var failure *sqlite.Error
		if errors.As(err, &failure) && failure.Code()&0xff == sqliteConstraint {
			return &formats.Error{Op: "export", Subject: subject(f), Err: fmt.Errorf("%w: its number is another feature's too", formats.ErrProperty)}
		}
		return err
	}
	if shape == nil {
		return nil
	}
	id, err := result.LastInsertId()
	if err != nil {
		return err
	}
	b := g.shape.add(shape)
	_, err = g.locate.Exec(id, b.Min[0], b.Max[0], b.Min[1], b.Max[1])
	return err
}

// sqliteConstraint is SQLITE_CONSTRAINT, https://www.sqlite.org/rescode.html.
const sqliteConstraint = 19

func (g *geoPackage) finish() error {
	if err := g.describe(); err != nil {
		g.drop()
		return err
	}
	return g.db.Close()
}

func (g *geoPackage) drop() { _ = g.db.Close() }

// multiple is a geometry as the type that holds several.
func multiple(g orb.Geometry) orb.Geometry {
	switch g := g.(type) {
	case orb.Point:
		return orb.MultiPoint{g}
	case orb.LineString:
		return orb.MultiLineString{g}
	case orb.Polygon:
		return orb.MultiPolygon{g}
	}
	return g
}

// appendGeoPackage writes a geometry as the specification's clause 2.1.3 has it: a header with the bounds, then WKB.
func appendGeoPackage(b []byte, g orb.Geometry) ([]byte, error) {
	const littleEndianWithBounds = 0b0000_0011
	b = append(b, 'G', 'P', 0, littleEndianWithBounds)
	b = binary.LittleEndian.AppendUint32(b, 4326)
	bound := g.Bound()
	for _, v := range [...]float64{bound.Min[0], bound.Max[0], bound.Min[1], bound.Max[1]} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	body, err := wkb.Marshal(g, binary.LittleEndian)
	return append(b, body...), err
}
