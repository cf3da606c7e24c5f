package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paulmach/orb/maptile"
	"golang.org/x/time/rate"

	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// UserAgent tells providers who asks, as their terms want.
const UserAgent = "Precinct (+https://github.com/precinct-map/precinct)"

// Bounds on asking somebody else's server.
const (
	defaultTimeout     = 20 * time.Second // one try, body included
	defaultConcurrency = 6
	attempts           = 3
	longestRetryAfter  = 10 * time.Second // that a request waits for
	longestHold        = 10 * time.Minute // that a server is left alone on its word
	mostRedirects      = 3
	mostRate           = 1e6             // a larger number is a slip
	patience           = 3 * time.Second // with a server, where there is an old tile to give
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
	ttl     time.Duration
	way     *Upstream
	host    *host

	bucket     *cache.Bucket // nil for none
	folder     string        // in the bucket
	complained *atomic.Bool
	log        *slog.Logger
}

func openXYZ(_ context.Context, c Config) (tiles.Source, error) {
	if c.Grid == "baidu" {
		return openBaidu(c)
	}
	x, err := newXYZ(c)
	if err != nil {
		return nil, err
	}
	if x.url.retina() {
		return retinal{x}, nil
	}
	return x, nil
}

func newXYZ(c Config) (*xyz, error) {
	address, hidden, err := secret(c.URL)
	if err != nil {
		return nil, configError(c, "url: %v", err)
	}
	x := &xyz{info: c.info(), hidden: hidden, headers: http.Header{"User-Agent": {UserAgent}}, backoff: 300 * time.Millisecond, ttl: c.TTL, log: c.Log, way: c.Upstream, complained: new(atomic.Bool)}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	if x.way == nil {
		x.way = NewUpstream(0)
	}
	if c.MayCache == nil || *c.MayCache {
		x.bucket, x.folder = c.Bucket, Folder(c)
	}
	if x.url, err = parseTemplate(address, c.Subdomains); err != nil {
		return nil, configError(c, "url: %v", x.hide(err.Error()))
	}
	x.host = x.way.host(x.url.text)
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

// retinal is an xyz whose server has tiles of twice the size.
type retinal struct{ *xyz }

// TileAt is the server's own tile of twice the size, for any scale above 1.
func (r retinal) TileAt(ctx context.Context, t maptile.Tile, scale int) (*tiles.Tile, error) {
	return r.tileAt(ctx, t, min(scale, 2))
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
		return fmt.Errorf("%w: more than %d of them", errRedirect, mostRedirects)
	}
	if to, from := r.URL.Scheme+"://"+r.URL.Host, via[0].URL.Scheme+"://"+via[0].URL.Host; to != from {
		return fmt.Errorf("%w: it leads to %s", errRedirect, to)
	}
	return nil
}

func (x *xyz) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	return x.tileAt(ctx, t, 1)
}

func (x *xyz) tileAt(ctx context.Context, t maptile.Tile, scale int) (*tiles.Tile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !x.info.Holds(t) {
		return nil, tileError(x.info.Name, t, tiles.ErrNotFound, "")
	}
	key := x.key(t, scale)
	old := x.kept(ctx, key)
	if old != nil && old.Fresh(time.Now()) {
		return x.answer(t, old)
	}
	asking := ctx
	if old != nil && !old.Missing {
		var cancel context.CancelFunc
		asking, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	e, store, err := x.fetch(asking, t, scale, old)
	switch {
	case err == nil:
	case old != nil && !old.Missing && ctx.Err() == nil:
		return x.stale(t, old, err)
	default:
		return nil, err
	}
	if store {
		x.keep(ctx, key, e)
	}
	return x.answer(t, e)
}

// fetch asks the server, several times if need be, and says whether the answer may be stored. What is old, if anything, need not be sent again.
func (x *xyz) fetch(ctx context.Context, t maptile.Tile, scale int, old *cache.Entry) (e *cache.Entry, store bool, err error) {
	address := x.url.expandAt(t, scale)
	failed, err := x.persist(ctx, func() (failed *tryError) {
		e, store, failed = x.try(ctx, address, old)
		return failed
	})
	if failed != nil {
		err = tileError(x.info.Name, t, failed.err, failed.hint)
	}
	return e, store, err
}

// persist tries until it succeeds, fails for good or has failed often enough: the last failure then. The error is the context's, or
// that the host is to be left alone.
func (x *xyz) persist(ctx context.Context, try func() *tryError) (*tryError, error) {
	select {
	case x.slots <- struct{}{}:
		defer func() { <-x.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var last *tryError
	for n := range attempts {
		if err := x.pause(ctx, n, last); err != nil {
			return nil, err
		}
		leave, err := x.way.enter(ctx)
		if err != nil {
			return nil, err
		}
		last = try()
		leave()
		if last == nil {
			return nil, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !last.again {
			break
		}
	}
	return last, nil
}

// tryError is what one try came to.
type tryError struct {
	err   error
	hint  string
	again bool          // whether another try may help
	after time.Duration // what the server asked us to wait
}

// pause waits before a try: for the source's rate, longer after each failure, and as long as the server asked us to.
func (x *xyz) pause(ctx context.Context, n int, last *tryError) error {
	wait := x.host.wait()
	if wait > longestRetryAfter {
		return fmt.Errorf("source %s: %w: it asked to be left alone for %.0f s more", x.info.Name, tiles.ErrUpstream, wait.Seconds())
	}
	if n > 0 {
		wait = max(wait, x.backoff<<(n-1), last.after)
	}
	if wait > 0 {
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

func (x *xyz) try(ctx context.Context, address string, old *cache.Entry) (*cache.Entry, bool, *tryError) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, false, x.upstream(err, "check the url", false)
	}
	r.Header = x.headers.Clone()
	if old != nil && !old.Missing {
		setIf(r.Header, "If-None-Match", old.ETag)
		setIf(r.Header, "If-Modified-Since", old.Modified)
	}
	reply, err := x.client.Do(r)
	if err != nil {
		hint, again := advise(err)
		return nil, false, x.upstream(err, hint, again)
	}
	defer reply.Body.Close()
	now := time.Now()
	if busy(reply.StatusCode) {
		return nil, false, x.overloaded(reply, now)
	}
	x.host.fine()
	e := &cache.Entry{ETag: reply.Header.Get("ETag"), Modified: reply.Header.Get("Last-Modified"), Fetched: now}
	switch code := reply.StatusCode; {
	case code == http.StatusOK:
		var failed *tryError
		if e.Data, failed = x.picture(reply); failed != nil {
			return nil, false, failed
		}
		e.Missing = len(e.Data) == 0 // how some servers say that there is nothing
	case code == http.StatusNotModified && old != nil:
		e.Data, e.ETag, e.Modified = old.Data, cmp.Or(e.ETag, old.ETag), cmp.Or(e.Modified, old.Modified)
	case code == http.StatusNotFound, code == http.StatusNoContent, code == http.StatusGone:
		e.Missing = true
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return nil, false, x.upstream(errors.New(reply.Status), "the server refuses us: check the key and its terms", false)
	default:
		return nil, false, x.upstream(errors.New(reply.Status), "check the url", false)
	}
	var store bool
	e.Until, store = x.lifetime(reply.Header, now, e.Missing)
	return e, store, nil
}

func busy(code int) bool { return code == http.StatusTooManyRequests || code >= 500 }

func setIf(h http.Header, key, value string) {
	if value != "" {
		h.Set(key, value)
	}
}

// overloaded heeds what a server that cannot answer asks for, for all tiles and all sources of that host.
func (x *xyz) overloaded(reply *http.Response, now time.Time) *tryError {
	e := x.upstream(errors.New(reply.Status), "the server is overloaded or broken; lower rate and concurrency, or try later", true)
	e.after = retryAfter(reply.Header, now)
	e.again = e.after <= longestRetryAfter
	x.host.failed(now, e.after, x.backoff)
	return e
}

// picture reads a picture's bytes; none where the answer is empty.
func (x *xyz) picture(reply *http.Response) ([]byte, *tryError) {
	data, err := io.ReadAll(io.LimitReader(reply.Body, tiles.MaxTileBytes+1))
	if err != nil {
		hint, again := advise(err)
		return nil, x.upstream(fmt.Errorf("the answer broke off after %d bytes: %w", len(data), err), hint, again)
	}
	if len(data) == 0 {
		return nil, nil
	}
	tile, err := tiles.EncodedTile(data)
	if err == nil {
		_, err = tile.Image() // now, since a truncated picture should be fetched again, not kept
	}
	if err != nil {
		return nil, &tryError{err: err, again: true, hint: "the server answered " + reply.Header.Get("Content-Type") + "; check the url, and that its tiles are pictures"}
	}
	return data, nil
}

func (x *xyz) upstream(err error, hint string, again bool) *tryError {
	return &tryError{err: fmt.Errorf("%w: %s", tiles.ErrUpstream, x.hide(plain(err).Error())), hint: hint, again: again}
}

func (x *xyz) hide(s string) string { return redact(s, x.hidden) }

// parseRate reads "10/s" or "600/m"; "" is no limit.
func parseRate(s string) (*rate.Limiter, error) {
	if s == "" {
		return rate.NewLimiter(rate.Inf, 1), nil
	}
	count, unit, ok := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(count, 64)
	per := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if !ok || err != nil || !(n > 0 && n <= mostRate) || per == 0 { // NaN is neither
		return nil, fmt.Errorf("rate %q: want a number a second, minute or hour, as 10/s", s)
	}
	return rate.NewLimiter(rate.Limit(n/per), max(1, int(n/per))), nil
}
