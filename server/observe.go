package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/precinct-map/precinct/server/problem"
)

// Access is which requests are logged.
type Access string

// A line costs more than a hot answer itself: those are only counted, unless every request is asked for, which makes them cold. What a hot
// answer says was logged not ten seconds before, when it was made.
const (
	AccessOff  Access = "off"
	AccessCold Access = "cold" // all but the hot ones
	AccessAll  Access = "all"
)

// Accesses lists them.
var Accesses = []Access{AccessOff, AccessCold, AccessAll}

// Where the bytes of a tile came from, the quickest first.
const (
	tierHot      = "hot"      // a whole answer, seconds old
	tierMemory   = "memory"   // or on its way for somebody else
	tierDisk     = "disk"     // fetched before
	tierSource   = "source"   // a file of ours, or drawn
	tierUpstream = "upstream" // somebody else's server
	tierStore    = "store"    // made of the outlines that are kept
)

// outlinesLayer is the layer of tiles of outlines, whatever their phrase.
const outlinesLayer = "aoi"

// note is what a request came upon on its way. A scene that it started may write to it when it has ended.
type note struct {
	layer string
	tier  atomic.Value // string; nothing where no source was asked
}

type noteKey struct{}

// noted is the request's note, one that nobody reads where there is none.
func noted(ctx context.Context) *note {
	if n, ok := ctx.Value(noteKey{}).(*note); ok {
		return n
	}
	return &note{}
}

// comes tells where a tile of a source came from. Outlines come from what was found, whatever pictures that took.
func (n *note) comes(tier string) {
	if n.layer != outlinesLayer {
		n.tier.Store(tier)
	}
}

// cameFrom is the tier that a layer's tile came from, "" for what is no tile.
func (n *note) cameFrom() string {
	if n.layer == "" {
		return ""
	}
	if tier, ok := n.tier.Load().(string); ok {
		return tier
	}
	return tierMemory
}

// observe counts, logs and traces each request. Labels are routes, never paths, so a stranger cannot make new series.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start, n, r := time.Now(), &note{}, c.Request()
		ctx := context.WithValue(r.Context(), noteKey{}, n)
		if s.Tracer != nil {
			ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
			ctx, _ = s.Tracer.Start(ctx, r.Method+" "+cmp.Or(c.Path(), "none"), trace.WithSpanKind(trace.SpanKindServer))
		}
		c.SetRequest(r.WithContext(ctx))
		aborted := true
		defer func() { s.observed(ctx, c, n, time.Since(start), aborted) }()
		if err := next(c); err != nil {
			c.Error(err)
		}
		aborted = false
		return nil
	}
}

func (s *Server) observed(ctx context.Context, c echo.Context, n *note, took time.Duration, aborted bool) {
	r, route, status := c.Request(), c.Path(), c.Response().Status
	if route == "" || status == http.StatusMethodNotAllowed {
		route = "none"
	}
	s.Metrics.requests.WithLabelValues(route, r.Method, strconv.Itoa(status)).Inc()
	s.Metrics.duration.WithLabelValues(route).Observe(took.Seconds())
	tier := n.cameFrom()
	if tier != "" && status < http.StatusBadRequest {
		s.Metrics.tiles.WithLabelValues(n.layer, tier).Inc()
	}
	span := trace.SpanFromContext(ctx)
	if s.Tracer != nil {
		span.SetAttributes(attribute.String("http.route", route), attribute.String("url.path", r.URL.Path), attribute.Int("http.response.status_code", status))
		if tier != "" {
			span.SetAttributes(attribute.String("precinct.layer", n.layer), attribute.String("precinct.tier", tier))
		}
		if status >= http.StatusInternalServerError || aborted {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
		span.End()
	}
	level := slog.LevelInfo
	if s.Access == AccessOff {
		level = slog.LevelDebug
	}
	if !s.log.Enabled(ctx, level) {
		return
	}
	line := make([]slog.Attr, 0, 10)
	line = append(line, slog.String("method", r.Method), slog.String("path", shown(r.URL)), slog.Int("status", status),
		slog.Int64("bytes", c.Response().Size), slog.Float64("ms", float64(took.Microseconds())/1000))
	if tier != "" {
		line = append(line, slog.String("layer", n.layer), slog.String("cache", tier))
	}
	if k, ok := c.Get("key").(*Key); ok {
		line = append(line, slog.String("key", k.Name))
	}
	if id := span.SpanContext().TraceID(); id.IsValid() {
		line = append(line, slog.String("trace", id.String()))
	}
	if aborted {
		line = append(line, slog.Bool("aborted", true))
	}
	s.log.LogAttrs(ctx, level, "request", line...)
}

// secrets are query parameters whose values no log shows: ours, and those that people send to the wrong server.
var secrets = []string{"key", "apikey", "api_key", "api-key", "access_token", "token", "password", "secret", "sig", "signature", "sas"}

// shown is what a log shows of an address: no secrets, and no more than a line.
func shown(u *url.URL) string {
	path := u.EscapedPath()
	if u.RawQuery != "" {
		parts := strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' })
		for i, p := range parts {
			name, _, _ := strings.Cut(p, "=")
			if plain, err := url.QueryUnescape(name); err != nil || slices.Contains(secrets, strings.ToLower(plain)) {
				parts[i] = name + "=…"
			}
		}
		path += "?" + strings.Join(parts, "&")
	}
	return problem.Short(path, 500)
}
