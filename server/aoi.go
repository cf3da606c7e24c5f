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
	"github.com/precinct-map/precinct/tiles/cache"
)

const (
	maxWait        = 60 * time.Second
	maxAOIZoom     = 22
	completeHeader = "X-Precinct-Complete"
	reasonHeader   = "X-Precinct-Reason"
)

// aoiJSON is the TileJSON of what answers a phrase.
func (s *Server) aoiJSON(c echo.Context) error {
	name, ok := strings.CutSuffix(param(c, "file"), ".json")
	if !ok {
		return notFound("%s: want /aoi/PHRASE.json or /aoi/PHRASE/{z}/{x}/{y}.mvt", short(c.Request().URL.Path))
	}
	q, err := s.question(name)
	if err != nil {
		return err
	}
	sat, plan := s.Engine.Satellite.Info(), s.Engine.Map.Info()
	info := sat
	info.Name, info.Attribution = q.Phrase, attribution(sat.Attribution, plan.Attribution)
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
	enc, ok := encoders[a.suffix]
	if !ok {
		return notFound("format %q is not served for outlines: use mvt, png or geojson", short(a.suffix))
	}
	phrase := param(c, "query")
	if phrase == "" {
		phrase = c.QueryParam("q")
	}
	q, err := s.question(phrase)
	if err != nil {
		return err
	}
	answer, err := s.find(c, q, a)
	if err != nil {
		return err
	}
	b := body{
		media: enc.media, compress: enc.compress, caching: cacheShort,
		etag: contentTag(fmt.Appendf(nil, "%s|%s|%v|%d|%s", q.Phrase, answer.Generation, a.tile, a.scale, a.suffix)),
	}
	h := c.Response().Header()
	h.Set(completeHeader, strconv.FormatBool(answer.Complete()))
	if !answer.Complete() {
		h.Set(reasonHeader, reason(answer))
		b.caching = cacheNever
	}
	b.make = func() ([]byte, error) {
		return cache.Get(c.Request().Context(), s.Memory, "encoded", "aoi|"+b.etag, func(context.Context) (encoded, error) {
			return enc.encode(look{s.Engine, a, answer})
		})
	}
	return reply(c, b)
}

// find gives what a tile shows, within the time that its client has.
func (s *Server) find(c echo.Context, q reasoning.Question, a address) (*reasoning.Findings, error) {
	w := geo.TileWindow(a.tile)
	if bounds := intersect(s.Engine.Satellite.Info().Bounds, s.Engine.Map.Info().Bounds); !w.Bound().Intersects(bounds) {
		return nil, notFound("tile %d/%d/%d lies outside the sources' bounds %v", a.tile.Z, a.tile.X, a.tile.Y, bounds)
	}
	wait, err := s.patience(c)
	if err != nil {
		return nil, err
	}
	o := reasoning.FindOptions{Stored: int(a.tile.Z) < s.LowestZoom, Patience: wait}
	answer, err := s.Engine.Find(c.Request().Context(), q, w.AtZoom(s.Engine.Zoom), o)
	if err != nil {
		return nil, err
	}
	if c.QueryParam("strict") == "1" && !answer.Complete() {
		return nil, strict(answer)
	}
	return answer, nil
}

func (s *Server) patience(c echo.Context) (time.Duration, error) {
	v := c.QueryParam("wait")
	if v == "" {
		return s.Wait, nil
	}
	seconds, err := strconv.ParseFloat(v, 64)
	if err != nil || seconds < 0 || seconds != seconds {
		return 0, badRequest("wait=%s: want a number of seconds, 0 or more", short(v))
	}
	return min(maxWait, time.Duration(min(seconds, maxWait.Seconds())*float64(time.Second))), nil
}

// strict turns an incomplete answer into the error that it stands for.
func strict(a *reasoning.Findings) error {
	switch {
	case len(a.Failed) > 0:
		return a.Failed[0].Err
	case a.Busy:
		p := problem(http.StatusTooManyRequests, "busy", "Too many scenes are waiting", "%d scenes could not be queued", len(a.Waiting))
		p.retryAfter = 10
		return p
	}
	p := problem(http.StatusServiceUnavailable, "not-yet", "The answer is not known yet", "%d scenes are under way", len(a.Waiting))
	p.retryAfter = 2
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
		}, shortTo(fmt.Sprintf("%d scenes failed: %v", len(a.Failed), a.Failed[0].Err), 300))
	}
	return fmt.Sprintf("%d scenes are under way", len(a.Waiting))
}
