package server

import (
	"encoding/json"
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
