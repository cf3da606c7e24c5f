package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"
)

// FileName is a policy's file in the folder of its run.
const FileName = "policy.onnx"

// ReadMeta reads the metadata of a run's policy. Errors wrap ErrPolicy, or fs.ErrNotExist where there is none.
func ReadMeta(dir string) (Meta, error) {
	path := filepath.Join(dir, FileName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Meta{}, err
	}
	if err != nil {
		return Meta{}, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	props, err := properties(data)
	if err != nil {
		return Meta{}, fmt.Errorf("%s: %w", path, err)
	}
	m, err := DecodeMeta(props)
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	m.Name = nameOf(data)
	return m, nil
}

// nameOf names weights by their file's bytes.
func nameOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "policy-" + hex.EncodeToString(sum[:4])
}

// Field numbers of onnx.proto (ONNX IR version 10): ModelProto.metadata_props, and StringStringEntryProto.
const (
	metadataProps = 14
	entryKey      = 1
	entryValue    = 2
)

// properties are a model's metadata_props.
func properties(model []byte) (map[string]string, error) {
	out := map[string]string{}
	err := fields(model, func(n protowire.Number, value []byte) error {
		if n != metadataProps {
			return nil
		}
		var entry [3]string
		if err := fields(value, func(n protowire.Number, v []byte) error {
			if n == entryKey || n == entryValue {
				entry[n] = string(v)
			}
			return nil
		}); err != nil {
			return err
		}
		out[entry[entryKey]] = entry[entryValue]
		return nil
	})
	return out, err
}

// fields gives a message's fields of length-delimited type.
func fields(message []byte, yield func(protowire.Number, []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("%w: it is no ONNX file", ErrPolicy)
		}
		message = message[n:]
		if kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return fmt.Errorf("%w: it is no ONNX file", ErrPolicy)
			}
			if err := yield(number, value); err != nil {
				return err
			}
			message = message[n:]
			continue
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return fmt.Errorf("%w: it is no ONNX file", ErrPolicy)
		}
		message = message[n:]
	}
	return nil
}
