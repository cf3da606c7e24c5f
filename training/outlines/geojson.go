package outlines

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/precinct-map/precinct/geo/formats"
)

// geoJSONReader takes one feature after the other, whatever they are packed in.
type geoJSONReader struct {
	dec  *json.Decoder
	take taker
	row  int

	refused bool // a row was, which is no fault of the file
}

func readGeoJSON(ctx context.Context, f *os.File, take taker) error {
	in := bufio.NewReaderSize(f, 1<<20)
	if head, _ := in.Peek(3); string(head) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	g := &geoJSONReader{dec: json.NewDecoder(spaced{in}), take: take}
	for {
		start, err := g.dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && start != json.Delim('{') {
			err = fmt.Errorf("%v is no object", start)
		}
		if err == nil {
			err = g.object(ctx)
		}
		if err != nil {
			return g.fail(err)
		}
	}
}

// fail says where the text is broken: there is no going on after it.
func (g *geoJSONReader) fail(err error) error {
	var known *Error
	if g.refused || errors.As(err, &known) {
		return err
	}
	return badFile(ErrFormat, "is the file whole?", "after row %d, at byte %d: %w", g.row, g.dec.InputOffset(), err)
}

// object reads the members of an object whose brace is read. Features of a collection are taken as they come; what else there is, is put
// together again and is a feature or a geometry.
func (g *geoJSONReader) object(ctx context.Context) error {
	var members [][2]json.RawMessage
	collection := false
	for g.dec.More() {
		key, err := g.dec.Token()
		if err != nil {
			return err
		}
		if key == "features" {
			collection = true
			if err := g.features(ctx); err != nil {
				return err
			}
			continue
		}
		var value json.RawMessage
		if err := g.dec.Decode(&value); err != nil {
			return err
		}
		if key == "crs" {
			if err := checkCRS(value); err != nil {
				return err
			}
			continue
		}
		quoted, _ := json.Marshal(key) // a string
		members = append(members, [2]json.RawMessage{quoted, value})
	}
	if _, err := g.dec.Token(); err != nil || collection {
		return err
	}
	var whole bytes.Buffer
	for i, m := range members {
		whole.WriteByte("{,"[min(i, 1)])
		whole.Write(m[0])
		whole.WriteByte(':')
		whole.Write(m[1])
	}
	whole.WriteByte('}')
	return g.feature(ctx, whole.Bytes())
}

func (g *geoJSONReader) features(ctx context.Context) error {
	if start, err := g.dec.Token(); err != nil || start != json.Delim('[') {
		return errors.Join(err, errors.New("an object whose features are no list"))
	}
	var raw json.RawMessage
	for g.dec.More() {
		if err := g.dec.Decode(&raw); err != nil {
			return err
		}
		if err := g.feature(ctx, raw); err != nil {
			return err
		}
	}
	_, err := g.dec.Token()
	return err
}

// feature takes one.
func (g *geoJSONReader) feature(ctx context.Context, raw []byte) error {
	g.row++
	features, err := formats.ReadGeoJSON(bytes.NewReader(raw))
	if err != nil || len(features) != 1 {
		return g.give(ctx, record{err: badFeature(err)})
	}
	f := &features[0]
	r := record{id: f.ID, geometry: f.Geometry, values: make(map[string]string, len(f.Properties))}
	if r.id == "" && f.Num != 0 {
		r.id = strconv.FormatUint(f.Num, 10)
	}
	for _, p := range f.Properties {
		switch v := p.Value.(type) {
		case nil:
		case string:
			r.values[p.Key] = v
		default:
			r.values[p.Key] = fmt.Sprint(v)
		}
	}
	return g.give(ctx, r)
}

func (g *geoJSONReader) give(ctx context.Context, r record) error {
	err := g.take(ctx, r)
	g.refused = err != nil
	return err
}

// badFeature is a row's reason of what the reader said of a feature, without its count, which is of one.
func badFeature(err error) error {
	var e *formats.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	switch {
	case err == nil:
		return fmt.Errorf("%w: it is no one feature", ErrRow)
	case errors.Is(err, formats.ErrDegrees):
		return fmt.Errorf("%w: %w: likely they are of another coordinate system: %s", ErrOutside, err, convert)
	case errors.Is(err, formats.ErrGeometry):
		return fmt.Errorf("%w: %w", ErrShape, err)
	}
	return fmt.Errorf("%w: %w", ErrRow, err)
}

// checkCRS takes the crs member of older GeoJSON where it says what is so anyway.
func checkCRS(raw json.RawMessage) error {
	var crs struct {
		Properties struct{ Name string }
	}
	if string(raw) == "null" {
		return nil
	}
	_ = json.Unmarshal(raw, &crs)
	if name := crs.Properties.Name; !strings.Contains(name, "CRS84") && !strings.HasSuffix(name, ":4326") {
		return badFile(ErrCRS, convert, "%.100q", cmp.Or(name, string(raw)))
	}
	return nil
}

// spaced reads RFC 8142's separators as spaces; JSON allows no bare one.
type spaced struct{ r io.Reader }

func (s spaced) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for i := range p[:n] {
		if p[i] == '\x1e' {
			p[i] = ' '
		}
	}
	return n, err
}
