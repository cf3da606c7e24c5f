package export

import (
	"bufio"
	"context"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
)

// openKML writes OGC KML 2.2, https://docs.ogc.org/is/07-147r2/07-147r2.html: a document with a schema and a placemark a
// feature. KML's whole numbers have 32 bits, so whole numbers are doubles; its schema knows no times, so they are text.
func openKML(_ context.Context, out sink, m Meta) (encoder, error) {
	k := &kml{w: bufio.NewWriterSize(out.writer(), 32<<10), meta: m}
	return newTable(k, m)
}

type kml struct {
	w      *bufio.Writer // keeps the first error, which Flush gives
	meta   Meta
	fields []Field
	label  int // the column that names a placemark; -1 for none
	number string
	buf    []byte
}

func (k *kml) begin(fields []Field) error {
	k.fields, k.label, k.number = fields, -1, free(fields, "fid")
	_, _ = k.w.WriteString(xml.Header + `<kml xmlns="http://www.opengis.net/kml/2.2"><Document>` + "\n")
	k.element("name", k.meta.Title)
	k.element("description", k.meta.summary())
	_, _ = k.w.WriteString(`<Style id="outline"><LineStyle><color>ff1478ff</color><width>2</width></LineStyle>` +
		"<PolyStyle><color>401478ff</color></PolyStyle></Style>\n<ExtendedData>")
	for _, p := range k.meta.properties() {
		k.data(p.Key, p.Value.(string))
	}
	_, _ = k.w.WriteString("</ExtendedData>\n" + `<Schema name="features" id="features">`)
	k.simpleField(Field{k.number, Integer})
	for i, f := range fields {
		if f.Name == "name" {
			k.label = i
		} else {
			k.simpleField(f)
		}
	}
	// Without a folder GDAL has no layer for a document that holds nothing.
	_, err := k.w.WriteString("</Schema>\n<Folder>")
	k.element("name", k.meta.Name)
	return err
}

func (k *kml) simpleField(f Field) {
	_, _ = k.w.WriteString(`<SimpleField type="` + [...]string{"string", "double", "double", "bool", "string"}[f.Kind] + `" name="`)
	k.escape(f.Name)
	_, _ = k.w.WriteString(`"/>`)
}

func (k *kml) escape(s string) { _ = xml.EscapeText(k.w, []byte(s)) }

func (k *kml) element(name, text string) {
	if text != "" {
		_, _ = k.w.WriteString("<" + name + ">")
		k.escape(text)
		_, _ = k.w.WriteString("</" + name + ">")
	}
}

func (k *kml) data(key, value string) {
	_, _ = k.w.WriteString(`<Data name="`)
	k.escape(key)
	_, _ = k.w.WriteString(`">`)
	k.element("value", value)
	_, _ = k.w.WriteString("</Data>")
}

func (k *kml) simpleData(name, value string) {
	_, _ = k.w.WriteString(`<SimpleData name="`)
	k.escape(name)
	_, _ = k.w.WriteString(`">`)
	k.escape(value)
	_, _ = k.w.WriteString("</SimpleData>")
}

func (k *kml) row(f *formats.Feature, values []any) error {
	g, err := plain(f)
	if err != nil {
		return err
	}
	if k.buf, err = appendKML(k.buf[:0], g); err != nil {
		return &formats.Error{Op: "export", Subject: subject(f), Err: err}
	}
	_, _ = k.w.WriteString("<Placemark")
	if f.Num != 0 {
		_, _ = fmt.Fprintf(k.w, ` id="f%d"`, f.Num)
	}
	_, _ = k.w.WriteString(">")
	if k.label >= 0 && values[k.label] != nil {
		k.element("name", kmlText(values[k.label]))
	}
	_, _ = k.w.WriteString(`<styleUrl>#outline</styleUrl><ExtendedData><SchemaData schemaUrl="#features">`)
	if f.Num != 0 {
		k.simpleData(k.number, strconv.FormatUint(f.Num, 10))
	}
	for i, v := range values {
		if v != nil && i != k.label {
			k.simpleData(k.fields[i].Name, kmlText(v))
		}
	}
	_, _ = k.w.WriteString("</SchemaData></ExtendedData>")
	_, _ = k.w.Write(k.buf)
	_, err = k.w.WriteString("</Placemark>\n")
	return err
}

func kmlText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if v {
			return "1" // GDAL before 3.7 takes "true" for 0
		}
		return "0"
	case time.Time:
		return v.Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}

func (k *kml) finish() error {
	_, _ = k.w.WriteString("</Folder></Document></kml>\n")
	return k.w.Flush()
}

func (k *kml) drop() {}

func appendKML(b []byte, g orb.Geometry) ([]byte, error) {
	switch g := g.(type) {
	case nil:
		return b, nil
	case orb.Point:
		return kmlElement(b, "Point", g), nil
	case orb.LineString:
		return kmlElement(b, "LineString", g...), nil
	case orb.Polygon:
		b = append(b, "<Polygon>"...)
		for i, r := range g {
			side := "innerBoundaryIs>"
			if i == 0 {
				side = "outerBoundaryIs>"
			}
			b = append(append(b, '<'), side...)
			b = kmlElement(b, "LinearRing", r...)
			b = append(append(b, "</"...), side...)
		}
		return append(b, "</Polygon>"...), nil
	}
	members, ok := parts(g)
	if !ok {
		return b, fmt.Errorf("%w: a %T", formats.ErrGeometry, g)
	}
	b = append(b, "<MultiGeometry>"...)
	var err error
	for _, member := range members {
		if b, err = appendKML(b, member); err != nil {
			return b, err
		}
	}
	return append(b, "</MultiGeometry>"...), nil
}

func kmlElement(b []byte, name string, points ...orb.Point) []byte {
	b = append(append(append(b, '<'), name...), "><coordinates>"...)
	for i, p := range points {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(appendDegrees(b, p[0]), ',')
		b = appendDegrees(b, p[1])
	}
	b = append(append(append(b, "</coordinates></"...), name...), '>')
	return b
}

// appendDegrees writes at most nine decimals, a tenth of a millimetre.
func appendDegrees(b []byte, v float64) []byte {
	return strconv.AppendFloat(b, math.Round(v*1e9)/1e9, 'f', -1, 64)
}
