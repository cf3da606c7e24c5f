package training

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// badLine says why a line could not be scored.
type badLine struct {
	ID    json.RawMessage `json:"id"`
	Line  int             `json:"line"`
	Error string          `json:"error"`
}

// eachLine writes one line of JSON for each line of in that is not blank, in order: what score gives, or
// {"id","line","error"}, so that a bad line costs no other. If there was one, the error wraps ErrBadLines. Lines may be
// of any length. What is known is written out whenever the input pauses, so that a trainer may talk to it line by line.
func eachLine(ctx context.Context, in io.Reader, out io.Writer, score func(line []byte) (id json.RawMessage, result any, err error)) error {
	r, w := bufio.NewReaderSize(in, 1<<16), bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	bad, first := 0, 0
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, w.Flush())
		}
		line, readErr := r.ReadBytes('\n')
		if readErr != nil && readErr != io.EOF {
			return errors.Join(fmt.Errorf("line %d: %w", n, readErr), w.Flush())
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			id, result, err := score(line)
			if err != nil {
				if bad++; bad == 1 {
					first = n
				}
				result = badLine{id, n, err.Error()}
			}
			if err := enc.Encode(result); err != nil {
				return fmt.Errorf("line %d: write: %w", n, err)
			}
		}
		if readErr == io.EOF || r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return fmt.Errorf("line %d: write: %w", n, err)
			}
		}
		if readErr == io.EOF {
			break
		}
	}
	if bad > 0 {
		return &Error{Op: "score", Subject: fmt.Sprintf("%d lines", bad), Err: ErrBadLines,
			Hint: fmt.Sprintf("their results say why; the first is line %d", first)}
	}
	return nil
}
