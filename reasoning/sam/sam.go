// Package sam is the segmenter: models of the SAM family as ONNX graphs, run by ONNX Runtime.
package sam

import (
	"context"
	"fmt"
	"image"
	"runtime"
	"sync"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/onnx"
	"github.com/precinct-map/precinct/tiles/cache"
)

// Options is what a segmenter is made of.
type Options struct {
	Runtime          string // ONNX Runtime's shared library
	Encoder, Decoder string // the graphs' files
	Name             string // of the model, for results' keys
	Device           string // one of Devices; auto when empty
	Threads          int    // of one run; all cores when zero
	MaxEncodes       int    // encodes at once; 2 when zero: each takes some 0.6 GB, and few cores gain nothing from more
	Memory           *cache.Memory
	Observe          func(graph string, took time.Duration) // told of each run of "encoder" or "decoder"; may be nil
}

// Segmenter implements reasoning.Segmenter. One session serves all goroutines.
type Segmenter struct {
	options Options
	family  *family
	device  string
	version string
	encoder *onnx.Graph
	decoder *onnx.Graph
	encodes chan struct{}
	squares sync.Pool // *[]float32 of 3×1024×1024: 12 MB that every encode needs
}

// Open loads the runtime and the graphs.
func Open(o Options) (*Segmenter, error) {
	version, err := onnx.StartRuntime(o.Runtime)
	if err != nil {
		return nil, err
	}
	device, err := onnx.PickDevice(o.Device)
	if err != nil {
		return nil, err
	}
	f, err := tell(o.Encoder, o.Decoder)
	if err != nil {
		return nil, err
	}
	if o.MaxEncodes <= 0 {
		o.MaxEncodes = 2
	}
	if o.Threads <= 0 {
		o.Threads = runtime.NumCPU()
	}
	if o.Observe == nil {
		o.Observe = func(string, time.Duration) {}
	}
	s := &Segmenter{options: o, family: f, device: device, version: version, encodes: make(chan struct{}, o.MaxEncodes)}
	s.squares.New = func() any {
		b := make([]float32, 3*side*side)
		return &b
	}
	if s.encoder, err = onnx.Open(o.Encoder, []string{f.input}, f.features, device, o.Threads); err != nil {
		return nil, err
	}
	if s.decoder, err = onnx.Open(o.Decoder, f.prompts, []string{f.masks, f.scores}, device, o.Threads); err != nil {
		_ = s.encoder.Close()
		return nil, err
	}
	return s, nil
}

// Close frees the sessions. Nothing may run on them any more.
func (s *Segmenter) Close() error {
	err := s.encoder.Close()
	if e := s.decoder.Close(); err == nil {
		err = e
	}
	return err
}

// Name tells model and device.
func (s *Segmenter) Name() string { return s.options.Name + " on " + s.device }

// Device is what the graphs run on.
func (s *Segmenter) Device() string { return s.device }

// Version is ONNX Runtime's.
func (s *Segmenter) Version() string { return s.version }

// Embed encodes a picture, or takes its embedding from memory.
func (s *Segmenter) Embed(ctx context.Context, key string, img *image.RGBA) (reasoning.Embedding, error) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if w < 1 || h < 1 {
		return nil, &reasoning.Error{Op: "encode", Subject: "picture", Err: fmt.Errorf("%w: it is empty", reasoning.ErrSegmenter)}
	}
	if s.options.Memory == nil {
		return s.encode(ctx, img)
	}
	return cache.Get(ctx, s.options.Memory, "embedding", s.Name()+"|"+key, func(ctx context.Context) (*embedding, error) {
		return s.encode(ctx, img)
	})
}

func (s *Segmenter) encode(ctx context.Context, img *image.RGBA) (*embedding, error) {
	select {
	case s.encodes <- struct{}{}:
		defer func() { <-s.encodes }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	fr := frameOf(img.Rect.Dx(), img.Rect.Dy(), s.family.stretch)
	square := s.squares.Get().(*[]float32)
	defer s.squares.Put(square)
	s.family.normalise(img, fr, *square)
	in, err := ort.NewTensor(ort.NewShape(1, 3, side, side), *square)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", reasoning.ErrSegmenter, err)
	}
	defer in.Destroy()
	out := make([]ort.Value, len(s.family.features))
	start := time.Now()
	if err := s.encoder.Run(ctx, []ort.Value{in}, out); err != nil {
		return nil, err
	}
	s.options.Observe("encoder", time.Since(start))
	defer onnx.Destroy(out)
	e := &embedding{segmenter: s, frame: fr, features: map[string]feature{}}
	for i, name := range s.family.features {
		t, ok := out[i].(*ort.Tensor[float32])
		if !ok {
			return nil, fmt.Errorf("%w: the encoder's %s is no float32 tensor", reasoning.ErrSegmenter, name)
		}
		e.features[name] = feature{t.GetShape(), append([]float32(nil), t.GetData()...)}
	}
	return e, nil
}
