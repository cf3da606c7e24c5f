package search

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Upstream is a Nominatim that is asked when the index has nothing. It keeps to the usage policy of the public one,
// https://operations.osmfoundation.org/policies/nominatim/: one question a second, an agent that says who asks, answers kept.
type Upstream struct {
	url, agent string
	client     *http.Client
	limit      *rate.Limiter

	mu   sync.Mutex
	kept map[string][]Result
	turn []string // of kept, the oldest first
}

const (
	mostKept        = 1000    // answers
	mostAnswerBytes = 4 << 20 // of one
	patience        = 10 * time.Second
)

// NewUpstream takes the address of a Nominatim, as https://nominatim.example, and an agent that tells who asks, as
// "precinct (map@example.org)". A nil client is one with a time limit.
func NewUpstream(address, agent string, client *http.Client) (*Upstream, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &Error{"read address", fmt.Sprintf("%.80q", address), ErrQuery, "give a Nominatim's http or https address"}
	}
	if strings.TrimSpace(agent) == "" {
		return nil, &Error{"read agent", "\"\"", ErrQuery, "say who asks: Nominatim refuses those who do not"}
	}
	if client == nil {
		client = &http.Client{Timeout: patience}
	}
	return &Upstream{url: strings.TrimSuffix(address, "/"), agent: agent, client: client, limit: rate.NewLimiter(1, 1), kept: map[string][]Result{}}, nil
}

func (u *Upstream) search(ctx context.Context, p *params) ([]Result, error) {
	v := url.Values{"q": {p.query.Text}, "format": {"jsonv2"}, "limit": {strconv.Itoa(cmp.Or(p.query.Limit, 10))}}
	if b := p.query.Viewbox; b != nil {
		v.Set("viewbox", strings.Join([]string{degrees(b.Min[0]), degrees(b.Min[1]), degrees(b.Max[0]), degrees(b.Max[1])}, ","))
	}
	for k, on := range map[string]bool{"bounded": p.query.Bounded, "polygon_geojson": p.polygon, "addressdetails": p.address, "extratags": p.extra, "namedetails": p.names} {
		if on {
			v.Set(k, "1")
		}
	}
	if p.threshold > 0 {
		v.Set("polygon_threshold", strconv.FormatFloat(p.threshold, 'f', -1, 64))
	}
	if len(p.query.Countries) > 0 {
		v.Set("countrycodes", strings.Join(p.query.Countries, ","))
	}
	var spoken []string
	for _, l := range p.languages {
		spoken = append(spoken, l.String())
	}
	if len(spoken) > 0 {
		v.Set("accept-language", strings.Join(spoken, ","))
	}
	results, err := u.get(ctx, v.Encode())
	if err != nil {
		return nil, &Error{"ask", u.url, fmt.Errorf("%w: %w", ErrUpstream, err), "is the Nominatim reachable, and does it allow this agent?"}
	}
	out := append([]Result{}, results...)
	if p.format == "json" {
		for i := range out {
			out[i].Class, out[i].Category = out[i].Category, ""
		}
	}
	return out, nil
}

func (u *Upstream) get(ctx context.Context, query string) ([]Result, error) {
	u.mu.Lock()
	results, ok := u.kept[query]
	u.mu.Unlock()
	if ok {
		return results, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := u.limit.Wait(ctx); err != nil {
		return nil, fmt.Errorf("too many questions wait: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url+"/search?"+query, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", u.agent)
	res, err := u.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, mostAnswerBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > mostAnswerBytes {
		return nil, fmt.Errorf("an answer of more than %d MiB", mostAnswerBytes>>20)
	}
	if err := json.Unmarshal(data, &results); err != nil {
		return nil, fmt.Errorf("no answer of Nominatim's: %w", err)
	}
	u.keep(query, results)
	return results, nil
}

func (u *Upstream) keep(query string, results []Result) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.kept[query]; !ok {
		if u.turn = append(u.turn, query); len(u.turn) > mostKept {
			delete(u.kept, u.turn[0])
			u.turn = u.turn[1:]
		}
	}
	u.kept[query] = results
}
