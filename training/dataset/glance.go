package dataset

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
)

// Position is where a row is in its data set, for Set.At.
type Position struct {
	file int32 // of the manifest's files
	at   int64 // a Parquet file's row; an index's byte
}

// Glance is a row without what is large or long: no pictures but the mask, where that was asked for, and neither window, labels nor
// sources.
type Glance struct {
	Row
	At Position
}

// Glances gives a glance at each row, marked ones too, in the order of the files. It reads some tens of bytes a row, and the masks where
// they are asked for. What cannot be read comes as an error, and the next file follows.
func (s *Set) Glances(masks bool) iter.Seq2[*Glance, error] {
	return func(yield func(*Glance, error) bool) {
		for n, f := range s.Files {
			if f.Split == "" {
				continue
			}
			look := glanceParquet
			if s.Format == "folder" {
				look = glanceIndex
			}
			path := filepath.Join(s.Dir, filepath.FromSlash(f.Name))
			if !look(path, masks, func(at int64, r *Row, err error) bool {
				if err != nil {
					return yield(nil, &Error{Op: "read", Subject: path, Err: err})
				}
				r.Split = f.Split
				return yield(&Glance{*r, Position{int32(n), at}}, nil)
			}) {
				return
			}
		}
	}
}

// At reads one row with its pictures. Errors wrap ErrBroken where the data set has no such row any more.
func (s *Set) At(p Position) (*Row, error) {
	if p.file < 0 || int(p.file) >= len(s.Files) || p.at < 0 {
		return nil, &Error{Op: "read", Subject: s.Dir, Err: fmt.Errorf("%w: it has no such row", ErrBroken)}
	}
	f := s.Files[p.file]
	path := filepath.Join(s.Dir, filepath.FromSlash(f.Name))
	read := parquetRowAt
	if s.Format == "folder" {
		read = indexRowAt
	}
	row, err := read(path, f.Split, p.at)
	if err != nil {
		return nil, &Error{Op: "read", Subject: fmt.Sprintf("%s at %d", path, p.at), Err: err}
	}
	return row, nil
}

// glanced are the columns of a glance; the mask's is the last.
var glanced = []string{"id", "problem", "tier", "class", "function", "region", "place", "drawn", "novel", "mask"}

func glanceParquet(path string, masks bool, yield func(int64, *Row, error) bool) (more bool) {
	f, file, err := openShard(path)
	if err != nil {
		return yield(0, nil, err)
	}
	defer f.Close()
	wanted := glanced
	if !masks {
		wanted = wanted[:len(wanted)-1]
	}
	n := int64(0)
	for _, group := range file.RowGroups() {
		columns := make([]*flatColumn, len(wanted))
		for k, name := range wanted {
			columns[k] = columnOf(file, group, name)
		}
		end := n + group.NumRows()
		for ; n < end; n++ {
			r, err := nextGlance(columns)
			if more = yield(n, r, err); !more || err != nil {
				closeAll(columns)
				return more
			}
		}
		closeAll(columns)
	}
	return true
}

func nextGlance(columns []*flatColumn) (*Row, error) {
	var r Row
	texts := []*string{&r.ID, &r.Problem, &r.Tier, &r.Class, &r.Function, &r.Region, &r.Place}
	for k, c := range columns {
		v, err := c.next()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: column %s: %w", ErrRow, glanced[k], err)
		case v.IsNull():
		case k < len(texts):
			*texts[k] = string(v.ByteArray())
		case glanced[k] == "drawn":
			r.Drawn = v.Boolean()
		case glanced[k] == "novel":
			r.Novel = v.Boolean()
		default:
			r.Mask = append([]byte(nil), v.ByteArray()...)
		}
	}
	return &r, nil
}

// flatColumn gives the values of a column that has one a row, page by page: a reader of rows would read the pictures too.
type flatColumn struct {
	pages  parquet.Pages
	values parquet.ValueReader
	buffer [64]parquet.Value
	ready  []parquet.Value
}

// columnOf is a column of some rows, nil where the file has none of that name. A picture's is its bytes.
func columnOf(file *parquet.File, group parquet.RowGroup, name string) *flatColumn {
	path := []string{name}
	if name == "mask" {
		path = append(path, "bytes")
	}
	leaf, ok := file.Schema().Lookup(path...)
	if !ok || leaf.Node.Repeated() {
		return nil
	}
	return &flatColumn{pages: group.ColumnChunks()[leaf.ColumnIndex].Pages()}
}

func (c *flatColumn) next() (parquet.Value, error) {
	if c == nil {
		return parquet.Value{}, nil
	}
	for len(c.ready) == 0 {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return parquet.Value{}, err
			}
			c.values = page.Values()
		}
		n, err := c.values.ReadValues(c.buffer[:])
		c.ready = c.buffer[:n]
		if errors.Is(err, io.EOF) {
			c.values = nil
		} else if err != nil {
			return parquet.Value{}, err
		}
	}
	v := c.ready[0]
	c.ready = c.ready[1:]
	return v, nil
}

func closeAll(columns []*flatColumn) {
	for _, c := range columns {
		if c != nil {
			_ = c.pages.Close()
		}
	}
}

func parquetRowAt(path, split string, n int64) (*Row, error) {
	f, file, err := openShard(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := parquet.NewGenericReader[parquetRow](file)
	defer r.Close()
	if n >= r.NumRows() {
		return nil, fmt.Errorf("%w: it has %d rows", ErrBroken, r.NumRows())
	}
	if err := r.SeekToRow(n); err != nil {
		return nil, err
	}
	rows := make([]parquetRow, 1)
	if got, err := r.Read(rows); got == 0 {
		return nil, err
	}
	return rows[0].row(split)
}

func glanceIndex(path string, masks bool, yield func(int64, *Row, error) bool) (more bool) {
	f, err := os.Open(path)
	if err != nil {
		return yield(0, nil, err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	at := int64(0)
	for lines.Scan() {
		r, err := glanceLine(filepath.Dir(path), lines.Bytes(), masks)
		if err != nil {
			err = fmt.Errorf("byte %d: %w", at, err)
		}
		if !yield(at, r, err) {
			return false
		}
		at += int64(len(lines.Bytes())) + 1
	}
	if err := lines.Err(); err != nil {
		return yield(0, nil, fmt.Errorf("%w: %w", ErrRow, err))
	}
	return true
}

func glanceLine(dir string, line []byte, mask bool) (*Row, error) {
	var r indexRow
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRow, err)
	}
	out := &Row{ID: r.ID, Problem: r.Problem, Tier: r.Tier, Class: r.Class, Function: r.Function, Region: r.Region, Place: r.Place, Drawn: r.Drawn, Novel: r.Novel}
	if !mask {
		return out, nil
	}
	if !filepath.IsLocal(r.Mask) {
		return nil, fmt.Errorf("%w: %q lies outside of the data set", ErrRow, r.Mask)
	}
	var err error
	if out.Mask, err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(r.Mask))); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRow, err)
	}
	return out, nil
}

func indexRowAt(path, split string, at int64) (*Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	line, err := bufio.NewReader(io.NewSectionReader(f, at, longestLine)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(line) == 0 {
		return nil, fmt.Errorf("%w: its index ends before", ErrBroken)
	}
	return readIndexRow(filepath.Dir(path), split, line)
}
