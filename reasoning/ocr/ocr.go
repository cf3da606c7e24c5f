// Package ocr reads the words of a map picture: lines by PP-OCR's detection, letters by its recognition, and lines that belong
// together joined to labels. Both graphs are PaddleOCR's, https://github.com/PaddlePaddle/PaddleOCR.
package ocr

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"strings"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/onnx"
)

// Options is where the graphs are.
type Options struct {
	Runtime      string // ONNX Runtime's shared library
	Detect, Read string // the graphs' files
	Keys         string // the letters that Read knows, one a line
	Device       string // one of onnx.Devices; auto when empty
	Threads      int
	Observe      func(graph string, took time.Duration) // told of each run of "ocr-detect" or "ocr-read"; may be nil
}

// ErrRead says that a picture could not be read; test with errors.Is.
var ErrRead = errors.New("the map's labels could not be read")

// Line is a line of text in a picture.
type Line struct {
	Text  string
	Score float64         // mean probability of its letters
	Box   image.Rectangle // pixels
}

// Reader reads pictures. It is safe for concurrent use.
type Reader struct {
	options Options
	keys    []string // by class; "" is the blank between letters
	detect  *onnx.Graph
	read    *onnx.Graph
}

// Open opens both graphs. Errors wrap ErrRead, or reasoning.ErrSegmenter where ONNX Runtime itself is what fails.
func Open(o Options) (*Reader, error) {
	if _, err := onnx.StartRuntime(o.Runtime); err != nil {
		return nil, err
	}
	device, err := onnx.PickDevice(o.Device)
	if err != nil {
		return nil, err
	}
	keys, err := os.ReadFile(o.Keys)
	if err != nil {
		return nil, &reasoning.Error{Op: "open model", Subject: o.Keys, Err: fmt.Errorf("%w: %v", ErrRead, err), Hint: "run `precinct setup`"}
	}
	if o.Observe == nil {
		o.Observe = func(string, time.Duration) {}
	}
	letters := strings.Split(strings.TrimRight(string(keys), "\r\n"), "\n")
	r := &Reader{options: o, keys: append(append([]string{""}, letters...), " ")}
	if r.detect, err = session(o.Detect, device, o.Threads); err != nil {
		return nil, err
	}
	if r.read, err = session(o.Read, device, o.Threads); err != nil {
		_ = r.detect.Close()
		return nil, err
	}
	return r, nil
}

func session(path, device string, threads int) (*onnx.Graph, error) {
	in, out, err := onnx.Inspect(path)
	if err != nil {
		return nil, err
	}
	if len(in) != 1 || len(out) != 1 {
		return nil, &reasoning.Error{Op: "open model", Subject: path, Err: fmt.Errorf("%w: %d inputs and %d outputs, want one of each", ErrRead, len(in), len(out))}
	}
	return onnx.Open(path, []string{in[0].Name}, []string{out[0].Name}, device, threads)
}

// Close frees the graphs. Nothing may run on them any more.
func (r *Reader) Close() error {
	err := r.detect.Close()
	if e := r.read.Close(); err == nil {
		err = e
	}
	return err
}

// Lines reads a picture's lines of text that run level, from top to bottom, where they reach into a part of it. Streets' names, which run
// with the street, are left out where they are steep.
func (r *Reader) Lines(ctx context.Context, img *image.RGBA, core image.Rectangle) ([]Line, error) {
	boxes, err := r.find(ctx, img, core)
	if err != nil {
		return nil, err
	}
	return r.letters(ctx, img, boxes)
}

// tensor runs a graph on one input and gives its one output.
func tensor(ctx context.Context, s *onnx.Graph, shape ort.Shape, data []float32) (ort.Shape, []float32, error) {
	in, err := ort.NewTensor(shape, data)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrRead, err)
	}
	defer in.Destroy()
	out := make([]ort.Value, 1)
	if err := s.Run(ctx, []ort.Value{in}, out); err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("%w: %v", ErrRead, err)
		}
		return nil, nil, err
	}
	defer onnx.Destroy(out)
	t, ok := out[0].(*ort.Tensor[float32])
	if !ok {
		return nil, nil, fmt.Errorf("%w: the graph's output is no float32 tensor", ErrRead)
	}
	return t.GetShape(), append([]float32(nil), t.GetData()...), nil
}
