package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/precinct-map/precinct/server/problem"
)

// Scope is what a key may do.
type Scope string

// The scopes; each is granted by itself.
const (
	Read    Scope = "read"    // tiles, what was found, search
	Segment Scope = "segment" // have scenes run: outlines that are not known yet, jobs
	Edit    Scope = "edit"    // verdicts, corrections
	Admin   Scope = "admin"   // purge
)

// Scopes lists them all.
var Scopes = []Scope{Read, Segment, Edit, Admin}

// Key is one caller. With any key configured, every request but those for health and for the page itself needs one.
type Key struct {
	Name   string
	Hash   string // SHA-256 of the key, in hexadecimal: a key is 256 random bits, so that a slow hash would add nothing
	Scopes []Scope
	Rate   float64 // requests a second, with bursts of ten times that; 0 for no limit
}

// HashKey is what the configuration keeps of a key.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// gate holds the keys and their rates.
type gate struct {
	keys   []Key
	limits []*rate.Limiter
}

func newGate(keys []Key) *gate {
	g := &gate{keys: keys}
	for _, k := range keys {
		limit := rate.NewLimiter(rate.Inf, 0)
		if k.Rate > 0 {
			limit = rate.NewLimiter(rate.Limit(k.Rate), int(max(1, 10*k.Rate)))
		}
		g.limits = append(g.limits, limit)
	}
	return g
}

// find is the place of a request's key among the keys, -1 for none of them.
func (g *gate) find(r *http.Request) int {
	given := r.Header.Get("X-API-Key")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		given = bearer
	}
	if given == "" {
		given = r.URL.Query().Get("key") // QGIS and Leaflet can send nothing else
	}
	if given == "" {
		return -1
	}
	hash := []byte(HashKey(given))
	at := -1
	for i, k := range g.keys {
		if subtle.ConstantTimeCompare(hash, []byte(strings.ToLower(k.Hash))) == 1 {
			at = i
		}
	}
	return at
}

// free are the paths that need no key.
var free = []string{"/healthz", "/readyz"}

// viewers says whether a route serves the viewer's own files, which are the same for all: the page asks for a key by itself.
func (s *Server) viewers(route string) bool { return route == "/*" || route == "/vendor/leaflet/*" }

// identify turns away who has no key where keys are configured, and who asks too often.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if len(s.gate.keys) == 0 || slices.Contains(free, r.URL.Path) || r.Method == http.MethodOptions || s.viewers(c.Path()) {
			return next(c)
		}
		at := s.gate.find(r)
		if at < 0 {
			c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer realm="precinct"`)
			return problem.New(http.StatusUnauthorized, "key", "This needs a key", "send it as Authorization: Bearer KEY, X-API-Key: KEY, or ?key=KEY")
		}
		k := &s.gate.keys[at]
		if !s.gate.limits[at].Allow() {
			p := problem.New(http.StatusTooManyRequests, "rate", "Too many requests", "key %q may ask %g times a second", k.Name, k.Rate)
			p.RetryAfter = 1
			return p
		}
		c.Set("key", k)
		if err := s.allow(c, Read); err != nil {
			return err
		}
		return next(c)
	}
}

// needs lets those pass who may do something.
func (s *Server) needs(scope Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := s.allow(c, scope); err != nil {
				return err
			}
			return next(c)
		}
	}
}

// allow says why a caller may not do something. Without keys, reading and segmenting are open to all, and the rest where the server says so.
func (s *Server) allow(c echo.Context, scope Scope) error {
	k, _ := c.Get("key").(*Key)
	switch {
	case k == nil && (s.Open || scope == Read || scope == Segment):
		return nil
	case k == nil:
		return problem.New(http.StatusForbidden, "closed", "This needs a key",
			"the server listens to more than this machine and has no keys: configure one with scope %s (`precinct keys`)", scope)
	case !slices.Contains(k.Scopes, scope):
		return problem.New(http.StatusForbidden, "scope", "The key does not allow this", "key %q has the scopes %v, not %s", k.Name, k.Scopes, scope)
	}
	return nil
}
