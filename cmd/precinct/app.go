package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/reasoning/ocr"
	"github.com/precinct-map/precinct/reasoning/openai"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/reasoning/reader"
	"github.com/precinct-map/precinct/reasoning/sam"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
	"github.com/precinct-map/precinct/tiles/sources"
)

// probeTime is how long a model may take to say how it sees pictures.
const probeTime = 30 * time.Second

// app is everything that answers questions, opened from a configuration.
type app struct {
	config    config
	files     models.Files
	memory    *cache.Memory
	metrics   *server.Metrics
	segmenter *sam.Segmenter
	words     *ocr.Maps     // nil when nobody needs it
	bucket    *cache.Bucket // of tiles fetched from servers; nil for none
	layers    []tiles.Source
	engine    *reasoning.Engine
	mode      reasoning.Mode
	onLabels  func(took time.Duration) // told of each map whose labels were read; may be nil
	traced    bool                     // somebody may look at spans

	closers []func()
}

// open opens sources, models and the engine. onTrace, which may be nil, is told of every scene.
func open(ctx context.Context, c config, onTrace func(reasoning.Scene, *reasoning.Trace)) (*app, error) {
	a, err := openShared(c)
	if err == nil {
		if err = a.openGround(ctx, onTrace); err != nil {
			a.close()
			return nil, err
		}
	}
	return a, err
}

// openShared opens what stays when the configuration changes: memory, metrics and the segmenter.
func openShared(c config) (*app, error) {
	a := &app{config: c, metrics: server.NewMetrics()}
	var err error
	if a.memory, err = newMemory(c, a.metrics.Cache); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.memory.Close)
	if err := a.openModels(); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// with is an app of another configuration with the same memory, metrics and segmenter, which it does not close.
func (a *app) with(c config) *app {
	return &app{config: c, files: a.files, memory: a.memory, metrics: a.metrics, segmenter: a.segmenter, traced: a.traced}
}

// openGround opens sources, the model and the engine.
func (a *app) openGround(ctx context.Context, onTrace func(reasoning.Scene, *reasoning.Trace)) error {
	c := a.config
	sat, plan, err := a.openSources(ctx)
	if err != nil {
		return err
	}
	if err := a.openWords(plan); err != nil {
		return err
	}
	vlm, err := a.openVLM(ctx)
	if err != nil {
		return err
	}
	if a.mode, err = parseMode(c.Mode); err != nil {
		return err
	}
	a.engine = reasoning.NewEngine(reasoning.Config{
		Satellite: sat, Map: plan, Zoom: c.Pair.Zoom, Memory: a.memory, Align: a.align,
		Pipeline: &reasoning.Pipeline{VLM: vlm, Segmenter: a.outlines(), Sampling: reasoning.Sampling{
			Temperature: c.VLM.Temperature, TopP: c.VLM.TopP, MaxTokens: c.VLM.MaxTokens}},
		Workers: c.Workers, Queue: c.Queue, OnTrace: onTrace, OnResult: a.metrics.Result,
	})
	a.closers = append(a.closers, a.engine.Close)
	slog.Info("ready to reason", "vlm", vlm.Name(), "segmenter", a.segmenter.Name(), "onnxruntime", a.segmenter.Version(),
		"device", a.segmenter.Device(), "mode", a.mode, "zoom", c.Pair.Zoom, "memory", c.Memory)
	return nil
}

func newMemory(c config, count func(kind, event string)) (*cache.Memory, error) {
	budget, err := parseBytes(c.Memory)
	if err != nil {
		return nil, err
	}
	return cache.New(budget, count)
}

func (a *app) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
	a.closers = nil
}

func (a *app) openModels() error {
	home, err := models.Home()
	if err != nil {
		return err
	}
	files, err := models.Locate(home)
	own := a.config.Segmenter.Encoder != "" || a.config.Segmenter.Decoder != ""
	if err != nil && (!own || files.Runtime == "") {
		return err
	}
	a.files = files
	o := sam.Options{
		Runtime: files.Runtime, Encoder: files.SAMEncoder, Decoder: files.SAMDecoder, Name: "mobilesam-minisam0.2.0",
		Device: a.config.Segmenter.Device, Threads: a.config.Segmenter.Threads, Memory: a.memory, Observe: a.metrics.Segmenter,
	}
	if own {
		o.Encoder, o.Decoder, o.Name = a.config.Segmenter.Encoder, a.config.Segmenter.Decoder, a.config.Segmenter.Encoder
	}
	if a.segmenter, err = sam.Open(o); err != nil {
		return err
	}
	a.metrics.Device(a.segmenter.Device())
	a.closers = append(a.closers, func() { _ = a.segmenter.Close() })
	return nil
}

// openWords opens the OCR where labels are to be read from pictures: when it is asked for, or when the reader has a map that does not
// know its labels.
func (a *app) openWords(plan tiles.Source) error {
	_, knows := plan.(tiles.Labeler)
	if want := a.config.Pair.Labels; want == "map" || want != "ocr" && (knows || a.config.VLM.Kind == "openai") {
		return nil
	}
	words, err := ocr.Open(ocr.Options{
		Runtime: a.files.Runtime, Detect: a.files.OCRDetect, Read: a.files.OCRRead, Keys: a.files.OCRKeys,
		Device: a.config.Segmenter.Device, Threads: a.config.Segmenter.Threads, Observe: a.metrics.Segmenter,
	})
	if err != nil {
		return err
	}
	a.words = &ocr.Maps{Reader: words, Memory: a.memory}
	a.closers = append(a.closers, func() { _ = words.Close() })
	return nil
}

// align is tiles.Align with the labels read from the map's pictures where that is wanted.
func (a *app) align(ctx context.Context, sat, plan tiles.Source, w geo.Window) (pair *tiles.Pair, err error) {
	ctx, span := reasoning.StartSpan(ctx, "align")
	defer func() { reasoning.EndSpan(span, err) }()
	pair, err = tiles.Align(ctx, sat, plan, w)
	if err != nil || a.words == nil {
		return pair, err
	}
	start := time.Now()
	pair.Labels, err = a.words.Labels(ctx, plan, w)
	pair.Labelled = true
	if a.onLabels != nil {
		a.onLabels(time.Since(start))
	}
	return pair, err
}

// openSources opens every configured source and finds the pair among them.
func (a *app) openSources(ctx context.Context) (sat, plan tiles.Source, err error) {
	byName := map[string]tiles.Source{}
	if err := a.openBucket(ctx); err != nil {
		return nil, nil, err
	}
	for _, c := range a.config.Sources {
		c.Bucket, c.Log = a.bucket, slog.Default()
		src, err := sources.Open(ctx, c)
		if err != nil {
			return nil, nil, err
		}
		if closer, ok := src.(io.Closer); ok {
			a.closers = append(a.closers, func() { _ = closer.Close() })
		}
		if byName[src.Info().Name] != nil {
			return nil, nil, fmt.Errorf("two sources are named %q: names must differ", src.Info().Name)
		}
		if a.metrics != nil {
			src = a.metrics.Watch(src, sources.Remote(c.Kind))
		}
		cached := tiles.Cached(src, a.memory)
		byName[src.Info().Name] = cached
		a.layers = append(a.layers, sources.Shown(cached, c))
	}
	if len(a.layers) == 0 {
		return nil, nil, errors.New("no sources are configured: write a precinct.yaml (docs/configuration.md), or try `precinct demo`")
	}
	pick := func(key, name string) (tiles.Source, error) {
		if s := byName[name]; s != nil {
			return s, nil
		}
		return nil, fmt.Errorf("configuration: pair.%s is %q, which is no source's name", key, name)
	}
	if sat, err = pick("satellite", a.config.Pair.Satellite); err != nil {
		return nil, nil, err
	}
	plan, err = pick("map", a.config.Pair.Map)
	return sat, plan, err
}

// openBucket opens the cache on disk where a source has any use for it.
func (a *app) openBucket(ctx context.Context) error {
	remote := func(c sources.Config) bool { return sources.Remote(c.Kind) }
	if a.config.Cache == "off" || !slices.ContainsFunc(a.config.Sources, remote) {
		return nil
	}
	var err error
	if a.bucket, err = openBucket(ctx, a.config); err != nil {
		return err
	}
	a.closers = append(a.closers, func() { _ = a.bucket.Close() })
	return nil
}

func (a *app) reader() reasoning.VLM { return &reader.Reader{Segmenter: a.outlines()} }

// policy opens our own model, from a run's folder or its file, or the one that comes with the program where no path is given.
func (a *app) policy(path string, segmenter reasoning.Segmenter) (reasoning.VLM, error) {
	o := policy.Options{Path: path, Segmenter: segmenter, Device: a.config.Segmenter.Device, Threads: a.config.Segmenter.Threads, Memory: a.memory}
	open := policy.Open
	if path == "" {
		open = policy.OpenTaught
	}
	p, err := open(o)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() { _ = p.Close() })
	return p, nil
}

// outlines is the segmenter, traced where somebody may look.
func (a *app) outlines() reasoning.Segmenter {
	if a.traced {
		return server.TracedSegmenter(a.segmenter)
	}
	return a.segmenter
}

// model is the model of the configuration, the engine's where there is one.
func (a *app) model(ctx context.Context) (reasoning.VLM, error) {
	if a.engine != nil {
		return a.engine.Pipeline.VLM, nil
	}
	return a.openVLM(ctx)
}

func (a *app) openVLM(ctx context.Context) (vlm reasoning.VLM, err error) {
	switch c := a.config.VLM; c.Kind {
	case "auto":
		vlm = a.ownModel()
	case "reader":
		vlm = a.reader()
	case "policy":
		vlm, err = a.policy(c.Policy, a.outlines())
	default:
		vlm, err = connect(ctx, c)
	}
	if err == nil && a.traced {
		vlm = server.TracedVLM(vlm)
	}
	return vlm, err
}

// ownModel is the policy that comes with the program, which does better than the reader on ground that neither has seen (docs/policy.md),
// and the reader where the segmenter is another than the policy was taught on.
func (a *app) ownModel() reasoning.VLM {
	p, err := a.policy("", a.outlines())
	if err != nil {
		slog.Info("the reader answers", "reason", err)
		return a.reader()
	}
	return p
}

// connect makes a client of an OpenAI-compatible server.
func connect(ctx context.Context, v vlmConfig) (reasoning.VLM, error) {
	dialect, err := reasoning.ParseDialect(v.Dialect)
	if err != nil {
		return nil, err
	}
	c, err := openai.New(openai.Options{URL: v.URL, Key: v.Key, Model: v.Model, Dialect: dialect, Timeout: v.Timeout})
	if err != nil {
		return nil, err
	}
	probe, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	// A server that is not up yet may be later: tiles are served meanwhile.
	if seen, err := c.Probe(probe); err != nil {
		slog.Warn("the model could not be probed: its picture size is assumed", "error", err)
	} else {
		slog.Info("the model was probed", "vlm", c.Name(), "picture", seen)
	}
	return c, nil
}
