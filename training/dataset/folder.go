package dataset

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// indexRow is a Row in index.jsonl. The names ending in _file_name are what datasets' imagefolder looks for; they are relative to the index.
type indexRow struct {
	ID          string    `json:"id"`
	Problem     string    `json:"problem"`
	Map         string    `json:"map_file_name"`
	Satellite   string    `json:"sat_file_name"`
	Mask        string    `json:"mask_file_name"`
	Tier        string    `json:"tier"`
	Split       string    `json:"split,omitempty"` // in the index of all splits only
	Class       string    `json:"class"`
	Function    string    `json:"function"`
	Region      string    `json:"region"`
	Place       string    `json:"place"`
	Window      []int64   `json:"window"`
	Labels      string    `json:"labels"`
	Sources     []string  `json:"sources"`
	Attribution string    `json:"attribution"`
	Licence     string    `json:"licence"`
	Drawn       bool      `json:"drawn"`
	Novel       bool      `json:"novel"`
	SHA256      [3]string `json:"sha256"` // of map, satellite and mask
}

// indexName is the index of all splits; each split has its own beside its pictures, under the name that datasets' imagefolder wants.
const (
	indexName      = "index.jsonl"
	splitIndexName = "metadata.jsonl"
)

// folderShard is a sink of PNG files, whose part of the index is put in its place when they are all there.
type folderShard struct {
	dir, work string
	shard     shard
	index     []byte
	last      map[string]string // pictures of the window at hand, and their hashes
	bytes     int64
}

func openFolderShard(dir, work string, s shard) (*folderShard, error) {
	return &folderShard{dir: dir, work: work, shard: s}, os.MkdirAll(filepath.Join(dir, Splits[s.split]), 0o755)
}

func (f *folderShard) Write(r *Row) error {
	split := Splits[f.shard.split]
	row := indexOf(r)
	kept := map[string]string{}
	for k, p := range []struct {
		name string
		data []byte
	}{{row.Map, r.Map}, {row.Satellite, r.Satellite}, {row.Mask, r.Mask}} {
		sum, ok := f.last[p.name]
		if !ok {
			h := sha256.Sum256(p.data)
			sum = hex.EncodeToString(h[:])
			if err := os.WriteFile(filepath.Join(f.dir, split, p.name), p.data, 0o644); err != nil {
				return err
			}
			f.bytes += int64(len(p.data))
		}
		kept[p.name], row.SHA256[k] = sum, sum
	}
	f.last = kept
	line, err := json.Marshal(row)
	f.index = append(append(f.index, line...), '\n')
	return err
}

func (f *folderShard) Finish(m *part) error {
	if err := writeWhole(f.indexFile(f.shard), f.index); err != nil {
		return err
	}
	m.Bytes = f.bytes
	return writePart(f.work, f.shard, m)
}

func (f *folderShard) indexFile(s shard) string { return filepath.Join(f.work, s.name()+".jsonl") }

func (f *folderShard) Abandon() {}

// indexOf is a row with the names that its pictures get.
func indexOf(r *Row) indexRow {
	labels := ""
	if r.Labelled {
		labels = labelsText(r.Labels)
	}
	return indexRow{ID: r.ID, Problem: r.Problem, Map: pictureName(r, "map", r.Map), Satellite: pictureName(r, "sat", r.Satellite), Mask: r.ID + "_mask.png", Tier: r.Tier,
		Class: r.Class, Function: r.Function, Region: r.Region, Place: r.Place, Window: windowNumbers(r.Window), Labels: labels, Sources: r.Sources,
		Attribution: r.Attribution, Licence: r.Licence, Drawn: r.Drawn, Novel: r.Novel}
}

// joinIndex writes the indexes of all shards together: each split's beside its pictures, and all in one.
func joinIndex(dir string, shards []shard) ([]File, error) {
	var all, split []byte
	var files []File
	rows := 0
	for i, s := range shards {
		data, err := os.ReadFile((&folderShard{work: filepath.Join(dir, workFolder)}).indexFile(s))
		if err != nil {
			return nil, err
		}
		split = append(split, data...)
		more, n, err := inWhole(data, Splits[s.split])
		if err != nil {
			return nil, err
		}
		all, rows = append(all, more...), rows+n
		if i+1 == len(shards) || shards[i+1].split != s.split {
			f, err := indexFile(dir, Splits[s.split]+"/"+splitIndexName, split)
			if err != nil {
				return nil, err
			}
			f.Split, f.Rows = Splits[s.split], rows
			files, split, rows = append(files, f), nil, 0
		}
	}
	f, err := indexFile(dir, indexName, all)
	return append(files, f), err
}

func indexFile(dir, name string, data []byte) (File, error) {
	sum := sha256.Sum256(data)
	return File{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}, writeWhole(filepath.Join(dir, filepath.FromSlash(name)), data)
}

// inWhole rewrites lines of a split's index for the index of all.
func inWhole(lines []byte, split string) (out []byte, rows int, err error) {
	for line := range splitLines(lines) {
		var r indexRow
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, 0, err
		}
		r.Split, r.Map, r.Satellite, r.Mask = split, split+"/"+r.Map, split+"/"+r.Satellite, split+"/"+r.Mask
		more, err := json.Marshal(r)
		if err != nil {
			return nil, 0, err
		}
		out, rows = append(append(out, more...), '\n'), rows+1
	}
	return out, rows, nil
}

// longestLine is the most bytes of one row of an index: its labels are most of it.
const longestLine = 8 << 20

// readIndex gives the rows of a split's index and their pictures until yield says no.
func readIndex(path, split string, yield func(*Row, error) bool) (more bool) {
	f, err := os.Open(path)
	if err != nil {
		return yield(nil, &Error{Op: "read", Subject: path, Err: err})
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	for n := 1; lines.Scan(); n++ {
		row, err := readIndexRow(filepath.Dir(path), split, lines.Bytes())
		if err != nil {
			err = &Error{Op: "read", Subject: fmt.Sprintf("%s, line %d", path, n), Err: err}
		}
		if !yield(row, err) {
			return false
		}
	}
	if err := lines.Err(); err != nil {
		return yield(nil, &Error{Op: "read", Subject: path, Err: fmt.Errorf("%w: %w", ErrRow, err)})
	}
	return true
}

func readIndexRow(dir, split string, line []byte) (*Row, error) {
	var r indexRow
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRow, err)
	}
	var data [3][]byte
	for k, name := range []string{r.Map, r.Satellite, r.Mask} {
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%w: %q lies outside of the data set", ErrRow, name)
		}
		var err error
		if data[k], err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRow, err)
		}
		if h := sha256.Sum256(data[k]); r.SHA256[k] != "" && hex.EncodeToString(h[:]) != r.SHA256[k] {
			return nil, fmt.Errorf("%w: %s has another hash than its index says", ErrBroken, name)
		}
	}
	p := parquetRow{ID: r.ID, Problem: r.Problem, Map: picture{Bytes: data[0]}, Satellite: picture{Bytes: data[1]}, Mask: picture{Bytes: data[2]}, Tier: r.Tier, Class: r.Class,
		Function: r.Function, Region: r.Region, Place: r.Place, Window: r.Window, Labels: r.Labels, Sources: r.Sources, Attribution: r.Attribution, Licence: r.Licence,
		Drawn: r.Drawn, Novel: r.Novel}
	return p.row(split)
}
