// Package run keeps what a training leaves: a folder with a checkpoint to go on from, policy.onnx to serve, and metrics.jsonl.
package run

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/training/net"
)

// Save writes the checkpoint and policy.onnx.
func Save(dir string, t *net.Trainer, m policy.Meta) error {
	if err := t.Save(dir); err != nil {
		return err
	}
	meta, err := m.Encode()
	if err != nil {
		return err
	}
	return t.Freeze().WriteONNX(dir, meta)
}

// Tell appends a line to metrics.jsonl.
func Tell(dir string, metrics any) error {
	line, err := json.Marshal(metrics)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "metrics.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}
