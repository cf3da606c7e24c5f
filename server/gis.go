package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/server/ogc"
	"github.com/precinct-map/precinct/tiles"
)

// gis mounts what the OGC's standards ask for.
func (s *Server) gis() {
	o := ogc.Options{
		Features: s.Store, Catalogue: s.Store, Edits: s.Store, MayEdit: s.mayDo(Edit), MayRun: s.mayDo(Segment), Tile: s.collectionTile, Picture: s.layerTile,
		Layers: s.ogcLayers, Phrase: func(p string) (string, error) {
			q, err := s.question(p)
			if err != nil {
				return "", fmt.Errorf("%w: %w", ogc.ErrInput, err)
			}
			return q.Phrase, nil
		},
		PublicURL: s.PublicURL, MaxBody: s.Limits.Body, Log: s.log,
	}
	if s.Jobs != nil {
		o.Jobs = ogc.Queue{Queue: s.Jobs, Mode: string(s.Mode), Fits: s.fits}
	}
	if s.Leaflet != "" {
		o.Leaflet = "/vendor/leaflet/"
	}
	h := ogc.Handler(o)
	handle := func(c echo.Context) error {
		// Whose key a request has was found out on the way here; mayDo looks it up.
		h.ServeHTTP(c.Response(), c.Request().WithContext(context.WithValue(c.Request().Context(), caller{}, c)))
		if m := c.Request().Method; m != http.MethodGet && m != http.MethodHead {
			s.changes.Add(1)
		}
		return nil
	}
	for _, path := range []string{"/ogc", "/ogc/*", "/wmts", "/wmts/*"} {
		s.echo.Any(path, handle)
	}
}

// caller is the key of a request's echo context.
type caller struct{}

func (s *Server) mayDo(scope Scope) ogc.MayDo {
	return func(r *http.Request) (string, error) {
		c, _ := r.Context().Value(caller{}).(echo.Context)
		if err := s.allow(c, scope); err != nil {
			return "", err
		}
		if k, ok := c.Get("key").(*Key); ok {
			return k.Name, nil
		}
		return "", nil
	}
}

// collectionTile answers a tile of OGC API Tiles as /aoi does.
func (s *Server) collectionTile(_ http.ResponseWriter, r *http.Request, phrase string, t maptile.Tile) {
	c := r.Context().Value(caller{}).(echo.Context)
	if err := s.outlines(c, phrase, address{tile: t, scale: 1, suffix: "mvt"}); err != nil {
		s.fail(err, c)
	}
}

// layerTile answers a tile of WMTS as /tiles does.
func (s *Server) layerTile(_ http.ResponseWriter, r *http.Request, layer, format string, t maptile.Tile) {
	c := r.Context().Value(caller{}).(echo.Context)
	if err := s.layerPicture(c, layer, address{tile: t, scale: 1, suffix: format}); err != nil {
		s.fail(err, c)
	}
}

func (s *Server) ogcLayers() []ogc.Layer {
	var out []ogc.Layer
	for _, l := range s.Layers {
		i := l.Info()
		formats := []string{string(i.Format)}
		for _, f := range []tiles.Format{tiles.PNG, tiles.JPEG, tiles.WebP} {
			if f != i.Format {
				formats = append(formats, string(f))
			}
		}
		out = append(out, ogc.Layer{
			ID: i.Name, Attribution: i.Attribution, Template: "/tiles/" + url.PathEscape(i.Name) + "/{z}/{x}/{y}.{ext}", Formats: formats,
			Bounds: i.Bounds, MinZoom: i.MinZoom, MaxZoom: i.MaxZoom, TileSize: i.TileSize,
		})
	}
	return out
}
