package ogc

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
)

// itemsPath is the path of a collection's features.
func itemsPath(c store.Collection) string {
	return "/ogc/collections/" + url.PathEscape(c.ID) + "/items"
}

func (c *call) collection() (store.Collection, error) {
	return c.Catalogue.Collection(c.r.Context(), c.r.PathValue("collectionId"))
}

// items answers with a page of features.
func (c *call) items() error {
	found, err := c.collection()
	if err != nil {
		return err
	}
	q, err := readItems(c.query)
	if err != nil {
		return err
	}
	q.Phrase = found.Phrase
	if q.Bound != nil && q.Bound.Contains(found.Extent.Min) && q.Bound.Contains(found.Extent.Max) {
		q.Bound = nil // all of them, which is known without counting
	}
	c.w.Header().Set("Content-Crs", "<"+q.crs.uri+">")
	// Whatever changes an answer changes one of these; so the features need not be read to know that nothing did.
	tag := contentTag(fmt.Appendf(nil, "%s %d %t %s%s?%s", found.ID, found.Generation, c.html, c.base, c.r.URL.EscapedPath(), c.query.Encode()))
	if c.unchanged(tag) {
		return nil
	}
	p, err := c.gather(c.r.Context(), q.Query)
	if err != nil {
		return err
	}
	total, counted, err := c.matched(c.r.Context(), found, q.Query)
	if err != nil {
		return err
	}
	links := append(c.own(mediaGeoJSON), link{c.base + "/ogc/collections/" + url.PathEscape(found.ID), "collection", mediaJSON, found.Phrase, false})
	if p.Next != "" {
		links = append(links, c.next(p.Next))
	}
	data, err := c.featureCollection(p.Features, q.crs, links, total, counted)
	if err != nil {
		return err
	}
	if !c.html {
		return c.blob(http.StatusOK, mediaGeoJSON, tag, data)
	}
	if data, err = c.render(c.itemsPage(found, p, data, links, total, counted)); err != nil {
		return err
	}
	return c.blob(http.StatusOK, mediaHTML+"; charset=utf-8", tag, data)
}

// next links to the page after this one.
func (c *call) next(after string) link {
	q := url.Values{}
	for k, v := range c.query {
		q[k] = v
	}
	q.Del("offset")
	q.Set("after", after)
	media := mediaGeoJSON
	if c.html {
		media = mediaHTML
	}
	return link{c.base + c.r.URL.EscapedPath() + "?" + q.Encode(), "next", media, "Next page", false}
}

func (c *call) featureCollection(list []store.Feature, in crs, links []link, total int, counted bool) ([]byte, error) {
	var b bytes.Buffer
	g := formats.NewGeoJSONWriter(&b, formats.GeoJSONOptions{Project: in.from})
	for i := range list {
		if err := g.Write(list[i].Formatted()); err != nil {
			return nil, err
		}
	}
	members := []formats.Property{{Key: "numberReturned", Value: len(list)}, {Key: "links", Value: links}}
	if counted {
		members = append(members, formats.Property{Key: "numberMatched", Value: total})
	}
	err := g.Close(members...)
	return b.Bytes(), err
}

// item answers with one feature.
func (c *call) item() error {
	found, err := c.collection()
	if err != nil {
		return err
	}
	f, err := c.featureOf(found)
	if err != nil {
		return err
	}
	in, err := systemOf(c.query.Get("crs"))
	if err != nil {
		return err
	}
	return c.sendFeature(http.StatusOK, found, f, in)
}

// featureOf is the feature that the path names, if it is one of the collection's.
func (c *call) featureOf(found store.Collection) (store.Feature, error) {
	id, err := strconv.ParseInt(c.r.PathValue("featureId"), 10, 64)
	if err != nil || id <= 0 {
		return store.Feature{}, problem.NotFound("%q has no feature %q: ids are whole numbers", found.Phrase, short(c.r.PathValue("featureId")))
	}
	f, err := c.Features.Feature(c.r.Context(), id)
	if err == nil && f.Phrase != found.Phrase {
		err = problem.NotFound("%q has no feature %d", found.Phrase, id)
	}
	return f, err
}

// sendFeature answers with a feature. Its validator begins with its version, which is what If-Match is compared with.
func (c *call) sendFeature(status int, found store.Collection, f store.Feature, in crs) error {
	self := c.base + itemsPath(found) + "/" + strconv.FormatInt(f.ID, 10)
	links := append(c.own(mediaGeoJSON), link{c.base + "/ogc/collections/" + url.PathEscape(found.ID), "collection", mediaJSON, found.Phrase, false})
	if status == http.StatusCreated {
		links[0].Href, links[1].Href = self+"?f=json", self+"?f=html"
	}
	data, err := formats.MarshalFeature(f.Formatted(), formats.GeoJSONOptions{Project: in.from}, formats.Property{Key: "links", Value: links})
	if err != nil {
		return err
	}
	media := mediaGeoJSON
	if c.html {
		media = mediaHTML + "; charset=utf-8"
		if data, err = c.render(c.itemPage(found, &f, data, links)); err != nil {
			return err
		}
	}
	c.w.Header().Set("Content-Crs", "<"+in.uri+">")
	return c.blob(status, media, fmt.Sprintf("%d-%s", f.Version, contentTag(data)), data)
}

// exact writes a time with all its digits: whoever asks for features updated since then must not get this one again or miss it.
func exact(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
