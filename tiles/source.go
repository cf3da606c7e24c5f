// Package tiles is pictures of the ground: sources of tiles, and the aligned pair of a satellite and a map picture on one
// window of the lattice.
package tiles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
)

// Source gives the picture of one tile at a time. It is safe for concurrent use.
type Source interface {
	// Info describes the layer. It does not change while the source is open.
	Info() Info
	// Tile is the picture of t. It wraps ErrNotFound where the source has none, ErrUpstream where it could not be asked.
	Tile(ctx context.Context, t maptile.Tile) (*Tile, error)
}

// Labeler is implemented by map sources that know their labels and need no OCR.
type Labeler interface {
	// Labels gives the labels whose anchor lies in the window, in a stable order.
	Labels(ctx context.Context, w geo.Window) ([]Label, error)
}

// Retina is implemented by sources that can draw a tile at a multiple of its size.
type Retina interface {
	// TileAt is Tile with scale times as many pixels an edge.
	TileAt(ctx context.Context, t maptile.Tile, scale int) (*Tile, error)
}

// Vectored is implemented by sources that are drawn from vector tiles and can pass those on.
type Vectored interface {
	// Vectors are the tiles that the source is drawn from; nil when it is drawn from something else.
	Vectors() Vectors
}

// Vectors are vector tiles as they are stored.
type Vectors interface {
	// Tile is a tile's bytes, gzipped or not. It wraps ErrNotFound where there are none.
	Tile(ctx context.Context, t maptile.Tile) ([]byte, error)
	// Describe gives the zooms that there are and TileJSON's vector_layers, nil where nobody said.
	Describe() (minZoom, maxZoom int, layers json.RawMessage)
}

// VectorsOf are the vector tiles that a source is drawn from, nil for none.
func VectorsOf(src Source) Vectors {
	for {
		c, ok := src.(interface{ Unwrap() Source })
		if !ok {
			break
		}
		src = c.Unwrap()
	}
	if v, ok := src.(Vectored); ok {
		return v.Vectors()
	}
	return nil
}

// Label is a place as a map shows it: a word at a point, and what the symbol beside it says.
type Label struct {
	Text  string            // the name as written; may be empty where only a symbol is drawn
	At    orb.Point         // the anchor, WGS-84 longitude and latitude in degrees
	Class string            // taxonomy class id, "" when unknown
	Among []string          // the classes that its symbol may stand for, where Class is unknown; nil when it has none or it is not known
	Tags  map[string]string // OSM tags when the map knows them
}

// Sign is a symbol of a map's legend.
type Sign struct {
	Classes []string     // taxonomy class ids
	Picture *image.NRGBA // as tiles show it, its place's point in the middle; pixels that are not opaque do not matter
	Crowded bool         // it stands for a place whose name has no room: a deeper zoom may tell it
}

// Info is what a client needs to know of a layer; the server writes it as TileJSON 3.0.0.
type Info struct {
	Name        string
	Kind        string // the kind of the source, as in the configuration
	Attribution string
	TileSize    int // pixels a tile's edge: 256 or 512
	MinZoom     int
	MaxZoom     int
	Bounds      orb.Bound // WGS-84 degrees
	Center      orb.Point // a good place to look at, WGS-84
	CenterZoom  int
	Format      Format
	Datum       geo.Datum  // what the source's tiles are drawn in
	Offset      [2]float64 // metres east and north to add to the source's pictures
	Version     string     // changes when the pictures do; part of every cache key
	Legend      []Sign     // what the symbols of a map mean, where that is known
	MayDerive   bool       // whether outlines made from it may be exported
}

// Holds says whether a tile is one of the grid and lies in the layer's zooms and bounds, which cross the antimeridian where their west
// exceeds their east.
func (i Info) Holds(t maptile.Tile) bool {
	if int(t.Z) < i.MinZoom || int(t.Z) > i.MaxZoom || t.X>>t.Z != 0 || t.Y>>t.Z != 0 {
		return false
	}
	b, own := i.Bounds, t.Bound()
	if i.Datum != "" && i.Datum != geo.WGS84 {
		const shift = 0.02 // degrees: more than any datum's
		own = own.Pad(shift)
	}
	if b.Min[0] <= b.Max[0] {
		return own.Intersects(b)
	}
	east, west := b, b
	east.Max[0], west.Min[0] = 180, -180
	return own.Intersects(east) || own.Intersects(west)
}

// Sentinels of the package; test with errors.Is.
var (
	ErrNotFound = errors.New("no such tile")
	ErrEmpty    = errors.New("nothing to show") // in place of ErrNotFound where the configuration wants it so
	ErrUpstream = errors.New("source failed")
	ErrPicture  = errors.New("not a usable picture")
	ErrConfig   = errors.New("source cannot be opened")
)

// Error says what was asked of which source, what went wrong and what to do.
type Error struct {
	Op      string // what was asked, "fetch tile" or "open source"
	Subject string // the source, and the tile where there is one; never a secret
	Err     error
	Hint    string    // what the reader can do about it
	Until   time.Time // of ErrNotFound: how long that may be remembered; zero for not at all
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }
