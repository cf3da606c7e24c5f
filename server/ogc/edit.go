package ogc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
)

func (c *call) body() ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, c.MaxBody))
}

// allow asks whether a request may do what it asks for.
func (c *call) allow(may MayDo) (by string, err error) {
	if may == nil {
		return "", nil
	}
	by, err = may(c.r)
	if p := (*problem.Problem)(nil); err != nil && !errors.As(err, &p) {
		err = problem.New(http.StatusForbidden, "forbidden", "This is not allowed", "%v", err)
	}
	return by, err
}

// collectionToBe is the collection that the path names. With create=true the path may be a phrase of which nothing was found yet: the first
// outline that is drawn for it makes its collection. Without it a mistyped id is an error, as the standard wants (OGC 20-002, 6.2).
func (c *call) collectionToBe() (store.Collection, error) {
	found, err := c.collection()
	if !errors.Is(err, store.ErrNotFound) || c.query.Get("create") != "true" {
		return found, err
	}
	phrase := c.r.PathValue("collectionId")
	if c.Phrase != nil {
		if phrase, err = c.Phrase(phrase); err != nil {
			return found, err
		}
	}
	return store.Collection{ID: store.CollectionID(phrase), Phrase: phrase}, nil
}

// createItem keeps a feature that a person drew.
func (c *call) createItem() error {
	by, err := c.allow(c.MayEdit)
	if err != nil {
		return err
	}
	found, err := c.collectionToBe()
	if err != nil {
		return err
	}
	sent, in, err := c.readFeature()
	if err != nil {
		return err
	}
	f := store.Feature{Phrase: found.Phrase, Score: 1}
	sent.onto(&f)
	if f, err = c.Edits.Create(c.r.Context(), f, store.Edit{By: by}); err != nil {
		return outline(err)
	}
	c.w.Header().Set("Location", c.base+itemsPath(found)+"/"+strconv.FormatInt(f.ID, 10))
	return c.sendFeature(http.StatusCreated, found, f, in)
}

// replaceItem replaces a feature's outline, names and verdict.
func (c *call) replaceItem() error {
	by, err := c.allow(c.MayEdit)
	if err != nil {
		return err
	}
	found, f, match, err := c.matching()
	if err != nil {
		return err
	}
	sent, in, err := c.readFeature()
	if err != nil {
		return err
	}
	f, err = c.Edits.Change(c.r.Context(), f.ID, store.Edit{By: by, Match: match}, func(f *store.Feature) error {
		sent.onto(f)
		return nil
	})
	if err != nil {
		return outline(err)
	}
	return c.sendFeature(http.StatusOK, found, f, in)
}

func (c *call) deleteItem() error {
	by, err := c.allow(c.MayEdit)
	if err != nil {
		return err
	}
	_, f, match, err := c.matching()
	if err != nil {
		return err
	}
	if err := c.Edits.Delete(c.r.Context(), f.ID, store.Edit{By: by, Match: match}); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// matching is the feature that the path names and the version that may be changed, 0 for whichever. A validator's encoding and
// format do not matter, nor that a proxy made it weak: the version alone says whether somebody else changed the feature.
func (c *call) matching() (found store.Collection, f store.Feature, match int64, err error) {
	if found, err = c.collection(); err != nil {
		return found, f, 0, err
	}
	if f, err = c.featureOf(found); err != nil {
		return found, f, 0, err
	}
	header := strings.Join(c.r.Header.Values("If-Match"), ",")
	if header == "" {
		return found, f, 0, nil
	}
	for _, t := range strings.Split(header, ",") {
		t = strings.TrimSpace(t)
		if t == "*" {
			return found, f, 0, nil
		}
		version, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(t, "W/"), `"`), "-")
		if n, err := strconv.ParseInt(version, 10, 64); err == nil && n == f.Version {
			return found, f, n, nil
		}
	}
	return found, f, 0, problem.New(http.StatusPreconditionFailed, "conflict", "Somebody else changed it",
		"feature %d is now of version %d: read it again and change that", f.ID, f.Version)
}

// drawing is what of a feature people may set.
type drawing struct {
	shape                                orb.MultiPolygon
	name, tier, class, function, verdict string
}

// onto sets a feature's outline, names and verdict. An outline that is the same as far as GeoJSON can say stays untouched.
func (d *drawing) onto(f *store.Feature) {
	f.Name, f.Class, f.Function, f.Verdict = d.name, d.class, d.function, d.verdict
	if f.Tier == "" {
		f.Tier = d.tier
	}
	was, errWas := formats.MarshalGeometry(f.Geometry())
	is, errIs := formats.MarshalGeometry(d.shape)
	if errWas != nil || errIs != nil || !bytes.Equal(was, is) {
		f.SetGeometry(d.shape)
	}
}

// readFeature reads the one GeoJSON feature of a body.
func (c *call) readFeature() (d drawing, in crs, err error) {
	media, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if media != mediaGeoJSON && media != mediaJSON {
		return d, in, problem.New(http.StatusUnsupportedMediaType, "bad-request", "The request cannot be understood", "send %s", mediaGeoJSON)
	}
	if in, err = contentCRS(c.r); err != nil {
		return d, in, err
	}
	data, err := c.body()
	if err != nil {
		return d, in, err
	}
	if in.to != nil {
		if data, err = reproject(data, in); err != nil {
			return d, in, err
		}
	}
	list, err := formats.ReadGeoJSON(bytes.NewReader(data))
	if err != nil {
		return d, in, err
	}
	if len(list) != 1 {
		return d, in, problem.BadRequest("send one feature, not %d", len(list))
	}
	switch g := list[0].Geometry.(type) {
	case orb.Polygon:
		d.shape = orb.MultiPolygon{g}
	case orb.MultiPolygon:
		d.shape = g
	default:
		return d, in, problem.New(http.StatusUnprocessableEntity, "geometry", "The outline cannot be kept", "it must be a Polygon or a MultiPolygon")
	}
	for key, to := range map[string]*string{"name": &d.name, "tier": &d.tier, "class": &d.class, "function": &d.function, "verdict": &d.verdict} {
		value := list[0].Get(key)
		if s, ok := value.(string); ok {
			*to = s
		} else if value != nil {
			return d, in, problem.BadRequest("the property %s must be a string", key)
		}
	}
	return d, in, nil
}

// reproject rewrites a feature's coordinates to degrees. Before it they may be no degrees, which readers of GeoJSON refuse.
func reproject(data []byte, in crs) ([]byte, error) {
	var f map[string]any
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, problem.BadRequest("the body is no JSON object: %v", err)
	}
	if g, ok := f["geometry"].(map[string]any); ok {
		turn(g["coordinates"], in)
	}
	return json.Marshal(f)
}

func turn(v any, in crs) {
	list, _ := v.([]any)
	if len(list) >= 2 {
		x, okX := list[0].(float64)
		y, okY := list[1].(float64)
		if okX && okY {
			p := in.to(orb.Point{x, y})
			list[0], list[1] = p[0], p[1]
			return
		}
	}
	for _, part := range list {
		turn(part, in)
	}
}

// outline tells an outline that cannot be kept from a request that cannot be read.
func outline(err error) error {
	if p := problem.Of(err, problems); p.Status == http.StatusBadRequest {
		return problem.New(http.StatusUnprocessableEntity, "geometry", "The outline cannot be kept", "%s", p.Detail)
	}
	return err
}
