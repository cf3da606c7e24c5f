// Package show is a browser page that leafs through the samples of a data set and marks bad ones. The marks are kept with the data set, and
// training leaves marked samples out.
package show

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/precinct-map/precinct/training/dataset"
)

//go:embed static
var static embed.FS

// Handler serves the page and what it asks for:
//
//	GET  /api/set                        what the data set is and what can be chosen
//	GET  /api/rows?tier=&q=&from=&near=  numbers and phrases of the rows that fit, a page of them
//	GET  /api/rows/N                     all that is known of a row, and its mask's outline
//	GET  /api/rows/N/map                 a picture; also satellite and mask
//	POST /api/marks                      {"row": N, "bad": true, "why": "…"}
type Handler struct {
	set   *dataset.Set
	index *index
	mux   *http.ServeMux
	log   *slog.Logger

	marking sync.RWMutex // the set's marks
	bad     map[string]dataset.Mark
	recent  recent
}

// New reads a data set's light columns once, and is a Handler then.
func New(ctx context.Context, set *dataset.Set, log *slog.Logger, progress func(rows, of int)) (*Handler, error) {
	x, err := newIndex(ctx, set, progress)
	if err != nil {
		return nil, err
	}
	h := &Handler{set: set, index: x, mux: http.NewServeMux(), log: log, bad: map[string]dataset.Mark{}}
	for i := range x.entries {
		if m, ok := set.Marked(x.entries[i].id); ok && m.Bad {
			h.bad[m.ID] = m
		}
	}
	files, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	h.mux.Handle("GET /", http.FileServerFS(files))
	h.mux.HandleFunc("GET /api/set", h.answer(h.about))
	h.mux.HandleFunc("GET /api/rows", h.answer(h.rows))
	h.mux.HandleFunc("GET /api/rows/{row}", h.answer(h.row))
	h.mux.HandleFunc("GET /api/rows/{row}/{picture}", h.picture)
	h.mux.HandleFunc("POST /api/marks", h.answer(h.mark))
	return h, nil
}

// Rows is how many rows can be shown.
func (h *Handler) Rows() int { return len(h.index.entries) }

// policy lets the page load what is its own, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cache-Control", "no-cache")
	if !addressed(r.Host) {
		h.fail(w, &refusal{http.StatusMisdirectedRequest, "this page is asked for by the machine's address or as localhost"})
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		h.fail(w, &refusal{http.StatusForbidden, "marks are set from this page only, and not from another one"})
		return
	}
	h.mux.ServeHTTP(w, r)
}

// addressed says whether a host is an address or this machine: a name that a stranger made point here (DNS rebinding) is neither.
func addressed(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return name == "localhost" || net.ParseIP(name) != nil
}

// refusal is a request that cannot be answered, and why.
type refusal struct {
	status int
	why    string
}

func (r *refusal) Error() string { return r.why }

// answer makes a handler of a function whose result is JSON.
func (h *Handler) answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			h.fail(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			h.log.Debug("answer", "path", r.URL.Path, "error", err) // the reader left
		}
	}
}

// fail answers with problem+json (RFC 9457).
func (h *Handler) fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		status = refused.status
	case errors.Is(err, dataset.ErrBroken), errors.Is(err, dataset.ErrRow), errors.Is(err, dataset.ErrSchema), errors.Is(err, fs.ErrNotExist):
		status = http.StatusConflict // the files are not those that were indexed
	}
	if status == http.StatusInternalServerError {
		h.log.Error("show", "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": err.Error()})
}
