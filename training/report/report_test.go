package report

import (
	"context"
	"fmt"
	"image"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/training"
)

const nasty = `<script>alert("x")</script>' onload='y`

// loud is a system that says what it likes.
type loud struct{ name string }

func (l loud) Name() string { return l.name }
func (l loud) Predict(_ context.Context, e training.Example) (*training.Prediction, error) {
	if strings.HasSuffix(e.ID, "3") && l.name != "reader" {
		return nil, fmt.Errorf("%w: %s", reasoning.ErrVLM, nasty)
	}
	m := geo.NewMask(e.Pair.Window)
	for y := 20; y < 60; y++ {
		m.SetRun(y, 10, 50)
	}
	return &training.Prediction{Mask: m, Objects: []reasoning.Object{{Mask: m, Score: 0.7}}, Reasons: nasty}, nil
}

func page(t *testing.T, scenes int, systems ...training.System) string {
	t.Helper()
	table, err := training.Evaluate(t.Context(), systems, func(yield func(training.Example, error) bool) {
		for i := range scenes {
			w := geo.Window{Z: 17, X: 1000 * i, Y: 7, W: 768, H: 768}
			pair := &tiles.Pair{Window: w, Satellite: image.NewRGBA(image.Rect(0, 0, 768, 768)), Map: image.NewRGBA(image.Rect(0, 0, 768, 768)),
				Layers: []tiles.Info{{Attribution: `© <a href="https://example.org" onclick="z">People &amp; more</a> ` + nasty}}}
			for _, tier := range training.Tiers {
				truth := geo.NewMask(w)
				for y := 20; y < 60 && tier != training.Absent; y++ {
					truth.SetRun(y, 10, 30+i%20)
				}
				if !yield(training.Example{ID: fmt.Sprint(nasty, i), Pair: pair, Phrase: nasty, Tier: tier, Class: nasty, Truth: truth}, nil) {
					return
				}
			}
		}
	}, training.Options{Samples: 3})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	d := &Document{Command: "precinct eval " + nasty, Date: time.Unix(0, 0), Versions: []Version{{nasty, nasty}}, Table: table, Total: 4 * scenes}
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextStaysText(t *testing.T) {
	text := page(t, 12, loud{"reader"}, loud{nasty})
	for _, bad := range []string{"<script", "' onload", "<a href", "ZgotmplZ", "http://", "https://"} {
		if i := strings.Index(text, bad); i >= 0 {
			t.Errorf("%q: …%s…", bad, text[max(0, i-80):i+80])
		}
	}
	for _, want := range []string{"&lt;script&gt;", "© People &amp; more", "data:image/jpeg;base64,", "How well 2 systems", "No answer", `class="true"`, "calibration error"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "ended early") {
		t.Error("the run is said to have ended early")
	}
}

// TestPicturesAreSharedAndBounded: however many scenes, the page shows a few, and each picture is in it once.
func TestPicturesAreSharedAndBounded(t *testing.T) {
	text := page(t, 150, loud{"reader"}, loud{"other"})
	ids := regexp.MustCompile(`symbol id="(p\w+)"`).FindAllString(text, -1)
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			t.Errorf("%s is twice in the page", id)
		}
		seen[id] = true
	}
	if samples := strings.Count(text, "<article"); samples == 0 || samples > 2*4*9 || len(ids) == 0 || len(ids) > 2*samples {
		t.Errorf("%d samples, %d pictures", samples, len(ids))
	}
	for _, use := range regexp.MustCompile(`href="#(p\w+)"`).FindAllStringSubmatch(text, -1) {
		if !seen[`symbol id="`+use[1]+`"`] {
			t.Errorf("%s is shown and not there", use[1])
		}
	}
}

func TestCloser(t *testing.T) {
	w := geo.Window{Z: 17, X: 100, Y: 200, W: 768, H: 768}
	at := func(x, y, width, height int) *geo.Mask {
		return geo.NewMask(geo.Window{Z: 17, X: x, Y: y, W: width, H: height})
	}
	for name, c := range map[string]struct {
		a, b *geo.Mask
		want string
	}{
		"nothing":    {at(100, 200, 0, 0), at(100, 200, 0, 0), "0 0 768 768"},
		"everything": {at(100, 200, 768, 768), at(100, 200, 0, 0), "0 0 768 768"},
		"a corner":   {at(100, 200, 10, 10), at(105, 200, 10, 10), "0 0 384 384"},
		"the middle": {at(474, 574, 20, 20), at(0, 0, 0, 0), "192 192 384 384"},
		"two ends":   {at(110, 300, 10, 10), at(840, 300, 10, 10), "0 0 768 768"},
	} {
		if got := closer(c.a, c.b, w); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
