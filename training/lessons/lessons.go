// Package lessons turns data sets into what the small policy learns from: pictures as the segmenter's embeddings, and on them places, each
// with the label that names it and the outline that it has. Feed draws batches from them.
package lessons

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/dataset"
)

// Sentinels of the package; test with errors.Is.
var (
	ErrEmpty = errors.New("there is nothing to learn from")
)

// Error says what was asked, what went wrong and what to do.
type Error struct {
	Op      string
	Subject string
	Err     error
	Hint    string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Scene is a picture that lessons are on.
type Scene struct {
	ID     string
	Region string
	Size   image.Point
	Window geo.Window     // the ground that it shows
	Grids  []*policy.Grid // the picture's embedding, and those of other looks of it
	Labels []policy.Label
	Text   []string // of the labels

	// Kept gives the picture's whole embedding and its size in pixels, for the segmenter to draw from.
	Kept func() (image.Point, reasoning.Features, error)

	Picture []byte // the satellite picture's file, where Pictures was asked for it

	hash string
}

// Hash is the hash of the satellite picture's file (dataset.Row.SatelliteHash).
func (s *Scene) Hash() string { return s.hash }

// Ground is the box of a lesson's outline on the lattice of its picture.
func (l *Lesson) Ground() geo.Window {
	w := l.Mask.Window
	w.Z, w.X, w.Y = l.Scene.Window.Z, w.X+l.Scene.Window.X, w.Y+l.Scene.Window.Y
	return w
}

// Lesson is one place: the label that names it, and its outline.
type Lesson struct {
	Scene *Scene
	Label int     // of the scene's, that names it
	Class string  // taxonomy class id; "" where nobody knows
	X, Y  float64 // of its label, pixels
	Box   reasoning.Box
	Mask  *geo.Mask // cropped to the outline, in the picture's pixels
}

// Source is a data set to learn from, and how much.
type Source struct {
	Set    *dataset.Set
	Weight float64 // how often each of its lessons is drawn, beside others' 1
	Splits []string
}

// Class is all lessons of some sources.
type Class struct {
	Scenes  []*Scene
	Lessons []Lesson
	Weights []float64 // by lesson
}

// Options is what is read.
type Options struct {
	Segmenter  string             // the name that embeddings are kept under
	Projection *policy.Projection // nil computes one of Channels from what is read
	Channels   int
	LeaveOut   []string // regions that nothing is read of
	Only       []string // regions; all when empty
	Progress   func(rows int)
}

// least is the shortest side of a place that anything can be learned of, in pixels.
const least = 6

// Read reads sources. Embeddings must have been made (dataset.Set.Embed). Errors wrap ErrEmpty, dataset's, and policy.ErrPolicy.
func Read(ctx context.Context, sources []Source, o Options) (*Class, *policy.Projection, error) {
	if o.Progress == nil {
		o.Progress = func(int) {}
	}
	p := o.Projection
	if p == nil {
		var err error
		if p, err = project(ctx, sources, o); err != nil {
			return nil, nil, err
		}
	}
	out := &Class{}
	rows := 0
	for _, s := range sources {
		r := reader{options: o, projection: p, source: s, class: out}
		for row, err := range s.Set.Rows(s.Splits...) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = r.add(row)
			}
			if err != nil {
				return nil, nil, err
			}
			rows++
			o.Progress(rows)
		}
		r.end()
	}
	if len(out.Lessons) == 0 {
		return nil, nil, &Error{Op: "read", Subject: "data sets", Err: ErrEmpty, Hint: "each place needs its label on the map and an outline; were all regions left out?"}
	}
	return out, p, nil
}

// wanted says whether a row's region is read.
func (o *Options) wanted(r *dataset.Row) bool {
	return !slices.Contains(o.LeaveOut, r.Region) && (len(o.Only) == 0 || slices.Contains(o.Only, r.Region))
}

// reader puts the rows of one source together: those of one window follow each other.
type reader struct {
	options    Options
	projection *policy.Projection
	source     Source
	class      *Class

	scene *Scene
	rows  []*dataset.Row // of the scene, without their pictures
}

func (r *reader) add(row *dataset.Row) error {
	if !r.options.wanted(row) || !row.Labelled {
		return nil
	}
	hash := row.SatelliteHash()
	if r.scene == nil || r.scene.hash != hash {
		r.end()
		if err := r.begin(row, hash); err != nil {
			return err
		}
	}
	one := *row
	one.Map, one.Satellite = nil, nil
	r.rows = append(r.rows, &one)
	return nil
}

func (r *reader) begin(row *dataset.Row, hash string) error {
	kept := r.source.Set.Embeddings(r.options.Segmenter)
	r.scene = &Scene{ID: row.ID, Region: row.Region, Window: row.Window, hash: hash, Kept: kept.Of(row.Satellite)}
	for look := 0; look == 0 || kept.Has(row.Satellite, look); look++ {
		size, f, err := kept.ReadLook(row.Satellite, look)
		if err != nil {
			return err
		}
		g, err := r.projection.Grid(f, size)
		if err != nil {
			return err
		}
		r.scene.Size, r.scene.Grids = size, append(r.scene.Grids, g)
	}
	for _, l := range row.Labels {
		r.scene.Labels = append(r.scene.Labels, policy.Label{X: l.X, Y: l.Y, Class: l.Class})
		r.scene.Text = append(r.scene.Text, l.Text)
	}
	return nil
}

// end makes the lessons of the scene at hand: its named places, and the places of its classes that no name asked for.
func (r *reader) end() {
	if r.scene == nil {
		return
	}
	before := len(r.class.Lessons)
	taken := make([]bool, len(r.scene.Labels))
	for _, row := range r.rows {
		if row.Tier == dataset.Name {
			r.named(row, taken)
		}
	}
	for _, row := range r.rows {
		if row.Tier == dataset.Class {
			r.unnamed(row, taken)
		}
	}
	if len(r.class.Lessons) > before {
		r.class.Scenes = append(r.class.Scenes, r.scene)
	}
	r.scene, r.rows = nil, nil
}

// named makes a lesson of a row that asks for a name: its label is the one of that name that lies nearest to the outline.
func (r *reader) named(row *dataset.Row, taken []bool) {
	mask, err := row.Truth()
	if err != nil {
		return
	}
	local := atZero(mask)
	e := local.Extent()
	best, near := -1, 0.0
	for i, text := range r.scene.Text {
		if text != row.Problem || taken[i] {
			continue
		}
		l := r.scene.Labels[i]
		d := outside(l.X, float64(e.X), float64(e.X+e.W)) + outside(l.Y, float64(e.Y), float64(e.Y+e.H))
		if best < 0 || d < near {
			best, near = i, d
		}
	}
	if best >= 0 {
		taken[best] = true
		r.lesson(local, best, row.Class)
	}
}

// unnamed makes lessons of the pieces of a class's mask that hold exactly one label of the class.
func (r *reader) unnamed(row *dataset.Row, taken []bool) {
	mask, err := row.Truth()
	if err != nil {
		return
	}
	answers := taxonomy.Match(row.Problem).Classes
	for _, piece := range geo.ComponentsAbove(atZero(mask), 8, least*least/2) {
		at, n := -1, 0
		for i, l := range r.scene.Labels {
			x, y := int(l.X), int(l.Y)
			if (l.Class == row.Class || slices.Contains(answers, l.Class)) && piece.Window.Contains(x, y) && piece.At(x-piece.Window.X, y-piece.Window.Y) {
				at, n = i, n+1
			}
		}
		if n == 1 && !taken[at] {
			taken[at] = true
			r.lesson(piece, at, r.scene.Labels[at].Class)
		}
	}
}

// lesson notes a place, unless it is a speck.
func (r *reader) lesson(mask *geo.Mask, label int, class string) {
	e := mask.Extent()
	if max(e.W, e.H) < least {
		return
	}
	l := r.scene.Labels[label]
	if l.Class != "" {
		class = l.Class
	}
	box := reasoning.Box{float64(e.X), float64(e.Y), float64(e.X + e.W), float64(e.Y + e.H)}
	r.class.Lessons = append(r.class.Lessons, Lesson{Scene: r.scene, Label: label, Class: class, X: l.X, Y: l.Y, Box: box, Mask: mask.Crop(e)})
	r.class.Weights = append(r.class.Weights, r.source.Weight)
}

// atZero is a mask in its picture's own pixels.
func atZero(m *geo.Mask) *geo.Mask {
	out := *m
	out.Window.X, out.Window.Y, out.Window.Z = 0, 0, 0
	return &out
}

func outside(v, from, to float64) float64 { return max(0, from-v, v-to) }

// Pictures fetches the satellite pictures of some lessons' scenes, which Read leaves on the disk.
func Pictures(ctx context.Context, sources []Source, of []Lesson) error {
	wanted := map[string][]*Scene{}
	for _, l := range of {
		wanted[l.Scene.hash] = append(wanted[l.Scene.hash], l.Scene)
	}
	for _, s := range sources {
		for row, err := range s.Set.Rows(s.Splits...) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			hash := row.SatelliteHash()
			for _, scene := range wanted[hash] {
				scene.Picture = row.Satellite
			}
			if delete(wanted, hash); len(wanted) == 0 {
				return nil
			}
		}
	}
	return nil
}
