package dataset

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// licences are the hub's identifiers of what sources say of themselves; anything else is "other".
var licences = map[string]string{
	"CC BY 4.0": "cc-by-4.0", "CC-BY-4.0": "cc-by-4.0", "CC BY-SA 4.0": "cc-by-sa-4.0", "CC-BY-SA-4.0": "cc-by-sa-4.0", "ODbL": "odbl", "Apache-2.0": "apache-2.0", "CC0": "cc0-1.0",
}

// cardFront is a data card's YAML front matter, in the hub's convention.
type cardFront struct {
	PrettyName string       `yaml:"pretty_name"`
	Licence    []string     `yaml:"license"`
	Tasks      []string     `yaml:"task_categories"`
	Tags       []string     `yaml:"tags"`
	Size       []string     `yaml:"size_categories"`
	Configs    []cardConfig `yaml:"configs"`
	Info       *cardInfo    `yaml:"dataset_info,omitempty"`
}

type cardConfig struct {
	Name  string     `yaml:"config_name"`
	Drop  *bool      `yaml:"drop_labels,omitempty"`
	Files []cardFile `yaml:"data_files"`
}

type cardFile struct {
	Split string `yaml:"split"`
	Path  string `yaml:"path"`
}

type cardInfo struct {
	Features []map[string]any `yaml:"features"`
}

// card is a data set's README.md.
func card(m *Manifest) string {
	front, err := yaml.Marshal(m.front())
	if err != nil {
		panic(err) // strings
	}
	var b strings.Builder
	fmt.Fprintf(&b, "---\n%s---\n\n# %s\n\n", front, m.title())
	b.WriteString("Samples of urban socio-semantic segmentation in the layout of SocioSeg: a map, a satellite picture, a phrase, and the mask of what the phrase means there.\n")
	if drawn := m.drawn(); drawn != "" {
		fmt.Fprintf(&b, "\n**The satellite pictures of %s are painted, not taken** (`drawn` is true). What a model scores on them is never its score on SocioSeg or on imagery.\n", drawn)
	}
	b.WriteString("\n| split | rows | " + strings.Join(Tiers, " | ") + " |\n|---|---|---|---|---|\n")
	for _, split := range Splits {
		fmt.Fprintf(&b, "| %s | %d |", split, m.Rows[split])
		for _, t := range Tiers {
			fmt.Fprintf(&b, " %d |", m.Strata[split][t])
		}
		b.WriteByte('\n')
	}
	if m.Spec != nil {
		b.WriteString("\nNo ground is in two splits: every sample lies within one block of its region, and blocks are dealt out whole, stratified by tier and class.\n")
	}
	m.writeGrounds(&b)
	m.writeClasses(&b)
	m.writeMaking(&b)
	return b.String()
}

func (m *Manifest) title() string {
	names := make([]string, 0, len(m.Grounds))
	for _, g := range m.Grounds {
		names = append(names, g.Name)
	}
	const most = 6
	switch {
	case len(names) == 0:
		return "Places by meaning"
	case len(names) > most:
		return fmt.Sprintf("Places by meaning: %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return "Places by meaning: " + strings.Join(names, ", ")
}

func (m *Manifest) front() cardFront {
	f := cardFront{PrettyName: m.title(), Tasks: []string{"image-segmentation"}, Tags: []string{"geospatial", "remote-sensing", "referring-segmentation"}, Size: []string{sizeCategory(m.Total())}}
	for _, g := range m.Grounds {
		for l := range strings.SplitSeq(g.Licence, "; ") {
			id, ok := licences[strings.TrimSpace(l)]
			if !ok {
				id = "other"
			}
			if !slices.Contains(f.Licence, id) {
				f.Licence = append(f.Licence, id)
			}
		}
	}
	if len(f.Licence) == 0 {
		f.Licence = []string{"other"}
	}
	config := cardConfig{Name: "default"}
	for _, split := range Splits {
		if m.Rows[split] == 0 {
			continue
		}
		path := "data/" + split + "-*.parquet"
		if m.Format == "folder" {
			path = split + "/*"
		}
		config.Files = append(config.Files, cardFile{split, path})
	}
	if m.Format == "folder" {
		drop := true
		config.Drop = &drop
	} else {
		f.Info = &cardInfo{}
		for _, c := range features() {
			f.Info.Features = append(f.Info.Features, cardFeature(c))
		}
	}
	f.Configs = []cardConfig{config}
	return f
}

// cardFeature is a column in the front matter's short form.
func cardFeature(c feature) map[string]any {
	var v struct {
		Kind    string `json:"_type"`
		Dtype   string `json:"dtype"`
		Feature struct {
			Dtype string `json:"dtype"`
		} `json:"feature"`
	}
	data, _ := json.Marshal(c.Type) // maps of strings
	_ = json.Unmarshal(data, &v)
	switch v.Kind {
	case "Image":
		return map[string]any{"name": c.Name, "dtype": "image"}
	case "Sequence":
		return map[string]any{"name": c.Name, "list": v.Feature.Dtype}
	}
	return map[string]any{"name": c.Name, "dtype": v.Dtype}
}

func sizeCategory(n int) string {
	for _, c := range []struct {
		below int
		name  string
	}{{1_000, "n<1K"}, {10_000, "1K<n<10K"}, {100_000, "10K<n<100K"}, {1_000_000, "100K<n<1M"}} {
		if n < c.below {
			return c.name
		}
	}
	return "1M<n<10M"
}

// drawn names the grounds whose imagery was painted.
func (m *Manifest) drawn() string {
	var names []string
	for _, g := range m.Grounds {
		if g.Drawn {
			names = append(names, g.Name)
		}
	}
	if len(names) == len(m.Grounds) && len(names) > 0 {
		return "this data set"
	}
	return strings.Join(names, ", ")
}

func (m *Manifest) writeGrounds(b *strings.Builder) {
	if len(m.Grounds) == 0 {
		return
	}
	b.WriteString("\n## Where it is from\n\n| region | zoom | layers | attribution | licence |\n|---|---|---|---|---|\n")
	cell := strings.NewReplacer("|", "\\|", "\n", " ")
	for _, g := range m.Grounds {
		name := g.Name
		if g.LeftOut {
			name += " (test only)"
		}
		zoom := "unknown"
		if g.Zoom > 0 {
			zoom = strconv.Itoa(g.Zoom)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, zoom, cell.Replace(strings.Join(g.Sources, ", ")), cell.Replace(g.Attribution), cell.Replace(g.Licence))
	}
}

func (m *Manifest) writeClasses(b *strings.Builder) {
	classes := map[string]int{}
	for _, strata := range m.Strata {
		for k, n := range strata {
			if id, ok := strings.CutPrefix(k, Class+"/"); ok {
				classes[id] += n
			}
		}
	}
	if len(classes) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## Classes\n\n%d classes are asked for: ", len(classes))
	ids := slices.SortedFunc(maps.Keys(classes), func(x, y string) int {
		if d := classes[y] - classes[x]; d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	for i, id := range ids {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "%s (%d)", className(id), classes[id])
	}
	b.WriteString(".\n")
}

func (m *Manifest) writeMaking(b *strings.Builder) {
	b.WriteString("\n## How it was made\n\n")
	if m.Origin != "" {
		fmt.Fprintf(b, "Imported by `precinct dataset import` from %s.\n", m.Origin)
	}
	if m.Spec != nil {
		spec, _ := json.Marshal(m.Spec) // numbers and strings
		fmt.Fprintf(b, "By `precinct dataset build`, seed %d; the same order over the same sources gives the same bytes:\n\n```json\n%s\n```\n", m.Spec.Seed, spec)
	}
	if len(m.Skipped) > 0 {
		b.WriteString("\nLeft out:\n\n")
		for _, reason := range slices.Sorted(maps.Keys(m.Skipped)) {
			fmt.Fprintf(b, "- %d: %s\n", m.Skipped[reason], reason)
		}
	}
	fmt.Fprintf(b, "\n`%s` has every file's SHA-256; `precinct dataset verify` checks them, the masks, and that the splits share no ground.\n", manifestName)
}

// reasons sums up why things were left out.
func reasons(skipped map[string]int) string {
	if len(skipped) == 0 {
		return "there are no places"
	}
	var out []string
	for _, r := range slices.Sorted(maps.Keys(skipped)) {
		out = append(out, fmt.Sprintf("%d left out: %s", skipped[r], r))
	}
	return strings.Join(out, "; ")
}
