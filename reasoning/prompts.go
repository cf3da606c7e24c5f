package reasoning

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
)

//go:embed prompts/localize.txt
var localizeText string

//go:embed prompts/refine.txt
var refineText string

//go:embed prompts/single.txt
var singleText string

// PromptText is what a stage asks. answer1 is stage 1's answer as it came, "" when it had none; only stage 2 shows it.
func PromptText(stage Stage, phrase, answer1 string) string {
	text := localizeText
	switch stage {
	case Refine:
		text = refineText
	case Single:
		text = singleText
	}
	// One pass, so that a phrase that holds a placeholder is not filled in again.
	return strings.TrimSuffix(strings.NewReplacer("{phrase}", phrase, "{stage1}", answer1).Replace(text), "\n")
}

// PromptVersion names the templates; results that depend on them are kept under it.
var PromptVersion = sync.OnceValue(func() string {
	return strconv.FormatUint(xxhash.Sum64String(localizeText+refineText+singleText)&0xffffffff, 36)
})
