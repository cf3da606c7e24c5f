package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/precinct-map/precinct/geo/formats/export"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/search"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles"
)

// Problem is an error as RFC 9457 has it. Type is a fragment of docs/problems.md.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`

	retryAfter int // seconds, 0 for none
}

const problemBase = "https://github.com/precinct-map/precinct/blob/main/docs/problems.md#"

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

func problem(status int, kind, title, format string, args ...any) *Problem {
	return &Problem{Type: problemBase + kind, Title: title, Status: status, Detail: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *Problem {
	return problem(http.StatusBadRequest, "bad-request", "The request cannot be understood", format, args...)
}

func notFound(format string, args ...any) *Problem {
	return problem(http.StatusNotFound, "not-found", "There is no such thing here", format, args...)
}

// problems is the one table from error to status; the first row that matches counts.
var problems = []struct {
	is     error
	status int
	kind   string
	title  string
}{
	{tiles.ErrNotFound, http.StatusNotFound, "no-tile", "The layer has no such tile"},
	{reasoning.ErrPhrase, http.StatusBadRequest, "phrase", "The phrase cannot be used"},
	{reasoning.ErrBusy, http.StatusTooManyRequests, "busy", "Too many scenes are waiting"},
	{store.ErrInput, http.StatusBadRequest, "bad-request", "The request cannot be understood"},
	{store.ErrNotFound, http.StatusNotFound, "not-found", "There is no such thing here"},
	{store.ErrConflict, http.StatusPreconditionFailed, "changed", "Somebody else changed it"},
	{export.ErrFormat, http.StatusNotFound, "not-found", "There is no such format"},
	{export.ErrNoGDAL, http.StatusNotFound, "not-found", "There is no such format here"},
	{export.ErrGDAL, http.StatusBadRequest, "format", "GDAL could not write that format"},
	{search.ErrQuery, http.StatusBadRequest, "bad-request", "The request cannot be understood"},
	{search.ErrNotReady, http.StatusServiceUnavailable, "index", "The index of places is being built"},
	{tiles.ErrUpstream, http.StatusBadGateway, "source-failed", "A source of pictures failed"},
	{tiles.ErrPicture, http.StatusBadGateway, "source-picture", "A source gave something that is no usable picture"},
	{reasoning.ErrVLM, http.StatusBadGateway, "vlm", "The vision-language model failed"},
	{reasoning.ErrSegmenter, http.StatusInternalServerError, "segmenter", "The segmenter failed"},
}

func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var h *echo.HTTPError
	if errors.As(err, &h) {
		return problem(h.Code, "http", http.StatusText(h.Code), "%v", h.Message)
	}
	for _, row := range problems {
		if errors.Is(err, row.is) {
			p = problem(row.status, row.kind, row.title, "%v", err)
			p.Hint = hintOf(err)
			return p
		}
	}
	if reasoning.Abandoned(err) {
		return problem(http.StatusServiceUnavailable, "gave-up", "The answer was not ready in time", "%v", err)
	}
	return problem(http.StatusInternalServerError, "internal", "Something went wrong here", "%v", err)
}

func hintOf(err error) string {
	var t *tiles.Error
	if errors.As(err, &t) {
		return t.Hint
	}
	var st *store.Error
	if errors.As(err, &st) {
		return st.Hint
	}
	var r *reasoning.Error
	if errors.As(err, &r) {
		return r.Hint
	}
	return ""
}

// fail is echo's error handler.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := problemOf(err)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/problem+json")
	h.Set(echo.HeaderCacheControl, "no-store")
	if p.retryAfter > 0 {
		h.Set(echo.HeaderRetryAfter, strconv.Itoa(p.retryAfter))
	}
	if p.Status >= 500 {
		s.log.Error("request failed", "path", c.Request().URL.Path, "status", p.Status, "error", err)
	}
	c.Response().WriteHeader(p.Status)
	if c.Request().Method != http.MethodHead {
		_ = json.NewEncoder(c.Response()).Encode(p)
	}
}
