package stats

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/precinct-map/precinct/tiles/carto"
)

// letters measure and draw texts: Go's own fonts, and one of the system's for what they lack, where there is one.
type letters struct {
	fonts   map[bool]*opentype.Font // bold or not
	other   *opentype.Font
	faces   map[faceKey]font.Face
	scratch sfnt.Buffer
}

type faceKey struct {
	font *opentype.Font
	size float64
}

// newLetters finds fonts for some texts.
func newLetters(texts []string) (*letters, error) {
	l := &letters{fonts: map[bool]*opentype.Font{}, faces: map[faceKey]font.Face{}}
	for bold, data := range map[bool][]byte{false: goregular.TTF, true: gobold.TTF} {
		f, err := opentype.Parse(data)
		if err != nil {
			return nil, err
		}
		l.fonts[bold] = f
	}
	lacking := map[rune]bool{}
	for _, text := range texts {
		for _, r := range text {
			if !l.has(l.fonts[false], r) {
				lacking[r] = true
			}
		}
	}
	if len(lacking) > 0 {
		l.other = otherFont(lacking)
	}
	return l, nil
}

// otherFont is a font of the system with all of some characters; nil without one: they are boxes then.
func otherFont(lacking map[rune]bool) *opentype.Font {
	var text strings.Builder
	for r := range lacking {
		text.WriteRune(r)
	}
	name, err := carto.FindFont(text.String())
	if err != nil {
		return nil
	}
	path, number, _ := strings.Cut(name, "#")
	index, err := strconv.Atoi(number)
	if err != nil {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	collection, err := sfnt.ParseCollection(data)
	if err != nil {
		return nil
	}
	f, err := collection.Font(index)
	if err != nil {
		return nil
	}
	return f
}

func (l *letters) has(f *opentype.Font, r rune) bool {
	id, err := f.GlyphIndex(&l.scratch, r)
	return err == nil && id != 0
}

func (l *letters) face(r rune, size float64, bold bool) font.Face {
	f := l.fonts[bold]
	if l.other != nil && !l.has(f, r) {
		f = l.other
	}
	key := faceKey{f, size}
	if l.faces[key] == nil {
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			panic(err) // a font that parsed, at a size of ours
		}
		l.faces[key] = face
	}
	return l.faces[key]
}

// width of a text in pixels.
func (l *letters) width(text string, size float64, bold bool) float64 {
	sum := 0.
	for _, r := range text {
		if l.other == nil && !l.has(l.fonts[bold], r) {
			sum += size // what stands there is mostly a square
			continue
		}
		advance, _ := l.face(r, size, bold).GlyphAdvance(r)
		sum += float64(advance) / 64
	}
	return sum
}

// draw writes a text from a point of its base line on.
func (l *letters) draw(dst draw.Image, x, y float64, text string, size float64, bold bool, c color.Color) {
	at := fixed.Point26_6{X: fixed.Int26_6(64 * x), Y: fixed.Int26_6(64 * y)}
	ink := image.NewUniform(c)
	for _, r := range text {
		d := font.Drawer{Dst: dst, Src: ink, Face: l.face(r, size, bold), Dot: at}
		d.DrawString(string(r))
		at = d.Dot
	}
}
