package training

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"strconv"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// ErrZoom is a zoom that a ground cannot be asked at.
var ErrZoom = errors.New("its tiles do not reach that zoom")

// The zooms of a ground that have a name.
const (
	NativeZoom = "native" // the finest that the imagery has detail for
	NextZoom   = "next"   // one finer, for small places; where the tiles end before it, one coarser
)

// GroundZoom is the zoom of a name or number, in 256 px tiles, for imagery that shows some places (in degrees). An error wraps ErrZoom
// where the tiles do not reach it.
func GroundZoom(ctx context.Context, src tiles.Source, places []orb.Point, want string) (int, error) {
	coarsest, finest := reach(src.Info())
	if want != NativeZoom && want != NextZoom {
		z, err := strconv.Atoi(want)
		if err == nil && (z < coarsest || z > finest) {
			err = ErrZoom
		}
		if err != nil {
			return 0, &Error{Op: "zoom", Subject: want, Err: err, Hint: fmt.Sprintf("use %d to %d, %s or %s", coarsest, finest, NativeZoom, NextZoom)}
		}
		return z, nil
	}
	native, err := nativeZoom(ctx, src, places, coarsest, finest)
	switch {
	case err != nil || want == NativeZoom:
		return native, err
	case native < finest:
		return native + 1, nil
	}
	return max(coarsest, native-1), nil
}

// reach is the zooms in 256 px tiles that a source's tiles have pixels for: tiles of 512 px show one zoom more.
func reach(i tiles.Info) (coarsest, finest int) {
	finest = i.MaxZoom
	for edge := geo.TileSize; edge < i.TileSize; edge *= 2 {
		finest++
	}
	return i.MinZoom, finest
}

// enlarged is how much less detail than the zoom before a zoom has that was only enlarged. In pictures of the world each octave of
// detail is about as strong as the next (Field, Relations between the statistics of natural images, 1987), an enlarged one has hardly
// any. On Banepa and the eight real grounds of the bench zooms that were enlarged have 0.31 to 0.46, all others 0.63 or more.
const enlarged = 0.55

// nativeZoom goes from the finest zoom to coarser ones until one has detail of its own.
func nativeZoom(ctx context.Context, src tiles.Source, places []orb.Point, coarsest, finest int) (int, error) {
	const most = 12
	var looked []orb.Point
	for i := range min(most, len(places)) {
		looked = append(looked, places[i*len(places)/min(most, len(places))])
	}
	for z := finest; z > coarsest; z-- {
		fine, err := detail(ctx, src, looked, z, geo.TileSize)
		if err != nil {
			return 0, err
		}
		coarse, err := detail(ctx, src, looked, z-1, geo.TileSize/2)
		if err != nil {
			return 0, err
		}
		if fine >= enlarged*coarse {
			return z, nil
		}
	}
	return coarsest, nil
}

// detail is the root mean square of what a pixel differs from the mean of its neighbours left and right, and above and below, round
// some points. Holes are without any, at each zoom.
func detail(ctx context.Context, src tiles.Source, at []orb.Point, zoom, edge int) (float64, error) {
	sum, n := 0.0, 0.0
	for _, p := range at {
		c := geo.Project(p, zoom)
		img, _, err := tiles.Picture(ctx, src, geo.Window{Z: zoom, X: int(c[0]) - edge/2, Y: int(c[1]) - edge/2, W: edge, H: edge})
		if err != nil {
			return 0, err
		}
		for y := 1; y < edge-1; y++ {
			for x := 1; x < edge-1; x++ {
				here := 2 * luminance(img, x, y)
				across := here - luminance(img, x-1, y) - luminance(img, x+1, y)
				down := here - luminance(img, x, y-1) - luminance(img, x, y+1)
				sum, n = sum+across*across+down*down, n+8
			}
		}
	}
	return math.Sqrt(sum / max(1, n)), nil
}

// luminance is Rec. 601's, 0 to 255.
func luminance(img *image.RGBA, x, y int) float64 {
	p := img.Pix[img.PixOffset(x, y):]
	return 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
}
