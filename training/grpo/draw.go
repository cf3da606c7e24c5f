package grpo

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// drawer lets the served pipeline draw completions, with embeddings that are kept in place of pictures.
type drawer struct {
	segmenter reasoning.Restorer
	dialect   reasoning.Dialect
	blank     map[image.Point]*image.RGBA // the pipeline wants a picture; what it shows is in the embedding
}

func newDrawer(s reasoning.Restorer) *drawer {
	d, err := reasoning.ParseDialect("generic")
	if err != nil {
		panic(err) // the dialect is built in
	}
	return &drawer{s, d, map[image.Point]*image.RGBA{}}
}

// asked is the net's part in the pipeline: it was asked in a batch before.
type asked struct{ dialect reasoning.Dialect }

func (asked) Name() string                 { return "policy in training" }
func (a asked) Dialect() reasoning.Dialect { return a.dialect }

func (asked) Complete(context.Context, reasoning.Request) ([]reasoning.Completion, error) {
	return nil, fmt.Errorf("%w: a policy in training is asked in batches", reasoning.ErrVLM)
}

// known is the segmenter's part: the picture's embedding is there.
type known struct{ reasoning.Embedding }

func (known) Name() string { return "an embedding that is kept" }

func (k known) Embed(context.Context, string, *image.RGBA) (reasoning.Embedding, error) {
	return k.Embedding, nil
}

// draw draws the outcomes of places, as many for each, side by side; places beside each other, and what a place's completions say alike once.
func (d *drawer) draw(ctx context.Context, places []*place, outcomes []*outcome, stage reasoning.Stage) error {
	each := len(outcomes) / len(places)
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(runtime.GOMAXPROCS(0))
	for i, pl := range places {
		size := pl.lesson.Scene.Size
		if d.blank[size] == nil {
			d.blank[size] = image.NewRGBA(image.Rectangle{Max: size})
		}
		pair := &tiles.Pair{Window: geo.Window{W: size.X, H: size.Y}, Satellite: d.blank[size]}
		tasks.Go(func() error { return d.place(ctx, pl, pair, outcomes[i*each:][:each], stage) })
	}
	return tasks.Wait()
}

func (d *drawer) place(ctx context.Context, pl *place, pair *tiles.Pair, outcomes []*outcome, stage reasoning.Stage) error {
	if pl.lesson.Scene.Kept == nil {
		return &Error{Op: "draw", Subject: pl.lesson.Scene.ID, Err: errors.New("its embedding is not kept")}
	}
	size, f, err := pl.lesson.Scene.Kept()
	if err != nil {
		return err
	}
	e, err := d.segmenter.Restore(size, f)
	if err != nil {
		return err
	}
	pipeline := &reasoning.Pipeline{VLM: asked{d.dialect}, Segmenter: known{e}}
	same := map[string]*geo.Mask{}
	for _, o := range outcomes {
		mask, ok := same[o.text]
		if !ok {
			st, err := pipeline.Draw(ctx, pair, stage, o.text)
			if err != nil {
				return err
			}
			if len(st.Masks) > 0 {
				mask = st.Masks[0]
			}
			same[o.text] = mask
		}
		o.mask, o.drawn = mask, true
	}
	return nil
}
