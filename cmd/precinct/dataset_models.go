package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/training"
)

// openModels opens the segmenter, and the OCR where labels are to be read.
func (b *groundBuilder) openModels(c config) error {
	c.Pair.Labels = b.flags.labels
	a, err := openShared(c)
	if err != nil {
		return err
	}
	b.app = a
	b.closers = append(b.closers, a.close)
	return a.openWords(nil)
}

// alignment is the IoU of a truth and what the segmenter makes of its boxes.
func (b *groundBuilder) alignment(ctx context.Context, pair *tiles.Pair, truth *geo.Mask) (float64, error) {
	boxed := training.Prompted{Label: "true-box", Segmenter: b.app.segmenter, Prompts: training.TrueBoxes}
	p, err := boxed.Predict(ctx, training.Example{Pair: pair, Truth: truth})
	if err != nil {
		return 0, err
	}
	return p.Mask.IoU(truth), nil
}

// fileVersion is a short hash of a file's content.
func fileVersion(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
