package export

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/precinct-map/precinct/geo/formats"
)

// sink is where a file goes.
type sink interface {
	// writer is for encoders that write from the first byte to the last, path for those that need a file; "" where there is
	// none. The file's folder is the sink's own.
	writer() io.Writer
	path() string
	commit(ctx context.Context) error // makes what was written whole appear
	drop()                            // after commit, or instead of it
}

// workshop is a folder for what is needed on the way to a sink's file; it goes with the sink.
func workshop(out sink) (string, error) {
	folder := filepath.Join(filepath.Dir(out.path()), "work")
	return folder, os.Mkdir(folder, 0o700)
}

// stream is a sink that is written as it comes.
type stream struct{ w io.Writer }

func (s stream) writer() io.Writer            { return s.w }
func (s stream) path() string                 { return "" }
func (s stream) commit(context.Context) error { return nil }
func (s stream) drop()                        {}

// scratch is a folder with the file that is being made.
type scratch struct {
	folder, name string
	file         *os.File
}

func newScratch(parent, name string) (scratch, error) {
	folder, err := os.MkdirTemp(parent, ".precinct-export-")
	if err != nil {
		return scratch{}, err
	}
	s := scratch{folder: folder, name: name}
	if s.file, err = os.OpenFile(s.path(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666); err != nil {
		_ = os.RemoveAll(folder)
	}
	return s, err
}

func (s *scratch) writer() io.Writer { return s.file }
func (s *scratch) path() string      { return filepath.Join(s.folder, s.name) }

func (s *scratch) drop() {
	_ = s.file.Close()
	_ = os.RemoveAll(s.folder)
}

// finished is the names of the files that were made, the one that was asked for last: Shapefiles are several.
func (s *scratch) finished() ([]string, error) {
	entries, err := os.ReadDir(s.folder)
	var names []string
	for _, e := range entries {
		if e.Name() != s.name && !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return append(names, s.name), err
}

// place is a path in a folder. The file is made in a folder beside it, on the same disk.
type place struct {
	scratch
	parent string
}

func newPlace(path string) (*place, error) {
	s, err := newScratch(filepath.Dir(path), filepath.Base(path))
	return &place{s, filepath.Dir(path)}, err
}

// commit makes sure that the bytes are on the disk before the name is.
func (p *place) commit(ctx context.Context) error {
	names, err := p.finished()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := settle(filepath.Join(p.folder, name)); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(p.folder, name), filepath.Join(p.parent, name)); err != nil {
			return err
		}
	}
	return nil
}

func settle(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// detour is a stream that gets a file when it is whole.
type detour struct {
	scratch
	w io.Writer
}

func newDetour(w io.Writer, folder, suffix string) (*detour, error) {
	s, err := newScratch(folder, "export"+suffix)
	return &detour{s, w}, err
}

func (d *detour) commit(ctx context.Context) error {
	names, err := d.finished()
	if err != nil {
		return err
	}
	if len(names) > 1 {
		return &formats.Error{Op: "export", Subject: filepath.Ext(d.name), Err: ErrFormat, Hint: "it is several files, and a stream has one: write to a path, or ask for shp.zip"}
	}
	file, err := os.Open(d.path()) // ogr2ogr may have made a new one
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(d.w, &untilDone{ctx, file})
	return err
}

// untilDone is a reader that ends with its context.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (u *untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}
