package sources

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// longestPause is how long a host that fails without saying for how long is left alone at most. It is short, since some servers answer
// 500 where they have no tile.
const longestPause = 5 * time.Second

// Upstream is the way out to other people's servers that sources share: how many requests are under way at once, and which hosts want to
// be left alone. It is safe for concurrent use.
type Upstream struct {
	slots chan struct{} // nil for any number

	mu    sync.Mutex
	hosts map[string]*host
}

// NewUpstream lets so many requests go at once, any number where it is 0 or less.
func NewUpstream(concurrency int) *Upstream {
	u := &Upstream{hosts: map[string]*host{}}
	if concurrency > 0 {
		u.slots = make(chan struct{}, concurrency)
	}
	return u
}

// enter waits for its turn; leave ends it. The error is the context's.
func (u *Upstream) enter(ctx context.Context) (leave func(), err error) {
	if u.slots == nil {
		return func() {}, nil
	}
	select {
	case u.slots <- struct{}{}:
		return func() { <-u.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// host is the one that an address names. Subdomains of a template, {s}, are one host: they are one server's.
func (u *Upstream) host(address string) *host {
	_, rest, _ := strings.Cut(address, "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	name := strings.ToLower(rest[strings.LastIndex(rest, "@")+1:])
	u.mu.Lock()
	defer u.mu.Unlock()
	h := u.hosts[name]
	if h == nil {
		h = &host{}
		u.hosts[name] = h
	}
	return h
}

// host is what is known of a server's health, by all sources that ask it.
type host struct {
	mu       sync.Mutex
	until    time.Time // it wants to be left alone
	failures int       // in a row
}

// wait is how long the host is to be left alone yet.
func (h *host) wait() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Until(h.until)
}

// fine notes an answer that shows the host well.
func (h *host) fine() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures = 0
}

// failed notes that the host is overloaded or broken. after is what it asked for, 0 for nothing: then it is left alone for a time that
// begins with first and doubles with each failure in a row.
func (h *host) failed(now time.Time, after, first time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if after <= 0 {
		if now.Before(h.until) {
			return // one of several that were asked at once: they count as one
		}
		after = min(longestPause, first<<min(h.failures, 16))
		h.failures++
	}
	if until := now.Add(after); until.After(h.until) {
		h.until = until
	}
}

// retryAfter is what an answer asks us to wait, RFC 9110 section 10.2.3; 0 for nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	after := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(longestHold/time.Second))) * time.Second
	}
	if until, err := http.ParseTime(after); err == nil && until.After(now) {
		return min(longestHold, until.Sub(now))
	}
	return 0
}
