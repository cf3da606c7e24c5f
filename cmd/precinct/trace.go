package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

// writeTrace keeps a scene's pictures, answers and masks of each stage in a folder of its own.
func writeTrace(dir string, s reasoning.Scene, t *reasoning.Trace) error {
	dir = filepath.Join(dir, s.ID())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, st := range t.Stages {
		stem := filepath.Join(dir, fmt.Sprintf("stage%d", st.Stage))
		for i, name := range []string{"map", "satellite"} {
			if err := writePNG(stem+"-"+name+".png", st.Images[i]); err != nil {
				return err
			}
		}
		mask := geo.NewMask(t.Window)
		for _, m := range st.Masks {
			mask.Or(m)
		}
		if err := writePNG(stem+"-mask.png", maskImage(mask)); err != nil {
			return err
		}
	}
	return writeTraceJSON(filepath.Join(dir, "trace.json"), t)
}

func writeTraceJSON(path string, t *reasoning.Trace) error {
	type stage struct {
		Stage     reasoning.Stage    `json:"stage"`
		Prompt    string             `json:"prompt"`
		Answer    string             `json:"answer"`
		Objects   []reasoning.Prompt `json:"objects"`
		Scores    []float64          `json:"scores"`
		Problems  []string           `json:"problems,omitempty"`
		VLM       float64            `json:"seconds_vlm"`
		Segmenter float64            `json:"seconds_segmenter"`
	}
	doc := struct {
		Window    geo.Window     `json:"window"`
		Phrase    string         `json:"phrase"`
		Mode      reasoning.Mode `json:"mode"`
		Model     string         `json:"model"`
		Segmenter string         `json:"segmenter"`
		Seconds   float64        `json:"seconds"`
		Stages    []stage        `json:"stages"`
	}{Window: t.Window, Phrase: t.Phrase, Mode: t.Mode, Model: t.Model, Segmenter: t.Segmenter, Seconds: t.Seconds}
	for _, st := range t.Stages {
		doc.Stages = append(doc.Stages, stage{st.Stage, st.Text, st.Answer, st.Prompts, st.Scores, st.Problems, st.SecondsVLM, st.SecondsSegmenter})
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

func maskImage(m *geo.Mask) image.Image {
	img := image.NewPaletted(image.Rect(0, 0, m.Window.W, m.Window.H), color.Palette{color.Black, color.White})
	for y := range m.Window.H {
		for x := range m.Window.W {
			if m.At(x, y) {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	return img
}

func writePNG(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
