package ogc_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/server/ogc"
)

// TestKeysAndValues: WMTS' requests as clients send them that know no templates.
func TestKeysAndValues(t *testing.T) {
	w := newWorld(t, func(o *ogc.Options) {
		o.Picture = func(w http.ResponseWriter, _ *http.Request, layer, format string, t maptile.Tile) {
			fmt.Fprintf(w, "%s %d/%d/%d.%s", layer, t.Z, t.X, t.Y, format)
		}
	})
	const tile = "/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=satellite&STYLE=default&FORMAT=image/jpeg&TILEMATRIXSET=GoogleMapsCompatible&TILEMATRIX=5&TILEROW=7&TILECOL=9"
	for path, want := range map[string]string{
		tile: "satellite 5/9/7.jpg",
		strings.NewReplacer("SERVICE", "service", "REQUEST", "Request", "TILEROW", "tileRow").Replace(tile) + "&key=x&TRANSPARENT=true":     "satellite 5/9/7.jpg",
		strings.NewReplacer("satellite", "retina", "Compatible&", "Compatible512&", "jpeg", "png", "STYLE=default", "STYLE=").Replace(tile): "retina 5/9/7.png",
	} {
		if r := w.get(path); r.StatusCode != 200 || string(r.body) != want {
			t.Errorf("%s: %d %s, want %s", path, r.StatusCode, r.body, want)
		}
	}
	for path, want := range map[string]string{
		strings.Replace(tile, "&TILEROW=7", "", 1):                    "MissingParameterValue tilerow",
		strings.Replace(tile, "LAYER=satellite", "LAYER=sea", 1):      "InvalidParameterValue layer",
		strings.Replace(tile, "image/jpeg", "image/tiff", 1):          "InvalidParameterValue format",
		strings.Replace(tile, "STYLE=default", "STYLE=red", 1):        "InvalidParameterValue style",
		strings.Replace(tile, "Compatible&", "Compatible512&", 1):     "InvalidParameterValue tilematrixset",
		strings.Replace(tile, "TILEMATRIX=5", "TILEMATRIX=99", 1):     "InvalidParameterValue tilematrix",
		strings.Replace(tile, "TILECOL=9", "TILECOL=x", 1):            "InvalidParameterValue tilecol",
		strings.Replace(tile, "TILECOL=9", "TILECOL=32", 1):           "TileOutOfRange tilecol",
		strings.Replace(tile, "1.0.0", "2.0.0", 1):                    "InvalidParameterValue version",
		strings.Replace(tile, "REQUEST=GetTile", "", 1):               "MissingParameterValue request",
		strings.Replace(tile, "GetTile", "GetFeatureInfo", 1):         "OperationNotSupported GetFeatureInfo",
		"/wmts?SERVICE=WMS&REQUEST=GetCapabilities":                   "InvalidParameterValue service",
		"/wmts?SERVICE=WMTS&REQUEST=GetCapabilities&AcceptVersions=3": "VersionNegotiationFailed acceptversions",
	} {
		r := w.get(path)
		var report struct {
			XMLName   xml.Name `xml:"http://www.opengis.net/ows/1.1 ExceptionReport"`
			Exception struct {
				Code string `xml:"exceptionCode,attr"`
				Key  string `xml:"locator,attr"`
				Text string `xml:"ExceptionText"`
			}
		}
		if err := xml.Unmarshal(r.body, &report); err != nil || report.Exception.Code+" "+report.Exception.Key != want || report.Exception.Text == "" || r.StatusCode < 400 {
			t.Errorf("%s: %d %v %s, want %s", path, r.StatusCode, err, r.body, want)
		}
	}
	for _, path := range []string{"/wmts", "/wmts?request=getcapabilities&service=wmts", "/wmts?REQUEST=GetCapabilities&ACCEPTVERSIONS=2.0.0,1.0.0"} {
		var c struct {
			Does []struct {
				Name string `xml:"name,attr"`
				Get  struct {
					Href  string `xml:"http://www.w3.org/1999/xlink href,attr"`
					Value string `xml:"Constraint>AllowedValues>Value"`
				} `xml:"DCP>HTTP>Get"`
			} `xml:"OperationsMetadata>Operation"`
		}
		if r := w.get(path); xml.Unmarshal(r.body, &c) != nil || len(c.Does) != 2 || c.Does[1].Name != "GetTile" || c.Does[1].Get.Href != "http://maps.test/wmts?" || c.Does[1].Get.Value != "KVP" {
			t.Errorf("%s: %d %+v %.300s", path, r.StatusCode, c, r.body)
		}
	}
	if r := newWorld(t).get(tile); r.StatusCode != http.StatusNotImplemented {
		t.Errorf("without pictures: %d %s", r.StatusCode, r.body)
	}
}
