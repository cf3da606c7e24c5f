package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Mark is what a person said of a sample. It is kept beside the data set, whose files stay as they were made.
type Mark struct {
	ID  string    `json:"id"`
	Bad bool      `json:"bad"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
}

const marksName = "marks.jsonl"

// readMarks reads what was said last of each sample.
func readMarks(dir string) (map[string]Mark, error) {
	path := filepath.Join(dir, marksName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Mark{}, nil
	}
	if err != nil {
		return nil, &Error{Op: "open", Subject: path, Err: err}
	}
	out := map[string]Mark{}
	n := 0
	for line := range splitLines(data) {
		n++
		var m Mark
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, &Error{Op: "read", Subject: fmt.Sprintf("%s, line %d", path, n), Err: err, Hint: "mend or remove the line"}
		}
		out[m.ID] = m
	}
	return out, nil
}

// Mark notes that a sample is bad, or that it is not.
func (s *Set) Mark(m Mark) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	path := filepath.Join(s.Dir, marksName)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return &Error{Op: "mark", Subject: m.ID, Err: err}
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		if _, err = f.Write(append(line, '\n')); err != nil {
			err = errors.Join(err, f.Truncate(end)) // half a line would make all of them unreadable
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return &Error{Op: "mark", Subject: m.ID, Err: err}
	}
	s.marks[m.ID] = m
	return nil
}

// Marked is what was said of a sample.
func (s *Set) Marked(id string) (Mark, bool) {
	m, ok := s.marks[id]
	return m, ok
}
