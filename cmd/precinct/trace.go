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
	data, err := json.MarshalIndent(t.Record(), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "trace.json"), append(data, '\n'), 0o644)
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
