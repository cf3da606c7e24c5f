package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training/dataset"
)

// Formats lists the trainers that are written for.
var Formats = []string{"verl", "trl", "qwen-vl"}

// ExportOptions is what a data set is written for.
type ExportOptions struct {
	Format   string
	Splits   []string          // all that there are when empty
	Dialect  reasoning.Dialect // whose size pictures get, and whose frame boxes are in
	Mode     reasoning.Mode    // two-stage asks for boxes as stage 1 does, no-reflection for boxes and points
	Progress func(done, total int)
}

// Exported is what an export says of itself, in export.json.
type Exported struct {
	Format  string               `json:"format"`
	Dialect string               `json:"dialect"`
	Frame   string               `json:"frame"` // of boxes and points
	Mode    reasoning.Mode       `json:"mode"`
	Prompts string               `json:"prompt_version"`
	Digest  string               `json:"data_set"` // its digest
	Grounds []dataset.GroundInfo `json:"grounds"`
	Rows    map[string]int       `json:"rows"`
	Skipped map[string]int       `json:"skipped"` // by reason
}

// writer writes the samples of one split.
type writer interface {
	Write(*sample) error
	Close() error
}

const exportName = "export.json"

// Export writes a data set's rows, but for those marked as bad, for an outside trainer. The folder must be new or empty and is there when
// it is whole. Rows that cannot be asked are left out and counted. Errors wrap ErrKind, ErrOutput and those of reading.
func Export(ctx context.Context, set *dataset.Set, out string, o ExportOptions) (*Exported, error) {
	open := map[string]func(dir, split string) (writer, error){"verl": openVerl, "trl": openTRL, "qwen-vl": openQwen}[o.Format]
	switch {
	case open == nil:
		return nil, &Error{Op: "export", Subject: set.Dir, Err: fmt.Errorf("%w: %q is none of %s", ErrKind, o.Format, strings.Join(Formats, ", "))}
	case o.Mode != reasoning.TwoStage && o.Mode != reasoning.NoReflection:
		return nil, &Error{Op: "export", Subject: set.Dir, Err: fmt.Errorf("%w: mode %q", ErrKind, o.Mode), Hint: "use two-stage or no-reflection"}
	case o.Dialect.Protocol != nil:
		return nil, &Error{Op: "export", Subject: set.Dir, Err: fmt.Errorf("%w: dialect %s has a protocol of its own", ErrKind, o.Dialect.Name), Hint: "use generic, qwen2.5-vl or qwen3-vl"}
	}
	for _, split := range o.Splits {
		if err := set.Split(split); err != nil {
			return nil, err
		}
	}
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return nil, &Error{Op: "export to", Subject: out, Err: ErrOutput, Hint: "name an empty or a new folder"}
	}
	work := filepath.Clean(out) + ".part"
	if err := errors.Join(os.RemoveAll(work), os.MkdirAll(work, 0o755)); err != nil {
		return nil, err
	}
	e := &exporter{set: set, options: o, dir: work, open: open}
	told, err := e.run(ctx)
	if err != nil {
		_ = os.RemoveAll(work)
		return nil, err
	}
	_ = os.Remove(out) // the empty folder that may be there
	return told, os.Rename(work, out)
}

type exporter struct {
	set     *dataset.Set
	options ExportOptions
	dir     string
	open    func(dir, split string) (writer, error)
	done    int
	last    scaledPictures
}

func (e *exporter) run(ctx context.Context) (*Exported, error) {
	o := e.options
	told := &Exported{Format: o.Format, Dialect: o.Dialect.Name, Frame: "pixels", Mode: o.Mode, Prompts: o.Dialect.PromptVersion(), Digest: e.set.Digest, Grounds: e.set.Grounds,
		Rows: map[string]int{}, Skipped: map[string]int{}}
	if o.Dialect.Relative {
		told.Frame = "thousandths"
	}
	for _, split := range dataset.Splits {
		if len(o.Splits) > 0 && !slices.Contains(o.Splits, split) || e.set.Manifest.Rows[split] == 0 {
			continue
		}
		if err := e.split(ctx, split, told); err != nil {
			return nil, err
		}
	}
	total := 0
	for _, n := range told.Rows {
		total += n
	}
	if total == 0 {
		return nil, &Error{Op: "export", Subject: e.set.Dir, Err: fmt.Errorf("%w: %v", dataset.ErrEmpty, told.Skipped)}
	}
	data, err := json.MarshalIndent(told, "", "  ")
	if err != nil {
		return nil, err
	}
	return told, os.WriteFile(filepath.Join(e.dir, exportName), append(data, '\n'), 0o644)
}

func (e *exporter) split(ctx context.Context, split string, told *Exported) (err error) {
	w, err := e.open(e.dir, split)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for r, bad := range e.set.Rows(split) {
		if err := ctx.Err(); err != nil {
			return err
		}
		e.done++
		if e.options.Progress != nil {
			e.options.Progress(e.done, e.set.Total())
		}
		if bad != nil {
			return bad
		}
		s, err := e.sample(r, told.Rows[split])
		var f *dataset.Fault
		if errors.As(err, &f) {
			told.Skipped[f.Reason]++
			continue
		}
		if err != nil {
			return err
		}
		if err := w.Write(s); err != nil {
			return err
		}
		told.Rows[split]++
	}
	return nil
}
