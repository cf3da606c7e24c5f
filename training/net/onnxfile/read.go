package onnxfile

import (
	"encoding/binary"
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrModel is no model that this package wrote.
var ErrModel = errors.New("no ONNX model of ours")

// Field numbers of onnx.proto that are read.
const (
	modelGraph, modelMeta = 7, 14
	entryKey, entryValue  = 1, 2
	graphArrays           = 5
	arrayName, arrayRaw   = 8, 9
)

// Read gives a model's float arrays and its metadata, as Marshal wrote them. Errors wrap ErrModel.
func Read(data []byte) (arrays map[string][]float32, meta map[string]string, err error) {
	arrays, meta = map[string][]float32{}, map[string]string{}
	err = fields(data, func(n protowire.Number, v []byte) error {
		switch n {
		case modelMeta:
			e, err := strings(v, entryKey, entryValue)
			meta[string(e[0])] = string(e[1])
			return err
		case modelGraph:
			return fields(v, func(n protowire.Number, v []byte) error {
				if n != graphArrays {
					return nil
				}
				a, err := strings(v, arrayName, arrayRaw)
				if len(a[1])%4 == 0 {
					values := make([]float32, len(a[1])/4)
					for i := range values {
						values[i] = math.Float32frombits(binary.LittleEndian.Uint32(a[1][4*i:]))
					}
					arrays[string(a[0])] = values
				}
				return err
			})
		}
		return nil
	})
	return arrays, meta, err
}

// strings are two fields of a message.
func strings(message []byte, first, second protowire.Number) (out [2][]byte, err error) {
	err = fields(message, func(n protowire.Number, v []byte) error {
		switch n {
		case first:
			out[0] = v
		case second:
			out[1] = v
		}
		return nil
	})
	return out, err
}

// fields gives a message's fields that have a length.
func fields(message []byte, yield func(protowire.Number, []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return ErrModel
		}
		size := protowire.ConsumeFieldValue(number, kind, message[n:])
		if size < 0 {
			return ErrModel
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message[n:])
			if err := yield(number, value); err != nil {
				return err
			}
		}
		message = message[n+size:]
	}
	return nil
}
