package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/precinct-map/precinct/training/dataset"
)

// openSocioSeg looks through SocioSeg as the hub has it: Parquet files with embedded pictures, whose names tell the split and, where they
// lie in folders by tier, the tier. Where there is no Parquet, it is the authors' raw files: SPLIT/ID/ with question.json and three pictures.
func openSocioSeg(ctx context.Context, path string, o *Options) (*source, error) {
	files, err := filesBelow(path, ".parquet")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return openRawSocioSeg(path, o)
	}
	s, seen := &source{about: []string{"SocioSeg's layout"}}, ids{}
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t := &table{file: filepath.Join(path, filepath.FromSlash(name)), name: name, options: o}
		if name == "." {
			t.file, t.name = path, filepath.Base(path)
		}
		if err := t.look(seen); err != nil {
			return nil, err
		}
		split, _ := splitOfPath(t.name) // without a name it is train, as to the hub
		s.parts = append(s.parts, dataset.Part{Split: dataset.Splits[o.split(split, true, "")], Rows: len(t.ids), Read: t.read})
		s.facts = append(s.facts, t.name, t.size, t.ids)
	}
	return s, nil
}

// table is one Parquet file.
type table struct {
	file, name string
	options    *Options
	size       int64
	ids        []string
	leaves     map[string]int // column → number of its leaf; of a picture, column.bytes and column.path
}

// look reads the columns' names and the ids.
func (t *table) look(seen ids) error {
	return t.open(func(file *parquet.File) error {
		var found []string
		for _, f := range file.Schema().Fields() {
			found = append(found, f.Name())
		}
		names, err := columns(t.file, found)
		if err != nil {
			return err
		}
		t.leaves = map[string]int{}
		for ours, theirs := range names {
			for leaf, path := range map[string][]string{ours: {theirs}, ours + ".bytes": {theirs, "bytes"}, ours + ".path": {theirs, "path"}} {
				if c, ok := file.Schema().Lookup(path...); ok {
					t.leaves[leaf] = c.ColumnIndex
				}
			}
		}
		for _, picture := range []string{"map", "sat", "mask"} {
			_, plain := t.leaves[picture]
			_, bytes := t.leaves[picture+".bytes"]
			if !plain && !bytes {
				return &Error{Op: "import", Subject: t.file, Err: fmt.Errorf("%w: its %s is neither a struct of bytes and path nor bytes", ErrColumns, names[picture]), Hint: "its columns are " + strings.Join(found, ", ")}
			}
		}
		return t.lookAtIDs(file, seen)
	})
}

func (t *table) lookAtIDs(file *parquet.File, seen ids) error {
	leaf, ok := t.leaves["id"]
	for _, group := range file.RowGroups() {
		if !ok {
			for range group.NumRows() {
				t.ids = append(t.ids, seen.of(fmt.Sprintf("%s-%d", strings.TrimSuffix(t.name, ".parquet"), len(t.ids))))
			}
			continue
		}
		if err := eachValue(group.ColumnChunks()[leaf], func(v parquet.Value) { t.ids = append(t.ids, seen.of(text(v))) }); err != nil {
			return badSource(t.file, fmt.Errorf("%w: %w", ErrSource, err), "the file is broken")
		}
	}
	return nil
}

func eachValue(chunk parquet.ColumnChunk, give func(parquet.Value)) error {
	pages := chunk.Pages()
	defer pages.Close()
	values := make([]parquet.Value, 256)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for r := page.Values(); ; {
			n, err := r.ReadValues(values)
			for _, v := range values[:n] {
				give(v)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
		parquet.Release(page)
	}
}

func text(v parquet.Value) string {
	if v.IsNull() {
		return ""
	}
	return v.String()
}

// open calls use with the file; a file that is none is an error and not the library's panic.
func (t *table) open(use func(*parquet.File) error) (err error) {
	f, err := os.Open(t.file)
	if err != nil {
		return badSource(t.file, ErrSource, "%v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	t.size = info.Size()
	defer func() {
		if r := recover(); r != nil {
			err = badSource(t.file, fmt.Errorf("%w: %v", ErrSource, r), "the file is no whole Parquet")
		}
	}()
	file, err := parquet.OpenFile(f, t.size)
	if err != nil {
		return badSource(t.file, fmt.Errorf("%w: %w", ErrSource, err), "the file is no whole Parquet")
	}
	return use(file)
}

// rowsAtOnce bounds what is held of a file: each row has three pictures.
const rowsAtOnce = 8

// read gives n rows from one on.
func (t *table) read(ctx context.Context, from, n int, yield func(dataset.Candidate) bool) {
	err := t.open(func(file *parquet.File) error {
		first := 0
		for _, group := range file.RowGroups() {
			count := int(group.NumRows())
			if lo, hi := max(from, first), min(from+n, first+count); lo < hi {
				if more, err := t.readGroup(ctx, group, first, lo, hi, yield); err != nil || !more {
					return err
				}
			}
			first += count
		}
		return nil
	})
	if err != nil {
		yield(dataset.Candidate{Err: err})
	}
}

func (t *table) readGroup(ctx context.Context, group parquet.RowGroup, first, lo, hi int, yield func(dataset.Candidate) bool) (more bool, err error) {
	rows := group.Rows()
	defer rows.Close()
	if err := rows.SeekToRow(int64(lo - first)); err != nil {
		return false, err
	}
	buffer := make([]parquet.Row, rowsAtOnce)
	for at := lo; at < hi; {
		got, err := rows.ReadRows(buffer[:min(rowsAtOnce, hi-at)])
		for i, row := range buffer[:got] {
			if ctx.Err() != nil || !yield(t.candidate(row, at+i)) {
				return false, nil
			}
		}
		if at += got; at < hi && (err != nil || got == 0) {
			return false, badSource(t.file, fmt.Errorf("%w: after row %d: %w", ErrSource, at, errors.Join(err, io.ErrUnexpectedEOF)), "the file is broken")
		}
	}
	return true, nil
}

func (t *table) candidate(row parquet.Row, n int) dataset.Candidate {
	values := map[int]parquet.Value{}
	row.Range(func(column int, v []parquet.Value) bool {
		if len(v) > 0 {
			values[column] = v[0]
		}
		return true
	})
	get := func(name string) string {
		if leaf, ok := t.leaves[name]; ok {
			return text(values[leaf])
		}
		return ""
	}
	r := t.options.rowOf(t.ids[n], t.name, get)
	c := dataset.Candidate{Row: r, Where: fmt.Sprintf("%s, row %d", t.name, n)}
	for _, p := range []struct {
		name, what string
		into       *[]byte
	}{{"map", "map", &r.Map}, {"sat", "satellite picture", &r.Satellite}, {"mask", "mask", &r.Mask}} {
		for _, name := range []string{p.name + ".bytes", p.name} {
			if leaf, ok := t.leaves[name]; ok && !values[leaf].IsNull() {
				*p.into = bytes.Clone(values[leaf].ByteArray())
			}
		}
		if len(*p.into) == 0 && c.Err == nil { // the hub's readers take it from the file then
			*p.into, c.Err = pictures(filepath.Dir(t.file)).read(p.what, get(p.name+".path"))
		}
	}
	return c
}

// rowOf is a row of a table of texts. The path may tell the tier.
func (o *Options) rowOf(id, path string, get func(column string) string) *dataset.Row {
	tier := get("tier")
	if tier == "" {
		tier = tierOfPath(path)
	}
	r := o.row(id, strings.TrimSpace(get("problem")), tier, get("class"), get("function"))
	if v := get("attribution"); v != "" {
		r.Attribution = v
	}
	if v := get("licence"); v != "" {
		r.Licence = v
	}
	return r
}
