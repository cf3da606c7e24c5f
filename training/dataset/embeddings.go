package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/x448/float16"

	"github.com/precinct-map/precinct/reasoning"
)

// Embeddings are a segmenter's embeddings of pictures, kept beside a data set at half precision: a file for each picture, named by the
// picture's hash, in a folder of the model's. Encoding is nine tenths of what a sample costs in training.
type Embeddings struct {
	dir   string
	model string
}

// embeddingsFolder lies in a data set's. It is no part of the data set's files: another segmenter makes another.
const embeddingsFolder = "embeddings"

var notFileName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// Embeddings are those of a segmenter, by its Name; the device that it runs on does not matter.
func (s *Set) Embeddings(segmenter string) *Embeddings {
	model := reasoning.ModelOf(segmenter)
	return &Embeddings{filepath.Join(s.Dir, embeddingsFolder, notFileName.ReplaceAllString(model, "-")), model}
}

// header is the first line of an embedding's file.
type header struct {
	Model   string     `json:"model"`
	Picture string     `json:"picture"` // SHA-256
	Size    [2]int     `json:"size"`    // of the picture, pixels
	Shape   [3]int     `json:"shape"`   // channels, rows, columns of the float16 values that follow, little-endian
	Scale   [2]float64 `json:"scale"`   // columns and rows a pixel
}

func pictureHash(picture []byte) string {
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:])
}

func (e *Embeddings) path(hash string, look int) string {
	if look > 0 {
		hash = fmt.Sprintf("%s-%d", hash, look)
	}
	return filepath.Join(e.dir, hash[:2], hash+".f16")
}

// Has says whether there is one of a look of a picture, given as its file. Look 0 is the picture as it is.
func (e *Embeddings) Has(picture []byte, look int) bool {
	_, err := os.Stat(e.path(pictureHash(picture), look))
	return err == nil
}

// Read gives the features of a picture, given as its file, and its size in pixels. Errors wrap fs.ErrNotExist where there are none and
// ErrBroken where the file is not whole.
func (e *Embeddings) Read(picture []byte) (image.Point, reasoning.Features, error) {
	return e.ReadLook(picture, 0)
}

// ReadLook is Read for a look of the picture.
func (e *Embeddings) ReadLook(picture []byte, look int) (image.Point, reasoning.Features, error) {
	return e.read(pictureHash(picture), look)
}

// Of is Read for later, without the picture's file.
func (e *Embeddings) Of(picture []byte) func() (image.Point, reasoning.Features, error) {
	hash := pictureHash(picture)
	return func() (image.Point, reasoning.Features, error) { return e.read(hash, 0) }
}

func (e *Embeddings) read(hash string, look int) (image.Point, reasoning.Features, error) {
	path := e.path(hash, look)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return image.Point{}, reasoning.Features{}, &Error{Op: "read", Subject: path, Err: err, Hint: "make them with `precinct dataset embed DIR`"}
	}
	if err != nil {
		return image.Point{}, reasoning.Features{}, &Error{Op: "read", Subject: path, Err: err}
	}
	size, f, err := decodeEmbedding(data)
	if err != nil {
		err = &Error{Op: "read", Subject: path, Err: err, Hint: "remove it: it is made again"}
	}
	return size, f, err
}

func decodeEmbedding(data []byte) (image.Point, reasoning.Features, error) {
	line, rest, ok := strings.Cut(string(data), "\n")
	var h header
	if err := json.Unmarshal([]byte(line), &h); !ok || err != nil {
		return image.Point{}, reasoning.Features{}, fmt.Errorf("%w: no embedding", ErrBroken)
	}
	n := h.Shape[0] * h.Shape[1] * h.Shape[2]
	if len(rest) != 2*n || n <= 0 {
		return image.Point{}, reasoning.Features{}, fmt.Errorf("%w: %d bytes for shape %v", ErrBroken, len(rest), h.Shape)
	}
	f := reasoning.Features{Channels: h.Shape[0], Rows: h.Shape[1], Columns: h.Shape[2], ScaleX: h.Scale[0], ScaleY: h.Scale[1], Data: make([]float32, n)}
	for i := range f.Data {
		f.Data[i] = float16.Frombits(uint16(rest[2*i]) | uint16(rest[2*i+1])<<8).Float32()
	}
	return image.Pt(h.Size[0], h.Size[1]), f, nil
}

// write keeps the features of a look of a picture.
func (e *Embeddings) write(picture string, look int, size image.Point, f reasoning.Features) (int, error) {
	h := header{e.model, picture, [2]int{size.X, size.Y}, [3]int{f.Channels, f.Rows, f.Columns}, [2]float64{f.ScaleX, f.ScaleY}}
	line, err := json.Marshal(h)
	if err != nil {
		return 0, err
	}
	out := append(line, '\n')
	for _, v := range f.Data {
		out = binary.LittleEndian.AppendUint16(out, float16.Fromfloat32(v).Bits())
	}
	path := e.path(picture, look)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	return len(out), writeWhole(path, out)
}

// Embedded is what an Embed did.
type Embedded struct {
	Pictures, Made int   // all of the rows', with their looks, and those that were not there yet
	Bytes          int64 // of those that were made
}

// Embed keeps the embeddings of all satellite pictures of a data set that are not there yet, and of so many other looks of each: changed
// in colour, sharpness and grain, for a training to learn what does not matter. Cut off, it goes on with what is left. Errors wrap ErrRow,
// and reasoning.ErrSegmenter where the segmenter's embeddings show no features.
func (s *Set) Embed(ctx context.Context, segmenter reasoning.Segmenter, looks int, progress func(rows, of int)) (Embedded, error) {
	e := s.Embeddings(segmenter.Name())
	var out Embedded
	rows, last := 0, ""
	for r, err := range s.Rows() {
		if err != nil {
			return out, err
		}
		rows++
		if hash := r.SatelliteHash(); hash != last { // rows of one window follow each other
			last = hash
			if err := e.make(ctx, segmenter, r, looks, &out); err != nil {
				return out, fmt.Errorf("%s: %w", r.ID, err)
			}
		}
		progress(rows, s.Total())
	}
	return out, nil
}

// make makes what is missing of a row's picture.
func (e *Embeddings) make(ctx context.Context, segmenter reasoning.Segmenter, r *Row, looks int, done *Embedded) error {
	var img *image.RGBA
	hash := r.SatelliteHash()
	for look := range looks + 1 {
		done.Pictures++
		if e.Has(r.Satellite, look) {
			continue
		}
		if img == nil {
			var err error
			if img, err = r.SatelliteRGBA(); err != nil {
				return err
			}
		}
		made, err := segmenter.Embed(ctx, fmt.Sprint(hash, look), relook(img, hash, look))
		if err != nil {
			return err
		}
		f, ok := reasoning.FeaturesOf(made)
		if !ok {
			return fmt.Errorf("%w: %s does not show its features", reasoning.ErrSegmenter, segmenter.Name())
		}
		n, err := e.write(hash, look, img.Rect.Size(), f)
		if err != nil {
			return err
		}
		done.Made, done.Bytes = done.Made+1, done.Bytes+int64(n)
	}
	return nil
}

// SatelliteRGBA decodes the satellite picture as segmenters take it. Errors wrap ErrRow.
func (r *Row) SatelliteRGBA() (*image.RGBA, error) {
	img, err := decode("satellite picture", r.Satellite)
	if err != nil {
		return nil, err
	}
	return opaque(img), nil
}

// SatelliteHash is the SHA-256 of the satellite picture's file, in hexadecimal: what its embedding is kept under.
func (r *Row) SatelliteHash() string { return pictureHash(r.Satellite) }
