package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// Limits of ReadGeoJSON.
const (
	MaxGeoJSONBytes    = 64 << 20
	MaxGeoJSONFeatures = 100_000
)

// ReadGeoJSON reads what people call GeoJSON: a FeatureCollection, a Feature, a bare geometry, or a sequence of those, one
// after the other (GeoJSONL, RFC 8142). Rings that are not closed are closed, heights are left out, and a byte order mark,
// either winding and a crs member that says WGS-84 are taken. Integers become int64, other numbers float64, and nested
// properties json.RawMessage.
//
// An error is an *Error that names the feature, counted from 0, and wraps ErrInput, ErrGeometry, ErrTooLarge or the reader's
// own. A feature without geometry has a nil Geometry.
func ReadGeoJSON(r io.Reader) ([]Feature, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxGeoJSONBytes+1))
	if err != nil {
		return nil, &Error{Op: "read GeoJSON", Subject: "input", Err: err}
	}
	if len(data) > MaxGeoJSONBytes {
		return nil, &Error{Op: "read GeoJSON", Subject: "input", Err: ErrTooLarge, Hint: fmt.Sprintf("the limit is %d MiB", MaxGeoJSONBytes>>20)}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte{'\x1e'}, []byte{' '}) // RFC 8142's separator; JSON allows no bare one
	reading := geoJSONReading{}
	for dec := json.NewDecoder(bytes.NewReader(data)); ; {
		var o geoJSONObject
		if err := dec.Decode(&o); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, reading.fail(fmt.Errorf("%w: byte %d: %w", ErrInput, dec.InputOffset(), err))
		}
		if err := reading.add(&o); err != nil {
			return nil, err
		}
	}
	if len(reading.features) == 0 && !reading.collection {
		return nil, &Error{Op: "read GeoJSON", Subject: "input", Err: ErrInput, Hint: "it is empty; give a FeatureCollection, a Feature or a geometry"}
	}
	return reading.features, nil
}

// geoJSONObject is any object of GeoJSON, its parts not yet read.
type geoJSONObject struct {
	Type        string
	ID          json.RawMessage
	Features    []json.RawMessage
	Geometry    *geoJSONObject
	Geometries  []*geoJSONObject
	Coordinates json.RawMessage
	Properties  json.RawMessage
	CRS         struct {
		Properties struct{ Name string }
	}
}

type geoJSONReading struct {
	features   []Feature
	collection bool // met one, be it empty
}

func (g *geoJSONReading) fail(err error) error {
	e := &Error{Op: "read GeoJSON", Subject: fmt.Sprintf("feature %d", len(g.features)), Err: err}
	if errors.Is(err, ErrGeometry) {
		e.Hint = "coordinates are [longitude, latitude] in degrees; convert others with ogr2ogr -t_srs EPSG:4326"
	}
	return e
}

func (g *geoJSONReading) add(o *geoJSONObject) error {
	if name := o.CRS.Properties.Name; name != "" && !strings.Contains(name, "CRS84") && !strings.HasSuffix(name, "4326") {
		return g.fail(fmt.Errorf("%w: coordinates in %s", ErrGeometry, name))
	}
	switch o.Type {
	case "FeatureCollection":
		g.collection = true
		for _, raw := range o.Features {
			var f geoJSONObject
			if err := json.Unmarshal(raw, &f); err != nil {
				return g.fail(fmt.Errorf("%w: %w", ErrInput, err))
			}
			if f.Type != "Feature" {
				return g.fail(fmt.Errorf("%w: a member of type %q among the features", ErrInput, f.Type))
			}
			if err := g.addFeature(&f); err != nil {
				return err
			}
		}
		return nil
	case "Feature":
		return g.addFeature(o)
	case "":
		return g.fail(fmt.Errorf("%w: an object without a type", ErrInput))
	}
	return g.addFeature(&geoJSONObject{Geometry: o})
}

func (g *geoJSONReading) addFeature(o *geoJSONObject) error {
	if len(g.features) == MaxGeoJSONFeatures {
		return &Error{Op: "read GeoJSON", Subject: "input", Err: ErrTooLarge, Hint: fmt.Sprintf("the limit is %d features", MaxGeoJSONFeatures)}
	}
	var f Feature
	var err error
	if f.ID, f.Num, err = readID(o.ID); err != nil {
		return g.fail(err)
	}
	if f.Properties, err = readProperties(o.Properties); err != nil {
		return g.fail(fmt.Errorf("%w: properties: %w", ErrInput, err))
	}
	if o.Geometry != nil {
		if f.Geometry, err = o.Geometry.geometry(); err != nil {
			return g.fail(err)
		}
	}
	g.features = append(g.features, f)
	return nil
}

func readID(raw json.RawMessage) (id string, num uint64, err error) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", 0, nil
	case raw[0] == '"':
		err = json.Unmarshal(raw, &id)
		return id, 0, err
	case raw[0] == '{' || raw[0] == '[' || raw[0] == 't' || raw[0] == 'f':
		return "", 0, fmt.Errorf("%w: an id that is neither a string nor a number", ErrInput)
	}
	if num, err = strconv.ParseUint(string(raw), 10, 53); err != nil {
		return string(raw), 0, nil
	}
	return "", num, nil
}

// readProperties keeps the order of the members, which a map would lose.
func readProperties(raw json.RawMessage) ([]Property, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	var out []Property
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		p := Property{Key: key.(string)}
		if p.Value, err = readValue(value); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Key, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func readValue(raw json.RawMessage) (any, error) {
	if raw[0] == '{' || raw[0] == '[' {
		return raw, nil
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, nil
	}
	var v any
	err := json.Unmarshal(raw, &v)
	return v, err
}

// position reads one coordinate pair; encoding/json alone would take [12] for 12° E on the equator.
type position orb.Point

func (p *position) UnmarshalJSON(data []byte) error {
	var c []json.Number
	if err := json.Unmarshal(data, &c); err != nil || len(c) < 2 {
		return fmt.Errorf("%.60s is no position", data)
	}
	for i := range p {
		v, err := c[i].Float64()
		if limit := [2]float64{540, 90}[i]; err != nil || v < -limit || v > limit {
			return fmt.Errorf("%.60s is %w", data, ErrDegrees)
		}
		p[i] = v
	}
	return nil
}
