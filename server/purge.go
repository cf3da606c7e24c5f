package server

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// purge forgets what was found for a phrase, everywhere or within a bbox: DELETE /aoi/PHRASE?bbox=.
func (s *Server) purge(c echo.Context) error {
	q, err := s.question(param(c, "file"))
	if err != nil {
		return err
	}
	bound, err := boundParam(c)
	if err != nil {
		return err
	}
	scenes, features, err := s.Store.Purge(c.Request().Context(), q.Phrase, bound)
	if err != nil {
		return err
	}
	s.changes.Add(1)
	s.Memory.Clear()
	s.log.Info("purged", "phrase", q.Phrase, "scenes", scenes, "features", features)
	return c.JSON(http.StatusOK, map[string]any{"query": q.Phrase, "scenes": scenes, "features": features})
}
