package server

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles/cache"
)

// Answers joins what scenes found to outlines with stable ids, and keeps them.
type Answers struct {
	Engine *reasoning.Engine
	Store  store.Store
	Memory *cache.Memory

	changes atomic.Int64 // rises with each change that this process makes to what is found
}

// Look answers a question for a window of the engine's zoom and puts the outlines that are known by then into the store.
// Patience is as in reasoning.FindOptions.
func (a *Answers) Look(ctx context.Context, q reasoning.Question, w geo.Window, patience time.Duration) (*reasoning.Findings, error) {
	found, err := a.Engine.Find(ctx, q, w, reasoning.FindOptions{Patience: patience})
	if err != nil {
		return nil, err
	}
	// A tile is looked at much more often than its scenes change.
	key := q.Phrase + "|" + string(q.Mode) + "|" + w.String()
	if last, ok := cache.Peek[encoded](a.Memory, "kept", key); ok && string(last) == found.Generation {
		return found, nil
	}
	var ground []geo.Window
	for _, s := range found.Known {
		if part := s.Core().Intersect(w); !part.Empty() {
			ground = append(ground, part)
		}
	}
	if len(ground) > 0 {
		var places []store.Feature
		for _, p := range found.Places(w) {
			places = append(places, stored(&p))
		}
		if _, err := a.Store.Sync(ctx, q.Phrase, ground, places); err != nil {
			return nil, err
		}
		a.changes.Add(1)
	}
	cache.Put(a.Memory, "kept", key, encoded(found.Generation))
	return found, nil
}

// stored is a place as the store takes it.
func stored(p *reasoning.Place) store.Feature {
	return store.Feature{
		Phrase: p.Query, Shape: p.Shape, Zoom: p.Zoom, Name: p.Name, Tier: p.Tier, Class: p.Class, Function: p.Function, Score: p.Score,
		AreaM2: p.AreaM2, Scenes: p.Scenes, Model: p.Model, Reasoning: p.Reasoning, Sources: p.Sources, Created: p.Created,
	}
}
