package ogc

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

var pathParam = regexp.MustCompile(`\{([A-Za-z]+)\}`)

// openAPI describes the operations (OpenAPI 3.0.3); the servers are added for each request.
func (s *service) openAPI() map[string]any {
	paths := map[string]map[string]any{}
	for i := range s.operations {
		op := &s.operations[i]
		path, inside := strings.CutPrefix(op.path, "/ogc")
		if !inside { // WMTS is beside the server of this description
			continue
		}
		if path == "" {
			path = "/"
		}
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(op.method)] = op.describe()
	}
	return map[string]any{
		"openapi": "3.0.3",
		"info": map[string]any{"title": s.Title, "version": "1.0.0", "description": attributionNote,
			"license": map[string]string{"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}},
		"paths": paths,
		"components": map[string]any{"schemas": map[string]any{
			"problem": map[string]any{"type": "object", "required": []string{"title", "status"}, "properties": map[string]any{
				"type": text(), "title": text(), "status": map[string]any{"type": "integer"}, "detail": text()}},
			"geojson": map[string]any{"type": "object", "required": []string{"type"}, "properties": map[string]any{"type": text()}},
			"any":     map[string]any{"type": "object"},
			"execute": map[string]any{"type": "object", "required": []string{"inputs"}, "properties": map[string]any{
				"inputs": map[string]any{"type": "object"}, "outputs": map[string]any{"type": "object"}, "response": text("raw", "document")}},
		}},
	}
}

func ref(name string) map[string]any {
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

func (op *operation) describe() map[string]any {
	params := []any{}
	for _, m := range pathParam.FindAllStringSubmatch(op.path, -1) {
		params = append(params, map[string]any{"name": m[1], "in": "path", "required": true, "schema": text()})
	}
	for _, p := range op.query {
		d := map[string]any{"name": p.name, "in": "query", "required": false, "schema": p.schema, "style": "form", "explode": !p.list}
		if p.about != "" {
			d["description"] = p.about
		}
		params = append(params, d)
	}
	out := map[string]any{"operationId": op.id, "summary": op.summary, "tags": []string{op.tag}, "parameters": params, "responses": op.responses()}
	if op.body != "" {
		body := "geojson"
		if op.body == mediaJSON {
			body = "execute"
		}
		out["requestBody"] = map[string]any{"required": true, "content": map[string]any{op.body: map[string]any{"schema": ref(body)}}}
	}
	return out
}

func (op *operation) responses() map[string]any {
	content := map[string]any{}
	for _, m := range op.media {
		switch m {
		case mediaGeoJSON:
			content[m] = map[string]any{"schema": ref("geojson")}
		case mediaJSON, mediaOpenAPI:
			content[m] = map[string]any{"schema": ref("any")}
		default:
			content[m] = map[string]any{"schema": text()}
		}
	}
	status := map[string]int{http.MethodPost: http.StatusCreated, http.MethodDelete: http.StatusNoContent}[op.method]
	if status == 0 || len(content) > 0 && status == http.StatusNoContent {
		status = http.StatusOK
	}
	ok := map[string]any{"description": op.summary}
	if len(content) > 0 {
		ok["content"] = content
	}
	failed := map[string]any{"description": "A problem", "content": map[string]any{mediaProblem: map[string]any{"schema": ref("problem")}}}
	return map[string]any{strconv.Itoa(status): ok, "400": failed, "404": failed, "default": failed}
}
