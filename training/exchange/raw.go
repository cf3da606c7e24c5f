package exchange

import (
	"encoding/json"
	"path"
	"path/filepath"

	"github.com/precinct-map/precinct/training/dataset"
)

// rawRow is a folder of the authors' raw files.
type rawRow struct{ id, folder string }

// openRawSocioSeg looks through SPLIT/ID/ with map.png, sat.png, mask.png and question.json, whose "problem" is the phrase.
func openRawSocioSeg(root string, o *Options) (*source, error) {
	files, err := filesBelow(root, ".json")
	if err != nil {
		return nil, err
	}
	var l listing[rawRow]
	s, seen := &source{about: []string{"SocioSeg's raw files"}}, ids{}
	for _, name := range files {
		if path.Base(name) != "question.json" {
			continue
		}
		folder := path.Dir(name)
		id := seen.of(path.Base(folder))
		split, _ := splitOfPath(path.Dir(folder))
		l.add(o.split(split, true, ""), rawRow{id, folder})
		s.facts = append(s.facts, folder)
	}
	if len(s.facts) == 0 {
		return nil, badSource(root, ErrSource, "want Parquet files, or folders SPLIT/ID/ with question.json, map.png, sat.png and mask.png")
	}
	s.parts = l.parts(func(r rawRow) dataset.Candidate { return readRaw(root, r, o) })
	return s, nil
}

func readRaw(root string, r rawRow, o *Options) dataset.Candidate {
	var question struct {
		Problem string `json:"problem"`
		Tier    string `json:"tier"`
	}
	at := pictures(filepath.Join(root, filepath.FromSlash(r.folder)))
	data, err := at.read("question.json", "question.json")
	if err == nil {
		if bad := json.Unmarshal(data, &question); bad != nil {
			err = &dataset.Fault{Reason: "its question.json is no JSON", Detail: bad.Error()}
		}
	}
	row := o.rowOf(r.id, r.folder, func(column string) string {
		return map[string]string{"problem": question.Problem, "tier": question.Tier}[column]
	})
	for name, into := range map[string]*[]byte{"map": &row.Map, "sat": &row.Satellite, "mask": &row.Mask} {
		if err == nil {
			*into, err = at.sameNamed(name, name+".png")
		}
	}
	return dataset.Candidate{Row: row, Where: r.folder, Err: err}
}
