package outlines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// geoMetadata is a file's under the key geo; https://geoparquet.org/releases/v1.1.0/.
type geoMetadata struct {
	Primary string `json:"primary_column"`
	Columns map[string]struct {
		Encoding string          `json:"encoding"`
		CRS      json.RawMessage `json:"crs"`
	} `json:"columns"`
}

// parquetColumns are what of a file's columns is read, by their numbers.
type parquetColumns struct {
	names    []string // "" of what lies within others
	geometry int
	key      string // the column of ids, "" for none
	mercator bool
}

// readGeoParquet reads the primary geometry and the columns that are plain values. The library panics on some files that are damaged.
func readGeoParquet(ctx context.Context, f *os.File, take taker) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = badFile(ErrFormat, "", "a damaged Parquet file: %v", r)
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return badFile(ErrFormat, "", "a damaged Parquet file: %w", err)
	}
	columns, err := columnsOf(file)
	if err != nil {
		return err
	}
	for _, group := range file.RowGroups() {
		if err := columns.read(ctx, group, take); err != nil {
			return err
		}
	}
	return nil
}

func columnsOf(file *parquet.File) (c parquetColumns, err error) {
	var plain []string
	for _, path := range file.Schema().Columns() {
		name := ""
		if len(path) == 1 {
			name = path[0]
			plain = append(plain, name)
		}
		c.names = append(c.names, name)
	}
	has := "it has the columns " + strings.Join(plain, ", ")
	text, ok := file.Lookup("geo")
	if !ok {
		return c, badFile(ErrFormat, has, "a Parquet file without GeoParquet's metadata")
	}
	var meta geoMetadata
	if err := json.Unmarshal([]byte(text), &meta); err != nil {
		return c, badFile(ErrFormat, has, "GeoParquet's metadata: %w", err)
	}
	about, ok := meta.Columns[meta.Primary]
	leaf, there := file.Schema().Lookup(meta.Primary)
	if !ok || !there {
		return c, badFile(ErrFormat, has, "no column of geometries, %q", meta.Primary)
	}
	if !strings.EqualFold(about.Encoding, "WKB") || leaf.Node.Type().Kind() != parquet.ByteArray {
		return c, badFile(ErrFormat, "write it with geometries as WKB", "geometries encoded as %q", about.Encoding)
	}
	c.geometry = leaf.ColumnIndex
	for _, key := range []string{"id", "fid"} {
		if l, ok := file.Schema().Lookup(key); ok && l.Node.Leaf() {
			c.key = key
		}
	}
	c.mercator, err = parquetCRS(about.CRS)
	return c, err
}

// parquetCRS reads PROJJSON as far as it names itself. A file that does not say is in OGC:CRS84.
func parquetCRS(raw json.RawMessage) (mercator bool, err error) {
	if len(raw) == 0 {
		return false, nil
	}
	var crs struct {
		Name string
		ID   struct {
			Authority string
			Code      any
		}
	}
	if err := json.Unmarshal(raw, &crs); err != nil {
		return false, badFile(ErrFormat, "", "its crs: %w", err)
	}
	switch id := fmt.Sprintf("%s:%v", crs.ID.Authority, crs.ID.Code); {
	case id == "OGC:CRS84" || id == "EPSG:4326":
		return false, nil
	case id == "EPSG:3857":
		return true, nil
	case string(raw) == "null":
		return false, badFile(ErrCRS, "say it in the file, or "+convert, "which it does not know (its crs is null)")
	default:
		return false, badFile(ErrCRS, convert, "%s", strings.TrimSpace(crs.Name+" "+strings.Trim(strings.ReplaceAll(id, "<nil>", ""), ":")))
	}
}

func (c *parquetColumns) read(ctx context.Context, group parquet.RowGroup, take taker) error {
	rows := group.Rows()
	defer rows.Close()
	buf := make([]parquet.Row, 64)
	for {
		n, err := rows.ReadRows(buf)
		for _, row := range buf[:n] {
			if err := take(ctx, c.record(row)); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badFile(ErrFormat, "", "a damaged Parquet file: %w", err)
		}
	}
}

func (c *parquetColumns) record(row parquet.Row) record {
	r := record{values: make(map[string]string, len(c.names))}
	for _, v := range row {
		name := c.names[v.Column()]
		switch {
		case v.IsNull():
		case v.Column() == c.geometry:
			r.geometry, r.err = degrees(v.ByteArray(), c.mercator)
		case name != "":
			r.values[name] = v.String()
		}
	}
	r.id = r.values[c.key]
	return r
}
