package export

import (
	"bufio"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"

	"github.com/paulmach/orb/encoding/wkb"

	"github.com/precinct-map/precinct/geo/formats"
)

// spill keeps features in a file, with their properties as vector tiles have them, to be read in any order.
type spill struct {
	file  *os.File
	w     *bufio.Writer
	end   int64
	keys  []string
	index map[string]int
	kinds []Kind // by key, of the latest value
	buf   []byte
}

func newSpill(folder string) (*spill, error) {
	file, err := os.Create(filepath.Join(folder, "features"))
	if err != nil {
		return nil, err
	}
	return &spill{file: file, w: bufio.NewWriterSize(file, 256<<10), index: map[string]int{}}, nil
}

// span is where a feature is in the file.
type span struct {
	offset int64
	length uint32
}

// add writes a feature that has a geometry. Properties that are null or no number are left out.
func (s *spill) add(f *formats.Feature) (span, error) {
	body, err := wkb.Marshal(f.Geometry, binary.LittleEndian)
	if err != nil {
		return span{}, err
	}
	b := binary.AppendUvarint(s.buf[:0], f.Num)
	b = append(binary.AppendUvarint(b, uint64(len(body))), body...)
	for _, p := range f.Properties {
		if p.Value == nil {
			continue
		}
		kind := kindOf(p.Value)
		if kind == Moment {
			kind = Text
		}
		v, err := fitted(p.Value, kind)
		if err != nil {
			return span{}, err
		}
		if v != nil {
			b = append(binary.AppendUvarint(b, s.key(p.Key, kind)), byte(kind))
			b = appendSpilled(b, v)
		}
	}
	s.buf = b
	at := span{s.end, uint32(len(b))}
	if uint64(len(b)) > math.MaxUint32 {
		return span{}, formats.ErrTooLarge
	}
	s.end += int64(len(b))
	_, err = s.w.Write(b)
	return at, err
}

func (s *spill) key(name string, kind Kind) uint64 {
	i, ok := s.index[name]
	if !ok {
		i = len(s.keys)
		s.index[name] = i
		s.keys, s.kinds = append(s.keys, name), append(s.kinds, kind)
	}
	s.kinds[i] = kind
	return uint64(i)
}

func appendSpilled(b []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return binary.AppendVarint(b, v)
	case float64:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	case bool:
		if v {
			return append(b, 1)
		}
		return append(b, 0)
	}
	s := v.(string)
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// read is a feature that was added; many goroutines may read when all is flushed.
func (s *spill) read(at span) (formats.Feature, error) {
	b := make([]byte, at.length)
	if _, err := s.file.ReadAt(b, at.offset); err != nil {
		return formats.Feature{}, err
	}
	in := spilled{b: b}
	f := formats.Feature{Num: in.uvarint()}
	body := in.bytes(in.uvarint())
	for len(in.b) > 0 && !in.bad {
		p := formats.Property{}
		if i := in.uvarint(); i < uint64(len(s.keys)) {
			p.Key = s.keys[i]
		}
		p.Value = in.value()
		f.Properties = append(f.Properties, p)
	}
	if in.bad {
		return f, errors.New("a temporary file is damaged")
	}
	var err error
	f.Geometry, err = wkb.Unmarshal(body)
	return f, err
}

// spilled takes a feature's bytes from the front.
type spilled struct {
	b   []byte
	bad bool
}

func (s *spilled) bytes(n uint64) []byte {
	if n > uint64(len(s.b)) {
		s.bad = true
		return make([]byte, 8)
	}
	out := s.b[:n]
	s.b = s.b[n:]
	return out
}

func (s *spilled) uvarint() uint64 {
	v, n := binary.Uvarint(s.b)
	s.bytes(uint64(int64(n))) // less than 0 is far too many
	return v
}

func (s *spilled) value() any {
	switch Kind(s.bytes(1)[0]) {
	case Integer:
		v, n := binary.Varint(s.b)
		s.bytes(uint64(int64(n)))
		return v
	case Real:
		return math.Float64frombits(binary.LittleEndian.Uint64(s.bytes(8)))
	case Boolean:
		return s.bytes(1)[0] == 1
	}
	return string(s.bytes(s.uvarint()))
}
