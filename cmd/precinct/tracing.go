package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// tracingConfig says where spans go, if anywhere.
type tracingConfig struct {
	OTLP   string  `koanf:"otlp"`   // base URL of an OTLP/HTTP collector
	Sample float64 `koanf:"sample"` // share of the traces that begin here
}

// openTracing gives a tracer, nil where nobody collects, and what sends the last spans and ends it. The standard variables OTEL_… count
// where the configuration is silent.
func openTracing(ctx context.Context, c tracingConfig) (trace.Tracer, func() error, error) {
	var options []otlptracehttp.Option
	switch {
	case c.OTLP != "":
		u, err := url.Parse(os.ExpandEnv(c.OTLP))
		if err != nil || u.Host == "" {
			return nil, nil, fmt.Errorf("configuration: tracing.otlp: want the URL of an OTLP/HTTP collector, as http://127.0.0.1:4318")
		}
		if !strings.HasSuffix(u.Path, "/v1/traces") {
			u = u.JoinPath("v1/traces")
		}
		options = append(options, otlptracehttp.WithEndpointURL(u.String()))
	case os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "":
		return nil, func() error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("open tracing: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "precinct"), attribute.String("service.version", version())), resource.WithFromEnv())
	if err != nil {
		return nil, nil, fmt.Errorf("open tracing: %w; check OTEL_RESOURCE_ATTRIBUTES", err)
	}
	provider := []sdktrace.TracerProviderOption{sdktrace.WithBatcher(exporter), sdktrace.WithResource(about)}
	if os.Getenv("OTEL_TRACES_SAMPLER") == "" {
		provider = append(provider, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.Sample))))
	}
	p := sdktrace.NewTracerProvider(provider...)
	return p.Tracer("precinct"), func() error {
		last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return p.Shutdown(last)
	}, nil
}
