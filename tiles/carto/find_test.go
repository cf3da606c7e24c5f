package carto

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/font/gofont/goregular"

	"github.com/precinct-map/precinct/tiles"
)

func TestFindFont(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "truetype", "made-up"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"truetype/Plain.ttf":                     goregular.TTF, // its name does not say Chinese
		"truetype/NotoSansCJK-Broken.ttc":        []byte("no font"),
		"truetype/made-up/wqy-microhei-bold.ttf": goregular.TTF,
		"truetype/made-up/wqy-zenhei.ttf":        goregular.TTF,
		"NotoSansCJK.txt":                        goregular.TTF,
	} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	folders := []string{filepath.Join(dir, "missing"), dir}
	got, err := findFont(folders, "Map")
	if want := filepath.Join(dir, "truetype", "made-up", "wqy-microhei-bold.ttf") + "#0"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	var e *tiles.Error
	if _, err := findFont(folders, "学校"); !errors.Is(err, tiles.ErrConfig) || !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("a Latin font was taken for Chinese, or no hint: %v", err)
	}
}

// TestFoundFontWrites: what is found on this machine draws.
func TestFoundFontWrites(t *testing.T) {
	font, err := FindFont("第三中学人民医院")
	if err != nil {
		t.Skip("no Chinese font here:", err)
	}
	s, err := NewStyle("basic", font)
	if err != nil || !s.CanWrite("第三中学人民医院") {
		t.Errorf("%s: %v", font, err)
	}
}
