package policy

import (
	_ "embed"
	"os"
	"path/filepath"
)

// taught are the weights that come with the program; docs/policy.md tells the commands, seeds and data that made them.
//
//go:embed taught.onnx
var taught []byte

// OpenTaught opens the policy that comes with the program; o.Path does not matter. An error wraps ErrPolicy where the segmenter is not the
// one that it was taught on.
func OpenTaught(o Options) (*Policy, error) { return openData("the program's own policy", taught, o) }

// WriteTaught writes the policy that comes with the program as a run's, for a teaching to begin from.
func WriteTaught(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, FileName), taught, 0o644)
}
