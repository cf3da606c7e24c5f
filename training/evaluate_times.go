package training

import (
	"context"
	"image"
	"sync"
	"time"

	"github.com/precinct-map/precinct/reasoning"
)

// Times is where the seconds of an answer went, as if nothing had been asked of the scene before: what earlier answers left in
// memory, labels and the encoded picture, is counted with what it took when it was made.
type Times struct {
	Labels float64 `json:"labels"` // reading them off the map
	Encode float64 `json:"encode"` // the segmenter's encoder
	Stage1 float64 `json:"stage1"` // the model's first look, without the segmenter that it may ask
	Stage2 float64 `json:"stage2"` // its second
	Decode float64 `json:"decode"` // the segmenter's decoder
	Rest   float64 `json:"rest"`   // pictures made and masks put together
}

// Total is the sum, in seconds.
func (t Times) Total() float64 {
	return t.Labels + t.Encode + t.Stage1 + t.Stage2 + t.Decode + t.Rest
}

// Add adds the means of n answers.
func (t *Times) Add(o Times, n int) {
	f := float64(n)
	t.Labels, t.Encode, t.Stage1 = t.Labels+f*o.Labels, t.Encode+f*o.Encode, t.Stage1+f*o.Stage1
	t.Stage2, t.Decode, t.Rest = t.Stage2+f*o.Stage2, t.Decode+f*o.Decode, t.Rest+f*o.Rest
}

// Over is the mean of n answers.
func (t Times) Over(n int) Times {
	f := 1 / float64(max(1, n))
	return Times{t.Labels * f, t.Encode * f, t.Stage1 * f, t.Stage2 * f, t.Decode * f, t.Rest * f}
}

// clock measures one answer. It travels in the context, because the reader asks the segmenter itself.
type clock struct {
	mu        sync.Mutex
	start     time.Time
	times     Times
	segmenter float64 // seconds really spent in it
	encoded   string  // the picture that times has the encoding of
}

type clockKey struct{}

func startClock(ctx context.Context) (context.Context, *clock) {
	c := &clock{start: time.Now()}
	return context.WithValue(ctx, clockKey{}, c), c
}

func (c *clock) stop() Times {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times.Rest = max(0, time.Since(c.start).Seconds()-c.segmenter-c.times.Stage1-c.times.Stage2)
	return c.times
}

func (c *clock) spent() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.segmenter
}

// timedVLM puts a model's time to its stages.
type timedVLM struct{ reasoning.VLM }

func (v timedVLM) Complete(ctx context.Context, r reasoning.Request) ([]reasoning.Completion, error) {
	c, _ := ctx.Value(clockKey{}).(*clock)
	if c == nil {
		return v.VLM.Complete(ctx, r)
	}
	start, before := time.Now(), c.spent()
	out, err := v.VLM.Complete(ctx, r)
	took := max(0, time.Since(start).Seconds()-(c.spent()-before))
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Stage == reasoning.Refine {
		c.times.Stage2 += took
	} else {
		c.times.Stage1 += took
	}
	return out, err
}

// Timed is a segmenter whose seconds Times tells. All systems of an evaluation share one: an encoding made for the first counts for each.
func Timed(s reasoning.Segmenter) reasoning.Segmenter { return &timedSegmenter{Segmenter: s} }

type timedSegmenter struct {
	reasoning.Segmenter
	mu   sync.Mutex
	last string  // the picture that was encoded last
	took float64 // what that took
}

func (s *timedSegmenter) Embed(ctx context.Context, key string, img *image.RGBA) (reasoning.Embedding, error) {
	start := time.Now()
	e, err := s.Segmenter.Embed(ctx, key, img)
	if err != nil {
		return nil, err
	}
	c, _ := ctx.Value(clockKey{}).(*clock)
	if c == nil {
		return e, nil
	}
	took := time.Since(start).Seconds()
	s.mu.Lock()
	if s.last != key {
		s.last, s.took = key, took
	}
	whole := s.took
	s.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.segmenter += took
	if c.encoded != key {
		c.encoded = key
		c.times.Encode += whole
	}
	return timedEmbedding{e}, nil
}

type timedEmbedding struct{ reasoning.Embedding }

func (e timedEmbedding) Unwrap() reasoning.Embedding { return e.Embedding }

func (e timedEmbedding) Masks(ctx context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	start := time.Now()
	out, err := e.Embedding.Masks(ctx, p)
	if c, _ := ctx.Value(clockKey{}).(*clock); c != nil {
		took := time.Since(start).Seconds()
		c.mu.Lock()
		c.segmenter += took
		c.times.Decode += took
		c.mu.Unlock()
	}
	return out, err
}
