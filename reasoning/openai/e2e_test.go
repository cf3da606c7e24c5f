//go:build e2e

package openai

import (
	"bufio"
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

const tinyqwen = "../../../shared/data/tinyqwen/tinyqwen"

// llama starts a real llama.cpp server with a Qwen2.5-VL whose weights are random: its words are noise, its transport is not.
func llama(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(tinyqwen + ".gguf"); err != nil {
		t.Skip("the folder ../shared with the tiny model is not here")
	}
	python := os.Getenv("PRECINCT_E2E_PYTHON")
	if python == "" {
		t.Fatal("PRECINCT_E2E_PYTHON is not set: run `make test-e2e`")
	}
	cmd := exec.Command(python, "../../testdata/e2e/llama.py", tinyqwen+".gguf", tinyqwen+"-mmproj.gguf")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		stop := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		stop.Stop()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("llama.cpp did not start: %v", err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port) + "/v1"
}

func scene() *tiles.Pair {
	w := geo.Window{Z: 17, X: 1000, Y: 2000, W: reasoning.SceneSize, H: reasoning.SceneSize}
	draw := func(c color.RGBA) *image.RGBA {
		img := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
		for i := 0; i < len(img.Pix); i += 4 {
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = c.R, uint8(i), c.B, 255
		}
		return img
	}
	return &tiles.Pair{Window: w, Satellite: draw(color.RGBA{40, 0, 30, 255}), Map: draw(color.RGBA{240, 0, 230, 255})}
}

// anyBox is a segmenter that takes any box that has ground, as SAM does.
type anyBox struct{}

func (anyBox) Name() string { return "any" }
func (anyBox) Embed(_ context.Context, _ string, img *image.RGBA) (reasoning.Embedding, error) {
	return anyBox{}, nil
}
func (anyBox) Bytes() int { return 1 }
func (anyBox) Masks(_ context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	m := geo.NewMask(geo.Window{W: reasoning.SceneSize, H: reasoning.SceneSize})
	if p.Box == nil || !(p.Box[2] > p.Box[0] && p.Box[3] > p.Box[1]) {
		return nil, reasoning.ErrSegmenter
	}
	for y := max(0, int(min(p.Box[1], 1e6))); y < min(reasoning.SceneSize, int(min(p.Box[3], 1e6))); y++ {
		m.SetRun(y, max(0, int(p.Box[0])), min(reasoning.SceneSize, int(min(p.Box[2], 1e6))))
	}
	return []reasoning.Candidate{{Mask: m, Score: 0.5}}, nil
}

func TestRealServer(t *testing.T) {
	url := llama(t)
	dialect, err := reasoning.ParseDialect("qwen2.5-vl")
	if err != nil {
		t.Fatal(err)
	}
	open := func(t *testing.T, change func(*Options)) *Client {
		o := Options{URL: url, Model: "tinyqwen", Dialect: dialect, Retries: -1, Timeout: time.Minute}
		if change != nil {
			change(&o)
		}
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}

	t.Run("picture sizes", func(t *testing.T) {
		c := open(t, nil)
		seen, err := c.Probe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", seen)
		// 27×27 patches of 28 px were sent; with image_min_tokens 1024 the server enlarges them, and we follow.
		if seen.Sent != 756 || seen.Kept < 896 || seen.Tokens < 1024 {
			t.Errorf("%+v", seen)
		}
		if w, h := c.Dialect().Size(768, 768); w != seen.Kept || h != seen.Kept {
			t.Errorf("pictures are now %d×%d", w, h)
		}
		again, err := c.Probe(t.Context())
		if err != nil || again.Sent != again.Kept {
			t.Errorf("what we send now is still resized: %+v, %v", again, err)
		}
	})
	t.Run("schema", func(t *testing.T) {
		c := open(t, func(o *Options) { o.Schema = Always })
		p := &reasoning.Pipeline{VLM: c, Segmenter: anyBox{}, Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 400, Seed: 3}}
		trace, err := p.Run(t.Context(), scene(), "school", reasoning.TwoStage)
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range trace.Stages {
			t.Logf("stage %d: %q, problems %q, %d masks", st.Stage, st.Answer, st.Problems, len(st.Masks))
		}
		if c.schema.Load() != schemaWorks {
			t.Error("the server was not found to keep to a schema")
		}
	})
	t.Run("noise", func(t *testing.T) {
		c := open(t, func(o *Options) { o.Schema = Never })
		p := &reasoning.Pipeline{VLM: c, Segmenter: anyBox{}, Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 30}}
		trace, err := p.Run(t.Context(), scene(), "school", reasoning.TwoStage)
		if err != nil {
			t.Fatal(err)
		}
		if !trace.Stages[0].Failed || len(trace.Stages[0].Problems) == 0 || len(trace.Objects) != 0 {
			t.Errorf("noise was read as %+v", trace.Stages[0])
		}
	})
	t.Run("n", func(t *testing.T) {
		r := (&reasoning.Pipeline{VLM: open(t, nil)}).Request(scene(), "school", reasoning.Localize, nil)
		r.N, r.MaxTokens, r.Temperature = 5, 8, 1 // more than the server has slots
		answers, err := open(t, func(o *Options) { o.Schema = Never }).Complete(t.Context(), r)
		if err != nil || len(answers) != 5 || answers[0].PromptTokens < 1400 {
			t.Errorf("%d answers, %v", len(answers), err)
		}
	})
	t.Run("time-out", func(t *testing.T) {
		r := (&reasoning.Pipeline{VLM: open(t, nil)}).Request(scene(), "school", reasoning.Localize, nil)
		r.MaxTokens = 4096
		_, err := open(t, func(o *Options) { o.Timeout = 300 * time.Millisecond }).Complete(t.Context(), r)
		if !errors.Is(err, reasoning.ErrVLM) || !strings.Contains(err.Error(), "no answer within 300ms") {
			t.Error(err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		r := (&reasoning.Pipeline{VLM: open(t, nil)}).Request(scene(), "school", reasoning.Localize, nil)
		r.MaxTokens = 4096
		start := time.Now()
		if _, err := open(t, nil).Complete(ctx, r); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
