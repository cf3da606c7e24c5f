package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// create opens a command's output. A file is written beside its place and put there by done, when the work succeeded, so
// that nobody meets half a result.
func create(stdout io.Writer, path string) (io.Writer, func(error) error, error) {
	if path == "" || path == "-" {
		return stdout, func(err error) error { return err }, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // /dev/null or a pipe: never to be put something else in its place
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, nil, err
		}
		return f, func(err error) error { return errors.Join(err, f.Close()) }, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return nil, nil, err
	}
	done := func(err error) error {
		if e := f.Close(); err == nil {
			err = e
		}
		if err == nil {
			err = os.Chmod(f.Name(), 0o644)
		}
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
		return err
	}
	return f, done, nil
}
