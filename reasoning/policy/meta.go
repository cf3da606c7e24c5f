package policy

import (
	"encoding/json"
	"fmt"
	"slices"
)

// MetaKey is the metadata key of policy.onnx that holds a Meta as JSON.
const MetaKey = "precinct.policy"

// Meta is what a policy must know beside its weights.
type Meta struct {
	Classes    []string    `json:"classes"` // taxonomy class ids; a class's number is its place + 1
	Projection *Projection `json:"projection"`
	Segmenter  string      `json:"segmenter"` // whose embeddings it was taught on

	// Stages is 2 where it was taught to look at its boxes' masks again; files before that was possible have none.
	Stages int `json:"stages,omitempty"`

	// Name tells the weights, where they were read from a file.
	Name string `json:"-"`

	bins int // of the net's tokens
}

// netKey is the metadata key under which training/net tells the net's shape.
const netKey = "precinct.net"

// Encode is the metadata to write into a file.
func (m Meta) Encode() (map[string]string, error) {
	text, err := json.Marshal(m)
	return map[string]string{MetaKey: string(text)}, err
}

// DecodeMeta reads it back. Errors wrap ErrPolicy.
func DecodeMeta(of map[string]string) (Meta, error) {
	var m Meta
	text, ok := of[MetaKey]
	if !ok {
		return m, fmt.Errorf("%w: the file has no %s", ErrPolicy, MetaKey)
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	if m.Projection == nil {
		return m, fmt.Errorf("%w: it has no projection", ErrPolicy)
	}
	var shape struct{ Side, Bins, Labels, Coarse, Channels int }
	if err := json.Unmarshal([]byte(of[netKey]), &shape); err != nil {
		return m, fmt.Errorf("%w: its net's shape: %w", ErrPolicy, err)
	}
	if shape.Side != Side || shape.Labels != LabelFeatures || shape.Coarse != CoarseFeatures || shape.Channels != m.Projection.Out {
		return m, fmt.Errorf("%w: its net is of another shape than this program shows windows to: %s", ErrPolicy, of[netKey])
	}
	m.bins = shape.Bins
	return m, nil
}

// Number is a class's number, 0 for one that is not known.
func (m Meta) Number(class string) int { return slices.Index(m.Classes, class) + 1 }
