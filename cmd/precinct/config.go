package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/tiles/sources"
)

// config is precinct.yaml; docs/configuration.md describes each key.
type config struct {
	Sources     []sources.Config `koanf:"sources"`
	Upstream    upstreamConfig   `koanf:"upstream"`
	Pair        pairConfig       `koanf:"pair"`
	PublicURL   string           `koanf:"public_url"`
	VLM         vlmConfig        `koanf:"vlm"`
	Segmenter   segmenterConfig  `koanf:"segmenter"`
	Addr        string           `koanf:"addr"`
	Memory      string           `koanf:"memory"`
	Mode        string           `koanf:"mode"`
	Wait        time.Duration    `koanf:"wait"`
	LowestZoom  int              `koanf:"lowest_zoom"`
	Workers     int              `koanf:"workers"`
	Queue       int              `koanf:"queue"`
	Environment bool             `koanf:"environment"`
	Cache       string           `koanf:"cache"` // folder of tiles fetched from servers; off for none
	Data        string           `koanf:"data"`  // folder of what is found, jobs and the index of places
	Keys        []keyConfig      `koanf:"keys"`
	Limits      limitsConfig     `koanf:"limits"`
	Log         logConfig        `koanf:"log"`
	Tracing     tracingConfig    `koanf:"tracing"`

	file string
	read time.Time // before the file was read
}

type upstreamConfig struct {
	Concurrency int `koanf:"concurrency"` // requests to other people's servers at once, by all sources together; 0 for any number
}

type pairConfig struct {
	Satellite string `koanf:"satellite"`
	Map       string `koanf:"map"`
	Zoom      int    `koanf:"zoom"`
	Labels    string `koanf:"labels"` // auto, map or ocr
}

type vlmConfig struct {
	Kind        string        `koanf:"kind"`   // reader, policy or openai
	Policy      string        `koanf:"policy"` // of kind policy: a run's folder or its policy.onnx; the program's own when empty
	URL         string        `koanf:"url"`
	Key         string        `koanf:"key"`
	Model       string        `koanf:"model"`
	Dialect     string        `koanf:"dialect"`
	Timeout     time.Duration `koanf:"timeout"`
	Temperature float64       `koanf:"temperature"`
	TopP        float64       `koanf:"top_p"`
	MaxTokens   int           `koanf:"max_tokens"`
}

type segmenterConfig struct {
	Kind    string `koanf:"kind"` // sam
	Encoder string `koanf:"encoder"`
	Decoder string `koanf:"decoder"`
	Device  string `koanf:"device"`
	Threads int    `koanf:"threads"`
}

func defaults() config {
	return config{
		Pair: pairConfig{Zoom: 17, Labels: "auto"}, VLM: vlmConfig{Kind: "auto", TopP: 0.8, Temperature: 1, MaxTokens: 2048, Timeout: 2 * time.Minute},
		Upstream: upstreamConfig{Concurrency: 64}, Segmenter: segmenterConfig{Kind: "sam", Device: "auto"}, Addr: "127.0.0.1:8080", Memory: "1GiB", Mode: string(reasoning.TwoStage),
		Wait: 10 * time.Second, LowestZoom: 16, Workers: 2, Queue: 256, Limits: defaultLimits(), Log: logConfig{Access: string(server.AccessCold)},
		Tracing: tracingConfig{Sample: 1},
	}
}

// load reads the configuration: defaults, then the file, then the environment.
func (g *global) load() (config, error) {
	c := defaults()
	c.read = time.Now()
	k := koanf.New(".")
	name := g.configFile
	if name == "" {
		name = "precinct.yaml"
	}
	switch err := k.Load(file.Provider(name), yaml.Parser()); {
	case err == nil:
		c.file = name
	case errors.Is(err, fs.ErrNotExist) && g.configFile == "":
	default:
		return c, fmt.Errorf("configuration %s: %w", name, err)
	}
	if err := k.Load(env.Provider(".", env.Opt{Prefix: "PRECINCT_", TransformFunc: variable}), nil); err != nil {
		return c, fmt.Errorf("configuration from PRECINCT_…: %w", err)
	}
	if err := k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{Tag: "koanf"}); err != nil {
		return c, fmt.Errorf("configuration %s: %w", c.describe(), err)
	}
	c.VLM.Key = os.ExpandEnv(c.VLM.Key)
	way := sources.NewUpstream(c.Upstream.Concurrency)
	for i := range c.Sources {
		c.Sources[i] = c.Sources[i].Placed()
		c.Sources[i].Upstream = way
	}
	return c, c.check()
}

// variable turns PRECINCT_VLM_URL into vlm.url: an underscore parts levels where the first word names one.
func variable(name, value string) (string, any) {
	key := strings.ToLower(strings.TrimPrefix(name, "PRECINCT_"))
	for _, section := range []string{"pair", "vlm", "segmenter", "upstream", "limits", "log", "tracing"} {
		if rest, ok := strings.CutPrefix(key, section+"_"); ok {
			return section + "." + rest, value
		}
	}
	switch key {
	case "home", "onnxruntime", "sources", "keys", "config": // not configuration keys, or not to be set by one value
		return "", nil
	}
	return key, value
}

func (c *config) check() error {
	if _, err := reasoning.ParseDialect(c.VLM.Dialect); err != nil {
		return fmt.Errorf("configuration: vlm.dialect: %w", err)
	}
	if !slices.Contains([]string{"auto", "reader", "policy", "openai"}, c.VLM.Kind) {
		return fmt.Errorf("configuration: vlm.kind %q: use auto, reader, policy or openai", c.VLM.Kind)
	}
	if c.VLM.Kind != "policy" && c.VLM.Policy != "" {
		return fmt.Errorf("configuration: vlm.policy goes with vlm.kind policy: it names a run's folder or its policy.onnx")
	}
	if c.Segmenter.Kind != "sam" {
		return fmt.Errorf("configuration: segmenter.kind %q: use sam", c.Segmenter.Kind)
	}
	if c.Upstream.Concurrency < 0 {
		return fmt.Errorf("configuration: upstream.concurrency %d: use 1 or more, or 0 for any number", c.Upstream.Concurrency)
	}
	if c.Pair.Zoom < 10 || c.Pair.Zoom > 22 {
		return fmt.Errorf("configuration: pair.zoom %d: use 10 to 22", c.Pair.Zoom)
	}
	if !slices.Contains([]string{"auto", "map", "ocr"}, c.Pair.Labels) {
		return fmt.Errorf("configuration: pair.labels %q: use auto, map or ocr", c.Pair.Labels)
	}
	if _, err := parseMode(c.Mode); err != nil {
		return fmt.Errorf("configuration: mode: %w", err)
	}
	if _, err := parseBytes(c.Memory); err != nil {
		return fmt.Errorf("configuration: memory: %w", err)
	}
	if !slices.Contains(server.Accesses, server.Access(c.Log.Access)) {
		return fmt.Errorf("configuration: log.access %q: use off, cold or all", c.Log.Access)
	}
	if c.Tracing.Sample < 0 || c.Tracing.Sample > 1 {
		return fmt.Errorf("configuration: tracing.sample %v: use a share from 0 to 1", c.Tracing.Sample)
	}
	_, _, err := c.Limits.read()
	return err
}

func (c *config) describe() string {
	if c.file == "" {
		return "defaults (no precinct.yaml here)"
	}
	return c.file
}

func parseMode(s string) (reasoning.Mode, error) {
	for _, m := range reasoning.Modes {
		if string(m) == s {
			return m, nil
		}
	}
	return "", fmt.Errorf("%q is none of two-stage, no-refinement, no-reflection", s)
}

// parseBytes reads 512MB, 1GiB or a plain number of bytes.
func parseBytes(s string) (int64, error) {
	units := []struct {
		name string
		size float64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"G", 1 << 30}, {"M", 1 << 20}, {"B", 1}, {"", 1}}
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.TrimSpace(s), u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v > 0 && v*u.size <= 1<<50) { // NaN is neither
			break
		}
		return int64(v * u.size), nil
	}
	return 0, fmt.Errorf("%q: want a size such as 512MiB or 2GiB", s)
}
