package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/dataset"
)

// round is one evaluation of several: a folder at a zoom, a ground of a data set, or all that --on names, with neither.
type round struct {
	folder string
	asked  string // the zoom's name or number
	zoom   int    // what that came to
	plan   string // path of the map

	set    *dataset.Set // nil of a ground's folder
	region string       // of the set; "" for all
}

// ground is a folder's name, or the set's name for a ground.
func (r round) ground() string { return cmp.Or(r.region, filepath.Base(r.folder)) }

func (r round) zoomName() string {
	if r.set != nil && r.zoom == 0 {
		return "–"
	}
	if r.set != nil || r.asked == fmt.Sprint(r.zoom) {
		return r.asked
	}
	return fmt.Sprintf("%d (%s)", r.zoom, r.asked)
}

// String is the round in words, "" where there is only one.
func (r round) String() string {
	if r.folder == "" {
		return ""
	}
	return fmt.Sprintf("%s, zoom %s", r.ground(), r.zoomName())
}

func (f *evalFlags) onFolders() bool { return f.on != "town" && !strings.HasPrefix(f.on, "drawn:") }

func (f *evalFlags) runs() ([]round, error) {
	if !f.onFolders() {
		return []round{{}}, nil
	}
	var out []round
	for i, zoom := range f.zooms {
		for folder := range strings.SplitSeq(f.on, "+") {
			if !isDataset(folder) {
				out = append(out, round{folder: filepath.Clean(folder), asked: zoom})
				continue
			}
			set, err := dataset.Open(folder)
			if err != nil {
				return nil, err
			}
			if i > 0 || f.move != string(training.MoveCentre) {
				return nil, usagef("--on %s: --zoom and --move are for grounds' folders, and this is a data set", folder)
			}
			grounds, err := rowsRounds(set, f.only)
			if err != nil {
				return nil, err
			}
			for _, r := range grounds {
				r.asked = zoom
				out = append(out, r)
			}
		}
	}
	return out, nil
}

func (f *evalFlags) checkFolders() error {
	if !f.onFolders() {
		switch {
		case f.format == "rows":
			return usagef("--format rows: is for folders, see --on")
		case f.move != string(training.MoveCentre):
			return usagef("--move %s: moves the labels of folders, see --on", f.move)
		case !slices.Equal(f.zooms, []string{training.NativeZoom}):
			return usagef("--zoom %s: is for folders, see --on", strings.Join(f.zooms, ","))
		}
		return nil
	}
	all, err := f.runs()
	if err == nil && f.report != "" && len(all) != 1 {
		err = usagef("--report: is of one folder at one zoom, not of %d", len(all))
	}
	return err
}

func moves() []string {
	var out []string
	for _, m := range training.Moves {
		out = append(out, string(m))
	}
	return out
}

// planOf is the path of a folder's map; where labels are to be moved, of a copy that the caller removes by clean.
func (f *evalFlags) planOf(folder string) (path string, clean func(), err error) {
	path, clean = filepath.Join(folder, "map.geojson"), func() {}
	for _, needed := range []string{"labelled", "map.geojson", "truth.geojson"} {
		if _, err := os.Stat(filepath.Join(folder, needed)); err != nil {
			return "", clean, fmt.Errorf("--on %s: %w: use town, drawn:FILE, or a folder with labelled/, map.geojson and truth.geojson", folder, err)
		}
	}
	if f.move == string(training.MoveCentre) {
		return path, clean, nil
	}
	features, err := readFeatures(path)
	if err != nil {
		return "", clean, err
	}
	places, err := readFeatures(filepath.Join(folder, "truth.geojson"))
	if err != nil {
		return "", clean, err
	}
	out, err := os.CreateTemp("", "precinct-*.geojson")
	if err != nil {
		return "", clean, err
	}
	clean = func() { _ = os.Remove(out.Name()) }
	w := formats.NewGeoJSONWriter(out, formats.GeoJSONOptions{})
	for _, moved := range training.MoveLabels(features, places, training.Move(f.move), f.seed) {
		err = errors.Join(err, w.Write(&moved))
	}
	return out.Name(), clean, errors.Join(err, w.Close(), out.Close())
}

// folderExamples asks for each place of a truth.geojson by name and, where OSM's tags give it a class, for the class, in a picture round it.
func (f *evalFlags) folderExamples(ctx context.Context, a *app, r *round) (iter.Seq2[training.Example, error], int, error) {
	path := filepath.Join(r.folder, "truth.geojson")
	var at []orb.Point
	places, err := readKnown(path, 0)
	for _, p := range places {
		at = append(at, geo.Unproject(p.at, 0))
	}
	if err == nil {
		r.zoom, err = training.GroundZoom(ctx, a.engine.Satellite, at, r.asked)
	}
	if err == nil {
		places, err = readKnown(path, r.zoom)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("--on %s: %w", r.folder, err)
	}
	total := 0
	asked := spread(places, f.scenes)
	for _, p := range asked {
		total += len(f.questionsOf(p))
	}
	return func(yield func(training.Example, error) bool) {
		for i, p := range asked {
			w := around(p.at, r.zoom)
			pair, err := a.align(ctx, a.engine.Satellite, a.engine.Map, w)
			if err != nil {
				yield(training.Example{}, err)
				return
			}
			s := &scene{id: fmt.Sprint(i), window: w, pair: pair, places: places}
			for _, q := range f.questionsOf(p) {
				if !yield(s.example(q), nil) {
					return
				}
			}
		}
	}, total, nil
}

// spread takes some places from all over a list, or all when there are no more.
func spread(places []known, most int) []known {
	n := min(most, len(places))
	var out []known
	for i := range n {
		out = append(out, places[i*len(places)/n])
	}
	return out
}

// questionsOf asks for a place by its name and its class, where it has them.
func (f *evalFlags) questionsOf(p known) []question {
	class, _ := taxonomy.ByID(p.class)
	return slices.DeleteFunc([]question{
		{training.TierName, p.name, p.class, func(q known) bool { return q.name == p.name }},
		{training.TierClass, class.Name, p.class, func(q known) bool { return q.class == p.class }},
	}, func(q question) bool { return q.phrase == "" || !slices.Contains(f.tiers, string(q.tier)) })
}

func readKnown(path string, zoom int) ([]known, error) {
	features, err := readFeatures(path)
	if err != nil {
		return nil, err
	}
	var out []known
	for _, f := range features {
		mp, ok := formats.Polygons(f.Geometry)
		if !ok {
			return nil, errors.New(path + ": a place without an outline")
		}
		tags := map[string]string{}
		for _, p := range f.Properties {
			tags[p.Key] = fmt.Sprint(p.Value)
		}
		class, _ := taxonomy.FromTags(tags)
		shape := onLattice(mp, zoom)
		out = append(out, known{tags["name"], class.ID, shape, shape.Bound().Center()})
	}
	return out, nil
}
