package sources

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/paulmach/orb/maptile"
)

// FuzzTemplate: an address that is taken is one, of http, with no placeholder left, for every tile.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"http://{s}.h/{z}/{x}/{-y}{r}.png", "https://h/{q}?k=a", "http://h/{z}/{x/16}/{-y/16}/{x}_{-y}.jpg", "http://h/{z}/{x}/{y}/{w}"} {
		f.Add(s, uint32(3), uint32(5), uint8(4))
	}
	f.Fuzz(func(t *testing.T, text string, x, y uint32, z uint8) {
		tp, err := parseTemplate(text, []string{"a", "b"})
		if err != nil {
			return
		}
		z %= 25
		tile := maptile.New(x&(1<<z-1), y&(1<<z-1), maptile.Zoom(z))
		for _, scale := range []int{1, 2} {
			got := tp.expandAt(tile, scale)
			u, err := url.Parse(got)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || placeholder.MatchString(got) && !placeholder.MatchString(placeholder.ReplaceAllString(text, "")) {
				t.Errorf("%q gives %q: %v", text, got, err)
			}
		}
	})
}

// FuzzCapabilities: whatever a server says of itself, its matrices are zooms of the lattice.
func FuzzCapabilities(f *testing.F) {
	f.Add([]byte(wmtsDocument("http://h", "", true)))
	f.Add([]byte(wmtsDocument("http://h", `<ResourceURL format="image/png" resourceType="tile" template="http://h/{TileMatrix}/{TileRow}/{TileCol}.png"/>`, false)))
	f.Add([]byte("<Capabilities/>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := parseCapabilities(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, l := range doc.Layers {
			set, _, matrices := doc.mercator(l, 0)
			for z := range matrices {
				if z > 24 {
					t.Errorf("zoom %d", z)
				}
			}
			text, _, err := doc.address(l, set)
			if err == nil && strings.Contains(text, "{TileRow}") {
				t.Errorf("%q", text)
			}
		}
	})
}
