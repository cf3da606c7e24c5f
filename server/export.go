package server

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/formats/export"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles"
)

// License is what outlines found with OpenStreetMap's names and shapes may be used under.
const License = "ODbL-1.0"

// Export writes what a store holds for a query, page by page. open is called once, with what the file says of itself.
func Export(ctx context.Context, from store.Features, q store.Query, credits string, open func(export.Meta) (export.Writer, error)) (n int, err error) {
	q.Limit, q.After, q.Offset = 1000, "", 0
	page, err := from.Find(ctx, q)
	if err != nil {
		return 0, err
	}
	meta := export.Meta{
		Title: q.Phrase, Description: fmt.Sprintf("Outlines of what answers %q", q.Phrase), Attribution: credits, Fields: exportFields(),
		TileFields: []string{"name", "query", "tier", "class", "function", "score", "area_m2"},
	}
	if strings.Contains(credits, "OpenStreetMap") {
		meta.License = License
	}
	if len(page.Features) > 0 {
		meta.Model = page.Features[0].Model
	}
	w, err := open(meta)
	if err != nil {
		return 0, err
	}
	defer w.Discard()
	for {
		for i := range page.Features {
			if err := w.Write(page.Features[i].Formatted()); err != nil {
				return n, err
			}
			n++
		}
		if page.Next == "" {
			return n, w.Close()
		}
		q.After = page.Next
		if page, err = from.Find(ctx, q); err != nil {
			return n, err
		}
	}
}

func exportFields() []export.Field {
	fields := []export.Field{{Name: "id", Kind: export.Integer}, {Name: "score", Kind: export.Real}, {Name: "area_m2", Kind: export.Real}, {Name: "created", Kind: export.Moment}, {Name: "updated", Kind: export.Moment}}
	for _, name := range []string{"name", "query", "tier", "class", "function", "scene_ids", "model", "reasoning", "sources", "verdict"} {
		fields = append(fields, export.Field{Name: name, Kind: export.Text})
	}
	return fields
}

// Derivable says which of the layers forbids to pass on what was found on it, as an error.
func Derivable(layers ...tiles.Source) error {
	for _, l := range layers {
		if i := l.Info(); !i.MayDerive {
			return problem.New(http.StatusForbidden, "may-not-derive", "The layer's terms forbid it",
				"layer %q is configured with may_derive: false: what was found on it may be looked at, not exported", i.Name)
		}
	}
	return nil
}

// foreign are the formats of GDAL that strangers may ask for; the command line takes all it writes.
var foreign = []string{"fgb", "csv", "gml", "dxf"}

// export answers /aoi/PHRASE.FORMAT?bbox= with all that is stored.
func (s *Server) export(c echo.Context, name, suffix string) error {
	format, err := export.ByName(suffix)
	if served := func(f export.Format) bool { return f.Name == suffix }; !slices.ContainsFunc(export.Formats(), served) && !slices.Contains(foreign, suffix) {
		return problem.NotFound("outlines are not exported as %q: use geojson, geojsonl, geojsons, gpkg, kml, parquet, pmtiles, or json for TileJSON", short(suffix))
	}
	if err != nil {
		return err
	}
	q, err := s.question(name)
	if err != nil {
		return err
	}
	query := store.Query{Phrase: q.Phrase}
	if query.Bound, err = boundParam(c); err != nil {
		return err
	}
	if err := Derivable(s.Engine.Satellite, s.Engine.Map); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if n, err := s.Store.Count(ctx, query, s.Limits.Features+1); err != nil || n > s.Limits.Features {
		return cmp.Or(err, error(s.tooMany()))
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, format.MediaType)
	h.Set(echo.HeaderCacheControl, cacheNever)
	h.Set(echo.HeaderContentDisposition, fmt.Sprintf(`attachment; filename*=UTF-8''%s%s`, url.PathEscape(q.Phrase), format.Suffix))
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	out := &started{Writer: c.Response()}
	_, err = Export(ctx, s.Store, query, s.credits(), func(m export.Meta) (export.Writer, error) {
		w, err := export.New(ctx, out, format, m)
		return &capped{w, s.Limits.Features, s.tooMany()}, err
	})
	if err != nil && out.n > 0 {
		s.log.Error("an export broke off", "phrase", q.Phrase, "format", format.Name, "error", err)
		panic(http.ErrAbortHandler) // what was sent must not look whole
	}
	if err != nil {
		h.Del(echo.HeaderContentDisposition)
	}
	return err
}

// capped takes no more features than were counted beforehand: others may come while it is written.
type capped struct {
	export.Writer
	left int
	full error
}

func (w *capped) Write(f *formats.Feature) error {
	if w.left--; w.left < 0 {
		return w.full
	}
	return w.Writer.Write(f)
}

// started counts what was written.
type started struct {
	io.Writer
	n int64
}

func (w *started) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.n += int64(n)
	return n, err
}

// boundParam is ?bbox=W,S,E,N in degrees, nil when there is none.
func boundParam(c echo.Context) (*orb.Bound, error) {
	v := c.QueryParam("bbox")
	if v == "" {
		return nil, nil
	}
	b, err := ParseBound(v)
	if err != nil {
		return nil, problem.BadRequest("bbox=%s: %v", short(v), err)
	}
	return &b, nil
}

// ParseBound reads W,S,E,N in degrees; W greater than E crosses the antimeridian.
func ParseBound(s string) (orb.Bound, error) {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return orb.Bound{}, fmt.Errorf("want four numbers, W,S,E,N")
	}
	var v [4]float64
	for i, p := range parts {
		var err error
		if v[i], err = strconv.ParseFloat(strings.TrimSpace(p), 64); err != nil {
			return orb.Bound{}, fmt.Errorf("%q is no number", short(p))
		}
	}
	if !(v[0] >= -180 && v[0] <= 180 && v[2] >= -180 && v[2] <= 180 && v[1] >= -90 && v[3] <= 90 && v[1] < v[3]) || v[0] == v[2] {
		return orb.Bound{}, fmt.Errorf("want degrees with S below N, longitudes within ±180, latitudes within ±90")
	}
	return orb.Bound{Min: orb.Point{v[0], v[1]}, Max: orb.Point{v[2], v[3]}}, nil
}

// modeParam is ?mode=, or the server's.
func (s *Server) modeParam(c echo.Context) (reasoning.Mode, error) {
	v := reasoning.Mode(c.QueryParam("mode"))
	if v == "" {
		return s.Mode, nil
	}
	for _, m := range reasoning.Modes {
		if m == v {
			return m, nil
		}
	}
	return "", problem.BadRequest("mode=%s: use two-stage, no-refinement or no-reflection", short(string(v)))
}
