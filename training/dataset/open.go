package dataset

import (
	"bytes"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
)

// Set is a data set on disk.
type Set struct {
	Dir string
	*Manifest
	marks map[string]Mark
}

// Open opens a data set. Errors wrap ErrOther.
func Open(dir string) (*Set, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	marks, err := readMarks(dir)
	if err != nil {
		return nil, err
	}
	return &Set{Dir: dir, Manifest: m, marks: marks}, nil
}

// Rows gives the rows of some splits, all of them when none is named, in the order of the files. Rows that were marked as bad are left
// out. A row that cannot be read comes as an error, and those after it follow.
func (s *Set) Rows(splits ...string) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		s.all(splits, func(r *Row, err error) bool {
			if err == nil && s.marks[r.ID].Bad {
				return true
			}
			return yield(r, err)
		})
	}
}

// all gives the rows, bad ones too.
func (s *Set) all(splits []string, yield func(*Row, error) bool) {
	for _, f := range s.Files {
		if f.Split == "" || len(splits) > 0 && !slices.Contains(splits, f.Split) {
			continue
		}
		read := readParquet
		if s.Format == "folder" {
			read = readIndex
		}
		if !read(filepath.Join(s.Dir, filepath.FromSlash(f.Name)), f.Split, yield) {
			return
		}
	}
}

// Split checks a split's name.
func (s *Set) Split(name string) error {
	if !slices.Contains(Splits, name) {
		return &Error{Op: "read", Subject: s.Dir, Err: fmt.Errorf("%w: split %q is none of %v", ErrSpec, name, Splits)}
	}
	return nil
}

// splitLines yields the lines of some text that are not empty.
func splitLines(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(text) {
			if line = bytes.TrimSpace(line); len(line) > 0 && !yield(line) {
				return
			}
		}
	}
}
