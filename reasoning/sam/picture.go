package sam

import "image"

// side is the edge of the square that every SAM encodes.
const side = 1024

// frame is how a picture lies in the square.
type frame struct {
	w, h   int     // of the picture
	sx, sy float64 // from picture pixels to the square's
}

func frameOf(w, h int, stretch bool) frame {
	if stretch {
		return frame{w, h, side / float64(w), side / float64(h)}
	}
	s := side / float64(max(w, h))
	return frame{w, h, s, s}
}

// normalise resizes a picture bilinearly into the square, planes of R, G and B, as (value − mean) / std; what the picture
// does not cover stays zero. out holds 3×1024×1024 values.
func (f *family) normalise(img *image.RGBA, fr frame, out []float32) {
	clear(out)
	w, h := int(float64(fr.w)*fr.sx+0.5), int(float64(fr.h)*fr.sy+0.5)
	xs := taps(w, fr.w)
	plane := side * side
	var scale, shift [3]float32
	for c := range 3 {
		scale[c], shift[c] = 1/f.std[c], -f.mean[c]/f.std[c]
	}
	for y, ty := range taps(h, fr.h) {
		upper, lower := img.Pix[ty.a*img.Stride:], img.Pix[ty.b*img.Stride:]
		row := y * side
		for x, tx := range xs {
			a, b := 4*tx.a, 4*tx.b
			for c := range 3 {
				top := float32(upper[a+c]) + tx.t*(float32(upper[b+c])-float32(upper[a+c]))
				bottom := float32(lower[a+c]) + tx.t*(float32(lower[b+c])-float32(lower[a+c]))
				out[c*plane+row+x] = (top+ty.t*(bottom-top))*scale[c] + shift[c]
			}
		}
	}
}

// tap is the two source pixels of a resized one, and how far it lies towards the second.
type tap struct {
	a, b int
	t    float32
}

// taps are those of n pixels made from m, pixel centres aligned.
func taps(n, m int) []tap {
	out := make([]tap, n)
	step := float64(m) / float64(n)
	for i := range out {
		at := max(0, (float64(i)+0.5)*step-0.5)
		a := min(int(at), m-1)
		out[i] = tap{a, min(a+1, m-1), float32(at - float64(a))}
	}
	return out
}
