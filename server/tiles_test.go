package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/tiles"
)

func TestLayers(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	var list struct{ Layers []map[string]string }
	if err := json.Unmarshal(get(t, s.URL+"/tiles").data, &list); err != nil || len(list.Layers) != 2 || list.Layers[0]["id"] != "satellite" {
		t.Fatalf("%v %v", list, err)
	}
	var doc tileJSON
	if err := json.Unmarshal(get(t, list.Layers[0]["tilejson"]).data, &doc); err != nil || doc.TileJSON != "3.0.0" || doc.Center != [3]float64{8, 47, 3} || doc.Attribution != "© satellite" {
		t.Fatalf("%+v %v", doc, err)
	}
	u := strings.NewReplacer("{z}", "3", "{x}", "2", "{y}", "1").Replace(doc.Tiles[0])
	for suffix, size := range map[string]int{".png": 256, ".jpg": 256, ".webp": 256, "@2x.png": 512} {
		a := get(t, strings.TrimSuffix(u, ".png")+suffix)
		tile, err := tiles.EncodedTile(a.data)
		if a.StatusCode != 200 || err != nil {
			t.Fatalf("%s: %d %v", suffix, a.StatusCode, err)
		}
		img, err := tile.Image()
		if err != nil || img.Rect.Dx() != size || img.Pix[1] < 85 || img.Pix[1] > 95 {
			t.Errorf("%s: %v, %v", suffix, img.Rect, err)
		}
	}
}

// TestTilesByStandards: WMTS by keys and OGC API Tiles give what /tiles and /aoi give, and each request is one.
func TestTilesByStandards(t *testing.T) {
	s := newServer(t, &seer{}, nil)
	outlines := get(t, s.URL+"/aoi/school/"+homePath+".mvt")
	for path, want := range map[string]answer{
		"/wmts?service=WMTS&request=GetTile&version=1.0.0&layer=map&style=default&format=image/jpeg&tilematrixset=GoogleMapsCompatible&tilematrix=3&tilerow=1&tilecol=2": get(t, s.URL+"/tiles/map/3/2/1.jpg"),
		fmt.Sprintf("/ogc/collections/school/tiles/WebMercatorQuad/17/%d/%d", home.Y, home.X):                                                                            outlines,
	} {
		a := get(t, s.URL+path)
		if a.StatusCode != 200 || string(a.data) != string(want.data) || a.Header.Get("ETag") != want.Header.Get("ETag") || a.Header.Get("Content-Type") != want.Header.Get("Content-Type") {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
	}
	if a := get(t, s.URL+"/wmts?request=GetTile&layer=nowhere&format=image/png&tilematrixset=x&tilematrix=0&tilerow=0&tilecol=0"); a.StatusCode != 400 || !strings.Contains(string(a.data), "ExceptionReport") {
		t.Errorf("%d %s", a.StatusCode, a.data)
	}
	metrics := string(get(t, s.URL+"/metrics").data)
	if !strings.Contains(metrics, `precinct_http_requests_total{method="GET",route="/ogc/*",status="200"} 1`) || !strings.Contains(metrics, `precinct_http_requests_total{method="GET",route="/aoi/:query/:z/:x/:file",status="200"} 1`) {
		t.Error(metrics)
	}
}
