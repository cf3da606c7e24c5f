// Package export writes features, one by one and in bounded memory, to the files that people take away: GeoJSON and its
// sequences, GeoPackage, KML, GeoParquet, PMTiles, and through GDAL's ogr2ogr whatever that writes.
//
// A file comes into being beside its place and is renamed when it is whole, so nobody meets half a file, whatever happens.
package export

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/precinct-map/precinct/geo/formats"
)

// Writer takes features in. Write and Close are for one goroutine.
type Writer interface {
	// Write adds a feature; the writer keeps nothing of it. After an error every call gives the same error.
	Write(f *formats.Feature) error
	// Close finishes the file and puts it in its place. After an error, or when the context has ended, it does what
	// Discard does instead and says why.
	Close() error
	// Discard throws away what was written; after Close it does nothing, so that it can be deferred.
	Discard()
}

// Meta is what a file says of itself.
type Meta struct {
	Name        string // of the layer; "" is "aoi"
	Title       string // for people; "" is the name
	Description string
	Attribution string // of the pictures that the features were found on, as text
	License     string // of the features, as text or URL
	Model       string // that found them
	// Fields are the columns of the formats that have some. nil: those of the first thousand features, which are held back
	// for that; a later property that is new is then an error.
	Fields []Field
	// MaxZoom is PMTiles' deepest zoom, up to 22; 0 is the least of 14 to 16 at which most features are larger than a mark.
	MaxZoom int
	// TileFields are the properties that PMTiles have, as each tile has them again; nil for all.
	TileFields []string
	// TempDir is where formats that need a file are made when the result goes to an io.Writer; "" is the system's.
	TempDir string
}

func (m Meta) withDefaults() Meta {
	if m.Name == "" {
		m.Name = "aoi"
	}
	if m.Title == "" {
		m.Title = m.Name
	}
	return m
}

// properties are what is known, under the names that all formats use.
func (m Meta) properties() []formats.Property {
	var out []formats.Property
	for _, p := range [...]struct{ key, value string }{
		{"name", m.Title}, {"description", m.Description}, {"attribution", m.Attribution}, {"license", m.License}, {"model", m.Model},
	} {
		if p.value != "" {
			out = append(out, formats.Property{Key: p.key, Value: p.value})
		}
	}
	return out
}

// summary is what is known as text for people.
func (m Meta) summary() string {
	var lines []string
	for _, s := range [...]struct{ label, value string }{
		{"", m.Description}, {"", m.Attribution}, {"License: ", m.License}, {"Model: ", m.Model},
	} {
		if s.value != "" {
			lines = append(lines, s.label+s.value)
		}
	}
	return strings.Join(lines, "\n")
}

// Sentinels of the package; test with errors.Is. Features' own errors are those of package formats.
var (
	ErrFormat = errors.New("not a known format")
	ErrNoGDAL = errors.New("ogr2ogr is not installed")
	ErrGDAL   = errors.New("ogr2ogr failed")
	ErrClosed = errors.New("already closed")
)

// encoder writes one format. Its owner calls finish or drop, once.
type encoder interface {
	write(f *formats.Feature) error
	finish() error // what is written is whole then
	drop()         // frees what finish would have
}

// Create writes a file. Its folder must exist; what stands at the path is replaced when the new file is whole.
func Create(ctx context.Context, path string, f Format, m Meta) (Writer, error) {
	out, err := newPlace(path)
	if err != nil {
		return nil, failed(f, err)
	}
	return open(ctx, out, f, m)
}

// New writes to a stream, which it does not close. Formats whose Seeks is true reach it on Close, all at once; of the others it
// has had a part when something fails.
func New(ctx context.Context, w io.Writer, f Format, m Meta) (Writer, error) {
	if !f.Seeks {
		return open(ctx, stream{w}, f, m)
	}
	out, err := newDetour(w, m.TempDir, f.Suffix)
	if err != nil {
		return nil, failed(f, err)
	}
	return open(ctx, out, f, m)
}

func open(ctx context.Context, out sink, f Format, m Meta) (Writer, error) {
	m = m.withDefaults()
	e, err := f.open(ctx, out, m)
	if err != nil {
		out.drop()
		return nil, failed(f, err)
	}
	return &writer{ctx: ctx, format: f, encoder: e, out: out}, nil
}

// writer is an encoder and the place that its file goes to.
type writer struct {
	ctx     context.Context // of the whole file, from Create to Close
	format  Format
	encoder encoder
	out     sink
	err     error
	done    bool
}

func (w *writer) Write(f *formats.Feature) error {
	if w.err != nil {
		return w.err
	}
	err := w.ctx.Err()
	if err == nil {
		err = w.encoder.write(f)
	}
	if err != nil {
		w.err = failed(w.format, err)
	}
	return w.err
}

func (w *writer) Close() error {
	if w.done || w.err != nil {
		w.Discard()
		return w.err
	}
	w.done = true
	err := w.ctx.Err()
	if err == nil {
		err = w.encoder.finish()
	} else {
		w.encoder.drop()
	}
	if err == nil {
		err = w.out.commit(w.ctx)
	}
	w.out.drop()
	w.err = ErrClosed
	if err != nil {
		w.err = failed(w.format, err)
		return w.err
	}
	return nil
}

func (w *writer) Discard() {
	if w.done {
		return
	}
	w.done = true
	w.encoder.drop()
	w.out.drop()
	if w.err == nil {
		w.err = ErrClosed
	}
}

// failed names the format in an error that does not name its subject itself.
func failed(f Format, err error) error {
	var e *formats.Error
	if errors.As(err, &e) {
		return err
	}
	return &formats.Error{Op: "export", Subject: f.Name, Err: err}
}
