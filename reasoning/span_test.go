package reasoning

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
)

// BenchmarkNoTrace is what a span costs where nobody traces.
func BenchmarkNoTrace(b *testing.B) {
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, span := StartSpan(ctx, "stage", attribute.Int("precinct.stage", 1))
		EndSpan(span, nil)
	}
}
