package corrections

import (
	"context"
	"fmt"
	"image"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/lessons"
)

// Judge gives places to the served pipeline, with the real segmenter on the embeddings that a data set keeps: nothing is encoded again. It is for
// one goroutine.
type Judge struct {
	eye  *eye
	rows map[string]*dataset.Row // one of each picture, by its hash
}

// NewJudge makes a judge of lessons of a data set. Errors wrap dataset's, and reasoning.ErrSegmenter where the segmenter takes no features back.
func NewJudge(set *dataset.Set, segmenter reasoning.Segmenter, all []lessons.Lesson) (*Judge, error) {
	restorer, ok := segmenter.(reasoning.Restorer)
	if !ok {
		return nil, &Error{Op: "judge with", Subject: segmenter.Name(), Err: fmt.Errorf("%w: it takes no embedding back", reasoning.ErrSegmenter)}
	}
	j := &Judge{eye: &eye{Segmenter: segmenter, restorer: restorer}, rows: map[string]*dataset.Row{}}
	wanted := map[string]bool{}
	for _, l := range all {
		wanted[l.Scene.Hash()] = true
	}
	for row, err := range set.Rows() {
		if err != nil {
			return nil, err
		}
		if hash := row.SatelliteHash(); wanted[hash] {
			j.rows[hash] = row
			delete(wanted, hash)
		}
	}
	return j, nil
}

// Segmenter is what a model must be opened on to be judged.
func (j *Judge) Segmenter() reasoning.Segmenter { return j.eye }

// Outline is what a model makes of a lesson's label, in pixels of its picture; empty where it finds nothing.
func (j *Judge) Outline(ctx context.Context, model reasoning.VLM, l lessons.Lesson) (*geo.Mask, error) {
	pair, phrase, err := j.show(l)
	if err != nil {
		return nil, err
	}
	p := reasoning.Pipeline{VLM: model, Segmenter: j.eye}
	trace, err := p.Run(ctx, pair, phrase, reasoning.TwoStage)
	if err != nil {
		return nil, err
	}
	out := geo.NewMask(pair.Window)
	for _, o := range trace.Objects {
		out.Or(o.Mask)
	}
	out.Window.X, out.Window.Y, out.Window.Z = 0, 0, 0
	return out, nil
}

// asked is what a place is asked for by whose own name will not do.
const asked = "Xanthoq 7"

// show is a lesson as the pipeline sees it. Its label alone has a name, so that it alone answers.
func (j *Judge) show(l lessons.Lesson) (*tiles.Pair, string, error) {
	row, ok := j.rows[l.Scene.Hash()]
	if !ok {
		return nil, "", &Error{Op: "judge", Subject: l.Scene.ID, Err: fmt.Errorf("%w: the judge's data set lacks its picture", ErrNone)}
	}
	size, features, err := l.Scene.Kept()
	if err != nil {
		return nil, "", err
	}
	if j.eye.seen, err = j.eye.restorer.Restore(size, features); err != nil {
		return nil, "", err
	}
	pair, _, err := row.Pair()
	if err != nil {
		return nil, "", err
	}
	w := l.Scene.Window
	if reasoning.SceneAt(w.Z, w.Center()).Window() == w {
		w.X++ // no neighbour draws what lies by this one's edge
	}
	pair.Window, pair.Labels, pair.Labelled = w, nil, true
	phrase := l.Scene.Text[l.Label]
	if taxonomy.Match(phrase).Tier != taxonomy.TierName {
		phrase = asked
	}
	for i, label := range l.Scene.Labels {
		shown := tiles.Label{At: w.LonLat(orb.Point{label.X, label.Y}), Class: label.Class}
		if i == l.Label {
			shown.Text = phrase
		}
		pair.Labels = append(pair.Labels, shown)
	}
	return pair, phrase, nil
}

// eye is a segmenter that sees one picture whatever it is shown.
type eye struct {
	reasoning.Segmenter
	restorer reasoning.Restorer
	seen     reasoning.Embedding
}

func (e *eye) Embed(context.Context, string, *image.RGBA) (reasoning.Embedding, error) {
	return e.seen, nil
}
