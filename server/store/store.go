// Package store keeps what was found, so that a restart forgets nothing: what each scene answered, the outlines that scenes
// were joined to, and what people made of them. Open gives a store in one SQLite file; storetest holds what every backend
// must do.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
)

// Recipe is all that a scene's answer depends on besides the ground and the phrase.
type Recipe struct {
	Layers    []string `json:"layers"` // names and versions
	Mode      string   `json:"mode"`
	VLM       string   `json:"vlm"`
	Dialect   string   `json:"dialect"`
	Prompts   string   `json:"prompts"` // version of the templates
	Segmenter string   `json:"segmenter"`
	Sampling  string   `json:"sampling"`
}

// Question is a phrase asked in one way.
type Question struct {
	Phrase string
	Recipe Recipe
}

// Scene is what one look at one window answered. No instances say that it is known to be empty.
type Scene struct {
	Window    geo.Window
	Instances []Instance
	Reasoning string
	Detail    []byte // the trace as its owner writes it; the store does not look into it
	Made      time.Time
	Took      time.Duration
}

// Instance is one thing as a scene shows it.
type Instance struct {
	Mask   *geo.Mask // on the lattice of the scene's window
	Score  float64
	Name   string
	Class  string
	Anchor *orb.Point // global pixel, as in geo.Instance
}

// Run is one time that a scene was looked at.
type Run struct {
	Made      time.Time
	Took      time.Duration
	Instances int
}

// Feature is an outline with a stable id.
type Feature struct {
	ID         int64 // 0 < ID < 2⁵³, never given twice
	Phrase     string
	Shape      orb.MultiPolygon // global pixels at Zoom; whole numbers for what Trace made
	Zoom       int
	Name       string
	Tier       string
	Class      string
	Function   string
	Score      float64 // 0–1
	AreaM2     float64 // geodesic
	Scenes     []string
	Model      string
	Reasoning  string
	Sources    []string
	MergedFrom []int64
	Created    time.Time
	Updated    time.Time
	Verdict    string
	Edited     bool  // by a person: later runs leave it alone
	Version    int64 // rises with each change; what If-Match compares
}

// EditZoom is the lattice that outlines drawn by people are kept on: below a millimetre, so that seven decimals of a degree
// come back as they were given.
const EditZoom = 28

// Geometry is the outline in WGS-84 degrees; longitudes run on past ±180° where it crosses the antimeridian.
func (f *Feature) Geometry() orb.MultiPolygon {
	return project.MultiPolygon(f.Shape.Clone(), func(p orb.Point) orb.Point { return geo.Unproject(p, f.Zoom) })
}

// SetGeometry takes an outline in WGS-84 degrees.
func (f *Feature) SetGeometry(mp orb.MultiPolygon) {
	f.Zoom = EditZoom
	f.Shape = project.MultiPolygon(mp.Clone(), func(p orb.Point) orb.Point { return geo.Project(p, EditZoom) })
}

// Query asks for features of one phrase.
type Query struct {
	Phrase   string
	Bound    *orb.Bound        // whose bounding boxes meet it, WGS-84 degrees; a west above the east crosses the antimeridian
	Where    map[string]string // equal to: name, tier, class, function, model, verdict
	From, To time.Time         // updated within, both ends included; zero is open
	Limit    int               // 100 when zero, at most MaxLimit
	After    string            // the Next of the page before
	Offset   int               // features to skip, at most MaxOffset
}

// How much one page may ask for.
const (
	MaxLimit  = 10_000
	MaxOffset = 100_000
)

// Page is some features in the order of their ids, or of their updates if the query has times, and where the next page begins.
type Page struct {
	Features []Feature
	Next     string // "" on the last page
}

// Collection is a phrase that has results.
type Collection struct {
	ID         string // slug of the phrase and a short hash
	Phrase     string
	Count      int
	AreaM2     float64
	Extent     orb.Bound // WGS-84 degrees; grows with what is added and shrinks only when nothing is left
	Generation int64     // rises with each change
	Updated    time.Time
}

// Stats sums features up.
type Stats struct {
	Count   int
	AreaM2  float64
	Classes []ClassStats // the most frequent first
	Capped  bool         // there are more than were counted
}

// ClassStats is one bar of the histogram.
type ClassStats struct {
	Class  string
	Count  int
	AreaM2 float64
}

// Change is what a feature was before something changed it.
type Change struct {
	Version int64  // of what was
	Op      string // run, merge, lost, create, replace, delete, verdict, undo: what happened to it then
	By      string // who, "" for a run
	At      time.Time
	Was     Feature
}

// Edit says who changes which version.
type Edit struct {
	By    string
	Match int64 // the version that the change was made from; 0 for whichever
}

// Scenes keeps what scenes answered.
type Scenes interface {
	// PutScene keeps an answer; the same answer twice is one run, another replaces it and adds to its history.
	PutScene(ctx context.Context, q Question, s Scene) error
	// Scenes gives those of the windows that are known.
	Scenes(ctx context.Context, q Question, windows []geo.Window) (map[geo.Window]Scene, error)
	// Runs is the history of a window, the newest first.
	Runs(ctx context.Context, q Question, w geo.Window) ([]Run, error)
}

// Features keeps and finds outlines.
type Features interface {
	// Sync takes what a run found on some ground. See Store for which ids they get.
	Sync(ctx context.Context, phrase string, ground []geo.Window, found []Feature) ([]Feature, error)
	// Find gives a page of features.
	Find(ctx context.Context, q Query) (Page, error)
	// Feature is one feature; ErrNotFound when it is not there any more.
	Feature(ctx context.Context, id int64) (Feature, error)
}

// Tiles gives what a tile shows.
type Tiles interface {
	// Tile is what reaches a tile or its buffer and is large enough to be seen there, at most limit, in the order of their ids.
	// Shapes are on the lattice of zoom tile.Z+4, whose pixels are the units of a vector tile; Reasoning, Scenes and Sources are left out.
	Tile(ctx context.Context, phrase string, tile maptile.Tile, limit int) ([]Feature, error)
	// Generation changes whenever what a tile shows may have; 0 where nothing ever was.
	Generation(ctx context.Context, phrase string, tile maptile.Tile) (int64, error)
}

// Edits is what people do. ErrConflict when the feature is not of the version that Edit matches.
type Edits interface {
	Create(ctx context.Context, f Feature, e Edit) (Feature, error)
	// Change replaces a feature by what the function makes of it; only its outline, names and verdict are taken.
	Change(ctx context.Context, id int64, e Edit, change func(*Feature) error) (Feature, error)
	// Delete takes a feature away; later runs do not bring it back.
	Delete(ctx context.Context, id int64, e Edit) error
	// Undo gives a feature back what it was before its last change, deletion included.
	Undo(ctx context.Context, id int64, e Edit) (Feature, error)
	// History is what a feature was before each change, the newest first.
	History(ctx context.Context, id int64) ([]Change, error)
}

// Catalogue sums up what is there.
type Catalogue interface {
	// Collections are the phrases that have results, in the order of their ids, after one of them.
	Collections(ctx context.Context, after string, limit int) ([]Collection, error)
	// Collection finds one by its phrase or its id.
	Collection(ctx context.Context, name string) (Collection, error)
	// Count is how many features a query has, its paging left out; at most limit.
	Count(ctx context.Context, q Query, limit int) (int, error)
	// Stats sums up a phrase, or what of it meets a bound, up to a limit.
	Stats(ctx context.Context, phrase string, bound *orb.Bound, limit int) (Stats, error)
	// KnownScenes counts the scenes of a question whose middle lies in a bound.
	KnownScenes(ctx context.Context, q Question, bound orb.Bound) (int, error)
	// Purge forgets the scenes and outlines of a phrase whose middle lies in a bound, everywhere when that is nil, and says how
	// many. What people drew or took away stays.
	Purge(ctx context.Context, phrase string, bound *orb.Bound) (scenes, features int, err error)
}

// Store is a whole backend. It is safe for concurrent use; what it has acknowledged survives the end of the process.
//
// An outline gets its id once. Sync takes a found outline for a kept one of the same phrase when their pixels have an IoU of
// at least 0.5, or at least 0.8 of the smaller lies in the larger. Of several kept outlines in one found, the oldest stays
// and lists the others in MergedFrom; of several found in one kept, the one most like it keeps the id. What a person edited
// or took away stands: found outlines that are the same are dropped. Kept outlines whose middle lies on the ground and that
// were not found again go, and come back with their id when they are found later.
type Store interface {
	Scenes
	Features
	Tiles
	Edits
	Catalogue
	Close() error
}

// Sentinels of the package; test with errors.Is.
var (
	ErrNotFound = errors.New("not there")
	ErrConflict = errors.New("somebody else changed it")
	ErrInput    = errors.New("not usable")
	ErrNewer    = errors.New("written by a newer Precinct")
)

// Error says what was asked, what went wrong and what to do.
type Error struct {
	Op      string
	Subject string
	Err     error
	Hint    string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }
