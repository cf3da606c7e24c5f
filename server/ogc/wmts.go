package ogc

import (
	"encoding/xml"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
)

// The parts of WMTS 1.0.0 capabilities (OGC 07-057r7, annex B) that a RESTful service has.
type wmtsCapabilities struct {
	XMLName  xml.Name    `xml:"http://www.opengis.net/wmts/1.0 Capabilities"`
	OWS      string      `xml:"xmlns:ows,attr"`
	XLink    string      `xml:"xmlns:xlink,attr"`
	Version  string      `xml:"version,attr"`
	Title    string      `xml:"ows:ServiceIdentification>ows:Title"`
	Type     string      `xml:"ows:ServiceIdentification>ows:ServiceType"`
	Versions string      `xml:"ows:ServiceIdentification>ows:ServiceTypeVersion"`
	Does     []wmtsDoes  `xml:"ows:OperationsMetadata>ows:Operation"`
	Layers   []wmtsLayer `xml:"Contents>Layer"`
	Sets     []wmtsSet   `xml:"Contents>TileMatrixSet"`
	Metadata wmtsHref    `xml:"ServiceMetadataURL"`
}

// wmtsDoes is an operation that is asked for by keys and values.
type wmtsDoes struct {
	Name string  `xml:"name,attr"`
	Get  wmtsGet `xml:"ows:DCP>ows:HTTP>ows:Get"`
}

type wmtsGet struct {
	Href     string `xml:"xlink:href,attr"`
	Encoding struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"ows:AllowedValues>ows:Value"`
	} `xml:"ows:Constraint"`
}

type wmtsHref struct {
	Href string `xml:"xlink:href,attr"`
}

type wmtsLayer struct {
	Title     string        `xml:"ows:Title"`
	Abstract  string        `xml:"ows:Abstract,omitempty"`
	Lower     string        `xml:"ows:WGS84BoundingBox>ows:LowerCorner"`
	Upper     string        `xml:"ows:WGS84BoundingBox>ows:UpperCorner"`
	ID        string        `xml:"ows:Identifier"`
	Style     wmtsStyle     `xml:"Style"`
	Formats   []string      `xml:"Format"`
	Link      wmtsLink      `xml:"TileMatrixSetLink"`
	Resources []wmtsAddress `xml:"ResourceURL"`
}

type wmtsStyle struct {
	Default bool   `xml:"isDefault,attr"`
	ID      string `xml:"ows:Identifier"`
}

type wmtsLink struct {
	Set    string       `xml:"TileMatrixSet"`
	Limits []wmtsLimits `xml:"TileMatrixSetLimits>TileMatrixLimits"`
}

type wmtsLimits struct {
	TileMatrix string
	MinTileRow int
	MaxTileRow int
	MinTileCol int
	MaxTileCol int
}

type wmtsAddress struct {
	Format   string `xml:"format,attr"`
	Type     string `xml:"resourceType,attr"`
	Template string `xml:"template,attr"`
}

type wmtsSet struct {
	Title    string       `xml:"ows:Title"`
	ID       string       `xml:"ows:Identifier"`
	CRS      string       `xml:"ows:SupportedCRS"`
	Known    string       `xml:"WellKnownScaleSet,omitempty"`
	Matrices []wmtsMatrix `xml:"TileMatrix"`
}

type wmtsMatrix struct {
	ID               string `xml:"ows:Identifier"`
	ScaleDenominator float64
	TopLeftCorner    string
	TileWidth        int
	TileHeight       int
	MatrixWidth      int
	MatrixHeight     int
}

// url is a layer's path for one format, with {z}, {x} and {y} left in it.
func (l *Layer) url(format string) string {
	return strings.NewReplacer("{ext}", format, "{layer}", url.PathEscape(l.ID)).Replace(l.Template)
}

// mediaOf are the media types of picture formats.
func mediaOf(format string) string {
	if format == "jpg" {
		format = "jpeg"
	}
	return "image/" + format
}

const googleMapsCompatible = "GoogleMapsCompatible"

// setOf is the grid for tiles of some pixels. The well-known scale set is that of 256; larger tiles hold the same ground in
// more pixels, at a smaller scale denominator.
func setOf(pixels int) wmtsSet {
	set := wmtsSet{Title: googleMapsCompatible, ID: googleMapsCompatible, CRS: "urn:ogc:def:crs:EPSG::3857", Known: "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible"}
	if pixels != 256 {
		set.ID += strconv.Itoa(pixels)
		set.Title, set.Known = set.ID, ""
	}
	for _, m := range matrices() {
		set.Matrices = append(set.Matrices, wmtsMatrix{m.ID, m.ScaleDenominator * 256 / float64(pixels), "-20037508.3427892 20037508.3427892", pixels, pixels, m.MatrixWidth, m.MatrixHeight})
	}
	return set
}

func corner(lon, lat float64) string {
	return strconv.FormatFloat(lon, 'f', -1, 64) + " " + strconv.FormatFloat(lat, 'f', -1, 64)
}

func (c *call) wmtsLayer(l *Layer, set string) wmtsLayer {
	out := wmtsLayer{Title: l.Title, Abstract: l.Attribution, ID: l.ID, Style: wmtsStyle{true, "default"}, Link: wmtsLink{set, limits(l.Bounds, l.MinZoom, min(l.MaxZoom, maxZoom))},
		Lower: corner(l.Bounds.Min[0], l.Bounds.Min[1]), Upper: corner(l.Bounds.Max[0], l.Bounds.Max[1])}
	if out.Title == "" {
		out.Title = l.ID
	}
	for _, f := range l.Formats {
		at := strings.NewReplacer("{z}", "{TileMatrix}", "{x}", "{TileCol}", "{y}", "{TileRow}").Replace(l.url(f))
		out.Formats = append(out.Formats, mediaOf(f))
		out.Resources = append(out.Resources, wmtsAddress{mediaOf(f), "tile", c.base + at})
	}
	return out
}

// limits are the tiles that a bound in degrees has. One across the antimeridian has all columns.
func limits(b orb.Bound, from, to int) []wmtsLimits {
	const most = 85.0511287798066 // degrees that the grid reaches north and south
	if b.Min[0] > b.Max[0] || b.Max[0] > 180 || b.Min[0] < -180 {
		b.Min[0], b.Max[0] = -180, 180
	}
	var out []wmtsLimits
	for z := from; z <= to; z++ {
		last := float64(int(1)<<z - 1)
		at := func(lon, lat float64) (col, row int) {
			p := maptile.Fraction(orb.Point{lon, max(-most, min(most, lat))}, maptile.Zoom(z))
			return int(max(0, min(last, math.Floor(p[0])))), int(max(0, min(last, math.Floor(p[1]))))
		}
		west, north := at(b.Min[0], b.Max[1])
		east, south := at(b.Max[0], b.Min[1])
		out = append(out, wmtsLimits{strconv.Itoa(z), north, south, west, east})
	}
	return out
}

func (c *call) capabilities() error {
	doc := wmtsCapabilities{OWS: "http://www.opengis.net/ows/1.1", XLink: "http://www.w3.org/1999/xlink", Version: "1.0.0",
		Title: c.Title, Type: "OGC WMTS", Versions: "1.0.0", Metadata: wmtsHref{c.base + "/wmts/1.0.0/WMTSCapabilities.xml"}}
	if c.Picture != nil {
		for _, name := range []string{"GetCapabilities", "GetTile"} {
			get := wmtsGet{Href: c.base + "/wmts?"}
			get.Encoding.Name, get.Encoding.Value = "GetEncoding", "KVP"
			doc.Does = append(doc.Does, wmtsDoes{name, get})
		}
	}
	sizes := map[int]bool{}
	for _, l := range c.Layers() {
		if l.TileSize == 0 {
			l.TileSize = 256
		}
		set := setOf(l.TileSize)
		if !sizes[l.TileSize] {
			sizes[l.TileSize] = true
			doc.Sets = append(doc.Sets, set)
		}
		doc.Layers = append(doc.Layers, c.wmtsLayer(&l, set.ID))
	}
	data, err := xml.MarshalIndent(doc, "", " ")
	if err != nil {
		return err
	}
	data = append([]byte(xml.Header), data...)
	return c.blob(http.StatusOK, mediaXML, contentTag(data), data)
}
