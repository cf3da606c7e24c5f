// Package runs keeps what a training leaves: a folder with a checkpoint to go on from, policy.onnx to serve, metrics.jsonl, the same as
// TensorBoard's events, and pictures of samples; and it shows them while the training runs.
package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

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

// metricsName and samplesName lie in a run's folder.
const (
	metricsName = "metrics.jsonl"
	samplesName = "samples"
)

// Log takes down how a training goes. It is for one goroutine.
type Log struct {
	dir    string
	events *events
}

// OpenLog opens the log of a run's folder, which is made where it is missing. What is there stays: a piece of a training adds to it.
func OpenLog(dir string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	e, err := newEvents(dir, time.Now())
	if err != nil {
		return nil, err
	}
	return &Log{dir, e}, nil
}

// Close ends the log.
func (l *Log) Close() error { return l.events.Close() }

// Tell appends a line to metrics.jsonl, and each of its numbers as a scalar to TensorBoard's events: nested names are joined by slashes.
func (l *Log) Tell(step int, metrics any) error {
	line, err := json.Marshal(metrics)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(l.dir, metricsName), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	numbers, err := flatten(line)
	if err != nil {
		return err
	}
	return l.events.scalars(step, numbers)
}

// Show keeps the picture of a sample, which takes the place of an earlier one of its number.
func (l *Log) Show(step, number int, s *Sketch) error {
	data, err := s.png()
	if err != nil {
		return err
	}
	dir := filepath.Join(l.dir, samplesName)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := fmt.Sprintf("%02d", number)
	caption, err := json.Marshal(map[string]any{"step": step, "text": s.Text})
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644), os.WriteFile(filepath.Join(dir, name+".json"), caption, 0o644)); err != nil {
		return err
	}
	return l.events.picture(step, "sample/"+name, data, s.size())
}
