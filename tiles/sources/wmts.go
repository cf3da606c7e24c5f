package sources

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/tiles"
)

const (
	mostCapabilities = 32 << 20
	halfWorld        = math.Pi * 6378137 // metres of Web Mercator from its middle to its edge
)

// capabilities is what is read of a WMTS 1.0.0 document, https://www.ogc.org/standard/wmts/ (OGC 07-057r7).
type capabilities struct {
	Provider string `xml:"ServiceProvider>ProviderName"`
	GetTile  []struct {
		Name string `xml:"name,attr"`
		Get  []struct {
			Href string `xml:"href,attr"`
		} `xml:"DCP>HTTP>Get"`
	} `xml:"OperationsMetadata>Operation"`
	Layers []wmtsLayer `xml:"Contents>Layer"`
	Sets   []matrixSet `xml:"Contents>TileMatrixSet"`
}

type wmtsLayer struct {
	ID     string   `xml:"Identifier"`
	Lower  string   `xml:"WGS84BoundingBox>LowerCorner"`
	Upper  string   `xml:"WGS84BoundingBox>UpperCorner"`
	Format []string `xml:"Format"`
	Styles []struct {
		ID      string `xml:"Identifier"`
		Default bool   `xml:"isDefault,attr"`
	} `xml:"Style"`
	Dimensions []struct {
		ID      string `xml:"Identifier"`
		Default string
	} `xml:"Dimension"`
	Sets      []string `xml:"TileMatrixSetLink>TileMatrixSet"`
	Resources []struct {
		Type     string `xml:"resourceType,attr"`
		Format   string `xml:"format,attr"`
		Template string `xml:"template,attr"`
	} `xml:"ResourceURL"`
}

type matrixSet struct {
	ID       string `xml:"Identifier"`
	CRS      string `xml:"SupportedCRS"`
	Matrices []struct {
		ID    string  `xml:"Identifier"`
		Scale float64 `xml:"ScaleDenominator"`
		Top   string  `xml:"TopLeftCorner"`
		Edge  int     `xml:"TileWidth"`
		EdgeY int     `xml:"TileHeight"`
	} `xml:"TileMatrix"`
}

// matrix is one zoom: its identifier, and the tile of the world's numbering that it counts from.
type matrix struct {
	id   string
	x, y uint32
}

// wmts asks each zoom as a source of its own, for its matrix has its own name and may have its own origin.
type wmts struct {
	info  tiles.Info
	zooms map[maptile.Zoom]*xyz
	from  map[maptile.Zoom]matrix
	base  *xyz
}

func openWMTS(ctx context.Context, c Config) (tiles.Source, error) {
	base, err := asker(c)
	if err != nil {
		return nil, err
	}
	w, err := newWMTS(ctx, c, base)
	if err != nil {
		_ = base.Close()
		return nil, configError(c, "%s", base.hide(err.Error()))
	}
	return w, nil
}

func newWMTS(ctx context.Context, c Config, base *xyz) (*wmts, error) {
	address := strings.TrimSuffix(base.url.text, anyTile)
	doc, err := base.capabilities(ctx, address)
	if err != nil {
		return nil, err
	}
	layer, err := doc.layer(c.Layer)
	if err != nil {
		return nil, err
	}
	set, edge, matrices := doc.mercator(layer, c.TileSize)
	if len(matrices) == 0 {
		return nil, fmt.Errorf("layer %s has no tiles of 256 or 512 px in Web Mercator; its sets are %s", layer.ID, strings.Join(layer.Sets, ", "))
	}
	text, format, err := doc.address(layer, set)
	if err != nil {
		return nil, err
	}
	w := &wmts{info: c.info(), zooms: map[maptile.Zoom]*xyz{}, from: matrices, base: base}
	low, high := maptile.Zoom(255), maptile.Zoom(0)
	for z, m := range matrices {
		low, high = min(low, z), max(high, z)
		one := *base
		one.url = template{strings.ReplaceAll(text, "{TileMatrix}", url.PathEscape(m.id)), base.url.subdomains}
		one.host = base.way.host(one.url.text)
		one.info.MinZoom, one.info.MaxZoom, one.info.Bounds = int(z), int(z), world() // its tiles may be counted from elsewhere
		u, err := url.Parse(one.url.expand(maptile.New(0, 0, 0)))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("the address of its tiles is no URL")
		}
		if from, _ := url.Parse(address); len(c.Headers) > 0 && u.Hostname() != from.Hostname() {
			return nil, fmt.Errorf("its tiles are on another host, %s, which must not get the headers", u.Hostname())
		}
		w.zooms[z] = &one
	}
	w.info.MinZoom, w.info.MaxZoom = cmp.Or(c.MinZoom, int(low)), cmp.Or(c.MaxZoom, int(high))
	w.info.TileSize, w.info.Attribution = edge, cmp.Or(c.Attribution, strings.TrimSpace(doc.Provider))
	if format != "" {
		w.info.Format = format
	}
	var b [4]float64
	if n, _ := fmt.Sscan(layer.Lower+" "+layer.Upper, &b[0], &b[1], &b[2], &b[3]); n == 4 && len(c.Bounds) == 0 && b[0] != b[2] && b[1] < b[3] { // some servers leave it at zeros
		c.Bounds = b[:]
		i := c.info()
		w.info.Bounds, w.info.Center = i.Bounds, i.Center
	}
	w.info.CenterZoom = w.info.MinZoom
	return w, nil
}

// Close lets idle connections go.
func (w *wmts) Close() error { return w.base.Close() }

func (w *wmts) Info() tiles.Info { return w.info }

func (w *wmts) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	x, from := w.zooms[t.Z], w.from[t.Z]
	if x == nil || !w.info.Holds(t) || t.X < from.x || t.Y < from.y {
		return nil, tileError(w.info.Name, t, tiles.ErrNotFound, "")
	}
	return x.Tile(ctx, maptile.New(t.X-from.x, t.Y-from.y, t.Z))
}

func (x *xyz) capabilities(ctx context.Context, address string) (*capabilities, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header = x.headers
	leave, err := x.way.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	reply, err := x.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s for its capabilities", reply.Status)
	}
	return parseCapabilities(io.LimitReader(reply.Body, mostCapabilities))
}

func parseCapabilities(r io.Reader) (*capabilities, error) {
	var doc capabilities
	if err := xml.NewDecoder(r).Decode(&doc); err != nil {
		return nil, fmt.Errorf("its capabilities are no XML: %w", err)
	}
	if len(doc.Layers) == 0 {
		return nil, errors.New("its capabilities name no layers: is it WMTS 1.0.0?")
	}
	return &doc, nil
}

// layer is the one of that name, or the only one.
func (d *capabilities) layer(name string) (wmtsLayer, error) {
	var names []string
	for _, l := range d.Layers {
		if l.ID == name || name == "" && len(d.Layers) == 1 {
			return l, nil
		}
		names = append(names, l.ID)
	}
	return wmtsLayer{}, fmt.Errorf("layer %q is none of %s", name, strings.Join(names, ", "))
}

var mercatorCRS = regexp.MustCompile(`(^|[^0-9])(3857|900913|3785|102100|102113)$`)

// mercator is the layer's set with the most zooms of Web Mercator, of a tile size where one is asked for.
func (d *capabilities) mercator(l wmtsLayer, size int) (id string, edge int, out map[maptile.Zoom]matrix) {
	for _, s := range d.Sets {
		if !slices.Contains(l.Sets, s.ID) || !mercatorCRS.MatchString(strings.TrimSpace(s.CRS)) {
			continue
		}
		if e, m := s.zooms(size); len(m) > len(out) {
			id, edge, out = s.ID, e, m
		}
	}
	return id, edge, out
}

// zooms finds each matrix's zoom by its scale (a pixel is 0.28 mm by the standard), and its origin in whole tiles.
func (s matrixSet) zooms(size int) (int, map[maptile.Zoom]matrix) {
	out := map[maptile.Zoom]matrix{}
	for _, m := range s.Matrices {
		var left, top float64
		if n, _ := fmt.Sscan(m.Top, &left, &top); n != 2 || m.Edge != m.EdgeY || m.Edge != 256 && m.Edge != 512 || size != 0 && m.Edge != size || !(m.Scale > 0) {
			continue
		}
		size = m.Edge // all of a source are alike
		tile := m.Scale * 0.00028 * float64(m.Edge)
		z, x, y := math.Log2(2*halfWorld/tile), (left+halfWorld)/tile, (halfWorld-top)/tile
		whole := math.Round(z)
		if math.Abs(z-whole) > 1e-3 || whole < 0 || whole > 24 || math.Abs(x-math.Round(x)) > 0.01 || math.Abs(y-math.Round(y)) > 0.01 || x < -0.01 || y < -0.01 {
			continue
		}
		out[maptile.Zoom(whole)] = matrix{m.ID, uint32(math.Round(x)), uint32(math.Round(y))}
	}
	return size, out
}

// address is the template of a tile in which only the matrix is still open.
func (d *capabilities) address(l wmtsLayer, set string) (string, tiles.Format, error) {
	style := ""
	for i, s := range l.Styles {
		if i == 0 || s.Default {
			style = s.ID
		}
	}
	fill := []string{"{TileMatrixSet}", url.PathEscape(set), "{Style}", url.PathEscape(style), "{style}", url.PathEscape(style), "{TileCol}", "{x}", "{TileRow}", "{y}"}
	for _, v := range l.Dimensions {
		fill = append(fill, "{"+v.ID+"}", url.PathEscape(v.Default))
	}
	for _, r := range l.Resources {
		if f, ok := pictureType(r.Format); ok && r.Type == "tile" {
			return strings.NewReplacer(fill...).Replace(r.Template), f, nil
		}
	}
	for _, op := range d.GetTile {
		for _, media := range l.Format {
			f, ok := pictureType(media)
			if op.Name != "GetTile" || len(op.Get) == 0 || !ok {
				continue
			}
			q := url.Values{"service": {"WMTS"}, "request": {"GetTile"}, "version": {"1.0.0"}, "layer": {l.ID}, "style": {style}, "format": {media}, "tilematrixset": {set}}
			for _, v := range l.Dimensions {
				q.Set(v.ID, v.Default)
			}
			href := strings.TrimRight(op.Get[0].Href, "?&")
			join := "?"
			if strings.Contains(href, "?") {
				join = "&"
			}
			return href + join + q.Encode() + "&tilematrix={TileMatrix}&tilerow={y}&tilecol={x}", f, nil
		}
	}
	return "", "", fmt.Errorf("layer %s offers no PNG, JPEG or WebP by an address; it has %s", l.ID, strings.Join(l.Format, ", "))
}

func pictureType(media string) (tiles.Format, bool) {
	name, _, _ := strings.Cut(strings.TrimPrefix(media, "image/"), ";")
	return tiles.ParseFormat(name)
}
