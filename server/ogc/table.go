package ogc

import (
	"net/http"

	"github.com/precinct-map/precinct/server/store"
)

func text(values ...string) map[string]any {
	s := map[string]any{"type": "string"}
	if len(values) > 0 {
		s["enum"] = values
	}
	return s
}

func integer(least, most, usual int) map[string]any {
	s := map[string]any{"type": "integer", "minimum": least, "default": usual}
	if most > 0 {
		s["maximum"] = most
	}
	return s
}

var (
	inFormat = param{name: "f", about: "Format of the answer, in place of the header Accept", schema: text("json", "html")}
	inTile   = param{name: "f", about: "Format of the tile", schema: text("mvt")}
	crsParam = param{name: "crs", about: "Coordinate reference system of the answer", schema: map[string]any{
		"type": "string", "format": "uri", "enum": systemURIs(), "default": uriCRS84}}
	afterParam = param{name: "after", about: "Where the page begins, as a link next says it", schema: text()}
)

func limitParam(most, usual int) param {
	return param{name: "limit", about: "How many at most; more than the maximum is the maximum", schema: integer(1, most, usual)}
}

// itemParams are the parameters of items.
func itemParams() []param {
	out := []param{
		limitParam(store.MaxLimit, 100),
		{name: "bbox", list: true, about: "West, south, east and north, or what bbox-crs has for them; features that intersect it are given", schema: map[string]any{
			"type": "array", "items": map[string]any{"type": "number"}, "oneOf": []any{
				map[string]any{"minItems": 4, "maxItems": 4}, map[string]any{"minItems": 6, "maxItems": 6}}}},
		{name: "datetime", about: "An instant or an interval, as 2026-01-01T00:00:00Z/..; features updated then are given", schema: text()},
		{name: "bbox-crs", about: "Coordinate reference system of bbox", schema: crsParam.schema},
		crsParam,
		{name: "offset", about: "How many to leave out first; links next are quicker and see no feature twice", schema: integer(0, store.MaxOffset, 0)},
		afterParam, inFormat,
	}
	for _, f := range filters {
		out = append(out, param{name: f, about: "Features whose " + f + " is this are given", schema: text()})
	}
	return out
}

// table is all that is served with these options.
func (s *service) table() []operation {
	page, formats := []string{mediaJSON, mediaHTML}, []param{inFormat}
	shapes := []string{mediaGeoJSON, mediaHTML}
	const collection, item = "/ogc/collections/{collectionId}", "/ogc/collections/{collectionId}/items/{featureId}"
	out := []operation{
		{path: "/ogc", id: "landing", summary: "What there is", tag: "Capabilities", query: formats, media: page, serve: (*call).landing},
		{path: "/ogc/conformance", id: "conformance", summary: "Conformance classes", tag: "Capabilities", query: formats, media: page, serve: (*call).conformance},
		{path: "/ogc/api", id: "api", summary: "This description", tag: "Capabilities", query: formats, media: []string{mediaOpenAPI, mediaHTML}, serve: (*call).definition},
		{path: "/ogc/collections", id: "collections", summary: "Phrases that have results", tag: "Features",
			query: []param{limitParam(store.MaxLimit, 1000), afterParam, inFormat}, media: page, serve: (*call).collections},
		{path: collection, id: "collection", summary: "A phrase", tag: "Features", query: formats, media: page, serve: (*call).describe},
		{path: collection + "/items", id: "items", summary: "Outlines of a phrase", tag: "Features", query: itemParams(), media: shapes, serve: (*call).items},
		{path: item, id: "item", summary: "One outline", tag: "Features", query: []param{crsParam, inFormat}, media: shapes, serve: (*call).item},
	}
	if s.editing() {
		out = append(out,
			operation{method: http.MethodPost, path: collection + "/items", id: "create", summary: "Keeps an outline that a person drew", tag: "Edits",
				query: []param{{name: "create", about: "true: collectionId may be a phrase that has no outlines yet", schema: text("true", "false")}},
				body:  mediaGeoJSON, media: []string{mediaGeoJSON}, serve: (*call).createItem},
			operation{method: http.MethodPut, path: item, id: "replace", summary: "Replaces outline, names and verdict; If-Match guards it", tag: "Edits",
				body: mediaGeoJSON, media: []string{mediaGeoJSON}, serve: (*call).replaceItem},
			operation{method: http.MethodDelete, path: item, id: "delete", summary: "Takes an outline away; If-Match guards it", tag: "Edits", serve: (*call).deleteItem})
	}
	if s.Tile != nil {
		out = append(out,
			operation{path: "/ogc/tileMatrixSets", id: "tileMatrixSets", summary: "Grids", tag: "Tiles", query: formats, media: page, serve: (*call).matrixSets},
			operation{path: "/ogc/tileMatrixSets/{tileMatrixSetId}", id: "tileMatrixSet", summary: "A grid", tag: "Tiles", query: formats, media: page, serve: (*call).matrixSet},
			operation{path: collection + "/tiles", id: "tilesets", summary: "Tile sets of a phrase", tag: "Tiles", query: formats, media: page, serve: (*call).tilesets},
			operation{path: collection + "/tiles/{tileMatrixSetId}", id: "tileset", summary: "A tile set", tag: "Tiles", query: formats, media: page, serve: (*call).tileset},
			operation{path: collection + "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}", id: "tile", summary: "A vector tile", tag: "Tiles",
				query: []param{inTile, {name: "wait", about: "Seconds to wait for what is not known yet", schema: text()}, {name: "strict", about: "1: 503 in place of a tile that is not complete", schema: text()}},
				media: []string{mediaMVT}, raw: true, serve: (*call).tile})
	}
	if s.Jobs != nil {
		out = append(out, s.processTable()...)
	}
	if s.Layers != nil {
		out = append(out, operation{path: "/wmts/1.0.0/WMTSCapabilities.xml", id: "wmts", summary: "Capabilities of WMTS 1.0.0", tag: "WMTS", media: []string{mediaXML}, serve: (*call).capabilities},
			operation{path: "/wmts", id: "wmtsKVP", summary: "WMTS 1.0.0 by keys and values, in whatever case: GetCapabilities and GetTile", tag: "WMTS", media: []string{mediaXML, "image/png", "image/jpeg", "image/webp"},
				query: keyParams(), loose: true, raw: true, serve: (*call).keyValues})
	}
	for i := range out {
		if out[i].method == "" {
			out[i].method = http.MethodGet
		}
	}
	return out
}

func (s *service) editing() bool { return s.Edits != nil && s.MayEdit != nil }

func (s *service) processTable() []operation {
	page, formats := []string{mediaJSON, mediaHTML}, []param{inFormat}
	list := []param{limitParam(maxJobs, 20), afterParam, inFormat,
		{name: "type", list: true, about: "Kinds of jobs", schema: map[string]any{"type": "array", "items": text("process")}},
		{name: "processID", list: true, about: "Processes", schema: map[string]any{"type": "array", "items": text()}},
		{name: "status", list: true, about: "States", schema: map[string]any{"type": "array", "items": text("accepted", "running", "successful", "failed", "dismissed")}},
		{name: "datetime", about: "Jobs created then", schema: text()},
		{name: "minDuration", about: "Seconds that jobs took at least", schema: integer(0, 0, 0)},
		{name: "maxDuration", about: "Seconds that jobs took at most", schema: integer(0, 0, 0)}}
	return []operation{
		{path: "/ogc/processes", id: "processes", summary: "Processes", tag: "Processes", query: []param{limitParam(100, 10), inFormat}, media: page, serve: (*call).processes},
		{path: "/ogc/processes/{processId}", id: "process", summary: "A process", tag: "Processes", query: formats, media: page, serve: (*call).process},
		{method: http.MethodPost, path: "/ogc/processes/{processId}/execution", id: "execute", summary: "Starts a process", tag: "Processes",
			body: mediaJSON, media: []string{mediaJSON}, serve: (*call).execute},
		{path: "/ogc/jobs", id: "jobs", summary: "Jobs, the newest first", tag: "Processes", query: list, media: page, serve: (*call).jobs},
		{path: "/ogc/jobs/{jobId}", id: "job", summary: "How a job stands", tag: "Processes", query: formats, media: page, serve: (*call).job},
		{method: http.MethodDelete, path: "/ogc/jobs/{jobId}", id: "dismiss", summary: "Gives a job up", tag: "Processes", media: []string{mediaJSON}, serve: (*call).dismiss},
		{path: "/ogc/jobs/{jobId}/results", id: "results", summary: "What a job found", tag: "Processes", query: []param{{name: "f", schema: text("json")}}, media: []string{mediaGeoJSON, mediaJSON}, serve: (*call).results},
		{path: "/ogc/jobs/{jobId}/events", id: "events", summary: "A job's progress as server-sent events; resumes after Last-Event-ID", tag: "Processes",
			media: []string{mediaEvents}, raw: true, serve: (*call).events},
	}
}
