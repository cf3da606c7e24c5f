package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/precinct-map/precinct/server"
)

// limitsConfig bounds what clients may cost; docs/configuration.md describes each key.
type limitsConfig struct {
	Request        time.Duration `koanf:"request"`
	Long           time.Duration `koanf:"long"`
	ReadHeader     time.Duration `koanf:"read_header"`
	Idle           time.Duration `koanf:"idle"`
	Drain          time.Duration `koanf:"drain"`
	Notice         time.Duration `koanf:"notice"`
	Header         string        `koanf:"header"`
	Body           string        `koanf:"body"`
	ExportFeatures int           `koanf:"export_features"`
	Exports        int           `koanf:"exports"`
	Streams        int           `koanf:"streams"`
	JobScenes      int           `koanf:"job_scenes"`
}

// logConfig says what is logged besides what goes wrong.
type logConfig struct {
	Access string `koanf:"access"` // off, cold or all
}

func defaultLimits() limitsConfig {
	d := server.DefaultLimits()
	return limitsConfig{
		Request: d.Request, Long: d.Long, ReadHeader: 10 * time.Second, Idle: 2 * time.Minute, Drain: 20 * time.Second, Header: "64KiB", Body: "16MiB",
		ExportFeatures: d.Features, Exports: d.Exports, Streams: d.Streams, JobScenes: d.Scenes,
	}
}

// read checks all and gives the server's part, and the bytes of a request's headers.
func (l limitsConfig) read() (o server.Limits, header int, err error) {
	for name, v := range map[string]time.Duration{"request": l.Request, "long": l.Long, "read_header": l.ReadHeader, "idle": l.Idle, "drain": l.Drain, "notice": l.Notice} {
		if v < 0 || v == 0 && name != "notice" {
			return o, 0, fmt.Errorf("configuration: limits.%s %v: want a time such as 90s", name, v)
		}
	}
	for name, n := range map[string]int{"export_features": l.ExportFeatures, "exports": l.Exports, "streams": l.Streams, "job_scenes": l.JobScenes} {
		if n <= 0 {
			return o, 0, fmt.Errorf("configuration: limits.%s %d: want a number above 0", name, n)
		}
	}
	body, err := parseBytes(l.Body)
	if err != nil {
		return o, 0, fmt.Errorf("configuration: limits.body: %w", err)
	}
	head, err := parseBytes(l.Header)
	if err != nil {
		return o, 0, fmt.Errorf("configuration: limits.header: %w", err)
	}
	return server.Limits{Request: l.Request, Long: l.Long, Body: body, Features: l.ExportFeatures, Exports: l.Exports, Streams: l.Streams, Scenes: l.JobScenes}, int(head), nil
}

// connections is the part of the limits that a running server cannot change.
func (l limitsConfig) connections() limitsConfig {
	return limitsConfig{Request: l.Request, ReadHeader: l.ReadHeader, Idle: l.Idle, Drain: l.Drain, Notice: l.Notice, Header: l.Header}
}

// listening is the HTTP server of a handler, whose connections have these limits. Exports and streams move their own deadlines.
func (l limitsConfig) listening(h http.Handler) *http.Server {
	_, header, _ := l.read() // check has read it
	return &http.Server{
		Handler: h, ConnContext: server.Connection, MaxHeaderBytes: header, ReadHeaderTimeout: l.ReadHeader, IdleTimeout: l.Idle,
		ReadTimeout: l.Request + server.SendTime, WriteTimeout: l.Request + server.SendTime,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
}
