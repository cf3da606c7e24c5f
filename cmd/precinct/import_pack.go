package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/tiles"
)

// packed is one tile on its way from GDAL's file to ours.
type packed struct {
	z, x, row int
	data      []byte
}

// pack copies MBTiles: tiles that show nothing are left out, the others are encoded anew, and what about says goes before the old metadata.
// The file is on the disk when it returns.
func pack(ctx context.Context, from, to string, format tiles.Format, about map[string]string) error {
	in, err := sql.Open("sqlite", "file:"+(&url.URL{Path: from}).EscapedPath()+"?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer in.Close()
	var total int
	if err := in.QueryRowContext(ctx, "SELECT count(*) FROM tiles").Scan(&total); err != nil {
		return err
	}
	out, err := sql.Open("sqlite", "file:"+(&url.URL{Path: to}).EscapedPath()+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)") // it is renamed when it is whole
	if err != nil {
		return err
	}
	defer out.Close()
	tx, err := out.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, q := range []string{
		"CREATE TABLE metadata (name text PRIMARY KEY, value text)",
		"CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob, PRIMARY KEY (zoom_level, tile_column, tile_row))",
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	if err := packMetadata(ctx, in, tx, format, about); err != nil {
		return err
	}
	if err := packTiles(ctx, in, tx, format, total); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func packMetadata(ctx context.Context, in *sql.DB, tx *sql.Tx, format tiles.Format, about map[string]string) error {
	rows, err := in.QueryContext(ctx, "SELECT name, value FROM metadata")
	if err != nil {
		return err
	}
	defer rows.Close()
	values := map[string]string{}
	for rows.Next() {
		var k, v string
		if err := rows.Scan(&k, &v); err != nil {
			return err
		}
		values[k] = v
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for k, v := range about {
		values[k] = v
	}
	values["format"] = string(format)
	for k, v := range values {
		if v == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO metadata VALUES (?,?)", k, v); err != nil {
			return err
		}
	}
	return nil
}

// packTiles reads one by one, encodes many at once, and writes one by one.
func packTiles(ctx context.Context, in *sql.DB, tx *sql.Tx, format tiles.Format, total int) error {
	p := newProgress(os.Stderr, "tiles packed")
	defer p.end()
	read, made := make(chan packed), make(chan packed)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(read)
		rows, err := in.QueryContext(ctx, "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles ORDER BY 1, 2, 3")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var t packed
			if err := rows.Scan(&t.z, &t.x, &t.row, &t.data); err != nil {
				return err
			}
			select {
			case read <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return rows.Err()
	})
	encoders, encoding := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		encoders.Go(func() error {
			for t := range read {
				var err error
				if t.data, err = encodeAgain(t.data, format); err != nil {
					return fmt.Errorf("tile %d/%d/%d: %w", t.z, t.x, t.row, err)
				}
				select {
				case made <- t:
				case <-encoding.Done():
					return encoding.Err()
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(made)
		return encoders.Wait()
	})
	g.Go(func() error {
		done := 0
		for t := range made {
			if t.data != nil {
				if _, err := tx.ExecContext(ctx, "INSERT INTO tiles VALUES (?,?,?,?)", t.z, t.x, t.row, t.data); err != nil {
					return err
				}
			}
			done++
			p.set(done, total)
		}
		return nil
	})
	return g.Wait()
}

// encodeAgain is a tile's picture in a format: nil where it shows nothing, and as it is, PNG, where JPEG has no way to show its gaps.
func encodeAgain(data []byte, format tiles.Format) ([]byte, error) {
	tile, err := tiles.EncodedTile(data)
	if err != nil {
		return nil, err
	}
	img, err := tile.Image()
	if err != nil {
		return nil, err
	}
	some := false
	for i := 3; i < len(img.Pix) && !some; i += 4 {
		some = img.Pix[i] != 0
	}
	switch {
	case !some:
		return nil, nil
	case format == tiles.JPEG && !img.Opaque():
		return data, nil
	}
	return tile.Encoded(format)
}
