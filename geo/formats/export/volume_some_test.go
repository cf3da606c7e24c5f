//go:build !e2e

package export

// manyFeatures is enough for several row groups, sorted runs and batches; the end-to-end tests write more.
const manyFeatures = 150_000
