package openai

import (
	"context"
	"fmt"
	"image"
	"log/slog"
	"math"

	sdk "github.com/openai/openai-go/v3"

	"github.com/precinct-map/precinct/reasoning"
)

// Seen is what a server does with a scene's picture.
type Seen struct {
	Sent, Kept int // edges of a square picture in pixels, as it was sent and as the server's tokens say that the model sees it
	Tokens     int // of one picture
}

// sceneEdge is what Probe sends, made to the dialect's size.
const sceneEdge = reasoning.SceneSize

// Probe asks the server how large a picture it keeps, by what it counts as the prompt's tokens, and has pictures made to that size from now
// on: a model that counts pixels counts those of the picture as it was resized for it. Servers resize by their own limits
// (llama.cpp's --image-min-tokens, vLLM's mm_processor_kwargs), and tell nobody. Dialects that count thousandths need none of it.
func (c *Client) Probe(ctx context.Context) (Seen, error) {
	d := c.Dialect()
	w, h := d.Size(sceneEdge, sceneEdge)
	picture, err := dataURI(image.NewGray(image.Rect(0, 0, w, h)))
	if err != nil {
		return Seen{}, err
	}
	text := sdk.TextContentPart("Say yes.")
	r := reasoning.Request{MaxTokens: 1}
	without, err := c.ask(ctx, r, []sdk.ChatCompletionContentPartUnionParam{text}, 0, false)
	if err != nil {
		return Seen{}, err
	}
	with, err := c.ask(ctx, r, []sdk.ChatCompletionContentPartUnionParam{
		sdk.ImageContentPart(sdk.ChatCompletionContentPartImageImageURLParam{URL: picture}), text}, 0, false)
	if err != nil {
		return Seen{}, err
	}
	seen := Seen{Sent: w, Kept: w, Tokens: with.PromptTokens - without.PromptTokens}
	if d.Factor <= 1 || d.Relative {
		return seen, nil
	}
	if seen.Tokens <= 0 {
		return seen, &reasoning.Error{Op: "probe", Subject: c.Name(), Err: fmt.Errorf("%w: a picture adds %d tokens to the prompt", reasoning.ErrVLM, seen.Tokens),
			Hint: "does the model see pictures? llama.cpp wants its --mmproj"}
	}
	side := int(math.Sqrt(float64(seen.Tokens))) // the marks before and after a picture are tokens too
	seen.Kept = side * d.Factor
	if seen.Kept != seen.Sent {
		d.MinPixels, d.MaxPixels = seen.Kept*seen.Kept, seen.Kept*seen.Kept
		c.dialect.Store(&d)
	}
	return seen, nil
}

// LogValue says it in a log.
func (s Seen) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("sent_px", s.Sent), slog.Int("kept_px", s.Kept), slog.Int("tokens", s.Tokens))
}
