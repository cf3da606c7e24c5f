package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/training/outlines"
)

// storedOutlines are what was found, or of that what people corrected or called right. What they said stands before what was only found:
// of several outlines of one place, the first stays.
func storedOutlines(ctx context.Context, conf config, from, query string) (*outlines.Set, error) {
	if query != "" {
		var err error
		if query, err = reasoning.CleanPhrase(query); err != nil {
			return nil, usagef("--query: %v", err)
		}
	}
	found, err := openStore(ctx, conf)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	set, err := outlines.Collect(ctx, from, func(yield func(outlines.Row, error) bool) {
		passes := []func(store.Feature) bool{told}
		if from == "store" {
			passes = append(passes, func(f store.Feature) bool { return !told(f) && stands(f) })
		}
		for _, wanted := range passes {
			for f, err := range features(ctx, found, query) {
				if (err != nil || wanted(f)) && !yield(storedRow(f), err) {
					return
				}
			}
		}
	})
	if errors.Is(err, outlines.ErrEmpty) {
		hint := "nothing was found yet: look first, with `precinct jobs start` or the viewer"
		if from == "feedback" {
			hint = "nobody has corrected an outline or called one right yet: the viewer does it, and POST /feedback"
		}
		if query != "" {
			hint += fmt.Sprintf("; --query was %q", query)
		}
		err = fmt.Errorf("%w: %s", err, hint)
	}
	return set, err
}

// stands says whether nobody calls an outline wrong as it is now. One that a person drew is on the lattice of edits.
func stands(f store.Feature) bool {
	switch f.Verdict {
	case "wrong":
		return false
	case "shape":
		return f.Zoom == store.EditZoom
	case "name":
		return f.Edited
	}
	return true
}

// told says whether a person drew, corrected or confirmed an outline.
func told(f store.Feature) bool { return stands(f) && (f.Edited || f.Verdict == "right") }

// features are the store's, of one phrase or of all, a page at a time.
func features(ctx context.Context, from *store.SQLite, phrase string) iter.Seq2[store.Feature, error] {
	return func(yield func(store.Feature, error) bool) {
		phrases := func(yield func(string, error) bool) { yield(phrase, nil) }
		if phrase == "" {
			phrases = collections(ctx, from)
		}
		for phrase, err := range phrases {
			for q, more := (store.Query{Phrase: phrase, Limit: store.MaxLimit}), true; more && err == nil; more = q.After != "" {
				var page store.Page
				page, err = from.Find(ctx, q)
				for _, f := range page.Features {
					if !yield(f, nil) {
						return
					}
				}
				q.After = page.Next
			}
			if err != nil {
				yield(store.Feature{}, err)
				return
			}
		}
	}
}

// collections are the phrases that have results.
func collections(ctx context.Context, from *store.SQLite) func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		const page = 100
		for after := ""; ; {
			some, err := from.Collections(ctx, after, page)
			if err != nil {
				yield("", err)
				return
			}
			for _, c := range some {
				if !yield(c.Phrase, nil) {
					return
				}
				after = c.ID
			}
			if len(some) < page {
				return
			}
		}
	}
}

// storedRow is a feature as an outline; what it lacks, its phrase may tell.
func storedRow(f store.Feature) outlines.Row {
	r := outlines.Row{ID: strconv.FormatInt(f.ID, 10), Name: f.Name, Class: f.Class, Shape: f.Geometry()}
	switch m := taxonomy.Match(f.Phrase); {
	case r.Class == "" && m.Tier == taxonomy.TierClass:
		r.Class = m.Classes[0]
	case r.Name == "" && m.Tier == taxonomy.TierName:
		r.Name = f.Phrase
	}
	return r
}
