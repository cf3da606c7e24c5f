package main

import (
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// global holds the flags that every command has.
type global struct {
	configFile string
	logLevel   string
	logFormat  string
}

func newRoot() *cobra.Command {
	g := &global{}
	root := &cobra.Command{
		Use:   "precinct",
		Short: "A tile server that finds places by meaning",
		Long: `Precinct turns a satellite tile and a map tile of the same ground into the outlines of places that people have
names for: a school, a hospital, "Banepa Bus Park".

Start with "precinct setup" and "precinct demo", then open the address that it prints.`,
		Version:      version(),
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return g.log() },
	}
	f := root.PersistentFlags()
	f.StringVar(&g.configFile, "config", "", "configuration file (default precinct.yaml, when it is there); every key also as PRECINCT_…")
	f.StringVar(&g.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&g.logFormat, "log-format", "text", "text or json")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%v\nSee %q.", err, cmd.CommandPath()+" --help")
	})
	root.AddCommand(newDemo(g), newServe(g), newSegment(g), newJobs(g), newWorker(g), newExport(g), newCache(g), newImport(), newKeys(), newSetup(), newDoctor(g), newScore(), newEval(g), newDataset(g), newTrain(g))
	for _, c := range root.Commands() {
		strictArgs(c)
	}
	return root
}

// version is the module's, and the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	return v
}

// strictArgs makes stray words wrong usage rather than a failure, for a command and those below it.
func strictArgs(c *cobra.Command) {
	most := strings.Count(c.Use, "[") // arguments that the usage line names
	c.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > most {
			return usagef("%s: %q is one word too many\nSee %q.", cmd.CommandPath(), args[most], cmd.CommandPath()+" --help")
		}
		return nil
	}
	if c.HasSubCommands() {
		c.RunE = func(cmd *cobra.Command, _ []string) error {
			return usagef("%s: say which: see %q", cmd.CommandPath(), cmd.CommandPath()+" --help")
		}
	}
	for _, sub := range c.Commands() {
		strictArgs(sub)
	}
}

// log sets up the one logger: everything but results goes to standard error.
func (g *global) log() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(g.logLevel)); err != nil {
		return usagef("--log-level %s: want debug, info, warn or error", g.logLevel)
	}
	o := &slog.HandlerOptions{Level: level}
	switch strings.ToLower(g.logFormat) {
	case "text":
		slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, o)))
	case "json":
		slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, o)))
	default:
		return usagef("--log-format %s: want text or json", g.logFormat)
	}
	return nil
}
