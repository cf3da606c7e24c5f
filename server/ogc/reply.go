package ogc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
)

// Media types.
const (
	mediaJSON    = "application/json"
	mediaHTML    = "text/html"
	mediaGeoJSON = "application/geo+json"
	mediaOpenAPI = "application/vnd.oai.openapi+json;version=3.0"
	mediaMVT     = "application/vnd.mapbox-vector-tile"
	mediaEvents  = "text/event-stream"
	mediaXML     = "application/xml"
	mediaProblem = "application/problem+json"
)

// packed is what gzhttp appends to the validator of what it packs.
const packed = "-gzip"

// problems is the one table from error to status.
var problems = problem.Table{
	{store.ErrNotFound, http.StatusNotFound, "not-found", "There is no such thing here"},
	{ErrNotFound, http.StatusNotFound, "not-found", "There is no such thing here"},
	{store.ErrConflict, http.StatusPreconditionFailed, "conflict", "Somebody else changed it"},
	{geo.ErrInvalid, http.StatusUnprocessableEntity, "geometry", "The outline cannot be kept"},
	{formats.ErrTooLarge, http.StatusRequestEntityTooLarge, "too-large", "What was sent is too large"},
	{formats.ErrGeometry, http.StatusUnprocessableEntity, "geometry", "The outline cannot be kept"},
	{formats.ErrInput, http.StatusBadRequest, "bad-request", "The request cannot be understood"},
	{store.ErrInput, http.StatusBadRequest, "bad-request", "The request cannot be understood"},
	{ErrInput, http.StatusBadRequest, "bad-request", "The request cannot be understood"},
}

func (c *call) fail(err error) {
	p := problem.Of(err, problems)
	if p.Status >= 500 {
		c.Log.Error("request failed", "path", c.r.URL.Path, "status", p.Status, "error", err)
	}
	p.Write(c.w, c.r)
}

// link is a web link as the standards write it.
type link struct {
	Href      string `json:"href"`
	Rel       string `json:"rel"`
	Type      string `json:"type,omitempty"`
	Title     string `json:"title,omitempty"`
	Templated bool   `json:"templated,omitempty"`
}

// own is the links of a document to itself and to its other formats.
func (c *call) own(media string) []link {
	self, other := link{c.inFormat("json"), "self", media, "This document", false}, link{c.inFormat("html"), "alternate", mediaHTML, "This document as HTML", false}
	if c.html {
		self, other = link{other.Href, "self", mediaHTML, "This document", false}, link{self.Href, "alternate", media, "This document as JSON", false}
	}
	return []link{self, other}
}

// inFormat is the address of this document in a format.
func (c *call) inFormat(f string) string {
	q := url.Values{}
	for k, v := range c.query {
		q[k] = v
	}
	q.Set("f", f)
	return c.base + strings.TrimSuffix(c.r.URL.EscapedPath(), "/") + "?" + q.Encode()
}

// send answers with a document: as JSON of a media type, or as a page.
func (c *call) send(status int, media string, document any, p page) error {
	var data []byte
	var err error
	if c.html {
		media = mediaHTML + "; charset=utf-8"
		data, err = c.render(p)
	} else {
		data, err = json.Marshal(document)
	}
	if err != nil {
		return err
	}
	return c.blob(status, media, contentTag(data), data)
}

// blob answers with bytes, or with 304 when the client has them. Clients may keep them but must ask: what people edit shows at once.
func (c *call) blob(status int, media, tag string, data []byte) error {
	if status == http.StatusOK && c.unchanged(tag) {
		return nil
	}
	h := c.w.Header()
	h.Set("Content-Type", media)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+tag+`"`)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	c.w.WriteHeader(status)
	_, err := c.w.Write(data)
	if err != nil {
		c.Log.Debug("client left", "error", err)
	}
	return nil
}

// unchanged answers 304 when the client has the body of this validator, packed or not.
func (c *call) unchanged(tag string) bool {
	for _, t := range strings.Split(c.r.Header.Get("If-None-Match"), ",") {
		t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
		if t == "*" || t == `"`+tag+`"` || t == `"`+tag+packed+`"` {
			c.w.Header().Set("Cache-Control", "no-cache")
			if t != "*" {
				c.w.Header().Set("ETag", t)
			}
			c.w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// contentTag is a validator, without quotes.
func contentTag(data []byte) string { return strconv.FormatUint(xxhash.Sum64(data), 36) }

// prefersHTML says whether an Accept header wants a page more than data, as browsers' do.
func prefersHTML(accept string) bool {
	html, data := 0.0, 0.0
	for _, part := range strings.Split(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		weight := 1.0
		for _, p := range strings.Split(params, ";") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
				weight, _ = strconv.ParseFloat(v, 64)
			}
		}
		switch name = strings.ToLower(strings.TrimSpace(name)); {
		case name == mediaHTML || name == "application/xhtml+xml":
			html = max(html, weight)
		case strings.HasSuffix(name, "json"):
			data = max(data, weight)
		}
	}
	return html > data
}

func short(s string) string { return problem.Short(s, 60) }
