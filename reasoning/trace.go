package reasoning

import (
	"image"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Trace is how an answer came about: what was asked, answered and drawn at each stage.
type Trace struct {
	Window    geo.Window
	Phrase    string
	Mode      Mode
	Model     string // the VLM's name
	Segmenter string
	Prompts   string // version of the prompt templates
	Stages    []StageTrace
	Objects   []Object // the final objects, one mask each
	Holes     []tiles.Hole
	Seconds   float64 // everything, pictures included
}

// StageTrace is one question and what came of it.
type StageTrace struct {
	Stage    Stage
	Text     string // the prompt
	Answer   string // the completion, verbatim
	Prompts  []Prompt
	Masks    []*geo.Mask // one a prompt, nil where the segmenter refused it
	Scores   []float64   // the segmenter's estimates
	Problems []string    // what could not be read or drawn, in words
	Failed   bool        // the stage gave nothing usable though it should have
	Images   [2]image.Image

	sources []int // which object of the answer each prompt is

	SecondsVLM       float64
	SecondsSegmenter float64
}

// Object is one thing found.
type Object struct {
	Mask  *geo.Mask // in the scene's window on the lattice
	Score float64   // 0–1: the model's confidence where it states one, else the segmenter's estimated IoU
	Label string    // the name that the model read, "" when none
}

// Union is every pixel of every object, in the scene's window: the paper's mask.
func (t *Trace) Union() *geo.Mask {
	out := geo.NewMask(t.Window)
	for _, o := range t.Objects {
		out.Or(o.Mask)
	}
	return out
}

func seconds(since time.Time) float64 { return time.Since(since).Seconds() }
