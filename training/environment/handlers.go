package environment

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net/http"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training"
)

// render draws stage 1's boxes and mask on each picture.
func render(ctx context.Context, body []byte) (any, error) {
	var in struct {
		Images []string          `json:"images"`
		Boxes  []json.RawMessage `json:"boxes"`
		Mask   json.RawMessage   `json:"mask"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, badRequest("%v", err)
	}
	if len(in.Images) == 0 || len(in.Images) > MaxImages {
		return nil, badRequest("images has %d pictures: want 1 to %d", len(in.Images), MaxImages)
	}
	boxes := make([]reasoning.Box, len(in.Boxes))
	for i, raw := range in.Boxes {
		var err error
		if boxes[i], err = training.ParseBox(raw); err != nil {
			return nil, badRequest("boxes, number %d: %v", i+1, err)
		}
	}
	var mask *geo.Mask
	if len(in.Mask) > 0 && string(in.Mask) != "null" {
		var err error
		if mask, err = training.ReadMask(in.Mask, training.OpenDataURI); err != nil {
			return nil, err
		}
	}
	out := struct {
		Images []string `json:"images"`
	}{}
	for i, uri := range in.Images { // one after the other: only one picture is held decoded
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		img, err := picture(uri)
		if err != nil {
			return nil, fmt.Errorf("images, number %d: %w", i+1, err)
		}
		drawn, err := dataURI(reasoning.Overlay(img, boxes, mask))
		if err != nil {
			return nil, err
		}
		out.Images = append(out.Images, drawn)
	}
	return out, nil
}

// segmented is one prompt's mask. A prompt that could not be drawn has an empty one, and says why.
type segmented struct {
	Mask  training.Runs `json:"mask"`
	Score float64       `json:"score"`
	Error string        `json:"error,omitempty"`
}

// segmentWith draws a mask per prompt, the segmenter's best candidate, and their union.
func segmentWith(seg reasoning.Segmenter) func(ctx context.Context, body []byte) (any, error) {
	return func(ctx context.Context, body []byte) (any, error) {
		if seg == nil {
			return nil, problem(http.StatusServiceUnavailable, "no-segmenter", "There is no segmenter here", "configure one: precinct doctor says how")
		}
		var in struct {
			Image   string            `json:"image"`
			Prompts []json.RawMessage `json:"prompts"`
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, badRequest("%v", err)
		}
		if in.Prompts == nil {
			return nil, badRequest("there are no prompts; [] asks for none")
		}
		img, err := picture(in.Image)
		if err != nil {
			return nil, fmt.Errorf("image: %w", err)
		}
		return segment(ctx, seg, rgba(img), in.Prompts)
	}
}

func segment(ctx context.Context, seg reasoning.Segmenter, img *image.RGBA, prompts []json.RawMessage) (any, error) {
	union := geo.NewMask(geo.Window{W: img.Rect.Dx(), H: img.Rect.Dy()})
	nothing := training.RunsOf(union)
	masks := make([]segmented, len(prompts))
	var emb reasoning.Embedding
	for i, raw := range prompts {
		var best *reasoning.Candidate
		prompt, err := readPrompt(raw, i)
		if err == nil && emb == nil {
			if emb, err = seg.Embed(ctx, reasoning.PictureKey(img), img); err != nil {
				return nil, fmt.Errorf("%w: %w", reasoning.ErrSegmenter, err)
			}
		}
		if err == nil {
			best, err = bestCandidate(ctx, emb, prompt)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			masks[i] = segmented{Mask: nothing, Error: err.Error()}
			continue
		}
		union.Or(best.Mask)
		masks[i] = segmented{Mask: training.RunsOf(best.Mask), Score: best.Score}
	}
	return struct {
		Mask  training.Runs `json:"mask"`
		Masks []segmented   `json:"masks"`
	}{training.RunsOf(union), masks}, nil
}

// readPrompt reads a prompt exactly as the pipeline reads one of a model's answer, which draws no more than MaxObjects.
func readPrompt(raw json.RawMessage, i int) (reasoning.Prompt, error) {
	if i >= reasoning.MaxObjects {
		return reasoning.Prompt{}, fmt.Errorf("only the first %d prompts are drawn", reasoning.MaxObjects)
	}
	prompts, problems := reasoning.ReadPrompts("<answer>[" + string(raw) + "]</answer>")
	if len(problems) > 0 {
		return reasoning.Prompt{}, problems[0]
	}
	return prompts[0], nil
}

func bestCandidate(ctx context.Context, emb reasoning.Embedding, p reasoning.Prompt) (*reasoning.Candidate, error) {
	candidates, err := emb.Masks(ctx, p)
	if err != nil {
		return nil, err
	}
	var best *reasoning.Candidate
	for i := range candidates {
		if best == nil || candidates[i].Score > best.Score {
			best = &candidates[i]
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w: it gave no mask", reasoning.ErrSegmenter)
	}
	return best, nil
}

// reward scores one completion, or a list of them: there an element that cannot be scored says why and costs no other.
func reward(ctx context.Context, body []byte) (any, error) {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '[' {
		return score(body)
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(body, &elements); err != nil {
		return nil, badRequest("%v", err)
	}
	out := make([]any, len(elements))
	for i, raw := range elements {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		scored, err := score(raw)
		if err != nil {
			out[i] = struct {
				ID    json.RawMessage `json:"id"`
				Error string          `json:"error"`
			}{scored.ID, err.Error()}
			continue
		}
		out[i] = scored
	}
	return out, nil
}

func score(raw json.RawMessage) (training.Scored, error) {
	var head struct {
		Definition training.Definition `json:"definition"`
	}
	_ = json.Unmarshal(raw, &head) // Score reports what is wrong with the object
	return training.Scorer{Definition: head.Definition, Open: training.OpenDataURI}.Score(raw)
}

func picture(uri string) (image.Image, error) {
	data, err := training.OpenDataURI(uri)
	if err != nil {
		return nil, err
	}
	return training.DecodePNG(data)
}

func rgba(img image.Image) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	return out
}

// dataURI encodes fast rather than small: the pictures are read once.
func dataURI(img image.Image) (string, error) {
	var buf bytes.Buffer
	buf.WriteString("data:image/png;base64,")
	b64 := base64.NewEncoder(base64.StdEncoding, &buf)
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(b64, img); err != nil {
		return "", fmt.Errorf("encode picture: %w", err)
	}
	if err := b64.Close(); err != nil {
		return "", fmt.Errorf("encode picture: %w", err)
	}
	return buf.String(), nil
}
