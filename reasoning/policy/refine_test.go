package policy

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/reasoning"
)

// replyOf says a box and two points, in window pixels, and what to expect of them.
func replyOf(box reasoning.Box, points [2]reasoning.Point, expected, withPoints float64) Reply {
	const bins = 128
	r := Reply{make([]float32, tokens*bins), expected, withPoints}
	for t, at := range append(box[:], points[0][0], points[0][1], points[1][0], points[1][1]) {
		r.Logits[t*bins+int(math.Round(BinOf(at, bins, 4)))] = 50
	}
	return r
}

// TestMend: of four prompts the one is put of which most is expected, in pixels of the picture, and the box stays as it is to the bit where
// no other is better by the margin.
func TestMend(t *testing.T) {
	box := reasoning.Box{100.3, 200.7, 160.1, 240.9}
	v := Around(box)
	own := reasoning.Box{-40, -60, 40, 20}
	points := [2]reasoning.Point{{0, 8}, {-20, 12}}
	for name, c := range map[string]struct {
		kept, keptPoints, free, freePoints float64
		own, points                        bool
	}{
		"nothing is better":        {kept: 0.8, keptPoints: 0.7, free: 0.6, freePoints: 0.75},
		"a little is not enough":   {kept: 0.8, keptPoints: 0.81, free: 0.819, freePoints: 0.8},
		"its own box":              {kept: 0.5, keptPoints: 0.6, free: 0.8, freePoints: 0.7, own: true},
		"points in the box":        {kept: 0.5, keptPoints: 0.7, free: 0.6, freePoints: 0.6, points: true},
		"points in its own box":    {kept: 0.5, keptPoints: 0.7, free: 0.6, freePoints: 0.9, own: true, points: true},
		"no score is below margin": {kept: 0, keptPoints: 0, free: 0, freePoints: 0.01},
	} {
		m := Mend(box, v, 128, 4, replyOf(own, points, c.free, c.freePoints), replyOf(own, points, c.kept, c.keptPoints))
		if m.Kept == (c.own || c.points) || m.Keeping != c.kept {
			t.Errorf("%s: %+v", name, m)
			continue
		}
		want := box
		if c.own {
			want = v.BoxFrom(own)
		}
		if m.Prompt.Box.IoU(want) < 0.999 || !c.own && *m.Prompt.Box != box {
			t.Errorf("%s: box %v, want %v", name, *m.Prompt.Box, want)
		}
		if (len(m.Prompt.Points) == 2) != c.points {
			t.Errorf("%s: points %v", name, m.Prompt.Points)
		}
		for i, p := range m.Prompt.Points {
			if x, y := v.From(points[i][0], points[i][1]); math.Abs(x-p[0])+math.Abs(y-p[1]) > 1e-3 {
				t.Errorf("%s: point %v, want %g %g", name, p, x, y)
			}
		}
	}
}

// TestAround: whatever the box, tokens reach a place of twice its size.
func TestAround(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.Float64Range(0, 700).Draw(t, "x"), rapid.Float64Range(0, 700).Draw(t, "y")
		w, h := rapid.Float64Range(1, 500).Draw(t, "w"), rapid.Float64Range(1, 500).Draw(t, "h")
		v := Around(reasoning.Box{x, y, x + w, y + h})
		for i, at := range v.BoxTo(reasoning.Box{x - w/2, y - h/2, x + 1.5*w, y + 1.5*h}) {
			if bin := BinOf(at, 128, 4); bin <= 0 || bin >= 127 {
				t.Fatalf("side %d lies at bin %g", i, bin)
			}
		}
	})
}

// TestMetaOfBefore: a file that says nothing of stages can be read, and was not taught the second.
func TestMetaOfBefore(t *testing.T) {
	p := &Projection{2, 2, []float32{0, 0}, []float32{1, 0, 0, 1}}
	m := Meta{Classes: []string{"school"}, Projection: p, Segmenter: "eye@1"}
	of, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const before = `{"classes":["school"],"projection":"AAAAQAAAAEAAAAAAAAAAAAAAgD8AAAAAAAAAAAAAgD8=","segmenter":"eye@1"}`
	if of[MetaKey] != before {
		t.Errorf("a policy of one stage is written as %s", of[MetaKey])
	}
	of[netKey] = `{"side":12,"bins":128,"labels":8,"coarse":8,"channels":2}`
	if got, err := DecodeMeta(of); err != nil || got.Stages != 0 || got.Segmenter != m.Segmenter {
		t.Errorf("%+v, %v", got, err)
	}
}
