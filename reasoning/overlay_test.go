package reasoning

import (
	"image"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo"
)

// The pictures below are what Pillow 13.0.0 draws; testdata/oracle compares thousands of random cases.
func TestOutlineIsPillows(t *testing.T) {
	tests := []struct {
		box  Box
		want string
	}{
		{Box{1, 1, 6, 6}, `
........
.######.
.######.
.##..##.
.##..##.
.######.
.######.`},
		{Box{3, 3, 3, 3}, `
........
........
...#....
..###...
..###...
..###...`},
		{Box{3, 3, 4, 4}, `
........
........
........
...##...
...##...
...##...`},
		{Box{-1.5, -1.5, 4.7, 4.7}, `
#####...
#..##...
#..##...
#####...
#####...`},
		{Box{6, 1, 2, 6}, ``}, // swapped corners
	}
	for _, tt := range tests {
		got := Overlay(image.NewRGBA(image.Rect(0, 0, 8, 8)), []Box{tt.box}, nil)
		want := strings.Split(strings.TrimPrefix(tt.want, "\n"), "\n")
		for y := range 8 {
			for x := range 8 {
				in := y < len(want) && x < len(want[y]) && want[y][x] == '#'
				if p := got.RGBAAt(x, y); (p.B == 255) != in {
					t.Errorf("box %v: pixel %d,%d is %v", tt.box, x, y, p)
				}
			}
		}
	}
}

func TestMaskOverOutline(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 4, 4))
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	mask := geo.NewMask(geo.Window{W: 2, H: 2}) // twice as coarse
	mask.Set(0, 0)
	got := Overlay(img, []Box{{0, 0, 3, 3}}, mask)
	// Blue (0,0,255) under red at 102/255: 102, 0, 153.
	if p := got.RGBAAt(1, 1); p.R != 102 || p.G != 0 || p.B != 153 {
		t.Errorf("mask over outline: %v", p)
	}
	if p := got.RGBAAt(2, 2); p.R != 0 || p.B != 255 {
		t.Errorf("outline outside the mask: %v", p)
	}
	if img.Pix[0] != 200 {
		t.Error("the picture itself was changed")
	}
}

func TestAbsurdBoxesCostNothing(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	Overlay(img, []Box{{-1e300, -1e300, 1e300, 1e300}, {5, 5, 1e18, 1e18}}, nil)
}
