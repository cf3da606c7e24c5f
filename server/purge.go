package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/precinct-map/precinct/server/problem"
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

// purgeTiles forgets a layer's cached tiles: DELETE /tiles/LAYER?bbox=&zoom=.
func (s *Server) purgeTiles(c echo.Context) error {
	name := param(c, "file")
	if _, err := s.layer(name); err != nil {
		return err
	}
	bound, err := boundParam(c)
	if err != nil {
		return err
	}
	low, high := 0, maxZoom
	if v := c.QueryParam("zoom"); v != "" {
		from, to, ranged := strings.Cut(v, "-")
		if !ranged {
			to = from
		}
		var bad error
		if low, err = strconv.Atoi(from); err == nil {
			high, bad = strconv.Atoi(to)
		}
		if err != nil || bad != nil || low < 0 || high < low {
			return problem.BadRequest("zoom=%s: want a zoom, or a range as 12-17", short(v))
		}
	}
	n := 0
	if s.PurgeTiles != nil {
		if n, err = s.PurgeTiles(c.Request().Context(), name, bound, low, high); err != nil {
			return err
		}
	}
	s.Memory.Clear()
	s.log.Info("purged", "layer", name, "tiles", n)
	return c.JSON(http.StatusOK, map[string]any{"layer": name, "tiles": n})
}
