package report

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training"
)

// picture is one that samples show; it is in the page once, however often it is shown.
type picture struct {
	ID   string
	Data template.URL // ours: base64 of a JPEG
}

// section is a system's samples.
type section struct {
	System string
	Tiers  []tierSamples
	N      int
}

type tierSamples struct {
	Tier    training.Tier
	Samples []sample
}

// sample is one answer.
type sample struct {
	training.Shown
	Satellite, Map string // ids of pictures, "" where there is none
	W, H           int
	True, Found    string // outlines as SVG paths
	Said           string
}

// mostSaid bounds what a model says of an answer.
const mostSaid = 1200

func samples(shown []training.Shown) ([]picture, []section) {
	var pictures []picture
	var out []section
	ids := map[*training.Pictures]int{}
	for _, s := range shown {
		n, known := ids[s.Pictures]
		if !known {
			n = len(ids)
			ids[s.Pictures] = n
			for kind, data := range map[string][]byte{"s": s.Pictures.Satellite, "m": s.Pictures.Map} {
				if data != nil {
					uri := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data)
					pictures = append(pictures, picture{fmt.Sprintf("p%d%s", n, kind), template.URL(uri)})
				}
			}
		}
		one := sample{Shown: s, W: s.Window.W, H: s.Window.H, True: path(s.Truth, s.Window), Found: path(s.Predicted, s.Window), Said: cut(s.Reasons, mostSaid)}
		if s.Pictures.Satellite != nil {
			one.Satellite = fmt.Sprintf("p%ds", n)
		}
		if s.Pictures.Map != nil {
			one.Map = fmt.Sprintf("p%dm", n)
		}
		if len(out) == 0 || out[len(out)-1].System != s.System {
			out = append(out, section{System: s.System})
		}
		last := &out[len(out)-1]
		if len(last.Tiers) == 0 || last.Tiers[len(last.Tiers)-1].Tier != s.Tier {
			last.Tiers = append(last.Tiers, tierSamples{Tier: s.Tier})
		}
		tier := &last.Tiers[len(last.Tiers)-1]
		tier.Samples = append(tier.Samples, one)
		last.N++
	}
	return pictures, out
}

// path is a mask's outlines in pixels of a window, simplified to what can be seen.
func path(m *geo.Mask, w geo.Window) string {
	var b strings.Builder
	for _, shape := range geo.Simplify([]orb.MultiPolygon{geo.Trace(m)}, 1) {
		for _, polygon := range shape {
			for _, ring := range polygon {
				for i, p := range ring[:max(0, len(ring)-1)] {
					b.WriteByte("ML"[min(i, 1)])
					b.WriteString(strconv.Itoa(int(p[0]) - w.X))
					b.WriteByte(' ')
					b.WriteString(strconv.Itoa(int(p[1]) - w.Y))
				}
				b.WriteByte('Z')
			}
		}
	}
	return b.String()
}

// panel is one picture of a sample.
type panel struct {
	What, ID string
	W, H     int
}

// Panel is the satellite or the map picture.
func (s sample) Panel(what string) panel {
	p := panel{what, s.Satellite, s.W, s.H}
	if what == "map" {
		p.ID = s.Map
	}
	return p
}
