package export

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"github.com/precinct-map/precinct/geo/formats"
)

// Bounds of a row group, which is what the writer holds in memory and the least that a reader skips by its bounds.
const (
	groupRows  = 50_000
	groupBytes = 32 << 20
)

// openGeoParquet writes version 1.1.0, https://geoparquet.org/releases/v1.1.0/: WKB, a struct of bounds a row that covers the
// geometry, zstd.
func openGeoParquet(_ context.Context, out sink, m Meta) (encoder, error) {
	return newTable(&geoParquet{out: out, meta: m, shape: newShape()}, m)
}

type geoParquet struct {
	out             sink
	meta            Meta
	w               *parquet.GenericWriter[any]
	geometry, bound string // columns
	fields          []Field
	shape           shape
	buf             parquet.Row
	rows, bytes     int // of the row group
}

// ordered is a group of columns in their own order; parquet.Group alone sorts them by name.
type ordered struct {
	parquet.Group
	names []string
}

func (o ordered) Fields() []parquet.Field {
	fields := o.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int { return slices.Index(o.names, a.Name()) - slices.Index(o.names, b.Name()) })
	return fields
}

func (o *ordered) add(name string, n parquet.Node) {
	o.Group[name] = n
	o.names = append(o.names, name)
}

func (k Kind) parquet() parquet.Node {
	switch k {
	case Integer:
		return parquet.Int(64)
	case Real:
		return parquet.Leaf(parquet.DoubleType)
	case Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case Moment:
		return parquet.Timestamp(parquet.Millisecond)
	}
	return parquet.String()
}

func (g *geoParquet) begin(fields []Field) error {
	g.fields = fields
	g.geometry, g.bound = free(fields, "geometry"), free(fields, "bbox")
	columns := ordered{Group: parquet.Group{}}
	columns.add(free(fields, "fid"), parquet.Optional(parquet.Int(64)))
	for _, f := range fields {
		columns.add(f.Name, parquet.Optional(f.Kind.parquet()))
	}
	columns.add(g.geometry, parquet.Optional(parquet.Leaf(parquet.ByteArrayType)))
	edges := ordered{Group: parquet.Group{}}
	for _, edge := range edgeNames() {
		edges.add(edge, parquet.Leaf(parquet.DoubleType))
	}
	columns.add(g.bound, parquet.Optional(edges))
	g.w = parquet.NewGenericWriter[any](g.out.writer(), parquet.NewSchema(g.meta.Name, columns),
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		// Bounds of WKB or of long texts help nobody and make the footer large.
		parquet.SkipPageBounds(g.geometry), parquet.WriteBufferSize(64<<10), parquet.PageBufferSize(256<<10))
	for _, p := range g.meta.properties() {
		g.w.SetKeyValueMetadata(p.Key, p.Value.(string))
	}
	return nil
}

func edgeNames() []string { return []string{"xmin", "ymin", "xmax", "ymax"} }

func (g *geoParquet) row(f *formats.Feature, values []any) error {
	shape, err := plain(f)
	if err != nil {
		return err
	}
	row, column := g.buf[:0], 0
	add := func(v parquet.Value, null bool) {
		level := 1
		if null {
			v, level = parquet.NullValue(), 0
		}
		row = append(row, v.Level(0, level, column))
		column++
	}
	add(parquet.Int64Value(int64(f.Num)), f.Num == 0)
	for _, v := range values {
		add(parquetValue(v), v == nil)
		if s, ok := v.(string); ok {
			g.bytes += len(s)
		}
	}
	var body []byte
	var b orb.Bound
	if shape != nil {
		if body, err = wkb.Marshal(shape, binary.LittleEndian); err != nil {
			return &formats.Error{Op: "export", Subject: subject(f), Err: fmt.Errorf("%w: %w", formats.ErrGeometry, err)}
		}
		b = g.shape.add(shape)
	}
	add(parquet.ByteArrayValue(body), shape == nil)
	for _, v := range [...]float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]} {
		add(parquet.DoubleValue(v), shape == nil)
	}
	g.buf = row
	if _, err := g.w.WriteRows([]parquet.Row{row}); err != nil {
		return err
	}
	g.rows++
	g.bytes += len(body) + 8*len(row)
	if g.rows >= groupRows || g.bytes >= groupBytes {
		g.rows, g.bytes = 0, 0
		return g.w.Flush()
	}
	return nil
}

func parquetValue(v any) parquet.Value {
	switch v := v.(type) {
	case int64:
		return parquet.Int64Value(v)
	case float64:
		return parquet.DoubleValue(v)
	case bool:
		return parquet.BooleanValue(v)
	case time.Time:
		return parquet.Int64Value(v.UnixMilli())
	case string:
		return parquet.ByteArrayValue([]byte(v))
	}
	return parquet.NullValue()
}

func (g *geoParquet) finish() error {
	about, err := json.Marshal(g.about())
	if err != nil {
		return err
	}
	g.w.SetKeyValueMetadata("geo", string(about))
	return g.w.Close()
}

func (g *geoParquet) drop() {}

// about is the file's metadata under the key geo. No crs is OGC:CRS84.
func (g *geoParquet) about() map[string]any {
	types := slices.AppendSeq([]string{}, maps.Keys(g.shape.types)) // not nil: JSON's [] and not null
	slices.Sort(types)
	column := map[string]any{"encoding": "WKB", "orientation": "counterclockwise", "edges": "planar", "geometry_types": types}
	covering := map[string]any{}
	for _, edge := range edgeNames() {
		covering[edge] = []string{g.bound, edge}
	}
	column["covering"] = map[string]any{"bbox": covering}
	if b := g.shape.bounds; !g.shape.empty() {
		column["bbox"] = []float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
	}
	return map[string]any{"version": "1.1.0", "primary_column": g.geometry, "columns": map[string]any{g.geometry: column}}
}
