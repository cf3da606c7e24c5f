package server

import (
	"io/fs"
	"path/filepath"

	"github.com/labstack/echo/v4"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/server/problem"
)

// taxonomy lists functions and classes with the words for them.
func (s *Server) taxonomy(c echo.Context) error {
	return replyJSON(c, cacheShort, map[string]any{"functions": taxonomy.Functions(), "classes": taxonomy.Classes()})
}

// page serves the viewer.
func (s *Server) page(c echo.Context) error {
	name := c.Param("*")
	if name == "" {
		name = "index.html"
	}
	data, err := fs.ReadFile(s.Viewer, name)
	if err != nil {
		return problem.NotFound("%s: the viewer is at /, the list of layers at /tiles", short(c.Request().URL.Path))
	}
	return reply(c, body{data: data, media: mediaOf(name), caching: "no-cache", compress: true})
}

func mediaOf(name string) string {
	switch filepath.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
