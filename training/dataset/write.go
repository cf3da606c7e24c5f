package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"slices"

	"github.com/precinct-map/precinct/geo"
)

// Order is what Write has to know of rows that are taken over from elsewhere.
type Order struct {
	Digest    string // tells their sources and the way they are read from any other: a data set goes on under the same only
	Origin    string // for the data card: what they were
	Ground    GroundInfo
	ShardRows int
	Folder    bool
}

// Part is a run of rows of one split, which can be read from any of them on.
type Part struct {
	Split string
	Rows  int
	Read  func(ctx context.Context, from, n int, yield func(Candidate) bool)
}

// Candidate is a row to be taken over. An error that wraps ErrRow leaves it out, any other ends the work.
type Candidate struct {
	Row   *Row
	Where string // file and row, for the list of what was left out
	Err   error
}

// Fault is what is wrong with a row: the reason is the same for all rows of its kind. It wraps ErrRow.
type Fault struct{ Reason, Detail string }

func (f *Fault) Error() string {
	if f.Detail == "" {
		return fmt.Sprintf("%v: %s", ErrRow, f.Reason)
	}
	return fmt.Sprintf("%v: %s: %s", ErrRow, f.Reason, f.Detail)
}

func (f *Fault) Unwrap() error { return ErrRow }

// Write makes a data set of rows from elsewhere, or goes on with one that was cut off. Rows that are not usable are left out and told in
// skipped.jsonl. Pictures stay as they are, byte by byte; masks that are not 0 and 255 in one channel are written anew so. The same parts
// give the same bytes. Errors wrap ErrOther, ErrSpec and ErrEmpty.
func Write(ctx context.Context, dir string, o Order, parts []Part, options Options) (*Manifest, error) {
	if o.ShardRows < 1 {
		return nil, &Error{Op: "import", Subject: dir, Err: fmt.Errorf("%w: %d rows a shard", ErrSpec, o.ShardRows)}
	}
	if options.Workers <= 0 {
		options.Workers = runtime.GOMAXPROCS(0)
	}
	if options.Progress == nil {
		options.Progress = func(int, int) {}
	}
	t := &taking{parts: parts, options: options}
	t.pack(o.ShardRows)
	w := &making{op: "import", dir: dir, digest: o.Digest, folder: o.Folder, shards: t.shards,
		planned: func(left []string) {
			if options.Planned != nil {
				options.Planned(t.rows, left)
			}
		},
		there: func(s shard) { t.done += s.rows },
		fill:  func(n int, out sink, into *part) error { return t.fill(ctx, t.pieces[n], out, into) },
		tell:  func(m *Manifest) { m.Origin, m.Grounds = o.Origin, []GroundInfo{o.Ground} }}
	return w.run()
}

// taking takes rows over.
type taking struct {
	parts   []Part
	options Options
	shards  []shard
	pieces  [][]piece // by shard
	rows    int
	done    int
}

// piece is some rows of a part.
type piece struct {
	part    Part
	from, n int
}

// pack cuts the parts of each split into shards.
func (t *taking) pack(shardRows int) {
	for k, split := range Splits {
		first := len(t.shards)
		room := 0
		for _, p := range t.parts {
			for from := 0; p.Split == split && from < p.Rows; {
				if room == 0 {
					t.shards = append(t.shards, shard{split: int8(k), number: len(t.shards) - first})
					t.pieces = append(t.pieces, nil)
					room = shardRows
				}
				n, last := min(room, p.Rows-from), len(t.shards)-1
				t.pieces[last] = append(t.pieces[last], piece{p, from, n})
				t.shards[last].rows += n
				room, from, t.rows = room-n, from+n, t.rows+n
			}
		}
		for i := range t.shards[first:] {
			t.shards[first+i].of = len(t.shards) - first
		}
	}
}

// fill takes over the rows of a shard; they are checked beside each other.
func (t *taking) fill(ctx context.Context, pieces []piece, out sink, into *part) error {
	candidates := func(yield func(Candidate) bool) {
		for _, p := range pieces {
			more := true
			p.part.Read(ctx, p.from, p.n, func(c Candidate) bool { more = yield(c); return more })
			if !more {
				return
			}
		}
	}
	check := func(_ context.Context, c Candidate) (Candidate, error) {
		if c.Err == nil {
			c.Err = c.Row.canonical()
		}
		if c.Err != nil && !errors.Is(c.Err, ErrRow) {
			return c, c.Err
		}
		return c, nil
	}
	return inOrder(ctx, t.options.Workers, candidates, check, func(c Candidate) (bool, error) {
		t.done++
		t.options.Progress(t.done, t.rows)
		if c.Err == nil {
			return true, into.write(out, c.Row)
		}
		into.Skipped = append(into.Skipped, skipOf(c))
		return true, nil
	})
}

func skipOf(c Candidate) Skip {
	s := Skip{Row: c.Where, Reason: c.Err.Error()}
	if c.Row != nil {
		s.Region, s.Place, s.Name = c.Row.Region, c.Row.ID, c.Row.Problem
	}
	var f *Fault
	if errors.As(c.Err, &f) {
		s.Reason, s.Detail = f.Reason, f.Detail
	}
	return s
}

// Check is an error that wraps ErrRow where a row cannot be used: a picture that does not decode or fit, an empty mask, no phrase, no tier.
func (r *Row) Check() error {
	_, err := r.check()
	return err
}

func (r *Row) check() (*geo.Mask, error) {
	_, _, mask, err := r.Pictures()
	switch {
	case err != nil:
		return nil, err
	case mask.Count() == 0:
		return nil, &Fault{Reason: "its mask is empty"}
	case r.Problem == "":
		return nil, &Fault{Reason: "it has no phrase"}
	case !slices.Contains(Tiers, r.Tier):
		return nil, &Fault{"its tier is unknown", fmt.Sprintf("%q is none of %v", r.Tier, Tiers)}
	}
	return mask, nil
}

// canonical checks a row and makes its mask 0 and 255 in one channel where it is not.
func (r *Row) canonical() error {
	mask, err := r.check()
	if err != nil {
		return err
	}
	img, format, err := image.Decode(bytes.NewReader(r.Mask))
	if err != nil {
		return err
	}
	if grey, ok := img.(*image.Gray); ok && format == "png" && !slices.ContainsFunc(grey.Pix, func(v uint8) bool { return v != 0 && v != 255 }) {
		return nil
	}
	r.Mask = MaskPNG(mask)
	return nil
}
