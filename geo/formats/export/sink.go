package export

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// sink is where a file goes.
type sink interface {
	// writer is for encoders that write from the first byte to the last.
	writer() io.Writer
	// path is for encoders that need a file; "" where there is none. Its folder is the sink's own: what else lies there
	// when the sink is dropped goes too.
	path() string
	commit(ctx context.Context) error
	drop() // after commit, or instead of it
}

// stream is a sink that is written as it comes.
type stream struct{ w io.Writer }

func (s stream) writer() io.Writer            { return s.w }
func (s stream) path() string                 { return "" }
func (s stream) commit(context.Context) error { return nil }
func (s stream) drop()                        {}

// scratch is a folder with the file that is being made.
type scratch struct {
	folder string
	file   *os.File
}

func newScratch(parent, name string) (scratch, error) {
	folder, err := os.MkdirTemp(parent, ".precinct-export-")
	if err != nil {
		return scratch{}, err
	}
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		_ = os.RemoveAll(folder)
		return scratch{}, err
	}
	return scratch{folder, file}, nil
}

func (s scratch) writer() io.Writer { return s.file }
func (s scratch) path() string      { return s.file.Name() }
func (s scratch) drop() {
	_ = s.file.Close()
	_ = os.RemoveAll(s.folder)
}

// place is a path in a folder. The file is made in a folder beside it, on the same disk.
type place struct {
	scratch
	final string
}

func newPlace(path string) (*place, error) {
	s, err := newScratch(filepath.Dir(path), filepath.Base(path))
	return &place{s, path}, err
}

// commit makes sure that the bytes are on the disk before the name is.
func (p *place) commit(ctx context.Context) error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.Rename(p.path(), p.final)
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
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := d.file.Read(buf)
		if n > 0 {
			if _, err := d.w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
