package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/training"
)

func newScore() *cobra.Command {
	c := &cobra.Command{
		Use:   "score",
		Short: "Score completions and masks: JSON Lines in, JSON Lines out",
	}
	var input, output string
	c.PersistentFlags().StringVarP(&input, "input", "i", "-", "file to read, - for standard input")
	c.PersistentFlags().StringVarP(&output, "output", "o", "-", "file to write, - for standard output")
	c.AddCommand(newScoreReward(&input, &output), newScoreMetrics(&input, &output))
	return c
}

func newScoreReward(input, output *string) *cobra.Command {
	definition, stage := "paper", 0
	c := &cobra.Command{
		Use:   "reward [FILE]",
		Short: "Rewards of completions, as the paper or its reference code has them",
		Long: `Read one object a line:
  {"id","stage":1|2,"completion","gt_boxes":[[x1,y1,x2,y2],…],"stage1_boxes":[…],"gt_mask":MASK,"pred_mask":MASK}
and write {"id","format","accuracy","length","total"}. MASK is the path of a PNG (non-zero is inside) or run lengths
{"size":[h,w],"counts":[…],"order":"C"|"F"}. A line that cannot be read gives {"id","error"} and costs no other line;
the exit status is 1 then.`,
		Example: "  precinct score reward --definition paper < completions.jsonl > rewards.jsonl",
		RunE: func(cmd *cobra.Command, files []string) error {
			d, err := training.ParseDefinition(definition)
			if err != nil {
				return usageError{err}
			}
			if stage < 0 || stage > 2 {
				return usagef("--stage %d: want 1 or 2, or leave it out to take each line's own", stage)
			}
			return filter(cmd, append(files, *input)[0], *output, func(in io.Reader, out io.Writer) error {
				return training.RunRewards(cmd.Context(), in, out, d, stage)
			})
		},
	}
	c.Flags().StringVar(&definition, "definition", definition, "paper or reference")
	c.Flags().IntVar(&stage, "stage", 0, "score every line as this stage, 1 or 2; 0 takes each line's own")
	return c
}

func newScoreMetrics(input, output *string) *cobra.Command {
	return &cobra.Command{
		Use:   "metrics [FILE]",
		Short: "cIoU, gIoU and F1 of predicted masks",
		Long: `Read {"id","pairs":[{"gt":MASK,"pred":MASK},…]} a line and write
{"id","n","cIoU","gIoU","iou":[…],"f1_image","f1_inst","f1_inst_macro"}.`,
		Example: "  precinct score metrics < pairs.jsonl",
		RunE: func(cmd *cobra.Command, files []string) error {
			return filter(cmd, append(files, *input)[0], *output, func(in io.Reader, out io.Writer) error {
				return training.RunMetrics(cmd.Context(), in, out)
			})
		},
	}
}

// filter opens a command's input and output.
func filter(cmd *cobra.Command, input, output string, work func(io.Reader, io.Writer) error) error {
	in := cmd.InOrStdin()
	if input != "-" {
		f, err := os.Open(input)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	out, done, err := create(cmd.OutOrStdout(), output)
	if err != nil {
		return err
	}
	return done(work(in, out))
}
