package sources

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/paulmach/orb/maptile"
)

// TestProviders reads the entries out of the documentation itself.
func TestProviders(t *testing.T) {
	doc, err := os.ReadFile("../../docs/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(doc), "## Providers")
	want := map[string]string{
		"openstreetmap": "https://tile.openstreetmap.org/5/26/12.png",
		"esri":          "https://server.arcgisonline.com/ArcGIS/rest/services/World_Imagery/MapServer/tile/5/12/26",
		"eox":           "https://tiles.maps.eox.at/wmts/1.0.0/s2cloudless-2020_3857/default/g/5/12/26.jpg",
		"usgs":          "https://basemap.nationalmap.gov/arcgis/rest/services/USGSImageryOnly/MapServer/tile/5/12/26",
		"amap":          "https://webst03.is.autonavi.com/appmaptile?style=6&x=26&y=12&z=5",
		"tencent":       "https://p2.map.gtimg.com/sateTiles/5/1/1/26_19.jpg",
		"baidu":         "https://maponline2.bdimg.com/starpic/?qt=satepc&u=x=26;y=12;z=5;v=009;type=sate&fm=46",
		"google":        "https://tile.googleapis.com/v1/2dtiles/5/26/12?session=$GOOGLE_SESSION&key=$GOOGLE_KEY",
		"bing":          "https://ecn.t2.tiles.virtualearth.net/tiles/a13210.jpeg?g=1",
		"mapbox":        "https://api.mapbox.com/v4/mapbox.satellite/5/26/12@2x.jpg90?access_token=$MAPBOX_TOKEN",
		"maptiler":      "https://api.maptiler.com/tiles/satellite-v2/5/26/12.jpg?key=$MAPTILER_KEY",
	}
	entry := regexp.MustCompile(`(?m)^- \{name: (\w+), kind: xyz, url: "([^"]+)"(.*)$`)
	quoted := regexp.MustCompile(`subdomains: \[([^\]]*)\]`)
	found := entry.FindAllStringSubmatch(text, -1)
	if len(found) != len(want) {
		t.Errorf("%d entries, not %d", len(found), len(want))
	}
	for _, m := range found {
		var subdomains []string
		if s := quoted.FindStringSubmatch(m[3]); s != nil {
			subdomains = strings.Split(strings.ReplaceAll(s[1], `"`, ""), ", ")
		}
		u, err := parseTemplate(m[2], subdomains)
		if err != nil {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		if got := u.expand(maptile.New(26, 12, 5)); got != want[m[1]] {
			t.Errorf("%s: %s, not %s", m[1], got, want[m[1]])
		}
		if !strings.Contains(m[3], "attribution: ") || !strings.Contains(m[3], "max_zoom: ") {
			t.Errorf("%s: no attribution or zooms", m[1])
		}
	}
}
