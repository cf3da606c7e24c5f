package export

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
)

// Kind is what a column holds.
type Kind int

// The kinds of columns. Lists and objects are text: their JSON.
const (
	Text    Kind = iota // string
	Integer             // int64
	Real                // float64
	Boolean             // bool
	Moment              // time.Time
)

// Field is a column.
type Field struct {
	Name string
	Kind Kind
}

// heldBack is how many features the columns are taken from where Meta names none.
const heldBack = 1000

// idColumn shows a feature's ID among its properties.
const idColumn = "id"

// rows is an encoder of a format with columns. Text that is named idColumn is the feature's ID where it has no such property.
type rows interface {
	begin(fields []Field) error
	row(f *formats.Feature, values []any) error // values by field; nil is null
	finish() error
	drop()
}

// table gives features the same columns, in the same order, with values of the columns' kinds.
type table struct {
	rows   rows
	fields []Field
	index  map[string]int
	held   []formats.Feature
	begun  bool
	values []any
}

func newTable(r rows, m Meta) (*table, error) {
	t := &table{rows: r}
	if m.Fields == nil {
		return t, nil
	}
	for _, f := range m.Fields {
		if has(t.fields, f.Name) {
			return nil, fmt.Errorf("%w: two columns %q", formats.ErrProperty, f.Name)
		}
		t.fields = append(t.fields, f)
	}
	return t, t.begin()
}

// has is whether a column has a name: upper and lower case are the same to SQL.
func has(fields []Field, name string) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return strings.EqualFold(f.Name, name) })
}

// free is a name for a column of the format's own, longer where the features have such a one.
func free(fields []Field, name string) string {
	for has(fields, name) {
		name += "_"
	}
	return name
}

func (t *table) write(f *formats.Feature) error {
	if t.begun {
		return t.row(f)
	}
	held := *f
	held.Geometry, held.Properties = orb.Clone(f.Geometry), slices.Clone(f.Properties)
	if t.held = append(t.held, held); len(t.held) < heldBack {
		return nil
	}
	return t.begin()
}

// begin settles the columns and writes what was held back.
func (t *table) begin() error {
	if t.fields == nil {
		if err := t.infer(); err != nil {
			return err
		}
	}
	t.index = make(map[string]int, len(t.fields))
	for i, f := range t.fields {
		t.index[f.Name] = i
	}
	t.begun, t.values = true, make([]any, len(t.fields))
	if err := t.rows.begin(t.fields); err != nil {
		return err
	}
	for i := range t.held {
		if err := t.row(&t.held[i]); err != nil {
			return err
		}
	}
	t.held = nil
	return nil
}

// infer takes the columns from the features held back: a column of whole and of broken numbers is Real, any other mixture
// Text, and so is one that was always null.
func (t *table) infer() error {
	seen := map[string]Kind{}
	at := map[string]int{}
	if slices.ContainsFunc(t.held, func(f formats.Feature) bool { return f.ID != "" }) {
		at[idColumn], t.fields = 0, []Field{{Name: idColumn}}
	}
	for i := range t.held {
		for _, p := range t.held[i].Properties {
			n, ok := at[p.Key]
			if !ok {
				if has(t.fields, p.Key) {
					return fmt.Errorf("%w: %q differs from another property in upper and lower case only", formats.ErrProperty, p.Key)
				}
				n = len(t.fields)
				at[p.Key] = n
				t.fields = append(t.fields, Field{Name: p.Key})
			}
			if p.Value == nil {
				continue
			}
			kind := kindOf(p.Value)
			if before, ok := seen[p.Key]; ok {
				kind = union(before, kind)
			}
			seen[p.Key], t.fields[n].Kind = kind, kind
		}
	}
	return nil
}

func union(a, b Kind) Kind {
	switch {
	case a == b:
		return a
	case a == Integer && b == Real || a == Real && b == Integer:
		return Real
	}
	return Text
}

func kindOf(v any) Kind {
	switch v := v.(type) {
	case bool:
		return Boolean
	case int, int64, int32:
		return Integer
	case uint64:
		if v > math.MaxInt64 {
			return Real
		}
		return Integer
	case float64, float32:
		return Real
	case time.Time:
		return Moment
	}
	return Text
}

func (t *table) row(f *formats.Feature) error {
	clear(t.values)
	if i, ok := t.index[idColumn]; ok && f.ID != "" && t.fields[i].Kind == Text {
		t.values[i] = strings.ToValidUTF8(f.ID, "\ufffd")
	}
	for _, p := range f.Properties {
		i, ok := t.index[p.Key]
		if !ok {
			return &formats.Error{Op: "export", Subject: subject(f), Err: fmt.Errorf("%w: no column %q", formats.ErrProperty, p.Key),
				Hint: "the first features had none; name all columns beforehand"}
		}
		v, err := fitted(p.Value, t.fields[i].Kind)
		if err != nil {
			return &formats.Error{Op: "export", Subject: subject(f), Err: fmt.Errorf("%w: %s: %w", formats.ErrProperty, p.Key, err)}
		}
		t.values[i] = v
	}
	return t.rows.row(f, t.values)
}

func (t *table) finish() error {
	if !t.begun {
		if err := t.begin(); err != nil {
			t.rows.drop()
			return err
		}
	}
	return t.rows.finish()
}

func (t *table) drop() { t.rows.drop() }

// subject names a feature in errors.
func subject(f *formats.Feature) string {
	if f.ID != "" {
		return fmt.Sprintf("feature %q", f.ID)
	}
	return fmt.Sprintf("feature %d", f.Num)
}

// fitted is a value as a column's kind has it; nil for null and for numbers that are none.
func fitted(v any, k Kind) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch k {
	case Boolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case Moment:
		if t, ok := v.(time.Time); ok {
			return t, nil
		}
	case Integer:
		if n, ok := integer(v); ok {
			return n, nil
		}
	case Real:
		if x, ok := real64(v); ok {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, nil
			}
			return x, nil
		}
	case Text:
		return text(v)
	}
	return nil, fmt.Errorf("%T does not fit into the column", v)
}

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

func real64(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	n, ok := integer(v)
	return float64(n), ok
}

// text is any value as text without bytes that are no UTF-8.
func text(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v, "\ufffd"), nil
	case time.Time:
		return v.Format(time.RFC3339), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil
		}
	}
	b, err := json.Marshal(v)
	return string(b), err
}
