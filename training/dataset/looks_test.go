package dataset

import (
	"bytes"
	"image"
	"math"
	"strings"
	"testing"
)

// TestRelook: look 0 is the picture, others are always the same, differ from it and from each other, and still show where what is.
func TestRelook(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 160, 120))
	for y := range 120 {
		for x := range 160 {
			v := uint8(40)
			if x/40%2 == y/40%2 {
				v = 190
			}
			copy(img.Pix[img.PixOffset(x, y):], []byte{v, v / 2, v, 255})
		}
	}
	before := bytes.Clone(img.Pix)
	if relook(img, "", 0) != img {
		t.Error("look 0 is another picture")
	}
	for n := range 12 {
		hash := strings.Repeat("0123456789abcdef", 4)[n:]
		hash = hash[:len(hash)/2*2]
		one, again, other := relook(img, hash, 1), relook(img, hash, 1), relook(img, hash, 2)
		if !bytes.Equal(one.Pix, again.Pix) {
			t.Error("a look is not always the same")
		}
		if bytes.Equal(one.Pix, img.Pix) || bytes.Equal(one.Pix, other.Pix) {
			t.Error("a look changes nothing")
		}
		if c := correlation(img, one); c < 0.6 {
			t.Errorf("look of %s: correlation with the picture %.2f", hash, c)
		}
	}
	if !bytes.Equal(before, img.Pix) {
		t.Error("a look changed the picture that it is of")
	}
}

// correlation is Pearson's, of the green channels.
func correlation(a, b *image.RGBA) float64 {
	var n, sa, sb, saa, sbb, sab float64
	for i := 1; i < len(a.Pix); i += 4 {
		x, y := float64(a.Pix[i]), float64(b.Pix[i])
		n, sa, sb, saa, sbb, sab = n+1, sa+x, sb+y, saa+x*x, sbb+y*y, sab+x*y
	}
	return (n*sab - sa*sb) / math.Sqrt((n*saa-sa*sa)*(n*sbb-sb*sb))
}
