package main

import (
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/dataset"
)

// isDataset says whether a folder is a data set, and not a ground.
func isDataset(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "dataset.json"))
	return err == nil
}

// rowsRounds are the grounds of a data set that are asked for, each a round; all of it is one where it has many, or none that are named.
func rowsRounds(set *dataset.Set, only []string) ([]round, error) {
	const many = 24
	if n := len(set.Grounds); (n == 0 || n > many) && len(only) == 0 {
		return []round{{folder: set.Dir, set: set}}, nil
	}
	var out []round
	for _, g := range set.Grounds {
		if len(only) == 0 || slices.Contains(only, g.Name) {
			out = append(out, round{folder: set.Dir, set: set, region: g.Name, zoom: g.Zoom})
		}
	}
	if len(out) == 0 {
		return nil, usagef("--only %s: %s has none of these grounds", strings.Join(only, ","), set.Dir)
	}
	return out, nil
}

// tierOf are the tiers of data sets' rows.
var tierOf = map[string]training.Tier{dataset.Name: training.TierName, dataset.Class: training.TierClass, dataset.Function: training.TierFunction}

// rowsExamples asks what a data set's rows ask, with the labels that they know, and lets the segmenter recall what is kept of their pictures.
func (f *evalFlags) rowsExamples(r *round, segmenter *dataset.Recall) (iter.Seq2[training.Example, error], int) {
	return func(yield func(training.Example, error) bool) {
		var pair *tiles.Pair
		hash, n := "", 0
		for row, err := range r.set.Rows(f.splits...) {
			if err == nil && (r.region != "" && row.Region != r.region || !slices.Contains(f.tiers, string(tierOf[row.Tier]))) {
				continue
			}
			if n++; n > f.scenes {
				return
			}
			e, err := exampleOf(row, err)
			if err != nil {
				yield(e, err)
				return
			}
			if e.ID == hash { // rows of one window share their pictures
				e.Pair = pair
			} else {
				hash, pair = e.ID, e.Pair
				segmenter.Know(pair.Satellite, r.set, row)
			}
			if !yield(e, nil) {
				return
			}
		}
	}, min(f.scenes, r.set.Total())
}

func exampleOf(row *dataset.Row, err error) (training.Example, error) {
	if err != nil {
		return training.Example{}, err
	}
	pair, mask, err := row.Pair()
	return training.Example{ID: row.SatelliteHash(), Pair: pair, Phrase: row.Problem, Tier: tierOf[row.Tier], Class: row.Class, Truth: mask}, err
}
