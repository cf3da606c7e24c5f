package sources

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb/maptile"
	_ "modernc.org/sqlite" // the driver

	"github.com/precinct-map/precinct/tiles"
)

func sortInts(v []int) { slices.Sort(v) }

// mbtiles is a raster MBTiles file, https://github.com/mapbox/mbtiles-spec.
type mbtiles struct {
	info tiles.Info
	db   *sql.DB
	get  *sql.Stmt
}

func openMBTiles(ctx context.Context, c Config) (tiles.Source, error) {
	if _, err := os.Stat(c.Path); err != nil {
		return nil, configError(c, "%v", err)
	}
	// Immutable: nobody writes the file while it is served, so SQLite needs no locks and no journal beside it.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: c.Path}).EscapedPath()+"?mode=ro&immutable=1")
	if err != nil {
		return nil, configError(c, "%s: %v", c.Path, err)
	}
	m := &mbtiles{info: c.info(), db: db}
	if err := m.read(ctx, c); err != nil {
		_ = db.Close()
		return nil, configError(c, "%s: %v", c.Path, err)
	}
	return m, nil
}

// Close frees the file.
func (m *mbtiles) Close() error { return m.db.Close() }

func (m *mbtiles) Info() tiles.Info { return m.info }

func (m *mbtiles) read(ctx context.Context, c Config) error {
	meta := map[string]string{}
	rows, err := m.db.QueryContext(ctx, "SELECT name, value FROM metadata")
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
		meta[name] = value.String
	}
	if err := rows.Err(); err != nil {
		return err
	}
	format, ok := tiles.ParseFormat(meta["format"])
	if !ok {
		if meta["format"] == "pbf" {
			return errors.New("it holds vector tiles: use kind osm, which draws them")
		}
		format = tiles.PNG
	}
	m.info.Format = format
	if err := m.zooms(ctx, meta, c); err != nil {
		return err
	}
	m.place(meta, c)
	if m.get, err = m.db.PrepareContext(ctx, "SELECT tile_data FROM tiles WHERE zoom_level=? AND tile_column=? AND tile_row=?"); err != nil {
		return fmt.Errorf("it has no table of tiles: %v", err)
	}
	return m.measure(ctx, c)
}

// zooms come from the metadata, or from the tiles where it is silent.
func (m *mbtiles) zooms(ctx context.Context, meta map[string]string, c Config) error {
	low, err1 := strconv.Atoi(meta["minzoom"])
	high, err2 := strconv.Atoi(meta["maxzoom"])
	if err1 != nil || err2 != nil {
		var a, b sql.NullInt64
		if err := m.db.QueryRowContext(ctx, "SELECT min(zoom_level), max(zoom_level) FROM tiles").Scan(&a, &b); err != nil {
			return fmt.Errorf("it has no table of tiles: %v", err)
		}
		if !a.Valid {
			return errors.New("it holds no tiles")
		}
		low, high = int(a.Int64), int(b.Int64)
	}
	m.info.MinZoom, m.info.MaxZoom = low, high
	if c.MinZoom != 0 {
		m.info.MinZoom = c.MinZoom
	}
	if c.MaxZoom != 0 {
		m.info.MaxZoom = c.MaxZoom
	}
	return nil
}

func (m *mbtiles) place(meta map[string]string, c Config) {
	if v := floats(meta["bounds"]); len(v) == 4 && len(c.Bounds) == 0 {
		m.info.Bounds.Min[0], m.info.Bounds.Min[1], m.info.Bounds.Max[0], m.info.Bounds.Max[1] = v[0], v[1], v[2], v[3]
	}
	m.info.Center, m.info.CenterZoom = m.info.Bounds.Center(), m.info.MinZoom
	if v := floats(meta["center"]); len(v) == 3 {
		m.info.Center[0], m.info.Center[1], m.info.CenterZoom = v[0], v[1], int(v[2])
	}
	if c.Attribution == "" {
		m.info.Attribution = meta["attribution"]
	}
}

// measure takes the tile size from one tile.
func (m *mbtiles) measure(ctx context.Context, c Config) error {
	if c.TileSize != 0 {
		return nil
	}
	var data []byte
	switch err := m.db.QueryRowContext(ctx, "SELECT tile_data FROM tiles LIMIT 1").Scan(&data); {
	case errors.Is(err, sql.ErrNoRows):
		return errors.New("it holds no tiles")
	case err != nil:
		return err
	}
	if tile, err := tiles.EncodedTile(data); err == nil {
		if img, err := tile.Image(); err == nil && img.Rect.Dx() == 512 {
			m.info.TileSize = 512
		}
	}
	return nil
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

func (m *mbtiles) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	row := 1<<t.Z - 1 - int(t.Y) // MBTiles counts rows from the south
	var data []byte
	err := m.get.QueryRowContext(ctx, int(t.Z), int(t.X), row).Scan(&data)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, sql.ErrNoRows):
		return nil, tileError(m.info.Name, t, tiles.ErrNotFound, "")
	case err != nil:
		return nil, tileError(m.info.Name, t, fmt.Errorf("%w: %v", tiles.ErrUpstream, err), "is the file whole?")
	}
	tile, err := tiles.EncodedTile(data)
	if err != nil {
		return nil, tileError(m.info.Name, t, err, "the tile in the file is damaged")
	}
	return tile, nil
}
