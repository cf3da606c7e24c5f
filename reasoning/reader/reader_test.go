package reader

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// blocks is a segmenter for a world of rectangles: a prompt gives the rectangle that it hits best.
type blocks []image.Rectangle

func (blocks) Name() string { return "blocks" }
func (b blocks) Embed(context.Context, string, *image.RGBA) (reasoning.Embedding, error) {
	return b, nil
}
func (blocks) Bytes() int { return 1 }
func (b blocks) Masks(_ context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	best, worth := image.Rectangle{}, 0.0
	for _, r := range b {
		w := 0.0
		if p.Box != nil {
			box := image.Rect(int(p.Box[0]), int(p.Box[1]), int(p.Box[2]), int(p.Box[3]))
			both := box.Intersect(r)
			area := func(r image.Rectangle) float64 { return float64(r.Dx() * r.Dy()) }
			w = area(both) / (area(box) + area(r) - area(both))
		} else if image.Pt(int(p.Points[0][0]), int(p.Points[0][1])).In(r) {
			w = 1
		}
		if w > worth {
			best, worth = r, w
		}
	}
	if worth == 0 {
		return nil, reasoning.ErrSegmenter
	}
	m := geo.NewMask(geo.Window{W: reasoning.SceneSize, H: reasoning.SceneSize})
	for y := best.Min.Y; y < best.Max.Y; y++ {
		m.SetRun(y, best.Min.X, best.Max.X)
	}
	return []reasoning.Candidate{{Mask: m, Score: worth}}, nil
}

var testScene = reasoning.Scene{Z: 17, Col: 300, Row: 400}

// pair is a scene with labels at pixels of its window.
func pair(labels map[string]image.Point, classes map[string]string) *tiles.Pair {
	w := testScene.Window()
	p := &tiles.Pair{Window: w, Satellite: image.NewRGBA(image.Rect(0, 0, w.W, w.H)), Map: image.NewRGBA(image.Rect(0, 0, w.W, w.H)), Labelled: true}
	draw.Draw(p.Map, p.Map.Rect, image.NewUniform(color.RGBA{240, 240, 235, 255}), image.Point{}, draw.Src)
	for name, at := range labels {
		p.Labels = append(p.Labels, tiles.Label{Text: name, Class: classes[name], At: w.LonLat(orb.Point{float64(at.X) + 0.5, float64(at.Y) + 0.5})})
	}
	return p
}

func ask(t *testing.T, b blocks, p *tiles.Pair, phrase string) (reasoning.Completion, []reasoning.Prompt) {
	t.Helper()
	answers, err := (&Reader{Segmenter: b}).Complete(t.Context(), reasoning.Request{Stage: reasoning.Localize, Phrase: phrase, Pair: p, N: 1})
	if err != nil {
		t.Fatal(err)
	}
	prompts, problems := reasoning.ReadPrompts(answers[0].Text)
	if len(problems) > 0 {
		t.Fatalf("the reader does not follow the protocol: %v in %s", problems, answers[0].Text)
	}
	return answers[0], prompts
}

func TestFindsWhatIsAtItsLabel(t *testing.T) {
	school, shop := image.Rect(300, 300, 380, 350), image.Rect(500, 500, 540, 540)
	world := blocks{school, shop, image.Rect(310, 400, 340, 430)}
	p := pair(map[string]image.Point{"Hill School": {340, 325}, "Corner Shop": {520, 520}}, map[string]string{"Hill School": "school", "Corner Shop": "shop"})
	for phrase, want := range map[string]string{"school": "Hill School", "hill school": "Hill School", "学校": "Hill School", "Corner Shop": "Corner Shop"} {
		c, prompts := ask(t, world, p, phrase)
		if len(prompts) != 1 || len(c.Labels) != 1 || c.Labels[0] != want {
			t.Errorf("%q: %s, labels %q", phrase, c.Text, c.Labels)
			continue
		}
		r := school
		if want == "Corner Shop" {
			r = shop
		}
		if *prompts[0].Box != (reasoning.Box{float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)}) {
			t.Errorf("%q: box %v, want %v", phrase, *prompts[0].Box, r)
		}
		if c.Confidence[0] <= 0 || c.Confidence[0] > 1 || !strings.Contains(c.Text, want) {
			t.Errorf("%q: %v %s", phrase, c.Confidence, c.Text)
		}
	}
	if c, prompts := ask(t, world, p, "airport"); len(prompts) != 0 || !strings.Contains(c.Text, "none of them answers") {
		t.Errorf("airport: %s", c.Text)
	}
}

// TestAvoidsWhatTheMapDraws: a place that the map knows by its label alone is not one of the buildings that it draws.
func TestAvoidsWhatTheMapDraws(t *testing.T) {
	drawn, place := image.Rect(300, 300, 360, 360), image.Rect(362, 300, 420, 360)
	p := pair(map[string]image.Point{"Hill School": {365, 330}}, map[string]string{"Hill School": "school"})
	draw.Draw(p.Map, drawn, image.NewUniform(color.RGBA{200, 190, 180, 255}), image.Point{}, draw.Src)
	draw.Draw(p.Map, image.Rect(0, 0, 200, 200), image.NewUniform(color.RGBA{200, 190, 180, 255}), image.Point{}, draw.Src)
	_, prompts := ask(t, blocks{drawn, place}, p, "school")
	if len(prompts) != 1 || prompts[0].Box[0] != 362 {
		t.Errorf("%v", prompts)
	}
}

// TestLeavesNeighboursTheirPlaces: a label in the margin is its own scene's, unless its place runs out of that scene's sight.
func TestLeavesNeighboursTheirPlaces(t *testing.T) {
	const margin = reasoning.Margin
	inMargin := image.Point{margin - 20, 300}
	p := pair(map[string]image.Point{"Hill School": inMargin}, map[string]string{"Hill School": "school"})
	if c, prompts := ask(t, blocks{image.Rect(80, 280, 140, 320)}, p, "school"); len(prompts) != 0 || !strings.Contains(c.Text, "neighbouring scene") {
		t.Errorf("a small place: %s", c.Text)
	}
	if c, prompts := ask(t, blocks{image.Rect(60, 200, 2*margin+40, 400)}, p, "school"); len(prompts) != 1 {
		t.Errorf("a place that runs on: %s", c.Text)
	}
}

func TestRefineStaysInTheBoxes(t *testing.T) {
	p := pair(nil, nil)
	coarse := geo.NewMask(p.Window)
	for y := 100; y < 140; y++ {
		coarse.SetRun(y, 100, 220)
	}
	boxes := []reasoning.Box{{90, 90, 230, 150}, {400, 400, 450, 450}}
	answers, err := (&Reader{Segmenter: blocks{}}).Complete(t.Context(), reasoning.Request{Stage: reasoning.Refine, Phrase: "school", Pair: p, Coarse: coarse, Boxes: boxes, N: 2})
	if err != nil || len(answers) != 2 || answers[0].Text != answers[1].Text {
		t.Fatal(answers, err)
	}
	prompts, problems := reasoning.ReadPrompts(answers[0].Text)
	if len(prompts) != 2 || len(problems) != 0 {
		t.Fatalf("%v %v", prompts, problems)
	}
	for i, prompt := range prompts {
		b := boxes[i]
		for _, at := range prompt.Points {
			if at[0] < b[0] || at[0] > b[2] || at[1] < b[1] || at[1] > b[3] {
				t.Errorf("point %v lies outside box %v", at, b)
			}
			if i == 0 && !coarse.At(int(at[0]), int(at[1])) {
				t.Errorf("point %v lies off the mask", at)
			}
		}
	}
	if len(prompts[0].Points) != 2 || prompts[0].Points[0] == prompts[0].Points[1] {
		t.Errorf("points %v", prompts[0].Points)
	}
}

func TestNeedsLabels(t *testing.T) {
	p := pair(nil, nil)
	p.Labelled = false
	_, err := (&Reader{Segmenter: blocks{}}).Complete(t.Context(), reasoning.Request{Stage: reasoning.Localize, Phrase: "school", Pair: p})
	if !errors.Is(err, reasoning.ErrVLM) || !strings.Contains(err.Error(), "kind osm or town") {
		t.Error(err)
	}
	if _, err := (&Reader{}).Complete(t.Context(), reasoning.Request{}); !errors.Is(err, reasoning.ErrVLM) {
		t.Error(err)
	}
}
