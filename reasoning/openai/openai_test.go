package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/precinct-map/precinct/reasoning"
)

func request() reasoning.Request {
	img := image.NewRGBA(image.Rect(0, 0, 56, 56))
	return reasoning.Request{Stage: reasoning.Localize, Phrase: "school", Text: "Find it.", Images: [2]image.Image{img, img}, N: 1, MaxTokens: 64}
}

func say(w http.ResponseWriter, text string) {
	_ = json.NewEncoder(w).Encode(map[string]any{
		"choices": []any{map[string]any{"message": map[string]any{"role": "assistant", "content": text}}}, "usage": map[string]any{"prompt_tokens": 42, "completion_tokens": 7},
	})
}

const boxes = `<think>here</think><answer>[{"bbox_2d":[1,2,30,40]}]</answer>`

func serve(t *testing.T, o Options, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		h(w, r)
	}))
	t.Cleanup(s.Close)
	o.URL, o.Model = s.URL+"/v1", "m"
	if o.Retries == 0 {
		o.Retries = -1
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type sent struct {
	Messages []struct {
		Content []struct {
			Type     string
			Text     string
			ImageURL struct{ URL string } `json:"image_url"`
		}
	}
	ResponseFormat *struct{ Type string } `json:"response_format"`
	MaxTokens      int                    `json:"max_tokens"`
}

func read(t *testing.T, r *http.Request) sent {
	var s sent
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		t.Error(err)
	}
	return s
}

func TestRequestIsWhatEveryServerReads(t *testing.T) {
	c := serve(t, Options{Key: "k"}, func(w http.ResponseWriter, r *http.Request) {
		s := read(t, r)
		if r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer k" || s.MaxTokens != 64 || s.ResponseFormat != nil {
			t.Errorf("%s %v %+v", r.URL.Path, r.Header, s)
		}
		parts := s.Messages[0].Content
		if len(s.Messages) != 1 || len(parts) != 3 || parts[2].Text != "Find it." || !strings.HasPrefix(parts[0].ImageURL.URL, "data:image/png;base64,") {
			t.Errorf("%+v", s)
		}
		say(w, boxes)
	})
	got, err := c.Complete(context.Background(), request())
	if err != nil || len(got) != 1 || got[0].Text != boxes || got[0].PromptTokens != 42 || got[0].Tokens != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNIsALoop(t *testing.T) {
	var calls atomic.Int32
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		say(w, boxes)
	})
	r := request()
	r.N = 3
	if got, err := c.Complete(context.Background(), r); err != nil || len(got) != 3 || calls.Load() != 3 {
		t.Errorf("%d completions in %d calls, %v", len(got), calls.Load(), err)
	}
}

func TestSchemaIsTriedNotAssumed(t *testing.T) {
	for name, tt := range map[string]struct {
		under func(http.ResponseWriter) // the answer under a schema
		want  string
		works bool
	}{
		"kept":    {func(w http.ResponseWriter) { say(w, `[{"bbox_2d":[1,2,3,4]}]`) }, `<think></think><answer>[{"bbox_2d":[1,2,3,4]}]</answer>`, true},
		"ignored": {func(w http.ResponseWriter) { say(w, "still prose") }, "prose", false},
		"refused": {func(w http.ResponseWriter) { http.Error(w, `{"error":{"message":"no response_format"}}`, 400) }, "prose", false},
	} {
		t.Run(name, func(t *testing.T) {
			var constrained atomic.Int32
			c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
				if read(t, r).ResponseFormat != nil {
					constrained.Add(1)
					tt.under(w)
					return
				}
				say(w, "prose")
			})
			for range 2 {
				got, err := c.Complete(context.Background(), request())
				if err != nil || got[0].Text != tt.want {
					t.Errorf("%+v, %v; want %q", got, err, tt.want)
				}
			}
			if want := map[bool]int32{true: 2, false: 1}[tt.works]; constrained.Load() != want {
				t.Errorf("asked %d times under a schema, want %d", constrained.Load(), want)
			}
		})
	}
}

func TestFailuresAreNamed(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, tt := range map[string]struct {
		h    http.HandlerFunc
		says string
	}{
		"nothing":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"choices":[]}`) }, "no choices"},
		"not JSON":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<html>`) }, "did not answer"},
		"unknown model": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"error":{"message":"no model m"}}`, 404) }, "no model m"},
		"key refused": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"message":"bad key s3cr3t"}}`, http.StatusUnauthorized)
		}, "vlm.key"},
		"overloaded": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "503"},
		"dies half way": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "999")
			fmt.Fprint(w, `{"cho`)
			panic(http.ErrAbortHandler)
		}, "did not answer"},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}, "vlm.timeout"},
		"200 with an error": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"error":{"message":"out of memory"}}`) }, "no choices"},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, Options{Key: "s3cr3t", Timeout: 200 * time.Millisecond}, tt.h)
			_, err := c.Complete(context.Background(), request())
			if !errors.Is(err, reasoning.ErrVLM) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTooManyRequestsIsTriedAgain(t *testing.T) {
	var calls atomic.Int32
	c := serve(t, Options{Retries: 2}, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			w.Header().Set("Retry-After-Ms", "1")
			w.WriteHeader(429)
			return
		}
		say(w, boxes)
	})
	if _, err := c.Complete(context.Background(), request()); err != nil || calls.Load() != 2 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

func TestCancelReachesTheServer(t *testing.T) {
	left := make(chan struct{})
	arrived := make(chan struct{})
	c := serve(t, Options{}, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices a closed connection only once the body was read
		close(arrived)
		<-r.Context().Done()
		close(left)
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := c.Complete(ctx, request()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	select {
	case <-left:
	case <-time.After(5 * time.Second):
		t.Error("the server was not told")
	}
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}
