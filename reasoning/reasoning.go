// Package reasoning turns an aligned pair of pictures and a phrase into masks: a vision-language model says where to
// look, a promptable segmenter draws the outline, and the trace tells how it came about. The method is the paper's:
// boxes → coarse mask → rendered back → boxes and points → final mask.
package reasoning

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Mode is how many looks the model takes.
type Mode string

// The modes of the paper's tables.
const (
	TwoStage     Mode = "two-stage"     // boxes, then boxes and points on the rendered mask
	NoRefinement Mode = "no-refinement" // stop at the coarse mask of the boxes
	NoReflection Mode = "no-reflection" // one prompt gives boxes and points
)

// Modes lists the modes, the default first.
var Modes = []Mode{TwoStage, NoRefinement, NoReflection}

// Stage is which of the prompts a completion answers.
type Stage int

// The three prompts.
const (
	Localize Stage = 1 // boxes
	Refine   Stage = 2 // boxes and points, on the rendered pictures
	Single   Stage = 3 // boxes and points at once, without reflection
)

// Box is x1, y1, x2, y2 in pixels of a picture, from its upper left corner; right and bottom are exclusive.
type Box [4]float64

// IoU is |a∩b| / |a∪b| of continuous areas; 0 for a box without area.
func (a Box) IoU(b Box) float64 {
	w, h := min(a[2], b[2])-max(a[0], b[0]), min(a[3], b[3])-max(a[1], b[1])
	if !(w > 0 && h > 0) { // nothing shared, which a box without area never does
		return 0
	}
	inter := w * h
	return inter / ((a[2]-a[0])*(a[3]-a[1]) + (b[2]-b[0])*(b[3]-b[1]) - inter)
}

// Point is x, y in pixels of a picture.
type Point [2]float64

// Prompt is one object as the model names it: a box, and points inside it. Without a box the points alone prompt.
type Prompt struct {
	Box    *Box
	Points []Point
}

// Request is one question to a VLM.
type Request struct {
	Stage  Stage
	Phrase string
	Text   string         // the whole prompt, with the phrase and, in stage 2, the stage-1 answer filled in
	Images [2]image.Image // map first, satellite second: the paper's order; stage 2's are rendered
	Pair   *tiles.Pair    // the scene that the images were made from, for models that read more than pixels
	Coarse *geo.Mask      // stage 2: the coarse mask, which the images show in red
	Boxes  []Box          // stage 2: the boxes that the images show in blue, in the images' pixels
	Masks  []*geo.Mask    // stage 2: what each of the boxes gave, for models that read more than pixels

	N           int // completions wanted, at least 1
	Temperature float64
	TopP        float64
	MaxTokens   int
	Seed        int64
}

// Completion is one answer, as text in the protocol: <think>…</think><answer>[…]</answer>.
type Completion struct {
	Text         string
	Confidence   []float64 // how sure the model is of each object of its answer, 0–1; nil when it does not say
	Labels       []string  // the name that the model read for each object; nil when it does not say
	PromptTokens int
	Tokens       int
}

// VLM answers requests. It is safe for concurrent use.
type VLM interface {
	// Name tells the model and its version, for results' keys and for people.
	Name() string
	// Dialect is how the model counts coordinates.
	Dialect() Dialect
	// Complete gives r.N completions, or an error that wraps ErrVLM.
	Complete(ctx context.Context, r Request) ([]Completion, error)
}

// Segmenter draws masks of prompted objects. It is safe for concurrent use.
type Segmenter interface {
	// Name tells the model, its version and the device that it runs on, as "mobilesam@0.2.0 on cpu".
	Name() string
	// Embed encodes a picture once; key names the picture for the cache of embeddings.
	Embed(ctx context.Context, key string, img *image.RGBA) (Embedding, error)
}

// Embedding is an encoded picture that can be asked for many masks.
type Embedding interface {
	// Masks gives the candidates for one prompt, best first. Coordinates are pixels of the picture, masks have its size.
	Masks(ctx context.Context, p Prompt) ([]Candidate, error)
	// Bytes is the memory that the embedding holds.
	Bytes() int
}

// Candidate is one mask for a prompt, in a window of the picture's size at zero, and the segmenter's own estimate of its IoU.
type Candidate struct {
	Mask  *geo.Mask
	Score float64
}

// Sentinels of the package; test with errors.Is.
var (
	ErrVLM       = errors.New("the vision-language model did not answer")
	ErrSegmenter = errors.New("the segmenter failed")
	ErrAnswer    = errors.New("the answer does not follow the protocol")
	ErrPhrase    = errors.New("not a usable phrase")
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
