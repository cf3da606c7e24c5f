package reasoning

import (
	"image"
	"strings"
)

// Features are what an encoder made of a picture: Channels planes of Rows × Columns values. Value (row r, column c) is of the pixel
// ((c+½)/ScaleX, (r+½)/ScaleY); the picture may end before the planes do.
type Features struct {
	Channels, Rows, Columns int
	ScaleX, ScaleY          float64 // columns and rows a pixel of the picture
	Data                    []float32
}

// Featured is implemented by embeddings that can show their features. Nobody may write to them.
type Featured interface{ Features() Features }

// FeaturesOf are the features of an embedding, also of one that is wrapped, as for tracing; false where it has none to show.
func FeaturesOf(e Embedding) (Features, bool) {
	for {
		if f, ok := e.(Featured); ok {
			return f.Features(), true
		}
		w, ok := e.(interface{ Unwrap() Embedding })
		if !ok {
			return Features{}, false
		}
		e = w.Unwrap()
	}
}

// Restorer is implemented by segmenters that take features back in place of encoding the picture again.
type Restorer interface {
	// Restore makes the embedding of a picture of a size from the features that its Embed gave. Errors wrap ErrSegmenter.
	Restore(size image.Point, f Features) (Embedding, error)
}

// ModelOf is a segmenter's Name without the device that it runs on, which its features do not depend on.
func ModelOf(segmenter string) string {
	model, _, _ := strings.Cut(segmenter, " on ")
	return model
}
