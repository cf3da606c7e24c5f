// Package ogc is what a GIS asks for by the standards of the Open Geospatial Consortium: OGC API Features, Tiles and
// Processes under /ogc, and the capabilities of WMTS 1.0.0 under /wmts. It shows what a store holds and starts runs; it
// makes no pictures and no tiles itself. docs/ogc.md lists the conformance classes.
package ogc

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/server/store"
)

// Options is what is served. Features and Catalogue are needed; without the others their part is left out.
type Options struct {
	Features  Features
	Catalogue Catalogue
	Edits     Edits       // with MayEdit: create, replace and delete of features
	MayEdit   MayDo       // who may edit; nil for nobody
	Jobs      Jobs        // OGC API Processes
	MayRun    MayDo       // who may start and dismiss jobs; nil for everybody
	Tile      TileFunc    // OGC API Tiles
	Layers    LayersFunc  // WMTS, and the first is the ground of the maps on pages
	Picture   PictureFunc // GetTile of WMTS by key and value; without it WMTS is RESTful only
	// Phrase makes a phrase from outside usable or says what is wrong with it; nil takes what is not empty.
	Phrase func(string) (string, error)

	Title   string // of the service; "Precinct" when empty
	Leaflet string // path of the folder with leaflet.js and leaflet.css, as "/vendor/leaflet/"; "" for pages without maps

	PublicURL      string // base of all links; "" takes it from each request
	MaxBody        int64  // bytes that a request may send; 16 MiB when zero
	TrustForwarded bool   // whether X-Forwarded-Proto, -Host and -Prefix are believed
	Log            *slog.Logger
}

// Features finds outlines; a store.Store does.
type Features interface {
	Find(ctx context.Context, q store.Query) (store.Page, error)
	Feature(ctx context.Context, id int64) (store.Feature, error)
}

// Catalogue lists and counts them; a store.Store does.
type Catalogue interface {
	Collections(ctx context.Context, after string, limit int) ([]store.Collection, error)
	Collection(ctx context.Context, name string) (store.Collection, error)
	Count(ctx context.Context, q store.Query, limit int) (int, error)
}

// Edits changes them; a store.Store does.
type Edits interface {
	Create(ctx context.Context, f store.Feature, e store.Edit) (store.Feature, error)
	Change(ctx context.Context, id int64, e store.Edit, change func(*store.Feature) error) (store.Feature, error)
	Delete(ctx context.Context, id int64, e store.Edit) error
}

// MayDo says who sends a request, or an error when they may not do what they ask for: a *problem.Problem is answered as it is, any other
// as 403.
type MayDo func(r *http.Request) (by string, err error)

// TileFunc answers a request for a vector tile of a phrase; the tile is one of the grid.
type TileFunc func(w http.ResponseWriter, r *http.Request, phrase string, t maptile.Tile)

// PictureFunc answers a request for a tile of a layer in one of its formats; the tile is one of the grid.
type PictureFunc func(w http.ResponseWriter, r *http.Request, layer, format string, t maptile.Tile)

// LayersFunc gives the layers as they are now.
type LayersFunc func() []Layer

// Layer is a layer of pictures on the XYZ grid.
type Layer struct {
	ID          string
	Title       string // ID when empty
	Attribution string
	Template    string    // path with {z}, {x}, {y} and {ext}, as "/tiles/sat/{z}/{x}/{y}.{ext}"
	Formats     []string  // what {ext} may be: png, jpg, webp; the first is the one to prefer
	Bounds      orb.Bound // WGS-84 degrees
	MinZoom     int
	MaxZoom     int
	TileSize    int // pixels a tile's edge; 256 when zero
}

// Order is what a run is asked to do.
type Order struct {
	Phrase string
	Mode   string
	Bound  [4]float64 // west, south, east, north in degrees
	By     string
}

// JobState is how a run stands, in the words of OGC API Processes.
type JobState string

// The states.
const (
	Accepted   JobState = "accepted"
	Running    JobState = "running"
	Successful JobState = "successful"
	Failed     JobState = "failed"
	Dismissed  JobState = "dismissed"
)

// Job is a run and how far it is.
type Job struct {
	ID                  int64
	Order               Order
	State               JobState
	Done, Failed, Total int  // scenes
	Counted             bool // whether Total is known
	Created, Updated    time.Time
}

// ended says that nothing more comes.
func (j *Job) ended() bool { return j.State != Accepted && j.State != Running }

// Event is something that happened to a run; its ids rise.
type Event struct {
	ID   int64
	Kind string
	Data any // sent as JSON
}

// JobReader shows runs. Their errors wrap ErrNotFound and ErrInput where that is what is wrong.
type JobReader interface {
	Show(ctx context.Context, id int64) (Job, error)
	// List is the runs below an id, 0 for all, the newest first.
	List(ctx context.Context, before int64, limit int) ([]Job, error)
	// Events yields what happens to a run after an event until the run or the context ends.
	Events(ctx context.Context, id, after int64) iter.Seq2[Event, error]
}

// Jobs also starts and ends them.
type Jobs interface {
	JobReader
	Start(ctx context.Context, o Order) (Job, error)
	Cancel(ctx context.Context, id int64) (Job, error)
	Remove(ctx context.Context, id int64) error // of one that has ended
}

// Sentinels that Jobs and Phrase wrap.
var (
	ErrNotFound = errors.New("not there")
	ErrInput    = errors.New("not usable")
)

// Handler answers every path below /ogc and /wmts.
func Handler(o Options) http.Handler {
	if o.Title == "" {
		o.Title = "Precinct"
	}
	if o.MaxBody == 0 {
		o.MaxBody = 16 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{Options: o}
	s.operations = s.table()
	s.api = s.openAPI()
	// One encoding, so that one suffix tells its validators from those of the plain bodies.
	pack, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.EnableZstd(false), gzhttp.SuffixETag(packed))
	if err != nil {
		panic(err) // the options above are constants
	}
	mux := http.NewServeMux()
	byPath := map[string]map[string]*operation{}
	for i := range s.operations {
		op := &s.operations[i]
		if byPath[op.path] == nil {
			byPath[op.path] = map[string]*operation{}
		}
		byPath[op.path][op.method] = op
	}
	for path, methods := range byPath {
		var h http.Handler = s.dispatch(methods)
		if get := methods[http.MethodGet]; get == nil || !get.raw {
			h = pack(h)
		}
		mux.Handle(path, h)
	}
	mux.Handle("/ogc/{$}", pack(s.dispatch(byPath["/ogc"])))
	mux.Handle("/", s.dispatch(nil))
	return mux
}

type service struct {
	Options
	operations []operation
	api        map[string]any // OpenAPI 3.0 without servers
}
