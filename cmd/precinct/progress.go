package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a long work is: a bar on a terminal, a line every few seconds elsewhere.
type progress struct {
	out  *os.File
	what string
	bar  *progressbar.ProgressBar

	mu   sync.Mutex
	last time.Time
}

const plainEvery = 5 * time.Second

func newProgress(out *os.File, what string) *progress {
	p := &progress{out: out, what: what, last: time.Now()}
	if term.IsTerminal(int(out.Fd())) {
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return p
}

// set tells how much is done, of a total that is 0 where nobody knows it.
func (p *progress) set(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		if total > 0 {
			p.bar.ChangeMax(total)
		}
		_ = p.bar.Set(done)
		return
	}
	if time.Since(p.last) < plainEvery && (done != total || total == 0) {
		return
	}
	p.last = time.Now()
	if total == 0 {
		fmt.Fprintf(p.out, "%d %s\n", done, p.what)
	} else {
		fmt.Fprintf(p.out, "%d of %d %s\n", done, total, p.what)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		fmt.Fprintln(p.out)
	}
}
