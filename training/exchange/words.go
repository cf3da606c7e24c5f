package exchange

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/training/dataset"
)

// ids makes ids that can be file names and are given once. What is not a letter, a digit, - or _ becomes _; the second of the same gets _2.
// There is no full stop in them: to a data set, what comes before one names the pictures, which rows may share.
type ids map[string]int

const longestID = 80

func (u ids) of(raw string) string {
	safe := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' {
			return r
		}
		return '_'
	}, raw))
	id := string(safe[:min(len(safe), longestID)])
	if id == "" {
		id = "row"
	}
	for u[id] > 0 {
		u[id]++
		id = fmt.Sprintf("%s_%d", id, u[id])
	}
	u[id] = 1
	return id
}

// splitOf reads a split's name as people write it: validation, dev and testA are known.
func splitOf(word string) (int, bool) {
	word = strings.ToLower(word)
	for k, split := range dataset.Splits {
		if word == split {
			return k, true
		}
	}
	switch word {
	case "training":
		return 0, true
	case "validation", "valid", "dev":
		return 1, true
	case "testing", "testa", "testb", "testc":
		return 2, true
	}
	return 0, false
}

// splitOfPath finds a split in a file's name, then in those of its folders.
func splitOfPath(path string) (int, bool) {
	parts := strings.Split(filepath.ToSlash(path), "/")
	for _, part := range slices.Backward(parts) {
		for _, word := range strings.FieldsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if k, ok := splitOf(word); ok {
				return k, true
			}
		}
	}
	return 0, false
}

// deal gives one of the splits by the ratio, the same for the same key.
func (o *Options) deal(key string) int {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s", o.Seed, key)
	at := float64(mix(h.Sum64())>>11) / (1 << 53) * (o.Ratio[0] + o.Ratio[1] + o.Ratio[2])
	for k, share := range o.Ratio {
		if at -= share; at < 0 {
			return k
		}
	}
	return 0
}

// mix is the finisher of SplitMix64 (Steele, Lea and Flood, 2014): short keys differ in all bits.
func mix(v uint64) uint64 {
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// split is a row's: what the user says, what the source says, or one by lot.
func (o *Options) split(said int, known bool, key string) int {
	if o.Split != "" {
		return slices.Index(dataset.Splits, o.Split)
	}
	if known {
		return said
	}
	return o.deal(key)
}

// tierOf reads a tier's name as people write it; "" when it is none.
func tierOf(word string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	for _, head := range []string{"socio_", "socio-", "socio "} {
		word = strings.TrimPrefix(word, head)
	}
	for _, t := range dataset.Tiers {
		if "socio_"+word == t {
			return t
		}
	}
	return ""
}

// tierOfPath finds a tier in a file's path.
func tierOfPath(path string) string {
	for part := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		for _, t := range dataset.Tiers {
			if strings.Contains(strings.ReplaceAll(strings.ToLower(part), "-", "_"), t) || tierOf(part) == t {
				return t
			}
		}
	}
	return ""
}

// classify fills in what the row's words tell: its tier where nobody said one, and the class and function of its phrase. A tier that is
// none stays, for the check to find.
func (o *Options) classify(r *dataset.Row) {
	if t := tierOf(r.Tier); t != "" {
		r.Tier = t
	}
	meaning := taxonomy.Match(r.Problem)
	if r.Tier == "" {
		r.Tier = o.Tier
	}
	if r.Tier == "" {
		r.Tier = "socio_" + string(meaning.Tier)
	}
	if c := taxonomy.Match(r.Class); r.Class != "" && r.Tier != dataset.Function && c.Tier == taxonomy.TierClass {
		if _, ok := taxonomy.ByID(r.Class); !ok {
			r.Class = c.Classes[0]
		}
	}
	switch {
	case r.Class == "" && r.Tier == dataset.Class && meaning.Tier == taxonomy.TierClass && len(meaning.Classes) > 0:
		r.Class = meaning.Classes[0]
	case r.Class == "" && r.Tier == dataset.Function && meaning.Tier == taxonomy.TierFunction:
		r.Class = meaning.Function
	}
	if r.Function == "" {
		r.Function = functionOf(r)
	}
}

func functionOf(r *dataset.Row) string {
	if r.Tier == dataset.Function {
		return r.Class
	}
	c, _ := taxonomy.ByID(r.Class)
	return c.Function
}

// wanted are the columns of a row, each under the names that people give it; the first is ours.
var wanted = []struct {
	names    []string
	required bool
}{
	{[]string{"id", "sample_id", "image_id"}, false},
	{[]string{"problem", "phrase", "query", "prompt", "question", "text", "expression"}, true},
	{[]string{"map", "map_image", "map_file_name", "digital_map"}, true},
	{[]string{"sat", "sat_image", "sat_file_name", "satellite", "satellite_image", "image"}, true},
	{[]string{"mask", "mask_label", "mask_file_name", "mask_image", "label", "gt_mask", "segmentation"}, true},
	{[]string{"tier", "task", "level"}, false},
	{[]string{"split"}, false},
	{[]string{"class", "category"}, false},
	{[]string{"function"}, false},
	{[]string{"attribution"}, false},
	{[]string{"licence", "license"}, false},
}

// columns finds the wanted columns among those of a table: ours → theirs. The error lists what was found and what is wanted.
func columns(path string, found []string) (map[string]string, error) {
	out := map[string]string{}
	var missing []string
	for _, w := range wanted {
		for _, name := range w.names {
			if i := slices.IndexFunc(found, func(f string) bool { return strings.EqualFold(f, name) }); i >= 0 {
				out[w.names[0]] = found[i]
				break
			}
		}
		if _, ok := out[w.names[0]]; w.required && !ok {
			missing = append(missing, fmt.Sprintf("%s (or %s)", w.names[0], strings.Join(w.names[1:], ", ")))
		}
	}
	if len(missing) > 0 {
		return nil, &Error{Op: "import", Subject: path, Err: fmt.Errorf("%w: it has %s, and lacks %s", ErrColumns, strings.Join(found, ", "), strings.Join(missing, "; ")),
			Hint: "rename the columns"}
	}
	return out, nil
}
