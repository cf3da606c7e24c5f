package server

import (
	"context"
	"image"

	"github.com/paulmach/orb/maptile"
	"go.opentelemetry.io/otel/attribute"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/store"
)

// span runs a part of a trace.
func span[T any](ctx context.Context, name string, do func(context.Context) (T, error), attrs ...attribute.KeyValue) (T, error) {
	ctx, s := reasoning.StartSpan(ctx, name, attrs...)
	out, err := do(ctx)
	reasoning.EndSpan(s, err)
	return out, err
}

// TracedVLM is a model whose answers are spans.
func TracedVLM(v reasoning.VLM) reasoning.VLM { return tracedVLM{v} }

type tracedVLM struct{ reasoning.VLM }

func (v tracedVLM) Complete(ctx context.Context, r reasoning.Request) ([]reasoning.Completion, error) {
	return span(ctx, "vlm", func(ctx context.Context) ([]reasoning.Completion, error) { return v.VLM.Complete(ctx, r) },
		attribute.String("precinct.vlm", v.Name()), attribute.Int("precinct.stage", int(r.Stage)))
}

// TracedSegmenter is a segmenter whose encodings and masks are spans.
func TracedSegmenter(s reasoning.Segmenter) reasoning.Segmenter { return tracedSegmenter{s} }

type tracedSegmenter struct{ reasoning.Segmenter }

func (t tracedSegmenter) Embed(ctx context.Context, key string, img *image.RGBA) (reasoning.Embedding, error) {
	e, err := span(ctx, "embed", func(ctx context.Context) (reasoning.Embedding, error) { return t.Segmenter.Embed(ctx, key, img) })
	if err != nil {
		return nil, err
	}
	return tracedEmbedding{e}, nil
}

type tracedEmbedding struct{ reasoning.Embedding }

func (e tracedEmbedding) Unwrap() reasoning.Embedding { return e.Embedding }

func (e tracedEmbedding) Masks(ctx context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	return span(ctx, "decode", func(ctx context.Context) ([]reasoning.Candidate, error) { return e.Embedding.Masks(ctx, p) })
}

// TracedStore is a store whose slower work is spans.
func TracedStore(s store.Store) store.Store { return tracedStore{s} }

type tracedStore struct{ store.Store }

func (s tracedStore) Scenes(ctx context.Context, q store.Question, w []geo.Window) (map[geo.Window]store.Scene, error) {
	return span(ctx, "store recall", func(ctx context.Context) (map[geo.Window]store.Scene, error) { return s.Store.Scenes(ctx, q, w) })
}

func (s tracedStore) PutScene(ctx context.Context, q store.Question, sc store.Scene) error {
	_, err := span(ctx, "store scene", func(ctx context.Context) (struct{}, error) { return struct{}{}, s.Store.PutScene(ctx, q, sc) })
	return err
}

func (s tracedStore) Sync(ctx context.Context, phrase string, ground []geo.Window, found []store.Feature) ([]store.Feature, error) {
	return span(ctx, "store sync", func(ctx context.Context) ([]store.Feature, error) { return s.Store.Sync(ctx, phrase, ground, found) })
}

func (s tracedStore) Tile(ctx context.Context, phrase string, t maptile.Tile, limit int) ([]store.Feature, error) {
	return span(ctx, "store tile", func(ctx context.Context) ([]store.Feature, error) { return s.Store.Tile(ctx, phrase, t, limit) })
}

func (s tracedStore) Find(ctx context.Context, q store.Query) (store.Page, error) {
	return span(ctx, "store find", func(ctx context.Context) (store.Page, error) { return s.Store.Find(ctx, q) })
}
