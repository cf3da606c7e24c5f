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
	View           string // the part of the picture that the outlines are shown on, as a viewBox
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
			for i, data := range [][]byte{s.Pictures.Satellite, s.Pictures.Map} {
				if data != nil {
					uri := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data)
					pictures = append(pictures, picture{fmt.Sprintf("p%d%s", n, "sm"[i:i+1]), template.URL(uri)})
				}
			}
		}
		one := sample{Shown: s, W: s.Window.W, H: s.Window.H, View: closer(s.Truth, s.Predicted, s.Window), True: path(s.Truth, s.Window), Found: path(s.Predicted, s.Window), Said: cut(s.Reasons, mostSaid)}
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

// closer is the part of a window round two masks, at least half of it: nearer, the kept picture would blur.
func closer(a, b *geo.Mask, w geo.Window) string {
	both := a.Window.Union(b.Window)
	if both.Empty() {
		return fmt.Sprintf("0 0 %d %d", w.W, w.H)
	}
	f := max(0.5, min(1, float64(both.W+both.W/4)/float64(w.W)), min(1, float64(both.H+both.H/4)/float64(w.H)))
	width, height := int(f*float64(w.W)), int(f*float64(w.H))
	x := max(0, min(w.W-width, both.X-w.X+both.W/2-width/2))
	y := max(0, min(w.H-height, both.Y-w.Y+both.H/2-height/2))
	return fmt.Sprintf("%d %d %d %d", x, y, width, height)
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
