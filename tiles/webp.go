package tiles

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"

	"github.com/HugoSmits86/nativewebp"
	"golang.org/x/image/webp"
)

// mostLost is how many of a colour's lowest bits may go so that a picture can be written.
const mostLost = 4

// encodeWebP writes lossless WebP and reads it again (a quarter more time): of one detailed tile in a hundred, nativewebp 0.9.3 makes a
// Huffman code longer than the format allows, since its buildHuffmanTree bounds weights, not depths, and nobody can read that. Such a
// picture gives up the lowest bit of its colours, or more, until it can be read.
func encodeWebP(img image.Image) ([]byte, error) {
	for lost := range mostLost + 1 {
		if lost > 0 {
			img = coarser(img, lost)
		}
		var b bytes.Buffer
		if err := nativewebp.Encode(&b, img, nil); err != nil {
			return nil, err
		}
		if _, err := webp.Decode(bytes.NewReader(b.Bytes())); err == nil {
			return b.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("this picture cannot be written as WebP: ask for png or jpg")
}

// coarser is a picture without its colours' lowest bits; alpha stays.
func coarser(img image.Image, bits int) image.Image {
	out := image.NewNRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, out.Rect.Min, draw.Src)
	for i := range out.Pix {
		if i%4 != 3 {
			out.Pix[i] = out.Pix[i] >> bits << bits
		}
	}
	return out
}
