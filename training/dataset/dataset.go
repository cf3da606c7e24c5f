// Package dataset makes, reads and checks data sets in SocioSeg's layout: a satellite picture, a map picture, a phrase and the
// mask of what the phrase means there. A data set is a folder: shards of Parquet with embedded pictures, or pictures as PNG files with
// an index, beside a README.md with the data card and dataset.json, which knows every file's hash.
package dataset

import (
	"errors"
	"fmt"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// The tiers, as SocioSeg names them.
const (
	Name     = "socio_name"
	Class    = "socio_class"
	Function = "socio_function"
)

// Tiers lists the tiers in the order of tables.
var Tiers = []string{Name, Class, Function}

// Splits lists the splits in the order of tables.
var Splits = []string{"train", "val", "test"}

// Row is one sample. Pictures and mask have one size, the window's, where the row has a window.
type Row struct {
	ID        string
	Problem   string // the phrase
	Map       []byte // PNG
	Satellite []byte // PNG or JPEG
	Mask      []byte // PNG of one channel: 255 is inside
	Tier      string
	Split     string

	Class    string // taxonomy class id, "" where nobody knows
	Function string // taxonomy function id
	Region   string // the ground that it is of
	Place    string // id of the place that is asked for, or of those joined by commas
	Window   geo.Window
	Labels   []Label // the map's, that lie in the window
	Labelled bool    // whether the map's labels are known: none, or none known

	Sources     []string
	Attribution string
	Licence     string
	Drawn       bool // the satellite picture was painted
	Novel       bool // its class is one that train has no sample of
}

// Label is a word of the map, at pixels of the picture.
type Label struct {
	Text  string  `json:"text"`
	Class string  `json:"class,omitempty"`
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
}

// Place is a place with its outline, as sources of outlines give it.
type Place struct {
	ID    string
	Name  string
	Class string           // taxonomy class id, "" where nobody knows
	Shape orb.MultiPolygon // WGS-84 degrees
	At    orb.Point        // where a map writes its name, WGS-84
	Cut   bool             // the data end within it: it is known to be there, but not its outline
}

// Sentinels of the package; test with errors.Is.
var (
	ErrSpec    = errors.New("not a usable order for a data set")
	ErrOther   = errors.New("the folder holds something else")
	ErrOutline = errors.New("not a usable outline")
	ErrSchema  = errors.New("not a data set's columns")
	ErrRow     = errors.New("not a usable row")
	ErrBroken  = errors.New("the data set is not as it was made")
	ErrEmpty   = errors.New("nothing could be asked for")
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
