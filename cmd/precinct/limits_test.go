package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestConnections: who sends too much or too slowly, does nothing, or does not read is let go; one whose request has more time has it.
func TestConnections(t *testing.T) {
	l := defaultLimits()
	l.Header, l.ReadHeader, l.Idle, l.Request = "8KiB", 300*time.Millisecond, 300*time.Millisecond, time.Second
	left := make(chan error, 1)
	s := l.listening(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/flood" {
			for err == nil {
				_, err = w.Write(make([]byte, 1<<20))
			}
			left <- err
		}
	}))
	s.ReadTimeout, s.WriteTimeout = time.Second, time.Second // without the thirty seconds to send
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(listener) }()
	defer s.Close()
	for name, c := range map[string]struct {
		send  string
		says  string
		after time.Duration // when the server is done with it
	}{
		"large header":    {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 20_000) + "\r\n\r\n", "431 ", 0},
		"slow header":     {"GET / HTTP/1.1\r\nHost: x\r\nX: ", "", l.ReadHeader},
		"nothing at all":  {"", "", l.ReadHeader},
		"slow body":       {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc", "", s.ReadTimeout},
		"idle afterwards": {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200 ", l.Idle},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			start := time.Now()
			_ = conn.SetDeadline(start.Add(10 * time.Second))
			_, _ = io.WriteString(conn, c.send)
			data, err := io.ReadAll(conn)
			if took := time.Since(start); took < c.after*9/10 || took > c.after+5*time.Second || !strings.Contains(string(data), c.says) {
				t.Errorf("after %v: %v %.200s", took, err, data)
			}
		})
	}
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
	_, _ = bufio.NewReader(conn).ReadByte()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Error("who does not read is waited for")
	}
}

func TestLimitsAreConfigured(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(yaml string) {
		t.Helper()
		if err := os.WriteFile("precinct.yaml", []byte(yaml), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("limits: {request: 5s, long: 1m, body: 1MiB, header: 16KiB, export_features: 10, exports: 2, streams: 3, job_scenes: 4, notice: 1s}\nlog: {access: all}\ntracing: {sample: 0.5}\n")
	t.Setenv("PRECINCT_LIMITS_READ_HEADER", "3s")
	c, err := (&global{}).load()
	if err != nil {
		t.Fatal(err)
	}
	o, header, err := c.Limits.read()
	if err != nil || o.Request != 5*time.Second || o.Long != time.Minute || o.Body != 1<<20 || o.Features != 10 || o.Exports != 2 || o.Streams != 3 || o.Scenes != 4 ||
		header != 16<<10 || c.Limits.ReadHeader != 3*time.Second || c.Limits.Idle != 2*time.Minute || c.Log.Access != "all" || c.Tracing.Sample != .5 {
		t.Errorf("%+v, %+v, %v", c.Limits, o, err)
	}
	for yaml, says := range map[string]string{
		"limits: {request: 0s}":      "limits.request",
		"limits: {exports: -1}":      "limits.exports",
		"limits: {body: much}":       "limits.body",
		"limits: {header: 0}":        "limits.header",
		"log: {access: some}":        "log.access",
		"tracing: {sample: 2}":       "tracing.sample",
		"limits: {request: no time}": "request",
		"memory: 1 elephant":         "memory",
	} {
		write(yaml)
		if _, err := (&global{}).load(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", yaml, err)
		}
	}
}
