package main

import (
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"icecore/forensics"
)

// progress shows on stderr how far an analysis is, if that is a terminal and the
// analysis takes longer than a second.
type progress struct {
	a     *app
	mu    sync.Mutex
	timer *time.Timer
	pool  *mpb.Progress
	bar   *mpb.Bar
	meter meter
	over  bool
}

func (a *app) newProgress() *progress { return &progress{a: a, meter: meter{now: time.Now}} }

// show takes note of how far the analysis is.
func (p *progress) show(s forensics.Progress) {
	if p.a.quiet || dumb() || !terminal(p.a.err) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meter.update(s)
	if p.timer == nil && !p.over {
		// A phase that reports nothing more for a while is shown, too.
		p.timer = time.AfterFunc(time.Second, p.begin)
	}
}

// begin puts the line on the screen. The library draws it again and again, and takes it
// away at the end.
func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	pool := mpb.New(mpb.WithOutput(p.a.err), mpb.WithAutoRefresh())
	bar, err := pool.Add(1, mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		width := s.AvailableWidth
		if width <= 0 { // a terminal that does not know its size
			width = 80
		}
		_, err := io.WriteString(w, p.meter.line(width))
		return err
	}), mpb.BarRemoveOnComplete())
	if err == nil { // else there is no line, which is no reason to end
		p.pool, p.bar = pool, bar
	}
}

// done takes the line away.
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
