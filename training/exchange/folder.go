package exchange

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/training/dataset"
)

// indexNames are the indexes that are looked for in a folder, the first that is there.
var indexNames = []string{"index.jsonl", "index.csv", "metadata.jsonl", "metadata.csv"}

// indexed is where a row of an index stands.
type indexed struct {
	id     string
	line   int
	offset int64
	length int
}

// openFolder looks through a folder of pictures and its index, of JSON Lines or CSV.
func openFolder(ctx context.Context, path string, o *Options) (*source, error) {
	file := path
	if info, err := os.Stat(path); err != nil {
		return nil, badSource(path, ErrSource, "%v", err)
	} else if info.IsDir() {
		i := slices.IndexFunc(indexNames, func(n string) bool { _, err := os.Stat(filepath.Join(path, n)); return err == nil })
		if i < 0 {
			return nil, badSource(path, ErrSource, "there is none of %s in it; the index may also be named itself", strings.Join(indexNames, ", "))
		}
		file = filepath.Join(path, indexNames[i])
	}
	x := &index{file: file, csv: strings.EqualFold(filepath.Ext(file), ".csv"), options: o}
	if err := x.look(ctx); err != nil {
		return nil, err
	}
	sum, err := hashOf(file)
	if err != nil {
		return nil, err
	}
	return &source{parts: x.rows.parts(x.candidate), facts: []any{sum}, about: []string{"pictures and " + filepath.Base(file)}}, nil
}

// index is a table of rows whose pictures are files.
type index struct {
	file    string
	csv     bool
	options *Options
	header  []string          // of CSV
	columns map[string]string // ours → theirs
	rows    listing[indexed]
}

// longestRow is the most bytes of a row.
const longestRow = 8 << 20

// look notes where each row stands, and its split.
func (x *index) look(ctx context.Context) error {
	f, err := os.Open(x.file)
	if err != nil {
		return badSource(x.file, ErrSource, "%v", err)
	}
	defer f.Close()
	each := x.lines
	if x.csv {
		each = x.records
	}
	seen := ids{}
	err = each(f, func(at indexed, fields map[string]string, bad error) error {
		if x.columns == nil && bad == nil {
			found := x.header
			if !x.csv {
				found = slices.Sorted(maps.Keys(fields))
			}
			if x.columns, err = columns(x.file, found); err != nil {
				return err
			}
		}
		get := x.getter(fields)
		if at.id = get("id"); at.id == "" {
			at.id = fmt.Sprintf("row-%d", at.line)
		}
		at.id = seen.of(at.id)
		split, known := splitOf(get("split"))
		x.rows.add(x.options.split(split, known, get("sat")), at)
		return ctx.Err()
	})
	if err == nil && x.columns == nil {
		err = badSource(x.file, ErrSource, "there is no row in it")
	}
	return err
}

func (x *index) getter(fields map[string]string) func(string) string {
	return func(ours string) string {
		if theirs, ok := x.columns[ours]; ok {
			return fields[theirs]
		}
		return ""
	}
}

// lines gives the rows of JSON Lines; a line that is no object is given with the error.
func (x *index) lines(r io.Reader, give func(indexed, map[string]string, error) error) error {
	lines := bufio.NewReaderSize(r, longestRow)
	var offset int64
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			fields, bad := textFields(line)
			if stop := give(indexed{line: n, offset: offset, length: len(line)}, fields, bad); stop != nil {
				return stop
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badSource(x.file, fmt.Errorf("%w: row %d: %w", ErrSource, n, err), "want one JSON object a line")
		}
		offset += int64(len(line))
	}
}

// textFields are an object's values as text, as far as they are texts, numbers or truth values.
func textFields(line []byte) (map[string]string, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, &dataset.Fault{Reason: "it is no JSON object", Detail: err.Error()}
	}
	out := map[string]string{}
	for k, v := range raw {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		out[k] = s
	}
	return out, nil
}

// records gives the rows of CSV, whose first is the header.
func (x *index) records(r io.Reader, give func(indexed, map[string]string, error) error) error {
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	for n := 0; ; n++ {
		start := c.InputOffset()
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badSource(x.file, fmt.Errorf("%w: %w", ErrSource, err), "want comma-separated values with a header")
		}
		if n == 0 {
			record[0] = strings.TrimPrefix(record[0], "\ufeff")
			x.header = slices.Clone(record)
			continue
		}
		if err := give(indexed{line: n, offset: start, length: int(c.InputOffset() - start)}, x.fields(record), nil); err != nil {
			return err
		}
	}
}

func (x *index) fields(record []string) map[string]string {
	out := map[string]string{}
	for i, v := range record[:min(len(record), len(x.header))] {
		out[x.header[i]] = v
	}
	return out
}

// candidate reads a row again, and its pictures.
func (x *index) candidate(at indexed) dataset.Candidate {
	c := dataset.Candidate{Where: fmt.Sprintf("%s, row %d", filepath.Base(x.file), at.line)}
	fields, err := x.again(at)
	get := x.getter(fields)
	c.Row, c.Err = x.options.rowOf(at.id, "", get), err
	if said := get("split"); c.Err == nil && said != "" && x.options.Split == "" {
		if _, ok := splitOf(said); !ok {
			c.Err = &dataset.Fault{Reason: "its split is unknown", Detail: said}
		}
	}
	folder := x.options.Images
	if folder == "" {
		folder = filepath.Dir(x.file)
	}
	for _, p := range []struct {
		name, what string
		into       *[]byte
	}{{"map", "map", &c.Row.Map}, {"sat", "satellite picture", &c.Row.Satellite}, {"mask", "mask", &c.Row.Mask}} {
		if c.Err == nil {
			*p.into, c.Err = pictures(folder).read(p.what, get(p.name))
		}
	}
	return c
}

func (x *index) again(at indexed) (map[string]string, error) {
	f, err := os.Open(x.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, at.length)
	if _, err := f.ReadAt(data, at.offset); err != nil {
		return nil, err
	}
	if !x.csv {
		return textFields(data)
	}
	record, err := csv.NewReader(bytes.NewReader(data)).Read()
	return x.fields(record), err
}
