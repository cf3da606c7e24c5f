//go:build e2e

package export

const manyFeatures = 1_000_000
