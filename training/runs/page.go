package runs

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// sample is a picture that a run keeps.
type sample struct {
	Name string `json:"name"`
	Step int    `json:"step"`
	Text string `json:"text"`
}

// Handler serves a run's page: /, /metrics?after=N (the lines of metrics.jsonl from the Nth on), /samples, /samples/NAME.png, and POST /stop
// where stop is not nil, which ends the training as Ctrl-C does.
func Handler(dir string, stop func()) http.Handler {
	page, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // it is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		after, _ := strconv.Atoi(r.FormValue("after"))
		lines, err := linesOf(filepath.Join(dir, metricsName), after)
		answer(w, map[string]any{"run": filepath.Base(dir), "lines": lines, "running": stop != nil}, err)
	})
	mux.HandleFunc("GET /samples", func(w http.ResponseWriter, _ *http.Request) {
		all, err := samplesOf(filepath.Join(dir, samplesName))
		answer(w, all, err)
	})
	mux.HandleFunc("GET /samples/{file}", func(w http.ResponseWriter, r *http.Request) {
		if !regexp.MustCompile(`^\d+\.png$`).MatchString(r.PathValue("file")) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		http.ServeFile(w, r, filepath.Join(dir, samplesName, r.PathValue("file")))
	})
	if stop != nil {
		mux.HandleFunc("POST /stop", func(w http.ResponseWriter, r *http.Request) {
			// Another site's page can send no header of its own choice without asking first.
			if r.Header.Get("X-Precinct") == "" {
				http.Error(w, "send the header X-Precinct: stop", http.StatusForbidden)
				return
			}
			stop()
			w.WriteHeader(http.StatusAccepted)
		})
	}
	return mux
}

func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v)
}

// linesOf are the whole lines of a file after the first n; none where it is not there yet.
func linesOf(path string, n int) ([]json.RawMessage, error) {
	out := []json.RawMessage{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	read := bufio.NewReader(f)
	for at := 0; ; at++ {
		line, err := read.ReadBytes('\n')
		if err != nil { // the end, or half a line that is being written
			return out, nil
		}
		if at >= n && json.Valid(line) {
			out = append(out, line)
		}
	}
}

func samplesOf(dir string) ([]sample, error) {
	out := []sample{}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, path := range files {
		var s sample
		data, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(data, &s)
		}
		if err != nil {
			continue // it is being written
		}
		s.Name = strings.TrimSuffix(filepath.Base(path), ".json")
		out = append(out, s)
	}
	return out, nil
}

// Serve serves a run's page at an address until the context ends. It gives the page's URL.
func Serve(ctx context.Context, address, dir string, stop func()) (url string, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	s := &http.Server{Handler: Handler(dir, stop), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return "http://" + l.Addr().String() + "/", nil
}
