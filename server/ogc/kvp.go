package ogc

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb/maptile"
)

// keyNames are the keys of WMTS 1.0.0's operations (OGC 07-057r7, tables 3 and 29) that are looked at.
var keyNames = []string{"service", "request", "version", "acceptversions", "layer", "style", "format", "tilematrixset", "tilematrix", "tilerow", "tilecol"}

func keyParams() []param {
	var out []param
	for _, name := range keyNames {
		out = append(out, param{name: name, schema: text()})
	}
	return out
}

// keyed is a value that is missing or wrong, in OWS' words (OGC 06-121r3, clause 8).
type keyed struct {
	code, key, says string
	status          int
}

func (e *keyed) Error() string { return e.says }

func wrong(key, format string, args ...any) *keyed {
	return &keyed{"InvalidParameterValue", key, fmt.Sprintf(format, args...), http.StatusBadRequest}
}

// keyValues answers WMTS' requests by keys and values, for clients that know no templates. What is wrong is told as OWS has it, in XML.
func (c *call) keyValues() error {
	values := map[string]string{}
	for name, list := range c.query {
		values[strings.ToLower(name)] = list[0] // keys have no case
	}
	err := c.keyRequest(values)
	if err == nil {
		return nil
	}
	type exception struct {
		Code string `xml:"exceptionCode,attr"`
		Key  string `xml:"locator,attr"`
		Text string `xml:"ExceptionText"`
	}
	data, _ := xml.Marshal(struct { // strings: it cannot fail
		XMLName xml.Name  `xml:"http://www.opengis.net/ows/1.1 ExceptionReport"`
		Version string    `xml:"version,attr"`
		What    exception `xml:"Exception"`
	}{Version: "1.1.0", What: exception{err.code, err.key, err.says}})
	h := c.w.Header()
	h.Set("Content-Type", mediaXML)
	h.Set("Cache-Control", "no-store")
	c.w.WriteHeader(err.status)
	_, _ = c.w.Write(append([]byte(xml.Header), data...)) // who went away is told nothing
	return nil
}

func (c *call) keyRequest(v map[string]string) *keyed {
	if s := v["service"]; s != "" && !strings.EqualFold(s, "WMTS") {
		return wrong("service", "the service is WMTS, not %s", short(s))
	}
	switch request := v["request"]; {
	case request == "" && v["layer"] != "":
		return &keyed{"MissingParameterValue", "request", "say request=GetTile", http.StatusBadRequest}
	case request == "", strings.EqualFold(request, "GetCapabilities"):
		if a := v["acceptversions"]; a != "" && !slices.Contains(strings.Split(a, ","), "1.0.0") {
			return &keyed{"VersionNegotiationFailed", "acceptversions", "the version is 1.0.0", http.StatusBadRequest}
		}
		if err := c.capabilities(); err != nil {
			c.fail(err)
		}
		return nil
	case strings.EqualFold(request, "GetTile") && c.Picture != nil:
		return c.keyTile(v)
	default:
		return &keyed{"OperationNotSupported", short(request), "there are GetCapabilities and GetTile", http.StatusNotImplemented}
	}
}

// keyTile answers GetTile.
func (c *call) keyTile(v map[string]string) *keyed {
	for _, key := range []string{"layer", "format", "tilematrixset", "tilematrix", "tilerow", "tilecol"} {
		if v[key] == "" {
			return &keyed{"MissingParameterValue", key, key + " is missing", http.StatusBadRequest}
		}
	}
	if s := v["version"]; s != "" && s != "1.0.0" {
		return wrong("version", "the version is 1.0.0")
	}
	layers := c.Layers()
	at := slices.IndexFunc(layers, func(l Layer) bool { return l.ID == v["layer"] })
	if at < 0 {
		return wrong("layer", "there is no layer %s", short(v["layer"]))
	}
	l := &layers[at]
	if l.TileSize == 0 {
		l.TileSize = 256
	}
	if s := v["style"]; s != "" && s != "default" {
		return wrong("style", "the style is default")
	}
	f := slices.IndexFunc(l.Formats, func(f string) bool { return mediaOf(f) == v["format"] })
	if f < 0 {
		return wrong("format", "the layer has no %s", short(v["format"]))
	}
	if set := setOf(l.TileSize).ID; v["tilematrixset"] != set {
		return wrong("tilematrixset", "the layer's tile matrix set is %s", set)
	}
	z, err := strconv.Atoi(v["tilematrix"])
	if err != nil || z < 0 || z > maxZoom {
		return wrong("tilematrix", "tile matrices are 0 to %d", maxZoom)
	}
	var n [2]int
	for i, key := range []string{"tilecol", "tilerow"} {
		if n[i], err = strconv.Atoi(v[key]); err != nil {
			return wrong(key, "%s is no whole number", short(v[key]))
		}
		if n[i] < 0 || n[i] >= 1<<z {
			return &keyed{"TileOutOfRange", key, fmt.Sprintf("%s is 0 to %d in tile matrix %d", key, 1<<z-1, z), http.StatusBadRequest}
		}
	}
	c.Picture(c.w, c.r, l.ID, l.Formats[f], maptile.New(uint32(n[0]), uint32(n[1]), maptile.Zoom(z)))
	return nil
}
