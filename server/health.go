package server

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// health says that the process answers.
func (s *Server) health(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// ready says whether questions can be answered, and if not, why.
func (s *Server) ready(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, cacheNever)
	var reasons []string
	if s.Ready != nil {
		reasons = s.Ready()
	}
	if len(reasons) > 0 {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"status": "not ready", "reasons": reasons})
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ready"})
}
