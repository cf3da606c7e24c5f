package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// making is a data set's folder while it is filled, one shard after the other: a shard that is there is not made again.
type making struct {
	op, dir string
	digest  string // tells the work from any other
	folder  bool
	shards  []shard
	planned func(left []string)                     // told once which shards are to be made
	fill    func(n int, out sink, into *part) error // writes the n-th shard's rows and counts them
	there   func(s shard)                           // told of each shard that was there
	tell    func(m *Manifest)                       // says what the manifest has besides rows and files
}

// run makes what is not there yet and puts the data set together. The error of a full disk says what to do.
func (w *making) run() (*Manifest, error) {
	m, err := w.all()
	if errors.Is(err, syscall.ENOSPC) {
		err = &Error{Op: w.op, Subject: w.dir, Err: err, Hint: "make room, and give the same command again: it goes on where it stopped"}
	}
	return m, err
}

func (w *making) all() (*Manifest, error) {
	if m, err := ReadManifest(w.dir); err == nil {
		if m.Digest != w.digest {
			return nil, &Error{Op: w.op, Subject: w.dir, Err: fmt.Errorf("%w: a data set of another order or of other sources", ErrOther), Hint: "name another folder, or remove this one"}
		}
		return m, nil
	}
	if err := usable(w.op, w.dir); err != nil {
		return nil, err
	}
	work := filepath.Join(w.dir, workFolder)
	if err := w.begin(work); err != nil {
		return nil, err
	}
	w.planned(w.left(work))
	var made []*part
	for n, s := range w.shards {
		p, err := w.shard(work, n, s)
		if err != nil {
			return nil, err
		}
		made = append(made, p)
	}
	return w.finish(made)
}

// usable is an error where a folder holds what is neither a data set nor the beginning of one.
func usable(op, dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return &Error{Op: op, Subject: dir, Err: err}
	}
	for _, name := range []string{workFolder, manifestName} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return nil
		}
	}
	return &Error{Op: op, Subject: dir, Err: ErrOther, Hint: "name an empty or a new folder"}
}

// begin makes the folder, or finds that it was begun for the same.
func (w *making) begin(work string) error {
	if err := os.MkdirAll(work, 0o755); err != nil {
		return &Error{Op: w.op, Subject: w.dir, Err: err}
	}
	mark := filepath.Join(work, "plan")
	old, err := os.ReadFile(mark)
	if err != nil {
		return writeWhole(mark, []byte(w.digest))
	}
	if string(old) != w.digest {
		return &Error{Op: "go on with", Subject: w.dir, Err: fmt.Errorf("%w: it was begun with another order, or its sources have changed since", ErrOther),
			Hint: "give the command that began it, or remove the folder"}
	}
	return nil
}

// left are the shards that are not made yet.
func (w *making) left(work string) []string {
	var out []string
	for _, s := range w.shards {
		if _, err := readPart(work, s); err != nil {
			out = append(out, s.name())
		}
	}
	return out
}

// shard makes a shard, or takes it as it is.
func (w *making) shard(work string, n int, s shard) (*part, error) {
	if p, err := readPart(work, s); err == nil {
		w.there(s)
		return p, nil
	}
	out, err := w.open(work, s)
	if err != nil {
		return nil, err
	}
	p := &part{Strata: map[string]int{}}
	if err := w.fill(n, out, p); err != nil {
		out.Abandon()
		return nil, err
	}
	return p, out.Finish(p)
}

func (w *making) open(work string, s shard) (sink, error) {
	if w.folder {
		return openFolderShard(w.dir, work, s)
	}
	return openParquetShard(w.dir, work, s)
}

// finish puts together what the shards left, and removes what only a cut-off build needs.
func (w *making) finish(made []*part) (*Manifest, error) {
	m := newManifest(w.folder)
	m.Digest = w.digest
	w.tell(m)
	var skips []Skip
	for i, s := range w.shards {
		p := made[i]
		m.count(Splits[s.split], p)
		skips = append(skips, p.Skipped...)
		for _, skip := range p.Skipped {
			m.Skipped[skip.Reason]++
		}
		if !w.folder {
			m.Files = append(m.Files, File{Name: "data/" + s.name() + ".parquet", Split: Splits[s.split], Rows: p.Rows, Bytes: p.Bytes, SHA256: p.SHA256})
		}
	}
	if w.folder {
		files, err := joinIndex(w.dir, w.shards)
		if err != nil {
			return nil, err
		}
		m.Files = append(m.Files, files...)
	}
	if m.Total() == 0 {
		return nil, &Error{Op: w.op, Subject: w.dir, Err: fmt.Errorf("%w: %s", ErrEmpty, reasons(m.Skipped))}
	}
	if err := m.write(w.dir, skips); err != nil {
		return nil, err
	}
	return m, os.RemoveAll(filepath.Join(w.dir, workFolder))
}

// part is what is known of a shard that was made.
type part struct {
	Rows    int            `json:"rows"`
	Bytes   int64          `json:"bytes"`
	SHA256  string         `json:"sha256"` // of the shard's file; of a folder's, of its part of the index
	Strata  map[string]int `json:"strata"`
	Skipped []Skip         `json:"skipped"`
}

// write hands a row to the sink and counts it.
func (p *part) write(out sink, r *Row) error {
	if err := out.Write(r); err != nil {
		return err
	}
	p.Rows++
	p.Strata[r.Tier]++
	p.Strata[r.Tier+"/"+r.Class]++
	return nil
}
