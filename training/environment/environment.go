// Package environment is what an outside trainer calls over HTTP: it draws stage 2's pictures, segments prompts and scores
// completions exactly as the served pipeline and package training do.
package environment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training"
)

// MaxBody is the most bytes that a request may have.
const MaxBody = 64 << 20

// MaxImages is the most pictures that one request may have rendered.
const MaxImages = 16

// New serves POST /v1/environment/render, segment and reward. Requests and answers are JSON, pictures PNG data URIs, masks run
// lengths or data URIs; no request can name a file or an address. Errors are application/problem+json (RFC 9457). Without
// a segmenter (nil) segment answers 503.
func New(seg reasoning.Segmenter) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/environment/render", endpoint(render))
	mux.Handle("/v1/environment/segment", endpoint(segmentWith(seg)))
	mux.Handle("/v1/environment/reward", endpoint(reward))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		write(w, problem(http.StatusNotFound, "not-found", "There is no such thing here", "%s: use render, segment or reward", r.URL.Path))
	})
	return mux
}

// endpoint answers a POST with what answer makes of its body.
func endpoint(answer func(ctx context.Context, body []byte) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			write(w, problem(http.StatusMethodNotAllowed, "http", "Method Not Allowed", "%s is not possible here: use POST", r.Method))
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
		if err != nil {
			write(w, problemOf(err))
			return
		}
		result, err := answer(r.Context(), body)
		if r.Context().Err() != nil {
			return // nobody listens
		}
		if err != nil {
			write(w, problemOf(err))
			return
		}
		write(w, result)
	})
}

// Problem is an error as RFC 9457 has it. Type is a fragment of docs/problems.md.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

const problemBase = "https://github.com/precinct-map/precinct/blob/main/docs/problems.md#"

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

func problem(status int, kind, title, format string, args ...any) *Problem {
	return &Problem{Type: problemBase + kind, Title: title, Status: status, Detail: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *Problem {
	return problem(http.StatusBadRequest, "bad-request", "The request cannot be understood", format, args...)
}

// problemOf finds the problem that an error is; what package training refuses is the request's fault.
func problemOf(err error) *Problem {
	var p *Problem
	var long *http.MaxBytesError
	var refused *training.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &long):
		return problem(http.StatusRequestEntityTooLarge, "too-large", "The request is too large", "its body may have %d bytes", long.Limit)
	case errors.Is(err, reasoning.ErrSegmenter):
		return problem(http.StatusInternalServerError, "segmenter", "The segmenter failed", "%v", err)
	case errors.As(err, &refused), errors.Is(err, io.ErrUnexpectedEOF):
		return badRequest("%v", err)
	}
	return problem(http.StatusInternalServerError, "internal", "Something went wrong here", "%v", err)
}

// write sends a result, or a problem under its own status.
func write(w http.ResponseWriter, v any) {
	h, status := w.Header(), http.StatusOK
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if p, ok := v.(*Problem); ok {
		h.Set("Content-Type", "application/problem+json")
		status = p.Status
	}
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client is gone
}
