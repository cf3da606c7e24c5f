package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/store"
)

// Shelf keeps the engine's results in a store.
type Shelf struct {
	Store store.Scenes
	Log   *slog.Logger
}

var _ reasoning.Shelf = Shelf{}

// Recall gives those of the scenes that the store holds.
func (k Shelf) Recall(ctx context.Context, recipe reasoning.Recipe, q reasoning.Question, scenes []reasoning.Scene) []*reasoning.Result {
	windows := make([]geo.Window, len(scenes))
	for i, s := range scenes {
		windows[i] = s.Window()
	}
	kept, err := k.Store.Scenes(ctx, storedQuestion(recipe, q), windows)
	if err != nil {
		if ctx.Err() == nil {
			k.Log.Warn("kept results cannot be read: scenes are run anew", "error", err)
		}
		return nil
	}
	var out []*reasoning.Result
	for _, s := range scenes {
		sc, ok := kept[s.Window()]
		if !ok {
			continue
		}
		record, err := reasoning.ReadRecord(sc.Detail)
		if err != nil {
			k.Log.Warn("a kept result cannot be read: its scene is run anew", "scene", s.ID(), "error", err)
			continue
		}
		r := &reasoning.Result{Scene: s, Record: record, Made: sc.Made}
		for i, in := range sc.Instances {
			r.Found = append(r.Found, s.Found(i, geo.Instance{Mask: in.Mask, Score: in.Score, Anchor: in.Anchor}, in.Name, in.Class))
		}
		out = append(out, r)
	}
	return out
}

// Keep puts a result into the store.
func (k Shelf) Keep(ctx context.Context, recipe reasoning.Recipe, q reasoning.Question, r *reasoning.Result) {
	detail, err := json.Marshal(r.Record)
	if err == nil {
		sc := store.Scene{
			Window: r.Scene.Window(), Reasoning: r.Record.Reasoning(), Detail: detail, Made: r.Made,
			Took: time.Duration(r.Record.Seconds * float64(time.Second)),
		}
		for _, f := range r.Found {
			sc.Instances = append(sc.Instances, store.Instance{Mask: f.Mask, Score: f.Score, Name: f.Name, Class: f.Class, Anchor: f.Anchor})
		}
		err = k.Store.PutScene(ctx, storedQuestion(recipe, q), sc)
	}
	if err != nil {
		k.Log.Error("a result could not be kept: its scene will be run again", "scene", r.Scene.ID(), "phrase", q.Phrase, "error", err)
	}
}

func storedQuestion(recipe reasoning.Recipe, q reasoning.Question) store.Question {
	return store.Question{Phrase: q.Phrase, Recipe: store.Recipe(recipe)}
}
