// Package search finds places by name, as Nominatim does, https://nominatim.org/release-docs/latest/api/Search/: an index
// built from map extracts answers without any network. It also splits "schools in Banepa" into what is sought and where.
package search

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paulmach/orb"
)

// Limits on one question.
const (
	MaxQuery = 256 // characters
	maxWords = 12  // further ones are not looked at
	MaxLimit = 40  // places, as Nominatim has it
	MaxTime  = 100 * time.Millisecond
)

var (
	// ErrQuery is a question that cannot be understood.
	ErrQuery = errors.New("bad query")
	// ErrNotReady says that the first index is still being built.
	ErrNotReady = errors.New("the index of places is being built")
	// ErrSource is a map that cannot be read.
	ErrSource = errors.New("no places to read")
	// ErrUpstream is a Nominatim that failed.
	ErrUpstream = errors.New("upstream failed")
)

// Error says what failed and what to do.
type Error struct {
	Op, Subject string
	Err         error
	Hint        string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Entry is a thing with a name or an address, as a source has it.
type Entry struct {
	Type     string            // "node", "way", "relation"; "" where the source does not know
	ID       int64             // OSM's, 0 where the source does not know
	Tags     map[string]string // OSM's: name, name:xx, addr:street, place, amenity, …
	Geometry orb.Geometry      // WGS-84 degrees
}

// Source is what an index is built from: a file, or the made-up town's names.
type Source interface {
	// Version changes when the entries do; it begins with what tells the source from others.
	Version() (string, error)
	// Entries calls each until it fails.
	Entries(ctx context.Context, each func(Entry) error) error
}

// Place is a thing that was found.
type Place struct {
	PlaceID    int64 // of this index only
	Type       string
	ID         int64
	At         orb.Point
	Bound      orb.Bound
	Key, Value string // the tag that says what it is: amenity, school
	Importance float64
	Tags       map[string]string
	Address    map[string]string // city, suburb, … around it, as in Nominatim's address

	Match    float64 // 0 to 1: how well its name answers
	score    float64
	geometry []byte
}

// Query is a question. Only Text is needed.
type Query struct {
	Text      string
	Limit     int        // 0 is 10
	Viewbox   *orb.Bound // preferred, or with Bounded the only ground
	Bounded   bool
	Focus     *orb.Point // what lies nearer comes first
	Countries []string   // two letters; places whose country is not known are kept
}
