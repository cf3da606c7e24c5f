package exchange

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/precinct-map/precinct/training"
)

// hubPicture is the hub's way to embed a picture.
type hubPicture struct {
	Bytes []byte `parquet:"bytes,optional,dict"`
	Path  string `parquet:"path,optional,dict"`
}

func (s *sample) hubPictures() []*hubPicture {
	return []*hubPicture{{s.plan, s.row.ID + "_map" + ending(s.plan)}, {s.satellite, s.row.ID + "_sat" + ending(s.satellite)}}
}

func ending(picture []byte) string {
	if len(picture) > 2 && picture[0] == 0xff && picture[1] == 0xd8 {
		return ".jpg"
	}
	return ".png"
}

// imagesColumn tells the hub's readers that images are pictures; they find out the other columns' types by themselves. They believe it of a
// column that may be null on every level only, as their own are.
const imagesColumn = `{"info":{"features":{"images":{"feature":{"_type":"Image"},"_type":"Sequence"}}}}`

// parquetFile is one split as one file, in row groups of a bounded size.
type parquetFile[T any] struct {
	file *os.File
	w    *parquet.GenericWriter[T]
	row  func(*sample) (T, error)
}

// rowGroup is how many rows are held in memory.
const rowGroup = 32

func openTable[T any](dir, split string, row func(*sample) (T, error)) (writer, error) {
	f, err := os.Create(filepath.Join(dir, split+".parquet"))
	if err != nil {
		return nil, err
	}
	w := parquet.NewGenericWriter[T](f, parquet.MaxRowsPerRowGroup(rowGroup), parquet.KeyValueMetadata("huggingface", imagesColumn), parquet.CreatedBy("precinct", "1", "0"), parquet.DataPageStatistics(false))
	return &parquetFile[T]{f, w, row}, nil
}

func (p *parquetFile[T]) Write(s *sample) error {
	row, err := p.row(s)
	if err != nil {
		return err
	}
	_, err = p.w.Write([]T{row})
	return err
}

func (p *parquetFile[T]) Close() error { return errors.Join(p.w.Close(), p.file.Close()) }

// verlRow is what verl's RLHFDataset reads: each <image> in the prompt's text stands for the next of the images; the reward function gets
// data_source, ground_truth and extra_info.
type verlRow struct {
	DataSource string        `parquet:"data_source,dict"`
	Prompt     []verlMessage `parquet:"prompt,list"`
	Images     []*hubPicture `parquet:"images,list,optional"`
	Ability    string        `parquet:"ability,dict"`
	Reward     verlReward    `parquet:"reward_model"`
	Extra      verlExtra     `parquet:"extra_info"`
}

type verlMessage struct {
	Role    string `parquet:"role,dict"`
	Content string `parquet:"content"`
}

type verlReward struct {
	Style string `parquet:"style,dict"`
	Truth string `parquet:"ground_truth"`
}

type verlExtra struct {
	Split   string `parquet:"split,dict"`
	Index   int64  `parquet:"index"`
	ID      string `parquet:"id"`
	Problem string `parquet:"problem"`
	Tier    string `parquet:"tier,dict"`
	Class   string `parquet:"class,dict"`
	Answer  string `parquet:"answer"`
}

func openVerl(dir, split string) (writer, error) {
	return openTable(dir, split, func(s *sample) (verlRow, error) {
		truth, err := s.truthText()
		r := s.row
		return verlRow{DataSource: "precinct", Prompt: []verlMessage{{"user", placeholder + placeholder + s.question}}, Images: s.hubPictures(), Ability: "segmentation",
			Reward: verlReward{"rule", truth}, Extra: verlExtra{split, int64(s.number), r.ID, r.Problem, r.Tier, r.Class, s.answer}}, err
	})
}

// trlRow is what TRL's trainers read: SFTTrainer the messages, GRPOTrainer the prompt, and its reward functions the rest by name.
type trlRow struct {
	Prompt   []trlMessage  `parquet:"prompt,list"`
	Messages []trlMessage  `parquet:"messages,list"`
	Images   []*hubPicture `parquet:"images,list,optional"`
	ID       string        `parquet:"id"`
	Problem  string        `parquet:"problem"`
	Tier     string        `parquet:"tier,dict"`
	Boxes    [][]float64   `parquet:"gt_boxes,list"`
	Mask     trlMask       `parquet:"gt_mask"`
}

type trlMessage struct {
	Role    string    `parquet:"role,dict"`
	Content []trlPart `parquet:"content,list"`
}

// trlPart is a picture, whose text is null, or a text.
type trlPart struct {
	Type string  `parquet:"type,dict"`
	Text *string `parquet:"text,optional"`
}

type trlMask struct {
	Size   []int64 `parquet:"size,list"`
	Counts []int64 `parquet:"counts,list"`
	Order  string  `parquet:"order,dict"`
}

func openTRL(dir, split string) (writer, error) {
	return openTable(dir, split, func(s *sample) (trlRow, error) {
		user := trlMessage{"user", []trlPart{{Type: "image"}, {Type: "image"}, {"text", &s.question}}}
		r := trlRow{Prompt: []trlMessage{user}, Messages: []trlMessage{user, {"assistant", []trlPart{{"text", &s.answer}}}}, Images: s.hubPictures(),
			ID: s.row.ID, Problem: s.row.Problem, Tier: s.row.Tier, Mask: maskColumns(s.mask)}
		for _, b := range s.boxes {
			r.Boxes = append(r.Boxes, b[:])
		}
		return r, nil
	})
}

func maskColumns(r training.Runs) trlMask {
	wide := func(in []int) (out []int64) {
		for _, v := range in {
			out = append(out, int64(v))
		}
		return out
	}
	return trlMask{wide(r.Size), wide(r.Counts), r.Order}
}
