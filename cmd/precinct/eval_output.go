package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/precinct-map/precinct/training"
	page "github.com/precinct-map/precinct/training/report"
)

// document is what there is to tell of a run.
func document(cmd *cobra.Command, a *app, systems []training.System, t *training.Table, total int) page.Document {
	doc := page.Document{Command: commandLine(cmd), Date: time.Now(), Table: t, Total: total, Versions: []page.Version{
		{Of: "precinct", Is: version()}, {Of: "segmenter", Is: a.segmenter.Name()}, {Of: "ONNX Runtime", Is: a.segmenter.Version()}, {Of: "Go", Is: runtime.Version()}}}
	for _, s := range systems {
		if p, ok := s.(training.Pipeline); ok && p.VLM.Name() != p.Label {
			doc.Versions = append(doc.Versions, page.Version{Of: p.Label, Is: p.VLM.Name()})
		}
	}
	return doc
}

// tell writes what an evaluation came to, wherever it is wanted.
func (f *evalFlags) tell(cmd *cobra.Command, all []*measured) error {
	if f.report != "" { // of a single run: see check
		out, done, err := create(nil, f.report)
		if err == nil {
			err = done(page.Write(out, &all[0].Document))
		}
		if err != nil {
			return fmt.Errorf("--report %s: %w", f.report, err)
		}
	}
	out, done, err := create(cmd.OutOrStdout(), f.output)
	if err != nil {
		return err
	}
	if f.format == "rows" {
		return done(f.writeRows(out, all))
	}
	for i, m := range all {
		switch {
		case f.format == "json": // a line each
			err = writeEvalJSON(out, m)
		case len(all) > 1:
			_, err = fmt.Fprintf(out, "%s### %s\n\n", strings.Repeat("\n", min(1, i)), m.round)
			fallthrough
		default:
			err = cmp.Or(err, writeEvalMarkdown(out, m.Table, f.by == "class"))
		}
		if err != nil {
			break
		}
	}
	return done(err)
}

// writeRows writes a row a run, those of one kind of zoom followed by all of it together.
func (f *evalFlags) writeRows(out io.Writer, all []*measured) error {
	var b strings.Builder
	for i, zoom := range f.zooms {
		var rows []training.GroundRow
		for _, m := range all {
			if m.asked == zoom {
				rows = append(rows, training.NewGroundRow(cell(m.ground()), m.zoomName(), m.Table))
			}
		}
		if len(rows) == 0 { // interrupted before
			continue
		}
		if i == 0 {
			b.WriteString(training.GroundHead(rows[0]))
		}
		if len(rows) > 1 {
			rows = append(rows, training.PoolGrounds("*together*", zoom, rows))
		}
		for _, r := range rows {
			b.WriteString(r.Markdown())
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// commandLine is the command with the flags that were given, without those that say only where and how the results are written.
func commandLine(cmd *cobra.Command) string {
	words := []string{cmd.CommandPath()}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "output", "report", "format", "by", "log-level", "log-format", "config":
			return
		}
		values := []string{f.Value.String()}
		if s, ok := f.Value.(pflag.SliceValue); ok {
			values = s.GetSlice()
		}
		for i, v := range values {
			if u, err := url.Parse(v); err == nil && u.User != nil {
				u.User = nil // a password is not for the report
				values[i] = u.String()
			}
		}
		value := strings.Join(values, ",")
		if strings.ContainsAny(value, " '\"$&;|<>()") {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		words = append(words, "--"+f.Name, value)
	})
	return strings.Join(words, " ")
}

// difference is how much better the first system is than another, over a tier or, without one, all.
type difference struct {
	System string        `json:"system"`
	Tier   training.Tier `json:"tier,omitempty"`
	Mean   float64       `json:"mean"`
	Low    float64       `json:"low"`
	High   float64       `json:"high"`
}

func writeEvalJSON(out io.Writer, d *measured) error {
	doc := struct {
		Ground   string            `json:"ground,omitempty"` // a folder's
		Zoom     int               `json:"zoom,omitempty"`
		Command  string            `json:"command"`
		Date     time.Time         `json:"date"`
		Versions map[string]string `json:"versions"`
		Examples int               `json:"examples"`
		*training.Table
		Differences []difference `json:"differences"`
	}{Ground: d.folder, Zoom: d.zoom, Command: d.Command, Date: d.Date.UTC(), Versions: map[string]string{}, Examples: d.Table.Examples(), Table: d.Table}
	for _, v := range d.Versions {
		doc.Versions[v.Of] = v.Is
	}
	t := d.Table
	for _, s := range t.Systems[1:] {
		mean, low, high := t.Difference(t.Systems[0], s)
		doc.Differences = append(doc.Differences, difference{s, "", mean, low, high})
		for _, tier := range t.Tiers() {
			mean, low, high := t.Difference(t.Systems[0], s, tier)
			doc.Differences = append(doc.Differences, difference{s, tier, mean, low, high})
		}
	}
	return json.NewEncoder(out).Encode(doc)
}

func writeEvalMarkdown(out io.Writer, t *training.Table, classes bool) error {
	var b strings.Builder
	table := func(what string, outcomes []training.Outcome) {
		fmt.Fprintf(&b, "| system | %s | n | gIoU | cIoU | F1 (instances) | F1 (scenes) | empty | failed | seconds |\n|---|---|---|---|---|---|---|---|---|---|\n", what)
		for _, o := range outcomes {
			fmt.Fprintf(&b, "| %s | %s | %d | %.1f | %.1f | %.1f | %.1f | %d | %d | %.2f |\n", cell(o.System),
				cell(cmp.Or(o.Class, string(o.Tier))), o.N, 100*o.GIoU, 100*o.CIoU, 100*o.F1Inst, 100*o.F1Image, o.Empty, o.Failed, o.Seconds)
		}
	}
	table("tier", t.Outcomes)
	tiers := t.Tiers()
	fmt.Fprintf(&b, "\n| system | gIoU over name, class, function | %s is better by (95 %% interval, absent counted too) |", cell(t.Systems[0]))
	for _, tier := range tiers {
		fmt.Fprintf(&b, " %s |", tier)
	}
	b.WriteString("\n|" + strings.Repeat("---|", 3+len(tiers)) + "\n")
	for i, s := range t.Systems {
		fmt.Fprintf(&b, "| %s | %.1f |", cell(s), 100*t.Mean(s))
		for _, of := range append([][]training.Tier{nil}, each(tiers)...) {
			if i == 0 {
				b.WriteString(" |")
				continue
			}
			mean, low, high := t.Difference(t.Systems[0], s, of...)
			fmt.Fprintf(&b, " %.1f (%.1f … %.1f) |", 100*mean, 100*low, 100*high)
		}
		b.WriteByte('\n')
	}
	if classes {
		b.WriteByte('\n')
		table("class or function", t.Classes)
	}
	for i, r := range t.Reliability {
		if i == 0 {
			b.WriteString("\n| system | things found | expected calibration error |\n|---|---|---|\n")
		}
		fmt.Fprintf(&b, "| %s | %d | %.1f |\n", cell(r.System), r.N, 100*r.ECE)
	}
	for i, f := range t.Failures {
		if i == 0 {
			b.WriteString("\n| system | failed | why |\n|---|---|---|\n")
		}
		fmt.Fprintf(&b, "| %s | %d | %s |\n", cell(f.System), f.N, cell(f.Reason))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func each(tiers []training.Tier) [][]training.Tier {
	var out [][]training.Tier
	for _, t := range tiers {
		out = append(out, []training.Tier{t})
	}
	return out
}

// cell is a text that a table's cell can hold: servers say what they like.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
