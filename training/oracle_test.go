package training_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training"
)

// oracle runs testdata/oracle/oracle.py over cases. It skips where Python with its libraries is missing: `make test-oracle`
// sets it up.
func oracle(t *testing.T, what string, cases []byte) []map[string]any {
	t.Helper()
	python := os.Getenv("PRECINCT_PYTHON")
	if python == "" {
		python = filepath.Join("..", ".venv", "bin", "python")
		if _, err := os.Stat(python); err != nil {
			python = "python3"
		}
	}
	if out, err := exec.Command(python, "-c", "import numpy, scipy, PIL").CombinedOutput(); err != nil {
		t.Skipf("%s lacks numpy, scipy or pillow (make test-oracle installs them): %v %s", python, err, bytes.TrimSpace(out))
	}
	cmd := exec.Command(python, filepath.Join("..", "testdata", "oracle", "oracle.py"), what)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(cases), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return readLines(t, out)
}

func readLines(t *testing.T, data []byte) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range bytes.Lines(data) {
		var v map[string]any
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		out = append(out, v)
	}
	return out
}

func compare(t *testing.T, cases []byte, got, want []map[string]any, fields ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d results, the oracle has %d", len(got), len(want))
	}
	lines := bytes.Split(cases, []byte("\n"))
	wrong := 0
	for i, w := range want {
		for _, f := range fields {
			g, ok := got[i][f].(float64)
			if !ok || math.Abs(g-w[f].(float64)) > 1e-9 {
				wrong++
				if wrong <= 10 {
					t.Errorf("case %d: %s = %v, the oracle says %v (%v)\n%.1500s", i, f, got[i][f], w[f], got[i]["error"], lines[i])
				}
			}
		}
	}
	if wrong > 10 {
		t.Errorf("%d figures differ", wrong)
	}
}

func TestRewardsAgreeWithOracle(t *testing.T) {
	for _, d := range []training.Definition{training.Paper, training.Reference} {
		t.Run(string(d), func(t *testing.T) {
			g := generator{Rand: rand.New(rand.NewPCG(7, 11)), folder: t.TempDir(), t: t}
			var cases bytes.Buffer
			for i := range 6000 {
				line, err := json.Marshal(g.rewardCase(i))
				if err != nil {
					t.Fatal(err)
				}
				cases.Write(append(line, '\n'))
			}
			want := oracle(t, string(d), cases.Bytes())
			var out bytes.Buffer
			if err := training.RunRewards(context.Background(), &choppyReader{data: cases.Bytes()}, &out, d, 0); err != nil {
				t.Error(err)
			}
			got := readLines(t, out.Bytes())
			compare(t, cases.Bytes(), got, want, "format", "accuracy", "length", "total")
			varied := map[string]bool{}
			for _, w := range want {
				varied[fmt.Sprint(w["format"], w["accuracy"], w["length"])] = true
			}
			if len(varied) < 100 {
				t.Errorf("only %d different outcomes: the cases say little", len(varied))
			}
		})
	}
}

// choppyReader reads in odd pieces, as a pipe would give them.
type choppyReader struct {
	data []byte
	n    int
}

func (c *choppyReader) Read(p []byte) (int, error) {
	c.n++
	n, err := bytes.NewReader(c.data).Read(p[:min(len(p), 1+c.n%777)])
	c.data = c.data[n:]
	return n, err
}

func TestMetricsAgreeWithOracle(t *testing.T) {
	g := generator{Rand: rand.New(rand.NewPCG(3, 5)), folder: t.TempDir(), t: t}
	var cases bytes.Buffer
	for i := range 300 {
		pairs := []any{}
		for range g.IntN(6) {
			w, h := 1+g.IntN(90), 1+g.IntN(50)
			truth := g.blobs(w, h)
			pred := g.blobs(w, h)
			if g.IntN(2) == 0 {
				pred = truth.Clone()
				pred.Or(g.speckles(w, h))
			}
			pairs = append(pairs, map[string]any{"gt": g.maskJSON(truth), "pred": g.maskJSON(pred)})
		}
		line, _ := json.Marshal(map[string]any{"id": i, "pairs": pairs})
		cases.Write(append(line, '\n'))
	}
	want := oracle(t, "metrics", cases.Bytes())
	var out bytes.Buffer
	if err := training.RunMetrics(context.Background(), bytes.NewReader(cases.Bytes()), &out); err != nil {
		t.Error(err)
	}
	got := readLines(t, out.Bytes())
	compare(t, cases.Bytes(), got, want, "n", "cIoU", "gIoU", "f1_image", "f1_inst", "f1_inst_macro")
	for i := range want {
		if a, b := fmt.Sprint(got[i]["iou"]), fmt.Sprint(want[i]["iou"]); a != b {
			t.Errorf("case %d: iou %s, the oracle says %s", i, a, b)
		}
	}
}

func TestOverlayAgreesWithPillow(t *testing.T) {
	g := generator{Rand: rand.New(rand.NewPCG(13, 17)), folder: t.TempDir(), t: t}
	var cases bytes.Buffer
	var got [][]byte
	for range 3000 {
		w, h := 1+g.IntN(40), 1+g.IntN(40)
		img, rgb := g.picture(w, h)
		mask := g.blobs(w, h)
		if g.IntN(2) == 0 {
			mask = g.blobs(1+g.IntN(90), 1+g.IntN(90))
		}
		boxes := make([]reasoning.Box, g.IntN(4))
		for i := range boxes {
			boxes[i] = g.overlayBox(float64(w), float64(h))
		}
		line, _ := json.Marshal(map[string]any{"size": []int{h, w}, "rgb": rgb, "boxes": boxes, "mask": training.RunsOf(mask)})
		cases.Write(append(line, '\n'))
		got = append(got, opaque(reasoning.Overlay(img, boxes, mask)))
	}
	wrong := 0
	lines := bytes.Split(cases.Bytes(), []byte("\n"))
	for i, w := range oracle(t, "overlay", cases.Bytes()) {
		want, _ := base64.StdEncoding.DecodeString(w["rgb"].(string))
		if !bytes.Equal(got[i], want) {
			if wrong++; wrong <= 3 {
				t.Errorf("case %d differs from Pillow: %.600s", i, lines[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d pictures differ", wrong, len(got))
	}
}

func opaque(img *image.RGBA) []byte {
	var out []byte
	for i := 0; i < len(img.Pix); i += 4 {
		out = append(out, img.Pix[i:i+3]...)
	}
	return out
}
