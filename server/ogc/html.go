package ogc

import (
	"bytes"
	_ "embed" // the page
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/precinct-map/precinct/server/store"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what people see of any resource.
type page struct {
	Title  string
	Text   string
	Crumbs []link
	Links  []link
	Facts  []fact
	Head   []string
	Rows   [][]cell
	Map    *mapView
}

type cell struct{ Text, Href string }

type fact struct{ Key, Value string }

// mapView is a map of GeoJSON by Leaflet.
type mapView struct {
	Leaflet     string // address of its folder
	Ground      string // template of tiles, "" for none
	MaxZoom     int
	Attribution string
	Data        template.JS
}

func (c *call) render(p page) ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		page
		Service string
	}{p, c.Title})
	return b.Bytes(), err
}

// crumbs lead back to the landing page.
func (c *call) crumbs(more ...link) []link {
	out := []link{{Href: c.base + "/ogc?f=html", Title: c.Title}}
	for _, l := range more {
		out = append(out, link{Href: c.base + "/ogc" + l.Href + "?f=html", Title: l.Title})
	}
	return out
}

func (c *call) collectionCrumbs(k store.Collection) []link {
	return c.crumbs(link{Href: "/collections", Title: "Collections"}, link{Href: "/collections/" + url.PathEscape(k.ID), Title: k.Phrase})
}

// view is a map of GeoJSON that this package wrote; nil without Leaflet. JSON that is in degrees only: a map cannot show others.
func (c *call) view(geojson []byte) *mapView {
	if c.Leaflet == "" || c.query.Get("crs") != "" && c.query.Get("crs") != uriCRS84 {
		return nil
	}
	// Every < of the data may end the script; in JSON it stands in strings only, where it may be written so.
	v := &mapView{Leaflet: c.base + c.Leaflet, Data: template.JS(strings.ReplaceAll(string(geojson), "<", `\u003c`))}
	if c.Layers != nil {
		if list := c.Layers(); len(list) > 0 && len(list[0].Formats) > 0 {
			v.Ground, v.MaxZoom, v.Attribution = c.base+list[0].url(list[0].Formats[0]), list[0].MaxZoom, template.HTMLEscapeString(list[0].Attribution)
		}
	}
	return v
}

func (c *call) itemsPage(k store.Collection, found store.Page, geojson []byte, links []link, total int, counted bool) page {
	p := page{Title: "Outlines of “" + k.Phrase + "”", Crumbs: c.collectionCrumbs(k), Links: slices.Concat(links[1:2], links[3:]), Map: c.view(geojson),
		Text: fmt.Sprintf("%d outlines", len(found.Features)), Head: []string{"Outline", "Name", "Class", "Score", "m²", "Verdict"}}
	if counted {
		p.Text = fmt.Sprintf("%d of %d outlines", len(found.Features), total)
	}
	for i := range found.Features {
		f := &found.Features[i]
		id := strconv.FormatInt(f.ID, 10)
		p.Rows = append(p.Rows, []cell{{id, c.base + itemsPath(k) + "/" + id + "?f=html"}, {Text: f.Name}, {Text: f.Class},
			{Text: strconv.FormatFloat(f.Score, 'f', 2, 64)}, {Text: strconv.FormatFloat(f.AreaM2, 'f', 0, 64)}, {Text: f.Verdict}})
	}
	return p
}

func (c *call) itemPage(k store.Collection, f *store.Feature, geojson []byte, links []link) page {
	p := page{Title: f.Name, Crumbs: append(c.collectionCrumbs(k), link{Href: c.base + itemsPath(k) + "?f=html", Title: "Outlines"}), Map: c.view(geojson), Links: links[1:2]}
	if p.Title == "" {
		p.Title = fmt.Sprintf("Outline %d", f.ID)
	}
	for _, v := range f.Formatted().Properties {
		if v.Value != nil {
			p.Facts = append(p.Facts, fact{v.Key, fmt.Sprint(v.Value)})
		}
	}
	return p
}

func joined(list []param) string {
	if len(list) == 0 {
		return ""
	}
	return strings.Join(names(list), ", ")
}
