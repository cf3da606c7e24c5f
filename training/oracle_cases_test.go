package training_test

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training"
)

// generator makes cases, the same for the same seed.
type generator struct {
	*rand.Rand
	folder string
	files  int
	t      *testing.T
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g *generator) one(in int) bool { return g.IntN(in) == 0 }

func (g *generator) rewardCase(i int) map[string]any {
	truth := make([]reasoning.Box, g.IntN(5))
	if g.one(100) {
		truth = make([]reasoning.Box, 100+g.IntN(60))
	}
	for k := range truth {
		truth[k] = g.truthBox()
	}
	stage := 1 + g.IntN(2)
	c := map[string]any{"id": i, "stage": stage, "gt_boxes": truth, "completion": g.completion(stage, truth)}
	if stage == 2 {
		w, h := 1+g.IntN(40), 1+g.IntN(40)
		c["gt_mask"] = g.maskJSON(g.blobs(w, h))
		if !g.one(10) {
			c["pred_mask"] = g.maskJSON(g.blobs(w, h+g.IntN(20)/19))
		}
		if !g.one(6) {
			c["stage1_boxes"] = truth
		}
	}
	return c
}

func (g *generator) truthBox() reasoning.Box {
	x, y := float64(g.IntN(600)), float64(g.IntN(600))
	b := reasoning.Box{x, y, x + float64(g.IntN(150)), y + float64(g.IntN(150))}
	if g.one(10) {
		b[2] = x + g.Float64()*9
	}
	return b
}

const oddSpace = " \t\n\v\f\r\x1c\x1f\u0085\u00a0\u1680\u2003\u2028\u202f\u205f\u3000"

func (g *generator) space() string {
	r := []rune(oddSpace)
	return strings.Repeat(string(r[g.IntN(len(r))]), g.IntN(3))
}

func (g *generator) completion(stage int, truth []reasoning.Box) string {
	think, end, between := "<think>"+g.pick("", "so", "a\nb", "é")+"</think>", "</answer>", ""
	if g.one(2) {
		between = g.pick(" ", "\n", g.space())
	}
	s := think + between + "<answer>" + g.answer(stage, truth) + end
	for range g.IntN(8) / 5 {
		s = g.spoiled(s)
	}
	if g.one(6) {
		s += g.pick("<|im_end|>", "<|endoftext|>", "<pad><pad>", "<|im_end|>\n", "<|im<pad>_end|>", "<|endoftext<|im_end|>|>")
	}
	return s
}

func (g *generator) spoiled(s string) string {
	at := g.IntN(len(s) + 1)
	for at < len(s) && s[at]&0xc0 == 0x80 { // not within a character
		at++
	}
	switch g.IntN(9) {
	case 0:
		return g.space() + s + g.space()
	case 1:
		return s + g.pick("x", "</answer>", "<answer>[]</answer>", "\n<think></think>")
	case 2:
		return g.pick("x", "<think>", "<answer>[]</answer>", "<think>a</think>") + s
	case 3:
		return strings.Replace(s, g.pick("<think>", "</think>", "<answer>", "</answer>"), g.pick("", "<answer>", "</think>"), 1)
	case 4:
		return strings.Replace(s, "</think>", "</think>"+g.pick("x", "<answer>", "</think>", "\u200b", "\ufeff"), 1)
	case 5:
		return s[:at] + g.pick("<pad>", "<|im_end|>", "NaN", ",", " ", "\u00a0", "]", "\"", "\\", "\x00") + s[at:]
	case 6:
		return strings.Replace(s, "<answer>", "<answer>"+g.pick("```json\n", "\ufeff", "\n", "\u00a0"), 1)
	case 7:
		return strings.ReplaceAll(s, `"`, "'")
	}
	return s[:at]
}

func (g *generator) answer(stage int, truth []reasoning.Box) string {
	if g.one(20) {
		return g.pick("", "[]", "{}", "null", "5", `""`, `"points"`, "[[]]", "[null]", `[1]`, `["a"]`, "true", `{"bbox_2d":[1,2,3,4]}`, "[] []", "[,]",
			strings.Repeat("[", 300)+strings.Repeat("]", 300))
	}
	n := len(truth)
	if g.one(3) {
		n = g.IntN(5)
	}
	if g.one(150) {
		n = 115 + g.IntN(30)
	}
	items := make([]string, n)
	for i := range items {
		box := g.truthBox()
		if i < len(truth) {
			box = truth[i]
		}
		items[i] = g.item(stage, box)
	}
	if g.one(3) {
		g.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	}
	return "[" + strings.Join(items, g.pick(",", ", ", ",\n")) + "]"
}

func (g *generator) item(stage int, box reasoning.Box) string {
	if g.one(60) {
		return g.pick("null", "3", `"x"`, "[]", "{}", `{"points":[[1,2]]}`, "[1,2,3,4]", "true")
	}
	if g.one(2) {
		for k := range box {
			box[k] += math.Round(g.NormFloat64() * g.value(1, 8, 30))
		}
	}
	numbers := make([]string, 4)
	for k, v := range box {
		numbers[k] = g.number(v, 150)
	}
	if g.one(60) {
		numbers = append(numbers, "7")
	}
	if g.one(60) {
		numbers = numbers[:g.IntN(4)]
	}
	fields := []string{`"bbox_2d":[` + strings.Join(numbers, ",") + "]"}
	if g.one(150) {
		fields[0] = `"bbox_2d":` + g.pick("null", "5", `"x"`, "{}", "[[1],[2],[3],[4]]", "[true,false,true,true]", "[[1,2],[3]]")
	}
	if g.one(150) {
		fields = append([]string{g.pick(`"bbox_2d":[1,2]`, `"label":"a"`, `"bbox_2d":[0,0,9,9]`)}, fields...)
	}
	if stage == 2 != g.one(60) {
		fields = append(fields, g.points(box))
	}
	if g.one(100) {
		fields[0] = strings.Replace(fields[0], "bbox_2d", g.pick("bbox", `\u0062box_2d`, "BBOX_2D", "bbox_2d "), 1)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func (g *generator) value(of ...float64) float64 { return of[g.IntN(len(of))] }

func (g *generator) points(box reasoning.Box) string {
	if g.one(40) {
		return `"points":` + g.pick("null", "3", `"abc"`, "{}", `{"a":1}`, "true", "[5]", "[null]", `["ab"]`, `[{}]`, "[[]]")
	}
	points := make([]string, g.IntN(5))
	for i := range points {
		x, y := box[0]+(box[2]-box[0])*g.Float64(), box[1]+(box[3]-box[1])*g.Float64()
		if g.one(2) {
			x, y = math.Round(x), math.Round(y)
		}
		if g.one(12) {
			x += 400
		}
		coordinates := []string{g.number(x, 60), g.number(y, 60)}
		if g.one(30) {
			coordinates = append(coordinates, "1")
		}
		if g.one(40) {
			coordinates = coordinates[:g.IntN(2)]
		}
		points[i] = "[" + strings.Join(coordinates, ",") + "]"
	}
	return `"points":[` + strings.Join(points, ",") + "]"
}

// number writes v, once in a while something else. Strings and lists are left out: Python compares two of a kind.
func (g *generator) number(v float64, rare int) string {
	if g.one(rare) {
		return g.pick("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "true", "false", "null", "1e-400", "01", "1.", ".5", "+1", "-0", "-NaN", "0x1",
			"100000000000000000000000", "-3", "1e5", "9007199254740993", "1"+strings.Repeat("0", 400), "--1", "1e", "Inf", "nan", "1NaN", "None")
	}
	switch g.IntN(4) {
	case 0:
		return fmt.Sprintf("%.1f", v)
	case 1:
		return fmt.Sprintf("%e", v)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func (g *generator) blobs(w, h int) *geo.Mask {
	m := geo.NewMask(geo.Window{W: w, H: h})
	for range g.IntN(5) {
		x, y, bw, bh := g.IntN(w), g.IntN(h), 1+g.IntN(1+w/2), 1+g.IntN(1+h/2)
		for dy := range bh {
			m.SetRun(y+dy, x, x+bw)
		}
	}
	return m
}

func (g *generator) speckles(w, h int) *geo.Mask {
	m := geo.NewMask(geo.Window{W: w, H: h})
	for range g.IntN(w*h/3*g.IntN(2) + 1) {
		m.Set(g.IntN(w), g.IntN(h))
	}
	return m
}

// maskJSON writes a mask in any of the ways that one may come.
func (g *generator) maskJSON(m *geo.Mask) any {
	w, h := m.Window.W, m.Window.H
	switch {
	case g.one(20):
		return g.file(m)
	case g.one(2):
		runs := training.RunsOf(m)
		if g.one(2) {
			runs.Order = ""
		}
		return runs
	}
	runs, inside := training.Runs{Size: []int{h, w}, Counts: []int{0}, Order: "F"}, false
	for p := range w * h {
		if m.At(p/h, p%h) != inside {
			runs.Counts, inside = append(runs.Counts, 0), !inside
		}
		runs.Counts[len(runs.Counts)-1]++
	}
	return runs
}

func (g *generator) file(m *geo.Mask) string {
	r := image.Rect(0, 0, m.Window.W, m.Window.H)
	black, white := color.Color(color.Black), color.Color(color.White)
	var img interface {
		image.Image
		Set(x, y int, c color.Color)
	}
	switch g.IntN(5) {
	case 0:
		img, white = image.NewGray(r), color.Gray{1}
	case 1:
		img, white = image.NewGray16(r), color.Gray16{1}
	case 2:
		img, white = image.NewRGBA(r), color.RGBA{0, 0, 1, 255}
	case 3:
		img, black = image.NewNRGBA(r), color.NRGBA{0, 0, 0, 7}
	case 4:
		white = color.RGBA{0, 9, 0, 255}
		img = image.NewPaletted(r, color.Palette{white, black})
	}
	for y := range m.Window.H {
		for x := range m.Window.W {
			c := black
			if m.At(x, y) {
				c = white
			}
			img.Set(x, y, c)
		}
	}
	g.files++
	name := filepath.Join(g.folder, fmt.Sprintf("%d.png", g.files))
	f, err := os.Create(name)
	if err == nil {
		err = png.Encode(f, img)
		f.Close()
	}
	if err != nil {
		g.t.Fatal(err)
	}
	return name
}

func (g *generator) picture(w, h int) (*image.RGBA, []byte) {
	img, rgb := image.NewRGBA(image.Rect(0, 0, w, h)), make([]byte, 0, 3*w*h)
	for i := 0; i < len(img.Pix); i += 4 {
		for k := range 3 {
			img.Pix[i+k] = byte(g.IntN(256))
			rgb = append(rgb, img.Pix[i+k])
		}
		img.Pix[i+3] = 255
	}
	return img, rgb
}

// overlayBox is in, over the edge of or beyond a picture, whole or fractional, wide or degenerate.
func (g *generator) overlayBox(w, h float64) reasoning.Box {
	x, y := g.Float64()*w*1.4-w/5, g.Float64()*h*1.4-h/5
	b := reasoning.Box{x, y, x + g.Float64()*g.value(0, 1, 3, 6, w, 3000), y + g.Float64()*g.value(0, 1, 3, 6, h, 3000)}
	if g.one(3) {
		for k := range b {
			b[k] = math.Round(b[k])
		}
	}
	if g.one(15) {
		b[0], b[2] = b[2], b[0]
	}
	return b
}
