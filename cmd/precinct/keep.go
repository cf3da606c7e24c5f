package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/server/jobs"
	"github.com/precinct-map/precinct/server/search"
	"github.com/precinct-map/precinct/server/store"
)

// dataFolder is where what was found, jobs and the index of places are kept; it is made when it is not there.
func (c *config) dataFolder() (string, error) {
	dir := c.Data
	if dir == "" {
		home, err := models.Home()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, "data")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for what is found: %w; name another with --data", err)
	}
	return dir, nil
}

// storeFile is what was found, in the folder of it.
const storeFile = "found.sqlite"

// openStore opens what was found.
func openStore(ctx context.Context, c config) (*store.SQLite, error) {
	dir, err := c.dataFolder()
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, filepath.Join(dir, storeFile))
}

// openJobs opens the queue; without workers it only starts, lists and cancels.
func openJobs(ctx context.Context, c config, workers int, work func(context.Context, jobs.Scene) error) (*jobs.Queue, error) {
	dir, err := c.dataFolder()
	if err != nil {
		return nil, err
	}
	return jobs.Open(ctx, filepath.Join(dir, "jobs.sqlite"), jobs.Config{
		Workers: workers, Work: work, Logger: slog.New(warnings{slog.Default().Handler()}),
		Scenes: func(s jobs.Spec) iter.Seq[jobs.Scene] { return jobScenes(s, c.Pair.Zoom) },
	})
}

// warnings lets through what is at least a warning: River tells much of its own doings.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// jobScenes are the scenes whose cores share ground with a run's bound.
func jobScenes(s jobs.Spec, zoom int) iter.Seq[jobs.Scene] {
	return func(yield func(jobs.Scene) bool) {
		b := orb.Bound{Min: orb.Point{s.Bound[0], s.Bound[1]}, Max: orb.Point{s.Bound[2], s.Bound[3]}}
		for scene := range reasoning.ScenesOf(b, zoom) {
			if !yield(jobs.Scene{Phrase: s.Phrase, Mode: s.Mode, Z: scene.Z, Col: scene.Col, Row: scene.Row}) {
				return
			}
		}
	}
}

// jobWork runs one scene of a job and keeps what it found.
func jobWork(a *server.Answers) func(context.Context, jobs.Scene) error {
	return func(ctx context.Context, s jobs.Scene) error {
		scene := reasoning.Scene{Z: s.Z, Col: s.Col, Row: s.Row}
		if s.Z != a.Engine.Zoom {
			return jobs.Permanent(fmt.Errorf("the job was started with pair.zoom %d, it is %d now: start it again", s.Z, a.Engine.Zoom))
		}
		found, err := a.Look(ctx, reasoning.Question{Phrase: s.Phrase, Mode: reasoning.Mode(s.Mode)}, scene.Core(), -1)
		if err != nil {
			return err
		}
		if len(found.Failed) > 0 {
			return found.Failed[0].Err
		}
		for _, h := range found.Holes {
			if h.Passing {
				return fmt.Errorf("layer %s: %s", h.Layer, h.Reason)
			}
		}
		return nil
	}
}

// openSearch opens the index of the places that the configured maps name; nil when no map names any.
func openSearch(ctx context.Context, c config) (*search.Index, error) {
	var named []search.Source
	for _, s := range c.Sources {
		if s.Kind == "osm" || s.Kind == "drawn" {
			named = append(named, search.File(s.Path))
		}
		if s.Kind == "town" && s.Layer == "map" {
			named = append(named, townNames{s})
		}
	}
	if len(named) == 0 {
		return nil, nil
	}
	dir, err := c.dataFolder()
	if err != nil {
		return nil, err
	}
	return search.Open(ctx, search.Options{Folder: dir, Sources: named})
}

var errNoNames = errors.New("no configured map names places: add a source of kind osm, or give --bbox")

// resolvePlace is the ground that a place's name stands for.
func resolvePlace(ctx context.Context, c config, name string) (orb.Bound, error) {
	index, err := openSearch(ctx, c)
	if err != nil {
		return orb.Bound{}, err
	}
	if index == nil {
		return orb.Bound{}, fmt.Errorf("place %q: %w", name, errNoNames)
	}
	defer index.Close()
	if err := index.Wait(ctx); err != nil {
		return orb.Bound{}, err
	}
	// Below this, what is found resembles the name in a word only.
	const alike = 0.78
	found, err := index.Find(ctx, search.Query{Text: name, Limit: 1})
	if err != nil {
		return orb.Bound{}, err
	}
	if len(found) == 0 || found[0].Match < alike {
		return orb.Bound{}, fmt.Errorf("no place named %q in the configured maps: check the name, or give --bbox", name)
	}
	return found[0].Area(), nil
}
