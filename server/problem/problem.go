// Package problem is errors as RFC 9457 has them: what everything that answers over HTTP says when it cannot.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Base begins the types that are headings of docs/problems.md.
const Base = "https://github.com/precinct-map/precinct/blob/main/docs/problems.md#"

// Problem is an error that tells its reader what is wrong. Type is a heading of docs/problems.md or a standard's own.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`

	RetryAfter int `json:"-"` // seconds, 0 for none
}

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// New is a problem whose type is a heading of docs/problems.md.
func New(status int, kind, title, format string, args ...any) *Problem {
	return &Problem{Type: Base + kind, Title: title, Status: status, Detail: fmt.Sprintf(format, args...)}
}

// BadRequest is a request that cannot be read.
func BadRequest(format string, args ...any) *Problem {
	return New(http.StatusBadRequest, "bad-request", "The request cannot be understood", format, args...)
}

// NotFound is what is not there.
func NotFound(format string, args ...any) *Problem {
	return New(http.StatusNotFound, "not-found", "There is no such thing here", format, args...)
}

// Busy asks to come again after some seconds.
func Busy(kind, format string, args ...any) *Problem {
	p := New(http.StatusTooManyRequests, kind, "Too much is asked for at once", format, args...)
	p.RetryAfter = 10
	return p
}

// Table says what errors are answered with; the first row that matches counts.
type Table []struct {
	Is     error
	Status int
	Kind   string
	Title  string
}

// Of is what an error is answered with: itself where it is a problem, else by its row of the table. Of an error that nobody
// foresaw the answer tells nothing, since it may hold what strangers should not read: the log has it.
func Of(err error, rows Table) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return New(http.StatusRequestEntityTooLarge, "too-large", "What was sent is too large", "the limit is %d bytes", large.Limit)
	}
	for _, row := range rows {
		if errors.Is(err, row.Is) {
			return New(row.Status, row.Kind, row.Title, "%v", err)
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return New(http.StatusServiceUnavailable, "gave-up", "The answer was not ready in time", "%v", err)
	}
	return New(http.StatusInternalServerError, "internal", "Something went wrong here", "the server's log says more")
}

// Short keeps what a stranger sent readable in a message.
func Short(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit]) + "…"
}

// Write answers a request.
func (p *Problem) Write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(p) // who went away is told nothing
	}
}
