// Package server is Precinct over HTTP: source layers, outlines as tiles, the viewer, health and metrics.
package server

import (
	"cmp"
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/paulmach/orb"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/jobs"
	"github.com/precinct-map/precinct/server/search"
	"github.com/precinct-map/precinct/tiles"
)

// Options is what a server serves. Layers, Answers and Metrics are needed, the rest has defaults or is left out.
type Options struct {
	Layers      []tiles.Source // by Info().Name, in the catalogue's order
	Answers     *Answers
	Metrics     *Metrics
	Jobs        *jobs.Queue   // nil leaves jobs out
	Places      *search.Index // nil leaves the search for places out
	Environment http.Handler  // /v1/environment/…; nil leaves it out
	Viewer      fs.FS         // the page at /; nil leaves it out
	Corrections string        // file of what the served policy was taught here; "" or missing where nothing was
	Leaflet     string        // folder with leaflet.js, leaflet.css and polyclip.js for the page; "" leaves it out
	PublicURL   string        // base of the links; "" takes it from each request
	Wait        time.Duration // how long a tile waits for its scenes; 10 s when zero
	LowestZoom  int           // below it only stored outlines are served; 16 when zero
	Mode        reasoning.Mode
	Keys        []Key // who may do what; see Access
	// PurgeTiles forgets a layer's tiles on disk, all where bound is nil, and counts them; nil where there is no such cache.
	PurgeTiles func(ctx context.Context, layer string, bound *orb.Bound, low, high int) (int, error)
	Open       bool            // without keys, everybody may do everything: for loopback only
	Ready      func() []string // reasons not to be ready; none when ready
	Limits     Limits
	Access     Access       // which requests are logged at level info; AccessOff when empty
	Tracer     trace.Tracer // makes a span of each request that is not hot; nil for none
	Log        *slog.Logger
}

// Server is an http.Handler.
type Server struct {
	Options
	*Answers
	echo   *echo.Echo
	layers map[string]tiles.Source
	log    *slog.Logger
	gate   *gate
	hot    *hot

	exports, streams slots
	listening        context.Context // ends with EndStreams
	hush             context.CancelFunc
}

// New makes the server. It starts nothing by itself.
func New(o Options) *Server {
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	if o.LowestZoom == 0 {
		o.LowestZoom = 16
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits, o.Access = o.Limits.orDefault(), cmp.Or(o.Access, AccessOff)
	s := &Server{Options: o, Answers: o.Answers, echo: echo.New(), layers: map[string]tiles.Source{}, log: o.Log, gate: newGate(o.Keys)}
	s.hot = newHot(&o)
	s.exports, s.streams = make(slots, o.Limits.Exports), make(slots, o.Limits.Streams)
	s.listening, s.hush = context.WithCancel(context.Background())
	for _, l := range o.Layers {
		s.layers[l.Info().Name] = l
	}
	e := s.echo
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.Use(s.observe, middleware.Recover(), middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins:  []string{"*"},
		AllowMethods:  []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions},
		AllowHeaders:  []string{"Authorization", "Content-Type", "If-Match", "If-None-Match", "X-API-Key", "Last-Event-ID", "Traceparent"},
		ExposeHeaders: []string{"ETag", "X-Precinct-Complete", "X-Precinct-Reason", "Retry-After", "Link", "Location", "Content-Crs"},
	}))
	e.Use(s.identify, s.limit)
	s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.hot.serve(w, r) {
		s.echo.ServeHTTP(w, r)
	}
}

func (s *Server) routes() {
	s.get("/healthz", s.health)
	s.get("/readyz", s.ready)
	s.get("/metrics", echo.WrapHandler(promhttp.HandlerFor(s.Metrics.registry, promhttp.HandlerOpts{})))
	s.get("/tiles", s.catalogue)
	s.get("/tiles/:file", s.layerJSON)
	s.get("/tiles/:layer/:z/:x/:file", s.tile)
	s.get("/aoi/:file", s.aoiJSON)
	s.get("/aoi/:z/:x/:file", s.aoiTile)
	s.get("/aoi/:query/:z/:x/:file", s.aoiTile)
	s.get("/taxonomy", s.taxonomy)
	s.echo.DELETE("/tiles/:file", s.purgeTiles, s.needs(Admin))
	s.echo.DELETE("/aoi/:file", s.purge, s.needs(Admin))
	s.get("/feedback", s.told)
	s.echo.POST("/feedback", s.tell, s.needs(Edit))
	s.echo.DELETE("/feedback/:id", s.untell, s.needs(Edit))
	if s.Places != nil {
		places := echo.WrapHandler(&search.Handler{Index: s.Places, Attribution: s.credits(), Log: s.log})
		s.get("/search", places)
		s.get("/reverse", places)
		s.get("/resolve", s.resolve)
	}
	s.get("/estimate", s.estimate)
	s.get("/stats", s.stats)
	s.get("/scenes/:id", s.scene)
	s.get("/scenes/:id/:picture", s.scenePicture)
	s.get("/v1/policy/corrections", s.corrections)
	s.gis()
	if s.Environment != nil {
		s.echo.Any("/v1/environment/*", echo.WrapHandler(s.Environment))
	}
	if s.Leaflet != "" {
		s.get("/vendor/leaflet/*", echo.WrapHandler(http.StripPrefix("/vendor/leaflet/", http.FileServerFS(os.DirFS(s.Leaflet)))))
	}
	if s.Viewer != nil {
		s.get("/*", s.page)
	}
}

// get registers a handler for GET and HEAD.
func (s *Server) get(path string, h echo.HandlerFunc) {
	s.echo.Match([]string{http.MethodGet, http.MethodHead}, path, h)
}

// base is the URL that links begin with, without a trailing slash.
func (s *Server) base(c echo.Context) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	return c.Scheme() + "://" + c.Request().Host
}
