package corrections

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training/lessons"
)

// FileName is the report's, in the folder of a run.
const FileName = "corrections.json"

// Who outlined a place: the person, and three models.
const (
	Corrected = "corrected"
	Reader    = "reader"
	Before    = "before"
	After     = "after"
)

// Score is how well a model's outlines fit the corrected ones.
type Score struct {
	N    int     `json:"n"`
	IoU  float64 `json:"mask_iou"`   // mean over places
	Half float64 `json:"above_half"` // share of places
}

// Place is a held-out place and what each outlined.
type Place struct {
	ID     string             // of its sample, and which of its labels
	Name   string             // its label's; may be empty
	Class  string             // taxonomy class id
	IoU    map[string]float64 // of Reader, Before, After
	Shapes map[string]orb.MultiPolygon
}

// Report is what a teaching did, for people to look at.
type Report struct {
	Corrections int              `json:"corrections"` // places that could be learned of
	HeldOut     int              `json:"held_out"`    // of them
	Base        []string         `json:"base"`        // data sets that were mixed in
	Segmenter   string           `json:"segmenter"`
	From        string           `json:"from"` // name of the policy that it began from
	Policy      string           `json:"policy"`
	Kept        string           `json:"kept"` // After, or Before where what was taught is worse
	Teaching    Taught           `json:"teaching"`
	Scores      map[string]Score `json:"scores"` // of Reader, Before, After, on the held-out places

	Places []Place `json:"-"`
}

// outlineTolerance is how far outlines may be straightened, in pixels.
const outlineTolerance = 1.5

// Judged adds what a model makes of the report's places, which are the held-out lessons in their order.
func (r *Report) Judged(ctx context.Context, j *Judge, who string, model reasoning.VLM, held []lessons.Lesson) error {
	if r.Places == nil {
		for _, l := range held {
			r.Places = append(r.Places, Place{ID: fmt.Sprintf("%s#%d", l.Scene.ID, l.Label), Name: l.Scene.Text[l.Label], Class: l.Class, IoU: map[string]float64{},
				Shapes: map[string]orb.MultiPolygon{Corrected: onGround(l.Mask, l.Scene.Window)}})
		}
	}
	if r.Scores == nil {
		r.Scores = map[string]Score{}
	}
	var all []float64
	for i, l := range held {
		m, err := j.Outline(ctx, model, l)
		if err != nil {
			return err
		}
		iou := m.IoU(l.Mask)
		r.Places[i].IoU[who] = iou
		r.Places[i].Shapes[who] = onGround(m, l.Scene.Window)
		all = append(all, iou)
	}
	r.Scores[who] = ScoreOf(all)
	return nil
}

// ScoreOf sums up IoUs.
func ScoreOf(all []float64) Score {
	s := Score{N: len(all)}
	for _, iou := range all {
		s.IoU += iou
		if iou > 0.5 {
			s.Half++
		}
	}
	n := float64(max(1, s.N))
	s.IoU, s.Half = s.IoU/n, s.Half/n
	return s
}

// onGround is a mask of a picture as an outline in WGS-84 degrees.
func onGround(m *geo.Mask, w geo.Window) orb.MultiPolygon {
	placed := *m
	placed.Window.Z, placed.Window.X, placed.Window.Y = w.Z, w.X+m.Window.X, w.Y+m.Window.Y
	shape := geo.Simplify([]orb.MultiPolygon{geo.Trace(&placed)}, outlineTolerance)[0]
	return project.MultiPolygon(shape, func(p orb.Point) orb.Point { return geo.Unproject(p, w.Z) })
}

// Write writes the report into a run's folder as GeoJSON, which any GIS shows as it is: for each held-out place an outline by each of Corrected,
// Reader, Before and After, and the figures as foreign members.
func (r *Report) Write(dir string) error {
	c := geojson.NewFeatureCollection()
	for _, p := range r.Places {
		for _, who := range []string{Corrected, Reader, Before, After} {
			iou, judged := p.IoU[who]
			if !judged && who != Corrected {
				continue
			}
			f := geojson.NewFeature(p.Shapes[who])
			f.Properties = geojson.Properties{"place": p.ID, "name": p.Name, "class": p.Class, "by": who}
			if who != Corrected {
				f.Properties["iou"] = iou
			}
			c.Append(f)
		}
	}
	figures, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(figures, (*map[string]any)(&c.ExtraMembers))
	}
	var data []byte
	if err == nil {
		data, err = json.MarshalIndent(c, "", " ")
	}
	path := filepath.Join(dir, FileName)
	if err == nil {
		err = writeWhole(path, append(data, '\n'))
	}
	if err != nil {
		return &Error{Op: "write", Subject: path, Err: err, Hint: "is the disk full? the policy is written"}
	}
	return nil
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(path string, data []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, data, 0o644); err != nil {
		_ = os.Remove(part)
		return err
	}
	return os.Rename(part, path)
}

// Worse says whether what was taught fits the held-out places worse than what it began from.
func (r *Report) Worse() bool { return r.HeldOut > 0 && r.Scores[After].IoU < r.Scores[Before].IoU }

// Table is the report as text: a line a place, and the means.
func (r *Report) Table() string {
	percent := func(v float64) string { return fmt.Sprintf("%.1f", 100*v) }
	out := "| held-out place | reader | before | after |\n|---|---|---|---|\n"
	for _, p := range r.Places {
		name := p.Name
		if name == "" {
			name = p.Class + " " + p.ID
		}
		out += fmt.Sprintf("| %s | %s | %s | %s |\n", name, percent(p.IoU[Reader]), percent(p.IoU[Before]), percent(p.IoU[After]))
	}
	return out + fmt.Sprintf("| *mean of %d* | %s | %s | %s |\n", len(r.Places), percent(r.Scores[Reader].IoU), percent(r.Scores[Before].IoU), percent(r.Scores[After].IoU))
}
