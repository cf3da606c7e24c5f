// Package onnx runs ONNX graphs: the runtime's library, its devices, and sessions that a context can stop.
package onnx

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/precinct-map/precinct/reasoning"
)

// Devices lists what may be asked for. Auto takes the first of the others that works.
var Devices = []string{"auto", "cpu", "cuda", "tensorrt", "coreml", "directml", "webgpu"}

// environment guards ONNX Runtime's one environment a process, which cannot be opened twice.
var environment sync.Mutex

// StartRuntime loads ONNX Runtime's shared library, once a process, and gives its version. What is no library, or one of
// a version that cannot be used, is an error that says so.
func StartRuntime(library string) (string, error) {
	environment.Lock()
	defer environment.Unlock()
	if ort.IsInitialized() {
		return ort.GetVersion(), nil
	}
	fail := func(err error, hint string) error {
		return &reasoning.Error{Op: "load ONNX Runtime", Subject: library, Err: fmt.Errorf("%w: %v", reasoning.ErrSegmenter, err), Hint: hint}
	}
	if library == "" {
		return "", fail(errors.New("no library is named"), "run `precinct setup`")
	}
	if _, err := os.Stat(library); err != nil {
		return "", fail(err, "run `precinct setup`, or name a library in PRECINCT_ONNXRUNTIME")
	}
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return "", fail(err, "a library of ONNX Runtime 1.24 or newer for "+runtime.GOOS+"/"+runtime.GOARCH+" is needed: run `precinct setup`, or check PRECINCT_ONNXRUNTIME")
	}
	return ort.GetVersion(), nil
}

// provider adds an execution provider to session options.
var providers = map[string]func(*ort.SessionOptions) error{
	"cpu": func(*ort.SessionOptions) error { return nil },
	"cuda": func(o *ort.SessionOptions) error {
		cuda, err := ort.NewCUDAProviderOptions()
		if err != nil {
			return err
		}
		defer cuda.Destroy()
		return o.AppendExecutionProviderCUDA(cuda)
	},
	"tensorrt": func(o *ort.SessionOptions) error {
		trt, err := ort.NewTensorRTProviderOptions()
		if err != nil {
			return err
		}
		defer trt.Destroy()
		return o.AppendExecutionProviderTensorRT(trt)
	},
	"coreml":   func(o *ort.SessionOptions) error { return o.AppendExecutionProviderCoreMLV2(nil) },
	"directml": func(o *ort.SessionOptions) error { return o.AppendExecutionProviderDirectML(0) },
	"webgpu":   func(o *ort.SessionOptions) error { return o.AppendExecutionProvider("WebGPU", nil) },
}

// auto is the order in which devices are tried; WebGPU is young and only used when asked for.
var auto = []string{"cuda", "coreml", "directml", "cpu"}

// ProbeDevice says whether a device can be used with the loaded runtime, and if not, what is missing.
func ProbeDevice(device string) error {
	o, err := sessionOptions(device, 1)
	if err != nil {
		return err
	}
	return o.Destroy()
}

// PickDevice resolves auto, and refuses what is not there by name.
func PickDevice(device string) (string, error) {
	if device == "" || device == "auto" {
		for _, d := range auto {
			if ProbeDevice(d) == nil {
				return d, nil
			}
		}
		return "cpu", nil
	}
	if !slices.Contains(Devices, device) {
		return "", &reasoning.Error{Op: "use device", Subject: device, Err: fmt.Errorf("%w: there is no such device", reasoning.ErrSegmenter),
			Hint: "use one of " + strings.Join(Devices, ", ")}
	}
	return device, ProbeDevice(device)
}

func sessionOptions(device string, threads int) (*ort.SessionOptions, error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	if threads > 0 {
		err = o.SetIntraOpNumThreads(threads)
	}
	if err == nil {
		err = providers[device](o)
	}
	if err != nil {
		_ = o.Destroy()
		return nil, &reasoning.Error{Op: "use device", Subject: device,
			Err:  fmt.Errorf("%w: this ONNX Runtime has no working %s provider: %v", reasoning.ErrSegmenter, device, err),
			Hint: "name a runtime built with it in PRECINCT_ONNXRUNTIME, with the device's own libraries installed, or use device cpu or auto"}
	}
	return o, nil
}

// Graph is an open graph. It is safe for concurrent use.
type Graph struct {
	mu      sync.RWMutex // held while the graph runs: freed under it, ONNX Runtime crashes
	session *ort.DynamicAdvancedSession
}

// Open opens a graph with the named inputs and outputs on a device; threads are those of one run, all cores when zero.
func Open(path string, in, out []string, device string, threads int) (*Graph, error) {
	return open(path, device, threads, func(o *ort.SessionOptions) (*ort.DynamicAdvancedSession, error) {
		return ort.NewDynamicAdvancedSession(path, in, out, o)
	})
}

// OpenData is Open for a graph that was read already; name is for errors.
func OpenData(name string, data []byte, in, out []string, device string, threads int) (*Graph, error) {
	return open(name, device, threads, func(o *ort.SessionOptions) (*ort.DynamicAdvancedSession, error) {
		return ort.NewDynamicAdvancedSessionWithONNXData(data, in, out, o)
	})
}

func open(name, device string, threads int, session func(*ort.SessionOptions) (*ort.DynamicAdvancedSession, error)) (*Graph, error) {
	opts, err := sessionOptions(device, threads)
	if err != nil {
		return nil, err
	}
	defer opts.Destroy()
	s, err := session(opts)
	if err != nil {
		return nil, &reasoning.Error{Op: "open model", Subject: name, Err: fmt.Errorf("%w: %v", reasoning.ErrSegmenter, err), Hint: "run `precinct setup`"}
	}
	return &Graph{session: s}, nil
}

// Run runs the graph and stops it, a third of a second later, when the context ends.
func (g *Graph) Run(ctx context.Context, in, out []ort.Value) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.session == nil {
		return fmt.Errorf("%w: the model was closed", reasoning.ErrSegmenter)
	}
	o, err := ort.NewRunOptions()
	if err != nil {
		return fmt.Errorf("%w: %v", reasoning.ErrSegmenter, err)
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = o.Terminate()
	})
	err = g.session.RunWithOptions(in, out, o)
	if !stop() {
		<-ended // the options may only be freed when nobody holds them
	}
	_ = o.Destroy()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%w: %v", reasoning.ErrSegmenter, err)
	}
	return nil
}

// Close frees the graph when what runs on it has ended; what comes later is an error.
func (g *Graph) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.session == nil {
		return nil
	}
	err := g.session.Destroy()
	g.session = nil
	return err
}

// Inspect tells a graph's inputs and outputs.
func Inspect(path string) (in, out []ort.InputOutputInfo, err error) {
	in, out, err = ort.GetInputOutputInfo(path)
	if err != nil {
		return nil, nil, &reasoning.Error{Op: "open model", Subject: path, Err: fmt.Errorf("%w: %v", reasoning.ErrSegmenter, err),
			Hint: "the file is missing, cut short or no ONNX graph: run `precinct setup`, or check segmenter.encoder and segmenter.decoder"}
	}
	return in, out, nil
}

// Destroy frees values; nil ones are left out.
func Destroy(values []ort.Value) {
	for _, v := range values {
		if v != nil {
			_ = v.Destroy()
		}
	}
}
