package exchange

import (
	"encoding/json"
	"fmt"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/dataset"
)

// segmentation reads one of COCO's: polygons in pixels, whose parts are joined; run lengths by column, as numbers or compressed. A pixel is
// inside a polygon when its middle is.
func segmentation(raw json.RawMessage, w, h int) (*geo.Mask, error) {
	if w < 1 || h < 1 || w > training.MaxPixels/h {
		return nil, &dataset.Fault{Reason: "its picture's size is unknown or too large", Detail: fmt.Sprintf("%d×%d", w, h)}
	}
	var polygons [][]float64
	if json.Unmarshal(raw, &polygons) == nil && polygons != nil {
		return filled(polygons, w, h)
	}
	var runs struct {
		Size   []int           `json:"size"`
		Counts json.RawMessage `json:"counts"`
	}
	if err := json.Unmarshal(raw, &runs); err != nil || runs.Counts == nil {
		return nil, badOutline("neither polygons nor run lengths")
	}
	r := training.Runs{Size: runs.Size, Order: "F"}
	var packed string
	if json.Unmarshal(runs.Counts, &packed) == nil {
		counts, err := unpack(packed)
		if err != nil {
			return nil, err
		}
		r.Counts = counts
	} else if err := json.Unmarshal(runs.Counts, &r.Counts); err != nil {
		return nil, badOutline(err.Error())
	}
	m, err := r.Mask()
	if err != nil {
		return nil, badOutline(err.Error())
	}
	if m.Window.W != w || m.Window.H != h {
		return nil, badOutline(fmt.Sprintf("run lengths of %d×%d pixels for a picture of %d×%d", m.Window.W, m.Window.H, w, h))
	}
	return m, nil
}

func badOutline(detail string) error {
	return &dataset.Fault{Reason: "its segmentation cannot be read", Detail: detail}
}

func filled(polygons [][]float64, w, h int) (*geo.Mask, error) {
	m := geo.NewMask(geo.Window{W: w, H: h})
	for _, p := range polygons {
		if len(p) < 6 || len(p)%2 != 0 {
			return nil, badOutline(fmt.Sprintf("a polygon of %d numbers", len(p)))
		}
		ring := make(orb.Ring, 0, len(p)/2+1)
		for i := 0; i < len(p); i += 2 {
			ring = append(ring, orb.Point{p[i], p[i+1]})
		}
		m.Or(geo.Rasterize(m.Window, orb.MultiPolygon{{append(ring, ring[0])}}))
	}
	return m, nil
}

// unpack reads COCO's compressed run lengths: each in characters from 48 on that hold five bits, the lowest first, and a sixth that says
// whether more follow; the highest bit of the last is the sign; from the fourth run on it is the difference to the run two before.
func unpack(s string) ([]int, error) {
	var counts []int
	for at := 0; at < len(s); {
		v, shift := 0, 0
		for more := true; more; at++ {
			if at == len(s) || shift > 30 || s[at] < 48 || s[at] > 48+63 {
				return nil, badOutline(fmt.Sprintf("its compressed run lengths break off at character %d", at))
			}
			c := int(s[at]) - 48
			v |= c & 31 << shift
			shift += 5
			if more = c&32 != 0; !more && c&16 != 0 {
				v |= -1 << shift
			}
		}
		if n := len(counts); n > 2 {
			v += counts[n-2]
		}
		counts = append(counts, v)
	}
	return counts, nil
}

// maskOf joins the segmentations of some annotations of one image.
func (in *instances) maskOf(notes []note) (*geo.Mask, error) {
	image := in.images[notes[0].image]
	var out *geo.Mask
	for _, n := range notes {
		raw, err := in.segmentation(n)
		if err != nil {
			return nil, err
		}
		m, err := segmentation(raw, image.W, image.H)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = m
			continue
		}
		out.Or(m)
	}
	return out, nil
}
