package formats

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

const propertyHint = "use strings, numbers, booleans, times or what encoding/json takes"

// appendMembers writes keys and values, with commas between.
func appendMembers(b []byte, members []Property) ([]byte, error) {
	var err error
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, m.Key), ':')
		if b, err = appendValue(b, m.Value); err != nil {
			return b, fmt.Errorf("%w: %s: %w", ErrProperty, m.Key, err)
		}
	}
	return b, nil
}

// appendValue writes the types that features have without reflection, and the others as encoding/json does.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendString(b, v), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case uint64:
		return strconv.AppendUint(b, v, 10), nil
	case float64:
		return appendNumber(b, v, 64), nil
	case float32:
		return appendNumber(b, float64(v), 32), nil
	case time.Time:
		return append(v.AppendFormat(append(b, '"'), time.RFC3339Nano), '"'), nil
	case []string:
		return appendList(b, v, func(b []byte, s string) ([]byte, error) { return appendString(b, s), nil })
	}
	encoded, err := json.Marshal(v)
	return append(b, encoded...), err
}

func appendNumber(b []byte, v float64, bits int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, bits)
}

// appendString writes a JSON string (RFC 8259, section 7); bytes that are no UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
