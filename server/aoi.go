package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/tiles/cache"
)

const (
	maxWait        = 60 * time.Second
	maxAOIZoom     = 22
	completeHeader = "X-Precinct-Complete"
	reasonHeader   = "X-Precinct-Reason"
)

// aoiJSON is the TileJSON of what answers a phrase; with another suffix than .json it is an export.
func (s *Server) aoiJSON(c echo.Context) error {
	name, suffix, ok := cutLast(param(c, "file"), ".")
	if !ok {
		return problem.NotFound("%s: want /aoi/PHRASE.json, /aoi/PHRASE/{z}/{x}/{y}.mvt or, to export, /aoi/PHRASE.geojson", short(c.Request().URL.Path))
	}
	if suffix != "json" {
		return s.export(c, name, suffix)
	}
	q, err := s.question(name)
	if err != nil {
		return err
	}
	sat, plan := s.Engine.Satellite.Info(), s.Engine.Map.Info()
	info := sat
	info.Name, info.Attribution = q.Phrase, s.credits()
	info.MinZoom, info.MaxZoom, info.TileSize = 0, maxAOIZoom, 0
	info.Bounds = intersect(sat.Bounds, plan.Bounds)
	path := s.base(c) + "/aoi/" + url.PathEscape(q.Phrase) + "/{z}/{x}/{y}."
	t := newTileJSON(info, path+"mvt")
	t.Description = fmt.Sprintf("Outlines of what answers %q. Below zoom %d only what was found before is shown.", q.Phrase, s.LowestZoom)
	fields := map[string]string{
		"name": "String", "query": "String", "tier": "String", "class": "String", "function": "String",
		"score": "Number, 0 to 1", "area_m2": "Number, square metres",
	}
	t.VectorLayers = []vectorLayer{
		{ID: "aoi", Description: "outlines", MaxZoom: maxAOIZoom, Fields: fields},
		{ID: "aoi_label", Description: "one point inside each outline", MaxZoom: maxAOIZoom, Fields: fields},
	}
	return replyJSON(c, cacheShort, t)
}

func intersect(a, b orb.Bound) orb.Bound {
	if !a.Intersects(b) {
		return a
	}
	return orb.Bound{
		Min: orb.Point{max(a.Min[0], b.Min[0]), max(a.Min[1], b.Min[1])},
		Max: orb.Point{min(a.Max[0], b.Max[0]), min(a.Max[1], b.Max[1])},
	}
}

// aoiTile answers a phrase on one tile, as vectors, as a painted picture or as whole features.
func (s *Server) aoiTile(c echo.Context) error {
	a, err := parseAddress(c)
	if err != nil {
		return err
	}
	phrase := param(c, "query")
	if phrase == "" {
		phrase = c.QueryParam("q")
	}
	return s.outlines(c, phrase, a)
}

func (s *Server) outlines(c echo.Context, phrase string, a address) error {
	enc, ok := encoders[a.suffix]
	if !ok {
		return problem.NotFound("format %q is not served for outlines: use mvt, png or geojson", short(a.suffix))
	}
	q, err := s.question(phrase)
	if err != nil {
		return err
	}
	n := noted(c.Request().Context())
	n.layer = outlinesLayer
	changes := s.changes.Load()
	known, err := s.find(c, q, a)
	if err != nil {
		return err
	}
	generation, err := s.Store.Generation(c.Request().Context(), q.Phrase, a.tile)
	if err != nil {
		return err
	}
	b := body{
		media: enc.media, compress: enc.compress, caching: cacheShort,
		etag: contentTag(fmt.Appendf(nil, "%s|%d|%v|%v|%d|%s", q.Phrase, generation, known.complete, a.tile, a.scale, a.suffix)),
	}
	h := c.Response().Header()
	h.Set(completeHeader, strconv.FormatBool(known.complete))
	if !known.complete {
		h.Set(reasonHeader, known.reason)
		b.caching = cacheNever
	} else {
		b.keep = func(data []byte, encoding string) { s.hot.keep(c, data, encoding, changes) }
	}
	b.make = func() ([]byte, error) {
		return cache.Get(c.Request().Context(), s.Memory, "encoded", "aoi|"+b.etag, func(ctx context.Context) (encoded, error) {
			n.tier.Store(tierStore)
			l := look{at: a, credits: s.credits(), complete: known.complete}
			if l.features, err = enc.features(ctx, s.Store, q.Phrase, a.tile); err != nil {
				return nil, err
			}
			return enc.encode(l)
		})
	}
	return reply(c, b)
}

// credits is whom the outlines' pictures are from.
func (s *Server) credits() string {
	return Credits(s.Engine.Satellite, s.Engine.Map)
}

// knowledge is whether all that a tile may show is known, and if not, why.
type knowledge struct {
	complete bool
	reason   string
}

// find sees to it that what a tile shows is in the store, within the time that its client has.
func (s *Server) find(c echo.Context, q reasoning.Question, a address) (knowledge, error) {
	w := geo.TileWindow(a.tile)
	if bounds := intersect(s.Engine.Satellite.Info().Bounds, s.Engine.Map.Info().Bounds); !w.Bound().Intersects(bounds) {
		return knowledge{}, problem.NotFound("tile %d/%d/%d lies outside the sources' bounds %v", a.tile.Z, a.tile.X, a.tile.Y, bounds)
	}
	wait, err := s.patience(c)
	if err != nil {
		return knowledge{}, err
	}
	if int(a.tile.Z) < s.LowestZoom || s.allow(c, Segment) != nil {
		return knowledge{complete: true}, nil
	}
	found, err := s.Look(c.Request().Context(), q, w.AtZoom(s.Engine.Zoom), wait)
	switch {
	case err != nil:
		return knowledge{}, err
	case found.Complete():
		return knowledge{complete: true}, nil
	case c.QueryParam("strict") == "1":
		return knowledge{}, strict(found)
	}
	return knowledge{reason: reason(found)}, nil
}

func (s *Server) patience(c echo.Context) (time.Duration, error) {
	most := min(maxWait, s.Limits.Request*9/10) // the rest is for the answer
	v := c.QueryParam("wait")
	if v == "" {
		return min(most, s.Wait), nil
	}
	seconds, err := strconv.ParseFloat(v, 64)
	if err != nil || seconds < 0 || seconds != seconds {
		return 0, problem.BadRequest("wait=%s: want a number of seconds, 0 or more", short(v))
	}
	return min(most, time.Duration(min(seconds, maxWait.Seconds())*float64(time.Second))), nil
}

// strict turns an incomplete answer into the error that it stands for.
func strict(a *reasoning.Findings) error {
	switch {
	case len(a.Failed) > 0:
		return a.Failed[0].Err
	case a.Busy:
		return problem.Busy("busy", "%d scenes could not be queued", len(a.Waiting))
	}
	p := problem.New(http.StatusServiceUnavailable, "not-yet", "The answer is not known yet", "%d scenes are under way", len(a.Waiting))
	p.RetryAfter = 2
	return p
}

// reason says in a header's words why an answer is incomplete.
func reason(a *reasoning.Findings) string {
	if len(a.Failed) > 0 {
		return strings.Map(func(r rune) rune {
			if r < 32 || r > 126 {
				return ' '
			}
			return r
		}, problem.Short(fmt.Sprintf("%d scenes failed: %v", len(a.Failed), a.Failed[0].Err), 300))
	}
	return fmt.Sprintf("%d scenes are under way", len(a.Waiting))
}
