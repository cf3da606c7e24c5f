package formats_test

import (
	"fmt"

	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
)

// A mask becomes an outline and a label in the tile that it lies in; the neighbour has nothing to show.
func ExampleEncodeMVT() {
	tile := maptile.New(96_679, 54_872, 17)
	w := geo.TileWindow(tile)
	m := geo.NewMask(geo.Window{Z: 17, X: w.X + 100, Y: w.Y + 100, W: 2, H: 2})
	m.SetRun(0, 0, 2)
	m.SetRun(1, 0, 1)
	aoi := formats.Layer{Name: "aoi", Lattice: 17, Features: []formats.Feature{{
		Num: 1, Geometry: geo.Trace(m), Properties: []formats.Property{{Key: "name", Value: "Banepa Bus Park"}},
	}}}
	data, err := formats.EncodeMVT(tile, aoi, formats.Labels("aoi_label", aoi))
	if err != nil {
		fmt.Println(err)
		return
	}
	layers, err := mvt.Unmarshal(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range layers {
		fmt.Println(l.Name, l.Features[0].Properties["name"], l.Features[0].Geometry)
	}
	data, err = formats.EncodeMVT(maptile.New(tile.X+1, tile.Y, tile.Z), aoi)
	fmt.Println(len(data), err)
	// Output:
	// aoi Banepa Bus Park [[[1632 1600] [1632 1616] [1616 1616] [1616 1632] [1600 1632] [1600 1600] [1632 1600]]]
	// aoi_label Banepa Bus Park [1609 1609]
	// 0 <nil>
}
