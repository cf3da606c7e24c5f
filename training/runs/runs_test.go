package runs

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

type stage struct {
	Reward map[string]float64 `json:"reward"`
	KL     float64            `json:"kl"`
}

type line struct {
	Step  int    `json:"step"`
	Of    int    `json:"of"`
	Name  string `json:"name"`
	Stage stage  `json:"stage1"`
}

// TestMasked: CRC-32C of "123456789" is e3069283 (RFC 3720, appendix B.4, has the polynomial's other vectors).
func TestMasked(t *testing.T) {
	c := uint32(0xe3069283)
	if got, want := masked([]byte("123456789")), (c>>15|c<<17)+0xa282ead8; got != want {
		t.Errorf("%08x, not %08x", got, want)
	}
}

// records reads TFRecords, their checksums held.
func records(t *testing.T, path string) (out [][]byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 {
		n := binary.LittleEndian.Uint64(data)
		message := data[12:][:n]
		if binary.LittleEndian.Uint32(data[8:]) != masked(data[:8]) || binary.LittleEndian.Uint32(data[12+n:]) != masked(message) {
			t.Fatal("a checksum is wrong")
		}
		out = append(out, message)
		data = data[16+n:]
	}
	return out
}

// fields are a message's, by number; the last of each.
func fields(t *testing.T, message []byte) map[protowire.Number][]byte {
	t.Helper()
	out := map[protowire.Number][]byte{}
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		size := protowire.ConsumeFieldValue(number, kind, message[n:])
		if n < 0 || size < 0 {
			t.Fatal("no message")
		}
		value := message[n:][:size]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		out[number] = value
		message = message[n+size:]
	}
	return out
}

func TestLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	for piece := range 2 {
		l, err := OpenLog(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Tell(5*piece, line{Step: 5 * piece, Of: 10, Name: "x", Stage: stage{map[string]float64{"total": 2.5}, 0.25}}); err != nil {
			t.Fatal(err)
		}
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 300, 300))); err != nil {
			t.Fatal(err)
		}
		truth := geo.NewMask(geo.Window{X: 100, Y: 100, W: 50, H: 40})
		truth.SetRun(3, 0, 50)
		s := &Sketch{Picture: picture.Bytes(), At: reasoning.Point{20, 20}, Truth: truth, Box: reasoning.Box{-10, 5, 40, 50}, Text: "<think>…"}
		for n := range 3 {
			if err := l.Show(5*piece, n, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if len(files) != 2 {
		t.Fatalf("%d event files of two pieces", len(files))
	}
	all := records(t, files[1])
	if got := string(fields(t, all[0])[eventVersion]); got != "brain.Event:2" || len(all) != 5 {
		t.Fatalf("%d records, the first of version %q", len(all), got)
	}
	event := fields(t, all[1])
	if step, _ := protowire.ConsumeVarint(event[eventStep]); step != 5 {
		t.Errorf("step %d", step)
	}
	tags := map[string]float64{}
	for summary := event[eventSummary]; len(summary) > 0; {
		_, _, n := protowire.ConsumeTag(summary)
		value, size := protowire.ConsumeBytes(summary[n:])
		summary = summary[n+size:]
		v := fields(t, value)
		tags[string(v[valueTag])] = float64(math.Float32frombits(binary.LittleEndian.Uint32(v[valueSimple])))
	}
	if len(tags) != 4 || tags["stage1/reward/total"] != 2.5 || tags["stage1/kl"] != 0.25 || tags["of"] != 10 {
		t.Errorf("scalars %v", tags)
	}
	img := fields(t, fields(t, fields(t, fields(t, all[2])[eventSummary])[summaryValue])[valueImage])
	if shown, err := png.DecodeConfig(bytes.NewReader(img[imageData])); err != nil || shown.Width != 256 {
		t.Errorf("a picture of %v, %v", shown, err)
	}
	if kept, _ := filepath.Glob(filepath.Join(dir, samplesName, "*.png")); len(kept) != 3 {
		t.Errorf("%d samples are kept of three", len(kept))
	}
}

func TestPage(t *testing.T) {
	dir := t.TempDir()
	stopped := 0
	s := httptest.NewServer(Handler(dir, func() { stopped++ }))
	defer s.Close()
	get := func(path string, into any) int {
		t.Helper()
		r, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if into != nil {
			if err := json.NewDecoder(r.Body).Decode(into); err != nil {
				t.Fatal(path, err)
			}
		}
		return r.StatusCode
	}
	var got struct {
		Lines   []line
		Running bool
	}
	if get("/metrics?after=0", &got); len(got.Lines) != 0 || !got.Running {
		t.Errorf("before the first line: %+v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, metricsName), []byte(`{"step":1}`+"\n"+`{"step":2}`+"\n"+`{"st`), 0o644); err != nil {
		t.Fatal(err)
	}
	if get("/metrics?after=1", &got); len(got.Lines) != 1 || got.Lines[0].Step != 2 {
		t.Errorf("after the first line: %+v", got)
	}
	for path, want := range map[string]int{"/": 200, "/page.js": 200, "/page.css": 200, "/samples": 200, "/samples/00.png": 404, "/samples/..%2fmetrics.jsonl": 404, "/other": 404} {
		if code := get(path, nil); code != want {
			t.Errorf("%s: %d, not %d", path, code, want)
		}
	}
	for _, c := range []struct {
		header     string
		code, runs int
	}{{"", http.StatusForbidden, 0}, {"stop", http.StatusAccepted, 1}} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/stop", strings.NewReader(""))
		if c.header != "" {
			r.Header.Set("X-Precinct", c.header)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != c.code || stopped != c.runs {
			t.Errorf("stop with %q: %d, stopped %d times", c.header, a.StatusCode, stopped)
		}
	}
}
