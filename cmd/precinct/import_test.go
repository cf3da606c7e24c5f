package main

import (
	"slices"
	"strings"
	"testing"
)

func TestPercents(t *testing.T) {
	var got []int
	percents(strings.NewReader("Input file size is 512, 512\n0...10...20...100 - done.\n"), func(n int) { got = append(got, n) })
	if !slices.Equal(got, []int{0, 10, 20, 100}) {
		t.Error(got)
	}
}
