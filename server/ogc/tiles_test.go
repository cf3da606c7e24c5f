package ogc_test

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"
)

func (w *world) tilesPath() string { return "/ogc/collections/" + w.schools + "/tiles" }

var tileRequirements = []requirement{
	{"ogcapi-tiles-1/1.0/req/core/tc-op", func(w *world) error {
		return w.status(w.tilesPath()+"/WebMercatorQuad/0/0/0", 200)
	}},
	{"ogcapi-tiles-1/1.0/req/core/tc-success", func(w *world) error {
		at := maptile.At(orb.Point{85.523, 27.628}, 15)
		d, err := w.json(jsonType, w.tilesPath()+"/WebMercatorQuad")
		r := w.get(strings.NewReplacer("{tileMatrix}", fmt.Sprint(at.Z), "{tileRow}", fmt.Sprint(at.Y), "{tileCol}", fmt.Sprint(at.X)).Replace(local(d.href("item", ""))))
		layers, errTile := mvt.Unmarshal(r.body)
		if err = all(err, errTile, that(r.Header.Get("Content-Type") == "application/vnd.mapbox-vector-tile", "%s", r.Header.Get("Content-Type"))); err != nil {
			return err
		}
		return that(len(layers) == 1 && len(layers[0].Features) > 100, "%d layers", len(layers))
	}},
	{"ogcapi-tiles-1/1.0/req/core/tc-error", func(w *world) error {
		var err error
		for path, want := range map[string]int{"/WebMercatorQuad/1/2/0": 404, "/WebMercatorQuad/25/0/0": 404, "/WebMercatorQuad/-1/0/0": 404, "/WebMercatorQuad/x/0/0": 400, "/WorldCRS84Quad/0/0/0": 404, "/WebMercatorQuad/1/99999999999999999999/0": 400, "/WebMercatorQuad/0/0/0?f=png": 400} {
			err = all(err, w.status(w.tilesPath()+path, want))
		}
		return all(err, w.status("/ogc/collections/none/tiles/WebMercatorQuad/0/0/0", 404))
	}},
	{"ogcapi-tiles-1/1.0/req/tileset/description", func(w *world) error {
		d, err := w.json(jsonType, w.tilesPath()+"/WebMercatorQuad")
		item := ""
		for _, l := range d.list("links") {
			if m := l.(map[string]any); m["rel"] == "item" && m["templated"] == true {
				item = m["href"].(string)
			}
		}
		return all(err, w.links(d, "self", "item", "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"), that(d["dataType"] == "vector" && d["crs"] == crs3857, "%v", d),
			that(strings.HasSuffix(item, "/{tileMatrix}/{tileRow}/{tileCol}"), "template %s", item), that(d["tileMatrixSetURI"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad", "%v", d["tileMatrixSetURI"]))
	}},
	{"ogcapi-tiles-1/1.0/req/tileset/bounding-box", func(w *world) error {
		d, err := w.json(jsonType, w.tilesPath()+"/WebMercatorQuad")
		x, _ := d.at("boundingBox", "lowerLeft", 0).(float64)
		across, errAcross := w.json(jsonType, "/ogc/collections/"+w.chinese+"/tiles/WebMercatorQuad")
		west, _ := across.at("boundingBox", "lowerLeft", 0).(float64)
		return all(err, errAcross, that(d.at("boundingBox", "crs") == crs3857 && x > 9.5e6 && x < 9.6e6, "%v", d["boundingBox"]), that(west < -2e7, "%v", across["boundingBox"]))
	}},
	{"ogcapi-tiles-1/1.0/req/tilesets-list/tilesets", func(w *world) error {
		d, err := w.json(jsonType, w.tilesPath())
		one := doc(d.at("tilesets", 0).(map[string]any))
		return all(err, w.links(d, "self"), w.links(one, "self", "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"), that(one["dataType"] == "vector", "%v", one))
	}},
	{"ogcapi-tiles-1/1.0/req/geodata-tilesets/desc-links", func(w *world) error {
		return w.linked(jsonType, "/ogc/collections/"+w.schools, "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector")
	}},
	{"tms/2.0/req/json-tilematrixset", func(w *world) error {
		d, err := w.json(jsonType, "/ogc/tileMatrixSets/WebMercatorQuad")
		for z, m := range d.list("tileMatrices") {
			m := m.(map[string]any)
			n := math.Exp2(float64(z))
			// OGC 17-083r4, table D.1: denominator of matrix 0 is 559082264.028717, cells 156543.033928041 m.
			err = all(err, that(m["id"] == fmt.Sprint(z) && m["matrixWidth"] == n && m["matrixHeight"] == n && m["tileWidth"] == 256.0, "%v", m),
				that(math.Abs(m["scaleDenominator"].(float64)*n-559082264.028717) < 1e-6 && math.Abs(m["cellSize"].(float64)*n-156543.033928041) < 1e-8, "%v", m))
		}
		return all(err, that(len(d.list("tileMatrices")) == 25 && d["crs"] == crs3857, "%v", d["crs"]), w.status("/ogc/tileMatrixSets/none", 404))
	}},
	{"ogcapi-tiles-1/1.0/req/core/tilematrixsets", func(w *world) error {
		d, err := w.json(jsonType, "/ogc/tileMatrixSets")
		one := doc(d.at("tileMatrixSets", 0).(map[string]any))
		return all(err, w.links(one, "self"), that(one["id"] == "WebMercatorQuad", "%v", one))
	}},
}

type capabilities struct {
	XMLName xml.Name `xml:"http://www.opengis.net/wmts/1.0 Capabilities"`
	Version string   `xml:"version,attr"`
	Service struct {
		Type    string `xml:"http://www.opengis.net/ows/1.1 ServiceType"`
		Version string `xml:"http://www.opengis.net/ows/1.1 ServiceTypeVersion"`
	} `xml:"http://www.opengis.net/ows/1.1 ServiceIdentification"`
	Layers []struct {
		ID     string   `xml:"http://www.opengis.net/ows/1.1 Identifier"`
		Title  string   `xml:"http://www.opengis.net/ows/1.1 Title"`
		Format []string `xml:"Format"`
		Style  struct {
			Default bool   `xml:"isDefault,attr"`
			ID      string `xml:"http://www.opengis.net/ows/1.1 Identifier"`
		}
		Lower    string                                                                     `xml:"http://www.opengis.net/ows/1.1 WGS84BoundingBox>LowerCorner"`
		Set      string                                                                     `xml:"TileMatrixSetLink>TileMatrixSet"`
		Limits   []struct{ TileMatrix, MinTileRow, MaxTileRow, MinTileCol, MaxTileCol int } `xml:"TileMatrixSetLink>TileMatrixSetLimits>TileMatrixLimits"`
		Resource []struct {
			Format   string `xml:"format,attr"`
			Type     string `xml:"resourceType,attr"`
			Template string `xml:"template,attr"`
		} `xml:"ResourceURL"`
	} `xml:"Contents>Layer"`
	Sets []struct {
		ID       string `xml:"http://www.opengis.net/ows/1.1 Identifier"`
		CRS      string `xml:"http://www.opengis.net/ows/1.1 SupportedCRS"`
		Known    string `xml:"WellKnownScaleSet"`
		Matrices []struct {
			ID                      string `xml:"http://www.opengis.net/ows/1.1 Identifier"`
			ScaleDenominator        float64
			TopLeftCorner           string
			TileWidth, MatrixHeight int
		} `xml:"TileMatrix"`
	} `xml:"Contents>TileMatrixSet"`
}

// capable reads the capabilities.
func capable(check func(c *capabilities) error) func(*world) error {
	return func(w *world) error {
		r := w.get("/wmts/1.0.0/WMTSCapabilities.xml")
		var c capabilities
		if err := xml.Unmarshal(r.body, &c); err != nil {
			return err
		}
		return all(that(r.StatusCode == 200 && r.Header.Get("Content-Type") == "application/xml", "%d %s", r.StatusCode, r.Header.Get("Content-Type")), check(&c))
	}
}

var wmtsRequirements = []requirement{
	{"wmts/1.0.0/capabilities", capable(func(c *capabilities) error {
		return that(c.Version == "1.0.0" && c.Service.Type == "OGC WMTS" && c.Service.Version == "1.0.0" && len(c.Layers) == 2, "%+v", c)
	})},
	{"wmts/1.0.0/layer", capable(func(c *capabilities) error {
		l := c.Layers[0]
		return that(l.ID == "satellite" && l.Title == "Satellite <&> more" && l.Style.Default && l.Style.ID == "default" && fmt.Sprint(l.Format) == "[image/png image/jpeg image/webp]" && l.Lower == "-180 -85.0511287798066", "%+v", l)
	})},
	{"wmts/1.0.0/resource-url", capable(func(c *capabilities) error {
		l := c.Layers[0]
		return that(len(l.Resource) == 3 && l.Resource[1].Format == "image/jpeg" && l.Resource[1].Type == "tile" && l.Resource[1].Template == "http://maps.test/tiles/satellite/{TileMatrix}/{TileCol}/{TileRow}.jpg", "%+v", l.Resource)
	})},
	{"wmts/1.0.0/tile-matrix-set", capable(func(c *capabilities) error {
		s := c.Sets[0]
		err := that(s.ID == "GoogleMapsCompatible" && s.CRS == "urn:ogc:def:crs:EPSG::3857" && s.Known == "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible" && len(s.Matrices) == 25, "%+v", s)
		for z, m := range s.Matrices { // OGC 07-057r7, annex E.4: 559082264.0287178, halved by each zoom
			err = all(err, that(m.ID == fmt.Sprint(z) && m.TileWidth == 256 && m.MatrixHeight == 1<<z && m.TopLeftCorner == "-20037508.3427892 20037508.3427892" && math.Abs(m.ScaleDenominator*math.Exp2(float64(z))/559082264.0287178-1) < 1e-11, "%+v", m))
		}
		return err
	})},
	{"wmts/1.0.0/tile-matrix-set-512", capable(func(c *capabilities) error {
		s := c.Sets[1]
		return that(s.ID == c.Layers[1].Set && s.Known == "" && s.Matrices[1].TileWidth == 512 && math.Abs(s.Matrices[0].ScaleDenominator/279541132.0143589-1) < 1e-11, "%+v", s)
	})},
	{"wmts/1.0.0/limits", capable(func(c *capabilities) error {
		l := c.Layers[1].Limits
		at := maptile.At(orb.Point{85, 28}, 4)
		return that(len(l) == 14 && l[0].TileMatrix == 4 && l[0].MinTileCol == int(at.X) && l[0].MinTileRow == int(at.Y) && len(c.Layers[0].Limits) == 19, "%+v", l)
	})},
	{"wmts/1.0.0/link-consistency", capable(func(c *capabilities) error {
		var err error
		for _, l := range c.Layers {
			found := false
			for _, s := range c.Sets {
				found = found || s.ID == l.Set
			}
			err = all(err, that(found, "layer %s has no set %s", l.ID, l.Set))
		}
		return err
	})},
	{"wmts/1.0.0/get-capabilities-kvp", func(w *world) error {
		return w.status("/wmts?SERVICE=WMTS&REQUEST=GetCapabilities&VERSION=1.0.0", 200)
	}},
}
