package tiles

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	_ "image/gif" // a few providers answer GIF
	"image/jpeg"
	"image/png"
	"sync"
	"time"
)

// Format is a picture's encoding, named as in a URL's suffix.
type Format string

// The formats a tile can be encoded in.
const (
	PNG  Format = "png"
	JPEG Format = "jpg"
	WebP Format = "webp"
)

// MediaType is the format's MIME type.
func (f Format) MediaType() string {
	switch f {
	case PNG:
		return "image/png"
	case JPEG:
		return "image/jpeg"
	case WebP:
		return "image/webp"
	}
	return "application/octet-stream"
}

// ParseFormat reads a URL's suffix.
func ParseFormat(s string) (Format, bool) {
	switch s {
	case "png":
		return PNG, true
	case "jpg", "jpeg":
		return JPEG, true
	case "webp":
		return WebP, true
	}
	return "", false
}

// Limits on what is decoded, checked on the picture's header before a pixel is allocated.
const (
	MaxTileBytes = 8 << 20
	MaxTileEdge  = 4096
)

// Tile is one tile's picture, encoded, drawn, or both; what is missing is made when it is asked for, once. It is
// immutable and safe for concurrent use.
type Tile struct {
	format Format
	data   []byte
	pixels int // bytes of the decoded picture
	until  time.Time

	missing error // in a memory: there is no such tile, until then

	once sync.Once
	img  *image.RGBA
	err  error
}

// EncodedTile is a tile as it came from its source. The format is read from the data; what is no picture, or too large a
// one, wraps ErrPicture.
func EncodedTile(data []byte) (*Tile, error) {
	if len(data) > MaxTileBytes {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrPicture, len(data), MaxTileBytes)
	}
	cfg, name, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrPicture, describe(data))
	}
	if cfg.Width > MaxTileEdge || cfg.Height > MaxTileEdge || cfg.Width == 0 || cfg.Height == 0 {
		return nil, fmt.Errorf("%w: %d×%d px, the limit is %d a side", ErrPicture, cfg.Width, cfg.Height, MaxTileEdge)
	}
	f := Format(name)
	if name == "jpeg" {
		f = JPEG
	}
	return &Tile{format: f, data: data, pixels: 4 * cfg.Width * cfg.Height}, nil
}

// DrawnTile is a tile that was drawn rather than fetched. The picture is the tile's from now on.
func DrawnTile(img *image.RGBA, f Format) *Tile {
	t := &Tile{format: f, img: img, pixels: len(img.Pix)}
	t.once.Do(func() {})
	return t
}

// Until says when the tile is to be asked for again. It is for whoever made the tile.
func (t *Tile) Until(when time.Time) *Tile {
	t.until = when
	return t
}

// Expires is when the tile is to be asked for again; zero for never.
func (t *Tile) Expires() time.Time { return t.until }

// Image is the decoded picture; nobody may write to it.
func (t *Tile) Image() (*image.RGBA, error) {
	t.once.Do(func() {
		img, _, err := image.Decode(bytes.NewReader(t.data))
		if err != nil {
			t.err = fmt.Errorf("%w: %v", ErrPicture, err)
			return
		}
		t.img = toRGBA(img)
	})
	return t.img, t.err
}

// Stored is the source's own bytes, nil where it has none in that format.
func (t *Tile) Stored(f Format) []byte {
	if t.format == f {
		return t.data
	}
	return nil
}

// Encoded is the picture in a format: the source's own bytes when it has them in that format.
func (t *Tile) Encoded(f Format) ([]byte, error) {
	if data := t.Stored(f); data != nil {
		return data, nil
	}
	img, err := t.Image()
	if err != nil {
		return nil, err
	}
	return Encode(img, f)
}

// Format is the encoding that costs nothing, or suits the picture best.
func (t *Tile) Format() Format { return t.format }

// Bytes is the memory that the tile comes to hold once it was decoded, for a cache's accounts.
func (t *Tile) Bytes() int { return len(t.data) + t.pixels + 128 }

// Encode writes a picture in a format. JPEG has quality 85; PNG is written at its fastest, as tiles are written once and
// read seldom.
func Encode(img image.Image, f Format) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch f {
	case PNG:
		enc := png.Encoder{CompressionLevel: png.BestSpeed}
		err = enc.Encode(&b, img)
	case JPEG:
		if m, ok := img.(*image.RGBA); ok && !m.Opaque() { // JPEG knows no transparency, and would make it black
			white := image.NewRGBA(m.Rect)
			draw.Draw(white, m.Rect, image.White, image.Point{}, draw.Src)
			draw.Draw(white, m.Rect, m, m.Rect.Min, draw.Over)
			img = white
		}
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 85})
	case WebP:
		return encodeWebP(img)
	default:
		err = fmt.Errorf("unknown picture format %q", f)
	}
	return b.Bytes(), err
}

func toRGBA(img image.Image) *image.RGBA {
	if m, ok := img.(*image.RGBA); ok && m.Rect.Min == (image.Point{}) {
		return m
	}
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	return out
}

// describe tells what came instead of a picture, for the error's reader.
func describe(data []byte) string {
	head := bytes.TrimSpace(data[:min(len(data), 64)])
	switch {
	case len(data) == 0:
		return "an empty body"
	case bytes.HasPrefix(head, []byte("<")):
		return "HTML or XML instead of a picture"
	case bytes.HasPrefix(head, []byte("{")):
		return "JSON instead of a picture"
	}
	return fmt.Sprintf("%d bytes that are no PNG, JPEG, WebP or GIF", len(data))
}
