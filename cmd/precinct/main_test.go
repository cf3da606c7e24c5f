package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain keeps what the tests find, and their index of places, away from the user's own.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "precinct-test-")
	if err != nil {
		panic(err)
	}
	os.Setenv("PRECINCT_DATA", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// call runs the command and gives its exit code, as main would, and what it wrote.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	read := func(file **os.File) func() string {
		old := *file
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		*file = w
		text := make(chan string)
		go func() {
			data, _ := io.ReadAll(r)
			text <- string(data)
		}()
		return func() string { *file = old; w.Close(); return <-text }
	}
	out, errs := read(&os.Stdout), read(&os.Stderr)
	code = run(args)
	return code, out(), errs()
}

func TestWrongUsageIsTold(t *testing.T) {
	t.Chdir(t.TempDir())
	sources := []string{"segment", "--satellite", "dir:.", "--map", "osm:map.geojson"}
	area := []string{"--bbox", "85,27,85.001,27.001"}
	with := func(more ...string) []string { return append(append([]string{}, sources...), more...) }
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no such command":  {[]string{"segmentt"}, "unknown command"},
		"no such flag":     {[]string{"segment", "--colour", "red"}, "unknown flag"},
		"no phrase":        {with(area...), "--query"},
		"empty phrase":     {with("--query", "  ", area[0], area[1]), "empty"},
		"control chars":    {with("--query", "a\x07b", area[0], area[1]), "control character"},
		"10 kB":            {with("--query", strings.Repeat("x", 10_000), area[0], area[1]), "bytes long"},
		"no area":          {with("--query", "school"), "--bbox"},
		"two areas":        {with("--query", "school", "--place", "x", area[0], area[1]), "--bbox"},
		"three numbers":    {with("--query", "school", "--bbox", "1,2,3"), "four numbers"},
		"south above":      {with("--query", "school", "--bbox", "1,5,2,3"), "S below N"},
		"no number":        {with("--query", "school", "--bbox", "1,2,3,north"), "no number"},
		"NaN":              {with("--query", "school", "--bbox", "1,2,3,NaN"), "S below N"},
		"unknown kind":     {[]string{"segment", "--satellite", "wms:x", "--map", "osm:y", "--query", "school", area[0], area[1]}, "kind"},
		"unknown mode":     {with("--query", "school", "--mode", "three-stage", area[0], area[1]), "three-stage"},
		"unknown format":   {with("--query", "school", "--format", "shp", area[0], area[1]), "geojson"},
		"no sources":       {[]string{"segment", "--query", "school", area[0], area[1]}, "--satellite"},
		"eval system":      {[]string{"eval", "--system", "oracle"}, "whole-scene"},
		"eval labels":      {[]string{"eval", "--labels", "none"}, "ocr or map"},
		"eval no model":    {[]string{"eval", "--system", "model"}, "no other model"},
		"score definition": {[]string{"score", "reward", "--definition", "mine"}, "paper"},
	} {
		code, _, stderr := call(t, c.args...)
		if code != exitUsage || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d, %q; want 2 and %q", name, code, stderr, c.says)
		}
	}
}

func TestFailuresAreTold(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("bad.yaml", []byte("sources: [{name: a, kind: xyz}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("empty.yaml", []byte("pair: {zoom: 17}"), 0o644); err != nil {
		t.Fatal(err)
	}
	nowhere := `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":{}}]}`
	if err := os.WriteFile("nowhere.geojson", []byte(nowhere), 0o644); err != nil {
		t.Fatal(err)
	}
	area := []string{"--query", "school", "--bbox", "85,27,85.001,27.001"}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no such configuration": {[]string{"serve", "--config", "none.yaml", "--addr", "127.0.0.1:0"}, "none.yaml"},
		"bad YAML":              {[]string{"serve", "--config", "bad.yaml", "--addr", "127.0.0.1:0"}, "bad.yaml"},
		"no sources":            {[]string{"serve", "--config", "empty.yaml", "--addr", "127.0.0.1:0"}, "no sources are configured"},
		"no such address":       {[]string{"serve", "--config", "empty.yaml", "--addr", "nowhere.invalid:80"}, "--addr"},
		"nowhere to look":       {[]string{"segment", "--query", "school", "--satellite", "town:satellite", "--map", "town:map", "--geojson", "nowhere.geojson"}, "no feature with a geometry"},
		"no such folder":        {append([]string{"segment", "--satellite", "dir:none", "--map", "osm:none.geojson"}, area...), "none"},
	} {
		code, _, stderr := call(t, c.args...)
		if code != exitFailed || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d, %q; want 1 and %q", name, code, stderr, c.says)
		}
	}
}

// TestNothingInstalled: every command that needs models says how to get them.
func TestNothingInstalled(t *testing.T) {
	t.Setenv("PRECINCT_HOME", t.TempDir())
	t.Setenv("PRECINCT_ONNXRUNTIME", "")
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"doctor"}, {"demo", "--addr", "127.0.0.1:0"}, {"setup", "--check"}} {
		code, stdout, stderr := call(t, args...)
		if code != exitFailed || !strings.Contains(stdout+stderr, "precinct setup") {
			t.Errorf("%q: exit %d, %s%s", args, code, stdout, stderr)
		}
	}
}

func TestDoctorNamesTheDevice(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, stderr := call(t, "doctor")
	if code != exitDone || !strings.Contains(stdout, "ONNX Runtime 1.") || !strings.Contains(stdout, ", in use") || !strings.Contains(stdout, "device cuda") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

func TestScoreReadsLines(t *testing.T) {
	t.Chdir(t.TempDir())
	line := `{"id":"a","stage":1,"completion":"<think>x</think><answer>[{\"bbox_2d\":[0,0,10,10]}]</answer>","gt_boxes":[[0,0,10,10]]}`
	if err := os.WriteFile("in.jsonl", []byte(line+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call(t, "score", "reward", "--definition", "paper", "in.jsonl")
	var got struct {
		ID                              string
		Format, Accuracy, Length, Total float64
	}
	if err := json.Unmarshal([]byte(stdout), &got); code != exitDone || err != nil || got.ID != "a" || got.Format != 1 || got.Accuracy != 1 {
		t.Errorf("exit %d, %v: %s%s", code, err, stdout, stderr)
	}
}

func TestHelpTeaches(t *testing.T) {
	for _, command := range []string{"", "serve", "demo", "segment", "setup", "doctor", "score", "eval"} {
		args := []string{"--help"}
		if command != "" {
			args = []string{command, "--help"}
		}
		code, stdout, _ := call(t, args...)
		if code != exitDone || !strings.Contains(stdout, "precinct") || len(stdout) < 200 {
			t.Errorf("precinct %s --help: %s", command, stdout)
		}
	}
}

// TestEvalPrintsATable on one scene of the town, with labels read from the picture.
func TestEvalPrintsATable(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Chdir(t.TempDir())
	code, stdout, stderr := call(t, "eval", "--scenes", "1", "--system", "reader,true-box,whole-scene")
	if code != exitDone || !strings.Contains(stdout, "| reader | name | 1 |") || !strings.Contains(stdout, "| true-box | class | 1 |") || !strings.Contains(stdout, "whole-scene") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

// TestOutputIsWholeOrNotThere: a failure leaves no half file, and what was there stays.
func TestOutputIsWholeOrNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.geojson")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	w, done, err := create(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "half"); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	if err := done(failed); !errors.Is(err, failed) {
		t.Error(err)
	}
	if data, _ := os.ReadFile(path); string(data) != "before" {
		t.Errorf("%q", data)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%d files", len(files))
	}
}

// TestDevicesStayDevices: renaming over /dev/null, as root, would take it from everybody.
func TestDevicesStayDevices(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	text := make(chan string)
	go func() {
		data, _ := os.ReadFile(pipe)
		text <- string(data)
	}()
	w, done, err := create(nil, pipe)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "whole"); err != nil {
		t.Fatal(err)
	}
	if err := done(nil); err != nil || <-text != "whole" {
		t.Error(err)
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is gone: %v", err)
	}
}

func TestConfiguration(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	yaml := `
sources:
  - {name: sat, kind: xyz, url: "https://example.org/{z}/{x}/{y}.jpg", headers: {Authorization: "$TOKEN"}, rate: 10/s, ttl: 720h, offset: [1, 2]}
  - {name: plan, kind: osm, path: city.osm.pbf, style: basic}
pair: {satellite: sat, map: plan, zoom: 18}
vlm: {kind: openai, url: "http://127.0.0.1:8000/v1", model: m, key: "$MODEL_KEY", dialect: qwen2.5-vl}
wait: 3s
`
	if err := os.WriteFile("precinct.yaml", []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MODEL_KEY", "secret")
	t.Setenv("PRECINCT_PAIR_ZOOM", "16")
	t.Setenv("PRECINCT_VLM_MODEL", "other")
	t.Setenv("PRECINCT_LOWEST_ZOOM", "14")
	c, err := (&global{}).load()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 2 || c.Sources[0].Rate != "10/s" || c.Sources[0].TTL != 720*time.Hour || c.Sources[0].Headers["Authorization"] != "$TOKEN" ||
		c.Pair.Zoom != 16 || c.VLM.Model != "other" || c.VLM.Key != "secret" || c.Wait != 3*time.Second || c.LowestZoom != 14 || c.Memory != "1GiB" {
		t.Errorf("%+v", c)
	}
	for name, bad := range map[string]string{
		"dialect": "vlm: {dialect: klingon}", "mode": "mode: one-stage", "memory": "memory: much", "zoom": "pair: {zoom: 3}", "kind": "vlm: {kind: oracle}", "segmenter": "segmenter: {kind: scissors}",
	} {
		if err := os.WriteFile("precinct.yaml", []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PRECINCT_PAIR_ZOOM", "")
		os.Unsetenv("PRECINCT_PAIR_ZOOM")
		if _, err := (&global{}).load(); err == nil {
			t.Errorf("%s: %s was taken", name, bad)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for s, want := range map[string]int64{"1GiB": 1 << 30, "512MiB": 512 << 20, "2G": 2 << 30, "1000": 1000, "1.5 GB": 1_500_000_000, "": 0, "-1GiB": 0, "GiB": 0, "1PB": 0, "NaN": 0, "Inf": 0} {
		got, err := parseBytes(s)
		if (err != nil) != (want == 0) || got != want {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
}

func TestVersion(t *testing.T) {
	var out bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetArgs([]string{"--version"})
	if err := root.Execute(); err != nil || !strings.HasPrefix(out.String(), "precinct ") {
		t.Errorf("%q, %v", out.String(), err)
	}
}
