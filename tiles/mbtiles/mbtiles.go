// Package mbtiles reads MBTiles files, https://github.com/mapbox/mbtiles-spec, of pictures or of vectors.
package mbtiles

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	_ "modernc.org/sqlite" // the driver

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// File is an open MBTiles file. It is safe for concurrent use.
type File struct {
	Meta             map[string]string // the table metadata
	MinZoom, MaxZoom int
	Bounds           orb.Bound
	Center           orb.Point
	CenterZoom       int

	db  *sql.DB
	get *sql.Stmt
}

// Open opens a file that nobody writes as long as it is open.
func Open(ctx context.Context, path string) (*File, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	// Immutable: SQLite needs no locks and no journal beside the file.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&immutable=1")
	if err != nil {
		return nil, err
	}
	f := &File{Meta: map[string]string{}, db: db}
	if err := f.read(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Close frees the file.
func (f *File) Close() error { return f.db.Close() }

// Tile is a tile's bytes as they are stored; tiles.ErrNotFound where there are none.
func (f *File) Tile(ctx context.Context, t maptile.Tile) ([]byte, error) {
	row := 1<<t.Z - 1 - int(t.Y) // MBTiles counts rows from the south
	var data []byte
	err := f.get.QueryRowContext(ctx, int(t.Z), int(t.X), row).Scan(&data)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, sql.ErrNoRows):
		return nil, tiles.ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("%w: %v", tiles.ErrUpstream, err)
	}
	return data, nil
}

// Any is the bytes of some tile, to see what the file holds.
func (f *File) Any(ctx context.Context) ([]byte, error) {
	var data []byte
	err := f.db.QueryRowContext(ctx, "SELECT tile_data FROM tiles LIMIT 1").Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errors.New("it holds no tiles")
	}
	return data, err
}

func (f *File) read(ctx context.Context) error {
	rows, err := f.db.QueryContext(ctx, "SELECT name, value FROM metadata")
	if err != nil {
		return fmt.Errorf("it is no MBTiles file: %v", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var value sql.NullString
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		f.Meta[name] = value.String
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := f.zooms(ctx); err != nil {
		return err
	}
	f.place()
	if f.get, err = f.db.PrepareContext(ctx, "SELECT tile_data FROM tiles WHERE zoom_level=? AND tile_column=? AND tile_row=?"); err != nil {
		return fmt.Errorf("it has no table of tiles: %v", err)
	}
	return nil
}

// zooms come from the metadata, or from the tiles where it is silent.
func (f *File) zooms(ctx context.Context) error {
	low, err1 := strconv.Atoi(f.Meta["minzoom"])
	high, err2 := strconv.Atoi(f.Meta["maxzoom"])
	if err1 == nil && err2 == nil {
		f.MinZoom, f.MaxZoom = low, high
		return nil
	}
	var a, b sql.NullInt64
	if err := f.db.QueryRowContext(ctx, "SELECT min(zoom_level), max(zoom_level) FROM tiles").Scan(&a, &b); err != nil {
		return fmt.Errorf("it has no table of tiles: %v", err)
	}
	if !a.Valid {
		return errors.New("it holds no tiles")
	}
	f.MinZoom, f.MaxZoom = int(a.Int64), int(b.Int64)
	return nil
}

func (f *File) place() {
	f.Bounds = orb.Bound{Min: orb.Point{-180, -geo.MaxLatitude}, Max: orb.Point{180, geo.MaxLatitude}}
	if v := floats(f.Meta["bounds"]); len(v) == 4 {
		f.Bounds = orb.Bound{Min: orb.Point{v[0], v[1]}, Max: orb.Point{v[2], v[3]}}
	}
	f.Center, f.CenterZoom = f.Bounds.Center(), f.MinZoom
	if v := floats(f.Meta["center"]); len(v) == 3 {
		f.Center, f.CenterZoom = orb.Point{v[0], v[1]}, int(v[2])
	}
}

func floats(s string) []float64 {
	var out []float64
	for _, part := range strings.Split(s, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}
