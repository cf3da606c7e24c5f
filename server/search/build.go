package search

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	_ "modernc.org/sqlite" // the driver, with FTS5 and R-tree
)

// schema: places are numbered from the most important on, so that the first hits of any match are the best ones and a common
// word need not be sorted. letter holds each word under the forms that a slip of one letter leaves of it.
const schema = `
create table place(id integer primary key, type text, osm_id integer, lon real, lat real, w real, s real, e real, n real,
	key text, value text, importance real, tags text, address text, geometry blob);
create table name(folded text, id integer, primary key(folded, id)) without rowid;
create virtual table words using fts5(name, address, content='', columnsize=0, prefix='1 2 3', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mc'");
create virtual table box using rtree(id, w, e, s, n);
create table letter(form text, word text, n integer, primary key(form, word)) without rowid;`

// format is part of an index's file name: another version builds its own.
const format = "1"

type item struct {
	Entry
	at         orb.Point
	key, value string
	importance float64
}

// build writes an index into a new file at path, or none.
func build(ctx context.Context, path string, sources []Source, progress func(done, total int)) error {
	var all []Entry
	for _, s := range sources {
		err := s.Entries(ctx, func(e Entry) error {
			if b := e.Geometry.Bound(); b.Min[0] >= -180 && b.Max[0] <= 180 && b.Min[1] >= -90 && b.Max[1] <= 90 {
				all = append(all, e)
			}
			if len(all)%1000 == 0 {
				progress(len(all), 0)
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	all = join(all)
	around := newSurroundings(all)
	items := make([]item, len(all))
	for i, e := range all {
		k, v := mainTag(e.Tags)
		items[i] = item{e, anchor(e.Geometry), k, v, importance(k, v, e.Tags, e.Geometry.Bound())}
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(b.importance, a.importance) })
	removeStale(filepath.Dir(path))
	temp, err := os.CreateTemp(filepath.Dir(path), ".search-*")
	if err != nil {
		return err
	}
	_ = temp.Close()
	defer os.Remove(temp.Name())
	if err := write(ctx, temp.Name(), items, around, progress); err != nil {
		return err
	}
	if err := flush(temp.Name()); err != nil { // a name is given to what is whole, also after the power failed
		return err
	}
	return os.Rename(temp.Name(), path)
}

func flush(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removeStale clears away what a building left behind that was killed.
func removeStale(folder string) {
	const age = 24 * time.Hour // no building takes as long
	left, _ := filepath.Glob(filepath.Join(folder, ".search-*"))
	for _, f := range left {
		if s, err := os.Stat(f); err == nil && time.Since(s.ModTime()) > age {
			_ = os.Remove(f)
		}
	}
}

func write(ctx context.Context, path string, items []item, around *surroundings, progress func(done, total int)) error {
	db, err := sql.Open("sqlite", dsn(path)+"?_pragma=journal_mode(off)&_pragma=synchronous(off)")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	w := &writer{ctx: ctx, around: around, seen: map[string]int{}}
	for _, q := range []struct {
		to   **sql.Stmt
		text string
	}{{&w.place, `insert into place values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`}, {&w.name, `insert or ignore into name values(?,?)`},
		{&w.words, `insert into words(rowid, name, address) values(?,?,?)`}, {&w.box, `insert into box values(?,?,?,?,?)`},
		{&w.letter, `insert or ignore into letter values(?,?,?)`}} {
		if *q.to, err = tx.PrepareContext(ctx, q.text); err != nil {
			return err
		}
	}
	for i, it := range items {
		if i%1000 == 0 {
			progress(i, len(items))
		}
		if err := w.add(i+1, it); err != nil {
			return err
		}
	}
	for word, n := range w.seen {
		for _, f := range forms(word) {
			if _, err := w.letter.ExecContext(ctx, f, word, n); err != nil {
				return err
			}
		}
	}
	progress(len(items), len(items))
	if _, err := tx.ExecContext(ctx, `insert into words(words) values('optimize')`); err != nil {
		return err
	}
	return tx.Commit()
}

type writer struct {
	ctx                             context.Context
	around                          *surroundings
	place, name, words, box, letter *sql.Stmt
	seen                            map[string]int // words, and in how many names
}

func (w *writer) add(id int, it item) error {
	address := w.around.address(it.at, it.Tags)
	tags, _ := json.Marshal(keptTags(it.Tags))
	around, _ := json.Marshal(address)
	g, err := wkb.Marshal(it.Geometry)
	if err != nil {
		return err
	}
	b := it.Geometry.Bound()
	if _, err := w.place.ExecContext(w.ctx, id, it.Type, it.ID, it.at[0], it.at[1], b.Min[0], b.Min[1], b.Max[0], b.Max[1], it.key, it.value, it.importance,
		string(tags), string(around), g); err != nil {
		return err
	}
	if _, err := w.box.ExecContext(w.ctx, id, down(b.Min[0]), up(b.Max[0]), down(b.Min[1]), up(b.Max[1])); err != nil {
		return err
	}
	all := names(it.Tags)
	if a, other := house(it.Tags); a != "" {
		all = append(all, a, other)
	}
	var name, more []string
	for _, n := range all {
		f := fold(n)
		if _, err := w.name.ExecContext(w.ctx, f, id); err != nil {
			return err
		}
		name = append(name, tokens(n))
		w.note(f)
	}
	for _, k := range []string{"neighbourhood", "suburb", "city", "county", "state", "country", "postcode", "road"} {
		if v := address[k]; v != "" {
			more = append(more, tokens(v))
			w.note(fold(v))
		}
	}
	_, err = w.words.ExecContext(w.ctx, id, strings.Join(name, " . "), strings.Join(more, " . "))
	return err
}

func (w *writer) note(folded string) {
	for _, word := range words(folded) {
		w.seen[word]++
	}
}

// The R-tree keeps 32 bits of a coordinate; its boxes must not be too small.
func down(v float64) float64 { return float64(math.Nextafter32(float32(v), float32(math.Inf(-1)))) }
func up(v float64) float64   { return float64(math.Nextafter32(float32(v), float32(math.Inf(1)))) }
