package reasoning

import (
	"encoding/json"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Record is a trace as it is kept and shown: text and outlines, no pixels.
type Record struct {
	Window    geo.Window     `json:"window"`
	Phrase    string         `json:"phrase"`
	Mode      Mode           `json:"mode"`
	Model     string         `json:"model"`
	Segmenter string         `json:"segmenter"`
	Prompts   string         `json:"prompts"` // version of the templates
	Seconds   float64        `json:"seconds"`
	Holes     []tiles.Hole   `json:"holes,omitempty"`
	Stages    []StageRecord  `json:"stages"`
	Objects   []ObjectRecord `json:"objects"`
}

// StageRecord is one question and what came of it. Boxes and points are pixels of the window.
type StageRecord struct {
	Stage            Stage             `json:"stage"`
	Prompt           string            `json:"prompt"`
	Answer           string            `json:"answer"`
	Objects          []Prompt          `json:"objects"`
	Scores           []float64         `json:"scores"`
	Mask             *geojson.Geometry `json:"mask,omitempty"` // WGS-84 outline of all that the prompts drew
	Problems         []string          `json:"problems,omitempty"`
	SecondsVLM       float64           `json:"seconds_vlm"`
	SecondsSegmenter float64           `json:"seconds_segmenter"`
}

// ObjectRecord is one thing found.
type ObjectRecord struct {
	Score float64           `json:"score"`
	Label string            `json:"label,omitempty"`
	Mask  *geojson.Geometry `json:"mask,omitempty"` // WGS-84 outline
}

// Record is the trace without pixels.
func (t *Trace) Record() *Record {
	r := &Record{
		Window: t.Window, Phrase: t.Phrase, Mode: t.Mode, Model: t.Model, Segmenter: t.Segmenter, Prompts: t.Prompts, Seconds: t.Seconds, Holes: t.Holes,
		Stages: []StageRecord{}, Objects: []ObjectRecord{},
	}
	for _, st := range t.Stages {
		r.Stages = append(r.Stages, StageRecord{
			Stage: st.Stage, Prompt: st.Text, Answer: st.Answer, Objects: st.Prompts, Scores: st.Scores, Mask: outlineOf(union(st.Masks, t.Window)),
			Problems: st.Problems, SecondsVLM: st.SecondsVLM, SecondsSegmenter: st.SecondsSegmenter,
		})
	}
	for _, o := range t.Objects {
		r.Objects = append(r.Objects, ObjectRecord{Score: o.Score, Label: o.Label, Mask: outlineOf(o.Mask)})
	}
	return r
}

// outlineOf is a mask's outline in degrees, nil of an empty one.
func outlineOf(m *geo.Mask) *geojson.Geometry {
	shape := geo.Trace(m)
	if len(shape) == 0 {
		return nil
	}
	return geojson.NewGeometry(project.MultiPolygon(shape, func(p orb.Point) orb.Point { return geo.Unproject(p, m.Window.Z) }))
}

// Reasoning is what the model thought in its last stage that has a thought.
func (r *Record) Reasoning() string {
	for i := len(r.Stages) - 1; i >= 0; i-- {
		if s := Think(r.Stages[i].Answer); s != "" {
			return s
		}
	}
	return ""
}

// Bytes is about the memory that the record holds.
func (r *Record) Bytes() int {
	n := 1024
	for _, st := range r.Stages {
		n += len(st.Prompt) + len(st.Answer) + 64*len(st.Objects) + pointBytes(st.Mask)
	}
	for _, o := range r.Objects {
		n += len(o.Label) + pointBytes(o.Mask)
	}
	return n
}

func pointBytes(g *geojson.Geometry) int {
	n := 0
	if g != nil {
		for _, poly := range g.Geometry().(orb.MultiPolygon) {
			for _, ring := range poly {
				n += 16 * len(ring)
			}
		}
	}
	return n
}

// ReadRecord reads what json.Marshal wrote of a record.
func ReadRecord(data []byte) (*Record, error) {
	r := &Record{}
	return r, json.Unmarshal(data, r)
}
