package reasoning

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxPhrase is the longest phrase, in characters.
const MaxPhrase = 200

// CleanPhrase makes a phrase from outside usable: composed (NFC), white space folded, without anything that a prompt
// could take for its own tags. What cannot be used wraps ErrPhrase and says why.
func CleanPhrase(s string) (string, error) {
	refuse := func(format string, args ...any) (string, error) {
		return "", &Error{Op: "read", Subject: "phrase", Err: fmt.Errorf("%w: "+format, append([]any{ErrPhrase}, args...)...),
			Hint: fmt.Sprintf("name what to find in 1 to %d characters, such as school or Banepa Bus Park", MaxPhrase)}
	}
	if len(s) > 16*MaxPhrase {
		return refuse("it is %d bytes long", len(s))
	}
	if !utf8.ValidString(s) {
		return refuse("it is not valid UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == unicode.ReplacementChar {
			return refuse("it holds the control character U+%04X", r)
		}
	}
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	if s == "" {
		return refuse("it is empty")
	}
	if n := utf8.RuneCountInString(s); n > MaxPhrase {
		return refuse("it is %d characters long", n)
	}
	if strings.ContainsAny(s, "<>") {
		return refuse("it holds < or >")
	}
	return s, nil
}
