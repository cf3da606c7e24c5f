package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/training/dataset"
)

// mostBytes is the largest picture that is read.
const mostBytes = 64 << 20

// pictures is a folder that rows name pictures of. Nothing outside of it is read.
type pictures string

// read gives a picture's bytes; what is wrong is a fault of the row.
func (p pictures) read(what, name string) ([]byte, error) {
	if name == "" || !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, &dataset.Fault{Reason: "its " + what + " is not named, or lies outside of the folder", Detail: fmt.Sprintf("%q", name)}
	}
	f, err := os.Open(filepath.Join(string(p), filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &dataset.Fault{Reason: "its " + what + " is missing", Detail: name}
	}
	if err != nil {
		return nil, &dataset.Fault{Reason: "its " + what + " cannot be read", Detail: err.Error()}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err == nil && len(data) > mostBytes {
		err = fmt.Errorf("more than %d bytes", mostBytes)
	}
	if err != nil {
		return nil, &dataset.Fault{Reason: "its " + what + " cannot be read", Detail: fmt.Sprintf("%s: %v", name, err)}
	}
	return data, nil
}

// sameNamed reads the picture of a name, whatever of PNG and JPEG it is.
func (p pictures) sameNamed(what, name string) ([]byte, error) {
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	for _, ending := range []string{filepath.Ext(name), ".png", ".jpg", ".jpeg"} {
		if _, err := os.Stat(filepath.Join(string(p), filepath.FromSlash(stem+ending))); err == nil {
			return p.read(what, stem+ending)
		}
	}
	return nil, &dataset.Fault{Reason: "its " + what + " is missing", Detail: name}
}

// noMap is the tone of the picture that stands for a map where there is none: no road, no label, nothing to read.
var noMap = color.Gray{Y: 235}

// blank is a picture of one tone with the size of another.
func blank(of []byte) ([]byte, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(of))
	const most = 1 << 24
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > most/c.Height {
		return nil, &dataset.Fault{Reason: "its satellite picture is no PNG or JPEG", Detail: fmt.Sprint(err)}
	}
	img := image.NewGray(image.Rect(0, 0, c.Width, c.Height))
	for i := range img.Pix {
		img.Pix[i] = noMap.Y
	}
	var b bytes.Buffer
	err = png.Encode(&b, img)
	return b.Bytes(), err
}

// aboutMaps says where maps are from.
func (o *Options) aboutMaps() string {
	if o.Maps == "" {
		return "map: none, a picture of one tone stands in"
	}
	return "map: pictures of the same names"
}

// photograph reads the satellite picture of a kind that has no maps, and its map.
func (o *Options) photograph(r *dataset.Row, name string) (err error) {
	if r.Satellite, err = pictures(o.Images).read("satellite picture", name); err != nil {
		return err
	}
	if o.Maps == "" {
		r.Map, err = blank(r.Satellite)
		return err
	}
	r.Map, err = pictures(o.Maps).sameNamed("map", name)
	return err
}

// filesBelow are the files under a path whose names end so, in order, relative to it. A file is itself.
func filesBelow(path string, endings ...string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains(endings, strings.ToLower(filepath.Ext(file))) {
			rel, _ := filepath.Rel(path, file)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		return nil, &Error{Op: "import", Subject: path, Err: fmt.Errorf("%w: %w", ErrSource, err)}
	}
	slices.Sort(out)
	return out, nil
}
