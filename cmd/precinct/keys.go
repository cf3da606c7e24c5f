package main

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/server"
)

// keyConfig is one entry of keys in the configuration.
type keyConfig struct {
	Name   string   `koanf:"name"`
	Hash   string   `koanf:"hash"`
	Scopes []string `koanf:"scopes"`
	Rate   float64  `koanf:"rate"`
}

func newKeys() *cobra.Command {
	var name string
	var scopes []string
	c := &cobra.Command{
		Use:   "keys",
		Short: "Make an API key and the entry that lets it in",
		Long: `Write a new key, once, and the lines for precinct.yaml that hold its hash. As soon as one key is configured, every request
needs one: Authorization: Bearer KEY, X-API-Key: KEY, or ?key=KEY for programs that can send nothing else.

Scopes: read (tiles, what was found, search), segment (have scenes run), edit (verdicts, corrections), admin (purge).`,
		Example: "  precinct keys --name planners --scope read,segment",
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, s := range scopes {
				if !slices.Contains(server.Scopes, server.Scope(s)) {
					return usagef("--scope %s: use some of %v", s, server.Scopes)
				}
			}
			key := rand.Text() + rand.Text() // 26 characters of base32 each: 260 bits
			fmt.Fprintf(cmd.OutOrStdout(), "key, shown this once: %s\n\nkeys:\n  - {name: %q, hash: %s, scopes: [%s], rate: 0}\n",
				key, name, server.HashKey(key), strings.Join(scopes, ", "))
			return nil
		},
	}
	c.Flags().StringVar(&name, "name", "someone", "who it is for")
	c.Flags().StringSliceVar(&scopes, "scope", []string{"read", "segment"}, "what it allows")
	return c
}

// serverKeys are the configured keys as the server takes them.
func (c *config) serverKeys() ([]server.Key, error) {
	var out []server.Key
	for _, k := range c.Keys {
		key := server.Key{Name: k.Name, Hash: k.Hash, Rate: k.Rate}
		if len(k.Hash) != 64 {
			return nil, fmt.Errorf("configuration: key %q: hash is no SHA-256 in hexadecimal: make one with `precinct keys`", k.Name)
		}
		for _, s := range k.Scopes {
			if !slices.Contains(server.Scopes, server.Scope(s)) {
				return nil, fmt.Errorf("configuration: key %q: scope %q: use some of %v", k.Name, s, server.Scopes)
			}
			key.Scopes = append(key.Scopes, server.Scope(s))
		}
		out = append(out, key)
	}
	return out, nil
}
