// Package outlines reads places with their outlines from GeoJSON, GeoPackage and GeoParquet, a million as well as ten: they are spilled
// into an R-tree on disk, which gives the places of a window. Rows that are no use are left out and told, the rest is kept.
package outlines

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training/dataset"
)

// Options says where rows have what. Without a class, the columns that are OpenStreetMap's tags tell it.
type Options struct {
	NameColumn  string // "" is name
	ClassColumn string // "" is class; its values are the taxonomy's ids or words
}

// Default columns.
const (
	nameColumn  = "name"
	classColumn = "class"
)

// Row is an outline as somebody gives it.
type Row struct {
	ID    string // "" is the row's number
	Name  string
	Class string // the taxonomy's id or words
	Shape orb.Geometry
}

// Problem is a row that was left out.
type Problem struct {
	Row int // counted from 1
	ID  string
	Err error // wraps one of Reasons
}

// Sentinels of the package; test with errors.Is.
var (
	ErrFormat = errors.New("not a usable file of outlines")
	ErrCRS    = errors.New("its coordinates are in another system")
	ErrColumn = errors.New("no such column")
	ErrEmpty  = errors.New("it holds no usable outline")

	// Why a row was left out.
	ErrNameless = errors.New("it has neither a name nor a known class")
	ErrNoShape  = errors.New("it has no polygon")
	ErrShape    = errors.New("its outline is not valid")
	ErrOutside  = errors.New("its coordinates are not degrees of this world")
	ErrAgain    = errors.New("it is the same place as another row")
	ErrRow      = errors.New("it cannot be read")
)

// Reasons are what a Problem's error may wrap.
func Reasons() []error {
	return []error{ErrNameless, ErrNoShape, ErrShape, ErrOutside, ErrAgain, ErrRow}
}

// Error says what was asked, what went wrong and what to do.
type Error struct {
	Op      string
	Subject string
	Err     error
	Hint    string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Open reads a file whatever its ending: GeoJSON (also one object a line), GeoPackage or GeoParquet, in WGS-84 degrees; the latter two may
// also be in EPSG:3857. Errors are an *Error that wraps ErrFormat, ErrCRS, ErrColumn, ErrEmpty, or the file's own.
func Open(ctx context.Context, path string, o Options) (*Set, error) {
	fail := func(err error) error { return failed(path, err) }
	f, err := os.Open(path)
	if err != nil {
		return nil, fail(err)
	}
	defer f.Close()
	read, err := readerOf(f)
	if err != nil {
		return nil, fail(err)
	}
	if o.NameColumn == "" {
		o.NameColumn = nameColumn
	}
	if o.ClassColumn == "" {
		o.ClassColumn = classColumn
	}
	c, err := newCollector(o)
	if err != nil {
		return nil, fail(err)
	}
	if err = read(ctx, f, c.add); err == nil {
		err = c.checkColumns()
	}
	if err != nil {
		_ = c.set.Close()
		return nil, fail(err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q ", o.NameColumn, o.ClassColumn)
	if _, err = f.Seek(0, io.SeekStart); err == nil {
		_, err = io.Copy(h, f)
	}
	if err != nil {
		_ = c.set.Close()
		return nil, fail(err)
	}
	s, err := c.finish(hex.EncodeToString(h.Sum(nil)))
	return s, fail(err)
}

// Collect takes outlines from elsewhere. Of rows that are the same place, with an IoU of at least half, the first stays. Errors are the
// rows', or wrap ErrEmpty.
func Collect(ctx context.Context, subject string, rows iter.Seq2[Row, error]) (*Set, error) {
	c, err := newCollector(Options{NameColumn: nameColumn, ClassColumn: classColumn})
	if err != nil {
		return nil, failed(subject, err)
	}
	c.distinct = true
	h := sha256.New()
	for r, err := range rows {
		if err == nil {
			fmt.Fprintf(h, "%q %q %q %v\n", r.ID, r.Name, r.Class, r.Shape)
			err = c.add(ctx, record{id: r.ID, geometry: r.Shape, values: map[string]string{nameColumn: r.Name, classColumn: r.Class}})
		}
		if err != nil {
			_ = c.set.Close()
			return nil, failed(subject, err)
		}
	}
	s, err := c.finish(hex.EncodeToString(h.Sum(nil)))
	return s, failed(subject, err)
}

func failed(subject string, err error) error {
	var known *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known) && known.Subject == "":
		known.Subject = subject
		return err
	}
	return &Error{Op: "read outlines", Subject: subject, Err: err}
}

// badFile is an error of a whole file, which Open gives its subject.
func badFile(kind error, hint, format string, args ...any) error {
	return &Error{Op: "read outlines", Err: fmt.Errorf("%w: "+format, append([]any{kind}, args...)...), Hint: hint}
}

const convert = "convert it with `ogr2ogr -t_srs EPSG:4326`"

// record is a row of a file.
type record struct {
	id       string // "" is the row's number
	values   map[string]string
	geometry orb.Geometry // WGS-84; nil for none
	err      error        // in the geometry's place where it could not be read
}

type taker func(context.Context, record) error

// readerOf tells a file's format by its first bytes.
func readerOf(f *os.File) (func(context.Context, *os.File, taker) error, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	head = head[:n]
	switch text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), "\x1e \t\r\n"); {
	case bytes.HasPrefix(head, []byte("SQLite format 3\x00")):
		return readGeoPackage, nil
	case bytes.HasPrefix(head, []byte("PAR1")):
		return readGeoParquet, nil
	case bytes.HasPrefix(text, []byte("{")):
		return readGeoJSON, nil
	}
	return nil, badFile(ErrFormat, "`ogr2ogr` makes one of what else there is", "want GeoJSON, GeoPackage or GeoParquet, not %q", filepath.Ext(f.Name()))
}

// checkColumns says whether columns that were asked for by name are there. Those of the default need not be.
func (c *collector) checkColumns() error {
	for _, want := range []struct{ given, usual string }{{c.options.NameColumn, nameColumn}, {c.options.ClassColumn, classColumn}} {
		if want.given != want.usual && !slices.Contains(c.columns, want.given) {
			return badFile(ErrColumn, "", "%q; it has %s", want.given, c.columnList())
		}
	}
	return nil
}

func (c *collector) columnList() string {
	if len(c.columns) == 0 {
		return "no columns"
	}
	list := slices.Clone(c.columns)
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// outside is a point of an outline that is nowhere on the map, and ok false where all are somewhere.
func outside(mp orb.MultiPolygon) (at orb.Point, ok bool) {
	const around = 540 // longitudes run on past the antimeridian
	for _, poly := range mp {
		for _, ring := range poly {
			for _, p := range ring {
				if !(p[0] >= -around && p[0] <= around && p[1] >= -geo.MaxLatitude && p[1] <= geo.MaxLatitude) {
					return p, true
				}
			}
		}
	}
	return orb.Point{}, false
}

// tidy closes rings and leaves out points that are there twice in a row, as many files have them.
func tidy(mp orb.MultiPolygon) orb.MultiPolygon {
	out := make(orb.MultiPolygon, 0, len(mp))
	for _, poly := range mp {
		rings := make(orb.Polygon, 0, len(poly))
		for _, ring := range poly {
			if r := slices.Compact(slices.Clone(ring)); len(r) > 0 {
				if r[0] != r[len(r)-1] {
					r = append(r, r[0])
				}
				rings = append(rings, r)
			}
		}
		if len(rings) > 0 {
			out = append(out, rings)
		}
	}
	return out
}

var _ func(context.Context, geo.Window) ([]dataset.Place, error) = (*Set)(nil).Places // what a dataset.Ground wants

func rowID(r record, row int) string {
	if r.id != "" {
		return r.id
	}
	return strconv.Itoa(row)
}
