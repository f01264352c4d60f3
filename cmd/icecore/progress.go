package main

import (
	"fmt"
	"sync"
	"time"

	"icecore/forensics"
	"icecore/forensics/report"
	"icecore/forensics/text"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows on stderr how far an analysis is, if that is a terminal and the
// analysis takes longer than a second.
type progress struct {
	a     *app
	mu    sync.Mutex
	timer *time.Timer
	pool  *mpb.Progress
	bar   *mpb.Bar
	state forensics.Progress
	over  bool
}

func (a *app) newProgress() *progress { return &progress{a: a} }

// show takes note of how far the analysis is.
func (p *progress) show(s forensics.Progress) {
	if p.a.quiet || dumb() || !terminal(p.a.err) {
		return
	}
	p.mu.Lock()
	p.state = s
	if p.timer == nil && !p.over {
		// A phase that tells nothing more for a while is shown, too.
		p.timer = time.AfterFunc(time.Second, p.begin)
	}
	bar := p.bar
	p.mu.Unlock()
	if bar != nil {
		advance(bar, s)
	}
}

// begin puts the bar on the screen.
func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.pool = mpb.New(mpb.WithOutput(p.a.err), mpb.WithWidth(30))
	p.bar = p.pool.AddBar(0, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return text.Escape(p.state.Phase) + " "
		})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			p.mu.Lock()
			defer p.mu.Unlock()
			switch s := p.state; {
			case s.TotalFiles > 0:
				return fmt.Sprintf(" %d of %d files", s.Files, s.TotalFiles)
			case s.TotalBytes > 0:
				return fmt.Sprintf(" %s of %s", report.Bytes(s.Bytes), report.Bytes(s.TotalBytes))
			}
			return ""
		})))
	bar, state := p.bar, p.state
	go advance(bar, state) // the bar asks for the lock when it is drawn
}

// advance moves the bar. Its total is kept out of reach, so that it stays until done.
func advance(bar *mpb.Bar, s forensics.Progress) {
	bar.SetTotal(max(s.TotalBytes, 1)+1, false)
	bar.SetCurrent(s.Bytes)
}

// done takes the bar away.
func (p *progress) done() {
	p.mu.Lock()
	p.over = true
	if p.timer != nil {
		p.timer.Stop()
	}
	pool, bar := p.pool, p.bar
	p.pool = nil
	p.mu.Unlock()
	if pool == nil {
		return
	}
	bar.Abort(true)
	pool.Wait()
}
