package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// chat is an OpenAI-compatible server that answers the nth question after the two of the probe, from 1, as it is told.
func chat(t *testing.T, answer func(n int64) (status int, text string)) string {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, text := answer(n.Add(1) - 2)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status != http.StatusOK {
			fmt.Fprintf(w, `{"error":{"message":%q}}`, text)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "x", "object": "chat.completion", "choices": []any{map[string]any{
			"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": text}}}})
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

// TestEvalAsksServers: one that fails now and then loses those answers, one that always fails ends the run with what was done told.
func TestEvalAsksServers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Chdir(t.TempDir())
	flaky := chat(t, func(n int64) (int, string) {
		if n == 1 {
			return http.StatusBadRequest, "no <b>more</b> | memory"
		}
		return http.StatusOK, `<think>There.</think><answer>[{"bbox_2d":[200,200,400,400],"points":[[300,300]]}]</answer>`
	})
	base := []string{"eval", "--scenes", "1", "--labels", "map", "--mode", "no-reflection", "--model", "m", "--system"}
	code, stdout, stderr := call(t, append(base, "whole-scene,"+flaky, "--report", "page.html", "--format", "json")...)
	var got struct {
		Systems  []string
		Examples int
		Command  string
		Outcomes []struct {
			System        string
			Empty, Failed int
			Times         struct{ Encode, Decode float64 }
		}
		Classes, Reliability []any
		Failures             []struct{ Reason string }
		Differences          []struct{ System, Tier string }
	}
	if err := json.Unmarshal([]byte(stdout), &got); code != exitDone || err != nil {
		t.Fatalf("exit %d, %v\n%s%s", code, err, stdout, stderr)
	}
	failed, encode := 0, 0.0
	for _, o := range got.Outcomes {
		failed += o.Failed
		encode += o.Times.Encode
	}
	if failed != 1 || encode == 0 || len(got.Failures) != 1 || !strings.Contains(got.Failures[0].Reason, "memory") || len(got.Systems) != 2 ||
		!strings.HasPrefix(got.Systems[1], "m@127.0.0.1:") || len(got.Differences) < 2 || len(got.Reliability) != 1 || len(got.Classes) == 0 ||
		strings.Contains(got.Command, "report") || !strings.Contains(got.Command, "--scenes 1") {
		t.Errorf("%+v", got)
	}
	page, err := os.ReadFile("page.html")
	if err != nil || !strings.Contains(string(page), "no &lt;b&gt;more&lt;/b&gt; | memory") || !strings.Contains(string(page), "There.") {
		t.Errorf("%v: the page does not tell the failure", err)
	}
	dead := chat(t, func(int64) (int, string) { return http.StatusUnauthorized, "who are you?" })
	code, stdout, stderr = call(t, append(base, "whole-scene,"+dead)...)
	if code != exitFailed || !strings.Contains(stderr, "every answer failed") || !strings.Contains(stderr, "who are you?") || !strings.Contains(stdout, "| whole-scene | name | 1 |") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

// TestEvalTellsWhatWasDone when it is interrupted.
func TestEvalTellsWhatWasDone(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Chdir(t.TempDir())
	slow := chat(t, func(n int64) (int, string) {
		if n == 3 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
			time.Sleep(time.Second)
		}
		return http.StatusOK, `<think></think><answer>[]</answer>`
	})
	code, stdout, stderr := call(t, "eval", "--scenes", "50", "--labels", "map", "--mode", "no-reflection", "--model", "m", "--system", slow, "--report", "page.html", "-o", "table.md")
	page, err := os.ReadFile("page.html")
	if code != exitInterrupted || err != nil || !strings.Contains(string(page), "2 of 200 questions were asked") {
		t.Errorf("exit %d, %v\n%s%s", code, err, stdout, stderr)
	}
	if table, err := os.ReadFile("table.md"); err != nil || !strings.Contains(string(table), "| m@127.0.0.1:") {
		t.Errorf("%v: %s", err, table)
	}
}

func TestEvalUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no model":         {[]string{"--system", "http://127.0.0.1:1/v1"}, "--model"},
		"models":           {[]string{"--system", "http://127.0.0.1:1/v1", "--model", "a,b"}, "2 given for 1 servers"},
		"dialect":          {[]string{"--system", "http://127.0.0.1:1/v1", "--model", "a", "--dialect", "latin"}, "latin"},
		"by":               {[]string{"--by", "colour"}, "tier or class"},
		"samples":          {[]string{"--samples", "-1"}, "0 to 100"},
		"named twice":      {[]string{"--system", "reader,reader"}, "twice"},
		"format":           {[]string{"--format", "xml"}, "markdown or json"},
		"no address":       {[]string{"--system", "http://", "--model", "a"}, "no address"},
		"mode":             {[]string{"--mode", "slow"}, "slow"},
		"unknown, not url": {[]string{"--system", "127.0.0.1:8000"}, "http://…/v1"},
	} {
		code, _, stderr := call(t, append([]string{"eval", "--labels", "map"}, c.args...)...)
		if code != exitUsage || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d, %q; want 2 and %q", name, code, stderr, c.says)
		}
	}
}

// TestEvalFolders says what a folder lacks, before any model is opened where that is known.
func TestEvalFolders(t *testing.T) {
	folder := t.TempDir()
	empty := t.TempDir()
	t.Chdir(t.TempDir())
	picture, err := os.Create(mkdir(t, folder, "labelled/17/76000") + "/65000.png")
	if err == nil {
		err = errors.Join(png.Encode(picture, image.NewRGBA(image.Rect(0, 0, 256, 256))), picture.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	at := geo.Unproject(orb.Point{76000.5 * 256, 65000.5 * 256}, 17)
	square := func(kind string, coordinates string) string {
		return `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Oak School","amenity":"school"},"geometry":{"type":"` + kind + `","coordinates":` + coordinates + `}}]}`
	}
	for name, text := range map[string]string{
		"map.geojson":   square("Point", fmt.Sprintf("[%f,%f]", at[0], at[1])),
		"truth.geojson": square("Polygon", fmt.Sprintf("[[[%f,%f],[%f,%f],[%f,%f],[%f,%f]]]", at[0]-1e-4, at[1]-1e-4, at[0]+1e-4, at[1]-1e-4, at[0], at[1]+1e-4, at[0]-1e-4, at[1]-1e-4)),
	} {
		if err := os.WriteFile(folder+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no folder":       {[]string{"--on", "nowhere"}, exitFailed, "truth.geojson"},
		"empty":           {[]string{"--on", empty}, exitFailed, "labelled"},
		"town's zoom":     {[]string{"--zoom", "18"}, exitUsage, "for folders"},
		"town's labels":   {[]string{"--move", "edge"}, exitUsage, "of folders"},
		"town's rows":     {[]string{"--format", "rows"}, exitUsage, "for folders"},
		"move":            {[]string{"--on", folder, "--move", "far"}, exitUsage, "centre or third or edge"},
		"report of two":   {[]string{"--on", folder + "+" + folder, "--report", "r.html"}, exitUsage, "not of 2"},
		"no size":         {[]string{"--on", folder, "--system", "label-box:wide"}, exitUsage, "label-box"},
		"zoom too far":    {[]string{"--on", folder, "--zoom", "18", "--system", "whole-scene"}, exitFailed, "do not reach"},
		"zoom is no zoom": {[]string{"--on", folder, "--zoom", "near", "--system", "whole-scene"}, exitFailed, "native or next"},
	} {
		code, _, stderr := call(t, append([]string{"eval", "--labels", "map"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d, %q; want %d and %q", name, code, stderr, c.code, c.says)
		}
	}
	args := []string{"eval", "--on", folder + "+" + folder, "--tier", "name", "--labels", "map", "--move", "edge", "--system", "whole-scene"}
	code, rows, stderr := call(t, append(args, "--format", "rows")...)
	if code != exitDone || strings.Count(rows, "| 17 (native) | 1 |") != 2 || !strings.Contains(rows, "| *together* | native | 2 |") {
		t.Errorf("exit %d\n%s%s", code, rows, stderr)
	}
	if code, tables, _ := call(t, append(args, "--zoom", "17")...); code != exitDone || strings.Count(tables, "zoom 17\n") != 2 {
		t.Errorf("exit %d\n%s", code, tables)
	}
}

func mkdir(t *testing.T, folder, name string) string {
	t.Helper()
	if err := os.MkdirAll(folder+"/"+name, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder + "/" + name
}
