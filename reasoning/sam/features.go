package sam

import (
	"fmt"
	"image"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/precinct-map/precinct/reasoning"
)

var (
	_ reasoning.Featured = (*embedding)(nil)
	_ reasoning.Restorer = (*Segmenter)(nil)
)

// Features are the picture's embedding; of SAM2 the coarsest of its levels.
func (e *embedding) Features() reasoning.Features {
	f := e.features[e.segmenter.family.embedding()]
	n := len(f.shape)
	rows, columns := int(f.shape[n-2]), int(f.shape[n-1])
	return reasoning.Features{Channels: int(f.shape[n-3]), Rows: rows, Columns: columns, Data: f.data,
		ScaleX: e.frame.sx * float64(columns) / side, ScaleY: e.frame.sy * float64(rows) / side}
}

// Restore takes features back. Families whose decoders want more than the embedding cannot.
func (s *Segmenter) Restore(size image.Point, f reasoning.Features) (reasoning.Embedding, error) {
	bad := func(format string, args ...any) error {
		return &reasoning.Error{Op: "restore", Subject: "embedding", Err: fmt.Errorf("%w: "+format, append([]any{reasoning.ErrSegmenter}, args...)...)}
	}
	if len(s.family.features) != 1 {
		return nil, bad("%s keeps more of a picture than its embedding", s.family.name)
	}
	want := s.family.shapes[0]
	shape := ort.NewShape(1, int64(f.Channels), int64(f.Rows), int64(f.Columns))
	if len(want) == len(shape) && !want.Equals(shape) || len(f.Data) != int(shape.FlattenedSize()) {
		return nil, bad("%d values of shape %v, where %v is wanted", len(f.Data), shape, want)
	}
	if size.X < 1 || size.Y < 1 {
		return nil, bad("of a picture of %v", size)
	}
	return &embedding{segmenter: s, frame: frameOf(size.X, size.Y, s.family.stretch), features: map[string]feature{s.family.features[0]: {shape, f.Data}}}, nil
}
