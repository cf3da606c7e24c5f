package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
)

// scanned is a table read from one end to the other. Lists that a query makes itself are small; an R-tree is always called
// scanned, and is searched if its index has letters after the colon.
var scanned = regexp.MustCompile(`SCAN (f|features|c|collections|t|totals|scenes|ground|history|instances|runs|q|questions)\b|VIRTUAL TABLE INDEX 2:$`)

func plan(t *testing.T, s *SQLite, c *clause) string {
	t.Helper()
	var out []string
	err := each(t.Context(), s, "EXPLAIN QUERY PLAN "+c.text.String(), c.args, func(rows *sql.Rows) error {
		var id, parent, unused int
		var detail string
		err := rows.Scan(&id, &parent, &unused, &detail)
		out = append(out, detail)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// Nothing in a request's path may scan what a country holds.
func TestNoQueryScans(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	bound := orb.Bound{Min: orb.Point{85, 27}, Max: orb.Point{86, 28}}
	across := orb.Bound{Min: orb.Point{179, 27}, Max: orb.Point{-179, 28}}
	queries := map[string]Query{"all": {}, "bound": {Bound: &bound}, "across": {Bound: &across}, "since": {From: time.Now()},
		"since in bound": {From: time.Now(), Bound: &bound}, "after": {After: "1.2"}}
	for _, key := range filters {
		queries[key] = Query{Where: map[string]string{key: "x"}}
	}
	check := func(name string, c *clause, sorts bool) {
		p := plan(t, s, c)
		if scanned.MatchString(p) || !sorts && strings.Contains(p, "FOR ORDER BY") {
			t.Errorf("%s:\n%s\n%s", name, c.text.String(), p)
		}
	}
	for name, q := range queries {
		q.Limit = 100
		for _, narrow := range []bool{false, true} {
			var c clause
			if narrow && q.Bound == nil {
				continue
			}
			if err := q.page(&c, 1, narrow); err != nil {
				t.Fatal(err)
			}
			check(fmt.Sprint("page, ", name, narrow), &c, narrow)
		}
		var c clause
		q.hits(&c, 1, few)
		check("hits, "+name, &c, q.Bound != nil) // at most few
	}
	fixed := map[string][]any{
		tileQuery:                          {1, 1, 1, 1, 1, 1, 1},
		generationOf:                       {1, 1, 1, 1},
		historyQuery:                       {1},
		collectionQuery + collectionsIn:    {"", 1},
		collectionQuery + "WHERE c.id = ?": {""},
		sceneQuery:                         {1, 1, 1, 1, 1, 1},
		"SELECT " + columns + fromFeatures + "WHERE f.id = ?": {1},
	}
	for text, args := range fixed {
		c := clause{args: args}
		c.text.WriteString(text)
		check("fixed", &c, false)
	}
}
