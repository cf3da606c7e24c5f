package policy

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"math"

	"github.com/precinct-map/precinct/reasoning"
)

// Projection takes an embedding's channels to fewer: (x - Mean) · Basis, by principal components (Pearson, 1901), scaled so that their
// mean variance is one.
type Projection struct {
	In, Out int
	Mean    []float32 // In
	Basis   []float32 // Out × In
}

// MarshalText writes a projection as base64 of little-endian float32: In, Out, Mean, Basis.
func (p *Projection) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 4*(2+len(p.Mean)+len(p.Basis)))
	for _, v := range append([]float32{float32(p.In), float32(p.Out)}, append(append([]float32{}, p.Mean...), p.Basis...)...) {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads what MarshalText wrote.
func (p *Projection) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%4 != 0 || len(raw) < 8 {
		return fmt.Errorf("%w: its projection is no base64 of numbers", ErrPolicy)
	}
	v := make([]float32, len(raw)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	in, out := int(v[0]), int(v[1])
	if in < 1 || out < 1 || in > 1<<14 || out > in || len(v) != 2+in+in*out {
		return fmt.Errorf("%w: its projection has %d numbers for %d → %d channels", ErrPolicy, len(v), in, out)
	}
	*p = Projection{in, out, v[2 : 2+in], v[2+in:]}
	return nil
}

// Grid is a picture's projected embedding: Rows × Columns × Channels, channels fastest.
type Grid struct {
	Rows, Columns, Channels int
	X, Y                    float64     // columns and rows a pixel
	Size                    image.Point // of the picture, pixels
	Data                    []float32
}

// Grid projects the features of a picture of a size. An error wraps ErrPolicy where they have other channels.
func (p *Projection) Grid(f reasoning.Features, size image.Point) (*Grid, error) {
	if f.Channels != p.In {
		return nil, fmt.Errorf("%w: it was taught on embeddings of %d channels, and the segmenter gives %d", ErrPolicy, p.In, f.Channels)
	}
	// Rows and columns beyond the picture are the square's padding.
	rows, columns := min(f.Rows, int(math.Ceil(float64(size.Y)*f.ScaleY))), min(f.Columns, int(math.Ceil(float64(size.X)*f.ScaleX)))
	g := &Grid{rows, columns, p.Out, f.ScaleX, f.ScaleY, size, make([]float32, rows*columns*p.Out)}
	offset := make([]float32, p.Out)
	for o := range p.Out {
		for i, m := range p.Mean {
			offset[o] -= m * p.Basis[o*p.In+i]
		}
	}
	plane := f.Rows * f.Columns
	x := make([]float32, p.In)
	for r := range rows {
		for c := range columns {
			for i := range x { // gathered once: the planes lie far apart
				x[i] = f.Data[i*plane+r*f.Columns+c]
			}
			out := g.Data[(r*columns+c)*p.Out:][:p.Out]
			for o := range out {
				out[o] = offset[o] + dot(p.Basis[o*p.In:][:p.In], x)
			}
		}
	}
	return g, nil
}

// dot sums in four strands, which the processor runs beside each other.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// Bytes is the memory that the grid holds.
func (g *Grid) Bytes() int { return 4*len(g.Data) + 128 }

// In fills cells, Cells × 4·Channels, with the embedding as a window shows it, bilinearly, each cell's quarters by rows; and valid, Cells,
// with the share of each cell that lies in the picture. Beyond the picture there are zeros.
func (g *Grid) In(cells, valid []float32, v View) {
	clear(cells)
	clear(valid)
	n := g.Channels
	for r := range quarters {
		w := (float64(r)-quarters/2+0.5)*CellPixels/2 + 0
		for c := range quarters {
			u := (float64(c) - quarters/2 + 0.5) * CellPixels / 2
			x, y := v.From(u, w)
			if x < 0 || y < 0 || x >= float64(g.Size.X) || y >= float64(g.Size.Y) {
				continue
			}
			cell := (r/2)*Side + c/2
			valid[cell] += 0.25
			g.at(cells[cell*4*n+((r%2)*2+c%2)*n:][:n], x, y)
		}
	}
}

// at fills out with the embedding of a pixel.
func (g *Grid) at(out []float32, x, y float64) {
	tap := func(at float64, n int) (a, b int, t float32) {
		at = max(0, at-0.5)
		a = min(int(at), n-1)
		return a, min(a+1, n-1), float32(at - float64(a))
	}
	c0, c1, tx := tap(x*g.X, g.Columns)
	r0, r1, ty := tap(y*g.Y, g.Rows)
	value := func(r, c int) []float32 { return g.Data[(r*g.Columns+c)*g.Channels:][:len(out)] }
	v00, v01, v10, v11 := value(r0, c0), value(r0, c1), value(r1, c0), value(r1, c1)
	for i := range out {
		upper := v00[i] + tx*(v01[i]-v00[i])
		lower := v10[i] + tx*(v11[i]-v10[i])
		out[i] = upper + ty*(lower-upper)
	}
}
