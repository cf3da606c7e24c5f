// Package net is the small policy: a window of a scene's embedding round a label in, a box (and then points) out, token by
// token. It is defined once, over an algebra of a dozen operations; GoMLX trains that definition and an ONNX file holds it
// for serving. It knows nothing of scenes, data sets and rewards: whoever feeds it makes the windows.
//
// A window is Side × Side cells of CellPixels px, centred on the label's anchor. A token is a bin of BinPixels px; bin
// Bins/2 begins at the anchor. Tokens are x1 y1 x2 y2 and, in stage 2, two points x y x y.
package net

import (
	"errors"
	"fmt"
)

// Pixels of a cell of the window and of a bin at scale 1, and what the answer is made of.
const (
	CellPixels = 24
	BoxTokens  = 4
	MaxTokens  = 8 // a box and two points
	Stages     = 2
)

// What can go wrong.
var (
	ErrConfig     = errors.New("not a net that can be built")
	ErrBatch      = errors.New("not a batch of this net")
	ErrBackend    = errors.New("no backend to train on")
	ErrCheckpoint = errors.New("not a checkpoint of this net")
	ErrDiverged   = errors.New("the step was refused: loss or gradient is not finite")
)

// Error says what was asked, of what, what went wrong and what to do.
type Error struct {
	Op      string
	Subject string
	Err     error
	Hint    string
}

func (e *Error) Error() string {
	s := e.Op
	if e.Subject != "" {
		s += " " + e.Subject
	}
	s += ": " + e.Err.Error()
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Config is the net's shape. It is written into checkpoints and into the ONNX file.
type Config struct {
	Side     int `json:"side"`     // cells a side of the window
	Channels int `json:"channels"` // of the embedding, in each of a cell's 2 × 2 quarters
	Labels   int `json:"labels"`   // features of neighbouring labels, a cell
	Coarse   int `json:"coarse"`   // features of stage 1's mask and box, a cell
	Classes  int `json:"classes"`  // with 0, the unknown class
	Width    int `json:"width"`
	Heads    int `json:"heads"`
	Encoder  int `json:"encoder"`  // layers
	Decoder  int `json:"decoder"`  // layers
	SubBins  int `json:"sub_bins"` // bins a cell
	Bins     int `json:"bins"`     // in all: more than the window's, so that a place may reach beyond it
}

// DefaultConfig is the prototype's net: 0.5 million parameters. Its 128 bins reach 256 px each way of the anchor, the
// window's own 72 in their middle.
func DefaultConfig(classes int) Config {
	return Config{Side: 12, Channels: 64, Labels: 8, Coarse: 8, Classes: classes, Width: 96, Heads: 4, Encoder: 2, Decoder: 1, SubBins: 6, Bins: 128}
}

// BinPixels is the width of a bin at scale 1.
func (c Config) BinPixels() float64 { return CellPixels / float64(c.SubBins) }

func (c Config) cells() int    { return c.Side * c.Side }
func (c Config) features() int { return 4 * c.Channels }
func (c Config) window() int   { return c.Side * c.SubBins }

// Validate says what is wrong with the shape.
func (c Config) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"side", c.Side}, {"channels", c.Channels}, {"labels", c.Labels}, {"coarse", c.Coarse}, {"classes", c.Classes}, {"width", c.Width},
		{"heads", c.Heads}, {"encoder", c.Encoder}, {"decoder", c.Decoder}, {"sub_bins", c.SubBins}} {
		if f.value < 1 {
			return &Error{Op: "build net", Subject: fmt.Sprintf("with %s %d", f.name, f.value), Err: ErrConfig, Hint: "it must be 1 or more"}
		}
	}
	if c.Width%c.Heads != 0 {
		return &Error{Op: "build net", Subject: fmt.Sprintf("of width %d with %d heads", c.Width, c.Heads), Err: ErrConfig, Hint: "heads must divide the width"}
	}
	if c.Bins < c.window() || (c.Bins-c.window())%2 != 0 {
		return &Error{Op: "build net", Subject: fmt.Sprintf("with %d bins", c.Bins), Err: ErrConfig,
			Hint: fmt.Sprintf("the window has %d: take as many, or an even number more", c.window())}
	}
	return nil
}
