package server

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/tiles"
)

// tileJSON is TileJSON 3.0.0, https://github.com/mapbox/tilejson-spec/tree/master/3.0.0.
type tileJSON struct {
	TileJSON     string     `json:"tilejson"`
	Name         string     `json:"name"`
	Description  string     `json:"description,omitempty"`
	Version      string     `json:"version,omitempty"`
	Attribution  string     `json:"attribution,omitempty"`
	Scheme       string     `json:"scheme"`
	Tiles        []string   `json:"tiles"`
	MinZoom      int        `json:"minzoom"`
	MaxZoom      int        `json:"maxzoom"`
	Bounds       [4]float64 `json:"bounds"`
	Center       [3]float64 `json:"center"`
	TileSize     int        `json:"tile_size,omitempty"`
	VectorLayers any        `json:"vector_layers,omitempty"`
	Datum        geo.Datum  `json:"datum,omitempty"` // what the tiles are drawn in, where it is not WGS-84
	Offset       [2]float64 `json:"offset,omitzero"` // metres east and north that the pictures have to be moved by
}

type vectorLayer struct {
	ID          string            `json:"id"`
	Description string            `json:"description,omitempty"`
	MinZoom     int               `json:"minzoom"`
	MaxZoom     int               `json:"maxzoom"`
	Fields      map[string]string `json:"fields"`
}

func newTileJSON(i tiles.Info, urls ...string) tileJSON {
	return tileJSON{
		TileJSON: "3.0.0", Name: i.Name, Version: "1.0.0", Attribution: i.Attribution, Scheme: "xyz", Tiles: urls,
		MinZoom: i.MinZoom, MaxZoom: i.MaxZoom, TileSize: i.TileSize,
		Bounds: [4]float64{i.Bounds.Min[0], i.Bounds.Min[1], i.Bounds.Max[0], i.Bounds.Max[1]},
		Center: [3]float64{i.Center[0], i.Center[1], float64(i.CenterZoom)},
	}
}

// catalogue lists the source layers.
func (s *Server) catalogue(c echo.Context) error {
	type row struct {
		ID          string `json:"id"`
		Kind        string `json:"kind"`
		Attribution string `json:"attribution"`
		TileJSON    string `json:"tilejson"`
		Vectors     string `json:"vectors,omitempty"` // TileJSON of the vector tiles that the layer is drawn from
	}
	rows := make([]row, 0, len(s.Layers))
	for _, l := range s.Layers {
		i := l.Info()
		at := s.base(c) + "/tiles/" + url.PathEscape(i.Name)
		r := row{ID: i.Name, Kind: i.Kind, Attribution: i.Attribution, TileJSON: at + ".json"}
		if tiles.VectorsOf(l) != nil {
			r.Vectors = at + ".mvt.json"
		}
		rows = append(rows, r)
	}
	return replyJSON(c, cacheShort, map[string]any{"layers": rows})
}

func (s *Server) layerJSON(c echo.Context) error {
	name, ok := strings.CutSuffix(param(c, "file"), ".json")
	if !ok {
		return problem.NotFound("%s: want /tiles/LAYER.json; /tiles lists the layers", c.Request().URL.Path)
	}
	if stem, ok := strings.CutSuffix(name, ".mvt"); ok && s.layers[name] == nil {
		return s.vectorsJSON(c, stem)
	}
	l, err := s.layer(name)
	if err != nil {
		return err
	}
	i := l.Info()
	t := newTileJSON(i, s.base(c)+"/tiles/"+url.PathEscape(name)+"/{z}/{x}/{y}."+string(i.Format))
	if t.Offset = i.Offset; i.Datum != geo.WGS84 {
		t.Datum = i.Datum
	}
	return replyJSON(c, cacheShort, t)
}

// vectorsJSON is the TileJSON of the vector tiles that a layer is drawn from.
func (s *Server) vectorsJSON(c echo.Context, name string) error {
	l, err := s.layer(name)
	if err != nil {
		return err
	}
	v := tiles.VectorsOf(l)
	if v == nil {
		return problem.NotFound("layer %q is not drawn from vector tiles", short(name))
	}
	i := l.Info()
	var layers json.RawMessage
	i.MinZoom, i.MaxZoom, layers = v.Describe()
	i.TileSize = 0
	t := newTileJSON(i, s.base(c)+"/tiles/"+url.PathEscape(name)+"/{z}/{x}/{y}.mvt")
	t.VectorLayers = layers
	if layers == nil {
		t.VectorLayers = []vectorLayer{}
	}
	return replyJSON(c, cacheShort, t)
}

// layer finds a source by name.
func (s *Server) layer(name string) (tiles.Source, error) {
	if l, ok := s.layers[name]; ok {
		return l, nil
	}
	var names []string
	for _, l := range s.Layers {
		names = append(names, l.Info().Name)
	}
	return nil, problem.NotFound("layer %q is not configured; there are: %s", short(name), strings.Join(names, ", "))
}

func replyJSON(c echo.Context, caching string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return reply(c, body{data: data, media: echo.MIMEApplicationJSON, caching: caching, compress: true})
}
