package policy

import (
	"math"
	"testing"

	"github.com/precinct-map/precinct/reasoning"
)

func TestAgree(t *testing.T) {
	place, other := reasoning.Box{100, 100, 160, 140}, reasoning.Box{300, 300, 420, 420}
	near := func(d float64) reasoning.Box {
		return reasoning.Box{place[0] + d, place[1] - d, place[2] + d, place[3] - d}
	}
	for name, c := range map[string]struct {
		boxes   []reasoning.Box
		quality []float64
		want    reasoning.Box
		agreed  float64
	}{
		"alone":               {[]reasoning.Box{place}, []float64{0.7}, place, 1},
		"most are alike":      {[]reasoning.Box{near(1), other, near(-1), place}, []float64{0.6, 0.8, 0.6, 0.6}, place, 0.75},
		"the sure one of two": {[]reasoning.Box{other, place}, []float64{0.2, 0.8}, place, 0.5},
		"weighted":            {[]reasoning.Box{near(2), near(-2)}, []float64{0.5, 0.5}, place, 1},
	} {
		f := agree(c.boxes, c.quality)
		if f.box.IoU(c.want) < 0.999 || math.Abs(f.agreed-c.agreed) > 1e-9 || f.expected < 0 || f.expected > 1 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestBoxOf(t *testing.T) {
	const bins = 128
	logits := make([]float32, 4*bins)
	for i := range logits {
		logits[i] = -30
	}
	for token, bin := range []int{70, 60, 66, 72} { // x1 lies right of x2: the box is put in order
		logits[token*bins+bin] = 5
	}
	logits[1*bins+61] = 5 // between two bins
	b := BoxOf(logits, bins, 4)
	want := reasoning.Box{8, -14, 24, 32}
	for side := range b {
		if math.Abs(b[side]-want[side]) > 1e-3 {
			t.Errorf("%v, want %v", b, want)
		}
	}
}

func FuzzProperties(f *testing.F) {
	f.Add([]byte("\x72\x06\x0a\x01k\x12\x01v"))
	f.Add([]byte("no model"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if props, err := properties(data); err == nil {
			_, _ = DecodeMeta(props)
		}
	})
}
