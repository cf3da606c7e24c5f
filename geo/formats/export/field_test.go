package export

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/precinct-map/precinct/geo/formats"
)

// kept is rows as an encoder gets them.
type kept struct {
	fields []Field
	rows   [][]any
}

func (k *kept) begin(fields []Field) error {
	k.fields = fields
	return nil
}

func (k *kept) row(_ *formats.Feature, values []any) error {
	k.rows = append(k.rows, append([]any(nil), values...))
	return nil
}

func (k *kept) finish() error { return nil }
func (k *kept) drop()         {}

func of(values ...any) []formats.Feature {
	var out []formats.Feature
	for i, v := range values {
		out = append(out, formats.Feature{Num: uint64(i + 1), Properties: []formats.Property{{Key: "v", Value: v}}})
	}
	return out
}

func TestColumns(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		in   []formats.Feature
		kind Kind
		want []any
	}{
		"whole numbers":            {of(1, int64(2), uint64(3)), Integer, []any{int64(1), int64(2), int64(3)}},
		"whole and broken numbers": {of(1, 2.5), Real, []any{1.0, 2.5}},
		"numbers that are none":    {of(1.5, math.NaN(), math.Inf(1)), Real, []any{1.5, nil, nil}},
		"beyond 63 bits":           {of(uint64(math.MaxUint64)), Real, []any{float64(math.MaxUint64)}},
		"truths":                   {of(true, nil), Boolean, []any{true, nil}},
		"times":                    {of(noon), Moment, []any{noon}},
		"a mixture":                {of(1, true, "a", noon), Text, []any{"1", "true", "a", "2026-01-02T12:00:00Z"}},
		"only nulls":               {of(nil, nil), Text, []any{nil, nil}},
		"lists":                    {of([]string{"a"}, map[string]int{"b": 1}), Text, []any{`["a"]`, `{"b":1}`}},
		"bytes that are no text":   {of("a\xffb"), Text, []any{"a\ufffdb"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := &kept{}
			table, err := newTable(k, Meta{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.in {
				if err := table.write(&c.in[i]); err != nil {
					t.Fatal(err)
				}
			}
			if err := table.finish(); err != nil {
				t.Fatal(err)
			}
			if len(k.fields) != 1 || k.fields[0] != (Field{"v", c.kind}) {
				t.Fatalf("columns %v", k.fields)
			}
			for i, want := range c.want {
				if got := k.rows[i][0]; got != want {
					t.Errorf("row %d: %#v, want %#v", i, got, want)
				}
			}
		})
	}
}

// TestIDColumn: text ids are kept in a column of their own, or in the one that is there for them.
func TestIDColumn(t *testing.T) {
	withID := formats.Feature{ID: "way/1", Properties: []formats.Property{{Key: "v", Value: 1}}}
	for name, m := range map[string]Meta{"inferred": {}, "named": {Fields: []Field{{"id", Text}, {"v", Real}}}} {
		k := &kept{}
		table, err := newTable(k, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(table.write(&withID), table.finish()); err != nil {
			t.Fatal(err)
		}
		if len(k.fields) != 2 || k.rows[0][0] != "way/1" {
			t.Errorf("%s: %v %v", name, k.fields, k.rows)
		}
	}
}

func TestColumnsThatDoNotFit(t *testing.T) {
	many := of(make([]any, heldBack)...)
	for name, c := range map[string]struct {
		meta Meta
		in   []formats.Feature
		says string
	}{
		"a column twice":          {Meta{Fields: []Field{{"a", Text}, {"A", Text}}}, nil, "two columns"},
		"upper and lower case":    {Meta{}, append(of(1), formats.Feature{Properties: []formats.Property{{Key: "V"}}}), "case only"},
		"a late property":         {Meta{}, append(many, formats.Feature{Num: 7, Properties: []formats.Property{{Key: "late"}}}), `feature 7: not a usable property: no column "late"`},
		"a value of another kind": {Meta{Fields: []Field{{"v", Integer}}}, of("word"), "string does not fit"},
		"a fraction":              {Meta{Fields: []Field{{"v", Integer}}}, of(1.5), "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := ByName("parquet")
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			w, err := Create(context.Background(), filepath.Join(folder, "out.parquet"), f, c.meta)
			for i := 0; err == nil && i < len(c.in); i++ {
				err = w.Write(&c.in[i])
			}
			if err == nil {
				err = w.Close()
			} else if w != nil {
				w.Discard()
			}
			if !errors.Is(err, formats.ErrProperty) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v", err)
			}
			if names := left(t, folder); len(names) != 0 {
				t.Errorf("left: %q", names)
			}
		})
	}
}
