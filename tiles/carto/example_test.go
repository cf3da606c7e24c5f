package carto_test

import (
	"fmt"
	"log"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/carto"
)

func Example() {
	style, err := carto.NewStyle("basic")
	if err != nil {
		log.Fatal(err)
	}
	w := geo.TileWindow(maptile.At(orb.Point{85.521, 27.632}, 17))
	at := w.Bound().Center()
	features := []carto.Feature{{
		Kind: carto.Road, Class: "residential", Name: "School Road",
		Geometry: orb.LineString{{at[0] - 0.002, at[1]}, {at[0] + 0.002, at[1]}},
	}}
	labels := []tiles.Label{{Text: "Bagmati School", At: at, Class: "school"}}
	img := style.Paint(w, 2, features, labels)
	fmt.Println(img.Rect.Size())
	// Output: (512,512)
}
