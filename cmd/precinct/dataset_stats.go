package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/training/dataset/stats"
)

func newDatasetStats() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "stats [DIR]",
		Short: "Draw what a data set holds, as a page or a picture",
		Long: `Draw what a data set holds: how many samples each tier, function, class and region has, the words of its names, some samples with
their masks, how large places are in their pictures, how evenly each class is split, where everything is from, and what was left out
and why. They are the paper's figures 6 and 7, and more.

The name's ending says how it is written: .html is one page that needs nothing else and loads nothing, .png is a picture for a paper. Samples
that were marked as bad (see dataset show) are not counted. A class counts as unevenly split when it has fifty samples or more and
the share of one split is off by more than two points.

Every row is read but its pictures of the ground; memory does not grow with the rows.`,
		Example: "  precinct dataset stats build/town -o town.html\n" +
			"  precinct dataset stats build/town -o town.png",
		RunE: func(cmd *cobra.Command, args []string) error {
			write := stats.WritePage
			switch strings.ToLower(filepath.Ext(output)) {
			case ".png":
				write = stats.WritePicture
			case ".html", ".htm":
			case "":
				return usagef("say with -o which page to write, as stats.html or stats.png")
			default:
				return usagef("-o %s: use a name that ends with .html or .png", output)
			}
			set, err := openSet(args)
			if err != nil {
				return err
			}
			progress := newProgress(os.Stderr, "rows")
			figures, err := stats.Collect(cmd.Context(), set, progress.set)
			progress.end()
			if err != nil {
				return err
			}
			w, done, err := create(cmd.OutOrStdout(), output)
			if err != nil {
				return err
			}
			return done(write(w, set, figures))
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "page or picture to write: a name ending with .html or .png")
	return c
}
