// Package exchange takes data sets of other layouts over into ours, and writes ours for trainers of others.
package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/training/dataset"
)

// Sentinels of the package; test with errors.Is.
var (
	ErrKind    = errors.New("no such kind")
	ErrSource  = errors.New("not a source of this kind")
	ErrColumns = errors.New("its columns are others")
	ErrPickle  = errors.New("a Python pickle, which can run any program when it is read")
	ErrOutput  = errors.New("the folder is not empty")
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

// Options is how a source is read. All of it but Workers and the like of dataset.Options changes the bytes.
type Options struct {
	Kind        string        `json:"kind"`
	Images      string        `json:"-"`     // folder of pictures; "" for where the source is
	Maps        string        `json:"-"`     // folder of map pictures for kinds that have none
	Tier        string        `json:"tier"`  // of rows that do not say theirs
	Split       string        `json:"split"` // of all rows, whatever the source says; "" for what it says
	Ratio       dataset.Ratio `json:"ratio"` // by which rows are dealt out that have no split
	Seed        uint64        `json:"seed"`
	Name        string        `json:"name"` // the rows' region
	Attribution string        `json:"attribution"`
	Licence     string        `json:"licence"`
	ShardRows   int           `json:"shard_rows"`
	Folder      bool          `json:"folder"`
}

// Kinds lists what can be taken over.
var Kinds = []string{"socioseg", "refcoco", "coco", "folder"}

// source is somebody's data set, looked through but for its pictures.
type source struct {
	parts []dataset.Part
	facts []any    // what tells it from any other
	about []string // for the data card
}

// Import makes a data set of a source, or goes on with one that was cut off. Rows that cannot be used are left out and listed in
// skipped.jsonl. Errors wrap ErrKind, ErrSource, ErrColumns, ErrPickle and those of dataset.Write.
func Import(ctx context.Context, dir, path string, o Options, more dataset.Options) (*dataset.Manifest, error) {
	open := map[string]func(context.Context, string, *Options) (*source, error){"socioseg": openSocioSeg, "refcoco": openRefCOCO, "coco": openCOCO, "folder": openFolder}[o.Kind]
	switch {
	case open == nil:
		return nil, &Error{Op: "import", Subject: path, Err: fmt.Errorf("%w: %q is none of %s", ErrKind, o.Kind, strings.Join(Kinds, ", "))}
	case o.Split != "" && !slices.Contains(dataset.Splits, o.Split):
		return nil, &Error{Op: "import", Subject: path, Err: fmt.Errorf("%w: split %q is none of %v", dataset.ErrSpec, o.Split, dataset.Splits)}
	case o.Ratio[0] < 0 || o.Ratio[1] < 0 || o.Ratio[2] < 0:
		return nil, &Error{Op: "import", Subject: path, Err: fmt.Errorf("%w: split %v", dataset.ErrSpec, o.Ratio)}
	case o.Tier != "" && !slices.Contains(dataset.Tiers, o.Tier):
		return nil, &Error{Op: "import", Subject: path, Err: fmt.Errorf("%w: tier %q is none of %v", dataset.ErrSpec, o.Tier, dataset.Tiers)}
	}
	if o.Ratio == (dataset.Ratio{}) {
		o.Ratio = dataset.DefaultRatio
	}
	if o.Name == "" {
		o.Name = o.Kind
	}
	s, err := open(ctx, path, &o)
	if err != nil {
		return nil, err
	}
	order := dataset.Order{Digest: digest(append([]any{o}, s.facts...)), Origin: fmt.Sprintf("%s, as %s", filepath.Base(path), o.Kind), ShardRows: o.ShardRows, Folder: o.Folder,
		Ground: dataset.GroundInfo{Name: o.Name, Sources: s.about, Attribution: o.Attribution, Licence: o.Licence}}
	return dataset.Write(ctx, dir, order, s.parts, more)
}

func digest(facts []any) string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, f := range facts {
		if err := e.Encode(f); err != nil {
			panic(err) // numbers and strings
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashOf is a file's SHA-256.
func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", badSource(path, ErrSource, "%v", err)
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

func badSource(path string, err error, format string, args ...any) error {
	return &Error{Op: "import", Subject: path, Err: err, Hint: fmt.Sprintf(format, args...)}
}

// listing is what is known of a source's rows, no more of each than what finds it again, by split.
type listing[T any] [3][]T

func (l *listing[T]) add(split int, row T) { l[split] = append(l[split], row) }

// parts gives the rows through load, one at a time.
func (l *listing[T]) parts(load func(T) dataset.Candidate) []dataset.Part {
	var out []dataset.Part
	for k, rows := range l {
		if len(rows) == 0 {
			continue
		}
		out = append(out, dataset.Part{Split: dataset.Splits[k], Rows: len(rows), Read: func(ctx context.Context, from, n int, yield func(dataset.Candidate) bool) {
			for _, r := range rows[from : from+n] {
				if ctx.Err() != nil || !yield(load(r)) {
					return
				}
			}
		}})
	}
	return out
}

// row is the beginning of every row.
func (o *Options) row(id, problem, tier, class, function string) *dataset.Row {
	r := &dataset.Row{ID: id, Problem: problem, Tier: tier, Class: class, Function: function, Region: o.Name, Place: id, Attribution: o.Attribution, Licence: o.Licence}
	o.classify(r)
	return r
}
