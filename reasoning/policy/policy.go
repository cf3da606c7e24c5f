// Package policy is our own small model: a net that looks at the segmenter's embedding round a label that answers a phrase, and says
// where the place's outline lies, token by token. It answers in the protocol of a vision-language model. Package training/net teaches it;
// what it sees and how it is asked is here, once for both.
package policy

import "errors"

// ErrPolicy is a policy that cannot be used. Test with errors.Is.
var ErrPolicy = errors.New("not a usable policy")
