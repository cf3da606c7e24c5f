package reasoning

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/otel/attribute"
	"golang.org/x/image/draw"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// MaxObjects is how many objects of one answer are drawn; a model that names more has lost its way.
const MaxObjects = 64

// Pipeline asks a VLM where to look and a segmenter for the outline. It is safe for concurrent use.
type Pipeline struct {
	VLM       VLM
	Segmenter Segmenter
	Sampling  Sampling
}

// Sampling is how completions are drawn.
type Sampling struct {
	Temperature float64
	TopP        float64
	MaxTokens   int
	Seed        int64
}

// Run answers a phrase on one pair of pictures. An answer that cannot be read is no error but a problem in the trace:
// a stage 2 that fails so keeps the coarse mask. Errors wrap ErrVLM, ErrSegmenter or the context's.
func (p *Pipeline) Run(ctx context.Context, pair *tiles.Pair, phrase string, mode Mode) (*Trace, error) {
	start := time.Now()
	t := &Trace{
		Window: pair.Window, Phrase: phrase, Mode: mode, Holes: pair.Holes,
		Model: p.VLM.Name(), Segmenter: p.Segmenter.Name(), Prompts: p.VLM.Dialect().PromptVersion(),
	}
	var last *StageTrace
	var said *Completion
	for _, stage := range p.VLM.Dialect().Stages(mode) {
		if stage == Refine && len(last.Prompts) == 0 {
			break // nothing was found, so there is nothing to look at again
		}
		st, answer, err := p.stage(ctx, pair, phrase, stage, last)
		if err != nil {
			return nil, fmt.Errorf("stage %d: %w", stage, err)
		}
		if stage == Refine {
			answer.inherit(said, last)
		}
		said = answer
		t.Stages = append(t.Stages, *st)
		last = &t.Stages[len(t.Stages)-1]
		if stage == Refine && st.Failed {
			break // the coarse objects stay
		}
		t.Objects = st.objects(answer)
	}
	t.Seconds = seconds(start)
	return t, nil
}

func stagesOf(m Mode) []Stage {
	switch m {
	case NoRefinement:
		return []Stage{Localize}
	case NoReflection:
		return []Stage{Single}
	}
	return []Stage{Localize, Refine}
}

// stage asks one question and draws its answer.
func (p *Pipeline) stage(ctx context.Context, pair *tiles.Pair, phrase string, stage Stage, prev *StageTrace) (st *StageTrace, _ *Completion, err error) {
	ctx, span := StartSpan(ctx, "stage", attribute.Int("precinct.stage", int(stage)))
	defer func() { EndSpan(span, err) }()
	r := p.Request(pair, phrase, stage, prev)
	start := time.Now()
	answers, err := p.VLM.Complete(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	if len(answers) == 0 {
		return nil, nil, &Error{Op: "ask", Subject: p.VLM.Name(), Err: fmt.Errorf("%w: no completion came", ErrVLM)}
	}
	asked := seconds(start)
	if st, err = p.Draw(ctx, pair, stage, answers[0].Text); err != nil {
		return nil, nil, err
	}
	st.Text, st.Images, st.SecondsVLM = r.Text, r.Images, asked
	return st, &answers[0], nil
}

// Request is the question of a stage, its pictures at the size that the VLM's dialect keeps. Stage 2 needs stage 1's trace.
func (p *Pipeline) Request(pair *tiles.Pair, phrase string, stage Stage, prev *StageTrace) Request {
	d := p.VLM.Dialect()
	w, h := d.Size(pair.Window.W, pair.Window.H)
	r := Request{
		Stage: stage, Phrase: phrase, Pair: pair, N: 1,
		Images:      [2]image.Image{resize(pair.Map, w, h), resize(pair.Satellite, w, h)},
		Temperature: p.Sampling.Temperature, TopP: p.Sampling.TopP, MaxTokens: p.Sampling.MaxTokens, Seed: p.Sampling.Seed,
	}
	answer := ""
	if stage == Refine && prev != nil {
		answer, _ = Answer(prev.Answer)
		r.Coarse = union(prev.Masks, pair.Window)
		sx, sy := float64(pair.Window.W)/float64(w), float64(pair.Window.H)/float64(h)
		for i, o := range prev.Prompts {
			if o.Box != nil {
				r.Masks = append(r.Masks, prev.Masks[i])
				b := *o.Box
				r.Boxes = append(r.Boxes, Box{b[0] / sx, b[1] / sy, b[2] / sx, b[3] / sy})
			}
		}
		for i, img := range r.Images {
			r.Images[i] = Overlay(img, r.Boxes, r.Coarse)
		}
	}
	r.Text = d.Text(stage, phrase, answer)
	return r
}

// Draw reads an answer and asks the segmenter for a mask of each object. The trace's prompts are in pixels of the pair;
// only prompts that gave a mask are kept.
func (p *Pipeline) Draw(ctx context.Context, pair *tiles.Pair, stage Stage, answer string) (*StageTrace, error) {
	st := &StageTrace{Stage: stage, Answer: answer}
	dialect := p.VLM.Dialect()
	prompts, problems := dialect.Prompts(answer)
	for _, problem := range problems {
		st.Problems = append(st.Problems, problem.Error())
	}
	if len(prompts) > MaxObjects {
		st.Problems = append(st.Problems, fmt.Sprintf("%d objects named, the first %d are drawn", len(prompts), MaxObjects))
		prompts = prompts[:MaxObjects]
	}
	if len(prompts) == 0 {
		st.Failed = len(problems) > 0
		return st, nil
	}
	start := time.Now()
	emb, err := p.Segmenter.Embed(ctx, PictureKey(pair.Satellite), pair.Satellite)
	if err != nil {
		return nil, err
	}
	sx, sy := dialect.ToPicture(pair.Window.W, pair.Window.H)
	for i, o := range prompts {
		o = o.scaled(sx, sy)
		best, err := emb.Masks(ctx, o)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			st.Problems = append(st.Problems, fmt.Sprintf("object %d: %v", i+1, err))
			continue
		case len(best) == 0:
			st.Problems = append(st.Problems, fmt.Sprintf("object %d: the segmenter gave no mask", i+1))
			continue
		}
		mask := best[0].Mask.Clone()
		mask.Window.Z, mask.Window.X, mask.Window.Y = pair.Window.Z, pair.Window.X, pair.Window.Y
		st.Prompts = append(st.Prompts, o)
		st.Masks = append(st.Masks, mask)
		st.Scores = append(st.Scores, best[0].Score)
		st.sources = append(st.sources, i)
	}
	st.Failed = len(st.Prompts) == 0
	st.SecondsSegmenter = seconds(start)
	return st, nil
}

// Best is the best candidate for a prompt, on a window of the embedded picture's size; nil when the segmenter refuses the prompt or
// gives nothing.
func Best(ctx context.Context, e Embedding, p Prompt, w geo.Window) (*Candidate, error) {
	candidates, err := e.Masks(ctx, p)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrSegmenter), err == nil && len(candidates) == 0:
		return nil, nil
	case err != nil:
		return nil, err
	}
	m := *candidates[0].Mask
	m.Window = w
	return &Candidate{&m, candidates[0].Score}, nil
}

// BestMask is Best's mask.
func BestMask(ctx context.Context, e Embedding, p Prompt, w geo.Window) (*geo.Mask, error) {
	c, err := Best(ctx, e, p, w)
	if c == nil || err != nil {
		return nil, err
	}
	return c.Mask, nil
}

// objects pairs each mask with what the model said of it.
func (st *StageTrace) objects(c *Completion) []Object {
	var out []Object
	for i, m := range st.Masks {
		o := Object{Mask: m, Score: st.Scores[i]}
		if src := st.sources[i]; src < len(c.Confidence) {
			o.Score = c.Confidence[src]
		}
		if src := st.sources[i]; src < len(c.Labels) {
			o.Label = c.Labels[src]
		}
		out = append(out, o)
	}
	return out
}

// inherit takes over what stage 1 said of the boxes that were shown again, where stage 2 says nothing of its own.
func (c *Completion) inherit(first *Completion, shown *StageTrace) {
	labelled, sure := len(c.Labels) > 0, len(c.Confidence) > 0
	for _, src := range shown.sources {
		if src < len(first.Labels) && !labelled {
			c.Labels = append(c.Labels, first.Labels[src])
		}
		if src < len(first.Confidence) && !sure {
			c.Confidence = append(c.Confidence, first.Confidence[src])
		}
	}
}

func (p Prompt) scaled(sx, sy float64) Prompt {
	out := Prompt{}
	if p.Box != nil {
		b := *p.Box
		out.Box = &Box{b[0] * sx, b[1] * sy, b[2] * sx, b[3] * sy}
	}
	for _, q := range p.Points {
		out.Points = append(out.Points, Point{q[0] * sx, q[1] * sy})
	}
	return out
}

func union(masks []*geo.Mask, w geo.Window) *geo.Mask {
	out := geo.NewMask(w)
	for _, m := range masks {
		out.Or(m)
	}
	return out
}

// PictureKey names a picture by its pixels, so that the same ground from whichever request shares one embedding.
func PictureKey(img *image.RGBA) string {
	h := xxhash.New() // 0.4 ms for 768×768: nothing beside the encode that it saves
	_, _ = h.WriteString(strconv.Itoa(img.Rect.Dx()) + "×")
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride:]
		_, _ = h.Write(row[:4*img.Rect.Dx()])
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

func resize(img *image.RGBA, w, h int) image.Image {
	if img.Rect.Dx() == w && img.Rect.Dy() == h {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, img, img.Rect, draw.Src, nil) // bicubic, as the reference resizes
	return out
}

// Abandoned says whether an error only tells that the asker left.
func Abandoned(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
