package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/precinct-map/precinct/geo"
)

// picture is the hub's way to embed one (datasets.Image): bytes, and the name that the file had. Its readers take a column for pictures where it
// may be null on every level only, as their own are.
type picture struct {
	Bytes []byte `parquet:"bytes,optional,dict"` // samples of one window share their pictures: the dictionary holds them once
	Path  string `parquet:"path,optional,dict"`
}

// parquetRow is a Row as Parquet has it.
type parquetRow struct {
	ID          string   `parquet:"id"`
	Problem     string   `parquet:"problem"`
	Map         picture  `parquet:"map,optional"`
	Satellite   picture  `parquet:"sat,optional"`
	Mask        picture  `parquet:"mask,optional"`
	Tier        string   `parquet:"tier,dict"`
	Class       string   `parquet:"class,dict"`
	Function    string   `parquet:"function,dict"`
	Region      string   `parquet:"region,dict"`
	Place       string   `parquet:"place"`
	Window      []int64  `parquet:"window,list"`
	Labels      string   `parquet:"labels,dict"`
	Sources     []string `parquet:"sources,list"`
	Attribution string   `parquet:"attribution,dict"`
	Licence     string   `parquet:"licence,dict"`
	Drawn       bool     `parquet:"drawn"`
	Novel       bool     `parquet:"novel"`
}

// feature is a column's type in the hub's words.
type feature struct {
	Name string
	Type any
}

func value(dtype string) any { return map[string]string{"dtype": dtype, "_type": "Value"} }
func listOf(of any) any      { return map[string]any{"feature": of, "_type": "Sequence"} }

// features are the columns of the layout for the hub's readers, in their order.
func features() []feature {
	image := map[string]string{"_type": "Image"}
	return []feature{{"id", value("string")}, {"problem", value("string")}, {"map", image}, {"sat", image}, {"mask", image},
		{"tier", value("string")}, {"class", value("string")}, {"function", value("string")}, {"region", value("string")},
		{"place", value("string")}, {"window", listOf(value("int64"))}, {"labels", value("string")}, {"sources", listOf(value("string"))},
		{"attribution", value("string")}, {"licence", value("string")}, {"drawn", value("bool")}, {"novel", value("bool")}}
}

// hubMetadata is what readers of the hub look for in a Parquet file: which columns are pictures.
func hubMetadata() string {
	all := map[string]any{}
	for _, f := range features() {
		all[f.Name] = f.Type
	}
	out, err := json.Marshal(map[string]any{"info": map[string]any{"features": all}})
	if err != nil {
		panic(err) // maps of strings
	}
	return string(out)
}

// rowGroup is how many rows are held in memory while a shard is written, and while it is read.
const rowGroup = 32

// parquetWriter writes one shard. The same rows give the same bytes.
type parquetWriter struct {
	w *parquet.GenericWriter[parquetRow]
}

func newParquetWriter(w io.Writer) *parquetWriter {
	return &parquetWriter{parquet.NewGenericWriter[parquetRow](w, parquet.MaxRowsPerRowGroup(rowGroup), parquet.KeyValueMetadata("huggingface", hubMetadata()),
		parquet.CreatedBy("precinct", "1", "0"), parquet.DataPageStatistics(false))}
}

func (p *parquetWriter) Write(r *Row) error {
	labels := ""
	if r.Labelled {
		labels = labelsText(r.Labels)
	}
	_, err := p.w.Write([]parquetRow{{ID: r.ID, Problem: r.Problem, Map: picture{r.Map, pictureName(r, "map", r.Map)}, Satellite: picture{r.Satellite, pictureName(r, "sat", r.Satellite)},
		Mask: picture{r.Mask, r.ID + "_mask.png"}, Tier: r.Tier, Class: r.Class, Function: r.Function, Region: r.Region, Place: r.Place,
		Window: windowNumbers(r.Window), Labels: labels, Sources: r.Sources, Attribution: r.Attribution, Licence: r.Licence, Drawn: r.Drawn, Novel: r.Novel}})
	return err
}

func (p *parquetWriter) Close() error { return p.w.Close() }

// pictureName is a picture's name without folders; samples of one window share it.
func pictureName(r *Row, layer string, data []byte) string {
	return sceneOf(r.ID) + "_" + layer + extension(data)
}

// sceneOf is the part of an id that all samples of one window share: what comes before the last full stop.
func sceneOf(id string) string {
	if i := strings.LastIndexByte(id, '.'); i > 0 {
		return id[:i]
	}
	return id
}

func extension(picture []byte) string {
	if len(picture) > 2 && picture[0] == 0xff && picture[1] == 0xd8 {
		return ".jpg"
	}
	return ".png"
}

func labelsText(labels []Label) string {
	if labels == nil {
		labels = []Label{}
	}
	out, err := json.Marshal(labels)
	if err != nil {
		panic(err) // strings and finite numbers
	}
	return string(out)
}

func windowNumbers(w geo.Window) []int64 {
	if w.Empty() {
		return nil
	}
	return []int64{int64(w.Z), int64(w.X), int64(w.Y), int64(w.W), int64(w.H)}
}

func windowOf(n []int64) (geo.Window, error) {
	if len(n) == 0 {
		return geo.Window{}, nil
	}
	if len(n) != 5 || n[0] < 0 || n[0] > geo.MaxZoom || n[3] <= 0 || n[4] <= 0 {
		return geo.Window{}, fmt.Errorf("%w: window %v is not zoom, x, y, width, height", ErrRow, n)
	}
	return geo.Window{Z: int(n[0]), X: int(n[1]), Y: int(n[2]), W: int(n[3]), H: int(n[4])}, nil
}

// needed are the columns without which a file is no data set of this layout.
var needed = []string{"id", "problem", "map.bytes", "sat.bytes", "mask.bytes", "tier"}

// openShard opens a Parquet file that has the columns of the layout. Errors wrap ErrSchema where it has not.
func openShard(path string) (*os.File, *parquet.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	file, err := func() (*parquet.File, error) {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		file, err := openParquet(f, info.Size())
		if err != nil {
			return nil, err
		}
		for _, column := range needed {
			if _, ok := file.Schema().Lookup(strings.Split(column, ".")...); !ok {
				return nil, &Error{Op: "find column", Subject: column, Err: ErrSchema, Hint: "`precinct dataset import` reads other layouts"}
			}
		}
		return file, nil
	}()
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, file, nil
}

// readParquet gives a shard's rows one after the other until yield says no.
func readParquet(path, split string, yield func(*Row, error) bool) (more bool) {
	fail := func(err error) bool { return yield(nil, &Error{Op: "read", Subject: path, Err: err}) }
	f, file, err := openShard(path)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	r := parquet.NewGenericReader[parquetRow](file)
	defer r.Close()
	rows := make([]parquetRow, rowGroup)
	for n := 0; ; {
		got, err := r.Read(rows)
		for i := range rows[:got] {
			row, bad := rows[i].row(split)
			if bad != nil {
				bad = &Error{Op: "read", Subject: fmt.Sprintf("%s, row %d", path, n+i), Err: bad}
			}
			if !yield(row, bad) {
				return false
			}
		}
		n += got
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return fail(fmt.Errorf("after row %d: %w", n, err))
		}
	}
}

// openParquet opens a file; what is none is an error and not the library's panic.
func openParquet(f io.ReaderAt, size int64) (file *parquet.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrSchema, r)
		}
	}()
	if file, err = parquet.OpenFile(f, size); err != nil {
		err = fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return file, err
}

func (p *parquetRow) row(split string) (*Row, error) {
	w, err := windowOf(p.Window)
	if err != nil {
		return nil, err
	}
	r := &Row{ID: p.ID, Problem: p.Problem, Map: p.Map.Bytes, Satellite: p.Satellite.Bytes, Mask: p.Mask.Bytes, Tier: p.Tier, Split: split, Class: p.Class,
		Function: p.Function, Region: p.Region, Place: p.Place, Window: w, Sources: p.Sources, Attribution: p.Attribution, Licence: p.Licence, Drawn: p.Drawn, Novel: p.Novel}
	if p.Labels != "" {
		r.Labelled = true
		if err := json.Unmarshal([]byte(p.Labels), &r.Labels); err != nil {
			return nil, fmt.Errorf("%w: its labels: %w", ErrRow, err)
		}
	}
	return r, nil
}
