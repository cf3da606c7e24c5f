package sources

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pm "github.com/precinct-map/precinct/geo/formats/pmtiles"
	"github.com/precinct-map/precinct/tiles"
)

// wmtsDocument has one layer, whose matrix of zoom 3 begins at tile 4/2 when shifted.
func wmtsDocument(server, resource string, shifted bool) string {
	top := "-20037508.342789 20037508.342789"
	if shifted {
		top = "0 10018754.171394"
	}
	return fmt.Sprintf(`<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink">
<ows:ServiceProvider><ows:ProviderName>them</ows:ProviderName></ows:ServiceProvider>
<ows:OperationsMetadata><ows:Operation name="GetTile"><ows:DCP><ows:HTTP><ows:Get xlink:href="%s/kvp?"/></ows:HTTP></ows:DCP></ows:Operation></ows:OperationsMetadata>
<Contents><Layer><ows:Identifier>photo</ows:Identifier><ows:WGS84BoundingBox><ows:LowerCorner>45 0</ows:LowerCorner><ows:UpperCorner>90 40.98</ows:UpperCorner></ows:WGS84BoundingBox>
<Style isDefault="true"><ows:Identifier>default</ows:Identifier></Style><Format>image/png</Format><TileMatrixSetLink><TileMatrixSet>g</TileMatrixSet></TileMatrixSetLink>%s</Layer>
<TileMatrixSet><ows:Identifier>g</ows:Identifier><ows:SupportedCRS>urn:ogc:def:crs:EPSG::900913</ows:SupportedCRS>
<TileMatrix><ows:Identifier>EPSG:900913:3</ows:Identifier><ScaleDenominator>69885283.00358972</ScaleDenominator><TopLeftCorner>%s</TopLeftCorner><TileWidth>256</TileWidth><TileHeight>256</TileHeight></TileMatrix></TileMatrixSet></Contents></Capabilities>`, server, resource, top)
}

func wmtsServer(t *testing.T, rest, shifted bool, data []byte) string {
	want := "3/5"
	if shifted {
		want = "1/1"
	}
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case r.URL.Path == "/caps.xml":
			resource := ""
			if rest {
				resource = `<ResourceURL format="image/png" resourceType="tile" template="` + server.URL + `/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png"/>`
			}
			_, _ = w.Write([]byte(wmtsDocument(server.URL, resource, shifted)))
		case r.URL.Path == "/default/g/EPSG:900913:3/"+want+".png", q.Get("tilematrix") == "EPSG:900913:3" && q.Get("tilerow")+"/"+q.Get("tilecol") == want:
			_, _ = w.Write(data)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/caps.xml"
}

func TestWMTS(t *testing.T) {
	data := picture(t, red, tiles.PNG)
	for _, rest := range []bool{true, false} {
		for _, shifted := range []bool{true, false} {
			c := Config{Name: "a", Kind: "wmts", URL: wmtsServer(t, rest, shifted, data)}
			s, err := Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if i := s.Info(); i.MinZoom != 3 || i.MaxZoom != 3 || i.Attribution != "them" || i.Bounds.Min[0] != 45 || i.Format != tiles.PNG {
				t.Errorf("%+v", i)
			}
			if _, err := s.Tile(t.Context(), here); err != nil {
				t.Errorf("rest %v, shifted %v: %v", rest, shifted, err)
			}
			c.Layer = "x"
			if _, err := Open(t.Context(), c); !errors.Is(err, tiles.ErrConfig) || !strings.Contains(err.Error(), "photo") {
				t.Errorf("unknown layer: %v", err)
			}
		}
	}
}

func writePMTiles(t *testing.T, data []byte, kind byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.pmtiles")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a := pm.New(f, 1)
	if err := a.Add(pm.TileID(here), data); err != nil {
		t.Fatal(err)
	}
	if err := a.Finish(pm.About{MinZoom: 3, MaxZoom: 3, Bounds: here.Bound(), Metadata: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path) // our writer writes vectors; byte 99 says what the tiles are
	if err != nil {
		t.Fatal(err)
	}
	b[99] = kind
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPMTilesChange(t *testing.T) {
	b, _ := os.ReadFile(writePMTiles(t, picture(t, red, tiles.PNG), 2))
	tag := `"1"`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "a", time.Time{}, bytes.NewReader(b))
	}))
	defer server.Close()
	s, err := Open(t.Context(), Config{Name: "a", Kind: "pmtiles", URL: server.URL + "/a.pmtiles"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Tile(t.Context(), here); err != nil {
		t.Error(err)
	}
	tag = `"2"`
	if _, err := s.Tile(t.Context(), here); !errors.Is(err, tiles.ErrUpstream) || !strings.Contains(err.Error(), "changed") {
		t.Errorf("a changed file: %v", err)
	}
}
