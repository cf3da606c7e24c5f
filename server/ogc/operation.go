package ogc

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/server/problem"
)

// operation is one method of one resource. The table of them is what is served, what is checked and what /ogc/api describes.
type operation struct {
	method  string
	path    string // as net/http's patterns have it
	id      string
	summary string
	tag     string
	query   []param
	media   []string // of the answer
	body    string   // media type of what is sent; "" for nothing
	loose   bool     // other parameters, and these in another case, are no mistake
	raw     bool     // it is streamed, or encoded by others: it is not packed here
	serve   func(*call) error
}

// param is a query parameter.
type param struct {
	name   string
	about  string
	schema map[string]any
	list   bool // values with commas between
}

// call is a request on its way through an operation.
type call struct {
	*service
	op    *operation
	w     http.ResponseWriter
	r     *http.Request
	base  string // what links begin with, without a trailing slash
	query url.Values
	html  bool // a person looks at it
}

func (s *service) dispatch(methods map[string]*operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{service: s, w: w, r: r, base: s.base(r)}
		if err := c.answer(methods); err != nil {
			c.fail(err)
		}
	}
}

func (c *call) answer(methods map[string]*operation) error {
	if methods == nil {
		return problem.NotFound("%s is no resource here; %s/ogc lists what there is", short(c.r.URL.Path), c.base)
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if c.op = methods[method]; c.op == nil {
		c.w.Header().Set("Allow", allowed(methods))
		if method == http.MethodOptions {
			c.w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return problem.New(http.StatusMethodNotAllowed, "http", "This method is not for this resource", "use %s", allowed(methods))
	}
	if err := c.checkQuery(); err != nil {
		return err
	}
	return c.op.serve(c)
}

func allowed(methods map[string]*operation) string {
	out := []string{http.MethodOptions}
	for m := range methods {
		if out = append(out, m); m == http.MethodGet {
			out = append(out, http.MethodHead)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// checkQuery refuses what the API definition does not have (OGC 17-069r4, /req/core/query-param-unknown and -invalid).
func (c *call) checkQuery() error {
	var err error
	if c.query, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		return problem.BadRequest("the query cannot be decoded: %v", err)
	}
	for name, values := range c.query {
		if c.op.loose {
			break
		}
		if !slices.ContainsFunc(c.op.query, func(p param) bool { return p.name == name }) {
			return problem.BadRequest("there is no parameter %q here; there are: %s", short(name), strings.Join(names(c.op.query), ", "))
		}
		if len(values) > 1 {
			return problem.BadRequest("the parameter %q is given %d times", short(name), len(values))
		}
	}
	c.html = slices.Contains(c.op.media, mediaHTML) && prefersHTML(c.r.Header.Get("Accept"))
	if slices.Contains(c.op.media, mediaHTML) {
		c.w.Header().Add("Vary", "Accept")
	}
	if f := c.query.Get("f"); c.query.Has("f") {
		if !slices.Contains(formatNames(c.op), f) {
			return problem.BadRequest("there is no format %q here; there are: %s", short(f), strings.Join(formatNames(c.op), ", "))
		}
		c.html = f == "html"
	}
	return nil
}

func names(list []param) []string {
	out := []string{}
	for _, p := range list {
		out = append(out, p.name)
	}
	if len(out) == 0 {
		out = append(out, "none")
	}
	return out
}

// formatNames are the values of f.
func formatNames(op *operation) []string {
	for _, p := range op.query {
		if p.name == "f" {
			return p.schema["enum"].([]string)
		}
	}
	return nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9._:\[\]-]+$`)

// base is the URL that links begin with, without a trailing slash.
func (s *service) base(r *http.Request) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	scheme, host, prefix := "http", r.Host, ""
	if r.TLS != nil {
		scheme = "https"
	}
	if s.TrustForwarded {
		if v := first(r, "X-Forwarded-Proto"); v == "http" || v == "https" {
			scheme = v
		}
		if v := first(r, "X-Forwarded-Host"); hostName.MatchString(v) {
			host = v
		}
		if v := first(r, "X-Forwarded-Prefix"); strings.HasPrefix(v, "/") {
			prefix = strings.TrimRight((&url.URL{Path: v}).EscapedPath(), "/")
		}
	}
	if !hostName.MatchString(host) {
		host = "localhost"
	}
	return scheme + "://" + host + prefix
}

// first is the value that the proxy nearest to the client set.
func first(r *http.Request, header string) string {
	v, _, _ := strings.Cut(r.Header.Get(header), ",")
	return strings.TrimSpace(v)
}
