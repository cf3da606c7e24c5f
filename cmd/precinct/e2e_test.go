//go:build e2e

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"
)

// program builds the program once a test.
func program(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "precinct")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

var addressLine = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)

// start runs a serving command on a free port and gives its address. It is stopped as a person would stop it.
func start(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(program(t), append(args, "--addr", "127.0.0.1:0")...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PRECINCT_DATA="+t.TempDir())
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		kill := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted {
			t.Errorf("exit %d, want 130; %s", cmd.ProcessState.ExitCode(), log.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	address := addressLine.FindString(line)
	for range 100 {
		if r, err := http.Get(address + "readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == 200 {
				return address
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("never ready: %s", log.String())
	return ""
}

func fetch(t *testing.T, url string) ([]byte, http.Header) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 {
		t.Fatalf("%s: %d %v %s", url, r.StatusCode, err, data)
	}
	return data, r.Header
}

func metric(t *testing.T, address, name string) string {
	t.Helper()
	data, _ := fetch(t, address+"metrics")
	for _, line := range strings.Split(string(data), "\n") {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return v
		}
	}
	return ""
}

// TestDemo is what a newcomer does: start it, look at the tiles, search, and read the answer in every format.
func TestDemo(t *testing.T) {
	address := start(t, "demo")
	var layer struct {
		Center [3]float64
		Tiles  []string
	}
	data, _ := fetch(t, address+"tiles/satellite.json")
	if err := json.Unmarshal(data, &layer); err != nil || layer.Center[2] < 10 {
		t.Fatal(err, string(data))
	}
	at := maptile.At(orb.Point{layer.Center[0], layer.Center[1]}, 17)
	path := fmt.Sprintf("%d/%d/%d", at.Z, at.X, at.Y)
	for _, u := range []string{"tiles/satellite/" + path + ".jpg", "tiles/map/" + path + ".png", "tiles/map/" + path + "@2x.webp", ""} {
		if data, _ := fetch(t, address+u); len(data) < 500 {
			t.Errorf("%s: %d bytes", u, len(data))
		}
	}
	schools := 0
	for n := range 9 {
		found := map[string]any{}
		data, h := fetch(t, fmt.Sprintf("%saoi/school/17/%d/%d.geojson?wait=60", address, int(at.X)+n%3-1, int(at.Y)+n/3-1))
		if err := json.Unmarshal(data, &found); err != nil || h.Get("X-Precinct-Complete") != "true" {
			t.Fatalf("%v %s", err, data)
		}
		schools += len(found["features"].([]any))
	}
	if schools == 0 {
		t.Error("no school round the town's centre")
	}
	t.Run("viewer", func(t *testing.T) { viewer(t, address, layer.Center) })
	t.Run("environment", func(t *testing.T) { trainer(t, address) })
}

// viewer opens the page in a real browser and reads what it shows.
func viewer(t *testing.T, address string, center [3]float64) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	// The scenes in view are known before: the browser's own clock runs ahead while it has nothing to do.
	middle := maptile.At(orb.Point{center[0], center[1]}, 17)
	for dy := range 7 {
		for dx := range 9 {
			fetch(t, fmt.Sprintf("%saoi/school/17/%d/%d.mvt?wait=60", address, int(middle.X)+dx-4, int(middle.Y)+dy-3))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--window-size=1200,800",
		"--virtual-time-budget=20000", "--dump-dom", fmt.Sprintf("%s#q=school&map=17/%.5f/%.5f", address, center[1], center[0])).Output()
	if err != nil {
		t.Fatal(err)
	}
	page := string(out)
	for _, want := range []string{"School</b>", "score 0.", "leaflet-tile-loaded", "leaflet-interactive", "made-up town"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, `class="error"`) {
		t.Error("the page shows an error")
	}
}

// trainer asks what an outside trainer asks.
func trainer(t *testing.T, address string) {
	img := image.NewRGBA(image.Rect(0, 0, 96, 96))
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	uri := "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
	for path, body := range map[string]any{
		"segment": map[string]any{"image": uri, "prompts": []any{map[string]any{"bbox_2d": []int{10, 10, 60, 60}, "points": [][]int{{30, 30}}}}},
		"render":  map[string]any{"images": []string{uri}, "boxes": [][]int{{10, 10, 60, 60}}, "mask": map[string]any{"size": []int{96, 96}, "counts": []int{100, 50, 9066}}},
		"reward":  map[string]any{"definition": "paper", "id": "a", "stage": 1, "completion": "<think></think><answer>[{\"bbox_2d\":[0,0,9,9]}]</answer>", "gt_boxes": [][]int{{0, 0, 9, 9}}},
	} {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.Post(address+"v1/environment/"+path, "application/json", bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != 200 || !json.Valid(answer) {
			t.Errorf("%s: %d %s", path, r.StatusCode, answer)
		}
	}
}

// TestServeBanepa: real imagery through URLs; a hundred clients at once on a cold server cost one inference a scene.
func TestServeBanepa(t *testing.T) {
	needBanepa(t)
	folder, err := filepath.Abs(banepa)
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(t.TempDir(), "precinct.yaml")
	yaml := fmt.Sprintf("sources:\n  - {name: sat, kind: dir, path: %q, attribution: © OpenAerialMap}\n  - {name: plan, kind: osm, path: %q}\npair: {satellite: sat, map: plan, zoom: 19}\n",
		filepath.Join(folder, "labelled"), filepath.Join(folder, "map.geojson"))
	if err := os.WriteFile(conf, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	address := start(t, "serve", "--config", conf)
	at := maptile.At(orb.Point{85.5216512, 27.6313207}, 19) // Bagmati English Secondary School
	path := fmt.Sprintf("%saoi/school/%d/%d/%d", address, at.Z, at.X, at.Y)
	var clients sync.WaitGroup
	bodies := make([]string, 100)
	for i := range bodies {
		clients.Add(1)
		go func() {
			defer clients.Done()
			data, _ := fetch(t, path+".mvt?wait=60")
			bodies[i] = string(data)
		}()
	}
	clients.Wait()
	for _, b := range bodies {
		if b != bodies[0] {
			t.Fatal("the clients got different answers")
		}
	}
	runs := metric(t, address, `precinct_scenes_total{outcome="done"}`)
	encodes := metric(t, address, `precinct_segmenter_seconds_count{device="cpu",graph="encoder"}`)
	t.Logf("100 clients: %s scenes, %s encodes", runs, encodes)
	if runs != encodes || runs == "" || len(runs) > 1 || metric(t, address, `precinct_device_info{device="cpu"}`) != "1" {
		t.Errorf("%s scenes were run with %s encodes", runs, encodes)
	}
	layers, err := mvt.Unmarshal([]byte(bodies[0]))
	if err != nil || len(layers) == 0 || layers[0].Name != "aoi" {
		t.Errorf("the tile: %v %v", err, layers)
	}
	begun := time.Now()
	data, h := fetch(t, path+".png")
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds().Dx() != 256 || h.Get("ETag") == "" {
		t.Error(err)
	}
	again := time.Now()
	same, _ := fetch(t, path+".png")
	if !bytes.Equal(data, same) {
		t.Error("the same tile twice differs")
	}
	t.Logf("PNG of a known scene: %v, again %v", again.Sub(begun), time.Since(again))
	if hits := metric(t, address, `precinct_cache_total{event="hit",kind="encoded"}`); hits == "" || hits == "0" {
		t.Errorf("the second came from no cache: %q hits", hits)
	}
	found := struct {
		Features []struct {
			Properties struct {
				Name  string
				Score float64
			}
		}
		Attribution string
	}{}
	data, _ = fetch(t, path+".geojson")
	if err := json.Unmarshal(data, &found); err != nil || len(found.Features) != 1 || found.Features[0].Properties.Name != "Bagmati English Secondary School" ||
		math.IsNaN(found.Features[0].Properties.Score) || !strings.Contains(found.Attribution, "OpenStreetMap") || !strings.Contains(found.Attribution, "OpenAerialMap") {
		t.Errorf("%v %s", err, data)
	}
	if again := metric(t, address, `precinct_scenes_total{outcome="done"}`); again != runs {
		t.Errorf("asking again ran scenes again: %s, then %s", runs, again)
	}
}
