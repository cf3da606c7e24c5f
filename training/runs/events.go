package runs

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// events is a file of TensorBoard's: TFRecords of Event messages (tensorflow/core/util/event.proto and framework/summary.proto).
type events struct{ file *os.File }

// Fields of the messages that are written.
const (
	eventTime, eventStep, eventVersion, eventSummary = 1, 2, 3, 5
	summaryValue                                     = 1
	valueTag, valueSimple, valueImage                = 1, 2, 4
	imageHeight, imageWidth, imageSpace, imageData   = 1, 2, 3, 4
)

// newEvents begins a file; TensorBoard reads all of a folder's together.
func newEvents(dir string, now time.Time) (*events, error) {
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%d.precinct", now.UnixMilli())))
	if err != nil {
		return nil, err
	}
	e := &events{f}
	err = e.write(protowire.AppendString(protowire.AppendTag(nil, eventVersion, protowire.BytesType), "brain.Event:2"))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return e, nil
}

func (e *events) Close() error { return e.file.Close() }

// scalars writes numbers by their tags.
func (e *events) scalars(step int, numbers map[string]float64) error {
	var summary []byte
	for _, tag := range slices.Sorted(maps.Keys(numbers)) {
		v := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), tag)
		v = protowire.AppendFixed32(protowire.AppendTag(v, valueSimple, protowire.Fixed32Type), math.Float32bits(float32(numbers[tag])))
		summary = protowire.AppendBytes(protowire.AppendTag(summary, summaryValue, protowire.BytesType), v)
	}
	return e.summary(step, summary)
}

// picture writes a PNG.
func (e *events) picture(step int, tag string, png []byte, size image.Point) error {
	var img []byte
	for field, n := range map[protowire.Number]int{imageHeight: size.Y, imageWidth: size.X, imageSpace: 3} {
		img = protowire.AppendVarint(protowire.AppendTag(img, field, protowire.VarintType), uint64(n))
	}
	img = protowire.AppendBytes(protowire.AppendTag(img, imageData, protowire.BytesType), png)
	v := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), tag)
	v = protowire.AppendBytes(protowire.AppendTag(v, valueImage, protowire.BytesType), img)
	return e.summary(step, protowire.AppendBytes(protowire.AppendTag(nil, summaryValue, protowire.BytesType), v))
}

func (e *events) summary(step int, summary []byte) error {
	out := protowire.AppendVarint(protowire.AppendTag(nil, eventStep, protowire.VarintType), uint64(step))
	return e.write(protowire.AppendBytes(protowire.AppendTag(out, eventSummary, protowire.BytesType), summary))
}

// write frames an event with its time: length, its checksum, the message, its checksum.
func (e *events) write(message []byte) error {
	now := float64(time.Now().UnixMicro()) / 1e6
	message = append(protowire.AppendFixed64(protowire.AppendTag(nil, eventTime, protowire.Fixed64Type), math.Float64bits(now)), message...)
	record := binary.LittleEndian.AppendUint64(nil, uint64(len(message)))
	record = binary.LittleEndian.AppendUint32(record, masked(record))
	record = append(record, message...)
	record = binary.LittleEndian.AppendUint32(record, masked(message))
	_, err := e.file.Write(record)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is TFRecord's checksum: CRC-32C turned and shifted, so that checksums of checksums are not alike.
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// flatten gives a JSON object's numbers, nested names joined by slashes.
func flatten(line []byte) (map[string]float64, error) {
	var of map[string]any
	if err := json.Unmarshal(line, &of); err != nil {
		return nil, err
	}
	out := map[string]float64{}
	var walk func(prefix string, of map[string]any)
	walk = func(prefix string, of map[string]any) {
		for k, v := range of {
			switch v := v.(type) {
			case float64:
				out[prefix+k] = v
			case map[string]any:
				walk(prefix+k+"/", v)
			}
		}
	}
	walk("", of)
	return out, nil
}
