// Package openai asks a vision-language model behind any OpenAI-compatible endpoint: vLLM, SGLang, llama.cpp, Ollama or a
// hosted one. Servers differ in what they can; what is not plain chat is tried and remembered, never assumed.
package openai

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// Schema says when answers are constrained to the protocol's JSON. A constrained answer has no reasoning in it.
type Schema string

// When to constrain.
const (
	Fallback Schema = "fallback" // when an answer could not be read: ask again, constrained, where the server can
	Always   Schema = "always"
	Never    Schema = "never"
)

// Options is where the model is and how it is asked.
type Options struct {
	URL     string // base of the API, as http://127.0.0.1:8000/v1
	Key     string // secret; sent as a bearer token when set
	Model   string
	Dialect reasoning.Dialect
	Timeout time.Duration // of one completion; 2 minutes when zero
	Retries int           // of requests refused with 429 or 5xx; 2 when zero, none when negative
	Schema  Schema        // Fallback when empty
}

// Client implements reasoning.VLM.
type Client struct {
	options Options
	client  sdk.Client

	schema  atomic.Int32                      // what is known of response_format
	dialect atomic.Pointer[reasoning.Dialect] // the options', with the picture size that the server keeps
}

const (
	schemaUnknown = iota
	schemaWorks
	schemaFails
)

// New makes a client. It asks nothing yet.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &reasoning.Error{Op: "configure", Subject: "vlm.url", Err: fmt.Errorf("%w: %q is no http address", reasoning.ErrVLM, o.URL),
			Hint: "give the base of the API, as http://127.0.0.1:8000/v1"}
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Retries == 0 {
		o.Retries = 2
	}
	if o.Schema == "" {
		o.Schema = Fallback
	}
	key := o.Key
	if key == "" {
		key = "none" // the library wants one, servers without keys ignore it
	}
	c := &Client{options: o, client: sdk.NewClient(
		option.WithBaseURL(o.URL), option.WithAPIKey(key), option.WithMaxRetries(max(0, o.Retries)), option.WithRequestTimeout(o.Timeout),
		option.WithHeader("User-Agent", "Precinct"), option.WithHTTPClient(&http.Client{}),
	)}
	c.dialect.Store(&o.Dialect)
	return c, nil
}

// Name tells model and server.
func (c *Client) Name() string { return c.options.Model + "@" + hostOf(c.options.URL) }

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	return u.Host
}

// Dialect is how the model counts coordinates, and after Probe the picture size that it sees.
func (c *Client) Dialect() reasoning.Dialect { return *c.dialect.Load() }

// Complete asks r.N times: n is not to be had from every server.
func (c *Client) Complete(ctx context.Context, r reasoning.Request) ([]reasoning.Completion, error) {
	content, err := message(r, c.Dialect())
	if err != nil {
		return nil, err
	}
	out := make([]reasoning.Completion, max(1, r.N))
	for i := range out {
		if out[i], err = c.one(ctx, r, content, r.Seed+int64(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// one is one completion, asked again under a schema when the first cannot be read.
func (c *Client) one(ctx context.Context, r reasoning.Request, content []sdk.ChatCompletionContentPartUnionParam, seed int64) (reasoning.Completion, error) {
	mode := c.options.Schema
	if c.Dialect().Protocol != nil {
		mode = Never // the schema is our own protocol's
	}
	if mode == Always && c.schema.Load() != schemaFails {
		return c.constrained(ctx, r, content, seed)
	}
	free, err := c.ask(ctx, r, content, seed, false)
	if err != nil || mode == Never || readable(free.Text) || c.schema.Load() == schemaFails {
		return free, err
	}
	second, err := c.constrained(ctx, r, content, seed)
	if err != nil && ctx.Err() == nil || err == nil && !readable(second.Text) {
		return free, nil // the first answer is at least the model's own
	}
	return second, err
}

func readable(text string) bool {
	prompts, problems := reasoning.ReadPrompts(text)
	return len(prompts) > 0 || len(problems) == 0
}

// constrained asks under a schema, and remembers whether the server keeps to it: some refuse, some answer as if it were
// not there.
func (c *Client) constrained(ctx context.Context, r reasoning.Request, content []sdk.ChatCompletionContentPartUnionParam, seed int64) (reasoning.Completion, error) {
	answer, err := c.ask(ctx, r, content, seed, true)
	if err != nil {
		var refusal *sdk.Error
		if errors.As(err, &refusal) && refusal.StatusCode == http.StatusBadRequest {
			c.schema.Store(schemaFails)
			return c.ask(ctx, r, content, seed, false)
		}
		return answer, err
	}
	if !json.Valid([]byte(answer.Text)) {
		// Cut off at the token limit it is no JSON either, so only a whole answer tells.
		if !strings.HasPrefix(strings.TrimSpace(answer.Text), "[") {
			c.schema.Store(schemaFails)
		}
		return answer, nil
	}
	c.schema.Store(schemaWorks)
	answer.Text = "<think></think><answer>" + answer.Text + "</answer>"
	return answer, nil
}

// ask sends one request.
func (c *Client) ask(ctx context.Context, r reasoning.Request, content []sdk.ChatCompletionContentPartUnionParam, seed int64, schema bool) (reasoning.Completion, error) {
	p := sdk.ChatCompletionNewParams{Model: c.options.Model, Messages: []sdk.ChatCompletionMessageParamUnion{sdk.UserMessage(content)}}
	p.Temperature = sdk.Float(r.Temperature)
	if r.TopP > 0 {
		p.TopP = sdk.Float(r.TopP)
	}
	if r.MaxTokens > 0 {
		p.MaxTokens = sdk.Int(int64(r.MaxTokens)) // not max_completion_tokens: of the servers that matter, all know this one
	}
	p.Seed = sdk.Int(seed)
	if schema {
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "places", Schema: schemaOf(r.Stage), Strict: sdk.Bool(true)}}
	}
	reply, err := c.client.Chat.Completions.New(ctx, p)
	if err != nil {
		return reasoning.Completion{}, c.failure(ctx, err)
	}
	if len(reply.Choices) == 0 {
		return reasoning.Completion{}, c.failure(ctx, errors.New("the answer has no choices"))
	}
	return reasoning.Completion{
		Text: reply.Choices[0].Message.Content, PromptTokens: int(reply.Usage.PromptTokens), Tokens: int(reply.Usage.CompletionTokens),
	}, nil
}

// failure says what went wrong without the request, whose headers hold the key.
func (c *Client) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &reasoning.Error{Op: "ask", Subject: c.Name(), Hint: "is the server at vlm.url up, and does it serve vlm.model?"}
	var refusal *sdk.Error
	switch {
	case errors.As(err, &refusal):
		e.Err = fmt.Errorf("%w: status %d: %s%w", reasoning.ErrVLM, refusal.StatusCode, refusal.Message, silent{refusal})
		if refusal.StatusCode == http.StatusUnauthorized || refusal.StatusCode == http.StatusForbidden {
			e.Hint = "check vlm.key"
		}
	case errors.Is(err, context.DeadlineExceeded):
		e.Err, e.Hint = fmt.Errorf("%w: no answer within %v", reasoning.ErrVLM, c.options.Timeout), "raise vlm.timeout, or give the model less to do"
	default:
		e.Err = fmt.Errorf("%w: %v", reasoning.ErrVLM, err)
	}
	if c.options.Key != "" {
		e.Err = hidden{e.Err, c.options.Key}
	}
	return e
}

// silent carries an error for errors.As without its text.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

// hidden keeps a key out of whatever a server echoes.
type hidden struct {
	error
	key string
}

func (h hidden) Error() string { return strings.ReplaceAll(h.error.Error(), h.key, "…") }
func (h hidden) Unwrap() error { return h.error }

// message is the two pictures, map first, and then the text.
func message(r reasoning.Request, d reasoning.Dialect) ([]sdk.ChatCompletionContentPartUnionParam, error) {
	var parts []sdk.ChatCompletionContentPartUnionParam
	for _, i := range d.ImageOrder() {
		uri, err := dataURI(r.Images[i])
		if err != nil {
			return nil, err
		}
		parts = append(parts, sdk.ImageContentPart(sdk.ChatCompletionContentPartImageImageURLParam{URL: uri}))
	}
	return append(parts, sdk.TextContentPart(r.Text)), nil
}

func dataURI(img image.Image) (string, error) {
	data, err := tiles.Encode(img, tiles.PNG)
	if err != nil {
		return "", fmt.Errorf("encode picture for the model: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data), nil
}

// schemaOf is the protocol's answer as JSON Schema.
func schemaOf(stage reasoning.Stage) map[string]any {
	numbers := func(n int) map[string]any {
		return map[string]any{"type": "array", "items": map[string]any{"type": "number"}, "minItems": n, "maxItems": n}
	}
	properties := map[string]any{"bbox_2d": numbers(4)}
	required := []string{"bbox_2d"}
	if stage != reasoning.Localize {
		properties["points"] = map[string]any{"type": "array", "items": numbers(2), "minItems": 1, "maxItems": 4}
		required = append(required, "points")
	}
	return map[string]any{"type": "array", "maxItems": 16, "items": map[string]any{
		"type": "object", "properties": properties, "required": required, "additionalProperties": false}}
}
