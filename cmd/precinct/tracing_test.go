package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb/maptile"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/tiles/sources"
)

// receiver is an OTLP/HTTP collector.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	spans   map[string]*otlp.Span // by id
	service string
	wrong   []error
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{spans: map[string]*otlp.Span{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if err := r.take(req); err != nil {
			r.wrong = append(r.wrong, err)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(req *http.Request) error {
	if req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
		return fmt.Errorf("%s %v", req.URL, req.Header)
	}
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = z
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var m collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(data, &m); err != nil {
		return err
	}
	for _, rs := range m.ResourceSpans {
		for _, a := range rs.Resource.Attributes {
			if a.Key == "service.name" {
				r.service = a.Value.GetStringValue()
			}
		}
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				r.spans[string(s.SpanId)] = s
			}
		}
	}
	return nil
}

// paths are the names of each span and of those above it, from the request down.
func (r *receiver) paths() []string {
	var out []string
	for _, s := range r.spans {
		path := s.Name
		for up := r.spans[string(s.ParentSpanId)]; up != nil; up = r.spans[string(up.ParentSpanId)] {
			path = up.Name + " > " + path
		}
		out = append(out, path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestTracing: a tile of outlines that nobody asked for before arrives at a collector as one trace, with all that was done for it, under the
// trace that the client began; the log names it.
func TestTracing(t *testing.T) {
	collected := newReceiver(t)
	conf := defaults()
	conf.Data, conf.Memory = t.TempDir(), "256MiB"
	conf.Sources = []sources.Config{{Name: "sat", Kind: "town", Layer: "satellite", Seed: 1}, {Name: "plan", Kind: "town", Layer: "map", Style: "basic", Seed: 1}}
	conf.Pair.Satellite, conf.Pair.Map = "sat", "plan"
	conf.VLM.Kind = "reader" // which lets the segmenter decode within its answer
	conf.Tracing.OTLP, conf.Log.Access = collected.URL, string(server.AccessCold)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	l, err := startLive(t.Context(), conf, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := maptile.At(l.site.Load().app.layers[0].Info().Center, 17)
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/aoi/school/17/%d/%d.mvt?wait=60", at.X, at.Y), nil)
	r.Header.Set("traceparent", "00-"+id+"-00f067aa0ba902b7-01")
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	l.close() // sends the last spans
	if w.Code != 200 || w.Header().Get("X-Precinct-Complete") != "true" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if !strings.Contains(log.String(), "layer=aoi cache=store trace="+id) {
		t.Errorf("the log lacks the trace: %s", log.String())
	}
	collected.mu.Lock()
	defer collected.mu.Unlock()
	if collected.service != "precinct" || len(collected.wrong) > 0 {
		t.Errorf("from %q, %v", collected.service, collected.wrong)
	}
	for _, s := range collected.spans {
		if fmt.Sprintf("%x", s.TraceId) != id || s.EndTimeUnixNano <= s.StartTimeUnixNano {
			t.Errorf("%s is of trace %x, from %d to %d", s.Name, s.TraceId, s.StartTimeUnixNano, s.EndTimeUnixNano)
		}
	}
	const scene = "GET /aoi/:query/:z/:x/:file > scene"
	paths := collected.paths()
	for _, want := range []string{
		scene + " > align > tile", scene + " > stage > vlm > embed", scene + " > stage > vlm > decode", scene + " > stage > embed", scene + " > stage > decode",
		scene + " > store scene", "GET /aoi/:query/:z/:x/:file > store recall", "GET /aoi/:query/:z/:x/:file > store sync", "GET /aoi/:query/:z/:x/:file > store tile",
	} {
		if !slices.Contains(paths, want) {
			t.Errorf("no span %s", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(paths, "\n"))
	}
	t.Logf("%d spans", len(collected.spans))
}

// TestTracingIsOptional: nobody is told where nobody is named; what cannot be an address is told at start.
func TestTracingIsOptional(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	if tracer, end, err := openTracing(t.Context(), tracingConfig{}); tracer != nil || err != nil || end() != nil {
		t.Errorf("%v %v", tracer, err)
	}
	if _, _, err := openTracing(t.Context(), tracingConfig{OTLP: "collector"}); err == nil || !strings.Contains(err.Error(), "tracing.otlp") {
		t.Errorf("%v", err)
	}
	collected := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collected.URL)
	t.Setenv("OTEL_SERVICE_NAME", "precinct-of-anna")
	tracer, end, err := openTracing(t.Context(), tracingConfig{Sample: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracer.Start(t.Context(), "one")
	span.End()
	if err := end(); err != nil || len(collected.spans) != 1 || collected.service != "precinct-of-anna" {
		t.Errorf("%v, %d spans of %s", err, len(collected.spans), collected.service)
	}
}
