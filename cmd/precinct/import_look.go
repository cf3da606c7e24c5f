package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// raster is what gdalinfo tells of a picture.
type raster struct {
	Size      [2]int
	Transform [6]float64 `json:"geoTransform"`
	CRS       struct {
		WKT string
	} `json:"coordinateSystem"`
	GCPs     json.RawMessage
	Metadata map[string]json.RawMessage
	Bands    []band
}

type band struct {
	Type     string
	Colour   string `json:"colorInterpretation"`
	NoData   any    `json:"noDataValue"` // a number or "NaN"
	Mask     struct{ Flags []string }
	Palette  struct{ Entries [][4]int } `json:"colorTable"`
	Metadata map[string]map[string]string
}

// look asks GDAL what a picture is. One that lies nowhere is an error.
func look(ctx context.Context, src string) (*raster, error) {
	cmd := exec.CommandContext(ctx, "gdalinfo", "-json", src)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %s", src, cmp.Or(strings.TrimSpace(said.String()), err.Error()))
	}
	r := &raster{}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("what gdalinfo says of %s is not understood: %w", src, err)
	}
	if len(r.Bands) == 0 {
		return nil, fmt.Errorf("%s holds no picture; if it holds several, name one as gdalinfo lists them", src)
	}
	if r.CRS.WKT == "" && len(r.GCPs) == 0 {
		return nil, fmt.Errorf("%s does not say where it lies: give it a CRS with `gdal_edit.py -a_srs EPSG:… FILE`, and corners with -a_ullr where it has none", src)
	}
	return r, nil
}

// attribution is what the file says of whose it is.
func (r *raster) attribution() string {
	var texts map[string]string
	_ = json.Unmarshal(r.Metadata[""], &texts) // a file may have none
	for _, key := range []string{"attribution", "ATTRIBUTION", "TIFFTAG_COPYRIGHT", "Copyright", "COPYRIGHT"} {
		if v := strings.TrimSpace(texts[key]); v != "" {
			return v
		}
	}
	return ""
}

// colours are gdal_translate's flags that make 8 bits of red, green and blue, or grey, with a mask for what is not there.
func (r *raster) colours(ctx context.Context, src, work string) ([]string, error) {
	first := r.Bands[0]
	if first.Colour == "Palette" {
		clear := slices.ContainsFunc(first.Palette.Entries, func(e [4]int) bool { return e[3] < 255 })
		if clear && first.NoData == nil {
			return []string{"-b", "1", "-expand", "rgba"}, nil
		}
		return append([]string{"-b", "1", "-expand", "rgb"}, r.mask(1)...), nil
	}
	shown := r.shown()
	args := r.mask(shown[0])
	for _, n := range shown {
		args = append(args, "-b", strconv.Itoa(n))
	}
	bits, _ := strconv.Atoi(first.Metadata["IMAGE_STRUCTURE"]["NBITS"])
	switch {
	case first.Type == "Byte" && (bits == 0 || bits >= 8):
		return args, nil
	case first.Type == "Byte":
		return append(args, "-scale", "0", strconv.Itoa(1<<bits-1), "0", "255"), nil
	case strings.HasPrefix(first.Type, "C"):
		return nil, fmt.Errorf("its numbers are complex (%s): make them real first", first.Type)
	}
	low, high, err := r.brightness(ctx, src, work, shown)
	if err != nil {
		return nil, err
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return append(args, "-ot", "Byte", "-scale", number(low), number(high), "0", "255"), nil
}

// shown are the bands that make the picture, counted from 1: those of red, green and blue, or the first three, or the first.
func (r *raster) shown() []int {
	var found [3]int
	var plain []int
	for n, b := range r.Bands {
		if k := slices.Index([]string{"Red", "Green", "Blue"}, b.Colour); k >= 0 && found[k] == 0 {
			found[k] = n + 1
		}
		if b.Colour != "Alpha" {
			plain = append(plain, n+1)
		}
	}
	if found[0]*found[1]*found[2] > 0 {
		return found[:]
	}
	switch {
	case len(plain) >= 3:
		return plain[:3]
	case len(plain) == 0:
		return []int{1}
	}
	return plain[:1]
}

// mask says where the picture's own ground is known: from an alpha band, or the mask that a band has.
func (r *raster) mask(of int) []string {
	for n, b := range r.Bands {
		if b.Colour == "Alpha" && len(r.Bands) > 1 {
			return []string{"-mask", strconv.Itoa(n + 1), "-a_nodata", "none"}
		}
	}
	if b := r.Bands[of-1]; b.NoData != nil || len(b.Mask.Flags) > 0 && !slices.Contains(b.Mask.Flags, "ALL_VALID") {
		return []string{"-mask", "mask," + strconv.Itoa(of), "-a_nodata", "none"}
	}
	return nil
}

const (
	sampleEdge = 512  // pixels of the small copy whose brightness is looked at
	outer      = 0.02 // share of the darkest, and of the brightest, pixels that are given up
)

// brightness is the range of what most pixels have, one for all bands, so that colours keep their balance, and for the whole picture, so
// that tiles meet.
func (r *raster) brightness(ctx context.Context, src, work string, shown []int) (low, high float64, err error) {
	small := filepath.Join(work, "small.img")
	args := []string{"gdal_translate", "-of", "ENVI", "-ot", "Float64", "-outsize", strconv.Itoa(min(sampleEdge, r.Size[0])), strconv.Itoa(min(sampleEdge, r.Size[1]))}
	for _, n := range shown {
		args = append(args, "-b", strconv.Itoa(n))
	}
	if err := gdal(ctx, "percent: brightness", append(args, src, small)); err != nil {
		return 0, 0, err
	}
	data, err := os.ReadFile(small)
	if err != nil {
		return 0, 0, err
	}
	none, _ := r.Bands[shown[0]-1].NoData.(float64)
	low, high = math.Inf(1), math.Inf(-1)
	n := len(data) / 8 / len(shown)
	for k := range shown {
		var values []float64
		for p := range n {
			v := math.Float64frombits(binary.NativeEndian.Uint64(data[8*(k*n+p):]))
			// 0 is how most pictures have their margin, whether they say so or not.
			if !math.IsNaN(v) && !math.IsInf(v, 0) && v != 0 && v != none {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			continue
		}
		slices.Sort(values)
		low = min(low, values[int(outer*float64(len(values)))])
		high = max(high, values[int((1-outer)*float64(len(values)-1))])
	}
	if math.IsInf(low, 0) {
		return 0, 0, errors.New("the picture is empty: all of it is 0 or marked as missing")
	}
	return low, max(high, math.Nextafter(low, math.Inf(1))), nil
}
