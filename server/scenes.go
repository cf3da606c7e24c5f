package server

import (
	"image"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/tiles"
)

// scene tells how a scene's outlines came about: /scenes/ID?q=PHRASE.
func (s *Server) scene(c echo.Context) error {
	scene, r, err := s.lookedAt(c)
	if err != nil {
		return err
	}
	at := s.base(c) + "/scenes/" + scene.ID() + "/"
	query := "?" + url.Values{"q": {r.Record.Phrase}, "mode": {string(r.Record.Mode)}}.Encode()
	pictures := map[string]string{"satellite": at + "satellite.png", "map": at + "map.png"}
	for _, st := range r.Record.Stages {
		if st.Stage == reasoning.Refine {
			pictures["satellite_stage2"], pictures["map_stage2"] = at+"satellite-stage2.png"+query, at+"map-stage2.png"+query
		}
	}
	b := scene.Window().Bound()
	return replyJSON(c, cacheShort, struct {
		ID       string            `json:"id"`
		BBox     [4]float64        `json:"bbox"`
		Pictures map[string]string `json:"pictures"`
		*reasoning.Record
	}{scene.ID(), [4]float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}, pictures, r.Record})
}

// lookedAt is the scene of a path and what is known of it.
func (s *Server) lookedAt(c echo.Context) (reasoning.Scene, *reasoning.Result, error) {
	scene, err := s.sceneParam(c)
	if err != nil {
		return scene, nil, err
	}
	q, err := s.question(c.QueryParam("q"))
	if err != nil {
		return scene, nil, err
	}
	if q.Mode, err = s.modeParam(c); err != nil {
		return scene, nil, err
	}
	r := s.Engine.Known(c.Request().Context(), q, []reasoning.Scene{scene})[scene]
	if r == nil {
		return scene, nil, problem.NotFound("scene %s was not looked at for %q in mode %s", scene.ID(), q.Phrase, q.Mode)
	}
	return scene, r, nil
}

func (s *Server) sceneParam(c echo.Context) (reasoning.Scene, error) {
	scene, err := reasoning.ParseScene(param(c, "id"))
	if err != nil {
		return scene, problem.BadRequest("%v", err)
	}
	bounds := intersect(s.Engine.Satellite.Info().Bounds, s.Engine.Map.Info().Bounds)
	if scene.Z != s.Engine.Zoom || !scene.Window().Bound().Intersects(bounds) {
		return scene, problem.NotFound("scene %s is not one of zoom %d within the sources' bounds", short(scene.ID()), s.Engine.Zoom)
	}
	return scene, nil
}

// scenePicture is what the model saw of a scene, in the first stage or, rendered, in the second.
func (s *Server) scenePicture(c echo.Context) error {
	name, ok := strings.CutSuffix(param(c, "picture"), ".png")
	layer, second := strings.CutSuffix(name, "-stage2")
	if !ok || layer != "satellite" && layer != "map" {
		return problem.NotFound("want satellite.png, map.png, satellite-stage2.png or map-stage2.png")
	}
	scene, err := s.sceneParam(c)
	if err != nil {
		return err
	}
	pair, err := s.Engine.Pair(c.Request().Context(), scene)
	if err != nil {
		return err
	}
	img := image.Image(pair.Satellite)
	if layer == "map" {
		img = pair.Map
	}
	if second {
		_, r, err := s.lookedAt(c)
		if err != nil {
			return err
		}
		img = overlaid(img, r.Record)
	}
	data, err := tiles.Encode(img, tiles.PNG)
	if err != nil {
		return err
	}
	return reply(c, body{data: data, media: tiles.PNG.MediaType(), caching: cacheShort})
}

// overlaid draws the first stage's boxes and mask as the second stage was shown them.
func overlaid(img image.Image, r *reasoning.Record) image.Image {
	for _, st := range r.Stages {
		if st.Stage != reasoning.Localize {
			continue
		}
		var boxes []reasoning.Box
		for _, o := range st.Objects {
			if o.Box != nil {
				boxes = append(boxes, *o.Box)
			}
		}
		return reasoning.Overlay(img, boxes, maskIn(r.Window, st.Mask))
	}
	return img
}

// maskIn draws a recorded outline on its window.
func maskIn(w geo.Window, g *geojson.Geometry) *geo.Mask {
	if g == nil {
		return geo.NewMask(w)
	}
	shape, _ := g.Geometry().(orb.MultiPolygon)
	return geo.Rasterize(w, project.MultiPolygon(shape.Clone(), func(p orb.Point) orb.Point { return geo.Project(p, w.Z) }))
}
