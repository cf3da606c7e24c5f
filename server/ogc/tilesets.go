package ogc

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
)

// The one grid of vector tiles: OGC 17-083r4, annex D.1.
const (
	webMercatorQuad = "WebMercatorQuad"
	matrixSetURI    = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
	maxZoom         = 24
	halfWorld       = 20037508.3427892 // metres, with the digits that the standards give it
	topScale        = 559082264.028717 // denominator of the matrix 0: 256 pixels of 0.28 mm for the equator
	pixelSize       = 0.00028          // metres
)

type tileMatrix struct {
	ID               string     `json:"id"`
	ScaleDenominator float64    `json:"scaleDenominator"`
	CellSize         float64    `json:"cellSize"`
	CornerOfOrigin   string     `json:"cornerOfOrigin"`
	PointOfOrigin    [2]float64 `json:"pointOfOrigin"`
	TileWidth        int        `json:"tileWidth"`
	TileHeight       int        `json:"tileHeight"`
	MatrixWidth      int        `json:"matrixWidth"`
	MatrixHeight     int        `json:"matrixHeight"`
}

func matrices() []tileMatrix {
	var out []tileMatrix
	for z := range maxZoom + 1 {
		scale := topScale / float64(int(1)<<z)
		out = append(out, tileMatrix{strconv.Itoa(z), scale, scale * pixelSize, "topLeft", [2]float64{-halfWorld, halfWorld}, 256, 256, 1 << z, 1 << z})
	}
	return out
}

func (c *call) matrixSets() error {
	at := c.base + "/ogc/tileMatrixSets/" + webMercatorQuad
	set := map[string]any{"id": webMercatorQuad, "title": "Google Maps compatible", "uri": matrixSetURI, "crs": uri3857,
		"links": []link{{at, "self", mediaJSON, webMercatorQuad, false}}}
	return c.send(http.StatusOK, mediaJSON, map[string]any{"tileMatrixSets": []any{set}, "links": c.own(mediaJSON)},
		page{Title: "Tile matrix sets", Crumbs: c.crumbs(), Rows: [][]cell{{{webMercatorQuad, at}}}})
}

// knownSet says whether the path names the grid.
func (c *call) knownSet() error {
	if id := c.r.PathValue("tileMatrixSetId"); id != webMercatorQuad {
		return problem.NotFound("there is no tile matrix set %q; there is %s", short(id), webMercatorQuad)
	}
	return nil
}

func (c *call) matrixSet() error {
	if err := c.knownSet(); err != nil {
		return err
	}
	list := matrices()
	p := page{Title: webMercatorQuad, Text: "Web Mercator, EPSG:3857; tiles are counted from the north-west.", Crumbs: c.crumbs(link{Href: "/tileMatrixSets", Title: "Tile matrix sets"}),
		Head: []string{"Zoom", "Scale 1:", "Metres a pixel", "Tiles"}}
	for _, m := range list {
		p.Rows = append(p.Rows, []cell{{Text: m.ID}, {Text: fmt.Sprintf("%.0f", m.ScaleDenominator)}, {Text: fmt.Sprintf("%.4g", m.CellSize)}, {Text: fmt.Sprintf("%d × %d", m.MatrixWidth, m.MatrixHeight)}})
	}
	return c.send(http.StatusOK, mediaJSON, map[string]any{
		"id": webMercatorQuad, "title": "Google Maps compatible", "uri": matrixSetURI, "crs": uri3857, "orderedAxes": []string{"X", "Y"},
		"wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible", "tileMatrices": list, "links": c.own(mediaJSON),
	}, p)
}

// tilesetDoc is a tile set with what lists show of it.
func (c *call) tilesetDoc(k store.Collection, links []link) map[string]any {
	at := c.base + "/ogc/collections/" + url.PathEscape(k.ID)
	return map[string]any{
		"title": k.Phrase, "dataType": "vector", "crs": uri3857, "tileMatrixSetURI": matrixSetURI,
		"links": append(links, link{c.base + "/ogc/tileMatrixSets/" + webMercatorQuad, relScheme, mediaJSON, webMercatorQuad, false},
			link{at + "/tiles/" + webMercatorQuad + "/{tileMatrix}/{tileRow}/{tileCol}", "item", mediaMVT, "Vector tiles", true},
			link{at, "http://www.opengis.net/def/rel/ogc/1.0/geodata", mediaJSON, k.Phrase, false}),
	}
}

func (c *call) tilesets() error {
	k, err := c.collection()
	if err != nil {
		return err
	}
	at := c.base + "/ogc/collections/" + url.PathEscape(k.ID) + "/tiles/" + webMercatorQuad
	set := c.tilesetDoc(k, []link{{at, "self", mediaJSON, k.Phrase, false}})
	return c.send(http.StatusOK, mediaJSON, map[string]any{"tilesets": []any{set}, "links": c.own(mediaJSON)},
		page{Title: "Tiles of “" + k.Phrase + "”", Crumbs: c.collectionCrumbs(k), Rows: [][]cell{{{webMercatorQuad, at}}}})
}

func (c *call) tileset() error {
	if err := c.knownSet(); err != nil {
		return err
	}
	k, err := c.collection()
	if err != nil {
		return err
	}
	doc := c.tilesetDoc(k, c.own(mediaJSON))
	// In the grid's own system: not every client looks at its crs.
	b := extent(k)
	if b[0] > b[2] {
		b[0], b[2] = -180, 180
	}
	doc["boundingBox"] = map[string]any{"lowerLeft": project.WGS84.ToMercator(orb.Point{b[0], b[1]}), "upperRight": project.WGS84.ToMercator(orb.Point{b[2], b[3]}), "crs": uri3857}
	fields := map[string]any{"name": text(), "query": text(), "tier": text(), "class": text(), "function": text(),
		"score": map[string]any{"type": "number"}, "area_m2": map[string]any{"type": "number"}}
	doc["layers"] = []any{
		map[string]any{"id": "aoi", "dataType": "vector", "geometryDimension": 2, "propertiesSchema": map[string]any{"type": "object", "properties": fields}},
		map[string]any{"id": "aoi_label", "dataType": "vector", "geometryDimension": 0, "propertiesSchema": map[string]any{"type": "object", "properties": fields}}}
	links := doc["links"].([]link)
	return c.send(http.StatusOK, mediaJSON, doc, page{Title: "Tiles of “" + k.Phrase + "”", Text: "Mapbox vector tiles 2 with the layers aoi and aoi_label: " + links[3].Href, Crumbs: c.collectionCrumbs(k)})
}

func (c *call) tile() error {
	if err := c.knownSet(); err != nil {
		return err
	}
	var n [3]int
	for i, name := range []string{"tileMatrix", "tileRow", "tileCol"} {
		var err error
		if n[i], err = strconv.Atoi(c.r.PathValue(name)); err != nil {
			return problem.BadRequest("%s %q is no whole number", name, short(c.r.PathValue(name)))
		}
	}
	z, y, x := n[0], n[1], n[2]
	if z < 0 || z > maxZoom || x < 0 || y < 0 || x >= 1<<z || y >= 1<<z {
		return problem.NotFound("tile matrix %d, row %d, column %d is outside the grid", z, y, x)
	}
	k, err := c.collection()
	if err != nil {
		return err
	}
	c.Tile(c.w, c.r, k.Phrase, maptile.New(uint32(x), uint32(y), maptile.Zoom(z)))
	return nil
}
