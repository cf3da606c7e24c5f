package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/jobs"
)

func newJobs(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "jobs",
		Short: "Look at whole areas in the background: start, list, show, cancel, retry",
		Long: `A job looks at every scene of an area for a phrase and keeps what it finds; "precinct export" takes it away. Jobs survive
restarts: they are worked off by "precinct serve" and "precinct worker", whichever run with the same data folder.`,
	}
	c.PersistentFlags().String("data", "", "folder of jobs and of what is found")
	c.PersistentFlags().Bool("json", false, "write JSON")
	c.AddCommand(newJobsStart(g), newJobsList(g),
		jobCommand(g, "show", "Tell how far a job is, and what failed", (*jobs.Queue).Show),
		jobCommand(g, "cancel", "Give up what a job still waits for", (*jobs.Queue).Cancel),
		jobCommand(g, "retry", "Do again what failed or was cancelled", (*jobs.Queue).Retry))
	return c
}

// queueOf opens the jobs of a command, without workers.
func queueOf(cmd *cobra.Command, g *global) (*jobs.Queue, config, error) {
	conf, err := g.load()
	if err != nil {
		return nil, conf, err
	}
	if dir, _ := cmd.Flags().GetString("data"); dir != "" {
		conf.Data = dir
	}
	q, err := openJobs(cmd.Context(), conf, 0, nil)
	return q, conf, err
}

func newJobsStart(g *global) *cobra.Command {
	var query, bbox, place, area, mode string
	var wait bool
	c := &cobra.Command{
		Use:   "start",
		Short: "Start a job",
		Example: `  precinct jobs start --query school --bbox 85.50,27.62,85.54,27.64
  precinct jobs start --query hospital --place Banepa --wait && precinct export --query hospital -o hospitals.gpkg`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			phrase, err := reasoning.CleanPhrase(query)
			if err != nil {
				return usagef("--query: %v", err)
			}
			f := segmentFlags{bbox: bbox, place: place, area: area}
			if err := f.checkArea(); err != nil {
				return err
			}
			q, conf, err := queueOf(cmd, g)
			if err != nil {
				return err
			}
			defer q.Close()
			if mode == "" {
				mode = conf.Mode
			}
			if _, err := parseMode(mode); err != nil {
				return usagef("--mode: %v", err)
			}
			w, err := f.window(cmd.Context(), conf)
			if err != nil {
				return err
			}
			b := w.Bound()
			run, err := q.Start(cmd.Context(), jobs.Spec{Phrase: phrase, Mode: mode, Bound: [4]float64{b.Min[0], b.Min[1], geo.WrapLongitude(b.Max[0]), b.Max[1]}, By: os.Getenv("USER")})
			if err != nil {
				return err
			}
			if wait {
				slog.Info("started", "job", run.ID, "scenes", reasoning.CountScenes(b, conf.Pair.Zoom))
				return follow(cmd.Context(), q, run.ID)
			}
			return writeRuns(cmd, []jobs.Run{run})
		},
	}
	flags := c.Flags()
	flags.StringVarP(&query, "query", "q", "", "what to find: a name, a class or a function")
	flags.StringVar(&bbox, "bbox", "", "area as W,S,E,N in degrees")
	flags.StringVar(&place, "place", "", "area of the place that the configured maps know by this name")
	flags.StringVar(&area, "geojson", "", "area of the features in this file")
	flags.StringVar(&mode, "mode", "", "two-stage, no-refinement or no-reflection (default two-stage)")
	flags.BoolVar(&wait, "wait", false, "wait for its end and show its progress; Ctrl-C leaves the job running")
	return c
}

// follow shows a job's progress until it ends.
func follow(ctx context.Context, q *jobs.Queue, id int64) error {
	p := newProgress(os.Stderr, "scenes")
	defer p.end()
	for e, err := range q.Events(ctx, id, 0) {
		if err != nil {
			return err
		}
		if e.Kind == "failed" {
			slog.Warn("scene failed", "scene", reasoning.Scene{Z: e.Scene.Z, Col: e.Scene.Col, Row: e.Scene.Row}.ID(), "reason", e.Reason)
		}
		p.set(e.Done+e.Failed, e.Total)
	}
	run, err := q.Show(ctx, id)
	if err == nil && run.Failed > 0 {
		err = fmt.Errorf("job %d: %d of %d scenes failed: see `precinct jobs show %d`, and `precinct jobs retry %d`", id, run.Failed, run.Total, id, id)
	}
	return err
}

func newJobsList(g *global) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List jobs, the newest first", Example: "  precinct jobs list --limit 100",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, _, err := queueOf(cmd, g)
			if err != nil {
				return err
			}
			defer q.Close()
			runs, err := q.List(cmd.Context(), 0, limit)
			if err != nil {
				return err
			}
			return writeRuns(cmd, runs)
		},
	}
	c.Flags().IntVar(&limit, "limit", 20, "how many")
	return c
}

// jobCommand is a command on one job.
func jobCommand(g *global, name, short string, do func(*jobs.Queue, context.Context, int64) (jobs.Run, error)) *cobra.Command {
	return &cobra.Command{
		Use: name + " [JOB]", Short: short, Example: "  precinct jobs " + name + " 7",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("say which job: precinct jobs %s JOB", name)
			}
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return usagef("job %q: want a number; `precinct jobs list` shows them", args[0])
			}
			q, _, err := queueOf(cmd, g)
			if err != nil {
				return err
			}
			defer q.Close()
			run, err := do(q, cmd.Context(), id)
			if err != nil {
				return err
			}
			if err := writeRuns(cmd, []jobs.Run{run}); err != nil || name != "show" {
				return err
			}
			failures, err := q.Failures(cmd.Context(), id, 100)
			for _, f := range failures {
				fmt.Fprintf(cmd.OutOrStdout(), "scene %s: %s\n", reasoning.Scene{Z: f.Scene.Z, Col: f.Scene.Col, Row: f.Scene.Row}.ID(), f.Reason)
			}
			return err
		},
	}
}

func writeRuns(cmd *cobra.Command, runs []jobs.Run) error {
	out := cmd.OutOrStdout()
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		e := json.NewEncoder(out)
		for _, r := range runs {
			if err := e.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	return table(out, runs)
}

func table(out io.Writer, runs []jobs.Run) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "JOB\tSTATE\tDONE\tFAILED\tOF\tUPDATED\tQUERY\tAREA")
	for _, r := range runs {
		total := strconv.Itoa(r.Total)
		if !r.Counted {
			total += "…"
		}
		fmt.Fprintf(t, "%d\t%s\t%d\t%d\t%s\t%s\t%s\t%.4f,%.4f,%.4f,%.4f\n", r.ID, r.State, r.Done, r.Failed, total, r.Updated.Local().Format(time.DateTime),
			r.Spec.Phrase, r.Spec.Bound[0], r.Spec.Bound[1], r.Spec.Bound[2], r.Spec.Bound[3])
	}
	return t.Flush()
}

func newWorker(g *global) *cobra.Command {
	var data, memory string
	c := &cobra.Command{
		Use:   "worker",
		Short: "Work off jobs without serving",
		Long: `Take scenes of jobs from the data folder and keep what they hold, until it is told to stop; what is in hand then goes back to
the queue. Several workers and servers may share a folder on one machine.`,
		Example: "  precinct worker --config precinct.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := g.load()
			if err != nil {
				return err
			}
			override(&conf, "", memory)
			if data != "" {
				conf.Data = data
			}
			l, err := startLive(cmd.Context(), conf, nil, nil)
			if err != nil {
				return err
			}
			defer l.close()
			slog.Info("waiting for jobs", "workers", conf.Workers)
			<-cmd.Context().Done()
			return cmd.Context().Err()
		},
	}
	c.Flags().StringVar(&data, "data", "", "folder of jobs and of what is found")
	c.Flags().StringVar(&memory, "memory", "", "memory for tiles, pairs, embeddings and results together (default 1GiB)")
	return c
}
