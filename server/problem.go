package server

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/precinct-map/precinct/geo/formats/export"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/search"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles"
)

// problems is the one table from error to status.
var problems = problem.Table{
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

func problemOf(err error) *problem.Problem {
	var h *echo.HTTPError
	if errors.As(err, &h) {
		return problem.New(h.Code, "http", http.StatusText(h.Code), "%v", h.Message)
	}
	p := problem.Of(err, problems)
	if p.Hint == "" {
		p.Hint = hintOf(err)
	}
	return p
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
	if p.Status >= 500 {
		s.log.Error("request failed", "path", c.Request().URL.Path, "status", p.Status, "error", err)
	}
	p.Write(c.Response(), c.Request())
}
