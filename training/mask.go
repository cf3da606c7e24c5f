package training

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/bits"
	"os"
	"strings"

	"github.com/precinct-map/precinct/geo"
)

// Limits on what is read, checked on the header before a pixel is allocated.
const (
	MaxPixels   = 1 << 24 // 4096×4096
	MaxPNGBytes = 64 << 20
)

// Runs is a mask as run lengths: how many pixels are outside, then inside, then outside …, row by row for order C, column
// by column for order F (COCO's). Size is height, width.
type Runs struct {
	Size   []int  `json:"size"`
	Counts []int  `json:"counts"`
	Order  string `json:"order,omitempty"`
}

// Opener gives the bytes of the PNG that a string names.
type Opener func(name string) ([]byte, error)

// OpenFile takes the string as a file's path.
func OpenFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &Error{Op: "open", Subject: name, Err: fmt.Errorf("%w: %w", ErrPicture, err)}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxPNGBytes+1))
	if err != nil || len(data) > MaxPNGBytes {
		return nil, &Error{Op: "read", Subject: name, Err: ErrPicture, Hint: fmt.Sprintf("a readable file of at most %d bytes", MaxPNGBytes)}
	}
	return data, nil
}

// OpenDataURI takes the string as a PNG data URI (RFC 2397) and as nothing else, so that no request can name a file.
func OpenDataURI(name string) ([]byte, error) {
	const prefix = "data:image/png;base64,"
	if len(name) < len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return nil, &Error{Op: "read", Subject: fmt.Sprintf("%.40q", name), Err: ErrPicture, Hint: "a PNG data URI: " + prefix + "…"}
	}
	data, err := base64.StdEncoding.DecodeString(name[len(prefix):])
	if err != nil {
		return nil, &Error{Op: "read", Subject: "data URI", Err: fmt.Errorf("%w: %w", ErrPicture, err)}
	}
	return data, nil
}

// DecodePNG decodes a PNG of at most MaxPixels.
func DecodePNG(data []byte) (image.Image, error) {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, &Error{Op: "decode", Subject: fmt.Sprintf("%d bytes", len(data)), Err: fmt.Errorf("%w: %w", ErrPicture, err)}
	}
	if config.Width > MaxPixels/config.Height {
		return nil, &Error{Op: "decode", Subject: fmt.Sprintf("a picture of %d×%d", config.Width, config.Height), Err: ErrPicture,
			Hint: fmt.Sprintf("at most %d pixels", MaxPixels)}
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, &Error{Op: "decode", Subject: fmt.Sprintf("%d bytes", len(data)), Err: fmt.Errorf("%w: %w", ErrPicture, err)}
	}
	return img, nil
}

// ReadMask reads the JSON of a mask: run lengths, or a string that open resolves to a PNG, whose pixels are inside where
// any colour is not zero. The mask's window is at zero. Errors wrap ErrMask or ErrPicture.
func ReadMask(raw json.RawMessage, open Opener) (*geo.Mask, error) {
	var name string
	if json.Unmarshal(raw, &name) == nil && present(raw) {
		data, err := open(name)
		if err != nil {
			return nil, err
		}
		img, err := DecodePNG(data)
		if err != nil {
			return nil, err
		}
		return maskOf(img), nil
	}
	var runs *Runs
	if err := json.Unmarshal(raw, &runs); err != nil || runs == nil {
		return nil, badMask("%.40q", raw)
	}
	return runs.Mask()
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func badMask(format string, args ...any) error {
	return &Error{Op: "read", Subject: "mask", Err: fmt.Errorf("%w: %s", ErrMask, fmt.Sprintf(format, args...)),
		Hint: `a PNG or {"size":[height,width],"counts":[outside,inside,…],"order":"C" or "F"}`}
}

// Mask decodes the runs, whose sum must be the size.
func (r *Runs) Mask() (*geo.Mask, error) {
	if len(r.Size) != 2 || r.Size[0] < 0 || r.Size[1] < 0 || r.Size[0] > 0 && r.Size[1] > MaxPixels/r.Size[0] {
		return nil, badMask("its size is %v: want height and width, at most %d pixels", r.Size, MaxPixels)
	}
	if r.Order != "" && r.Order != "C" && r.Order != "F" {
		return nil, badMask("its order is %q", r.Order)
	}
	h, w := r.Size[0], r.Size[1]
	at, m := 0, geo.NewMask(geo.Window{W: w, H: h})
	for i, n := range r.Counts {
		if n < 0 || n > h*w-at {
			return nil, badMask("run %d is %d, where %d pixels are left", i, n, h*w-at)
		}
		if i%2 == 1 && r.Order == "F" {
			for p := at; p < at+n; p++ {
				m.Set(p/h, p%h)
			}
		} else if i%2 == 1 {
			setRows(m, at, at+n)
		}
		at += n
	}
	if at != h*w {
		return nil, badMask("its runs cover %d of %d pixels", at, h*w)
	}
	return m, nil
}

// setRows puts the pixels from ≤ p < to inside, counted row by row.
func setRows(m *geo.Mask, from, to int) {
	w := m.Window.W
	for from < to {
		y := from / w
		end := min(to, (y+1)*w)
		m.SetRun(y, from-y*w, end-y*w)
		from = end
	}
}

// RunsOf encodes a mask in order C.
func RunsOf(m *geo.Mask) Runs {
	w, n, inside := m.Window.W, 0, false
	runs := Runs{Size: []int{m.Window.H, w}, Order: "C"}
	for y := range m.Window.H {
		row := m.Row(y)
		for x := 0; x < w; {
			end := runEnd(row, x, w, inside)
			n += end - x
			if end < w {
				runs.Counts = append(runs.Counts, n)
				n, inside = 0, !inside
			}
			x = end
		}
	}
	runs.Counts = append(runs.Counts, n)
	return runs
}

// runEnd is the first pixel from x on that is not as inside says, w if none.
func runEnd(row []uint64, x, w int, inside bool) int {
	for x < w {
		v := row[x>>6]
		if inside {
			v = ^v
		}
		if v >>= uint(x) & 63; v != 0 {
			return min(w, x+bits.TrailingZeros64(v))
		}
		x = x&^63 + 64
	}
	return w
}

// maskOf is the pixels of a decoded PNG that have any colour; transparency does not count.
func maskOf(img image.Image) *geo.Mask {
	b := img.Bounds()
	m := geo.NewMask(geo.Window{W: b.Dx(), H: b.Dy()})
	pix, stride, step, colours := samples(img)
	for y := range b.Dy() {
		row := pix[y*stride:]
		for x := range b.Dx() {
			for _, v := range row[x*step : x*step+colours] {
				if v != 0 {
					m.Set(x, y)
					break
				}
			}
		}
	}
	return m
}

// samples is a picture's bytes: stride a row, step a pixel, of which the first are its colours. The cases are all that
// image/png gives.
func samples(img image.Image) (pix []byte, stride, step, colours int) {
	switch img := img.(type) {
	case *image.Gray:
		return img.Pix, img.Stride, 1, 1
	case *image.Gray16:
		return img.Pix, img.Stride, 2, 2
	case *image.RGBA:
		return img.Pix, img.Stride, 4, 3
	case *image.NRGBA:
		return img.Pix, img.Stride, 4, 3
	case *image.RGBA64:
		return img.Pix, img.Stride, 8, 6
	case *image.NRGBA64:
		return img.Pix, img.Stride, 8, 6
	case *image.Paletted:
		coloured := make([]byte, 256)
		for i, c := range img.Palette {
			r, g, b, _ := c.RGBA()
			coloured[i] = byte(indicator(r|g|b != 0))
		}
		out := make([]byte, len(img.Pix))
		for i, v := range img.Pix {
			out[i] = coloured[v]
		}
		return out, img.Stride, 1, 1
	}
	panic(fmt.Sprintf("training: a PNG decoded to %T", img))
}
