package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/reasoning/models"
)

func newSetup() *cobra.Command {
	check := false
	c := &cobra.Command{
		Use:   "setup",
		Short: "Fetch the pinned runtime and models",
		Long: `Fetch ONNX Runtime, MobileSAM, the OCR models and the viewer's map library through npm: pinned versions, integrity
hashes from the lock file, and no install scripts. Files go to $PRECINCT_HOME, by default ~/.local/share/precinct.`,
		Example: "  precinct setup\n  precinct setup --check",
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := models.Home()
			if err != nil {
				return err
			}
			if check {
				return printFindings(cmd.OutOrStdout(), models.Check(home))
			}
			return models.Setup(cmd.Context(), home, func(s string) { fmt.Fprintln(cmd.ErrOrStderr(), s) })
		},
	}
	c.Flags().BoolVar(&check, "check", false, "only say what is there and what is missing; exit 1 when something is")
	return c
}
