package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb/maptile"
	"golang.org/x/time/rate"

	"github.com/precinct-map/precinct/tiles"
)

// UserAgent tells providers who asks, as their terms want.
const UserAgent = "Precinct (+https://github.com/precinct-map/precinct)"

// Bounds on asking somebody else's server.
const (
	defaultTimeout     = 20 * time.Second // one try, body included
	defaultConcurrency = 6
	attempts           = 3
	longestRetryAfter  = 10 * time.Second
	mostRedirects      = 3
)

// xyz is tiles of a server, one URL each.
type xyz struct {
	info    tiles.Info
	url     template
	headers http.Header
	hidden  []string // secrets, which no error may show
	client  *http.Client
	slots   chan struct{}
	limiter *rate.Limiter
	backoff time.Duration
}

func openXYZ(_ context.Context, c Config) (tiles.Source, error) {
	address, hidden, err := secret(c.URL)
	if err != nil {
		return nil, configError(c, "url: %v", err)
	}
	x := &xyz{info: c.info(), hidden: hidden, headers: http.Header{"User-Agent": {UserAgent}}, backoff: 300 * time.Millisecond}
	if x.url, err = parseTemplate(address, c.Subdomains); err != nil {
		return nil, configError(c, "url: %v", x.hide(err.Error()))
	}
	for k, v := range c.Headers {
		value, secrets, err := secret(v)
		if err != nil {
			return nil, configError(c, "header %s: %v", k, err)
		}
		x.headers.Set(k, value)
		x.hidden = append(x.hidden, secrets...)
	}
	if x.limiter, err = parseRate(c.Rate); err != nil {
		return nil, configError(c, "%v", err)
	}
	concurrency, timeout := c.Concurrency, c.Timeout
	if concurrency <= 0 {
		concurrency = defaultConcurrency
	}
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	x.slots = make(chan struct{}, concurrency)
	if f, ok := tiles.ParseFormat(x.url.ending()); ok {
		x.info.Format = f
	} else {
		x.info.Format = tiles.JPEG
	}
	x.client = &http.Client{Timeout: timeout, CheckRedirect: sameHost, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: concurrency, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: timeout,
	}}
	return x, nil
}

// Close lets idle connections go.
func (x *xyz) Close() error {
	x.client.CloseIdleConnections()
	return nil
}

func (x *xyz) Info() tiles.Info { return x.info }

// sameHost keeps an upstream from sending us elsewhere: to an address inside somebody's network, or with our key to a stranger.
func sameHost(r *http.Request, via []*http.Request) error {
	if len(via) > mostRedirects {
		return fmt.Errorf("more than %d redirects", mostRedirects)
	}
	if r.URL.Hostname() != via[0].URL.Hostname() || r.URL.Scheme != via[0].URL.Scheme {
		return fmt.Errorf("redirected to another host, %s", r.URL.Hostname())
	}
	return nil
}

func (x *xyz) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	if int(t.Z) < x.info.MinZoom || int(t.Z) > x.info.MaxZoom {
		return nil, tileError(x.info.Name, t, tiles.ErrNotFound, "")
	}
	select {
	case x.slots <- struct{}{}:
		defer func() { <-x.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	address := x.url.expand(t)
	var last *tryError
	for n := range attempts {
		if err := x.pause(ctx, n, last); err != nil {
			return nil, err
		}
		tile, err := x.try(ctx, address)
		if err == nil {
			return tile, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if last = err; !err.again {
			break
		}
	}
	return nil, tileError(x.info.Name, t, last.err, last.hint)
}

// tryError is what one try came to.
type tryError struct {
	err   error
	hint  string
	again bool          // whether another try may help
	after time.Duration // what the server asked us to wait
}

// pause waits before a try: for the source's rate, and longer after each failure.
func (x *xyz) pause(ctx context.Context, n int, last *tryError) error {
	if n > 0 {
		wait := max(x.backoff<<(n-1), last.after)
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return x.limiter.Wait(ctx)
}

func (x *xyz) try(ctx context.Context, address string) (*tiles.Tile, *tryError) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, x.upstream(err, "check the url", false)
	}
	r.Header = x.headers
	reply, err := x.client.Do(r)
	if err != nil {
		return nil, x.upstream(err, "is the server reachable?", true)
	}
	defer reply.Body.Close()
	switch code := reply.StatusCode; {
	case code == http.StatusOK:
	case code == http.StatusNotFound, code == http.StatusNoContent, code == http.StatusGone:
		return nil, &tryError{err: tiles.ErrNotFound}
	case code == http.StatusTooManyRequests, code >= 500:
		e := x.upstream(errors.New(reply.Status), "the server is overloaded or broken; lower rate and concurrency, or try later", true)
		if s, err := strconv.Atoi(reply.Header.Get("Retry-After")); err == nil && s > 0 {
			e.after = min(longestRetryAfter, time.Duration(s)*time.Second)
		}
		return nil, e
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return nil, x.upstream(errors.New(reply.Status), "the server refuses us: check the key and its terms", false)
	default:
		return nil, x.upstream(errors.New(reply.Status), "check the url", false)
	}
	return x.picture(reply)
}

func (x *xyz) picture(reply *http.Response) (*tiles.Tile, *tryError) {
	data, err := io.ReadAll(io.LimitReader(reply.Body, tiles.MaxTileBytes+1))
	if err != nil {
		return nil, x.upstream(fmt.Errorf("the answer broke off after %d bytes: %w", len(data), err), "", true)
	}
	if len(data) == 0 {
		return nil, &tryError{err: tiles.ErrNotFound} // how some servers say that there is nothing
	}
	tile, err := tiles.EncodedTile(data)
	if err == nil {
		_, err = tile.Image() // now, since a truncated picture should be fetched again, not kept
	}
	if err != nil {
		return nil, &tryError{err: err, again: true, hint: "the server answered " + reply.Header.Get("Content-Type") + "; check the url, and that its tiles are pictures"}
	}
	return tile, nil
}

func (x *xyz) upstream(err error, hint string, again bool) *tryError {
	// The client's errors carry the address; what is secret in it does not get out.
	return &tryError{err: fmt.Errorf("%w: %s", tiles.ErrUpstream, x.hide(err.Error())), hint: hint, again: again}
}

func (x *xyz) hide(s string) string {
	for _, v := range x.hidden {
		s = strings.ReplaceAll(s, v, "…")
		s = strings.ReplaceAll(s, url.QueryEscape(v), "…")
	}
	return s
}

// parseRate reads "10/s" or "600/m"; "" is no limit.
func parseRate(s string) (*rate.Limiter, error) {
	if s == "" {
		return rate.NewLimiter(rate.Inf, 1), nil
	}
	count, unit, ok := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(count, 64)
	per := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if !ok || err != nil || n <= 0 || per == 0 {
		return nil, fmt.Errorf("rate %q: want a number a second, minute or hour, as 10/s", s)
	}
	return rate.NewLimiter(rate.Limit(n/per), max(1, int(n/per))), nil
}
