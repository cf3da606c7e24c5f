package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/reasoning/onnx"
	"github.com/precinct-map/precinct/reasoning/openai"
	"github.com/precinct-map/precinct/reasoning/sam"
)

var errUnhealthy = errors.New("the default set-up cannot run")

func newDoctor(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what is installed, what is missing and how to get it",
		Long:  "Check the runtime, the models, the devices and the configuration. Exit 1 when the default set-up cannot run.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := models.Home()
			if err != nil {
				return err
			}
			findings := models.Check(home)
			findings = append(findings, g.checkConfig(), checkNPM(), checkTraining(home))
			findings = append(findings, checkSegmenter(home)...)
			findings = append(findings, g.checkVLM(cmd.Context())...)
			return printFindings(cmd.OutOrStdout(), findings)
		},
	}
}

func checkNPM() models.Finding {
	path, err := exec.LookPath("npm")
	if err != nil {
		// Only set-up needs it.
		return models.Finding{What: "npm", OK: true, Detail: "not found; `precinct setup` needs it to fetch models"}
	}
	return models.Finding{What: "npm", OK: true, Detail: path}
}

// checkTraining never fails: only who trains needs the plugin.
func checkTraining(home string) models.Finding {
	f := models.CheckTraining(home)
	if !f.OK {
		f.OK, f.Detail = true, "only training needs it: "+f.Detail
	}
	return f
}

func (g *global) checkConfig() models.Finding {
	c, err := g.load()
	if err != nil {
		return models.Finding{What: "configuration", Detail: err.Error(), Fix: "mend the file; docs/configuration.md lists the keys"}
	}
	return models.Finding{What: "configuration", OK: true, Detail: c.describe()}
}

// checkSegmenter opens the models on the device that auto picks, and says which devices there are.
func checkSegmenter(home string) []models.Finding {
	files, err := models.Locate(home)
	if err != nil {
		return []models.Finding{{What: "segmenter", Detail: err.Error(), Fix: "run `precinct setup`"}}
	}
	version, err := onnx.StartRuntime(files.Runtime)
	if err != nil {
		return []models.Finding{{What: "ONNX Runtime", Detail: err.Error(), Fix: "run `precinct setup`, or check " + models.RuntimeVariable}}
	}
	seg, err := sam.Open(sam.Options{Runtime: files.Runtime, Encoder: files.SAMEncoder, Decoder: files.SAMDecoder, Name: "mobilesam"})
	if err != nil {
		return []models.Finding{{What: "segmenter", Detail: err.Error(), Fix: "run `precinct setup`"}}
	}
	defer seg.Close()
	out := []models.Finding{{What: "segmenter", OK: true, Detail: fmt.Sprintf("%s, ONNX Runtime %s", seg.Name(), version)}}
	for _, d := range onnx.Devices[1:] {
		f := models.Finding{What: "device " + d, OK: true, Detail: "usable"}
		if err := onnx.ProbeDevice(d); err != nil {
			f.Detail = "not usable here: " + firstLine(err.Error())
		}
		if d == seg.Device() {
			f.Detail += ", in use"
		}
		out = append(out, f)
	}
	return out
}

// checkVLM asks a configured model; the reader needs no asking.
func (g *global) checkVLM(ctx context.Context) []models.Finding {
	c, err := g.load()
	if err != nil || c.VLM.Kind == "reader" {
		return nil
	}
	f := models.Finding{What: "vlm " + c.VLM.Model, Fix: "is the server at vlm.url up, and does it serve vlm.model?"}
	dialect, err := reasoning.ParseDialect(c.VLM.Dialect)
	if err != nil {
		return nil // checkConfig told
	}
	client, err := openai.New(openai.Options{URL: c.VLM.URL, Key: c.VLM.Key, Model: c.VLM.Model, Dialect: dialect, Timeout: probeTime, Retries: -1})
	if err != nil {
		f.Detail = err.Error()
		return []models.Finding{f}
	}
	seen, err := client.Probe(ctx)
	if err != nil {
		f.Detail = firstLine(err.Error())
		return []models.Finding{f}
	}
	f.OK, f.Detail = true, fmt.Sprintf("answers; sees a scene's picture at %d px with %d tokens", seen.Kept, seen.Tokens)
	return []models.Finding{f}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func printFindings(w io.Writer, findings []models.Finding) error {
	healthy := true
	for _, f := range findings {
		mark := "ok  "
		if !f.OK {
			mark, healthy = "FAIL", false
		}
		fmt.Fprintf(w, "%s  %-22s %s\n", mark, f.What, f.Detail)
		if !f.OK && f.Fix != "" {
			fmt.Fprintf(w, "      %-22s → %s\n", "", f.Fix)
		}
	}
	if !healthy {
		return errUnhealthy
	}
	return nil
}
