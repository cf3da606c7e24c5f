package main

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/exchange"
)

// importFlags are dataset import's.
type importFlags struct {
	exchange.Options
	tier, ratio, format, output string
	workers                     int
}

func newDatasetImport() *cobra.Command {
	f := &importFlags{}
	c := &cobra.Command{
		Use:   "import [SOURCE]",
		Short: "Take over a data set of another layout",
		Long: `Take over what others published. KIND says what SOURCE is:

  socioseg  a folder with SocioSeg's Parquet files, as the hub has them (columns id, problem, map, sat, mask, and tier where they have it), or one
            such file; or the authors' raw files, SPLIT/ID/ with question.json, map.png, sat.png and mask.png. The names of files and folders tell
            the split and, without a column, the tier.
  refcoco   a folder with refs.json (a JSON list; pickles are refused) and COCO's instances.json. Each sentence is a row.
  coco      a file of COCO instances: polygons and run lengths, compressed or not. Each image and category is a row, with the category's name
            as the phrase and all of its instances as the mask.
  folder    a folder of pictures with index.jsonl or index.csv, or that index: columns problem, map, sat, mask (files' names), and where they are
            there id, tier, split, class, function, attribution, licence.

For refcoco and coco, --images is the folder of the images (default: images/ beside the file, or the file's own folder) and --maps a folder
of map pictures of the same names; without it a picture of one tone stands in for each map, and every row's sources say so.

Rows without a split are dealt out by --split, those of one picture together. Rows without a tier get --tier, or else what the
taxonomy makes of their phrase. Pictures stay as they are, byte by byte. What cannot be used (pictures that are missing, broken or of
different sizes, empty masks, unknown tiers and splits) is left out and listed in skipped.jsonl. Cut off at any moment, the same command goes on.`,
		Example: "  precinct dataset import --from socioseg SocioSeg/data -o build/socioseg\n" +
			"  precinct dataset import --from coco annotations/instances_val.json --images val --split val -o build/coco\n" +
			"  precinct dataset import --from folder mine/index.csv --split 8:1:1 --licence 'CC BY 4.0' -o build/mine",
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := c.Flags()
	flags.StringVar(&f.Kind, "from", "", "what the source is: "+strings.Join(exchange.Kinds, ", "))
	flags.StringVarP(&f.output, "output", "o", "", "folder to make or to go on with")
	flags.StringVar(&f.Images, "images", "", "folder of the source's pictures")
	flags.StringVar(&f.Maps, "maps", "", "folder of map pictures, named as the images are")
	flags.StringVar(&f.tier, "tier", "", "name, class or function: of rows that do not say theirs")
	flags.StringVar(&f.ratio, "split", "6:1:3", "shares of train, val and test for rows that do not say theirs; or one of the three for all rows")
	flags.Uint64Var(&f.Seed, "seed", 1, "of the dealing out")
	flags.StringVar(&f.Name, "name", "", "the rows' region (default: the kind)")
	flags.StringVar(&f.Attribution, "attribution", "", "of rows that do not say theirs")
	flags.StringVar(&f.Licence, "licence", "", "of rows that do not say theirs, several joined by ;")
	flags.StringVar(&f.format, "format", "parquet", "parquet, or folder for PNG files and an index")
	flags.IntVar(&f.ShardRows, "shard-rows", 256, "rows a file, and what a cut-off import loses at most")
	flags.IntVar(&f.workers, "workers", 0, "rows checked at once (default one a core)")
	return c
}

// options checks the flags.
func (f *importFlags) options(args []string) (exchange.Options, error) {
	o := f.Options
	switch {
	case !slices.Contains(exchange.Kinds, o.Kind):
		return o, usagef("--from %s: use %s", o.Kind, strings.Join(exchange.Kinds, ", "))
	case len(args) != 1:
		return o, usagef("say which file or folder to import")
	case f.output == "":
		return o, usagef("say with -o which folder to make")
	case f.format != "parquet" && f.format != "folder":
		return o, usagef("--format %s: use parquet or folder", f.format)
	}
	o.Folder = f.format == "folder"
	if f.tier != "" {
		if o.Tier = "socio_" + strings.TrimPrefix(f.tier, "socio_"); !slices.Contains(dataset.Tiers, o.Tier) {
			return o, usagef("--tier %s: use name, class or function", f.tier)
		}
	}
	if slices.Contains(dataset.Splits, f.ratio) {
		o.Split = f.ratio
		return o, nil
	}
	var err error
	o.Ratio, err = parseRatio(f.ratio)
	return o, err
}

func (f *importFlags) run(cmd *cobra.Command, args []string) error {
	o, err := f.options(args)
	if err != nil {
		return err
	}
	progress := newProgress(os.Stderr, "rows")
	m, err := exchange.Import(cmd.Context(), f.output, args[0], o, dataset.Options{Workers: f.workers, Progress: progress.set, Planned: func(rows int, left []string) {
		slog.Info("looked through", "rows", rows, "files to make", len(left))
	}})
	progress.end()
	if err != nil {
		return err
	}
	for _, reason := range slices.Sorted(maps.Keys(m.Skipped)) {
		fmt.Fprintf(os.Stderr, "left out: %d, %s\n", m.Skipped[reason], reason)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows, %d train, %d val, %d test\n", f.output, m.Total(), m.Rows["train"], m.Rows["val"], m.Rows["test"])
	return nil
}

func newDatasetExport() *cobra.Command {
	o, splits, dialect, mode, output := exchange.ExportOptions{}, []string{}, "qwen2.5-vl", string(reasoning.TwoStage), ""
	c := &cobra.Command{
		Use:   "export [DIR]",
		Short: "Write a data set for an outside trainer",
		Long: `Write a data set for an outside trainer:

  verl     SPLIT.parquet for verl's RLHFDataset: data_source, prompt, images, ability, reward_model, extra_info. ground_truth is JSON with
           gt_boxes and gt_mask: add stage and completion, and it is a line of 'precinct score reward' and of /v1/environment/reward.
  trl      SPLIT.parquet for TRL: messages and images (SFTTrainer), prompt and images (GRPOTrainer), and gt_boxes and gt_mask by name for
           reward functions.
  qwen-vl  SPLIT.json and images/ for Qwen's own qwen-vl-finetune.

The question is the one that the served pipeline asks in its first stage, map first and satellite second; the answer has an empty thought
and the box of each piece of the mask. --mode no-reflection asks for boxes and points in one go, and answers with two points a box.
Pictures get the size that the dialect's models keep (multiples of 28 pixels for qwen2.5-vl), so that boxes and masks are in the frame that
the model answers in; --dialect generic leaves them. Rows that were marked as bad are left out. export.json says what was written.`,
		Example: "  precinct dataset export --format verl build/town -o build/town-verl\n" +
			"  precinct dataset export --format qwen-vl --split train --mode no-reflection build/town -o build/town-sft",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := openSet(args)
			if err != nil {
				return err
			}
			if output == "" {
				return usagef("say with -o which folder to make")
			}
			if !slices.Contains(exchange.Formats, o.Format) {
				return usagef("--format %s: use %s", o.Format, strings.Join(exchange.Formats, ", "))
			}
			if o.Dialect, err = reasoning.ParseDialect(dialect); err != nil {
				return usageError{err}
			}
			o.Splits, o.Mode = splits, reasoning.Mode(mode)
			return exportSet(cmd, set, output, o)
		},
	}
	flags := c.Flags()
	flags.StringVar(&o.Format, "format", "", strings.Join(exchange.Formats, ", "))
	flags.StringVarP(&output, "output", "o", "", "folder to make")
	flags.StringSliceVar(&splits, "split", nil, "which, separated by commas (default: all)")
	flags.StringVar(&dialect, "dialect", dialect, "of the model that is trained: generic, qwen2.5-vl or qwen3-vl")
	flags.StringVar(&mode, "mode", mode, "two-stage asks for boxes, no-reflection for boxes and points")
	return c
}

func exportSet(cmd *cobra.Command, set *dataset.Set, output string, o exchange.ExportOptions) error {
	progress := newProgress(os.Stderr, "rows")
	o.Progress = progress.set
	told, err := exchange.Export(cmd.Context(), set, output, o)
	progress.end()
	if err != nil {
		return err
	}
	for _, reason := range slices.Sorted(maps.Keys(told.Skipped)) {
		fmt.Fprintf(os.Stderr, "left out: %d, %s\n", told.Skipped[reason], reason)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d train, %d val, %d test for %s\n", output, told.Rows["train"], told.Rows["val"], told.Rows["test"], told.Format)
	return nil
}
