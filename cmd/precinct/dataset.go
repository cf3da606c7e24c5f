package main

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/training/dataset"
)

func newDataset(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "dataset",
		Short: "Build, look at and check data sets for training, in SocioSeg's layout",
		Long: `A data set is a folder of samples: a map, a satellite picture, a phrase, and the mask of what the phrase means there, for
names, classes and functions of places, in the splits train, val and test that share no ground.`,
	}
	c.AddCommand(newDatasetBuild(g), newDatasetImport(), newDatasetExport(), newDatasetVerify(), newDatasetEmbed(g), newDatasetStats(), newDatasetShow())
	return c
}

// buildFlags are dataset build's.
type buildFlags struct {
	on         []string
	leaveOut   []string
	satellite  string
	plan       string
	outlines   string
	nameColumn string
	classes    string
	bbox       string
	place      string
	area       string
	query      string
	data       string
	zoom       []string
	samples    int
	seed       uint64
	style      string
	look       string
	labels     string
	format     string
	output     string
	tiers      []string
	ratio      string
	size       int
	jpeg       int
	shard      int
	workers    int
	credits    []string
	licences   []string
	filters    dataset.Filters
	embeddings bool
}

func newDatasetBuild(g *global) *cobra.Command {
	f := &buildFlags{filters: dataset.DefaultFilters}
	c := &cobra.Command{
		Use:   "build",
		Short: "Make a data set of any region",
		Long: `Make a data set from two layers of pictures and the outlines of places.

The ground is one or more of --on: town (made-up towns; --samples says how much), drawn:FILE[+FILE…] (real streets of map extracts,
painted), or a folder with labelled/ (tiles), map.geojson and truth.geojson, or one of such folders. Or it is your own: --satellite and --map
name a configured source or are KIND:PATH-OR-URL as in segment (default: the configuration's pair), and --outlines is a file (GeoJSON,
GeoPackage, GeoParquet), "map" for the places that the map's own data outline, "store" for what was found and not judged wrong, or
"feedback" for what people corrected or called right. Rows of a file that are no use are told and left out. Pictures are copied: a source
with may_derive: false or may_cache: false is refused.

The same command over the same sources gives the same bytes. Cut off at any moment, it goes on where it stopped when it is given again.`,
		Example: "  precinct dataset build --on town --samples 3000 --seed 1 -o build/town\n" +
			"  precinct dataset build --on drawn:sf.osm.pbf+honolulu.mbtiles --samples 600 -o build/streets\n" +
			"  precinct dataset build --satellite mbtiles:photo.mbtiles --map osm:city.osm.pbf --outlines schools.gpkg --zoom 19 -o build/schools\n" +
			"  precinct dataset build --outlines feedback --query school -o build/corrected",
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, g) },
	}
	flags := c.Flags()
	flags.StringArrayVar(&f.on, "on", nil, "ground: town, drawn:FILE[+FILE…], or a folder; may be given more than once")
	flags.StringSliceVar(&f.leaveOut, "leave-out", nil, "grounds, by name, of which everything goes into test")
	flags.StringVar(&f.satellite, "satellite", "", "source of satellite pictures (default pair.satellite)")
	flags.StringVar(&f.plan, "map", "", "source of map pictures (default pair.map)")
	flags.StringVar(&f.outlines, "outlines", "", "file of outlines, or map, store, feedback")
	flags.StringVar(&f.nameColumn, "name-column", "name", "column of a file of outlines that holds names")
	flags.StringVar(&f.classes, "class-column", "class", "column that holds classes; without it OSM's tags tell the class")
	flags.StringVar(&f.bbox, "bbox", "", "area as W,S,E,N in degrees; all that the outlines cover when left out")
	flags.StringVar(&f.place, "place", "", "area around the place that the map knows by this name")
	flags.StringVar(&f.area, "geojson", "", "area of the features in this file")
	flags.StringVarP(&f.query, "query", "q", "", "with --outlines store and feedback: of this phrase only")
	flags.StringVar(&f.data, "data", "", "folder of what was found, for --outlines store and feedback")
	flags.StringSliceVar(&f.zoom, "zoom", nil, "zoom of the pictures, counted in 256 px tiles, as [GROUND=]Z (default 17; of a folder native, the finest that its pictures have detail for; or next, one finer)")
	flags.IntVar(&f.samples, "samples", 0, "at most; 0 for all that there are (towns have no end: 1000)")
	flags.Uint64Var(&f.seed, "seed", 1, "of the first town, of what is left to chance, and of the splits")
	flags.StringVar(&f.style, "style", "basic", "of drawn maps: basic or basic-b. The same samples in another style are a test of the shift")
	flags.StringVar(&f.look, "look", town.Hard, "of towns and painted streets: hard, or easy as they were at first")
	flags.StringVar(&f.labels, "labels", "map", "map takes the map's labels as they are, ocr reads them from its pictures")
	flags.StringVar(&f.format, "format", "parquet", "parquet, or folder for PNG files and an index")
	flags.StringVarP(&f.output, "output", "o", "", "folder to make or to go on with")
	flags.StringSliceVar(&f.tiers, "tier", []string{"name", "class", "function"}, "which, separated by commas")
	flags.StringVar(&f.ratio, "split", "6:1:3", "train, val and test")
	flags.IntVar(&f.size, "size", 768, "pixels a side of the pictures")
	flags.IntVar(&f.jpeg, "jpeg", 0, "quality of the satellite pictures as JPEG; 0 writes PNG")
	flags.IntVar(&f.shard, "shard-rows", 256, "rows a file, and what a cut-off build loses at most")
	flags.IntVar(&f.workers, "workers", 0, "pictures at once (default one a core)")
	flags.StringArrayVar(&f.credits, "attribution", nil, "of satellite pictures, as [GROUND=]TEXT")
	flags.StringArrayVar(&f.licences, "licence", nil, "of the data set's grounds, as [GROUND=]TEXT, several joined by ;")
	flags.IntVar(&f.filters.MinPixels, "min-pixels", f.filters.MinPixels, "least area of a place")
	flags.Float64Var(&f.filters.MaxShare, "max-share", f.filters.MaxShare, "most of its picture that a place may cover")
	flags.Float64Var(&f.filters.MinVisible, "min-visible", f.filters.MinVisible, "least share of a place that its picture shows")
	flags.Float64Var(&f.filters.MaxHole, "max-hole", f.filters.MaxHole, "most of a picture that a layer may leave blank")
	flags.IntVar(&f.filters.MaxPerClass, "max-per-class", 0, "most names of one class that a picture is asked for; 0 for any number")
	flags.Float64Var(&f.filters.MinAlignment, "min-alignment", 0, "least IoU of an outline and the segmenter's in its box; 0 does not ask")
	flags.BoolVar(&f.filters.Ambiguous, "ambiguous", false, "keep what labels and outlines disagree on, and names that stand twice")
	flags.BoolVar(&f.embeddings, "embeddings", false, "keep the segmenter's embeddings beside the data set: training and evaluation need them")
	return c
}

// spec checks the flags and is the order.
func (f *buildFlags) spec() (dataset.Spec, error) {
	s := dataset.Spec{Size: f.size, Samples: f.samples, Seed: f.seed, Filters: f.filters, ShardRows: f.shard, JPEG: f.jpeg, Folder: f.format == "folder"}
	own := f.satellite != "" || f.plan != "" || f.outlines != ""
	switch {
	case f.output == "":
		return s, usagef("say with -o which folder to make")
	case own == (len(f.on) > 0):
		return s, usagef("say --on town, drawn:FILE or a folder, or else --outlines, with --satellite and --map")
	case own && f.outlines == "":
		return s, usagef("say with --outlines where the places' outlines are")
	case f.query != "" && f.outlines != "store" && f.outlines != "feedback":
		return s, usagef("--query goes with --outlines store or feedback")
	case f.format != "parquet" && f.format != "folder":
		return s, usagef("--format %s: use parquet or folder", f.format)
	case f.labels != "map" && f.labels != "ocr":
		return s, usagef("--labels %s: use map or ocr", f.labels)
	}
	if slices.Contains(f.on, "town") && s.Samples == 0 {
		s.Samples = 1000
	}
	for _, t := range f.tiers {
		s.Tiers = append(s.Tiers, "socio_"+strings.TrimPrefix(t, "socio_"))
	}
	var err error
	s.Ratio, err = parseRatio(f.ratio)
	return s, err
}

// parseRatio reads the shares of train, val and test.
func parseRatio(text string) (r dataset.Ratio, err error) {
	parts := strings.Split(text, ":")
	for i := range min(len(parts), len(r)) {
		v, err := strconv.ParseFloat(parts[i], 64)
		if err != nil || len(parts) != len(r) || !(v >= 0) {
			return r, usagef("--split %s: want three numbers as 6:1:3", text)
		}
		r[i] = v
	}
	if len(parts) < len(r) {
		return r, usagef("--split %s: want three numbers as 6:1:3", text)
	}
	return r, nil
}

func (f *buildFlags) run(cmd *cobra.Command, g *global) error {
	spec, err := f.spec()
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	b := &groundBuilder{flags: f, spec: spec}
	defer b.close()
	grounds, err := b.grounds(ctx, g)
	if err != nil {
		return err
	}
	if err := leaveOut(grounds, f.leaveOut); err != nil {
		return err
	}
	start := time.Now()
	planning, building := newProgress(os.Stderr, "samples planned"), newProgress(os.Stderr, "samples")
	m, err := dataset.Build(ctx, f.output, spec, grounds, dataset.Options{Workers: f.workers, Progress: building.set, Alignment: b.alignment,
		Planning: planning.set,
		Planned: func(samples int, left []string) {
			planning.end()
			slog.Info("planned", "samples", samples, "files to make", len(left), "seconds", time.Since(start).Round(time.Second/10).Seconds())
		}})
	building.end()
	if err != nil {
		return err
	}
	tellSkipped(m)
	if f.embeddings {
		if err := embed(cmd, g, f.output, 0); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d samples, %d train, %d val, %d test, of %d grounds\n", f.output, m.Total(), m.Rows["train"], m.Rows["val"], m.Rows["test"], len(m.Grounds))
	return nil
}

// leaveOut marks the grounds that are for the test alone.
func leaveOut(grounds []*dataset.Ground, names []string) error {
	for _, name := range names {
		i := slices.IndexFunc(grounds, func(g *dataset.Ground) bool { return g.Name == name })
		if i < 0 {
			var all []string
			for _, g := range grounds {
				all = append(all, g.Name)
			}
			return usagef("--leave-out %s: the grounds are %s", name, strings.Join(all, ", "))
		}
		grounds[i].LeftOut = true
	}
	return nil
}

func newDatasetVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check that a data set is as it was made",
		Long: `Check every file's hash, that every row decodes, that masks fit their pictures, that ids are given once, and that samples of
different splits share no ground. Exit 1 when something is wrong.`,
		Example: "  precinct dataset verify build/town",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := openSet(args)
			if err != nil {
				return err
			}
			progress := newProgress(os.Stderr, "rows")
			v, err := set.Verify(cmd.Context(), progress.set)
			progress.end()
			if err != nil {
				return err
			}
			return tellVerified(cmd, set, v)
		},
	}
}

func openSet(args []string) (*dataset.Set, error) {
	if len(args) == 0 {
		return nil, usagef("say which data set's folder")
	}
	return dataset.Open(args[0])
}

func tellVerified(cmd *cobra.Command, set *dataset.Set, v *dataset.Verified) error {
	for _, p := range v.Problems {
		fmt.Fprintln(cmd.OutOrStdout(), p)
	}
	if n := len(v.Problems) + v.More; n > 0 {
		return fmt.Errorf("%s: %d things are wrong, in %d rows and %d files", set.Dir, n, v.Rows, len(set.Files))
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows and %d files are as they were made; the splits share no ground\n", set.Dir, v.Rows, len(set.Files))
	return nil
}

func newDatasetEmbed(g *global) *cobra.Command {
	looks := 0
	c := &cobra.Command{
		Use:   "embed [DIR]",
		Short: "Keep the segmenter's embeddings beside a data set",
		Long: `Encode every satellite picture of a data set once, and keep what the segmenter made of it, at half precision, in DIR/embeddings:
training and evaluation need it, and encoding is most of what they would cost. Cut off, it goes on with what is left.

With --looks each picture is encoded again as another sensor might have seen it, changed in colour, sharpness and grain: what is
learned from several looks holds better on imagery that nobody has learned from.`,
		Example: "  precinct dataset embed build/town --looks 1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("say which data set's folder")
			}
			return embed(cmd, g, args[0], looks)
		},
	}
	c.Flags().IntVar(&looks, "looks", 0, "other looks of each picture to encode too")
	return c
}

func embed(cmd *cobra.Command, g *global, dir string, looks int) error {
	if looks < 0 || looks > 20 {
		return usagef("--looks %d: 0 to 20", looks)
	}
	set, err := dataset.Open(dir)
	if err != nil {
		return err
	}
	conf, err := g.load()
	if err != nil {
		return err
	}
	a, err := openShared(conf)
	if err != nil {
		return err
	}
	defer a.close()
	progress := newProgress(os.Stderr, "rows")
	start := time.Now()
	made, err := set.Embed(cmd.Context(), a.segmenter, looks, progress.set)
	progress.end()
	if err != nil {
		return err
	}
	each := func(v float64) float64 { return v / float64(max(1, made.Made)) }
	fmt.Fprintf(cmd.OutOrStdout(), "%s: embeddings of %d pictures, %d of them made, %.1f MB and %.2f s each\n", dir, made.Pictures, made.Made,
		each(float64(made.Bytes)/1e6), each(time.Since(start).Seconds()))
	return nil
}
