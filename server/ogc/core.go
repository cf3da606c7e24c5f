package ogc

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/server/store"
)

// Relation types.
const (
	relTilesets = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
	relSchemes  = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
	relScheme   = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
	relProcs    = "http://www.opengis.net/def/rel/ogc/1.0/processes"
	relJobs     = "http://www.opengis.net/def/rel/ogc/1.0/job-list"
	relExecute  = "http://www.opengis.net/def/rel/ogc/1.0/execute"
	relResults  = "http://www.opengis.net/def/rel/ogc/1.0/results"
)

const attributionNote = "Outlines of places, found in satellite and map pictures by what they are called"

func (c *call) landing() error {
	links := append(c.own(mediaJSON),
		link{c.base + "/ogc/api", "service-desc", mediaOpenAPI, "API definition", false},
		link{c.base + "/ogc/api?f=html", "service-doc", mediaHTML, "API documentation", false},
		link{c.base + "/ogc/conformance", "conformance", mediaJSON, "Conformance classes", false},
		link{c.base + "/ogc/collections", "data", mediaJSON, "Collections", false})
	if c.Tile != nil {
		links = append(links, link{c.base + "/ogc/tileMatrixSets", relSchemes, mediaJSON, "Tile matrix sets", false})
	}
	if c.Jobs != nil {
		links = append(links, link{c.base + "/ogc/processes", relProcs, mediaJSON, "Processes", false},
			link{c.base + "/ogc/jobs", relJobs, mediaJSON, "Jobs", false})
	}
	return c.send(http.StatusOK, mediaJSON, map[string]any{"title": c.Title, "description": attributionNote, "links": links},
		page{Title: c.Title, Text: attributionNote, Links: links[2:]})
}

// classes are the conformance classes that the options make true.
func (s *service) classes() []string {
	const base = "http://www.opengis.net/spec/"
	var out []string
	add := func(standard string, list ...string) {
		for _, c := range list {
			out = append(out, base+standard+"/conf/"+c)
		}
	}
	add("ogcapi-common-1/1.0", "core", "landing-page", "json", "html", "oas30")
	add("ogcapi-common-2/1.0", "collections")
	add("ogcapi-features-1/1.0", "core", "geojson", "html", "oas30")
	add("ogcapi-features-2/1.0", "crs")
	if s.editing() {
		add("ogcapi-features-4/1.0", "create-replace-delete", "optimistic-locking-etags", "features")
	}
	if s.Tile != nil {
		add("ogcapi-tiles-1/1.0", "core", "tileset", "tilesets-list", "geodata-tilesets", "mvt", "oas30")
		add("tms/2.0", "tilematrixset", "json-tilematrixset")
	}
	if s.Jobs != nil {
		add("ogcapi-processes-1/1.0", "core", "ogc-process-description", "json", "html", "oas30", "job-list", "dismiss")
	}
	return out
}

func (c *call) conformance() error {
	list := c.classes()
	p := page{Title: "Conformance", Text: "What this server conforms to, by its own tests.", Crumbs: c.crumbs()}
	for _, uri := range list {
		p.Rows = append(p.Rows, []cell{{Text: uri}})
	}
	return c.send(http.StatusOK, mediaJSON, map[string]any{"conformsTo": list, "links": c.own(mediaJSON)}, p)
}

func (c *call) definition() error {
	doc := map[string]any{"servers": []any{map[string]string{"url": c.base + "/ogc"}}}
	for k, v := range c.api {
		doc[k] = v
	}
	p := page{Title: "API", Text: "All resources. The same as OpenAPI 3.0 is at " + c.base + "/ogc/api?f=json.", Crumbs: c.crumbs(), Head: []string{"Method", "Path", "What", "Parameters"}}
	for _, op := range c.operations {
		p.Rows = append(p.Rows, []cell{{Text: op.method}, {Text: op.path}, {Text: op.summary}, {Text: joined(op.query)}})
	}
	return c.send(http.StatusOK, mediaOpenAPI, doc, p)
}

// collections lists the phrases that have results.
func (c *call) collections() error {
	limit, err := readLimit(c.query, 1000, store.MaxLimit)
	if err != nil {
		return err
	}
	list, err := c.Catalogue.Collections(c.r.Context(), c.query.Get("after"), limit+1)
	if err != nil {
		return err
	}
	links := c.own(mediaJSON)
	if len(list) > limit {
		list = list[:limit]
		next := c.next(list[limit-1].ID)
		next.Type = mediaJSON
		links = append(links, next)
	}
	p := page{Title: "Collections", Text: "Phrases that have results.", Crumbs: c.crumbs(), Links: links[2:], Head: []string{"Phrase", "Outlines", "Hectares", "Updated"}}
	docs := make([]any, len(list))
	for i, k := range list {
		docs[i] = c.collectionDoc(k, false)
		p.Rows = append(p.Rows, []cell{{k.Phrase, c.base + "/ogc/collections/" + url.PathEscape(k.ID)}, {Text: strconv.Itoa(k.Count)},
			{Text: fmt.Sprintf("%.1f", k.AreaM2/1e4)}, {Text: exact(k.Updated)}})
	}
	return c.send(http.StatusOK, mediaJSON, map[string]any{"links": links, "collections": docs, "crs": systemURIs()}, p)
}

// describe answers with one collection.
func (c *call) describe() error {
	k, err := c.collection()
	if err != nil {
		return err
	}
	doc := c.collectionDoc(k, true)
	links := doc["links"].([]link)
	b := extent(k)
	return c.send(http.StatusOK, mediaJSON, doc, page{Title: k.Phrase, Text: doc["description"].(string), Crumbs: c.crumbs(link{Href: "/collections", Title: "Collections"}),
		Links: links[2:], Facts: []fact{{"id", k.ID}, {"bbox", fmt.Sprint(b)}, {"updated", exact(k.Updated)}}})
}

// collectionDoc is a collection as OGC 17-069r4, 7.13 and 7.14, and 18-058r1, 6.2, have it.
func (c *call) collectionDoc(k store.Collection, alone bool) map[string]any {
	at := c.base + "/ogc/collections/" + url.PathEscape(k.ID)
	links := []link{{at + "?f=json", "self", mediaJSON, k.Phrase, false}, {at + "?f=html", "alternate", mediaHTML, k.Phrase, false}}
	if alone {
		links = c.own(mediaJSON)
	}
	links = append(links, link{at + "/items", "items", mediaGeoJSON, "Outlines", false}, link{at + "/items?f=html", "items", mediaHTML, "Outlines", false})
	if c.Tile != nil {
		links = append(links, link{at + "/tiles", relTilesets, mediaJSON, "Vector tiles", false})
	}
	doc := map[string]any{
		"id": k.ID, "title": k.Phrase, "description": fmt.Sprintf("%d outlines for “%s”, %.1f ha together", k.Count, k.Phrase, k.AreaM2/1e4), "itemType": "feature",
		"extent": map[string]any{
			"spatial":  map[string]any{"bbox": [][4]float64{extent(k)}, "crs": uriCRS84},
			"temporal": map[string]any{"interval": [][2]any{{nil, exact(k.Updated)}}, "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"},
		},
		"storageCrs": uriCRS84, "crs": []string{"#/crs"}, "links": links,
	}
	if alone {
		doc["crs"] = systemURIs()
	}
	return doc
}

// extent is a collection's bound, west greater than east across the antimeridian.
func extent(k store.Collection) [4]float64 {
	b := k.Extent
	if b.Max[0]-b.Min[0] >= 360 {
		b = orb.Bound{Min: orb.Point{-180, b.Min[1]}, Max: orb.Point{180, b.Max[1]}}
	}
	if b.Max[0] > 180 {
		b.Max[0] -= 360
	}
	return [4]float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
}
