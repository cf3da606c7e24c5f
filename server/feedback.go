package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
)

// verdicts are what a person may say of an outline.
var verdicts = []string{"right", "wrong", "shape", "name", ""}

// maxFeedback is the most bytes of one piece of feedback.
const maxFeedback = 1 << 20

// opinion is what a person says of a feature.
type opinion struct {
	Feature  json.Number       `json:"feature"`
	Verdict  *string           `json:"verdict"`
	Name     *string           `json:"name"`
	Class    *string           `json:"class"`
	Geometry *geojson.Geometry `json:"geometry"` // the corrected outline, WGS-84
	By       string            `json:"by"`
}

// tell takes an opinion: POST /feedback.
func (s *Server) tell(c echo.Context) error {
	var o opinion
	d := json.NewDecoder(http.MaxBytesReader(c.Response().Writer, c.Request().Body, maxFeedback))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); errors.As(err, new(*http.MaxBytesError)) {
		return err
	} else if err != nil {
		return problem.BadRequest(`the body is no feedback: %v; want {"feature": ID, "verdict": "right|wrong|shape|name", "geometry": …, "name": …}`, err)
	}
	id, err := o.Feature.Int64()
	if err != nil || id <= 0 {
		return problem.BadRequest("feature %q is no id", short(o.Feature.String()))
	}
	if o.Verdict == nil && o.Geometry == nil && o.Name == nil && o.Class == nil {
		return problem.BadRequest("the feedback says nothing: give a verdict, a name, a class or a geometry")
	}
	if o.Verdict != nil && !slices.Contains(verdicts, *o.Verdict) {
		return problem.BadRequest("verdict %q: use right, wrong, shape, name or an empty one", short(*o.Verdict))
	}
	var outline orb.MultiPolygon
	if o.Geometry != nil {
		var ok bool
		if outline, ok = formats.Polygons(o.Geometry.Geometry()); !ok {
			return problem.BadRequest("the geometry is a %s: want a Polygon or MultiPolygon", o.Geometry.Type)
		}
		if err := checkOutline(outline); err != nil {
			return problem.BadRequest("the geometry %v", err)
		}
	}
	f, err := s.Store.Change(c.Request().Context(), id, store.Edit{By: problem.Short(o.By, 100)}, func(f *store.Feature) error {
		if o.Verdict != nil {
			f.Verdict = *o.Verdict
		}
		if o.Name != nil {
			f.Name = problem.Short(*o.Name, 200)
		}
		if o.Class != nil {
			f.Class = problem.Short(*o.Class, 60)
		}
		if outline != nil {
			f.SetGeometry(outline)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.changes.Add(1)
	return sendFeatures(c, []store.Feature{f}, "")
}

func checkOutline(mp orb.MultiPolygon) error {
	for _, poly := range mp {
		for _, ring := range poly {
			if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
				return fmt.Errorf("has a ring that is not closed or has fewer than four points")
			}
			for _, p := range ring {
				if !(p[0] >= -180 && p[0] <= 540 && p[1] >= -85.06 && p[1] <= 85.06) {
					return fmt.Errorf("lies outside the map: %v", p)
				}
			}
		}
	}
	return nil
}

// told lists what people judged or changed of a phrase: GET /feedback?q=.
func (s *Server) told(c echo.Context) error {
	q, bound, err := s.asked(c)
	if err != nil {
		return err
	}
	query := store.Query{Phrase: q.Phrase, Bound: bound, Limit: store.MaxLimit, After: c.QueryParam("after")}
	page, err := s.Store.Find(c.Request().Context(), query)
	if err != nil {
		return err
	}
	judged := slices.DeleteFunc(page.Features, func(f store.Feature) bool { return f.Verdict == "" && !f.Edited })
	return sendFeatures(c, judged, page.Next)
}

// untell gives a feature back what it was before its last change: DELETE /feedback/ID, with If-Match only that version's.
func (s *Server) untell(c echo.Context) error {
	id, err := strconv.ParseInt(param(c, "id"), 10, 64)
	if err != nil {
		return problem.BadRequest("feature %q is no id", short(param(c, "id")))
	}
	var match int64
	if tag := c.Request().Header.Get("If-Match"); tag != "" && tag != "*" {
		// A feature's validator begins with its version (server/ogc).
		version, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`), "-")
		if match, err = strconv.ParseInt(version, 10, 64); err != nil || match <= 0 {
			return problem.BadRequest("If-Match %s is no validator of a feature", short(tag))
		}
	}
	f, err := s.Store.Undo(c.Request().Context(), id, store.Edit{Match: match})
	if err != nil {
		return err
	}
	s.changes.Add(1)
	return sendFeatures(c, []store.Feature{f}, "")
}

func sendFeatures(c echo.Context, features []store.Feature, next string) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, formats.FeatureCollection.MediaType())
	h.Set(echo.HeaderCacheControl, cacheNever)
	c.Response().WriteHeader(http.StatusOK)
	g := formats.NewGeoJSONWriter(c.Response(), formats.GeoJSONOptions{})
	for i := range features {
		f := features[i].Formatted()
		f.Properties = append(f.Properties, formats.Property{Key: "edited", Value: features[i].Edited}, formats.Property{Key: "version", Value: features[i].Version})
		if err := g.Write(f); err != nil {
			return err
		}
	}
	if next == "" {
		return g.Close()
	}
	return g.Close(formats.Property{Key: "next", Value: next})
}
