package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// manifestName is the file that makes a folder a data set. It is written last.
const manifestName = "dataset.json"

// Manifest is what a data set says of itself.
type Manifest struct {
	Format  string                    `json:"format"` // "parquet" or "folder"
	Digest  string                    `json:"digest"` // of order, grounds and plan
	Spec    *Spec                     `json:"spec,omitempty"`
	Origin  string                    `json:"origin,omitempty"` // of what was imported
	Rows    map[string]int            `json:"rows"`             // by split
	Strata  map[string]map[string]int `json:"strata"`           // by split, of each tier and tier/class
	Grounds []GroundInfo              `json:"grounds"`
	Skipped map[string]int            `json:"skipped"` // by reason, in whole
	Files   []File                    `json:"files"`
}

// GroundInfo is a ground as the manifest has it.
type GroundInfo struct {
	Name        string   `json:"name"`
	Zoom        int      `json:"zoom"`
	Sources     []string `json:"sources"`
	Attribution string   `json:"attribution"`
	Licence     string   `json:"licence"`
	Drawn       bool     `json:"drawn"`
	LeftOut     bool     `json:"left_out"`
}

// File is a file of a data set and its hash.
type File struct {
	Name   string `json:"name"` // with slashes
	Split  string `json:"split,omitempty"`
	Rows   int    `json:"rows,omitempty"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// ReadManifest reads a folder's dataset.json. Errors wrap ErrOther.
func ReadManifest(dir string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		if _, half := os.Stat(filepath.Join(dir, workFolder)); half == nil && errors.Is(err, fs.ErrNotExist) {
			return nil, &Error{Op: "open", Subject: dir, Err: fmt.Errorf("%w: a data set that is not finished", ErrOther), Hint: "give the command that began it again: it goes on"}
		}
		return nil, &Error{Op: "open", Subject: dir, Err: fmt.Errorf("%w: %w", ErrOther, err), Hint: "`precinct dataset build` and `import` make data sets"}
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, &Error{Op: "open", Subject: filepath.Join(dir, manifestName), Err: fmt.Errorf("%w: %w", ErrOther, err)}
	}
	return &m, nil
}

// write puts the manifest in its place, and with it the data card and the list of what was left out.
func (m *Manifest) write(dir string, skips []Skip) error {
	var list []byte
	for _, s := range skips {
		line, err := json.Marshal(s)
		if err != nil {
			return err
		}
		list = append(append(list, line...), '\n')
	}
	for name, data := range map[string][]byte{"skipped.jsonl": list, "README.md": []byte(card(m))} {
		if err := writeWhole(filepath.Join(dir, name), data); err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		m.Files = append(m.Files, File{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
	}
	slices.SortFunc(m.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, manifestName), append(data, '\n'))
}

func newManifest(folder bool) *Manifest {
	m := &Manifest{Format: "parquet", Rows: map[string]int{}, Strata: map[string]map[string]int{}, Skipped: map[string]int{}}
	if folder {
		m.Format = "folder"
	}
	return m
}

func (m *Manifest) count(split string, p *part) {
	m.Rows[split] += p.Rows
	if m.Strata[split] == nil {
		m.Strata[split] = map[string]int{}
	}
	for k, n := range p.Strata {
		m.Strata[split][k] += n
	}
}

// Total is the number of rows in all splits.
func (m *Manifest) Total() int {
	n := 0
	for _, rows := range m.Rows {
		n += rows
	}
	return n
}

// className is a class or function as people call it.
func className(id string) string {
	if c, ok := taxonomy.ByID(id); ok {
		return c.Name
	}
	for _, f := range taxonomy.Functions() {
		if f.ID == id {
			return f.Name
		}
	}
	return id
}

func partFile(work string, s shard) string { return filepath.Join(work, s.name()+".json") }

func readPart(work string, s shard) (*part, error) {
	data, err := os.ReadFile(partFile(work, s))
	if err != nil {
		return nil, err
	}
	var p part
	return &p, json.Unmarshal(data, &p)
}

func writePart(work string, s shard, p *part) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return writeWhole(partFile(work, s), data)
}

// writeWhole writes a file so that nobody ever meets half of it, not even after the power went. What a kill leaves behind has a name
// that the next try takes.
func writeWhole(path string, data []byte) error {
	f, err := os.Create(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp"))
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// hashFile is a file's SHA-256 and size.
func hashFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
