package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/paulmach/orb"
	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/geo/formats/export"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/server/store"
)

func newExport(g *global) *cobra.Command {
	var query, bbox, format, output, data string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write what was found for a phrase to a file: GeoPackage, GeoParquet, PMTiles, …",
		Long: `Write what the store holds for a phrase, found by "precinct serve" and "precinct jobs", in bounded memory. Nothing is looked
at anew. The format follows the file's ending: .geojson, .geojsonl, .geojsons, .gpkg, .kml, .parquet, .pmtiles, and whatever GDAL's
ogr2ogr writes when it is installed, as .fgb or .shp.zip. docs/formats.md tells what each carries.`,
		Example: `  precinct export --query school -o schools.gpkg
  precinct export --query school --bbox 85.50,27.62,85.54,27.64 -o schools.pmtiles`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			phrase, err := reasoning.CleanPhrase(query)
			if err != nil {
				return usagef("--query: %v", err)
			}
			q := store.Query{Phrase: phrase}
			if q.Bound, err = bboxFlag(bbox); err != nil {
				return err
			}
			f, err := exportFormat(format, output)
			if err != nil {
				return usagef("%v", err)
			}
			conf, err := g.load()
			if err != nil {
				return err
			}
			if data != "" {
				conf.Data = data
			}
			return runExport(cmd, conf, q, f, output)
		},
	}
	flags := c.Flags()
	flags.StringVarP(&query, "query", "q", "", "the phrase")
	flags.StringVar(&bbox, "bbox", "", "area as W,S,E,N in degrees; everywhere when left out")
	flags.StringVar(&format, "format", "", "format, where the file's ending does not tell it")
	flags.StringVarP(&output, "output", "o", "-", "file to write, - for standard output")
	flags.StringVar(&data, "data", "", "folder of what was found")
	return c
}

func bboxFlag(v string) (*orb.Bound, error) {
	if v == "" {
		return nil, nil
	}
	b, err := server.ParseBound(v)
	if err != nil {
		return nil, usagef("--bbox %s: %v", v, err)
	}
	return &b, nil
}

func exportFormat(name, output string) (export.Format, error) {
	switch {
	case name != "":
		return export.ByName(name)
	case output == "-":
		return export.ByName("geojson")
	}
	return export.ByPath(output)
}

func runExport(cmd *cobra.Command, conf config, q store.Query, f export.Format, output string) error {
	ctx := cmd.Context()
	found, err := openStore(ctx, conf)
	if err != nil {
		return err
	}
	defer found.Close()
	credits, err := pairCredits(ctx, conf)
	if err != nil {
		return err
	}
	n, err := server.Export(ctx, found, q, credits, func(m export.Meta) (export.Writer, error) {
		if output == "-" {
			return export.New(ctx, cmd.OutOrStdout(), f, m)
		}
		return export.Create(ctx, output, f, m)
	})
	if err != nil {
		return fmt.Errorf("export %q: %w", q.Phrase, err)
	}
	if n == 0 {
		slog.Warn("nothing is stored for this phrase here: look first, with `precinct jobs start` or the viewer", "query", q.Phrase)
	} else {
		slog.Info("exported", "query", q.Phrase, "features", n, "format", f.Title)
	}
	return nil
}

// pairCredits is whom the configured pair's pictures are from, if what was found on them may be passed on.
func pairCredits(ctx context.Context, conf config) (string, error) {
	a := &app{config: conf}
	defer a.close()
	var err error
	if a.memory, err = newMemory(conf, nil); err != nil {
		return "", err
	}
	a.closers = append(a.closers, a.memory.Close)
	sat, plan, err := a.openSources(ctx)
	if err != nil {
		return "", err
	}
	return server.Credits(sat, plan), server.Derivable(sat, plan)
}
