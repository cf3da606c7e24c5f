package net

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/precinct-map/precinct/training/net/onnxfile"
)

// A checkpoint is one file, so that it is there whole or not at all: eight letters, the length of a JSON header and the
// header, then weights and both moments as little-endian float32, then a CRC-32 of all before it.
const (
	checkpointName  = "checkpoint.bin"
	checkpointMagic = "PRCTNET1"
)

type checkpointHeader struct {
	Config Config `json:"config"`
	Recipe Recipe `json:"recipe"`
	Step   int    `json:"step"`
	Total  int    `json:"parameters"`
}

// Save writes weights, moments, step and recipe into a folder: a training that goes on from there goes on bit for bit. What
// was there stays until the new one is on the disk.
func (t *Trainer) Save(dir string) error {
	fail := func(err error) error {
		return &Error{Op: "save checkpoint", Subject: dir, Err: err, Hint: "is the disk full? the last checkpoint is kept"}
	}
	header, err := json.Marshal(checkpointHeader{t.config, t.Recipe, t.step, t.layout.total})
	if err != nil {
		return fail(err)
	}
	data := append([]byte(checkpointMagic), binary.LittleEndian.AppendUint32(nil, uint32(len(header)))...)
	data = append(data, header...)
	for _, s := range t.state {
		for _, v := range tensors.MustCopyFlatData[float32](s) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
	}
	data = binary.LittleEndian.AppendUint32(data, crc32.ChecksumIEEE(data))
	if err := writeWhole(filepath.Join(dir, checkpointName), data); err != nil {
		return fail(err)
	}
	return nil
}

// writeWhole writes beside the target, flushes and renames.
func writeWhole(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".part-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// LoadTrainer goes on from a folder's checkpoint, or begins from its policy.onnx where that is all there is: then at step 0, without moments.
func LoadTrainer(b *Backend, dir string) (*Trainer, error) {
	fail := func(err error, hint string) error {
		return &Error{Op: "load checkpoint", Subject: dir, Err: fmt.Errorf("%w: %w", ErrCheckpoint, err), Hint: hint}
	}
	data, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if errors.Is(err, fs.ErrNotExist) {
		t, other := fromONNX(b, filepath.Join(dir, ONNXName))
		if errors.Is(other, fs.ErrNotExist) {
			return nil, fail(err, "name a folder that a training wrote")
		}
		if other != nil {
			return nil, fail(other, "")
		}
		return t, nil
	}
	if err != nil {
		return nil, fail(err, "")
	}
	h, body, err := splitCheckpoint(data)
	if err != nil {
		return nil, fail(err, "the file is damaged, or not ours; train anew")
	}
	if err := h.Config.Validate(); err != nil {
		return nil, fail(err, "")
	}
	if n := newLayout(h.Config).total; n != h.Total || len(body) != len(Trainer{}.state)*4*h.Total {
		return nil, fail(fmt.Errorf("it has %d parameters in %d bytes, this program's net of that shape %d", h.Total, len(body), n),
			"it was written by another version: use that, or train anew")
	}
	t := newTrainer(b, h.Config, h.Recipe)
	t.step = h.Step
	var parts [3][]float32
	for i := range parts {
		parts[i] = make([]float32, h.Total)
		for j := range parts[i] {
			parts[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*(i*h.Total+j):]))
		}
	}
	t.setState(parts[0], parts[1], parts[2])
	return t, nil
}

func splitCheckpoint(data []byte) (h checkpointHeader, body []byte, err error) {
	const start = len(checkpointMagic) + 4
	if len(data) < start+4 || string(data[:len(checkpointMagic)]) != checkpointMagic {
		return h, nil, errors.New("it does not begin as a checkpoint does")
	}
	end := len(data) - 4
	if crc32.ChecksumIEEE(data[:end]) != binary.LittleEndian.Uint32(data[end:]) {
		return h, nil, errors.New("its checksum is wrong: it was cut short or changed")
	}
	length := int(binary.LittleEndian.Uint32(data[len(checkpointMagic):]))
	if length > end-start {
		return h, nil, errors.New("its header is longer than the file")
	}
	if err := json.Unmarshal(data[start:start+length], &h); err != nil {
		return h, nil, fmt.Errorf("its header: %w", err)
	}
	return h, data[start+length : end], nil
}

// fromONNX takes weights out of the file that serves them.
func fromONNX(b *Backend, path string) (*Trainer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	arrays, meta, err := onnxfile.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var c Config
	if err := json.Unmarshal([]byte(meta[ConfigKey]), &c); err != nil {
		return nil, fmt.Errorf("%s: its net's shape: %w", path, err)
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := newTrainer(b, c, SFTRecipe(0))
	weights := make([]float32, t.layout.total)
	for _, w := range t.layout.weights {
		values := arrays[weightName(w.name)]
		if len(values) != w.size() {
			return nil, fmt.Errorf("%s: %s has %d numbers, not %d: it was written by another version", path, w.name, len(values), w.size())
		}
		copy(weights[w.from:], values)
	}
	t.setState(weights, make([]float32, t.layout.total), make([]float32, t.layout.total))
	return t, nil
}
