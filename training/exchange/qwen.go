package exchange

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// qwenRow is what qwen-vl-finetune reads. Its README calls several pictures "images"; its code reads "image" only, which may be a list.
type qwenRow struct {
	ID            string     `json:"id"`
	Image         []string   `json:"image"` // relative to data_path, which is the export's folder
	Conversations []qwenTurn `json:"conversations"`
}

type qwenTurn struct {
	From  string `json:"from"`
	Value string `json:"value"`
}

// qwenFile is one split as a JSON list, beside the folder of pictures.
type qwenFile struct {
	dir             string
	file            *os.File
	out             *bufio.Writer
	rows            int
	plan, satellite []byte // whose files are there
	names           []string
}

const pictureFolder = "images"

func openQwen(dir, split string) (writer, error) {
	if err := os.MkdirAll(filepath.Join(dir, pictureFolder), 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, split+".json"))
	if err != nil {
		return nil, err
	}
	return &qwenFile{dir: dir, file: f, out: bufio.NewWriter(f)}, nil
}

func (q *qwenFile) Write(s *sample) error {
	if err := q.pictures(s); err != nil {
		return err
	}
	tags := strings.Repeat(placeholder+"\n", len(q.names))
	lead := ","
	if q.rows == 0 {
		lead = "[\n"
	}
	q.rows++
	e := json.NewEncoder(q.out)
	e.SetEscapeHTML(false)
	_, err := q.out.WriteString(lead)
	return errors.Join(err, e.Encode(qwenRow{s.row.ID, q.names, []qwenTurn{{"human", tags + s.question}, {"gpt", s.answer}}}))
}

// pictures writes a sample's pictures; samples of one window, which follow each other, share theirs.
func (q *qwenFile) pictures(s *sample) error {
	if len(q.names) > 0 && bytes.Equal(q.plan, s.plan) && bytes.Equal(q.satellite, s.satellite) {
		return nil
	}
	q.names = nil
	q.plan, q.satellite = s.plan, s.satellite
	for _, p := range s.hubPictures() {
		if err := os.WriteFile(filepath.Join(q.dir, pictureFolder, p.Path), p.Bytes, 0o644); err != nil {
			return err
		}
		q.names = append(q.names, pictureFolder+"/"+p.Path)
	}
	return nil
}

func (q *qwenFile) Close() error {
	tail := "]\n"
	if q.rows == 0 {
		tail = "[]\n"
	}
	_, err := q.out.WriteString(tail)
	return errors.Join(err, q.out.Flush(), q.file.Close())
}
