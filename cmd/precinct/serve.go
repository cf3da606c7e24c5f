package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/tiles/sources"
	"github.com/precinct-map/precinct/tiles/town"
)

func newServe(g *global) *cobra.Command {
	var addr, memory, data string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the configured sources, and outlines of any phrase over them",
		Long: `Serve source layers as tiles (/tiles), outlines of any phrase as vector tiles, pictures and GeoJSON (/aoi), and a viewer (/).
A changed configuration is taken over without dropping a request, at once or at SIGHUP; one that cannot be used changes nothing. Sources
are named in the configuration only; docs/configuration.md has the keys, docs/sources.md entries to paste.`,
		Example: "  precinct serve --config precinct.yaml --addr 0.0.0.0:8080",
		RunE: func(cmd *cobra.Command, _ []string) error {
			load := func() (config, error) {
				conf, err := g.load()
				override(&conf, addr, memory)
				conf.Data = cmp.Or(data, conf.Data)
				return conf, err
			}
			conf, err := load()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), conf, load)
		},
	}
	serveFlags(c, &addr, &memory, &data)
	return c
}

func newDemo(g *global) *cobra.Command {
	var addr, memory, data, lang string
	var fonts []string
	var seed uint64
	c := &cobra.Command{
		Use:     "demo",
		Short:   "Serve a made-up town: no configuration, no network",
		Long:    "Serve the viewer and all endpoints over a generated town. Open the address that it prints and search for a school.",
		Example: "  precinct setup\n  precinct demo --addr 127.0.0.1:8080",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf := defaults()
			override(&conf, addr, memory)
			conf.Environment, conf.Log.Access = true, string(server.AccessOff)
			conf.Sources = []sources.Config{
				{Name: "satellite", Kind: "town", Layer: "satellite", Look: town.Easy, Seed: seed, Lang: lang},
				{Name: "map", Kind: "town", Layer: "map", Style: "basic", Look: town.Easy, Seed: seed, Lang: lang, Fonts: fonts},
			}
			conf.Pair.Satellite, conf.Pair.Map = "satellite", "map"
			// What is found in a made-up town is of no use to its next visitor.
			if conf.Data = data; data == "" {
				dir, err := os.MkdirTemp("", "precinct-demo-")
				if err != nil {
					return err
				}
				defer os.RemoveAll(dir)
				conf.Data = dir
			}
			return serve(cmd.Context(), conf, nil)
		},
	}
	serveFlags(c, &addr, &memory, &data)
	c.Flags().Uint64Var(&seed, "seed", 1, "which town")
	c.Flags().StringVar(&lang, "lang", "en", "language of its names: en or zh")
	c.Flags().StringSliceVar(&fonts, "font", nil, "font file for what the built-in font cannot write (default for zh: an installed one)")
	return c
}

func serveFlags(c *cobra.Command, addr, memory, data *string) {
	c.Flags().StringVar(data, "data", "", "folder of what is found, jobs and the index of places (default: beside the models; demo: a temporary one)")
	c.Flags().StringVar(addr, "addr", "", "address to listen on (default 127.0.0.1:8080)")
	c.Flags().StringVar(memory, "memory", "", "memory for tiles, pairs, embeddings and results together (default 1GiB)")
}

func override(c *config, addr, memory string) {
	if addr != "" {
		c.Addr = addr
	}
	if memory != "" {
		c.Memory = memory
	}
}

// serve runs until the context ends, then finishes what is in flight. load reads the configuration anew; nil where there is none to read.
func serve(ctx context.Context, c config, load func() (config, error)) error {
	// The address first: a taken port should not cost the time to open models.
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; give another address with --addr", c.Addr, err)
	}
	defer listener.Close()
	var draining atomic.Bool
	l, err := startLive(ctx, c, listener.Addr(), func() []string {
		if draining.Load() {
			return []string{"the server is shutting down"}
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer l.close()
	if load != nil {
		watching, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		group.Go(func() { l.watch(watching, load) })
		defer group.Wait()
		defer stop()
	}
	s := c.Limits.listening(l)
	s.RegisterOnShutdown(l.endStreams)
	fmt.Printf("Precinct is at http://%s/\n", listener.Addr())
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(server.Join(listener)) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	draining.Store(true)
	slog.Info("shutting down", "notice", c.Limits.Notice, "drain", c.Limits.Drain)
	time.Sleep(c.Limits.Notice) // /readyz is red meanwhile, so that others stop sending
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Limits.Drain)
	defer cancel()
	if err := s.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ctx.Err()
}

// isLoopback says whether only this machine can reach an address.
func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
