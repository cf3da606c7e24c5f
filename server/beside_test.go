package server

import (
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// beside is a layer whose pictures lie beside the map.
type beside struct{ flat }

func (b beside) Info() tiles.Info {
	i := b.flat.Info()
	i.Datum, i.Offset = geo.GCJ02, [2]float64{3, -2.5}
	return i
}

// TestWhereLayersLie: TileJSON says how a layer's pictures are moved, where they are.
func TestWhereLayersLie(t *testing.T) {
	s := newServer(t, &seer{}, func(o *Options) { o.Layers = append(o.Layers, beside{flat{name: "beside"}}) })
	if a := get(t, s.URL+"/tiles/beside.json"); !strings.Contains(string(a.data), `"datum":"gcj02","offset":[3,-2.5]`) {
		t.Errorf("%s", a.data)
	}
	if a := get(t, s.URL+"/tiles/map.json"); strings.Contains(string(a.data), "datum") || strings.Contains(string(a.data), "offset") {
		t.Errorf("%s", a.data)
	}
}
