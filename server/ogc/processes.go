package ogc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/server/problem"
)

const (
	segment    = "segment"
	exceptions = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
)

var modes = []string{"two-stage", "no-refinement", "no-reflection"}

// summary is the process as the list has it.
func (c *call) summary(links []link) map[string]any {
	return map[string]any{
		"id": segment, "title": "Find and outline places", "version": "1.0.0",
		"description":        "Looks at satellite and map pictures for what a phrase means and keeps its outlines. The job's results are the outlines in the bbox.",
		"jobControlOptions":  []string{"async-execute", "dismiss"},
		"outputTransmission": []string{"value"},
		"links":              links,
	}
}

func (c *call) processes() error {
	if _, err := readLimit(c.query, 10, 100); err != nil {
		return err
	}
	at := c.base + "/ogc/processes/" + segment
	return c.send(http.StatusOK, mediaJSON, map[string]any{"processes": []any{c.summary([]link{{at, "self", mediaJSON, segment, false}})}, "links": c.own(mediaJSON)},
		page{Title: "Processes", Crumbs: c.crumbs(), Rows: [][]cell{{{segment, at}, {Text: "Find and outline places"}}}})
}

// knownProcess says whether the path names the process.
func (c *call) knownProcess() error {
	if id := c.r.PathValue("processId"); id != segment {
		return &problem.Problem{Type: exceptions + "no-such-process", Title: "There is no such process", Status: http.StatusNotFound, Detail: fmt.Sprintf("there is no process %q; there is %s", short(id), segment)}
	}
	return nil
}

func (c *call) process() error {
	if err := c.knownProcess(); err != nil {
		return err
	}
	at := c.base + "/ogc/processes/" + segment + "/execution"
	doc := c.summary(append(c.own(mediaJSON), link{at, relExecute, mediaJSON, "Execute", false}))
	doc["inputs"] = map[string]any{
		"query": map[string]any{"title": "What to look for, as “schools”", "schema": map[string]any{"type": "string", "minLength": 1, "maxLength": 200}},
		"bbox": map[string]any{"title": "Where: west, south, east, north in degrees, as four numbers or as a bbox with one of the crs of the collections", "schema": map[string]any{"oneOf": []any{
			map[string]any{"type": "array", "items": map[string]any{"type": "number"}, "minItems": 4, "maxItems": 4},
			map[string]any{"type": "object", "format": "ogc-bbox", "required": []string{"bbox"}, "properties": map[string]any{
				"bbox": map[string]any{"type": "array", "items": map[string]any{"type": "number"}}, "crs": map[string]any{"type": "string", "format": "uri", "default": uriCRS84}}}}}},
		"mode": map[string]any{"title": "How much reasoning", "minOccurs": 0, "schema": map[string]any{"type": "string", "enum": modes, "default": modes[0]}},
	}
	doc["outputs"] = map[string]any{"features": map[string]any{"title": "Outlines", "schema": map[string]any{
		"type": "object", "contentMediaType": mediaGeoJSON, "format": "geojson-feature-collection"}}}
	return c.send(http.StatusOK, mediaJSON, doc, page{Title: "Find and outline places", Text: doc["description"].(string), Crumbs: c.crumbs(link{Href: "/processes", Title: "Processes"}),
		Facts: []fact{{"input query", "what to look for"}, {"input bbox", "west, south, east, north in degrees"}, {"input mode", strings.Join(modes, ", ")}, {"output features", "GeoJSON"}, {"execute by POST to", at}}})
}

// executeRequest is what OGC 18-062r2, 7.11.2 has clients send.
type executeRequest struct {
	Inputs     map[string]json.RawMessage `json:"inputs"`
	Outputs    map[string]outputRequest   `json:"outputs"`
	Response   string                     `json:"response"`
	Subscriber json.RawMessage            `json:"subscriber"`
}

type outputRequest struct {
	TransmissionMode string          `json:"transmissionMode"`
	Format           json.RawMessage `json:"format"`
}

// execute starts a run. The process is asynchronous whatever Prefer says, as its jobControlOptions tell.
func (c *call) execute() error {
	if err := c.knownProcess(); err != nil {
		return err
	}
	by, err := c.allow(c.MayRun)
	if err != nil {
		return err
	}
	data, err := c.body()
	if err != nil {
		return err
	}
	order, document, err := c.readExecute(data)
	if err != nil {
		return err
	}
	order.By = by
	j, err := c.Jobs.Start(c.r.Context(), order)
	if err != nil {
		return err
	}
	id := jobID(j, document)
	c.w.Header().Set("Location", c.base+"/ogc/jobs/"+id)
	if strings.Contains(strings.Join(c.r.Header.Values("Prefer"), ","), "respond-async") {
		c.w.Header().Set("Preference-Applied", "respond-async")
	}
	return c.sendStatus(http.StatusCreated, j, id)
}

// readExecute reads an execute request. document says that the results are wanted as a document of values.
func (c *call) readExecute(data []byte) (o Order, document bool, err error) {
	var e executeRequest
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&e); err != nil || dec.More() {
		return o, false, problem.BadRequest("the body is no execute request: %v", err)
	}
	switch e.Response {
	case "", "raw":
	case "document":
		document = true
	default:
		return o, false, problem.BadRequest("response is raw or document, not %q", short(e.Response))
	}
	for name, out := range e.Outputs {
		if name != "features" || out.TransmissionMode != "" && out.TransmissionMode != "value" {
			return o, false, problem.BadRequest("the one output is features, by value")
		}
	}
	for name, raw := range e.Inputs {
		switch name {
		case "query":
			err = json.Unmarshal(raw, &o.Phrase)
		case "mode":
			err = json.Unmarshal(raw, &o.Mode)
		case "bbox":
			o.Bound, err = readExtent(raw)
		default:
			err = fmt.Errorf("the inputs are query, bbox and mode")
		}
		if err != nil {
			return o, false, problem.BadRequest("input %q: %v", short(name), err)
		}
	}
	if e.Inputs["bbox"] == nil || o.Phrase == "" {
		return o, false, problem.BadRequest("the inputs query and bbox are needed")
	}
	if o.Mode != "" && !slices.Contains(modes, o.Mode) {
		return o, false, problem.BadRequest("input mode is one of %s", strings.Join(modes, ", "))
	}
	if c.Phrase != nil {
		if o.Phrase, err = c.Phrase(o.Phrase); err != nil {
			return o, false, problem.BadRequest("input query: %v", err)
		}
	}
	return o, document, nil
}

// readExtent reads four numbers in degrees, or an ogc-bbox.
func readExtent(raw json.RawMessage) (out [4]float64, err error) {
	var box struct {
		BBox []json.Number `json:"bbox"`
		CRS  string        `json:"crs"`
	}
	if err = json.Unmarshal(raw, &box.BBox); err != nil {
		if err = json.Unmarshal(raw, &box); err != nil {
			return out, fmt.Errorf("want four numbers")
		}
	}
	in, err := systemOf(box.CRS)
	if err != nil {
		return out, err
	}
	var parts []string
	for _, n := range box.BBox {
		parts = append(parts, n.String())
	}
	b, err := readBBox(strings.Join(parts, ","), in)
	if err != nil {
		return out, err
	}
	if max(math.Abs(b.Min[0]), math.Abs(b.Max[0])) > 180 {
		return out, fmt.Errorf("longitudes go from -180 to 180")
	}
	return [4]float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}, nil
}
