package training_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training"
)

func line(t *testing.T, id any, stage int, completion, rest string) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"id": id, "stage": stage, "completion": completion})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(b), "}") + rest + "}\n"
}

func TestABadLineCostsNoOther(t *testing.T) {
	long := answer(`[{"bbox_2d":[0,0,100,100]}]`) + strings.Repeat(" ", 3<<20)
	stage2 := answer(`[{"bbox_2d":[0,0,9,9],"points":[[1,1],[2,2]]}]`)
	in := strings.Replace(line(t, 0, 1, long, `,"gt_boxes":[[0,0,100,100]]`), `"id":0`, `"id":"a<b"`, 1) +
		line(t, "b", 1, long, `,"gt_boxes":[[0,0,100,100]]`) +
		"{not JSON\n" +
		"\n" +
		line(t, 7, 1, "", "") +
		line(t, 8, 1, "", `,"gt_boxes":[[0,0,100]]`) +
		line(t, 9, 1, "", `,"gt_boxes":[[0,0,100,null]]`) +
		line(t, 10, 3, "", `,"gt_boxes":[]`) +
		line(t, 11, 2, stage2, `,"gt_mask":{"size":[1,2],"counts":[1,2]}`) +
		line(t, 12, 2, stage2, `,"gt_mask":"missing.png"`) +
		line(t, 13, 2, stage2, ``) +
		line(t, nil, 2, stage2, `,"gt_mask":{"size":[1,2],"counts":[1,1]},"pred_mask":{"size":[1,2],"counts":[0,2]}`) +
		strings.TrimSpace(line(t, "last", 2, "nothing", ""))
	var out bytes.Buffer
	err := training.RunRewards(context.Background(), strings.NewReader(in), &out, training.Paper, 0)
	if !errors.Is(err, training.ErrBadLines) || !strings.Contains(err.Error(), "8 lines") || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("error %v", err)
	}
	want := []string{
		`{"id":"a<b","format":1,"accuracy":1,"length":1,"total":3}`, `{"id":"b","format":1,"accuracy":1,"length":1,"total":3}`,
		`{"id":null,"line":3,"error":`, `{"id":7,"line":5,"error":`, `{"id":8,"line":6,"error":`, `{"id":9,"line":7,"error":`,
		`{"id":10,"line":8,"error":`, `{"id":11,"line":9,"error":`, `{"id":12,"line":10,"error":`, `{"id":13,"line":11,"error":`,
		`{"id":null,"format":1,"accuracy":0.5,"length":1,"total":2.5}`,
		`{"id":"last","format":0,"accuracy":0,"length":0,"total":0}`,
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines:\n%s", len(got), out.String())
	}
	for i, w := range want {
		if !strings.HasPrefix(got[i], w) {
			t.Errorf("line %d: %s, want %s", i, got[i], w)
		}
	}
}

func TestStageOverride(t *testing.T) {
	in := line(t, 1, 1, answer(`[{"bbox_2d":[0,0,9,9],"points":[]}]`), `,"gt_mask":{"size":[1,1],"counts":[0,1]}`)
	var out bytes.Buffer
	err := training.RunRewards(context.Background(), strings.NewReader(in), &out, training.Paper, 2)
	if err != nil || !strings.Contains(out.String(), `"format":1`) {
		t.Errorf("%v, %s", err, out.String())
	}
	if err := training.RunRewards(context.Background(), strings.NewReader(in), &out, "other", 0); !errors.Is(err, training.ErrDefinition) {
		t.Errorf("another definition: %v", err)
	}
}

// Results must come while the writer of the lines waits for them.
func TestAnswersWhileTheInputPauses(t *testing.T) {
	in, feed := io.Pipe()
	results, out := io.Pipe()
	done := make(chan error)
	go func() { done <- training.RunRewards(context.Background(), in, out, training.Reference, 0) }()
	for i := range 3 {
		fmt.Fprint(feed, line(t, i, 1, "", `,"gt_boxes":[]`))
		buf := make([]byte, 200)
		n, err := results.Read(buf)
		if err != nil || !strings.HasPrefix(string(buf[:n]), fmt.Sprintf(`{"id":%d,`, i)) {
			t.Fatalf("%v: %s", err, buf[:n])
		}
	}
	feed.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCancelledRunsStop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := training.RunRewards(ctx, strings.NewReader("{}\n"), io.Discard, training.Paper, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("rewards: %v", err)
	}
	if err := training.RunMetrics(ctx, strings.NewReader("{}\n"), io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("metrics: %v", err)
	}
}

func TestReadMaskRefuses(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.png")
	if err := os.WriteFile(text, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(folder, "huge.png")
	f, err := os.Create(huge)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, training.MaxPixels/1000, 1001))); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, s := range []string{
		``, `null`, `5`, `[]`, `{}`, `{"size":[2],"counts":[4]}`,
		`{"size":[2,2],"counts":[5]}`, `{"size":[2,2],"counts":[3]}`, `{"size":[2,2],"counts":[]}`,
		`{"size":[2,2],"counts":[-1,5]}`, `{"size":[2,2],"counts":[1.5,2.5]}`, `{"size":[2,2],"counts":[9223372036854775807,9223372036854775807,6]}`,
		`{"size":[-2,-2],"counts":[4]}`, `{"size":[1000000,1000000],"counts":[1000000000000]}`, `{"size":[2,2],"counts":[4],"order":"Z"}`,
		`"nowhere.png"`, fmt.Sprintf("%q", text), fmt.Sprintf("%q", huge), fmt.Sprintf("%q", folder),
	} {
		m, err := training.ReadMask([]byte(s), training.OpenFile)
		var typed *training.Error
		if m != nil || !errors.As(err, &typed) || !(errors.Is(err, training.ErrMask) || errors.Is(err, training.ErrPicture)) {
			t.Errorf("%s: %v, %v", s, m, err)
		}
	}
	for _, s := range []string{
		`"/etc/passwd"`, `"file:///etc/passwd"`, `"http://127.0.0.1/x.png"`, `"data:image/png;base64,!"`, `"data:text/plain;base64,AAAA"`,
	} {
		if _, err := training.ReadMask([]byte(s), training.OpenDataURI); !errors.Is(err, training.ErrPicture) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestColumnOrder(t *testing.T) {
	m, err := training.ReadMask([]byte(`{"size":[2,3],"counts":[1,2,3],"order":"F"}`), training.OpenFile)
	if err != nil || m.String() != ".#.\n#..\n" {
		t.Errorf("%v\n%v", err, m)
	}
}

func TestRunsComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		m := geo.NewMask(geo.Window{W: 1 + r.IntN(200), H: 1 + r.IntN(9)})
		for range r.IntN(12) {
			m.SetRun(r.IntN(m.Window.H), r.IntN(m.Window.W), m.Window.W)
			m.Clear(r.IntN(m.Window.W), r.IntN(m.Window.H))
		}
		runs := training.RunsOf(m)
		back, err := runs.Mask()
		if err != nil || !back.Equal(m) {
			t.Fatalf("%v: %v\n%v", err, runs, m)
		}
	}
}

func FuzzRuns(f *testing.F) {
	f.Add([]byte(`{"size":[2,3],"counts":[1,2,3],"order":"F"}`))
	f.Add([]byte(`{"size":[0,3],"counts":[0]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := training.ReadMask(data, training.OpenDataURI)
		if err != nil {
			return
		}
		runs := training.RunsOf(m)
		if back, err := runs.Mask(); err != nil || !back.Equal(m) {
			t.Errorf("%v: %v", err, runs)
		}
	})
}

func ExampleRunRewards() {
	in := strings.NewReader(`{"id":"a","stage":1,"completion":"<think></think><answer>[{\"bbox_2d\":[0,0,9,9]}]</answer>","gt_boxes":[[0,0,9,8]]}`)
	var out strings.Builder
	err := training.RunRewards(context.Background(), in, &out, training.Reference, 0)
	fmt.Print(out.String(), err)
	// Output:
	// {"id":"a","format":2,"accuracy":1,"length":1,"total":4}
	// <nil>
}
