package net

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/reasoning/onnx"
)

// served runs a written file as serving does.
type served struct {
	graph *onnx.Graph
	c     Config
}

func serve(t testing.TB, path string) served {
	t.Helper()
	home, err := models.Home()
	if err != nil {
		t.Fatal(err)
	}
	files, err := models.Locate(home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := onnx.StartRuntime(files.Runtime); err != nil {
		t.Fatal(err)
	}
	meta, err := ort.GetModelMetadata(path)
	if err != nil {
		t.Fatal(err)
	}
	defer meta.Destroy()
	shape, ok, err := meta.LookupCustomMetadataMap(ConfigKey)
	if err != nil || !ok {
		t.Fatalf("no %s in the file: %v", ConfigKey, err)
	}
	var c Config
	if err := json.Unmarshal([]byte(shape), &c); err != nil {
		t.Fatal(err)
	}
	g, err := onnx.Open(path, []string{"cells", "labels", "valid", "coarse", "class", "stage", "window", "noise"}, []string{"tokens", "logits", "quality"}, "cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return served{g, c}
}

func tensorOf[T ort.TensorData](t testing.TB, data []T, dims ...int) ort.Value {
	t.Helper()
	shape := make([]int64, len(dims))
	for i, d := range dims {
		shape[i] = int64(d)
	}
	v, err := ort.NewTensor(ort.NewShape(shape...), data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wideInts(xs []int32) []int64 {
	out := make([]int64, len(xs))
	for i, x := range xs {
		out[i] = int64(x)
	}
	return out
}

func (s served) answer(t testing.TB, b *Batch, noise []float32) Answer {
	t.Helper()
	c, n := s.c, len(noise)/(MaxTokens*s.c.Bins)
	window := make([]int64, n)
	for i := range window {
		window[i] = int64(i / (n / b.Windows))
	}
	coarse := b.Coarse
	if coarse == nil {
		coarse = make([]float32, b.Windows*c.cells()*c.Coarse)
	}
	in := []ort.Value{tensorOf(t, b.Cells, b.Windows, c.cells(), c.features()), tensorOf(t, b.Labels, b.Windows, c.cells(), c.Labels),
		tensorOf(t, b.Valid, b.Windows, c.cells()), tensorOf(t, coarse, b.Windows, c.cells(), c.Coarse),
		tensorOf(t, wideInts(b.Class), b.Windows), tensorOf(t, wideInts(b.Stage), b.Windows), tensorOf(t, window, n), tensorOf(t, noise, n, MaxTokens, c.Bins)}
	out := make([]ort.Value, 3)
	defer func() { onnx.Destroy(in); onnx.Destroy(out) }()
	if err := s.graph.Run(t.Context(), in, out); err != nil {
		t.Fatal(err)
	}
	var a Answer
	for _, x := range out[0].(*ort.Tensor[int64]).GetData() {
		a.Tokens = append(a.Tokens, int32(x))
	}
	a.Logits = append(a.Logits, out[1].(*ort.Tensor[float32]).GetData()...)
	a.Quality = append(a.Quality, out[2].(*ort.Tensor[float32]).GetData()...)
	return a
}

func alike(t *testing.T, tr *Trainer) {
	t.Helper()
	c := tr.Config()
	for _, part := range tr.layout.weights { // zeros would hide what is left out
		if part.spread == 0 {
			nudge(tr, part)
		}
	}
	dir := t.TempDir()
	if err := tr.Freeze().WriteONNX(dir, map[string]string{"precinct.test": "1"}); err != nil {
		t.Fatal(err)
	}
	first, err := tr.Freeze().onnx(nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := tr.Freeze().onnx(nil); !bytes.Equal(first, again) {
		t.Error("the same net gives two files")
	}
	s := serve(t, filepath.Join(dir, ONNXName))
	if s.c != c {
		t.Errorf("the file tells %+v", s.c)
	}
	b := drawBatch(c, 3, 2, MaxTokens, rng(4))
	for name, noise := range map[string][]float32{"forced": force(c, b.Tokens), "sampled": gumbel(c, 6, rng(3)), "greedy": make([]float32, 6*MaxTokens*c.Bins)} {
		want, err := tr.Answer(b, noise)
		if err != nil {
			t.Fatal(err)
		}
		got := s.answer(t, b, noise)
		if d := max(far(want.Logits, got.Logits), far(want.Quality, got.Quality)); len(want.Logits) != len(got.Logits) || d > 1e-4 {
			t.Errorf("%s: logits and quality differ by %g", name, d)
		}
		for i := range want.Tokens {
			if want.Tokens[i] != got.Tokens[i] {
				t.Errorf("%s: token %d is %d, trained %d", name, i, got.Tokens[i], want.Tokens[i])
			}
		}
	}
}

// nudge moves weights that begin as zeros or ones.
func nudge(tr *Trainer, w weight) {
	f := tr.Freeze()
	r := rng(uint64(w.from))
	for i := range w.size() {
		f.weights[w.from+i] += float32(.1 * r.NormFloat64())
	}
	tr.state[0] = flat(f.weights)
}

func TestServedIsTrained(t *testing.T) { alike(t, newTiny(t, 10)) }

func TestServedIsTrainedOnXLA(t *testing.T) {
	tr, err := NewTrainer(openXLA(t), DefaultConfig(9), SFTRecipe(10), 1)
	if err != nil {
		t.Fatal(err)
	}
	alike(t, tr)
}

// TestCheckerAcceptsTheFile asks PyPI's onnx.
func TestCheckerAcceptsTheFile(t *testing.T) {
	python := os.Getenv("PRECINCT_PYTHON")
	if python == "" {
		t.Skip("PRECINCT_PYTHON names no Python with onnx")
	}
	dir := t.TempDir()
	if err := newTiny(t, 10).Freeze().WriteONNX(dir, nil); err != nil {
		t.Fatal(err)
	}
	program := "import onnx, sys; m = onnx.load(sys.argv[1]); onnx.checker.check_model(m, full_check=True); print(len(m.graph.node))"
	out, err := exec.Command(python, "-c", program, filepath.Join(dir, ONNXName)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s nodes", out)
}

// BenchmarkServed is one run of the whole net for so many windows and completions.
func BenchmarkServed(b *testing.B) {
	tr, err := NewTrainer(openGo(b), DefaultConfig(40), SFTRecipe(10), 1)
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := tr.Freeze().WriteONNX(dir, nil); err != nil {
		b.Fatal(err)
	}
	s := serve(b, filepath.Join(dir, ONNXName))
	for _, size := range []struct {
		name           string
		windows, group int
	}{{"1", 1, 1}, {"16", 16, 1}, {"16x8", 16, 8}} {
		batch := drawBatch(s.c, size.windows, size.group, MaxTokens, rng(1))
		noise := make([]float32, size.windows*size.group*MaxTokens*s.c.Bins)
		b.Run(size.name, func(b *testing.B) {
			for b.Loop() {
				s.answer(b, batch, noise)
			}
		})
	}
}
